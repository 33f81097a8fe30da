// SPDX-License-Identifier: MIT
// Made models: the same bytes from any number of threads, true shapes, weights of the intended
// size, finite logits, and nothing left behind when it fails. Also the model specs of
// engine/source.c.
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>

#include "engine/context.h"
#include "engine/gguf.h"
#include "engine/synth.h"
#include "engine/team.h"
#include "tests/case.h"

static const struct synth_preset tied = {"tied", 2,   64,     192,  4, 2, 16,
                                         512,    128, 500000, 1e-5, 1, 1};
static const struct synth_preset untied = {"untied", 3,  96,    256,  3, 1, 32,
                                           700,      64, 10000, 1e-5, 0, 0};
// More than one chunk of 1 MiB a tensor, so that threads share tensors.
static const struct synth_preset wide = {"wide", 1,  1024,  4096, 8, 8, 128,
                                         4000,   64, 10000, 1e-5, 0, 0};

static char path_a[PATH_MAX + 32], path_b[PATH_MAX + 32];

struct made {
    const struct synth_preset *preset;
    const char *format;
};

static bool same_bytes(const char *a, const char *b) {
    struct gguf *ga, *gb;
    if (gguf_open(&ga, a) != 0) return false;
    if (gguf_open(&gb, b) != 0) return gguf_close(ga), false;
    const bool same = gguf_file_bytes(ga) == gguf_file_bytes(gb) &&
                      memcmp(gguf_mapping(ga), gguf_mapping(gb), gguf_file_bytes(ga)) == 0;
    gguf_close(ga);
    gguf_close(gb);
    return same;
}

static int check_threads(const void *argument) {
    const struct made *m = argument;
    EXPECT(synth_write_threads(m->preset, m->format, 0, 7, path_a, 1, NULL) == 0);
    for (int threads = 2; threads <= 3; threads++) {
        EXPECT(synth_write_threads(m->preset, m->format, 0, 7, path_b, threads, NULL) == 0);
        EXPECT(same_bytes(path_a, path_b));
    }
    EXPECT(synth_write(m->preset, m->format, 0, 8, path_b, NULL) == 0);
    EXPECT(!same_bytes(path_a, path_b));
    return 0;
}

static int check_shape(const struct gguf *g, const char *name, const char *format, ptrdiff_t rows,
                       ptrdiff_t cols) {
    const struct gguf_tensor *t = gguf_tensor(g, name);
    if (!t) return case_fail("%s is missing", name);
    if (t->format != format_find(format) || t->dims[0] != (uint64_t)cols ||
        t->dims[1] != (uint64_t)rows || t->dims[2] != 1 || t->dim_count != (rows == 1 ? 1 : 2))
        return case_fail("%s: format %d, %llu x %llu", name, t->format,
                         (unsigned long long)t->dims[1], (unsigned long long)t->dims[0]);
    return 0;
}

static int check_shapes(const void *argument) {
    const struct made *m = argument;
    const struct synth_preset *p = m->preset;
    const ptrdiff_t q = p->heads * p->head_dim, kv = p->kv_heads * p->head_dim;
    const char *format = m->format, *output = strcmp(format, "q4_0") == 0 ? "q8_0" : format;
    struct gguf *g;
    EXPECT(synth_write(p, format, 0, 0, path_a, NULL) == 0 && gguf_open(&g, path_a) == 0);
    int rc = 0;
    for (ptrdiff_t layer = 0; layer < p->layers && !rc; layer++) {
        const struct {
            const char *part, *format;
            ptrdiff_t rows, cols;
        } parts[] = {
            {"attn_norm", "f32", 1, p->width},
            {"attn_q", format, q, p->width},
            {"attn_k", format, kv, p->width},
            {"attn_v", format, kv, p->width},
            {"attn_output", format, p->width, q},
            {"ffn_norm", "f32", 1, p->width},
            {"ffn_gate", format, p->ff_width, p->width},
            {"ffn_up", format, p->ff_width, p->width},
            {"ffn_down", format, p->width, p->ff_width},
        };
        for (size_t i = 0; i < sizeof parts / sizeof *parts && !rc; i++) {
            char name[64];
            snprintf(name, sizeof name, "blk.%td.%s.weight", layer, parts[i].part);
            rc = check_shape(g, name, parts[i].format, parts[i].rows, parts[i].cols);
        }
    }
    if (!rc) rc = check_shape(g, "output_norm.weight", "f32", 1, p->width);
    if (!rc)
        rc = check_shape(g, "token_embd.weight", p->tied_output ? output : format, p->vocabulary,
                         p->width);
    if (!rc && !p->tied_output)
        rc = check_shape(g, "output.weight", output, p->vocabulary, p->width);
    if (!rc && p->rope_factors) rc = check_shape(g, "rope_freqs.weight", "f32", 1, p->head_dim / 2);
    const size_t tensors = (size_t)p->layers * 9 + 2 + !p->tied_output + (p->rope_factors != 0);
    if (!rc && gguf_tensor_count(g) != tensors) rc = case_fail("%zu tensors", gguf_tensor_count(g));
    gguf_close(g);
    return rc;
}

static double f16_value(const unsigned char *p) {
    const unsigned bits = (unsigned)p[0] | (unsigned)p[1] << 8, exponent = bits >> 10 & 31;
    const double mantissa = exponent ? 1 + (bits & 1023) / 1024.0 : (bits & 1023) / 512.0;
    return (bits >> 15 ? -1 : 1) * ldexp(mantissa, (int)exponent - 15);
}
// Weight i of a tensor, by the meaning of its format.
static double weight_at(const struct gguf_tensor *t, uint64_t i) {
    const unsigned char *p = t->data;
    if (t->format == FORMAT_f16) return f16_value(p + 2 * i);
    if (t->format == FORMAT_q8_0) {
        p += i / 32 * 34;
        return f16_value(p) * (double)(int8_t)p[2 + i % 32];
    }
    p += i / 32 * 18; // q4_0
    const unsigned byte = p[2 + i % 16];
    return f16_value(p) * ((int)(i % 32 < 16 ? byte & 15 : byte >> 4) - 8);
}

// The mean is 0 and the deviation 1/sqrt(cols), within what so many samples allow, in every tensor.
static int check_weights(const void *argument) {
    const struct made *m = argument;
    struct gguf *g;
    EXPECT(synth_write(m->preset, m->format, 0, 0, path_a, NULL) == 0 &&
           gguf_open(&g, path_a) == 0);
    int rc = 0;
    for (size_t k = 0; k < gguf_tensor_count(g) && !rc; k++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, k);
        if (t->format == FORMAT_f32) continue;
        const uint64_t n = t->dims[0] * t->dims[1];
        double sum = 0, squares = 0;
        for (uint64_t i = 0; i < n; i++) {
            const double w = weight_at(t, i);
            sum += w;
            squares += w * w;
        }
        const double root = sqrt((double)t->dims[0]), mean = sum / (double)n * root;
        const double deviation = sqrt(squares / (double)n) * root;
        // Scales of blocks are uniform on 0.75 to 1.25: 0.9 % more than their mean alone would
        // give.
        const double expected = t->format == FORMAT_f16 ? 1 : 1.0093;
        const double error = 6 / sqrt((double)n); // six standard errors at least
        if (fabs(mean) > error || fabs(deviation - expected) > error + 0.001)
            rc = case_fail("%s: mean %g, deviation %g (in 1/sqrt(cols))", t->name, mean, deviation);
    }
    gguf_close(g);
    return rc;
}

static int check_layers(const void *argument) {
    (void)argument;
    struct gguf *one, *all;
    uint64_t layers;
    EXPECT(synth_write(&untied, "q8_0", 1, 3, path_a, NULL) == 0 && gguf_open(&one, path_a) == 0);
    EXPECT(synth_write(&untied, "q8_0", 0, 3, path_b, NULL) == 0 && gguf_open(&all, path_b) == 0);
    EXPECT(gguf_u64(one, "llama.block_count", &layers) == 0 && layers == 1);
    EXPECT(gguf_u64(all, "llama.block_count", &layers) == 0 && layers == 3);
    EXPECT(!gguf_tensor(one, "blk.1.attn_q.weight"));
    const struct gguf_tensor *a = gguf_tensor(one, "blk.0.attn_q.weight");
    const struct gguf_tensor *b = gguf_tensor(all, "blk.0.attn_q.weight");
    const struct gguf_tensor *c = gguf_tensor(all, "blk.1.attn_q.weight");
    EXPECT(a && b && c && a->bytes == b->bytes && memcmp(a->data, b->data, a->bytes) == 0);
    EXPECT(memcmp(b->data, c->data, b->bytes) != 0);
    gguf_close(one);
    gguf_close(all);
    return 0;
}

// Parameters as the authors count them.
static int check_presets(const void *argument) {
    static const struct {
        const char *name;
        ptrdiff_t parameters;
    } known[] = {{"llama-3.2-1b", 1235814400},
                 {"tinyllama-1.1b", 1100048384},
                 {"llama-2-7b", 6738415616},
                 {"mistral-7b", 7241732096}};
    (void)argument;
    EXPECT(synth_preset_count() == sizeof known / sizeof *known);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct synth_preset *p = synth_preset_find(known[i].name);
        EXPECT(p != NULL);
        const ptrdiff_t q = p->heads * p->head_dim, kv = p->kv_heads * p->head_dim;
        const ptrdiff_t layer =
            2 * p->width + p->width * (2 * q + 2 * kv) + 3 * p->width * p->ff_width;
        const ptrdiff_t count =
            p->layers * layer + p->width + (p->tied_output ? 1 : 2) * p->vocabulary * p->width;
        if (count != known[i].parameters) return case_fail("%s has %td parameters", p->name, count);
    }
    const struct synth_preset *p;
    EXPECT(synth_preset_require("phi-2", &p) == -EINVAL &&
           strstr(engine_error(), "phi2 is not built yet"));
    EXPECT(synth_preset_require("x", &p) == -EINVAL &&
           strstr(engine_error(), "unknown preset 'x'"));
    return 0;
}

static int check_rope_factors(const void *argument) {
    (void)argument;
    struct synth_preset p = tied;
    struct gguf *g;
    p.head_dim = 64; // as llama-3.2-1b
    EXPECT(synth_write(&p, "q8_0", 1, 0, path_a, NULL) == 0 && gguf_open(&g, path_a) == 0);
    const float *f = gguf_tensor(g, "rope_freqs.weight")->data;
    EXPECT(f[0] == 1 && f[31] == 32);
    for (int i = 1; i < 32; i++) EXPECT(f[i] >= f[i - 1] && f[i] <= 32);
    // Wavelength 2 pi 500000^(2i/64): 8192/4 is passed behind pair 14, 8192 behind pair 17.
    EXPECT(f[14] == 1 && f[15] > 1 && f[17] < 32 && f[18] == 32);
    gguf_close(g);
    return 0;
}

static int check_tokenizer(const void *argument) {
    const struct synth_preset *p = argument;
    static const char text[] = "In the beginning was: 42 \xc3\xa9t\xc3\xa9s\n\tThe end of it!";
    struct gguf *g;
    struct tokenizer *t;
    EXPECT(synth_write(p, "q8_0", 1, 0, path_a, NULL) == 0 && gguf_open(&g, path_a) == 0);
    EXPECT(tokenizer_open(&t, g) == 0 && t && tokenizer_vocabulary(t) == (size_t)p->vocabulary);
    EXPECT(tokenizer_bos(t) == 1 && tokenizer_eos(t) == 2 && tokenizer_adds_bos(t));
    int32_t *ids;
    size_t count, bytes;
    char *back;
    EXPECT(tokenizer_encode(t, text, sizeof text - 1, true, false, &ids, &count) == 0 &&
           ids[0] == 1);
    EXPECT(tokenizer_decode(t, ids, count, &back, &bytes) == 0);
    EXPECT(bytes == sizeof text - 1 && memcmp(back, text, bytes) == 0);
    // Behind BOS and "In", where the vocabulary is large enough for words.
    const struct gguf_string the = tokenizer_spelling(t, ids[2]);
    EXPECT(p->vocabulary < 1000 || (the.bytes == 6 && memcmp(the.data, "\xe2\x96\x81the", 6) == 0));
    for (int32_t id = 0; id < (int32_t)p->vocabulary; id++) { // no spelling twice
        const struct gguf_string s = tokenizer_spelling(t, id);
        EXPECT(s.bytes > 0);
        for (int32_t other = id + 1; other < (int32_t)p->vocabulary && p->vocabulary < 5000;
             other++) {
            const struct gguf_string o = tokenizer_spelling(t, other);
            EXPECT(o.bytes != s.bytes || memcmp(o.data, s.data, s.bytes) != 0);
        }
    }
    free(ids);
    free(back);
    tokenizer_close(t);
    gguf_close(g);
    return 0;
}

static int check_logits(const void *argument) {
    const struct made *m = argument;
    struct model *model;
    struct team *team;
    struct context *context;
    EXPECT(synth_write(m->preset, m->format, 0, 0, path_a, NULL) == 0);
    EXPECT(model_open(&model, path_a) == 0 && team_open(&team, 1, NULL) == 0);
    const struct context_options options = {
        .team = team, .plan = {.kv = FORMAT_f32, .act = -1, .matmul_partition = -1}};
    EXPECT(context_open(&context, model, &options) == 0);
    const ptrdiff_t vocabulary = m->preset->vocabulary;
    const int32_t tokens[] = {1, 300, 301, 5, 302, 350, 17, 400};
    float *logits = malloc((size_t)vocabulary * sizeof *logits);
    EXPECT(logits && context_eval(context, tokens, 8, OUTPUTS_last, logits) == 0);
    double squares = 0;
    for (ptrdiff_t i = 0; i < vocabulary; i++) squares += (double)logits[i] * (double)logits[i];
    const double size = sqrt(squares / (double)vocabulary);
    free(logits);
    context_close(context);
    team_close(team);
    model_close(model);
    // Normalized activations times rows of deviation 1/sqrt(width): about 1.
    return size > 0.5 && size < 2 ? 0 : case_fail("root mean square of the logits is %g", size);
}

static int files_left(void) {
    int count = 0;
    DIR *d = opendir(case_directory);
    while (d && readdir(d)) count++;
    if (d) closedir(d);
    return count - 2; // . and ..
}

static int check_refused(const void *argument) {
    (void)argument;
    struct synth_preset small = tied;
    small.vocabulary = 300;
    EXPECT(synth_write(&small, "q8_0", 0, 0, path_a, NULL) == -EINVAL &&
           strstr(engine_error(), "300 tokens"));
    EXPECT(synth_write(&tied, "q5_0", 0, 0, path_a, NULL) == -EINVAL &&
           strstr(engine_error(), "'q5_0'"));
    EXPECT(synth_write(&tied, "q8_0", 3, 0, path_a, NULL) == -EINVAL &&
           strstr(engine_error(), "1 to 2"));
    EXPECT(synth_write(&tied, "q8_0", 0, 0, "/nonexistent/x.gguf", NULL) == -ENOENT);
    EXPECT(strstr(engine_error(), "/nonexistent/x.gguf: cannot create"));
    EXPECT(files_left() == 0);
    return 0;
}

// A limit on the size of files stands for a full disk: a message, and no temporary left.
static int check_no_room(const void *argument) {
    (void)argument;
    struct rlimit limit, before;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    limit = (struct rlimit){1 << 20, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    const int rc = synth_write(&wide, "f16", 0, 0, path_a, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT(rc == -EFBIG && strncmp(engine_error(), path_a, strlen(path_a)) == 0);
    EXPECT(files_left() == 0);
    return 0;
}

static int refuses(const char *spec, const char *message) {
    char *path;
    EXPECT(source_path(spec, &path) != 0 && !path);
    return strstr(engine_error(), message) ? 0 : case_fail("%s said %s", spec, engine_error());
}

static int check_specs(const void *argument) {
    (void)argument;
    char *path, *again, expected[PATH_MAX + 128];
    struct stat made, kept;
    setenv("INFEROMETER_CACHE", case_directory, 1);
    int rc = refuses("embedded:x", "there is embedded:kjv-3.7m") |
             refuses("synth:x/f16", "unknown preset 'x'");
    rc |= refuses("synth:tinyllama-1.1b", "write it as synth:tinyllama-1.1b/FORMAT");
    rc |= refuses("synth:tinyllama-1.1b/q6_k", "format 'q6_k' is not built yet");
    rc |= refuses("synth:tinyllama-1.1b/f16?layers=23", "has 1 to 22");
    rc |= refuses("synth:tinyllama-1.1b/f16?layers=0", "has 1 to 22");
    rc |= refuses("synth:tinyllama-1.1b/f16?seed=x", "'seed=x' is not layers=N or seed=S");
    rc |= refuses("synth:tinyllama-1.1b/f16?seed", "'seed' is not layers=N or seed=S");
    rc |= refuses("synth:tinyllama-1.1b/f16?width=3", "unknown option 'width'");
    rc |= refuses("synth:phi-2/f16", "phi2 is not built yet");
    if (rc) return rc;
    EXPECT(files_left() == 0);
    EXPECT(source_path("some/path.gguf", &path) == 0 && strcmp(path, "some/path.gguf") == 0);
    free(path);
    EXPECT(source_path("embedded:kjv-3.7m", &path) == 0 && access(path, R_OK) == 0);
    free(path);
    EXPECT(source_path("synth:tinyllama-1.1b/q4_0?layers=1&seed=5", &path) == 0);
    snprintf(expected, sizeof expected, "%s/tinyllama-1.1b-q4_0-l1-s5-v1.gguf", case_directory);
    EXPECT(strcmp(path, expected) == 0 && stat(path, &made) == 0 && files_left() == 1);
    EXPECT(source_path("synth:tinyllama-1.1b/q4_0?layers=1&seed=5", &again) == 0);
    EXPECT(strcmp(path, again) == 0 && stat(path, &kept) == 0 && kept.st_ino == made.st_ino);
    free(path);
    free(again);
    return 0;
}

int main(int argc, char **argv) {
    static const struct made made[] = {
        {&tied, "f16"},    {&tied, "q8_0"},   {&tied, "q4_0"}, {&untied, "f16"},
        {&untied, "q8_0"}, {&untied, "q4_0"}, {&wide, "q8_0"},
    };
    static const struct {
        const char *name;
        case_function *run;
    } checks[] = {{"threads", check_threads},
                  {"shapes", check_shapes},
                  {"weights", check_weights},
                  {"logits", check_logits}};
    struct test_case cases[64] = {
        {"layers", check_layers, NULL},
        {"presets", check_presets, NULL},
        {"rope_factors", check_rope_factors, NULL},
        {"tokenizer_small", check_tokenizer, &tied},
        {"tokenizer_middle", check_tokenizer, &wide},
        {"refused", check_refused, NULL},
        {"no_room", check_no_room, NULL},
        {"specs", check_specs, NULL},
    };
    static char names[64][64];
    size_t count = 8;
    for (size_t c = 0; c < sizeof checks / sizeof *checks; c++) {
        for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
            snprintf(names[count], sizeof names[count], "%s_%s_%s", checks[c].name,
                     made[i].preset->name, made[i].format);
            cases[count] = (struct test_case){names[count], checks[c].run, &made[i]};
            count++;
        }
    }
    snprintf(path_a, sizeof path_a, "%s/a.gguf", case_make_directory());
    snprintf(path_b, sizeof path_b, "%s/b.gguf", case_directory);
    int worst = 0;
    if (argc > 1) return case_main(argc, argv, cases, count);
    for (size_t i = 0; i < count; i++) { // each begins with an empty directory
        const int rc = case_run(argv[0], &cases[i]);
        if (rc == 1 || worst == 0) worst = rc;
        case_remove_directory();
        if (mkdir(case_directory, 0700) != 0) return case_fail("cannot make %s", case_directory);
    }
    return worst;
}
