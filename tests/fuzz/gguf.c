// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/context.h"
#include "engine/error.h"
#include "engine/gguf_check.h"
#include "engine/gguf_describe.h"
#include "engine/plan_describe.h"
#include "tests/fuzz/fuzz.h"
#include "tests/hostile/hostile.h"

// Something that is read, so that reading it is not optimized away.
static volatile unsigned sink;

static void refused(int error, const char *path) {
    FUZZ_EXPECT(error < 0 && error > -4096);
    FUZZ_EXPECT(hostile_says(engine_error(), path, ""));
}

static void read_values(const struct gguf *g) {
    char text[256], type[64];
    for (size_t i = 0; i < gguf_value_count(g); i++) {
        const struct gguf_value *v = gguf_value_at(g, i);
        gguf_describe_value(g, v, text, sizeof text);
        gguf_describe_type(v, type, sizeof type);
        FUZZ_EXPECT(memchr(text, '\0', sizeof text) && memchr(type, '\0', sizeof type));
        if (v->type != GGUF_ARRAY || v->count == 0) continue;
        const struct gguf_string last = gguf_array_string(g, v, v->count - 1);
        if (last.bytes) sink += (unsigned char)last.data[last.bytes - 1];
        sink += gguf_array_number(v, v->count - 1) > 0;
    }
}

static void read_tensors(const struct gguf *g) {
    char shape[96], format[16];
    for (size_t i = 0; i < gguf_tensor_count(g); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, i);
        gguf_describe_shape(t, shape, sizeof shape);
        FUZZ_EXPECT(gguf_describe_format(t, format) && gguf_tensor(g, t->name) == t);
        if (t->bytes) sink += ((const unsigned char *)t->data)[t->bytes - 1];
    }
}

static void read_tokenizer(const struct tokenizer *t) {
    static const char text[] = "aab <s> aaa<tool>x\xc3\xa9\xff cd\n";
    char *back, piece[16];
    int32_t *ids;
    size_t count, bytes;
    FUZZ_EXPECT(tokenizer_encode(t, text, sizeof text - 1, true, true, &ids, &count) == 0);
    for (size_t i = 0; i < count; i++) {
        FUZZ_EXPECT(ids[i] >= 0 && (size_t)ids[i] < tokenizer_vocabulary(t));
        FUZZ_EXPECT(tokenizer_piece(t, ids[i], piece, sizeof piece) >= 0);
    }
    FUZZ_EXPECT(tokenizer_decode(t, ids, count, &back, &bytes) == 0 && back[bytes] == '\0');
    FUZZ_EXPECT(tokenizer_piece(t, (int32_t)tokenizer_vocabulary(t), piece, 1) == -EINVAL);
    free(back);
    free(ids);
}

// Two tokens through the reference kernels, which the sanitizers see.
static void evaluate(const struct model *m, const char *path, enum format kv) {
    static struct team *team;
    static struct kernel_rules rules;
    static char message[128];
    struct context *c;
    if (!team) {
        FUZZ_EXPECT(team_open(&team, 1, NULL) == 0);
        FUZZ_EXPECT(kernel_rules_parse(&rules, "*=c", message, sizeof message) == 0);
    }
    const struct context_options o = {
        .team = team,
        .context_tokens = 8,
        .plan = {.max_tokens = 2, .kv = kv, .act = -1, .matmul_partition = -1, .rules = &rules}};
    const int error = context_open(&c, m, &o);
    if (error) {
        refused(error, path);
        return;
    }
    const struct plan *p = context_plan(c);
    for (size_t i = 0; i < p->step_count; i++) {
        struct plan_row row;
        plan_describe(p, i, &row);
        FUZZ_EXPECT(row.bytes_1 >= 0 && row.ops_1 >= 0);
    }
    const int32_t tokens[2] = {0, (int32_t)(m->h.vocabulary - 1)};
    float *logits = malloc((size_t)m->h.vocabulary * sizeof *logits);
    FUZZ_EXPECT(logits && context_eval(c, tokens, 2, OUTPUTS_last, logits) == 0);
    const int32_t best = context_argmax(logits, m->h.vocabulary);
    FUZZ_EXPECT(best >= 0 && best < m->h.vocabulary);
    free(logits);
    context_close(c);
}

void fuzz_gguf(const uint8_t *data, size_t bytes) {
    const char *path = fuzz_file(data, bytes);
    struct gguf *g;
    struct model *m;
    struct tokenizer *t;
    uint64_t values;
    int error = gguf_open(&g, path);
    if (error) {
        FUZZ_EXPECT(!g);
        refused(error, path);
        return;
    }
    read_values(g);
    read_tensors(g);
    error = gguf_check_weights(g, &values);
    if (error) refused(error, path);
    error = tokenizer_open(&t, g);
    if (error) refused(error, path);
    if (!error && t) read_tokenizer(t);
    tokenizer_close(t);
    gguf_close(g);
    error = model_open(&m, path);
    if (error)
        refused(error, path);
    else
        evaluate(m, path, bytes & 1 ? FORMAT_f32 : FORMAT_f16);
    model_close(m);
}

int fuzz_gguf_seeds(const char *directory) {
    static const struct {
        const char *name, *edits;
        enum format format;
    } seeds[] = {
        {"f32", "", FORMAT_f32},
        {"f16", "", FORMAT_f16},
        {"q8_0", "", FORMAT_q8_0},
        {"q4_0", "", FORMAT_q4_0},
        {"tied", "output.weight/", FORMAT_q4_0},
        {"no_vocabulary", "tokenizer.ggml.model=;output.weight/", FORMAT_q4_0},
        {"linear", "llama.rope.scaling.type=string:linear;llama.rope.scaling.factor=f32:2",
         FORMAT_q4_0},
        {"lengths", "llama.attention.key_length=u32:16;llama.attention.value_length=u64:16",
         FORMAT_q4_0},
        {"odd",
         "llama.attention.key_length=u32:6;llama.attention.value_length=u32:5;"
         "llama.rope.dimension_count=u32:4;blk.0.attn_q.weight/32x12;blk.0.attn_k.weight/32x6;"
         "blk.0.attn_v.weight/32x5;blk.0.attn_output.weight/10x32",
         FORMAT_f16},
        {"narrow",
         "llama.feed_forward_length=u32:1;blk.0.ffn_gate.weight/32x1;blk.0.ffn_up.weight/32x1;"
         "blk.0.ffn_down.weight/1x32;output.weight/",
         FORMAT_f16},
        {"types", "a=u8[3]:1;b=i8:-1;c=u16[2]:9;d=i16:-2;e=f64[2]:0.5;f=i64:-3;g=bool[2]:1",
         FORMAT_q4_0},
    };
    char good[4096], path[4096];
    snprintf(good, sizeof good, "%s/good.gguf", directory);
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        snprintf(path, sizeof path, "%s/%s.gguf", directory, seeds[i].name);
        if (hostile_write_good(good, seeds[i].format)) {
            fprintf(stderr, "%s\n", engine_error());
            return 1;
        }
        if (hostile_rewrite(path, good, seeds[i].edits)) return 1;
    }
    return remove(good) != 0;
}

void fuzz_gguf_dictionary(FILE *out) {
    static const char *const words[] = {
        "general.alignment",
        "llama.attention.key_length",
        "llama.attention.value_length",
        "llama.rope.scaling.type",
        "llama.rope.scaling.factor",
        "llama.rope.scale_linear",
        "linear",
        "none",
        "no_vocab",
        "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.unknown_token_id",
        "tokenizer.ggml.add_bos_token",
        "rope_freqs.weight",
        "llama.expert_count",
        "<0x00>",
        "llama.attention.sliding_window",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) fprintf(out, "\"%s\"\n", words[i]);
    for (unsigned i = 0; i < GGUF_TYPE_COUNT; i++)
        fprintf(out, "\"\\x%02x\\x00\\x00\\x00\"\n", i); // types of values and tensors
    fputs("\"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\"\n"
          "\"\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\"\n"
          "\"\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\"\n\"\\x1e\\x00\\x00\\x00\"\n",
          out);
}
