// SPDX-License-Identifier: MIT
// perplexity: how well a model predicts a text; one line, perplexity,nll,tokens.
#include <stdio.h>
#include <stdlib.h>

#include "engine/error.h"
#include "engine/perplexity.h"
#include "experiments/evaluation.h"
#include "experiments/failure.h"
#include "experiments/input.h"
#include "experiments/output.h"
#include "experiments/progress.h"

int verb_perplexity(const struct command *c);

static struct progress bar; // the engine's callback carries no argument

static void show(double done) {
    progress_show(&bar, done);
}

static int evaluate(const struct evaluation *e, const char *path) {
    const struct tokenizer *t = e->model->tokenizer;
    char *text = NULL;
    int32_t *ids = NULL;
    size_t bytes, count;
    struct perplexity p;
    int rc = t ? input_file(path, &text, &bytes)
               : fail(EXIT_FAILED, "%s: has no tokenizer", e->model->spec);
    if (rc) return rc;
    if (tokenizer_bos(t) < 0) {
        rc = fail(EXIT_FAILED, "%s: has no BOS token to begin a window with", e->model->spec);
    } else if (tokenizer_encode(t, text, bytes, false, false, &ids, &count)) {
        rc = fail(EXIT_FAILED, "%s", engine_error());
    } else {
        progress_start(&bar, "perplexity");
        if (perplexity_of(&p, e->context, ids, count, tokenizer_bos(t),
                          context_capacity(e->context), show))
            rc = fail(EXIT_FAILED, "%s: %s", path, engine_error());
        progress_end(&bar);
    }
    free(ids);
    free(text);
    if (rc) return rc;
    printf("%.9g,%.9g,%td\n", p.perplexity, p.nll_per_token, p.tokens);
    return output_flush();
}

int verb_perplexity(const struct command *c) {
    struct evaluation e;
    int rc = evaluation_open(&e, c, FORMAT_f16, 0);
    if (rc) return rc;
    rc = evaluate(&e, command_value(c, "-f", ""));
    evaluation_close(&e);
    return rc;
}
