// SPDX-License-Identifier: MIT
#include "engine/synth.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/synth_parts.h"

#define CHUNK_BYTES (1 << 20) // what a thread makes and writes at once
#define THREADS_MAX 64

static const struct synth_preset presets[] = {
#define PRESET(...) {__VA_ARGS__},
#include "engine/presets.def"
};
static const struct {
    const char *name, *architecture;
} later[] = {
#define PRESET_LATER(name, architecture) {name, architecture},
#include "engine/presets.def"
};
static const struct {
    const char *name;
    enum format matrices, output; // output: of the last matrix (of a tied model: the embedding)
    uint32_t file_type;           // general.file_type
} formats[] = {
    {"f16", FORMAT_f16, FORMAT_f16, 1},
    {"bf16", FORMAT_bf16, FORMAT_bf16, 32}, // general.file_type as GGUF numbers it
    {"q8_0", FORMAT_q8_0, FORMAT_q8_0, 7},
    {"q4_0", FORMAT_q4_0, FORMAT_q8_0, 2},
};
#define LENGTH(array) (sizeof(array) / sizeof *(array))

size_t synth_preset_count(void) {
    return LENGTH(presets);
}
const struct synth_preset *synth_preset_at(size_t i) {
    return &presets[i];
}
const struct synth_preset *synth_preset_find(const char *name) {
    for (size_t i = 0; i < LENGTH(presets); i++) {
        if (strcmp(presets[i].name, name) == 0) return &presets[i];
    }
    return NULL;
}

int synth_preset_require(const char *name, const struct synth_preset **out) {
    *out = synth_preset_find(name);
    if (*out) return 0;
    for (size_t i = 0; i < LENGTH(later); i++) {
        if (strcmp(later[i].name, name) == 0)
            return engine_fail(EINVAL, "preset '%s': its architecture %s is not built yet", name,
                               later[i].architecture);
    }
    char known[256] = "";
    for (size_t i = 0, n = 0; i < LENGTH(presets) && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", presets[i].name);
    return engine_fail(EINVAL, "unknown preset '%s' (known: %s)", name, known);
}

static int format_row(const char *name) {
    for (size_t i = 0; i < LENGTH(formats); i++) {
        if (strcmp(formats[i].name, name) == 0) return (int)i;
    }
    return -1;
}
bool synth_format_known(const char *format) {
    return format_row(format) >= 0;
}
const char *synth_formats(void) {
    return "f16, q8_0, q4_0";
}

// ---- the tensors

struct tensor {
    struct weights weights;
    size_t number; // the writer's
    ptrdiff_t rows, chunk_rows;
    uint64_t row_bytes;
    size_t first_chunk;
    const float *values; // rope_freqs: not random
};
struct job {
    struct gguf_writer *writer;
    struct tensor *tensors;
    size_t tensor_count, chunk_count;
    uint64_t seed;
    atomic_size_t next_chunk, done_chunks;
    void (*progress)(double done);
};

static struct tensor *declare(struct job *j, enum format format, ptrdiff_t rows, ptrdiff_t cols,
                              const char *name) {
    struct tensor *t = &j->tensors[j->tensor_count++];
    const uint64_t dims[2] = {(uint64_t)cols, (uint64_t)rows};
    synth_weights_prepare(&t->weights, format, cols, j->seed, name);
    t->rows = rows;
    t->row_bytes = format_row_bytes(format, cols);
    t->chunk_rows = (ptrdiff_t)(CHUNK_BYTES / t->row_bytes);
    if (t->chunk_rows < 1) t->chunk_rows = 1;
    t->first_chunk = j->chunk_count;
    j->chunk_count += (size_t)((rows + t->chunk_rows - 1) / t->chunk_rows);
    t->number = gguf_write_tensor(j->writer, name, (uint32_t)format_info(format)->gguf_type,
                                  rows == 1 ? 1 : 2, dims, (uint64_t)rows * t->row_bytes);
    t->values = NULL;
    return t;
}

static void declare_layers(struct job *j, const struct synth_preset *p, ptrdiff_t layers,
                           enum format format) {
    const ptrdiff_t q = p->heads * p->head_dim, kv = p->kv_heads * p->head_dim;
    const struct {
        const char *name;
        enum format format;
        ptrdiff_t rows, cols;
    } parts[] = {
        {"attn_norm", FORMAT_f32, 1, p->width},
        {"attn_q", format, q, p->width},
        {"attn_k", format, kv, p->width},
        {"attn_v", format, kv, p->width},
        {"attn_output", format, p->width, q},
        {"ffn_norm", FORMAT_f32, 1, p->width},
        {"ffn_gate", format, p->ff_width, p->width},
        {"ffn_up", format, p->ff_width, p->width},
        {"ffn_down", format, p->width, p->ff_width},
    };
    for (ptrdiff_t layer = 0; layer < layers; layer++) {
        for (size_t i = 0; i < LENGTH(parts); i++) {
            char name[64];
            snprintf(name, sizeof name, "blk.%td.%s.weight", layer, parts[i].name);
            declare(j, parts[i].format, parts[i].rows, parts[i].cols, name);
        }
    }
}

// Llama 3's stretching of slow rotations: factor 32, wavelengths from 8192/4 to 8192/1 blended.
static void rope_factors(const struct synth_preset *p, float *factors) {
    const double factor = 32, low = 1, high = 4, trained = 8192;
    for (ptrdiff_t i = 0; i < p->head_dim / 2; i++) {
        const double turn = 2 * 3.14159265358979323846; // wavelength = turn / frequency
        const double wavelength = turn * pow(p->rope_base, 2 * (double)i / (double)p->head_dim);
        const double blend = (trained / wavelength - low) / (high - low);
        factors[i] = (float)(blend >= 1   ? 1
                             : blend <= 0 ? factor
                                          : 1 / ((1 - blend) / factor + blend));
    }
}

// ---- the metadata

static int describe(struct gguf_writer *w, const struct synth_preset *p, size_t format,
                    ptrdiff_t layers, uint64_t seed) {
    char text[256];
    gguf_write_text(w, "general.architecture", "llama");
    snprintf(text, sizeof text, "synth-%s", p->name);
    gguf_write_text(w, "general.name", text);
    const char *output = format_info(formats[format].output)->name;
    snprintf(text, sizeof text,
             "shape of %s with seeded random weights; matrices %s, %s %s, norms f32", p->name,
             formats[format].name, p->tied_output ? "embedding (tied output)" : "output", output);
    gguf_write_text(w, "general.description", text);
    gguf_write_u32(w, "general.file_type", formats[format].file_type);
    gguf_write_u32(w, "general.quantization_version", 2);
    gguf_write_text(w, "inferometer.synth.preset", p->name);
    gguf_write_u64(w, "inferometer.synth.seed", seed);
    gguf_write_u32(w, "inferometer.synth.version", SYNTH_GENERATOR_VERSION);
    const struct {
        const char *key;
        ptrdiff_t value;
    } numbers[] = {
        {"llama.vocab_size", p->vocabulary},
        {"llama.context_length", p->context},
        {"llama.embedding_length", p->width},
        {"llama.block_count", layers},
        {"llama.feed_forward_length", p->ff_width},
        {"llama.attention.head_count", p->heads},
        {"llama.attention.head_count_kv", p->kv_heads},
        {"llama.attention.key_length", p->head_dim},
        {"llama.attention.value_length", p->head_dim},
        {"llama.rope.dimension_count", p->head_dim},
    };
    for (size_t i = 0; i < LENGTH(numbers); i++)
        gguf_write_u32(w, numbers[i].key, (uint32_t)numbers[i].value);
    gguf_write_f32(w, "llama.rope.freq_base", (float)p->rope_base);
    gguf_write_f32(w, "llama.attention.layer_norm_rms_epsilon", (float)p->norm_eps);
    return synth_vocabulary_write(w, p->vocabulary);
}

// ---- the work

static int make_chunk(const struct job *j, size_t chunk, void *buffer) {
    size_t i = 0, end = j->tensor_count; // the tensor that the chunk belongs to
    while (end - i > 1) {
        const size_t middle = i + (end - i) / 2;
        if (j->tensors[middle].first_chunk <= chunk)
            i = middle;
        else
            end = middle;
    }
    const struct tensor *t = &j->tensors[i];
    const ptrdiff_t first = (ptrdiff_t)(chunk - t->first_chunk) * t->chunk_rows;
    const ptrdiff_t rows = t->rows - first < t->chunk_rows ? t->rows - first : t->chunk_rows;
    if (!t->values) synth_weights_fill(&t->weights, first, rows, buffer);
    return gguf_write_data(j->writer, t->number, (uint64_t)first * t->row_bytes,
                           t->values ? t->values : buffer, (size_t)((uint64_t)rows * t->row_bytes));
}

static void work(struct job *j, void *buffer, void (*progress)(double done)) {
    for (size_t chunk; (chunk = atomic_fetch_add(&j->next_chunk, 1)) < j->chunk_count;) {
        if (make_chunk(j, chunk, buffer) != 0) return; // the writer keeps the reason
        const size_t done = atomic_fetch_add(&j->done_chunks, 1) + 1;
        if (progress) progress((double)done / (double)j->chunk_count);
    }
}

struct worker {
    struct job *job;
    void *buffer;
    pthread_t thread;
};
static void *run_worker(void *arg) {
    struct worker *w = arg;
    work(w->job, w->buffer, NULL);
    return NULL;
}

// The caller is one of the workers; one that cannot start is done without.
static int fill(struct job *j, int threads) {
    struct worker workers[THREADS_MAX];
    size_t buffer_bytes = CHUNK_BYTES;
    for (size_t i = 0; i < j->tensor_count; i++) {
        if (j->tensors[i].row_bytes > buffer_bytes) buffer_bytes = (size_t)j->tensors[i].row_bytes;
    }
    void *own = malloc(buffer_bytes);
    if (!own) return engine_fail(ENOMEM, "no memory for %zu bytes of weights", buffer_bytes);
    int started = 0;
    for (; started < threads - 1 && started < THREADS_MAX; started++) {
        struct worker *w = &workers[started];
        *w = (struct worker){.job = j, .buffer = malloc(buffer_bytes)};
        if (w->buffer && pthread_create(&w->thread, NULL, run_worker, w) == 0) continue;
        free(w->buffer);
        break;
    }
    work(j, own, j->progress);
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        free(workers[i].buffer);
    }
    free(own);
    return 0;
}

int synth_write_threads(const struct synth_preset *p, const char *format, ptrdiff_t layers,
                        uint64_t seed, const char *path, int threads,
                        void (*progress)(double done)) {
    const int f = format_row(format);
    if (f < 0)
        return engine_fail(EINVAL, "%s: format '%s' is not built yet (built: %s)", path, format,
                           synth_formats());
    if (layers < 0 || layers > p->layers)
        return engine_fail(EINVAL, "%s: %td layers: %s has 1 to %td", path, layers, p->name,
                           p->layers);
    if (layers == 0) layers = p->layers;
    struct job j = {.seed = seed, .progress = progress};
    int rc = gguf_write_open(&j.writer, path, 32);
    if (rc) return rc;
    const size_t tensors = (size_t)layers * 9 + 4;
    float *factors = calloc((size_t)p->head_dim, sizeof *factors);
    j.tensors = calloc(tensors, sizeof *j.tensors);
    if (!factors || !j.tensors)
        rc = engine_fail(ENOMEM, "%s: no memory for %zu tensors", path, tensors);
    if (!rc) rc = describe(j.writer, p, (size_t)f, layers, seed);
    if (!rc) {
        const enum format matrices = formats[f].matrices, output = formats[f].output;
        declare(&j, p->tied_output ? output : matrices, p->vocabulary, p->width,
                "token_embd.weight");
        if (p->rope_factors) {
            rope_factors(p, factors);
            declare(&j, FORMAT_f32, 1, p->head_dim / 2, "rope_freqs.weight")->values = factors;
        }
        declare_layers(&j, p, layers, matrices);
        declare(&j, FORMAT_f32, 1, p->width, "output_norm.weight");
        if (!p->tied_output) declare(&j, output, p->vocabulary, p->width, "output.weight");
        rc = gguf_write_head(j.writer);
    }
    if (!rc) rc = fill(&j, threads);
    const int closed = gguf_write_close(j.writer, rc == 0);
    free(j.tensors);
    free(factors);
    return rc ? rc : closed;
}

int synth_write(const struct synth_preset *p, const char *format, ptrdiff_t layers, uint64_t seed,
                const char *path, void (*progress)(double done)) {
    cpu_set_t cpus;
    const int threads = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    return synth_write_threads(p, format, layers, seed, path, threads, progress);
}
