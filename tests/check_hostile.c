// SPDX-License-Identifier: MIT
// Models that lie: each row of tests/hostile.csv makes one of a good model, and it is refused with
// one line that names file, field and offset, without a crash, a hang, or memory for what it
// claims. Stages: model (model_open refuses), context=N (it opens; a context of N tokens is
// refused), check (gguf_check_weights refuses), evaluate (nothing is wrong: with the variants of
// this machine the logits are finite and those of the reference kernels). ';' in messages is a
// comma, '*' any digits, \n in edits a newline.
#include <math.h>
#include <sys/resource.h>

#include "engine/context.h"
#include "engine/gguf_check.h"
#include "tests/case.h"
#include "tests/hostile/hostile.h"

struct row {
    char *name, *format, *edits, *stage, *message;
};
#define ROWS_MAX 256
#define SECONDS_MAX 20
#define MEMORY_MAX ((rlim_t)1 << 30)

static char good_path[PATH_MAX + 32], hostile_path[PATH_MAX + 32];

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static int expect_refusal(int error, const struct row *row) {
    if (error == 0) return case_fail("was accepted, expected '%s'", row->message);
    if (hostile_says(engine_error(), hostile_path, row->message)) return 0;
    return case_fail("said '%s', expected the path and '%s'", engine_error(), row->message);
}

static int check_context(const struct model *m, const struct row *row) {
    struct team *team;
    struct context *c;
    EXPECT(team_open(&team, 1, NULL) == 0);
    const struct context_options o = {
        .team = team,
        .context_tokens = (ptrdiff_t)strtoll(row->stage + 8, NULL, 10),
        .plan = {.kv = FORMAT_f32, .act = -1, .matmul_partition = -1}};
    const int error = context_open(&c, m, &o);
    const int rc = expect_refusal(error, row);
    context_close(c);
    team_close(team);
    return rc;
}

// Logits behind all tokens of a short text.
static int logits_of(const struct model *m, const char *rules_text, float *logits) {
    struct kernel_rules rules = {0};
    struct team *team;
    struct context *c;
    int32_t ids[3] = {0, 0, 0}, *text_ids = NULL;
    size_t count = 0;
    char message[256];
    EXPECT(kernel_rules_parse(&rules, rules_text, message, sizeof message) == 0);
    if (m->tokenizer)
        EXPECT(tokenizer_encode(m->tokenizer, "aab", 3, true, true, &text_ids, &count) == 0);
    for (size_t i = 0; i < 3 && i < count; i++) ids[i] = text_ids[i];
    free(text_ids);
    EXPECT(team_open(&team, 1, NULL) == 0);
    const struct context_options o = {
        .team = team,
        .context_tokens = m->h.context < 64 ? 0 : 64,
        .plan = {.kv = FORMAT_f32, .act = FORMAT_f32, .matmul_partition = -1, .rules = &rules}};
    EXPECT(context_open(&c, m, &o) == 0);
    const ptrdiff_t n = m->h.context < 3 ? m->h.context : 3;
    EXPECT(context_eval(c, ids, n, OUTPUTS_last, logits) == 0);
    context_close(c);
    team_close(team);
    return 0;
}

static int check_evaluates(const struct model *m) {
    const size_t count = (size_t)m->h.vocabulary;
    float *fast = calloc(2 * count, sizeof *fast), *reference = fast + count;
    if (!fast) return case_fail("no memory");
    int rc = logits_of(m, "*=default", fast);
    if (!rc) rc = logits_of(m, "*=c", reference);
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)reference[i]));
    for (size_t i = 0; i < count && !rc; i++) {
        const double apart = fabs((double)fast[i] - (double)reference[i]);
        if (!(apart <= 1e-4 * largest))
            rc = case_fail("logit %zu is %g, of the reference kernels %g", i, (double)fast[i],
                           (double)reference[i]);
    }
    free(fast);
    return rc;
}

static int check_row(const void *argument) {
    const struct row *row = argument;
    struct model *m = NULL;
    uint64_t values;
    alarm(SECONDS_MAX); // a file that hangs the reader fails its case
    EXPECT(hostile_write_good(good_path, (enum format)format_find(row->format)) == 0);
    if (hostile_rewrite(hostile_path, good_path, row->edits)) return 1;
    const int error = model_open(&m, hostile_path);
    if (strcmp(row->stage, "model") == 0) {
        const int rc = expect_refusal(error, row);
        return rc ? rc : m != NULL;
    }
    EXPECT(error == 0);
    int rc = 1;
    if (strncmp(row->stage, "context=", 8) == 0)
        rc = check_context(m, row);
    else if (strcmp(row->stage, "check") == 0)
        rc = expect_refusal(gguf_check_weights(m->gguf, &values), row);
    else if (strcmp(row->stage, "evaluate") == 0)
        rc = gguf_check_weights(m->gguf, &values) ? case_fail("%s", engine_error())
                                                  : check_evaluates(m);
    else
        case_fail("no stage '%s'", row->stage);
    model_close(m);
    return rc;
}

// \n as a newline, in place.
static void unescape(char *text) {
    char *to = text;
    for (const char *from = text; *from; from++) {
        const bool newline = from[0] == '\\' && from[1] == 'n';
        *to++ = newline ? '\n' : *from;
        from += newline;
    }
    *to = '\0';
}

int main(int argc, char **argv) {
    static struct row rows[ROWS_MAX];
    static struct test_case cases[ROWS_MAX];
    size_t count = 0;
    const char *directory = case_make_directory();
    snprintf(good_path, sizeof good_path, "%s/good.gguf", directory);
    snprintf(hostile_path, sizeof hostile_path, "%s/hostile.gguf", directory);
    char *path = case_tree_path("tests/hostile.csv"), *table = case_read_text(path), *rest = table;
#ifndef __SANITIZE_ADDRESS__ // what is allocated because a file claims it fails here
    const struct rlimit limit = {MEMORY_MAX, MEMORY_MAX};
    setrlimit(RLIMIT_AS, &limit);
#endif
    (void)strsep(&rest, "\n"); // the header
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line;) {
        if (count == ROWS_MAX) return case_fail("%s: more than %d rows", path, ROWS_MAX);
        struct row *row = &rows[count];
        row->name = strsep(&line, ",");
        row->format = strsep(&line, ",");
        row->edits = strsep(&line, ",");
        row->stage = strsep(&line, ",");
        row->message = line;
        if (!row->message || (!*row->message && strcmp(row->stage, "evaluate") != 0))
            return case_fail("%s: bad row '%s'", path, row->name);
        for (char *c = row->message; *c; c++)
            if (*c == ';') *c = ',';
        unescape(row->edits);
        cases[count++] = (struct test_case){row->name, check_row, row};
    }
    const int rc = case_main(argc, argv, cases, count);
    free(path);
    free(table);
    return rc;
}
