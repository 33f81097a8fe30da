// SPDX-License-Identifier: MIT
#include "probes/encode_pfm.h"

#ifdef HAVE_PFM
#include <dlfcn.h>
#include <errno.h>
#include <perfmon/pfmlib_perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/error.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int initialized; // libpfm4's answer
static char library[96], present[512];

static int pmu_info(pfm_pmu_t pmu, pfm_pmu_info_t *info) {
    memset(info, 0, sizeof *info);
    info->size = sizeof *info;
    return pfm_get_pmu_info(pmu, info);
}

static void initialize(void) {
    initialized = pfm_initialize();
    int version = pfm_get_version();
    char *file = NULL;
    Dl_info where;
    if (dladdr((void *)(uintptr_t)pfm_initialize, &where) && where.dli_fname)
        file = realpath(where.dli_fname, NULL);
    const char *base = file && strrchr(file, '/') ? strrchr(file, '/') + 1 : "";
    snprintf(library, sizeof library, "interface %d.%d%s%.60s", version >> 16, version & 0xffff,
             strncmp(base, "libpfm", 6) ? "" : ", ", strncmp(base, "libpfm", 6) ? "" : base);
    free(file);
    size_t used = 0;
    for (int pmu = 0; initialized == PFM_SUCCESS && pmu < PFM_PMU_MAX; pmu++) {
        pfm_pmu_info_t info;
        if (pmu_info((pfm_pmu_t)pmu, &info) || !info.is_present) continue;
        int n = snprintf(present + used, sizeof present - used, "%s%s", used ? " " : "", info.name);
        if ((used += (size_t)n) >= sizeof present) break;
    }
}

const char *encode_library(void) {
    pthread_once(&once, initialize);
    return library;
}

const char *encode_present_pmus(void) {
    pthread_once(&once, initialize);
    return present;
}
#else
const char *encode_library(void) {
    return "";
}

const char *encode_present_pmus(void) {
    return "";
}
#endif
