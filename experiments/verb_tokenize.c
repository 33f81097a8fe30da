// SPDX-License-Identifier: MIT
// tokenize and detokenize: text to tokens and back; only the file's metadata is read.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/model.h"
#include "experiments/failure.h"
#include "experiments/input.h"
#include "experiments/model_spec.h"
#include "experiments/output.h"

int verb_tokenize(const struct command *c);
int verb_detokenize(const struct command *c);

struct vocabulary { // a file that is opened for its tokenizer alone
    struct gguf *gguf;
    struct tokenizer *tokenizer;
    char *path;
};

static void vocabulary_close(struct vocabulary *v) {
    if (v->tokenizer) tokenizer_close(v->tokenizer);
    if (v->gguf) gguf_close(v->gguf);
    free(v->path);
    *v = (struct vocabulary){0};
}

static int vocabulary_open(struct vocabulary *v, const struct command *c) {
    const char *spec = command_value(c, "-m", "");
    *v = (struct vocabulary){0};
    int rc = model_spec_check(c->verb, spec);
    if (rc) return rc;
    if (source_path(spec, &v->path) || gguf_open(&v->gguf, v->path) ||
        tokenizer_open(&v->tokenizer, v->gguf))
        rc = fail(EXIT_FAILED, "%s", engine_error());
    else if (!v->tokenizer)
        rc = fail(EXIT_FAILED, "%s: has no tokenizer (no tokenizer.ggml.model)", v->path);
    if (rc) vocabulary_close(v);
    return rc;
}

static int print_tokens(const struct vocabulary *v, const int32_t *ids, size_t count, bool pieces) {
    for (size_t i = 0; i < count; i++) {
        if (i) putchar(' ');
        if (pieces) {
            const struct gguf_string s = tokenizer_spelling(v->tokenizer, ids[i]);
            fwrite(s.data, 1, s.bytes, stdout);
        } else {
            printf("%" PRId32, ids[i]);
        }
    }
    putchar('\n');
    return output_flush();
}

int verb_tokenize(const struct command *c) {
    struct vocabulary v;
    char *text = NULL;
    int32_t *ids = NULL;
    size_t bytes, count;
    bool any;
    int rc = input_check(c, &any);
    if (!rc && !any) rc = fail(EXIT_USAGE, "tokenize: needs a text: -p TEXT, -f FILE or --stdin");
    if (!rc) rc = vocabulary_open(&v, c);
    if (rc) return rc;
    rc = input_text(c, &text, &bytes);
    if (rc) goto out;
    const bool bos = !command_has(c, "--no-bos") && tokenizer_adds_bos(v.tokenizer);
    if (tokenizer_encode(v.tokenizer, text, bytes, bos, command_has(c, "--special"), &ids, &count))
        rc = fail(EXIT_FAILED, "%s", engine_error());
    else
        rc = print_tokens(&v, ids, count, command_has(c, "--pieces"));
out:
    free(ids);
    free(text);
    vocabulary_close(&v);
    return rc;
}

int verb_detokenize(const struct command *c) {
    struct vocabulary v;
    int32_t *ids;
    char *text = NULL;
    size_t count, bytes;
    int rc = input_tokens(c, &ids, &count);
    if (rc) return rc;
    rc = vocabulary_open(&v, c);
    if (rc) {
        free(ids);
        return rc;
    }
    if (tokenizer_decode(v.tokenizer, ids, count, &text, &bytes)) {
        rc = fail(EXIT_FAILED, "%s", engine_error());
    } else {
        fwrite(text, 1, bytes, stdout);
        if (isatty(STDOUT_FILENO)) putchar('\n');
        rc = output_flush();
    }
    free(text);
    free(ids);
    vocabulary_close(&v);
    return rc;
}
