// SPDX-License-Identifier: MIT
// logits: the logits behind chosen tokens, as CSV.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "experiments/evaluation.h"
#include "experiments/failure.h"
#include "experiments/input.h"
#include "experiments/output.h"

int verb_logits(const struct command *c);

// Marks the positions that words such as "first,7,last" name.
static int read_positions(const char *text, bool *wanted, size_t count) {
    for (const char *p = text;;) {
        const size_t bytes = strcspn(p, ",");
        char word[32], *end;
        snprintf(word, sizeof word, "%.*s", (int)bytes, p);
        if (!strcmp(word, "all")) {
            memset(wanted, 1, count);
        } else if (!strcmp(word, "first")) {
            wanted[0] = true;
        } else if (!strcmp(word, "middle")) {
            wanted[count / 2] = true;
        } else if (!strcmp(word, "last")) {
            wanted[count - 1] = true;
        } else {
            const unsigned long i = strtoul(word, &end, 10);
            if (*word < '0' || *word > '9' || *end)
                return fail(
                    EXIT_USAGE,
                    "logits: --positions %s: '%s' is none of first, middle, last, all or a number",
                    text, word);
            if (i >= count)
                return fail(EXIT_USAGE,
                            "logits: --positions %s: position %lu of %zu tokens (counted from 0)",
                            text, i, count);
            wanted[i] = true;
        }
        if (!p[bytes]) return 0;
        p += bytes + 1;
    }
}

static int print_row(const struct model *m, ptrdiff_t position, const float *logits) {
    for (ptrdiff_t t = 0; t < m->h.vocabulary; t++) {
        if (!isfinite(logits[t]))
            return fail(EXIT_FAILED, "%s: position %td: the logit of token %td is no finite number",
                        m->spec, position, t);
        printf("%td,%td,%.9g\n", position, t, (double)logits[t]);
    }
    return output_flush();
}

// Chunk by chunk, as a prompt is evaluated; logits only of chunks where some are wanted.
static int evaluate(struct context *x, const int32_t *tokens, size_t count, const bool *wanted) {
    const struct model *m = context_model(x);
    const size_t vocabulary = (size_t)m->h.vocabulary;
    size_t chunk = (size_t)context_plan(x)->max_tokens;
    if (chunk > count) chunk = count;
    float *logits = malloc(chunk * vocabulary * sizeof *logits);
    if (!logits) return fail(EXIT_FAILED, "no memory for the logits of %zu tokens", chunk);
    int rc = 0;
    for (size_t at = 0; at < count && !rc; at += chunk) {
        const size_t now = count - at < chunk ? count - at : chunk;
        const bool any = memchr(wanted + at, true, now) != NULL;
        if (context_eval_chunk(x, tokens + at, (ptrdiff_t)now, any ? OUTPUTS_all : OUTPUTS_none,
                               any ? logits : NULL))
            rc = fail(EXIT_FAILED, "%s", engine_error());
        if (!rc && at == 0)
            puts("position,token,logit"); // nothing is printed of tokens that are refused
        for (size_t i = 0; i < now && !rc; i++)
            if (wanted[at + i]) rc = print_row(m, (ptrdiff_t)(at + i), logits + i * vocabulary);
    }
    free(logits);
    return rc;
}

int verb_logits(const struct command *c) {
    struct evaluation e = {0};
    int32_t *tokens = NULL;
    bool *wanted = NULL;
    size_t count;
    int rc = input_tokens(c, &tokens, &count);
    if (rc) return rc;
    wanted = calloc(count, sizeof *wanted);
    rc = wanted ? read_positions(command_value(c, "--positions", "all"), wanted, count)
                : fail(EXIT_FAILED, "no memory for positions");
    if (!rc) rc = evaluation_open(&e, c, FORMAT_f32, 0);
    if (!rc) rc = evaluation_fits(&e, "--tokens", (ptrdiff_t)count);
    if (!rc) rc = evaluate(e.context, tokens, count, wanted);
    free(wanted);
    free(tokens);
    evaluation_close(&e);
    return rc;
}
