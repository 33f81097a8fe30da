// SPDX-License-Identifier: MIT
// Models with activations in bf16, against the same models with float32 ones.
//   check_activations --list     the cases
//   check_activations CASE       exit 0 right, 1 wrong
// The model is a committed one whose matrices were converted to bf16, all of them or all but some.
#include "tests/engine/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/gguf_write.h"
#include "kernels/block_formats.h"

#define MODEL "tests/data/kjv/q8_0.gguf"

// bf16 keeps 8 bits: each activation is off by up to 2^-9 of itself, in six matmuls a layer. What
// was measured is 5e-3 of the largest logit, and 1.2e-2 with a8_32 in the matmuls that stay q8_0.
static const double most_apart = 0.02, least_apart = 1e-5;

// name, what stays q8_0 (of the tensors' names), activations that the plan has to make
static const struct {
    const char *name, *stays;
    bool bf16, a8_32;
} cases[] = {
    {"bf16", "", true, false},
    {"bf16_beside_q8_0", "attn_v ffn_up", true, true},
};

static bool stays(const char *list, const char *name) {
    char part[64];
    for (; *list; list += strcspn(list, " "), list += *list == ' ') {
        snprintf(part, sizeof part, ".%.*s.", (int)strcspn(list, " "), list);
        if (strstr(name, part)) return true;
    }
    return false;
}

static uint16_t *converted(const struct gguf_tensor *t) {
    ptrdiff_t cols = (ptrdiff_t)t->dims[0], rows = (ptrdiff_t)t->dims[1];
    uint16_t *values = malloc((size_t)(rows * cols) * sizeof *values);
    float *row = golden_floats(cols);
    if (!values) golden_die(1, "no memory");
    for (ptrdiff_t r = 0; r < rows; r++) {
        const char *w = (const char *)t->data + r * (ptrdiff_t)format_row_bytes(FORMAT_q8_0, cols);
        q8_0_columns(w, 0, cols, row);
        for (ptrdiff_t c = 0; c < cols; c++) values[r * cols + c] = f32_to_bf16(row[c]);
    }
    free(row);
    return values;
}

static void write_model(const char *path, const char *kept) {
    struct gguf *from;
    struct gguf_writer *to;
    char *source = golden_path(MODEL);
    golden_ok(gguf_open(&from, source), "gguf_open");
    golden_ok(gguf_write_open(&to, path, 32), "gguf_write_open");
    for (size_t i = 0; i < gguf_value_count(from); i++)
        gguf_write_copy(to, from, gguf_value_at(from, i));
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < gguf_tensor_count(from); i++) {
            const struct gguf_tensor *t = gguf_tensor_at(from, i);
            bool convert = t->format == FORMAT_q8_0 && !stays(kept, t->name);
            uint64_t bytes = convert ? t->dims[0] * t->dims[1] * sizeof(uint16_t) : t->bytes;
            if (pass == 0) {
                uint32_t type =
                    convert ? (uint32_t)format_info(FORMAT_bf16)->gguf_type : t->gguf_type;
                gguf_write_tensor(to, t->name, type, t->dim_count, t->dims, bytes);
                continue;
            }
            uint16_t *values = convert ? converted(t) : NULL;
            golden_ok(gguf_write_data(to, i, 0, values ? values : t->data, bytes), t->name);
            free(values);
        }
        if (pass == 0) golden_ok(gguf_write_head(to), "gguf_write_head");
    }
    golden_ok(gguf_write_close(to, true), "gguf_write_close");
    gguf_close(from);
    free(source);
}

static bool makes(const struct context *c, enum op op) {
    const struct plan *p = context_plan(c);
    for (size_t i = 0; i < p->step_count; i++)
        if (p->steps[i].op == op) return true;
    return false;
}

// Many tokens, then one, so that both kinds of kernels run.
static float *logits_of(struct context *c, ptrdiff_t vocabulary, ptrdiff_t tokens) {
    int32_t ids[64];
    float *logits = golden_floats((tokens + 1) * vocabulary);
    for (ptrdiff_t i = 0; i <= tokens; i++) ids[i] = (int32_t)((i * 37 + 11) % vocabulary);
    golden_ok(context_eval(c, ids, tokens, OUTPUTS_all, logits), "context_eval");
    golden_ok(context_eval(c, ids + tokens, 1, OUTPUTS_all, logits + tokens * vocabulary),
              "context_eval");
    return logits;
}

static int check(size_t i) {
    char path[] = "/tmp/inferometer_activations_XXXXXX";
    int file = mkstemp(path);
    if (file < 0) golden_die(1, "%s: cannot make it", path);
    close(file);
    char spec[sizeof path + 8];
    snprintf(spec, sizeof spec, "%s.gguf", path);
    write_model(spec, cases[i].stays);
    unlink(path);
    struct golden g;
    struct golden_options o = {
        .act = FORMAT_f32, .partition = -1, .kv = FORMAT_f32, .context_tokens = 256};
    golden_ok(team_open(&g.team, 2, NULL), "team_open");
    golden_ok(model_open(&g.model, spec), "model_open");
    unlink(spec);
    g.context = golden_context(&g, &o);
    o.act = FORMAT_bf16;
    struct context *rounded = golden_context(&g, &o);
    int failed = 0;
    if (makes(rounded, OP_quantize_bf16) != cases[i].bf16 ||
        makes(rounded, OP_quantize_a8_32) != cases[i].a8_32 || makes(g.context, OP_quantize_bf16)) {
        puts("FAILED the plan does not make the activations that it should");
        failed = 1;
    }
    ptrdiff_t vocabulary = g.model->h.vocabulary;
    for (ptrdiff_t tokens = 1; tokens <= 63 && !failed; tokens = tokens * 4 + 3) {
        context_rewind(g.context, 0);
        context_rewind(rounded, 0);
        float *want = logits_of(g.context, vocabulary, tokens);
        float *got = logits_of(rounded, vocabulary, tokens);
        double apart = golden_distance(got, want, (tokens + 1) * vocabulary);
        failed = !(apart >= least_apart && apart <= most_apart);
        printf("%s %td tokens and one: logits %.3g apart, allowed %g to %g\n",
               failed ? "FAILED" : "ok", tokens, apart, least_apart, most_apart);
        free(want);
        free(got);
    }
    context_close(rounded);
    golden_close(&g);
    return failed;
}

int main(int argc, char **argv) {
    bool list = argc == 2 && !strcmp(argv[1], "--list");
    for (size_t i = 0; i < sizeof cases / sizeof *cases && argc == 2; i++) {
        if (list) puts(cases[i].name);
        if (strcmp(argv[1], cases[i].name) != 0) continue;
        int failed = check(i);
        if (failed) printf("again: %s %s\n", argv[0], argv[1]);
        return failed;
    }
    if (list) return 0;
    fputs("usage: check_activations --list | CASE\n", stderr);
    return 2;
}
