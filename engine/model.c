// SPDX-License-Identifier: MIT
#include "engine/model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/plan.h"
#include "engine/plan_builder.h"

#define KEY_BYTES 96
// A generous bound on every count of hparams: products of two of them cannot overflow.
#define COUNT_MAX (INT64_C(1) << 30)

struct reader { // of one file's hyperparameters; the first error sticks
    const struct gguf *gguf;
    const char *architecture;
    int error;
};

static void key_of(char key[KEY_BYTES], const struct reader *r, const char *name) {
    snprintf(key, KEY_BYTES, "%s.%s", r->architecture, name);
}

// A count >= 1; fallback where the key is absent (0: it must be there).
static ptrdiff_t read_count(struct reader *r, const char *name, ptrdiff_t fallback) {
    char key[KEY_BYTES];
    uint64_t value = 0;
    if (r->error) return 1;
    key_of(key, r, name);
    int error = gguf_u64(r->gguf, key, &value);
    if (error == -ENOENT) {
        if (fallback) return fallback;
        r->error = engine_fail(EINVAL, "%s: metadata '%s' is missing", gguf_path(r->gguf), key);
        return 1;
    }
    if (!error && (value < 1 || value > COUNT_MAX))
        error =
            engine_fail(EINVAL, "%s: metadata '%s' is %llu, must be 1 to %lld", gguf_path(r->gguf),
                        key, (unsigned long long)value, (long long)COUNT_MAX);
    r->error = error;
    return error ? 1 : (ptrdiff_t)value;
}

// A positive, finite number; fallback where the key is absent (0: it must be there).
static double read_positive(struct reader *r, const char *name, double fallback) {
    char key[KEY_BYTES];
    double value = 0;
    if (r->error) return 1;
    key_of(key, r, name);
    int error = gguf_f64(r->gguf, key, &value);
    if (error == -ENOENT) {
        if (fallback > 0) return fallback;
        r->error = engine_fail(EINVAL, "%s: metadata '%s' is missing", gguf_path(r->gguf), key);
        return 1;
    }
    if (!error && !(value > 0 && isfinite(value)))
        error = engine_fail(EINVAL, "%s: metadata '%s' is %g, must be positive and finite",
                            gguf_path(r->gguf), key, value);
    r->error = error;
    return error ? 1 : value;
}

static double read_rope_scale(struct reader *r) {
    char key[KEY_BYTES];
    struct gguf_string type = {"linear", 6};
    key_of(key, r, "rope.scaling.type");
    int error = gguf_text(r->gguf, key, &type);
    if (error && error != -ENOENT) r->error = error;
    if (r->error) return 1;
    if (type.bytes == 4 && memcmp(type.data, "none", 4) == 0) return 1;
    if (type.bytes != 6 || memcmp(type.data, "linear", 6) != 0) {
        r->error =
            engine_fail(ENOTSUP, "%s: metadata '%s' is '%.*s': not built yet (known: none, linear)",
                        gguf_path(r->gguf), key, (int)type.bytes, type.data);
        return 1;
    }
    // Files before rope.scaling.* say scale_linear.
    double old = read_positive(r, "rope.scale_linear", 1);
    return 1 / read_positive(r, "rope.scaling.factor", old);
}

// What other files of this architecture may hold and this build would silently get wrong.
static void refuse_unbuilt(struct reader *r) {
    static const char *const counts[] = {"expert_count", "attention.sliding_window"};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0] && !r->error; i++) {
        char key[KEY_BYTES];
        uint64_t value = 0;
        key_of(key, r, counts[i]);
        if (gguf_u64(r->gguf, key, &value) != -ENOENT && value != 0)
            r->error = engine_fail(ENOTSUP, "%s: metadata '%s' is %llu: not built yet",
                                   gguf_path(r->gguf), key, (unsigned long long)value);
    }
}

static int read_hparams(struct model *m) {
    struct reader r = {m->gguf, m->architecture->name, 0};
    struct hparams *h = &m->h;
    const char *path = gguf_path(m->gguf);
    h->layers = read_count(&r, "block_count", 0);
    h->width = read_count(&r, "embedding_length", 0);
    h->ff_width = read_count(&r, "feed_forward_length", 0);
    h->heads = read_count(&r, "attention.head_count", 0);
    h->kv_heads = read_count(&r, "attention.head_count_kv", h->heads);
    h->context = read_count(&r, "context_length", 0);
    h->dim_k =
        read_count(&r, "attention.key_length", h->width / h->heads ? h->width / h->heads : 1);
    h->dim_v = read_count(&r, "attention.value_length", h->dim_k);
    h->rope_pairs = read_count(&r, "rope.dimension_count", h->dim_k);
    h->norm_eps = read_positive(&r, "attention.layer_norm_rms_epsilon", 0);
    h->rope_base = read_positive(&r, "rope.freq_base", 10000);
    h->rope_scale = read_rope_scale(&r);
    refuse_unbuilt(&r);
    if (r.error) return r.error;
    if (h->heads % h->kv_heads)
        return engine_fail(EINVAL, "%s: %td attention heads are no multiple of %td KV heads", path,
                           h->heads, h->kv_heads);
    char key[KEY_BYTES];
    key_of(key, &r, "attention.key_length");
    if (!gguf_value(m->gguf, key) && h->width % h->heads)
        return engine_fail(EINVAL, "%s: embedding length %td is no multiple of %td heads", path,
                           h->width, h->heads);
    if (h->rope_pairs % 2 || h->rope_pairs > h->dim_k)
        return engine_fail(EINVAL, "%s: rope dimension %td must be even and at most %td (a head's)",
                           path, h->rope_pairs, h->dim_k);
    h->rope_pairs /= 2;
    if (h->context > INT32_MAX)
        return engine_fail(EINVAL, "%s: context length %td is beyond %d", path, h->context,
                           INT32_MAX);
    return 0;
}

static int find_architecture(struct model *m) {
    struct gguf_string name;
    char known[256] = "";
    const char *path = gguf_path(m->gguf);
    int error = gguf_text(m->gguf, "general.architecture", &name);
    if (error == -ENOENT)
        return engine_fail(EINVAL, "%s: metadata 'general.architecture' is missing", path);
    if (error) return error;
    m->architecture = architecture_find(name.data, name.bytes);
    if (m->architecture) return 0;
    for (size_t i = 0, n = 0; i < architecture_count() && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
                              architecture_at(i)->name);
    return engine_fail(ENOTSUP, "%s: architecture '%.*s' is unknown (known: %s)", path,
                       (int)(name.bytes < 64 ? name.bytes : 64), name.data, known);
}

static int read_vocabulary(struct model *m) {
    const struct gguf_tensor *t = gguf_tensor(m->gguf, "token_embd.weight");
    if (!t)
        return engine_fail(EINVAL, "%s: tensor 'token_embd.weight' is missing", gguf_path(m->gguf));
    if (t->dims[1] < 1 || t->dims[1] > INT32_MAX)
        return engine_fail(EINVAL, "%s: tensor 'token_embd.weight' has %llu rows",
                           gguf_path(m->gguf), (unsigned long long)t->dims[1]);
    m->h.vocabulary = (ptrdiff_t)t->dims[1];
    if (m->tokenizer && tokenizer_vocabulary(m->tokenizer) > t->dims[1])
        return engine_fail(EINVAL, "%s: %zu tokens, but tensor 'token_embd.weight' has %td rows",
                           gguf_path(m->gguf), tokenizer_vocabulary(m->tokenizer), m->h.vocabulary);
    return 0;
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
