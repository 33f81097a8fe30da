// SPDX-License-Identifier: MIT
#include "experiments/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "experiments/failure.h"
#include "experiments/random.h"

static int read_text(char **text, size_t *bytes) {
    char *directory = NULL, path[4096];
    if (source_data_dir(&directory) != 0) return fail(EXIT_FAILED, "%s", engine_error());
    snprintf(path, sizeof path, "%s/engine/embedded/heldout.txt", directory);
    free(directory);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return fail(EXIT_FAILED, "%s: %s (the text of `prompt text`)", path, strerror(errno));
    *text = malloc(1 << 20);
    *bytes = *text != NULL ? fread(*text, 1, 1 << 20, f) : 0;
    fclose(f);
    return *bytes > 0 ? 0 : fail(EXIT_FAILED, "%s: empty", path);
}

static int text_tokens(const struct model *m, int32_t *tokens, size_t count) {
    if (m->tokenizer == NULL)
        return fail(EXIT_FAILED, "%s: has no tokenizer; use `prompt random`", m->spec);
    char *text = NULL;
    size_t bytes = 0, have = 0;
    int32_t *ids = NULL;
    int status = read_text(&text, &bytes);
    if (status == 0 && tokenizer_encode(m->tokenizer, text, bytes, true, false, &ids, &have) != 0)
        status = fail(EXIT_FAILED, "%s", engine_error());
    // A text shorter than the prompt begins again; 8192 tokens of 84 kB do not get there.
    for (size_t i = 0; status == 0 && i < count; i++) tokens[i] = ids[i % have];
    free(ids);
    free(text);
    return status;
}

int prompt_tokens(const struct model *m, const char *kind, uint64_t seed, int32_t *tokens,
                  size_t count) {
    if (strcmp(kind, "text") == 0) return text_tokens(m, tokens, count);
    struct random r = random_seeded(seed);
    uint64_t one = random_below(&r, (uint64_t)m->h.vocabulary);
    for (size_t i = 0; i < count; i++)
        tokens[i] =
            (int32_t)(strcmp(kind, "repeat") == 0 ? one
                                                  : random_below(&r, (uint64_t)m->h.vocabulary));
    return 0;
}
