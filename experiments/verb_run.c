// SPDX-License-Identifier: MIT
// The verbs `run` and, inside it, `block`.
#include "experiments/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/error.h"
#include "engine/model.h"
#include "experiments/catalog.h"
#include "experiments/command.h"
#include "experiments/evaluation.h"
#include "experiments/failure.h"
#include "experiments/verdicts.h"
#include "probes/environment.h"
#include "probes/machine.h"

_Static_assert(FLAG_VALUES_MAX + 2 <= DRIVER_OVERRIDES_MAX, "every flag may be a --set");

// --set as given; -t and --kv are short for two of them. texts: room for those.
static size_t collect_overrides(const struct command *c, const char **overrides,
                                char texts[2][64]) {
    size_t count = 0;
    if (command_has(c, "-t")) {
        snprintf(texts[0], sizeof texts[0], "threads=%s", command_value(c, "-t", ""));
        overrides[count++] = texts[0];
    }
    if (command_has(c, "--kv")) {
        snprintf(texts[1], sizeof texts[1], "kv=%s", command_value(c, "--kv", ""));
        overrides[count++] = texts[1];
    }
    for (size_t i = 0; i < c->flag_count; i++)
        if (strcmp(c->flags[i].flag, "--set") == 0) overrides[count++] = c->flags[i].value;
    return count;
}

// Prints what a run would do: points, arms, samples, time and size.
static int dry_run(const struct protocol *p, const struct driver_options *o) {
    struct estimate e;
    struct kernel_schedule schedule = {0};
    int status = driver_check(p, o->context_tokens);
    if (status == 0) status = estimate_run(p, -1, &schedule, &e);
    if (status != 0) return status;
    printf("%s, version %d: %d blocks, each case of a block in a fresh process\n", p->stem,
           p->version, p->blocks);
    for (size_t i = 0; i < p->case_count; i++) {
        const struct protocol_case *c = &p->cases[i];
        printf("case %s: %zu points, arms", c->name, c->point_count);
        for (size_t j = 0; j < c->arm_count; j++) printf(" %s", c->arms[j].name);
        printf("\n");
        for (size_t j = 0; j < c->point_count; j++) {
            const struct slice_plan *plan = kernel_schedule_plan(&schedule, p, i, j);
            printf("  %s", c->points[j].id);
            if (plan->units > 0) // a kernel: how it is cut
                printf("%sslices of %td units, %d there and back", c->points[j].id[0] ? ": " : "",
                       plan->units, plan->quads);
            printf("\n");
        }
    }
    kernel_schedule_free(&schedule);
    printf("about %.0f s, %zu samples, %.1f MB\n", e.seconds, e.samples, e.bytes / 1e6);
    return 0;
}

// On standard error: the run's directory is the one line of standard output.
static void show_verdicts(const struct protocol *p, const char *run_path) {
    char path[4200];
    struct csv_table summary = {0};
    snprintf(path, sizeof path, "%s/summary.csv", run_path);
    if (csv_read(&summary, path) == 0) verdicts_print(stderr, p, &summary);
    csv_free(&summary);
}

static int run_one(const char *name, struct driver_options *o, bool dry) {
    struct protocol *p = NULL;
    char *path = NULL;
    int status = protocol_read(&p, name, o->overrides, o->override_count);
    if (status != 0) return status;
    status = dry ? dry_run(p, o) : driver_execute(p, o, &path);
    if (status == 0 && !dry) {
        show_verdicts(p, path);
        printf("%s\n", path);
    }
    free(path);
    protocol_free(p);
    return status;
}

static int run_all(struct driver_options *o, bool dry) {
    char **paths = NULL;
    size_t count = 0;
    int status = catalog_protocols(&paths, &count);
    if (status == 0 && count == 0) status = fail(EXIT_FAILED, "protocols/: no protocols");
    for (size_t i = 0; status == 0 && i < count; i++) status = run_one(paths[i], o, dry);
    catalog_free(paths, count);
    return status;
}

// --kernel reaches the blocks as INFEROMETER_KERNEL: the rules that those of an arm stand upon.
static void share_kernel_rules(const struct command *c) {
    const char *text = command_value(c, "--kernel", NULL);
    if (text != NULL) setenv("INFEROMETER_KERNEL", text, 1);
}

// What a careful person would fix first, in one line each; nothing is changed.
static void show_warnings(void) {
    struct environment e;
    struct environment_line lines[ENVIRONMENT_MAX];
    environment_read(&e, machine_facts());
    const size_t count = environment_judge(&e, lines);
    for (size_t i = 0; i < count; i++) fprintf(stderr, "inferometer: %s\n", lines[i].text);
}

int driver_run(const struct command *c) {
    struct evaluation e;
    const char *overrides[DRIVER_OVERRIDES_MAX];
    char *results = NULL, texts[2][64];
    struct driver_options o = {.overrides = overrides, .large_allowed = command_has(c, "--yes")};
    o.override_count = collect_overrides(c, overrides, texts);
    int status = evaluation_restrict(c, c->argv);
    if (status == 0) status = evaluation_read(&e, c, FORMAT_f16);
    if (status != 0) return status;
    share_kernel_rules(c);
    o.context_tokens = e.context_tokens;
    if (c->positional_count != 1) return fail(EXIT_USAGE, "run takes one protocol (or `all`)");
    bool dry = command_has(c, "--dry-run"), all = strcmp(c->positional[0], "all") == 0;
    if ((status = catalog_output_dir("results", "results", &results)) != 0) return status;
    o.out_root = command_value(c, "--out", results);
    if (!dry) show_warnings();
    status = all ? run_all(&o, dry) : run_one(c->positional[0], &o, dry);
    free(results);
    return status;
}

// inferometer block PROTOCOL CASE BLOCK DIRECTORY FIRST_KEY --canary-fd N [--set …]: see block.c.
int driver_block(const struct command *c) {
    const char *overrides[DRIVER_OVERRIDES_MAX];
    char texts[2][64];
    size_t override_count = collect_overrides(c, overrides, texts);
    struct protocol *p = NULL;
    if (c->positional_count != 5) return fail(EXIT_USAGE, "block is started by run");
    int status = protocol_read(&p, c->positional[0], overrides, override_count);
    if (status != 0) return status;
    long index = strtol(c->positional[1], NULL, 10), block = strtol(c->positional[2], NULL, 10);
    if (index < 0 || (size_t)index >= p->case_count)
        status = fail(EXIT_USAGE, "%s: has no case %ld", p->path, index);
    struct slice_plan *plans = NULL;
    const char *slices = command_value(c, "--slices", NULL);
    if (status == 0 && slices != NULL) {
        const size_t count = p->cases[index].point_count;
        if ((plans = calloc(count, sizeof *plans)) == NULL)
            status = fail(EXIT_FAILED, "out of memory for a schedule");
        else
            status = kernel_schedule_read(slices, count, plans);
    }
    if (status == 0)
        status = block_run(p, (size_t)index, (int)block, c->positional[3],
                           strtoll(c->positional[4], NULL, 10),
                           (int)strtol(command_value(c, "--canary-fd", "-1"), NULL, 10), plans);
    free(plans);
    protocol_free(p);
    return status;
}
