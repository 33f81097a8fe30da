// SPDX-License-Identifier: MIT
// Matmuls, tiles on panels and pairs, against sums in double.
#include "tests/check/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct layout { // bytes beyond the least, and where things lie
    ptrdiff_t w_gap, x_gap, y_gap;
    int w_place;
    unsigned takes;
    ptrdiff_t activation;
};

// Panel i8: groups of 16 rows of [cols/32] of { uint8 q[8][16][4]; float d[16] }.
static size_t panel_at(ptrdiff_t cols, ptrdiff_t row, ptrdiff_t col) {
    return (size_t)((row / 16 * (cols / 32) + col / 32) * 576 + col % 32 / 4 * 64 + row % 16 * 4 +
                    col % 4);
}

// Panel f32: groups of 16 rows of [cols] of float[16].
static size_t panel_f32_at(ptrdiff_t cols, ptrdiff_t row, ptrdiff_t col) {
    return (size_t)(row / 16 * cols * 64 + col * 64 + row % 16 * 4);
}

// Panel bf16: groups of 16 rows of [(cols+1)/2] of bf16[16][2].
static size_t panel_bf16_at(ptrdiff_t cols, ptrdiff_t row, ptrdiff_t col) {
    return (size_t)((row / 16 * ((cols + 1) / 2) + col / 2) * 64 + row % 16 * 4 + col % 2 * 2);
}

static bool is_panel(enum format f) {
    return f == FORMAT_i8 || f == FORMAT_panel_f32 || f == FORMAT_panel_bf16;
}

static void fill_panel_bf16(struct check *c, enum data data, unsigned char *panel, ptrdiff_t rows,
                            ptrdiff_t cols) {
    uint16_t *values = calloc((size_t)cols + 1, sizeof *values);
    if (!values) abort();
    for (ptrdiff_t row = 0; row < (rows + 15) / 16 * 16; row++) {
        memset(values, 0, (size_t)(cols + 1) * sizeof *values);
        if (row < rows) data_weights(c, data, FORMAT_bf16, values, cols);
        for (ptrdiff_t col = 0; col < (cols + 1) / 2 * 2; col++)
            memcpy(panel + panel_bf16_at(cols, row, col), &values[col], sizeof *values);
    }
    free(values);
}

static bool is_packed(enum format f) {
    return layout_plain(f) != f;
}

// Packed layouts: groups of 16 rows of [cols/32] of { uint8 q[n][16][4]; f16 d[16] }; q4_0x16: n =
// 4, column 4 * i + k low, 16 + 4 * i + k high; q8_0x16: n = 8, plus 128. Byte of a row's column.
static size_t packed_at(enum format f, ptrdiff_t cols, ptrdiff_t row, ptrdiff_t col) {
    ptrdiff_t bytes = f == FORMAT_q4_0x16 ? 288 : 544, i = col % 32;
    if (f == FORMAT_q4_0x16) i %= 16;
    return (size_t)((row / 16 * (cols / 32) + col / 32) * bytes + i / 4 * 64 + row % 16 * 4 +
                    i % 4);
}

static size_t packed_scale_at(enum format f, ptrdiff_t cols, ptrdiff_t row, ptrdiff_t col) {
    ptrdiff_t bytes = f == FORMAT_q4_0x16 ? 288 : 544;
    return (size_t)((row / 16 * (cols / 32) + col / 32) * bytes + bytes - 32 + row % 16 * 2);
}

// Rows that are missing from the last group hold something, which no result may show.
static void fill_packed(struct check *c, enum data data, unsigned char *packed, ptrdiff_t rows,
                        ptrdiff_t cols) {
    enum format f = op_info(c->kernel->op)->weights, plain = layout_plain(f);
    ptrdiff_t block_bytes = format_info(plain)->block_bytes;
    unsigned char *row = calloc(1, format_row_bytes(plain, cols));
    if (!row) abort();
    for (ptrdiff_t r = 0; r < (rows + 15) / 16 * 16; r++) {
        data_weights(c, data, plain, row, cols);
        for (ptrdiff_t col = 0; col < cols; col++) {
            const unsigned char *block = row + col / 32 * block_bytes;
            unsigned char *q = packed + packed_at(f, cols, r, col);
            if (f == FORMAT_q8_0x16) *q = (unsigned char)(block[2 + col % 32] + 128);
            if (f == FORMAT_q4_0x16) *q = block[2 + col % 16];
            memcpy(packed + packed_scale_at(f, cols, r, col), block, 2);
        }
    }
    free(row);
}

static double packed_value(enum format f, const unsigned char *packed, ptrdiff_t cols,
                           ptrdiff_t row, ptrdiff_t col) {
    uint16_t d;
    int q = packed[packed_at(f, cols, row, col)];
    memcpy(&d, packed + packed_scale_at(f, cols, row, col), sizeof d);
    if (f == FORMAT_q8_0x16) return data_f16(d) * (q - 128);
    return data_f16(d) * ((col % 32 < 16 ? q & 15 : q >> 4) - 8);
}

static void fill_panel_f32(struct check *c, enum data data, unsigned char *panel, ptrdiff_t rows,
                           ptrdiff_t cols) {
    float *values = calloc((size_t)cols, sizeof *values);
    if (!values) abort();
    for (ptrdiff_t row = 0; row < (rows + 15) / 16 * 16; row++) {
        if (row < rows)
            data_weights(c, data, FORMAT_f32, values, cols);
        else
            memset(values, 0, (size_t)cols * sizeof *values);
        for (ptrdiff_t col = 0; col < cols; col++)
            memcpy(panel + panel_f32_at(cols, row, col), &values[col], sizeof *values);
    }
    free(values);
}

static void fill_panel(struct check *c, enum data data, unsigned char *panel, ptrdiff_t rows,
                       ptrdiff_t cols) {
    for (ptrdiff_t row = 0; row < (rows + 15) / 16 * 16; row++)
        for (ptrdiff_t b = 0; b < cols / 32; b++) {
            struct {
                uint16_t d;
                int8_t q[32];
            } block = {0, {0}};
            if (row < rows) data_weights(c, data, FORMAT_q8_0, &block, 32);
            float d = (float)data_f16(block.d);
            memcpy(panel + (row / 16 * (cols / 32) + b) * 576 + 512 + row % 16 * 4, &d, 4);
            for (int k = 0; k < 32; k++)
                panel[panel_at(cols, row, 32 * b + k)] = (unsigned char)(block.q[k] + 128);
        }
}

static double panel_value(enum format f, const unsigned char *panel, ptrdiff_t cols, ptrdiff_t row,
                          ptrdiff_t col) {
    float d;
    if (f == FORMAT_panel_f32) {
        memcpy(&d, panel + panel_f32_at(cols, row, col), sizeof d);
        return (double)d;
    }
    if (f == FORMAT_panel_bf16)
        return data_value(FORMAT_bf16, panel + panel_bf16_at(cols, row, col), 0);
    memcpy(&d, panel + (row / 16 * (cols / 32) + col / 32) * 576 + 512 + row % 16 * 4, 4);
    return (double)d * (panel[panel_at(cols, row, col)] - 128);
}

static void *new_weights(struct check *c, const char *name, enum data data, ptrdiff_t rows,
                         ptrdiff_t cols, ptrdiff_t stride, int place) {
    enum format f = op_info(c->kernel->op)->weights;
    if (is_panel(f)) {
        void *panel = check_input(c, name, panel_bytes(f, rows, cols), 64, AT_GUARD);
        (f == FORMAT_i8           ? fill_panel
         : f == FORMAT_panel_bf16 ? fill_panel_bf16
                                  : fill_panel_f32)(c, data, panel, rows, cols);
        return panel;
    }
    if (is_packed(f)) {
        void *packed = check_input(c, name, panel_bytes(f, rows, cols), 2, place);
        fill_packed(c, data, packed, rows, cols);
        return packed;
    }
    size_t bytes = (size_t)((rows - 1) * stride) + format_row_bytes(f, cols);
    char *w = check_input(c, name, bytes, (size_t)data_element_bytes(f), place);
    for (ptrdiff_t r = 0; r < rows; r++) data_weights(c, data, f, w + r * stride, cols);
    return w;
}

static double *decoded(struct check *c, const void *w, ptrdiff_t rows, ptrdiff_t cols,
                       ptrdiff_t stride) {
    enum format f = op_info(c->kernel->op)->weights;
    double *values = malloc((size_t)(rows * cols) * sizeof *values);
    if (!values) abort();
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t i = 0; i < cols; i++)
            values[r * cols + i] = is_panel(f)    ? panel_value(f, w, cols, r, i)
                                   : is_packed(f) ? packed_value(f, w, cols, r, i)
                                                  : data_value(f, (const char *)w + r * stride, i);
    return values;
}

struct sum {
    double value, tolerance;
};

// What the instruction of bf16 dots may lose besides rounding: a term with a subnormal factor, and
// every sum (of up to 64 lanes at the end) below the normal range.
#define LEAST_NORMAL 0x1p-126
static double flushed(const double *w, const double *x, ptrdiff_t cols) {
    double loss = (double)(cols + 64) * LEAST_NORMAL;
    for (ptrdiff_t i = 0; i < cols; i++)
        if (fabs(w[i]) < LEAST_NORMAL || fabs(x[i]) < LEAST_NORMAL) loss += fabs(w[i] * x[i]);
    return loss;
}

static struct sum dot(const struct op_info *op, const double *w, const double *x, ptrdiff_t cols,
                      double bias, double tolerance) {
    double value = bias, magnitude = fabs(bias);
    for (ptrdiff_t i = 0; i < cols; i++) {
        value += w[i] * x[i];
        magnitude += fabs(w[i] * x[i]);
    }
    double loss = (double)cols * UNDERFLOW_LOSS;
    if (op->activations == FORMAT_bf16) loss = flushed(w, x, cols);
    return (struct sum){value, tolerance * UNIT * magnitude + loss};
}

// The slopes of silu and gelu are at most 1.13; 16 units for an exp within 4 ulp, a division and a
// product. gelu: its argument of exp is a cubic, whose rounding counts where exp is steep.
static struct sum activated(struct sum s, ptrdiff_t activation) {
    double x = s.value, power = -x;
    if (activation == ACTIVATION_none) return s;
    if (activation == ACTIVATION_gelu) power = -2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
    double y = x / (1 + exp(power)), units = 16;
    if (activation == ACTIVATION_gelu) units += 4 * fabs(power);
    return (struct sum){y, 1.13 * s.tolerance + units * UNIT * fabs(y) + UNDERFLOW_LOSS};
}

static struct sum times(struct sum gate, struct sum up) {
    return (struct sum){gate.value * up.value,
                        gate.tolerance * fabs(up.value) + fabs(gate.value) * up.tolerance +
                            gate.tolerance * up.tolerance + UNIT * fabs(gate.value * up.value) +
                            UNDERFLOW_LOSS};
}

static void one(struct check *c, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t tokens, enum data data,
                struct layout l) {
    const struct op_info *op = op_info(c->kernel->op);
    static const char *const activations[] = {"", ", silu", ", gelu"};
    if (!check_case(c, "%tdx%tdx%td, data %s, gaps w %td x %td y %td, w %d past 64%s%s%s", rows,
                    cols, tokens, data_names[data], l.w_gap, l.x_gap, l.y_gap, l.w_place,
                    l.takes & TAKES_BIAS ? ", bias" : "", activations[l.activation],
                    l.takes & TAKES_W2 ? ", w2" : ""))
        return;
    ptrdiff_t w_stride = (ptrdiff_t)format_row_bytes(op->weights, cols) + l.w_gap;
    ptrdiff_t x_stride = (ptrdiff_t)format_row_bytes(op->activations, cols) + l.x_gap;
    ptrdiff_t y_stride = rows * 4 + l.y_gap;
    struct matmul_args a = {.w_stride = w_stride,
                            .x_stride = x_stride,
                            .y_stride = y_stride,
                            .rows = rows,
                            .cols = cols,
                            .tokens = tokens,
                            .activation = l.activation};
    a.w = new_weights(c, "w", data, rows, cols, w_stride, l.w_place);
    if (l.takes & TAKES_W2) a.w2 = new_weights(c, "w2", data, rows, cols, w_stride, l.w_place);
    size_t x_bytes = (size_t)((tokens - 1) * x_stride) + format_row_bytes(op->activations, cols);
    char *x = check_input(c, "x", x_bytes, 64, AT_GUARD);
    for (ptrdiff_t t = 0; t < tokens; t++)
        data_activations(c, data, op->activations, x + t * x_stride, cols);
    a.x = x;
    float *bias = NULL;
    if (l.takes & TAKES_BIAS) {
        a.bias = bias = check_input(c, "bias", (size_t)rows * 4, 4, AT_GUARD);
        data_floats(c, DATA_RANDOM, bias, rows);
    }
    char *y = check_output(c, "y", (size_t)((tokens - 1) * y_stride + rows * 4), 4);
    for (ptrdiff_t t = 0; t < tokens; t++) check_writes(c, y + t * y_stride, (size_t)rows * 4);
    a.y = (float *)y;
    struct shape shape = {.rows = rows, .cols = cols, .tokens = tokens};
    a.scratch = check_scratch(c, c->kernel->scratch_bytes(&shape));
    if (!check_run(c, &a)) return;

    double tolerance = op->tolerance(&shape) + (bias ? 1 : 0);
    double *w = decoded(c, a.w, rows, cols, w_stride);
    double *w2 = a.w2 ? decoded(c, a.w2, rows, cols, w_stride) : NULL;
    double *token = malloc((size_t)cols * sizeof *token);
    if (!token) abort();
    for (ptrdiff_t t = 0; t < tokens && !c->failed; t++) {
        for (ptrdiff_t i = 0; i < cols; i++)
            token[i] = data_activation(op->activations, x + t * x_stride, cols, i);
        for (ptrdiff_t r = 0; r < rows && !c->failed; r++) {
            struct sum s =
                dot(op, w + r * cols, token, cols, bias ? (double)bias[r] : 0, tolerance);
            s = activated(s, l.activation);
            if (w2) s = times(s, dot(op, w2 + r * cols, token, cols, 0, tolerance));
            float got = ((const float *)(y + t * y_stride))[r];
            check_near(c, (double)got, s.value, s.tolerance, "y[token %td][row %td]", t, r);
        }
    }
    free(token);
    free(w2);
    free(w);
}

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) {
    return a > b ? a : b;
}

void check_matmul(struct check *c) {
    const struct kernel *k = c->kernel;
    const struct op_info *op = op_info(k->op);
    bool tile = is_panel(op->weights), packed = is_packed(op->weights);
    ptrdiff_t multiple =
        op->activations == FORMAT_a8_32 || format_info(op->weights)->block_elems > 1 ? 32 : 1;
    ptrdiff_t element = data_element_bytes(op->weights);
    ptrdiff_t x_unit = op->activations == FORMAT_f32 ? 4 : op->activations == FORMAT_bf16 ? 2 : 64;
    // Variants may go over several streams of rows whatever their granule is: a few dozen rows.
    ptrdiff_t row_block = k->row_block,
              most_rows = tile ? row_block : larger(2 * row_block + 1, 37);
    ptrdiff_t some_rows = tile ? row_block : larger(row_block + 1, 11);
    ptrdiff_t t_min = k->tokens_min, t_max = smaller(k->tokens_max, t_min + 2 * k->token_block + 2);
    const struct layout plain = {0, 0, 0, AT_GUARD, 0, 0};
    int data = 0;
#define NEXT_DATA ((enum data)(data++ % DATA_COUNT))

    for (ptrdiff_t rows = 1; rows <= most_rows; rows++) {
        one(c, rows, 3 * multiple, t_min, NEXT_DATA, plain);
        one(c, rows, 5 * 32, t_max, NEXT_DATA, plain);
    }
    for (ptrdiff_t t = t_min; t <= t_max; t++) {
        one(c, some_rows, 96, t, NEXT_DATA, plain);
        one(c, 1, 32, t, NEXT_DATA, plain);
    }
    if (k->tokens_max > t_max)
        one(c, some_rows, 160, smaller(k->tokens_max, t_max + 67), DATA_RANDOM, plain);
    for (ptrdiff_t cols = multiple; cols <= (multiple == 1 ? 67 : 17 * 32); cols += multiple) {
        one(c, some_rows, cols, t_min, NEXT_DATA, plain);
        one(c, smaller(row_block, 4), cols, t_max, NEXT_DATA, plain);
    }
    one(c, smaller(3, most_rows), 2048 + 32, t_min, DATA_RANDOM, plain);
    one(c, smaller(3, most_rows), 2048 + 32, t_max, DATA_EXTREME, plain);
    // Chunks of columns, of every row and token of a block and one more.
    one(c, some_rows, 1024 + 5 * multiple, t_min, DATA_PERIOD, plain);
    one(c, some_rows, 1024 + 5 * multiple, t_max, DATA_RANDOM, plain);
    if (!tile) // every place that the element's alignment allows
        for (int place = 0; place < 64; place += (int)element)
            for (int wide = 0; wide < 2; wide++) {
                struct layout l = {wide && !packed ? element * (place % 5) : 0, 0, 0, place, 0, 0};
                one(c, some_rows, 3 * 32, t_min, NEXT_DATA, l);
                one(c, some_rows, 3 * 32, t_max, NEXT_DATA, l);
            }
    for (int n = 0; n < 80; n++) { // anything
        c->random = c->seed + (uint64_t)n * 0x51ed27;
        ptrdiff_t rows = check_between(c, 1, most_rows), tokens = check_between(c, t_min, t_max);
        ptrdiff_t cols = check_between(c, 1, multiple == 1 ? 300 : 12) * multiple;
        struct layout l = {tile || packed ? 0 : element * check_between(c, 0, 40),
                           x_unit * check_between(c, 0, 3),
                           4 * check_between(c, 0, 9),
                           check_random(c) & 1 ? AT_GUARD
                                               : (int)(element * check_between(c, 0, 63 / element)),
                           (unsigned)check_random(c) & k->takes,
                           check_between(c, 0, 2)};
        if (!(l.takes & TAKES_ACTIVATION)) l.activation = ACTIVATION_none;
        // Moderate numbers where there is an exp or a product of sums: nothing must overflow.
        bool moderate = l.activation || (l.takes & TAKES_W2);
        one(c, rows, cols, tokens, moderate ? DATA_PERIOD : NEXT_DATA, l);
    }
}
