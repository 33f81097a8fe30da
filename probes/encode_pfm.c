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
#include <strings.h>

#include "probes/error.h"
#include "probes/nearest.h"

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

static int first_event(const pfm_pmu_info_t *pmu) {
    return pmu->nevents > 0 ? pmu->first_event : -1;
}

static int event_info(int index, pfm_event_info_t *event) {
    memset(event, 0, sizeof *event);
    event->size = sizeof *event;
    return pfm_get_event_info(index, PFM_OS_PERF_EVENT, event);
}

static int attribute_info(int event, int index, pfm_event_attr_info_t *attribute) {
    memset(attribute, 0, sizeof *attribute);
    attribute->size = sizeof *attribute;
    return pfm_get_event_attr_info(event, index, PFM_OS_PERF_EVENT, attribute);
}

static int find_event(const pfm_pmu_info_t *pmu, const char *base, size_t length) {
    pfm_event_info_t event;
    for (int i = first_event(pmu); i != -1; i = pfm_get_event_next(i))
        if (event_info(i, &event) == PFM_SUCCESS && strlen(event.name) == length &&
            !strncasecmp(event.name, base, length))
            return i;
    return -1;
}

static void offer_events(struct nearest *near, const pfm_pmu_info_t *pmu) {
    pfm_event_info_t event;
    for (int i = first_event(pmu); i != -1; i = pfm_get_event_next(i))
        if (event_info(i, &event) == PFM_SUCCESS) nearest_offer(near, event.name);
}

// The event exists; what stands behind its name does not.
static int fail_attribute(const char *name, const char *base, size_t length, int index, int code) {
    char text[256], first[96];
    pfm_event_info_t event;
    struct nearest near;
    const char *attribute = base + length + (base[length] == ':');
    snprintf(first, sizeof first, "%.*s", (int)strcspn(attribute, ":"), attribute);
    nearest_begin(&near, first);
    int attributes = event_info(index, &event) == PFM_SUCCESS ? event.nattrs : 0;
    for (int i = 0; i < attributes; i++) {
        pfm_event_attr_info_t info;
        if (attribute_info(index, i, &info) == PFM_SUCCESS && info.type == PFM_ATTR_UMASK)
            nearest_offer(&near, info.name);
    }
    nearest_names(&near, text, sizeof text);
    return probes_fail(EINVAL, "event \"%s\": %s at \"%s\"; nearest: %s", name, pfm_strerror(code),
                       first, *text ? text : "none, it takes no unit mask");
}

// No PMU that is here has the name. Real ones of other machines are unsupported, others an error.
static int not_here(const char *name, struct encoding *e) {
    const char *colons = strstr(name, "::"), *base = colons ? colons + 2 : name;
    size_t prefix = colons ? (size_t)(colons - name) : 0, length = strcspn(base, ":");
    char text[256], wanted[96];
    struct nearest events, pmus;
    snprintf(wanted, sizeof wanted, "%.*s", (int)length, base);
    nearest_begin(&events, wanted);
    snprintf(wanted, sizeof wanted, "%.*s", (int)prefix, name);
    nearest_begin(&pmus, wanted);
    if (!colons || !strncasecmp(name, "perf::", 6)) encode_offer_table(&events);
    bool known_pmu = false;
    for (int i = 0; i < PFM_PMU_MAX; i++) {
        pfm_pmu_info_t pmu;
        if (pmu_info((pfm_pmu_t)i, &pmu)) continue;
        nearest_offer(&pmus, pmu.name);
        bool named = strlen(pmu.name) == prefix && !strncasecmp(pmu.name, name, prefix);
        known_pmu = known_pmu || named;
        if (colons && !named) continue;
        if (!pmu.is_present && find_event(&pmu, base, length) != -1) {
            e->status = STATUS_unsupported;
            snprintf(e->reason, sizeof e->reason, "an event of the PMU %s; this machine has %.90s",
                     pmu.name, present);
            return 0;
        }
        if (pmu.is_present || named) offer_events(&events, &pmu);
    }
#if defined(__aarch64__)
    bool foreign = colons && !known_pmu; // tables of other architectures are not in this library
#else
    bool foreign = colons && !known_pmu && !strncasecmp(name, "arm_", 4);
#endif
    if (foreign) {
        e->status = STATUS_unsupported;
        snprintf(e->reason, sizeof e->reason, "this build's libpfm4 has no tables for the PMU %s",
                 wanted);
        return 0;
    }
    if (colons && !known_pmu)
        return probes_fail(EINVAL, "event \"%s\": no PMU is called \"%s\"; nearest: %s", name,
                           wanted, nearest_names(&pmus, text, sizeof text));
    return probes_fail(EINVAL, "event \"%s\" does not exist; nearest: %s", name,
                       nearest_names(&events, text, sizeof text));
}

int encode_pfm_event(const char *name, struct encoding *e) {
    pthread_once(&once, initialize);
    if (initialized != PFM_SUCCESS) {
        e->status = STATUS_unsupported;
        snprintf(e->reason, sizeof e->reason, "libpfm4 does not start: %s",
                 pfm_strerror(initialized));
        return 0;
    }
    struct perf_event_attr attr;
    char *full = NULL;
    pfm_perf_encode_arg_t arg = {.attr = &attr, .fstr = &full, .size = sizeof arg};
    memset(&attr, 0, sizeof attr);
    int code = pfm_get_os_event_encoding(name, PFM_PLM3, PFM_OS_PERF_EVENT, &arg);
    if (code == PFM_ERR_NOTFOUND) return not_here(name, e);
    if (code != PFM_SUCCESS) {
        const char *colons = strstr(name, "::"), *base = colons ? colons + 2 : name;
        size_t length = strcspn(base, ":");
        int index = -1;
        for (int i = 0; index == -1 && i < PFM_PMU_MAX; i++) {
            pfm_pmu_info_t pmu;
            if (pmu_info((pfm_pmu_t)i, &pmu)) continue;
            if (colons ? !strncasecmp(pmu.name, name, strlen(pmu.name)) &&
                             (size_t)(colons - name) == strlen(pmu.name)
                       : pmu.is_present)
                index = find_event(&pmu, base, length);
        }
        return fail_attribute(name, base, length, index, code);
    }
    e->type = attr.type;
    e->config = attr.config;
    e->config1 = attr.config1;
    e->config2 = attr.config2;
    e->exclude_user = attr.exclude_user;
    e->exclude_kernel = attr.exclude_kernel;
    snprintf(e->full_name, sizeof e->full_name, "%s", full ? full : name);
    free(full);
    pfm_event_info_t event;
    pfm_pmu_info_t pmu;
    if (event_info(arg.idx, &event) == PFM_SUCCESS && pmu_info(event.pmu, &pmu) == PFM_SUCCESS &&
        !pmu.is_present) { // LIBPFM_ENCODE_INACTIVE: right for its own CPU, nonsense on this one
        e->status = STATUS_unsupported;
        snprintf(e->reason, sizeof e->reason, "encoded for the PMU %s, which this machine has not",
                 pmu.name);
    }
    return 0;
}

void encode_pfm_names(encode_name_visitor *visit, void *arg) {
    pthread_once(&once, initialize);
    for (int i = 0; initialized == PFM_SUCCESS && i < PFM_PMU_MAX; i++) {
        pfm_pmu_info_t pmu;
        if (pmu_info((pfm_pmu_t)i, &pmu) || !pmu.is_present) continue;
        pfm_event_info_t event;
        for (int k = first_event(&pmu); k != -1; k = pfm_get_event_next(k)) {
            if (event_info(k, &event) != PFM_SUCCESS) continue;
            char name[192];
            int masks = 0;
            for (int a = 0; a < event.nattrs; a++) {
                pfm_event_attr_info_t mask;
                if (attribute_info(k, a, &mask) != PFM_SUCCESS || mask.type != PFM_ATTR_UMASK)
                    continue;
                masks++;
                snprintf(name, sizeof name, "%s::%s:%s", pmu.name, event.name, mask.name);
                visit(arg, name, mask.desc ? mask.desc : event.desc);
            }
            snprintf(name, sizeof name, "%s::%s", pmu.name, event.name);
            if (!masks) visit(arg, name, event.desc ? event.desc : "");
        }
    }
}
#else
const char *encode_library(void) {
    return "";
}

const char *encode_present_pmus(void) {
    return "";
}
#endif
