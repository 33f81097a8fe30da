// SPDX-License-Identifier: MIT
#include "probes/machine.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/cpulist.h"
#include "probes/machine_gather.h"
#include "probes/topology.h"

#define FACTS_MAX 96
struct machine {
    struct machine_fact facts[FACTS_MAX];
    size_t fact_count;
    char slug[96];
    struct topology topology;
};

static struct machine gathered;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void add(struct machine *m, const char *key, const char *value, const char *unit,
                const char *source, enum status status) {
    char *kept = *value ? strdup(value) : NULL; // lives as long as the process
    if (m->fact_count >= FACTS_MAX) abort();    // a longer list of facts needs a larger FACTS_MAX
    m->facts[m->fact_count++] = (struct machine_fact){key, kept ? kept : "", unit, source, status};
}

void machine_add(struct machine *m, const char *key, const char *unit, const char *source,
                 const char *format, ...) {
    char value[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    add(m, key, value, unit, source, *value ? STATUS_ok : STATUS_unsupported);
}

void machine_add_missing(struct machine *m, const char *key, const char *unit, const char *source,
                         enum status status) {
    add(m, key, "", unit, source, status);
}

int machine_read_line(const char *path, char *text, size_t size) {
    text[0] = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    ssize_t n = read(fd, text, size - 1);
    int error = n < 0 ? -errno : 0;
    close(fd);
    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    return error;
}

void machine_add_file(struct machine *m, const char *key, const char *unit, const char *path) {
    char text[4096];
    int error = machine_read_line(path, text, sizeof text);
    if (error)
        machine_add_missing(m, key, unit, path,
                            error == -EACCES || error == -EPERM ? STATUS_denied
                                                                : STATUS_unsupported);
    else
        machine_add(m, key, unit, path, "%s", text);
}

void machine_read_key(const char *path, const char *key, char *value, size_t size) {
    value[0] = 0;
    FILE *file = fopen(path, "re");
    if (!file) return;
    char line[4096];
    size_t length = strlen(key);
    while (!value[0] && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, length)) continue;
        char *at = line + length + strspn(line + length, " \t");
        if (*at != ':') continue;
        at += 1 + strspn(at + 1, " \t");
        at[strcspn(at, "\n")] = 0;
        snprintf(value, size, "%s", at);
    }
    fclose(file);
}

// Words of text as slug words: lower case, digits, one '-' between; what marks and fillers add is
// left out.
static void slug_append(char *slug, size_t size, const char *text) {
    static const char *const fillers[] = {"r",    "tm",   "cpu",         "processor",
                                          "core", "with", "genuineintel"};
    size_t used = strlen(slug);
    while (*text) {
        char word[48];
        size_t n = 0;
        while (*text && !isalnum((unsigned char)*text)) {
            if (*text == '@') return; // "@ 2.60GHz"
            text++;
        }
        while (*text && isalnum((unsigned char)*text) && n < sizeof word - 1)
            word[n++] = (char)tolower((unsigned char)*text++);
        word[n] = 0;
        int skip = n == 0;
        for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++)
            skip |= !strcmp(word, fillers[i]);
        if (!strncmp(slug, word, n) && (slug[n] == '-' || !slug[n])) skip = 1; // the vendor again
        if (skip || used + n + 2 > size) continue;
        if (used) slug[used++] = '-';
        memcpy(slug + used, word, n + 1);
        used += n;
    }
}

static void make_slug(struct machine *m) {
    const char *vendor = machine_value(m, "cpu_vendor"), *model = machine_value(m, "cpu_model");
    char tail[48];
    size_t room = sizeof m->slug - sizeof tail;
    slug_append(m->slug, room,
                !strcmp(vendor, "AuthenticAMD")   ? "amd"
                : !strcmp(vendor, "GenuineIntel") ? "intel"
                : *vendor                         ? vendor
                                                  : machine_value(m, "arch"));
    slug_append(m->slug, room, machine_value(m, "cpu_name"));
    snprintf(tail, sizeof tail, "f%sm%s %zut", machine_value(m, "cpu_family"), model,
             m->topology.cpu_count);
    slug_append(m->slug, sizeof m->slug, *model ? tail : strchr(tail, ' '));
}

static void gather(void) {
    struct machine *m = &gathered;
    if (topology_read(&m->topology)) abort(); // out of memory for a list of CPUs
    machine_gather_cpu(m);
    topology_gather(m, &m->topology);
    machine_gather_memory(m);
    machine_gather_chip(m);
    machine_gather_kernel(m);
    make_slug(m);
}

const struct machine *machine_facts(void) {
    pthread_once(&once, gather);
    return &gathered;
}

size_t machine_fact_count(const struct machine *m) {
    return m->fact_count;
}

const struct machine_fact *machine_fact_at(const struct machine *m, size_t i) {
    return i < m->fact_count ? &m->facts[i] : NULL;
}

const char *machine_value(const struct machine *m, const char *key) {
    for (size_t i = 0; i < m->fact_count; i++)
        if (!strcmp(m->facts[i].key, key)) return m->facts[i].value;
    return "";
}

const char *machine_slug(const struct machine *m) {
    return m->slug;
}

size_t machine_cpus(const struct machine *m, const int **cpus, size_t *physical_cores) {
    *cpus = m->topology.cpus;
    if (physical_cores) *physical_cores = m->topology.core_count;
    return m->topology.cpu_count;
}

const char *machine_core_type(const struct machine *m, int cpu) {
    (void)m;
    return topology_core_type(cpu);
}

int machine_parse_cpus(const char *text, int *cpus, int max, int *count, char *message,
                       size_t message_size) {
    *count = 0;
    int parsed = cpulist_parse(text, cpus, max, message, message_size);
    if (parsed < 0) return -1;
    for (int i = 0; i < parsed; i++) {
        if (topology_allowed(cpus[i])) continue;
        char allowed[512];
        machine_read_key("/proc/self/status", "Cpus_allowed_list", allowed, sizeof allowed);
        snprintf(message, message_size,
                 "CPU list \"%s\": CPU %d is not in this process's cpuset (allowed now: %s)", text,
                 cpus[i], allowed);
        return -1;
    }
    *count = parsed;
    return 0;
}
