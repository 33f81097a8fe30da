// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "experiments/protocol.h"
#include "tests/fuzz/fuzz.h"
#include "tests/hostile/hostile.h"

#define OVERRIDES_MAX 4

static volatile size_t sink;

static void read_text(const char *text) {
    if (text) sink += strlen(text);
}

// Everything that a driver reads.
static void read_case(const struct protocol_case *c) {
    read_text(c->name);
    read_text(c->primary);
    FUZZ_EXPECT(c->point_count > 0 && c->arm_count > 0);
    FUZZ_EXPECT(c->ci > 0 && c->ci < 1 && c->min_effect >= 0);
    for (size_t i = 0; i < c->sweep_count; i++) read_text(c->sweep_names[i]);
    for (size_t i = 0; i < c->point_count; i++) {
        const struct settings *s = &c->points[i].settings;
        const char *texts[] = {c->points[i].id, s->op, s->shape, s->model,
                               s->prompt,       s->kv, s->fill,  s->source};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) read_text(texts[k]);
        for (size_t k = 0; k < c->sweep_count; k++) read_text(c->points[i].values[k]);
        FUZZ_EXPECT(s->tokens >= 0 && s->depth >= 0 && s->gen >= 0 && s->threads >= 0);
    }
    for (size_t i = 0; i < c->arm_count; i++) {
        const struct arm *a = &c->arms[i];
        FUZZ_EXPECT(memchr(a->name, '\0', sizeof a->name));
        const char *texts[] = {a->kernel_rules, a->act, a->kv, a->partition, a->observer};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) read_text(texts[k]);
    }
    for (size_t i = 0; i < c->pass_count; i++)
        for (char **e = c->passes[i]; *e; e++) read_text(*e);
}

static void check(struct protocol *p, int status, const char *path, size_t override_count) {
    if (status) {
        FUZZ_EXPECT(!p && (status == EXIT_FAILED || status == EXIT_USAGE || status == EXIT_CANNOT));
        FUZZ_EXPECT(*failure() && !strchr(failure(), '\n'));
        FUZZ_EXPECT(override_count || hostile_says(failure(), path, ""));
        return;
    }
    read_text(p->stem);
    read_text(p->hypotheses);
    read_text(p->fallback);
    FUZZ_EXPECT(strlen(p->sha256) == 64 && p->case_count > 0 && p->blocks > 0);
    // A stem names files: it leads nowhere else.
    FUZZ_EXPECT(!strpbrk(p->stem, "/.\\\n") && *p->stem);
    for (size_t i = 0; i < p->case_count; i++) read_case(&p->cases[i]);
    protocol_free(p);
}

void fuzz_protocol(const uint8_t *data, size_t bytes) {
    const uint8_t *zero = bytes ? memchr(data, 0, bytes) : NULL;
    const size_t text_bytes = zero ? (size_t)(zero - data) : bytes;
    const char *path = fuzz_file(data, text_bytes), *overrides[OVERRIDES_MAX];
    const char *at = zero ? (const char *)zero + 1 : NULL, *end = (const char *)data + bytes;
    size_t count = 0;
    while (at && at < end && count < OVERRIDES_MAX) {
        const char *last = memchr(at, 0, (size_t)(end - at));
        if (!last) break;
        overrides[count++] = at;
        at = last + 1;
    }
    struct protocol *p;
    int status = protocol_read(&p, path, overrides, count);
    check(p, status, path, count);
    status = protocol_read_copy(&p, path, NULL, 0);
    check(p, status, path, 0);
}

// The name is what fuzz_file calls its file.
static const char *const seeds[][2] = {
    {"decode.md", "# A question\n\nProse.\n\n```protocol\nprotocol   100\nversion    1\n"
                  "hypothesis H6 H8\nmodel      embedded:kjv-3.7m   # a comment\nthreads    2\n"
                  "design     blocks=20 seed=20251 warmup=1\ncontrol    AA\nfill       seeded\n"
                  "granularity region\npass       cycles instructions\nrequire    pin=strict\n"
                  "fallback   soft\nprimary    ns_per_token\ndecide     ci=0.95 min_effect=0.01\n\n"
                  "case       flat\nphase      decode gen=32\nsweep      depth = 0 512 2048\n"
                  "sweep      kv = f16 f32\narm        A  *=default\n"
                  "arm        B  attention_f16=c threads=1\n```\n"},
    {"prefill.md", "```protocol\nprotocol 100\nversion 2\nmodel embedded:kjv-3.7m\ncase a\n"
                   "phase prefill chunk=64\nsweep tokens = 16 0032\nprompt random\n"
                   "case b.2\nphase question depth=16 tokens=8\nkv f32\nsource soft\n```\n"},
    {"kernel.md", "~~~\n```\n~~~\n```protocol\nprotocol 100\nversion 1\ndesign blocks=2\n"
                  "primary ns\ncase k\nphase kernel matmul_q8_0_a8_32 64x256x4\n"
                  "sweep shape = 64x256 64x256x8\narm A *=default\narm B *=c act=f32\n"
                  "case y\nphase yardstick read_stream\ncontrol none\nthreads 1\n```\n"},
};
// A zero byte and texts of --set behind the first one.
static const char set[] = "\0blocks=2\0depth=0,64\0kv=f16";

int fuzz_protocol_seeds(const char *directory) {
    char path[4096];
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds + 1; i++) {
        const bool with_set = i == sizeof seeds / sizeof *seeds;
        const char *const *seed = seeds[with_set ? 0 : i];
        snprintf(path, sizeof path, "%s/%s", directory, with_set ? "set.md" : seed[0]);
        FILE *f = fopen(path, "wb");
        if (!f) return perror(path), 1;
        fputs(seed[1], f);
        if (with_set) fwrite(set, 1, sizeof set, f);
        if (fclose(f) != 0) return perror(path), 1;
    }
    return 0;
}

static void words(FILE *out, const char *list) {
    while (*list) {
        const size_t bytes = strcspn(list, " ");
        fprintf(out, "\"%.*s\"\n", (int)bytes, list);
        list += bytes + (list[bytes] == ' ');
    }
}

void fuzz_protocol_dictionary(FILE *out) {
    fputs("\"```protocol\\x0a\"\n\"~~~\"\n\"*=c\"\n\"*=default\"\n\"verdict\"\n", out);
#define WORD(name, ...) fprintf(out, "\"%s \"\n", #name);
#define SETTING(name, type, phases, low, high, text)                                               \
    fprintf(out, "\"%s=\"\n", #name);                                                              \
    words(out, text);
#define FACTOR(name, type, low, high, text) SETTING(name, type, 0, low, high, text)
#define DESIGN(name, ...) fprintf(out, "\"%s=\"\n", #name);
#include "experiments/words.def"
    words(out, "prefill decode question kernel yardstick region phase step AA none ns_per_token "
               "matmul_f32_f32 rmsnorm read_stream");
}
