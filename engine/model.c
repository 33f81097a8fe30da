// SPDX-License-Identifier: MIT
#include "engine/model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/plan.h"
#include "engine/plan_builder.h"

#define KEY_BYTES 96
// A generous bound on every count of hparams: products of two of them cannot overflow.
#define COUNT_MAX (INT64_C(1) << 30)
// Generous too: what is computed from them in float32 stays finite.
#define EPSILON_MIN 1e-30
#define ROPE_BASE_MAX 1e12
#define FACTOR_MIN 1e-6
#define FACTOR_MAX 1e6

struct reader { // of one file's hyperparameters; the first error sticks
    const struct gguf *gguf;
    const char *architecture;
    int error;
};

static void key_of(char key[KEY_BYTES], const struct reader *r, const char *name) {
    snprintf(key, KEY_BYTES, "%s.%s", r->architecture, name);
}

// "PATH: key 'ARCHITECTURE.NAME' at offset N: …"; the first error sticks.
__attribute__((format(printf, 4, 5))) static void
refuse(struct reader *r, int errno_value, const char *name, const char *format, ...) {
    char key[KEY_BYTES], where[48] = "", text[256];
    va_list args;
    if (r->error) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    key_of(key, r, name);
    const struct gguf_value *v = gguf_value(r->gguf, key);
    if (v) snprintf(where, sizeof where, " at offset %llu", (unsigned long long)v->offset);
    r->error = engine_fail(errno_value, "%s: key '%s'%s: %s", gguf_path(r->gguf), key, where, text);
}

static bool has(const struct reader *r, const char *name) {
    char key[KEY_BYTES];
    key_of(key, r, name);
    return gguf_value(r->gguf, key) != NULL;
}

// A count >= 1; fallback where the key is absent (0: it must be there).
static ptrdiff_t read_count(struct reader *r, const char *name, ptrdiff_t fallback) {
    char key[KEY_BYTES];
    uint64_t value = 0;
    if (r->error) return 1;
    key_of(key, r, name);
    int error = gguf_u64(r->gguf, key, &value);
    if (error == -ENOENT && fallback) return fallback;
    if (error == -ENOENT)
        refuse(r, EINVAL, name, "missing");
    else if (error)
        r->error = error;
    else if (value < 1 || value > COUNT_MAX)
        refuse(r, EINVAL, name, "is %llu, must be 1 to %lld", (unsigned long long)value,
               (long long)COUNT_MAX);
    return r->error ? 1 : (ptrdiff_t)value;
}

// A number from least to most; fallback where the key is absent (0: it must be there).
static double read_number(struct reader *r, const char *name, double least, double most,
                          double fallback) {
    char key[KEY_BYTES];
    double value = 0;
    if (r->error) return 1;
    key_of(key, r, name);
    int error = gguf_f64(r->gguf, key, &value);
    if (error == -ENOENT && fallback > 0) return fallback;
    if (error == -ENOENT)
        refuse(r, EINVAL, name, "missing");
    else if (error)
        r->error = error;
    else if (!(value >= least && value <= most)) // also a NaN
        refuse(r, EINVAL, name, "is %g, must be %g to %g", value, least, most);
    return r->error ? 1 : value;
}

static double read_rope_scale(struct reader *r) {
    static const char name[] = "rope.scaling.type";
    char key[KEY_BYTES];
    struct gguf_string type = {"linear", 6};
    key_of(key, r, name);
    int error = gguf_text(r->gguf, key, &type);
    if (error && error != -ENOENT && !r->error) r->error = error;
    if (r->error) return 1;
    if (type.bytes == 4 && memcmp(type.data, "none", 4) == 0) return 1;
    if (type.bytes != 6 || memcmp(type.data, "linear", 6) != 0) {
        refuse(r, ENOTSUP, name, "is '%.*s': not built yet (known: none, linear)",
               (int)(type.bytes < 64 ? type.bytes : 64), type.data);
        return 1;
    }
    // Files before rope.scaling.* say scale_linear.
    double old = read_number(r, "rope.scale_linear", FACTOR_MIN, FACTOR_MAX, 1);
    return 1 / read_number(r, "rope.scaling.factor", FACTOR_MIN, FACTOR_MAX, old);
}

// What other files of this architecture may hold and this build would silently get wrong.
static void refuse_unbuilt(struct reader *r) {
    static const char *const counts[] = {"expert_count", "attention.sliding_window"};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0] && !r->error; i++) {
        char key[KEY_BYTES];
        uint64_t value = 0;
        key_of(key, r, counts[i]);
        int error = gguf_u64(r->gguf, key, &value);
        if (error && error != -ENOENT)
            r->error = error;
        else if (value != 0)
            refuse(r, ENOTSUP, counts[i], "is %llu: not built yet", (unsigned long long)value);
    }
}

static int read_hparams(struct model *m) {
    struct reader r = {m->gguf, m->architecture->name, 0};
    struct hparams *h = &m->h;
    h->layers = read_count(&r, "block_count", 0);
    h->width = read_count(&r, "embedding_length", 0);
    h->ff_width = read_count(&r, "feed_forward_length", 0);
    h->heads = read_count(&r, "attention.head_count", 0);
    h->kv_heads = read_count(&r, "attention.head_count_kv", h->heads);
    h->context = read_count(&r, "context_length", 0);
    h->dim_k =
        read_count(&r, "attention.key_length", h->width / h->heads ? h->width / h->heads : 1);
    h->dim_v = read_count(&r, "attention.value_length", h->dim_k);
    ptrdiff_t rope_dim = read_count(&r, "rope.dimension_count", h->dim_k);
    h->norm_eps = read_number(&r, "attention.layer_norm_rms_epsilon", EPSILON_MIN, 1, 0);
    h->rope_base = read_number(&r, "rope.freq_base", 1, ROPE_BASE_MAX, 10000);
    h->rope_scale = read_rope_scale(&r);
    refuse_unbuilt(&r);
    if (h->heads % h->kv_heads)
        refuse(&r, EINVAL, "attention.head_count_kv",
               "%td attention heads are no multiple of %td KV heads", h->heads, h->kv_heads);
    if (!has(&r, "attention.key_length") && h->width % h->heads)
        refuse(&r, EINVAL, "attention.head_count",
               "embedding length %td is no multiple of %td heads", h->width, h->heads);
    if (rope_dim % 2 || rope_dim > h->dim_k)
        refuse(&r, EINVAL, "rope.dimension_count",
               "rope dimension %td must be even and at most %td (a head's)", rope_dim, h->dim_k);
    h->rope_pairs = rope_dim / 2;
    return r.error;
}

static int find_architecture(struct model *m) {
    struct gguf_string name;
    char known[256] = "";
    const char *path = gguf_path(m->gguf);
    int error = gguf_text(m->gguf, "general.architecture", &name);
    if (error == -ENOENT)
        return engine_fail(EINVAL, "%s: key 'general.architecture': missing", path);
    if (error) return error;
    m->architecture = architecture_find(name.data, name.bytes);
    if (m->architecture) return 0;
    for (size_t i = 0, n = 0; i < architecture_count() && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
                              architecture_at(i)->name);
    return engine_fail(
        ENOTSUP, "%s: key 'general.architecture' at offset %llu: '%.*s' is unknown (known: %s)",
        path, (unsigned long long)gguf_value(m->gguf, "general.architecture")->offset,
        (int)(name.bytes < 64 ? name.bytes : 64), name.data, known);
}

static int read_vocabulary(struct model *m) {
    const struct gguf_tensor *t = gguf_tensor(m->gguf, "token_embd.weight");
    if (!t)
        return engine_fail(EINVAL, "%s: tensor 'token_embd.weight': missing", gguf_path(m->gguf));
    if (t->dims[1] < 1 || t->dims[1] > INT32_MAX)
        return engine_fail(EINVAL, "%s: tensor 'token_embd.weight' at offset %llu: %llu rows",
                           gguf_path(m->gguf), (unsigned long long)t->offset,
                           (unsigned long long)t->dims[1]);
    m->h.vocabulary = (ptrdiff_t)t->dims[1];
    if (m->tokenizer && tokenizer_vocabulary(m->tokenizer) > t->dims[1])
        return engine_fail(EINVAL,
                           "%s: tensor 'token_embd.weight' at offset %llu: %td rows for a "
                           "vocabulary of %zu tokens",
                           gguf_path(m->gguf), (unsigned long long)t->offset, m->h.vocabulary,
                           tokenizer_vocabulary(m->tokenizer));
    struct reader r = {m->gguf, m->architecture->name, 0};
    const ptrdiff_t stated = read_count(&r, "vocab_size", m->h.vocabulary);
    if (stated != m->h.vocabulary)
        refuse(&r, EINVAL, "vocab_size", "is %td, but tensor 'token_embd.weight' has %td rows",
               stated, m->h.vocabulary);
    return r.error;
}

int model_open(struct model **out, const char *spec) {
    char *path = NULL;
    struct plan *plan = NULL;
    struct plan_options options = {.kv = FORMAT_f32, .act = -1, .matmul_partition = -1};
    struct model *m = calloc(1, sizeof *m);
    *out = NULL;
    int error = m && (m->spec = strdup(spec)) ? source_path(spec, &path)
                                              : engine_fail(ENOMEM, "%s: no memory", spec);
    if (!error) error = gguf_open(&m->gguf, path);
    if (!error) error = find_architecture(m);
    if (!error) error = read_hparams(m);
    if (!error) error = tokenizer_open(&m->tokenizer, m->gguf);
    if (!error) error = read_vocabulary(m);
    // A plan looks every tensor up and checks it: build one now, so that a broken file fails here.
    if (!error) error = plan_build(&plan, m, &options);
    plan_free(plan);
    free(path);
    if (error) {
        model_close(m);
        return error;
    }
    for (size_t i = 0; i < gguf_tensor_count(m->gguf); i++)
        m->weight_bytes += gguf_tensor_at(m->gguf, i)->bytes;
    *out = m;
    return 0;
}

void model_close(struct model *m) {
    if (!m) return;
    tokenizer_close(m->tokenizer);
    gguf_close(m->gguf);
    free(m->spec);
    free(m);
}
