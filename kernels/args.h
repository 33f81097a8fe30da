// SPDX-License-Identifier: MIT
// The argument structs: one signature for every kernel, `void k(const struct <class>_args *a)`.
//
// Rules: fields are only ever appended; every field is 8 bytes wide (pointer, ptrdiff_t or double),
// so that offsets are the same on both architectures; strides are in bytes. kernels/args_fields.def
// lists the fields for the assembler; a C check asserts the offsets.
// Kernels cannot fail and allocate nothing. Pointers need only the alignment of their element type
// unless said otherwise; kernels read and write nothing outside the arrays described here.
#pragma once
#include <stddef.h>
#include <stdint.h>

// y[t][r] = activation(sum over c of w[r][c] * x[t][c] + bias[r]); with w2 that times the sum with
// w2 (gate+up). gelu is the one by tanh: x / (1 + exp(-2 * sqrt(2/pi) * (x + 0.044715 * x^3))).
// What a variant honours of bias, activation and w2 stands in its row (takes). Packed layouts: w
// points at a group of layout_rows, w_stride is the bytes of a plain row and not needed. Also the
// tiles matmul_panel_*: there w is a panel (see panel_args), rows <= the variant's row_block and
// w_stride is ignored.
enum activation { ACTIVATION_none, ACTIVATION_silu, ACTIVATION_gelu };

struct matmul_args {
    float *y;           // [tokens][rows], written
    ptrdiff_t y_stride; // bytes between tokens
    const void *w;      // [rows][cols] in the op's weight format
    const void *w2;     // second matrix (gate+up), or NULL; only variants that take it
    ptrdiff_t w_stride; // bytes between rows
    const float *bias;  // [rows] or NULL; only variants that take it
    const void *x;      // [tokens][cols] in the op's activation format; 64-byte aligned
    ptrdiff_t x_stride; // bytes between tokens, a multiple of 64 for a8_32
    ptrdiff_t rows, cols, tokens;
    void *scratch;        // the variant's scratch_bytes, 64-byte aligned, one for each thread
    ptrdiff_t activation; // enum activation
};

// Packs a row block into a panel. Panel i8: rows in groups of 16 (missing rows: q = 0, d = 0); a
// group is [cols/32] of { uint8 q[8][16][4] (q + 128, so that the dot instruction's unsigned
// operand is the weight); float d[16] } = 576 bytes, 64-byte aligned; group g starts at g *
// (cols/32) * 576.
// Panel f32 (the format panel_f32: f32 names rows as GGUF stores them, so matmul_f32_f32 takes rows
// and matmul_panel_f32_f32 the panel; packers panel_<weights>_f32 write it): the same groups of 16
// rows (missing rows: 0); a group is [cols] of float[16], 64-byte aligned; group g starts at
// g * cols * 64. Packing changes no value; an f16 NaN becomes quiet.
// Panel bf16 (the format panel_bf16, for bf16 activations): the same groups; a group is
// [(cols+1)/2] of bf16[16][2], 64-byte aligned: two columns of each row; of an odd number of
// columns the second of the last pair is 0; group g starts at g * (cols+1)/2 * 64.
struct panel_args {
    void *panel;
    const void *w;
    ptrdiff_t w_stride;
    ptrdiff_t rows, cols;
};

// One contiguous run of the KV cache for many query tokens and heads; updates a running state.
// Query token t (position q_pos0 + t) sees key j of the run (position run_pos0 + j) when
// max(0, p-window+1) <= position of j <= p; window 0 = unlimited. Score s = scale * q.k, then,
// where softcap > 0, softcap * tanh(s/softcap). The state (m, l, acc) starts at m = -inf, l = 0,
// acc = 0: m = running maximum, l = sum of exp(s - m), acc = sum of exp(s - m) * v. A run of which
// a query sees nothing leaves its state as it is. Query head h = kv_head * group + g.
// The pieces of it, unfused, take the same arguments (softmax is a row-wise op):
//   attention_scores_<k>: scores[t][h][j] = s, -inf where t does not see j; writes nothing else.
//   attention_weigh_<v>: acc[t][h][d] = sum of scores[t][h][j] * v[j][d] over the keys that t sees
//   (0 without any; scores of others are not read); m, l, q and k are not used.
struct attention_args {
    const float *q;
    ptrdiff_t q_token_stride, q_head_stride;
    const void *k;
    ptrdiff_t k_row_stride, k_head_stride;
    const void *v;
    ptrdiff_t v_row_stride, v_head_stride;
    ptrdiff_t run_length, run_pos0;
    ptrdiff_t tokens, q_pos0, window;
    ptrdiff_t kv_heads, group, dim_k, dim_v;
    double scale, softcap;
    float *m, *l;                 // [tokens][kv_heads * group]
    ptrdiff_t state_token_stride; // bytes between tokens of m and of l
    float *acc;                   // [tokens][kv_heads * group][dim_v]
    ptrdiff_t acc_token_stride, acc_head_stride;
    void *scratch;
    float *scores; // of the pieces: [tokens][kv_heads * group][run_length]
    ptrdiff_t scores_token_stride, scores_head_stride;
};

// Joins or finishes attention states. merge: (m, l, acc) joins (m2, l2, acc2) into the first (same
// strides). finish: y[t][h][d] = acc[t][h][d] / l[t][h] (0 where l is 0); y may be acc.
struct state_args {
    float *m, *l;
    ptrdiff_t state_token_stride;
    float *acc;
    ptrdiff_t acc_token_stride, acc_head_stride;
    const float *m2, *l2, *acc2;
    float *y;
    ptrdiff_t y_token_stride, y_head_stride;
    ptrdiff_t tokens, heads, dim_v;
};

// Row-wise ops over [tokens][cols]. y may be x (not for quantizers and argmax), normed too.
//   rmsnorm: y = x / sqrt(mean(x^2) + eps) * gain
//   layernorm: y = (x - mean) / sqrt(variance + eps) * gain + bias
//   silu_mul: y = x / (1 + exp(-x)) * b
//   gelu: y = x / 2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) (* b where it is not NULL)
//   gelu_erf: y = x / 2 * (1 + erf(x / sqrt(2))) (* b where it is not NULL)
//   softmax: y = exp(x - largest) / sum of that; one x of a row is finite, others may be -inf
//   add: y = x + b
//   quantize_a8_32: y = planes of x
//   quantize_bf16: y = x as bf16, rounded to nearest even: [cols] uint16
//   rmsnorm_quantize_a8_32: y = planes of what rmsnorm gives; where normed is not NULL that too
//   argmax: ((int32_t *)y)[t] = lowest index of the largest x
struct row_args {
    void *y;
    ptrdiff_t y_stride;
    const float *x;
    ptrdiff_t x_stride;
    const float *b; // second operand, or NULL
    ptrdiff_t b_stride;
    const float *gain; // [cols], or NULL
    ptrdiff_t cols, tokens;
    double eps;
    const float *bias; // layernorm: [cols], or NULL
    float *normed;     // rmsnorm_quantize_a8_32: [tokens][cols] float, or NULL
    ptrdiff_t normed_stride;
};

// cs[t][i] = (cos, sin) of positions[t] * scale * base^(-i/pairs) / factors[i], for pairs i.
struct rope_angles_args {
    float *cs; // [tokens][pairs][2]
    ptrdiff_t cs_stride;
    const int32_t *positions; // [tokens]
    const float *factors;     // [pairs] or NULL
    ptrdiff_t pairs, tokens;
    double base, scale;
};

// Rotates pairs of x[token][head][0..2*pairs) in place; what lies behind is untouched.
// rope_adjacent pairs (2i, 2i+1); rope_halves pairs (i, i+pairs).
struct rope_args {
    float *x;
    ptrdiff_t x_token_stride, x_head_stride;
    const float *cs; // [tokens][pairs][2]
    ptrdiff_t cs_stride;
    ptrdiff_t heads, pairs, tokens;
};

// y[t] = row ids[t] of w, as float.
struct embed_args {
    float *y;
    ptrdiff_t y_stride;
    const void *w;
    ptrdiff_t w_stride;
    const int32_t *ids;
    ptrdiff_t cols, tokens;
};

// y[head][t][d] = x[t][head][d] in the op's format (round to nearest even; q8_0: see ops.def). Rows
// of y are whole blocks.
struct kv_store_args {
    void *y;
    ptrdiff_t y_row_stride, y_head_stride;
    const float *x;
    ptrdiff_t x_token_stride, x_head_stride;
    ptrdiff_t heads, dim, tokens;
};

// Yardsticks. bytes is a multiple of 1024, buffer 64-byte aligned; sink: 64 bytes, 64-byte aligned,
// written so that nothing is dead (count_mispredictions also reads it).
//   read_stream, write_stream, copy_stream, triad  go through the buffer `iterations` times; the
//   last
//     three write it: all of it; its second half from its first; its first third from the others
//   pointer_chase  buffer is where it begins (kernels/chase.h); an iteration is 64 dependent loads
//   fma_peak, int8dot_peak, bf16dot_peak  an iteration is 1920, 7680, 3840 multiply-adds
//   add_chain  64 dependent 1-cycle integer additions an iteration
//   count_*, planted  kernels/exact_counts.h
struct yardstick_args {
    const void *buffer;
    ptrdiff_t bytes, iterations;
    void *sink;
};
