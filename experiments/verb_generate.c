// SPDX-License-Identifier: MIT
// generate: continues a text greedily and prints the continuation as it comes.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/error.h"
#include "experiments/evaluation.h"
#include "experiments/failure.h"
#include "experiments/input.h"
#include "experiments/output.h"
#include "experiments/utf8.h"
#include "probes/ledger.h"

int verb_generate(const struct command *c);

struct generation {
    struct evaluation e;
    int32_t *prompt;
    size_t prompt_count;
    long n; // tokens to make at most
    bool ids;
    float *logits; // [vocabulary]
    struct utf8_stream text;
    long made;                                    // tokens printed
    bool ended;                                   // the model said so
    double opened_s, started_s, first_s, ended_s; // clock: before opening, before the prompt, …
    double cpu_started_s, cpu_ended_s;
};

static double clock_s(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int read_prompt(struct generation *g, const struct command *c) {
    if (command_has(c, "--tokens")) return input_tokens(c, &g->prompt, &g->prompt_count);
    const struct tokenizer *t = g->e.model->tokenizer;
    if (!t)
        return fail(EXIT_FAILED, "%s: has no tokenizer: give the prompt as --tokens, with --ids",
                    g->e.model->spec);
    char *text;
    size_t bytes;
    int rc = input_text(c, &text, &bytes);
    if (rc) return rc;
    if (tokenizer_encode(t, text, bytes, tokenizer_adds_bos(t), false, &g->prompt,
                         &g->prompt_count))
        rc = fail(EXIT_FAILED, "%s", engine_error());
    else if (g->prompt_count == 0)
        rc = fail(EXIT_FAILED, "%s: the prompt is empty and the model asks for no BOS",
                  g->e.model->spec);
    free(text);
    return rc;
}

// Prompt and continuation must fit; the last token made is never evaluated.
static int check_room(struct generation *g, const struct command *c) {
    const ptrdiff_t prompt = (ptrdiff_t)g->prompt_count;
    int rc = evaluation_fits(&g->e, "the prompt", prompt);
    if (rc) return rc;
    const long room = (long)(context_capacity(g->e.context) - prompt) + 1;
    if (g->n > room && command_has(c, "-n"))
        return evaluation_fits(&g->e, "the prompt and -n", prompt + g->n - 1);
    if (g->n > room) g->n = room;
    return 0;
}

static int print_token(struct generation *g, int32_t id) {
    char piece[4096];
    if (g->ids) {
        printf("%s%" PRId32, g->made ? " " : "", id);
        return output_flush();
    }
    const int bytes = tokenizer_piece(g->e.model->tokenizer, id, piece, sizeof piece);
    if (bytes < 0) return fail(EXIT_FAILED, "%s", engine_error());
    utf8_write(&g->text, piece, (size_t)bytes, stdout);
    return output_flush();
}

static int decode(struct generation *g) {
    struct context *x = g->e.context;
    const struct tokenizer *t = g->e.model->tokenizer;
    const ptrdiff_t vocabulary = g->e.model->h.vocabulary;
    g->cpu_started_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    g->started_s = clock_s(CLOCK_MONOTONIC);
    const int32_t *tokens = g->prompt;
    ptrdiff_t count = (ptrdiff_t)g->prompt_count;
    int32_t id;
    while (g->made < g->n) {
        if (context_eval(x, tokens, count, OUTPUTS_last, g->logits))
            return fail(EXIT_FAILED, "%s", engine_error());
        id = context_argmax(g->logits, vocabulary);
        if (g->first_s == 0) g->first_s = clock_s(CLOCK_MONOTONIC);
        g->ended_s = clock_s(CLOCK_MONOTONIC);
        g->cpu_ended_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
        if (t && tokenizer_is_end(t, id)) {
            g->ended = true;
            break;
        }
        const int rc = print_token(g, id);
        if (rc) return rc;
        g->made++;
        tokens = &id;
        count = 1;
    }
    if (!g->ids) utf8_end(&g->text, stdout);
    if (g->ids || isatty(STDOUT_FILENO)) putchar('\n');
    return output_flush();
}

static void print_stats(const struct generation *g) {
    struct ledger_reading use; // its peak is this program's own; getrusage's outlives exec
    ledger_read(&use);
    const double wall = g->ended_s - g->started_s, prompt = g->first_s - g->started_s;
    const double mib = 1024 * 1024;
    const long evaluated = g->made - !g->ended; // tokens that were decoded after the first
    fprintf(stderr, "prompt       %zu tokens, %.1f tok/s\n", g->prompt_count,
            (double)g->prompt_count / prompt);
    fprintf(stderr, "decode       %ld tokens", g->made);
    if (evaluated > 0)
        fprintf(stderr, ", %.1f tok/s", (double)evaluated / (g->ended_s - g->first_s));
    fprintf(stderr, "%s\n", g->ended ? ", ended by the model" : "");
    fprintf(stderr, "first token  %.1f ms from the prompt's start; start to first step %.1f ms\n",
            1e3 * prompt, 1e3 * (g->started_s - g->opened_s));
    fprintf(stderr, "peak RSS     %.1f MiB (weights %.1f MiB mapped, KV %.1f MiB reserved)\n",
            use.peak_rss_bytes / mib, (double)g->e.model->weight_bytes / mib,
            (double)context_kv_bytes(g->e.context) / mib);
    fprintf(stderr, "CPU          %.0f %% of one CPU, %d threads\n",
            100 * (g->cpu_ended_s - g->cpu_started_s) / wall, g->e.threads);
}

int verb_generate(const struct command *c) {
    struct generation g = {.ids = command_has(c, "--ids"), .opened_s = clock_s(CLOCK_MONOTONIC)};
    bool any;
    int rc = input_check(c, &any);
    if (!rc) rc = command_number(c, "-n", 1, 1L << 30, 64, &g.n);
    if (!rc) rc = evaluation_open(&g.e, c, FORMAT_f16, 0);
    if (rc) return rc;
    if (!g.ids && !g.e.model->tokenizer) {
        rc = fail(EXIT_FAILED, "%s: has no tokenizer: only --ids can be printed", g.e.model->spec);
        goto out;
    }
    rc = read_prompt(&g, c);
    if (!rc) rc = check_room(&g, c);
    if (rc) goto out;
    g.logits = malloc((size_t)g.e.model->h.vocabulary * sizeof *g.logits);
    rc = g.logits ? decode(&g) : fail(EXIT_FAILED, "no memory for logits");
    if (!rc && command_has(c, "--stats")) print_stats(&g);
out:
    free(g.logits);
    free(g.prompt);
    evaluation_close(&g.e);
    return rc;
}
