// SPDX-License-Identifier: MIT
#include "engine/perplexity.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"

// Logits of that many tokens at a time: a vocabulary of 128 K would need 130 MB for a window.
#define LOGITS_TOKENS 64

static double negative_log_probability(const float *logits, ptrdiff_t vocabulary, int32_t token) {
    double largest = logits[0], sum = 0;
    for (ptrdiff_t i = 1; i < vocabulary; i++)
        if (logits[i] > largest) largest = logits[i];
    for (ptrdiff_t i = 0; i < vocabulary; i++) sum += exp(logits[i] - largest);
    return log(sum) + largest - logits[token];
}

// Adds the scores of window[1..count); window[0] is the BOS.
static int score_window(struct context *c, const int32_t *window, ptrdiff_t count, float *logits,
                        double *nll) {
    ptrdiff_t vocabulary = context_model(c)->h.vocabulary;
    context_rewind(c, 0);
    // The last token of a window is scored, never evaluated.
    for (ptrdiff_t done = 0; done < count - 1;) {
        ptrdiff_t n = count - 1 - done < LOGITS_TOKENS ? count - 1 - done : LOGITS_TOKENS;
        int error = context_eval(c, window + done, n, OUTPUTS_all, logits);
        if (error) return error;
        for (ptrdiff_t t = 0; t < n; t++)
            *nll +=
                negative_log_probability(logits + t * vocabulary, vocabulary, window[done + t + 1]);
        done += n;
    }
    return 0;
}

int perplexity_of(struct perplexity *out, struct context *c, const int32_t *ids, size_t count,
                  int32_t bos, ptrdiff_t window, void (*progress)(double done)) {
    const char *path = gguf_path(context_model(c)->gguf);
    if (window < 2 || window - 1 > context_capacity(c))
        return engine_fail(EINVAL, "%s: a window of %td tokens in a context of %td", path, window,
                           context_capacity(c));
    const ptrdiff_t vocabulary = context_model(c)->h.vocabulary;
    for (size_t i = 0; i < count; i++) // context_eval never sees the last one of a window
        if (ids[i] < 0 || ids[i] >= vocabulary)
            return engine_fail(EINVAL, "%s: token %zu is %d, the vocabulary has %td", path, i,
                               ids[i], vocabulary);
    ptrdiff_t step = window - 1, windows = (ptrdiff_t)count / step;
    if (windows == 0)
        return engine_fail(EINVAL, "%s: the text has %zu tokens, a window needs %td", path, count,
                           step);
    float *logits = malloc((size_t)(LOGITS_TOKENS * vocabulary) * sizeof *logits);
    int32_t *tokens = malloc((size_t)window * sizeof *tokens);
    double nll = 0;
    int error = logits && tokens ? 0 : engine_fail(ENOMEM, "%s: no memory for logits", path);
    for (ptrdiff_t w = 0; w < windows && !error; w++) {
        tokens[0] = bos;
        memcpy(tokens + 1, ids + w * step, (size_t)step * sizeof *tokens);
        error = score_window(c, tokens, window, logits, &nll);
        if (progress) progress((double)(w + 1) / (double)windows);
    }
    free(tokens);
    free(logits);
    if (error) return error;
    out->tokens = windows * step;
    out->nll_per_token = nll / (double)out->tokens;
    out->perplexity = exp(out->nll_per_token);
    return 0;
}
