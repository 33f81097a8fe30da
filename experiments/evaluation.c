// SPDX-License-Identifier: MIT
#include "experiments/evaluation.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/error.h"
#include "experiments/failure.h"
#include "experiments/model_spec.h"
#include "probes/machine.h"

static int read_kernels(struct evaluation *e, const struct command *c) {
    const char *where = "--kernel", *text = command_value(c, "--kernel", NULL);
    char message[1024];
    if (!text) {
        where = "INFEROMETER_KERNEL";
        text = getenv(where);
    }
    if (!text || !*text) return 0;
    const int rc = kernel_rules_parse(&e->rules, text, message, sizeof message);
    return rc ? fail(rc, "%s: %s: %s", c->verb, where, message) : 0;
}

static int parse_cpus(const struct command *c, const char *list, int *cpus, int *count) {
    char message[1024];
    for (const char *p = list; *p; p++)
        if (*p == 'P' || *p == 'E')
            return fail(EXIT_USAGE,
                        "%s: --cpus %s: %c is not built yet; give CPU numbers, such as 0,2-3",
                        c->verb, list, *p);
    if (machine_parse_cpus(list, cpus, EVALUATION_CPUS_MAX, count, message, sizeof message))
        return fail(EXIT_USAGE, "%s: --cpus %s: %s", c->verb, list, message);
    return 0;
}

int evaluation_restrict(const struct command *c, char **argv) {
    const char *list = command_value(c, "--cpus", NULL);
    int cpus[EVALUATION_CPUS_MAX], count;
    cpu_set_t asked, now;
    if (!list) return 0;
    const int rc = parse_cpus(c, list, cpus, &count);
    if (rc) return rc;
    CPU_ZERO(&asked);
    for (int i = 0; i < count; i++) CPU_SET((size_t)cpus[i], &asked);
    if (sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&asked, &now)) return 0;
    if (sched_setaffinity(0, sizeof asked, &asked) == 0 &&
        sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&asked, &now))
        execv("/proc/self/exe", argv);
    return fail(EXIT_FAILED, "%s: --cpus %s: %s", c->verb, list, strerror(errno));
}

static int read_cpus(struct evaluation *e, const struct command *c, const char *list) {
    int count;
    const int rc = parse_cpus(c, list, e->cpus, &count);
    if (rc) return rc;
    if (!command_has(c, "-t")) e->threads = count;
    if (e->threads > count)
        return fail(EXIT_USAGE, "%s: -t %d: --cpus %s names %d CPUs", c->verb, e->threads, list,
                    count);
    e->pinned = true;
    return 0;
}

int evaluation_read(struct evaluation *e, const struct command *c, enum format kv) {
    long threads, context_tokens;
    const int *cpus;
    size_t cores;
    memset(e, 0, sizeof *e);
    const size_t cpu_count = machine_cpus(machine_facts(), &cpus, &cores);
    if (cores < 1) cores = 1;
    if (cores > EVALUATION_CPUS_MAX) cores = EVALUATION_CPUS_MAX;
    int rc = command_number(c, "-t", 1, EVALUATION_CPUS_MAX, (long)cores, &threads);
    if (!rc) rc = command_number(c, "--ctx", 1, 1L << 30, 0, &context_tokens);
    if (!rc) rc = read_kernels(e, c);
    if (rc) return rc;
    e->threads = (int)threads;
    e->context_tokens = context_tokens;
    e->kv = kv;
    const char *kv_name = command_value(c, "--kv", NULL);
    if (kv_name) e->kv = (enum format)format_find(kv_name);
    const char *list = command_value(c, "--cpus", NULL);
    if (list) return read_cpus(e, c, list);
    e->pinned = (size_t)e->threads <= cpu_count;
    if (e->pinned)
        memcpy(e->cpus, cpus, (size_t)e->threads * sizeof *cpus);
    else
        fprintf(stderr, "inferometer: %d threads on %zu CPUs: not pinned, and slow\n", e->threads,
                cpu_count);
    return 0;
}

void evaluation_options(const struct evaluation *e, ptrdiff_t max_tokens,
                        struct context_options *o) {
    *o = (struct context_options){
        .team = e->team,
        .context_tokens = e->context_tokens,
        .plan = {.max_tokens = max_tokens,
                 .kv = e->kv,
                 .act = -1,
                 .matmul_partition = -1,
                 .rules = &e->rules},
    };
}

int evaluation_open(struct evaluation *e, const struct command *c, enum format kv,
                    ptrdiff_t max_tokens) {
    const char *spec = command_value(c, "-m", NULL);
    if (!spec) spec = c->positional[0];
    int rc = evaluation_read(e, c, kv);
    if (!rc) rc = model_spec_check(c->verb, spec);
    if (rc) return rc;
    struct context_options o;
    if (model_open(&e->model, spec) == 0 &&
        team_open(&e->team, e->threads, e->pinned ? e->cpus : NULL) == 0) {
        evaluation_options(e, max_tokens, &o);
        if (context_open(&e->context, e->model, &o) == 0) return 0;
    }
    rc = fail(EXIT_FAILED, "%s", engine_error());
    evaluation_close(e);
    return rc;
}

void evaluation_close(struct evaluation *e) {
    if (e->context) context_close(e->context);
    if (e->team) team_close(e->team);
    if (e->model) model_close(e->model);
    e->context = NULL;
    e->team = NULL;
    e->model = NULL;
}

int evaluation_fits(const struct evaluation *e, const char *what, ptrdiff_t tokens) {
    const ptrdiff_t capacity = context_capacity(e->context);
    if (tokens <= capacity) return 0;
    return fail(EXIT_FAILED,
                "%s: %s: %td tokens do not fit into a context of %td; --ctx makes it larger",
                e->model->spec, what, tokens, capacity);
}
