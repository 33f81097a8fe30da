// SPDX-License-Identifier: MIT
#include "experiments/simulate.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/child.h"
#include "experiments/failure.h"

#define STALE_SECONDS 3600 // a build of the other architecture that is so much older than this one

static const struct {
    struct sim_event_info info;
    bool stepped;
    double overhead[ARCH_aarch64 + 1];
} events[SIM_EVENT_COUNT] = {
#define SIM_EVENT(name, stepped, x86_64, aarch64, meaning)                                         \
    {{#name, meaning}, stepped, {0, x86_64, aarch64}},
#include "experiments/sim_events.def"
#undef SIM_EVENT
};

const struct sim_event_info *sim_event_info(enum sim_event e) {
    return &events[e].info;
}

enum arch sim_host_arch(void) {
#if defined(__aarch64__)
    return ARCH_aarch64;
#else
    return ARCH_x86_64;
#endif
}

static const char *arch_word(enum arch a) {
    return a == ARCH_aarch64 ? "aarch64" : "x86_64";
}

// The first of these, seen from the directory of this program, that is there.
static char *beside_program(const char *const *relative) {
    char exe[PATH_MAX], path[2 * PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) return NULL;
    exe[n] = '\0';
    const char *directory = dirname(exe);
    for (; *relative != NULL; relative++) {
        snprintf(path, sizeof path, "%s/%s", directory, *relative);
        if (access(path, R_OK) == 0) return realpath(path, NULL);
    }
    return NULL;
}

char *sim_binary(enum arch arch, const char **why) {
    // From the program itself, and from a test program one directory below.
    static const char *const own[] = {"inferometer", "../inferometer", NULL};
    static const char *const aarch64[] = {"../aarch64/inferometer", "../../aarch64/inferometer",
                                          NULL};
    static const char *const x86_64[] = {"../x86_64/inferometer", "../../x86_64/inferometer", NULL};
    char *path = beside_program(arch == sim_host_arch() ? own
                                : arch == ARCH_aarch64  ? aarch64
                                                        : x86_64);
    struct stat there, here;
    static bool told;
    if (path != NULL && arch != sim_host_arch() && !told && stat(path, &there) == 0 &&
        stat("/proc/self/exe", &here) == 0 && there.st_mtime + STALE_SECONDS < here.st_mtime) {
        fprintf(stderr, "inferometer: %s is older than this program: is it of the same sources?\n",
                path);
        told = true;
    }
    if (path == NULL)
        *why = arch == ARCH_aarch64
                   ? "no AArch64 build beside this one: make CROSS=aarch64-linux-gnu- (with "
                     "gcc-aarch64-linux-gnu and libc6-dev-arm64-cross)"
                   : "no x86-64 build beside this one: make CROSS=x86_64-linux-gnu-";
    return path;
}

char *sim_plugin(void) {
    static const char *const places[] = {"inferometer_qemu.so", "../inferometer_qemu.so",
                                         "../lib/inferometer/inferometer_qemu.so", NULL};
    return beside_program(places);
}

char *sim_qemu(enum arch arch, char version[32], const char **why) {
    char *path = child_program(arch == ARCH_aarch64 ? "qemu-aarch64" : "qemu-x86_64");
    char *out = NULL, *err = NULL;
    int status;
    *version = '\0';
    if (path == NULL) {
        *why = arch == ARCH_aarch64 ? "no qemu-aarch64: apt-get install qemu-user"
                                    : "no qemu-x86_64: apt-get install qemu-user";
        return NULL;
    }
    char *const argv[] = {path, (char[]){"--version"}, NULL};
    if (child_run(argv, NULL, &status, &out, &err) == 0) {
        const char *at = strstr(out, "version ");
        if (at != NULL) sscanf(at, "version %31[0-9.]", version);
        free(out);
        free(err);
    }
    return path;
}

// ---- one region
struct job {
    const struct sim_request *request;
    struct sim_counts *counts;
    struct child child;
    bool stepping;
};
struct tools { // found once a call of simulate
    char *binary[ARCH_aarch64 + 1], *qemu[ARCH_aarch64 + 1], *plugin;
    const char *no_binary[ARCH_aarch64 + 1], *no_qemu[ARCH_aarch64 + 1];
    char version[ARCH_aarch64 + 1][32];
};

static void unsupported(struct sim_counts *c, const char *why) {
    c->ok = false;
    snprintf(c->message, sizeof c->message, "%.*s", (int)strcspn(why, "\n"), why);
}

// What qemu-user 7.2 executes of x86-64; of AArch64 all that we have (-cpu max).
static bool qemu_executes(const struct kernel *k) {
    return k->arch != ARCH_x86_64 || k->isa == ISA_c || k->isa == ISA_avx2;
}

static int start(struct job *j, const struct tools *t) {
    const struct sim_request *r = j->request;
    struct sim_counts *c = j->counts;
    const struct kernel *k = r->kernel;
    char spec[256], options[PATH_MAX + 128];
    const enum arch arch = r->arch == ARCH_any ? sim_host_arch() : r->arch;
    if (k->arch != ARCH_any && k->arch != arch) {
        unsupported(c, "is for another architecture");
        return 0;
    }
    j->stepping = r->tool == SIM_TOOL_step || (r->tool == SIM_TOOL_any && !qemu_executes(k));
    if (t->binary[arch] == NULL) {
        unsupported(c, t->no_binary[arch]);
        return 0;
    }
    if (!j->stepping && t->qemu[arch] == NULL) {
        unsupported(c, t->no_qemu[arch]);
        return 0;
    }
    if (!j->stepping && t->plugin == NULL) {
        unsupported(c, "no inferometer_qemu.so beside the program: make builds it");
        return 0;
    }
    if (j->stepping && arch != sim_host_arch()) {
        unsupported(c, "no simulator here executes it, and it is not this machine's");
        return 0;
    }
    if (j->stepping)
        snprintf(c->encoding, sizeof c->encoding, "single-step%s",
                 k->isa == ISA_avxvnni && !isa_has(ISA_avxvnni) ? ", AVX-VNNI in software" : "");
    else
        snprintf(c->encoding, sizeof c->encoding, "qemu-%s %s", arch_word(arch), t->version[arch]);
    snprintf(spec, sizeof spec, "%s=%s:%s", op_info(k->op)->name, k->variant, r->shape);
    snprintf(options, sizeof options, "%s,fd=1,l1=" SIM_L1 ",l2=" SIM_L2 ",cold=on,blocks=on",
             t->plugin != NULL ? t->plugin : "");
    char *const under_qemu[] = {t->qemu[arch],   "-cpu",   "max", "-plugin", options,
                                t->binary[arch], "region", spec,  NULL};
    char *const alone[] = {t->binary[arch], "region", spec, "--step", NULL};
    return child_start(&j->child, j->stepping ? alone : under_qemu, NULL, true);
}

static int event_find(const char *name) {
    for (int e = 0; e < SIM_EVENT_COUNT; e++)
        if (strcmp(events[e].info.name, name) == 0) return e;
    return -1;
}

// entry, count and block rows.
static int read_rows(const char *text, struct sim_counts *c) {
    uint64_t entry = 0;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        char name[64];
        uint64_t value, first, end, instructions, executions;
        if (sscanf(line, "entry,%63[a-z0-9_],%" SCNu64, name, &value) == 2) {
            entry = value;
        } else if (sscanf(line, "count,0,0,%63[a-z0-9_],%" SCNu64, name, &value) == 2) {
            const int e = event_find(name);
            if (strcmp(name, "calls") == 0) c->calls = value;
            if (e >= 0) c->raw[e] = (double)value;
        } else if (sscanf(line, "block,%" SCNu64 ",%" SCNu64 ",%" SCNu64 ",%" SCNu64, &first, &end,
                          &instructions, &executions) == 4 &&
                   entry != 0) {
            if ((c->block_count & (c->block_count - 1)) == 0) {
                void *more = realloc(c->blocks,
                                     (c->block_count ? 2 * c->block_count : 1) * sizeof *c->blocks);
                if (more == NULL) return fail(EXIT_FAILED, "out of memory for counts");
                c->blocks = more;
            }
            c->blocks[c->block_count++] = (struct sim_block){
                (int64_t)(first - entry), (int64_t)(end - entry), instructions, executions};
        }
    }
    return 0;
}

static void explain(struct sim_counts *c, int status, const char *err, bool stepping) {
    char why[512];
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGILL)
        snprintf(why, sizeof why, "%s cannot execute an instruction of it",
                 stepping ? "this machine" : c->encoding);
    else if (!stepping && (strstr(err, "plugin") != NULL || strstr(err, "version") != NULL))
        snprintf(why, sizeof why,
                 "%s takes no plugin of version 1 (%.*s): Debian 12's qemu-user 7.2 does",
                 c->encoding, (int)strcspn(err, "\n"), err);
    else
        snprintf(why, sizeof why, "%.*s", (int)strcspn(err, "\n"),
                 *err ? err : "the simulated program ended without counts");
    const char *shown = why, *own = "inferometer: ";
    if (strncmp(shown, own, strlen(own)) == 0) shown += strlen(own);
    unsupported(c, shown);
}

static int finish(struct job *j) {
    struct sim_counts *c = j->counts;
    char *out = NULL, *err = NULL;
    int status = 0;
    if (j->child.pid == 0) return 0; // it was unsupported before it began
    int rc = child_wait(&j->child, &status, &out, &err);
    if (rc == 0) rc = read_rows(out, c);
    if (rc == 0) {
        const enum arch arch = j->request->arch == ARCH_any ? sim_host_arch() : j->request->arch;
        c->ok = WIFEXITED(status) && WEXITSTATUS(status) == 0 && c->calls > 0;
        if (!c->ok) explain(c, status, err, j->stepping);
        for (int e = 0; e < SIM_EVENT_COUNT; e++) {
            c->overhead[e] = events[e].overhead[arch] * (double)c->calls;
            c->net[e] = c->ok ? c->raw[e] - c->overhead[e] : NAN;
        }
    }
    free(out);
    free(err);
    return rc;
}

int simulate(const struct sim_request *requests, size_t count, struct sim_counts *counts) {
    struct tools t = {0};
    struct job *jobs = calloc(count + 1, sizeof *jobs);
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t at_once = cpus > 0 ? (size_t)cpus : 1;
    if (jobs == NULL) return fail(EXIT_FAILED, "out of memory for counts");
    for (int a = ARCH_x86_64; a <= ARCH_aarch64; a++) {
        t.binary[a] = sim_binary((enum arch)a, &t.no_binary[a]);
        t.qemu[a] = sim_qemu((enum arch)a, t.version[a], &t.no_qemu[a]);
    }
    t.plugin = sim_plugin();
    int rc = 0;
    size_t finished = 0;
    for (size_t i = 0; i < count; i++) {
        counts[i] = (struct sim_counts){0};
        for (int e = 0; e < SIM_EVENT_COUNT; e++) counts[i].raw[e] = counts[i].net[e] = NAN;
    }
    for (size_t i = 0; i < count; i++) {
        jobs[i] = (struct job){.request = &requests[i], .counts = &counts[i]};
        if (rc == 0 && i - finished >= at_once) rc = finish(&jobs[finished++]);
        if (rc == 0) rc = start(&jobs[i], &t);
    }
    for (; finished < count; finished++) {
        const int last = finish(&jobs[finished]);
        if (rc == 0) rc = last;
    }
    for (int a = ARCH_x86_64; a <= ARCH_aarch64; a++) {
        free(t.binary[a]);
        free(t.qemu[a]);
    }
    free(t.plugin);
    free(jobs);
    return rc;
}

void sim_free(struct sim_counts *c) {
    free(c->blocks);
    *c = (struct sim_counts){0};
}
