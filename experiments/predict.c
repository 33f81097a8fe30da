// SPDX-License-Identifier: MIT
#include "experiments/predict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "experiments/child.h"
#include "experiments/failure.h"

#define SIMULATED_INSTRUCTIONS 20000 // enough rounds that the first ones do not show
#define BINDS 0.95 // of the cycles: from here on a resource or the front end binds

const char *const *predict_models(enum arch arch) {
    static const char *const x86_64[] = {"znver4", "skylake-avx512", "sapphirerapids", NULL};
    static const char *const aarch64[] = {"neoverse-n1", "neoverse-v1", "neoverse-v2", NULL};
    return arch == ARCH_aarch64 ? aarch64 : x86_64;
}

// The number behind `"key":`, from `from` on.
static bool number(const char *from, const char *key, double *value) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(from, quoted);
    if (at == NULL) return false;
    *value = strtod(at + strlen(quoted), NULL);
    return true;
}

// Name `index` of the list of resources: "Zn4FP45.\u0001" becomes "Zn4FP45.1".
static void resource_name(const char *json, int index, char *name, size_t size) {
    const char *at = strstr(json, "\"Resources\": [");
    snprintf(name, size, "resource %d", index);
    if (at != NULL) at = strchr(at, '[');
    for (int i = 0; at != NULL && i <= index; i++) {
        at = strchr(at + 1, '"');
        if (at == NULL) return;
        const char *end = strchr(at + 1, '"');
        if (i == index) {
            size_t n = 0;
            for (const char *c = at + 1; c < end && n + 1 < size; c++) {
                if (c[0] == '\\' && c[1] == 'u') {
                    name[n++] = c[5];
                    c += 5;
                } else {
                    name[n++] = *c;
                }
            }
            name[n] = '\0';
        }
        at = end;
    }
}

static void read_resources(const char *json, size_t instructions, struct prediction *p) {
    int busiest = -1;
    for (const char *at = json; (at = strstr(at, "\"InstructionIndex\":")) != NULL; at++) {
        double row = 0, resource = 0, usage = 0;
        if (!number(at, "InstructionIndex", &row) || !number(at, "ResourceIndex", &resource) ||
            !number(at, "ResourceUsage", &usage))
            return;
        // The row behind the last instruction is the sum of a round.
        if (row != (double)instructions || usage <= p->busiest) continue;
        p->busiest = usage;
        busiest = (int)resource;
    }
    if (busiest >= 0) resource_name(json, busiest, p->bound, sizeof p->bound);
}

// The program and its version, looked for once; NULL: there is none of version 19.
static const char *mca(const char **version_found) {
    static char *path, version[32];
    static bool looked;
    *version_found = version;
    if (looked) return path;
    looked = true;
    char *out = NULL, *err = NULL;
    int status;
    path = child_program("llvm-mca-19");
    if (path == NULL) path = child_program("llvm-mca");
    if (path == NULL) return NULL;
    char *const argv[] = {path, "--version", NULL};
    if (child_run(argv, NULL, &status, &out, &err) == 0) {
        const char *at = strstr(out, "version ");
        if (at != NULL) sscanf(at, "version %31[0-9.]", version);
        free(out);
        free(err);
    }
    if (atoi(version) != 19) {
        free(path);
        path = NULL;
    }
    return path;
}

int predict(const char *text, size_t instructions, enum arch arch, const char *cpu,
            struct prediction *p) {
    char triple[64], cpu_option[64], rounds_option[64];
    char *out = NULL, *err = NULL;
    int status = 0;
    *p = (struct prediction){0};
    const char *version, *path = mca(&version);
    snprintf(p->version, sizeof p->version, "%s", version);
    if (path == NULL)
        return fail(EXIT_CANNOT,
                    *p->version ? "llvm-mca is version %s, and others than 19 predict "
                                  "otherwise: apt-get install llvm-19"
                                : "no llvm-mca-19%s: apt-get install llvm-19",
                    p->version);
    const size_t rounds = SIMULATED_INSTRUCTIONS / (instructions + 1);
    snprintf(triple, sizeof triple, "-mtriple=%s-linux-gnu",
             arch == ARCH_aarch64 ? "aarch64" : "x86_64");
    snprintf(cpu_option, sizeof cpu_option, "-mcpu=%s", cpu);
    snprintf(rounds_option, sizeof rounds_option, "-iterations=%zu", rounds < 100 ? 100 : rounds);
    char *const argv[] = {(char *)(uintptr_t)path, "-json", triple, cpu_option,
                          rounds_option,           "-",     NULL};
    int rc = child_run(argv, text, &status, &out, &err);
    if (rc == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        const char *error = strstr(err, "error: ");
        error = error != NULL ? error : err;
        rc = fail(EXIT_CANNOT, "llvm-mca for %s: %.*s", cpu, (int)strcspn(error, "\n"), error);
    }
    if (rc == 0) {
        double iterations = 0, cycles = 0, uops = 0, width = 0, executed = 0;
        const char *summary = strstr(out, "\"SummaryView\"");
        if (summary == NULL || !number(summary, "Iterations", &iterations) ||
            !number(summary, "TotalCycles", &cycles) || !number(summary, "TotaluOps", &uops) ||
            !number(summary, "DispatchWidth", &width) ||
            !number(summary, "Instructions", &executed) || iterations <= 0) {
            rc = fail(EXIT_FAILED, "llvm-mca %s printed no summary that we know", p->version);
        } else {
            const char *name = strstr(out, "\"CPUName\": \"");
            p->cycles = cycles / iterations;
            p->uops = uops / iterations;
            p->instructions = executed / iterations;
            if (name != NULL) sscanf(name, "\"CPUName\": \"%31[^\"]", p->model);
            read_resources(out, instructions, p);
            if (p->busiest < BINDS * p->cycles)
                snprintf(p->bound, sizeof p->bound, "%s",
                         p->uops / width >= BINDS * p->cycles ? "dispatch" : "dependencies");
        }
    }
    free(out);
    free(err);
    return rc;
}
