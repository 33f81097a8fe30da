// SPDX-License-Identifier: MIT
#include "probes/uncore.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/cpulist.h"
#include "probes/sysfs.h"

static const struct {
    const char *unit;
    enum uncore_direction direction;
    const char *event;
    double bytes;
} table[] = {
#define UNCORE(unit, direction, event, bytes, meaning) {#unit, UNCORE_##direction, event, bytes},
#include "probes/uncore.def"
#undef UNCORE
};
#define TABLE_ROWS (sizeof table / sizeof table[0])
#define SOCKETS_MAX 64
#define DEVICES "/sys/bus/event_source/devices"

const char *uncore_direction_name(enum uncore_direction d) {
    static const char *const names[] = {"dram_read_bytes", "dram_write_bytes", "dram_bytes"};
    return names[d];
}

// "config1:0-7,32" of format/FIELD: the value's bits go there from the lowest on.
static bool place_field(struct uncore_unit *u, const char *field, uint64_t value) {
    char format[128];
    uint64_t *config = &u->config;
    if (sysfs_line(format, sizeof format, DEVICES "/%s/format/%s", u->unit, field) != 0)
        return false;
    const char *at = strchr(format, ':');
    if (at == NULL) return false;
    if (strncmp(format, "config1:", 8) == 0) config = &u->config1;
    if (strncmp(format, "config2:", 8) == 0) config = &u->config2;
    for (at++; *at != 0; at += *at == ',') {
        char *end;
        unsigned long low = strtoul(at, &end, 10), high = low;
        if (end == at || low > 63) return false;
        if (*end == '-') high = strtoul(end + 1, &end, 10);
        if (high > 63 || high < low) return false;
        for (unsigned long bit = low; bit <= high; bit++, value >>= 1)
            *config |= (value & 1) << bit;
        if (*end != 0 && *end != ',') return false;
        at = end;
    }
    return value == 0; // the field holds all of it
}

// "event=0x04,umask=0x03"; a field without a value is 1.
static bool encode(struct uncore_unit *u, const char *fields) {
    while (*fields != 0) {
        char name[32];
        size_t n = strcspn(fields, "=,");
        if (n == 0 || n >= sizeof name) return false;
        memcpy(name, fields, n);
        name[n] = 0;
        fields += n;
        uint64_t value = 1;
        if (*fields == '=') {
            char *end;
            value = strtoull(fields + 1, &end, 0);
            if (end == fields + 1) return false;
            fields = end;
        }
        if (!place_field(u, name, value)) return false;
        if (*fields == ',') fields++;
    }
    return true;
}

// Zen 4's data fabric has a wider event field and other events, which are the memory controllers'
// own (amd_umc) to count.
static bool other_generation(const struct uncore_unit *u) {
    char format[128];
    if (strcmp(u->unit, "amd_df") != 0) return false;
    sysfs_line(format, sizeof format, DEVICES "/%s/format/event", u->unit);
    return strstr(format, "32-37") != NULL;
}

// cpus: one a socket, through which that socket's unit of this name is read.
static bool describe(struct uncore_unit *u, int cpus[SOCKETS_MAX], int *cpu_count) {
    char fields[256], text[1024], message[128];
    double type = sysfs_number(DEVICES "/%s/type", u->unit);
    sysfs_line(text, sizeof text, DEVICES "/%s/cpumask", u->unit);
    *cpu_count = cpulist_parse(text, cpus, SOCKETS_MAX, message, sizeof message);
    if (!(type > 0) || *cpu_count <= 0) return false;
    u->type = (int)type;
    if (strchr(u->event, '=') != NULL) return encode(u, u->event);
    if (sysfs_line(fields, sizeof fields, DEVICES "/%s/events/%s", u->unit, u->event) != 0)
        return false;
    double scale = sysfs_number(DEVICES "/%s/events/%s.scale", u->unit, u->event);
    sysfs_line(text, sizeof text, DEVICES "/%s/events/%s.unit", u->unit, u->event);
    if (!isnan(scale)) {
        double of_unit = strcmp(text, "MiB") == 0     ? 0x1p20
                         : strcmp(text, "KiB") == 0   ? 0x1p10
                         : strcmp(text, "Bytes") == 0 ? 1
                                                      : (double)NAN;
        u->bytes = scale * of_unit;
    }
    return !isnan(u->bytes) && encode(u, fields);
}

// NAME or NAME_0, NAME_1 …: not NAME_free_running_0, which is a kind of its own.
static bool of_kind(const char *unit, const char *kind) {
    size_t n = strlen(kind);
    if (strncmp(unit, kind, n) != 0) return false;
    if (unit[n] == 0) return true;
    return unit[n] == '_' && isdigit((unsigned char)unit[n + 1]);
}

size_t uncore_find(struct uncore_unit *units, size_t max, char *message, size_t message_size) {
    char pattern[768];
    glob_t found;
    size_t count = 0;
    const char *kind_of[UNCORE_DIRECTIONS] = {NULL}; // the kind that each direction is taken from
    snprintf(message, message_size, "%s", "");
    sysfs_path(pattern, sizeof pattern, DEVICES "/*");
    if (glob(pattern, 0, NULL, &found) != 0) return 0;
    for (size_t row = 0; row < TABLE_ROWS; row++) {
        enum uncore_direction d = table[row].direction;
        if (kind_of[d] != NULL && strcmp(kind_of[d], table[row].unit) != 0) continue;
        // Units that count both are of use only where none tells reads from writes.
        if (d == UNCORE_both && kind_of[UNCORE_read] != NULL) continue;
        for (size_t i = 0; i < found.gl_pathc && count < max; i++) {
            const char *name = strrchr(found.gl_pathv[i], '/') + 1;
            struct uncore_unit u = {.direction = d, .bytes = table[row].bytes};
            int cpus[SOCKETS_MAX], cpu_count;
            if (!of_kind(name, table[row].unit)) continue;
            snprintf(u.unit, sizeof u.unit, "%.47s", name);
            snprintf(u.event, sizeof u.event, "%s", table[row].event);
            if (other_generation(&u)) continue;
            if (!describe(&u, cpus, &cpu_count)) {
                snprintf(message, message_size,
                         "%s: type, cpumask, events/%s or its format make no sense", name,
                         table[row].event);
                continue;
            }
            for (int k = 0; k < cpu_count && count < max; k++) {
                u.cpu = cpus[k];
                units[count++] = u;
            }
            kind_of[d] = table[row].unit;
        }
    }
    globfree(&found);
    return count;
}

struct uncore {
    struct uncore_unit units[UNCORE_UNITS_MAX];
    int fds[UNCORE_UNITS_MAX];
    size_t count;
    struct uncore_count without[UNCORE_DIRECTIONS]; // status and reason where it is not counted
};

static void refuse(struct uncore_count *c, enum status status, const char *reason) {
    *c = (struct uncore_count){.status = status, .bytes = NAN, .reason = reason};
}

struct uncore *uncore_open(void) {
    struct uncore *u = calloc(1, sizeof *u);
    char message[256];
    if (u == NULL) return NULL;
    u->count = uncore_find(u->units, UNCORE_UNITS_MAX, message, sizeof message);
    for (int d = 0; d < UNCORE_DIRECTIONS; d++)
        refuse(&u->without[d], STATUS_unsupported,
               "the kernel names no counters of the memory controllers in "
               "/sys/bus/event_source/devices (most virtual machines have none)");
    for (size_t i = 0; i < u->count; i++) u->without[u->units[i].direction].status = STATUS_ok;
    for (size_t i = 0; i < u->count; i++) {
        const struct uncore_unit *unit = &u->units[i];
        struct uncore_count *c = &u->without[unit->direction];
        struct perf_event_attr attr = {.type = (uint32_t)unit->type,
                                       .size = sizeof attr,
                                       .config = unit->config,
                                       .config1 = unit->config1,
                                       .config2 = unit->config2,
                                       .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
                                                      PERF_FORMAT_TOTAL_TIME_RUNNING};
        long fd = syscall(SYS_perf_event_open, &attr, -1, unit->cpu, -1, PERF_FLAG_FD_CLOEXEC);
        u->fds[i] = (int)fd;
        if (fd >= 0 || c->status != STATUS_ok) continue;
        // A sum that lacks a unit would look like all of it.
        if (errno == EACCES || errno == EPERM)
            refuse(c, STATUS_denied,
                   "counters outside of the cores see everybody's traffic: lower "
                   "perf_event_paranoid to 0 (sysctl kernel.perf_event_paranoid=0) or grant "
                   "CAP_PERFMON");
        else
            refuse(c, STATUS_unsupported,
                   "the kernel does not open a counter that its sysfs names");
    }
    return u;
}

void uncore_close(struct uncore *u) {
    if (u == NULL) return;
    for (size_t i = 0; i < u->count; i++)
        if (u->fds[i] >= 0) close(u->fds[i]);
    free(u);
}

void uncore_read(struct uncore *u, struct uncore_count counts[UNCORE_DIRECTIONS]) {
    for (int d = 0; d < UNCORE_DIRECTIONS; d++) {
        counts[d] = u->without[d];
        if (counts[d].status == STATUS_ok)
            counts[d] = (struct uncore_count){STATUS_unverified, 0, "no loop of known traffic"};
    }
    for (size_t i = 0; i < u->count; i++) {
        struct uncore_count *c = &counts[u->units[i].direction];
        uint64_t values[3]; // count, enabled, running
        if (c->status != STATUS_unverified) continue;
        if (read(u->fds[i], values, sizeof values) != sizeof values)
            refuse(c, STATUS_lost, "a unit could not be read");
        else if (values[2] < values[1])
            refuse(c, STATUS_lost, "a unit did not count all the time: someone else holds it");
        else
            c->bytes += (double)values[0] * u->units[i].bytes;
    }
}
