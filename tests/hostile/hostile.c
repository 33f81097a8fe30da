// SPDX-License-Identifier: MIT
#include "tests/hostile/hostile.h"

#include <ctype.h>
#include <string.h>

#include "engine/gguf_write.h"

#define WIDTH 32
#define HEADS 2
#define KV_HEADS 1
#define DIM 16
#define FF_WIDTH 32

static const struct {
    const char *spelling;
    float score;
    int32_t type;
} tokens[] = {
    {"<unk>", 0, 2},
    {"<s>", 0, 3},
    {"</s>", 0, 3},
    {"a", -10, 1},
    {"b", -11, 1},
    {"aa", -1, 1},
    {"ab", -1, 1},
    {"<tool>", 0, 4},
    {"\xe2\x96\x81", -9, 1},
    {"<0x63>", 0, 6},
    {"<0x64>", 0, 6},
    {"aaa", -3, 1},
    {"\xe2\x96\x81"
     "a",
     -2, 1},
    {"b!", -3, 5},
};
#define VOCABULARY (sizeof tokens / sizeof *tokens)

static const struct {
    const char *name;
    uint64_t cols, rows; // rows 0: a vector, always f32
} tensors[] = {
    {"token_embd.weight", WIDTH, VOCABULARY},
    {"blk.0.attn_norm.weight", WIDTH, 0},
    {"blk.0.attn_q.weight", WIDTH, HEADS *DIM},
    {"blk.0.attn_k.weight", WIDTH, KV_HEADS *DIM},
    {"blk.0.attn_v.weight", WIDTH, KV_HEADS *DIM},
    {"blk.0.attn_output.weight", HEADS *DIM, WIDTH},
    {"blk.0.ffn_norm.weight", WIDTH, 0},
    {"blk.0.ffn_gate.weight", WIDTH, FF_WIDTH},
    {"blk.0.ffn_up.weight", WIDTH, FF_WIDTH},
    {"blk.0.ffn_down.weight", FF_WIDTH, WIDTH},
    {"output_norm.weight", WIDTH, 0},
    {"output.weight", WIDTH, VOCABULARY},
};
#define TENSORS (sizeof tensors / sizeof *tensors)

static void write_metadata(struct gguf_writer *w) {
    struct gguf_string spellings[VOCABULARY];
    float scores[VOCABULARY];
    int32_t types[VOCABULARY];
    for (size_t i = 0; i < VOCABULARY; i++) {
        spellings[i] = (struct gguf_string){tokens[i].spelling, strlen(tokens[i].spelling)};
        scores[i] = tokens[i].score;
        types[i] = tokens[i].type;
    }
    gguf_write_text(w, "general.architecture", "llama");
    gguf_write_u32(w, "llama.block_count", 1);
    gguf_write_u32(w, "llama.context_length", 64);
    gguf_write_u32(w, "llama.embedding_length", WIDTH);
    gguf_write_u32(w, "llama.feed_forward_length", FF_WIDTH);
    gguf_write_u32(w, "llama.attention.head_count", HEADS);
    gguf_write_u32(w, "llama.attention.head_count_kv", KV_HEADS);
    gguf_write_u32(w, "llama.rope.dimension_count", DIM);
    gguf_write_f32(w, "llama.rope.freq_base", 10000);
    gguf_write_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    gguf_write_u32(w, "llama.vocab_size", VOCABULARY);
    gguf_write_text(w, "tokenizer.ggml.model", "llama");
    gguf_write_strings(w, "tokenizer.ggml.tokens", spellings, VOCABULARY);
    gguf_write_array(w, "tokenizer.ggml.scores", GGUF_F32, scores, VOCABULARY);
    gguf_write_array(w, "tokenizer.ggml.token_type", GGUF_I32, types, VOCABULARY);
    gguf_write_u32(w, "tokenizer.ggml.bos_token_id", 1);
    gguf_write_u32(w, "tokenizer.ggml.eos_token_id", 2);
    gguf_write_bool(w, "tokenizer.ggml.add_space_prefix", true);
}

// Small finite numbers whatever the format: bytes of floats in [0.5, 1) / 16, or blocks whose scale
// is 2^-6.
static void fill(unsigned char *data, enum format format, uint64_t bytes) {
    const size_t stride = (size_t)format_info(format)->block_bytes;
    const uint16_t f16_scale = 0x2400;
    for (uint64_t i = 0; i < bytes; i++) data[i] = (unsigned char)(i * 37 + (i >> 8) * 11);
    for (uint64_t at = 0; at < bytes; at += stride) {
        if (format == FORMAT_f32)
            data[at + 3] = at & 4 ? 0xbd : 0x3d;
        else if (format == FORMAT_f16)
            data[at + 1] = at & 2 ? 0xa8 : 0x28;
        else
            memcpy(data + at, &f16_scale, sizeof f16_scale);
    }
}

int hostile_write_good(const char *path, enum format format) {
    static unsigned char data[WIDTH * (VOCABULARY > WIDTH ? VOCABULARY : WIDTH) * sizeof(float)];
    uint64_t bytes[TENSORS];
    struct gguf_writer *w;
    int rc = gguf_write_open(&w, path, 32);
    if (rc) return rc;
    write_metadata(w);
    for (size_t i = 0; i < TENSORS; i++) {
        const uint64_t rows = tensors[i].rows ? tensors[i].rows : 1;
        const uint64_t dims[2] = {tensors[i].cols, rows};
        const enum format f = tensors[i].rows ? format : FORMAT_f32;
        bytes[i] = rows * format_row_bytes(f, (ptrdiff_t)tensors[i].cols);
        gguf_write_tensor(w, tensors[i].name, (uint32_t)format_info(f)->gguf_type,
                          tensors[i].rows ? 2 : 1, dims, bytes[i]);
    }
    rc = gguf_write_head(w);
    for (size_t i = 0; i < TENSORS && !rc; i++) {
        fill(data, tensors[i].rows ? format : FORMAT_f32, bytes[i]);
        rc = gguf_write_data(w, i, 0, data, bytes[i]);
    }
    return gguf_write_close(w, rc == 0);
}

static bool says_here(const char *at, const char *wanted) {
    for (; *wanted; wanted++) {
        if (*wanted == '*') {
            if (!isdigit((unsigned char)*at)) return false;
            while (isdigit((unsigned char)*at)) at++;
        } else if (*at++ != *wanted) {
            return false;
        }
    }
    return true;
}

bool hostile_says(const char *message, const char *path, const char *wanted) {
    if (strncmp(message, path, strlen(path)) != 0 || strchr(message, '\n')) return false;
    for (; *message; message++)
        if (says_here(message, wanted)) return true;
    return false;
}
