// SPDX-License-Identifier: MIT
#include "probes/energy.h"

#include <errno.h>
#include <fcntl.h>
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
#include "probes/ledger_sensors.h"
#include "probes/sysfs.h"

#define PACKAGES_MAX 64
#define POWER "/sys/bus/event_source/devices/power"

static struct {
    int fd;
    bool binary;   // a perf counter: eight bytes; else text
    double scale;  // joules a count
    double last;   // count at the last reading
    double range;  // counts after which it starts again; NaN: it does not, or not known
    double joules; // so far
} packages[PACKAGES_MAX];
static int package_count;
static struct energy_source found;

static double read_count(int fd, bool binary) {
    uint64_t value;
    if (!binary) return ledger_pread_number(fd);
    return read(fd, &value, sizeof value) == sizeof value ? (double)value : (double)NAN;
}

// Keeps an open counter; closes what gives no number.
static void add(int fd, bool binary, double scale, double range) {
    double now = fd >= 0 ? read_count(fd, binary) : (double)NAN;
    if (isnan(now) || isnan(scale) || package_count == PACKAGES_MAX) {
        if (fd >= 0) close(fd);
        return;
    }
    packages[package_count].fd = fd;
    packages[package_count].binary = binary;
    packages[package_count].scale = scale;
    packages[package_count].range = range;
    packages[package_count].last = now;
    packages[package_count++].joules = 0;
}

// Packages alone: their subzones (core, uncore, dram on clients) are parts of them.
static void open_powercap(bool *denied) {
    char path[768], name[64];
    glob_t zones;
    if (glob(sysfs_path(path, sizeof path, "/sys/class/powercap/intel-rapl:*/name"), 0, NULL,
             &zones) != 0)
        return;
    for (size_t i = 0; i < zones.gl_pathc; i++) {
        int directory = (int)strlen(zones.gl_pathv[i]) - 5;
        FILE *f = fopen(zones.gl_pathv[i], "re");
        bool package =
            f != NULL && fgets(name, sizeof name, f) != NULL && strncmp(name, "package", 7) == 0;
        if (f != NULL) fclose(f);
        if (!package) continue;
        snprintf(path, sizeof path, "%.*s/max_energy_range_uj", directory, zones.gl_pathv[i]);
        int range_fd = open(path, O_RDONLY | O_CLOEXEC);
        double range = range_fd >= 0 ? ledger_pread_number(range_fd) : (double)NAN;
        if (range_fd >= 0) close(range_fd);
        snprintf(path, sizeof path, "%.*s/energy_uj", directory, zones.gl_pathv[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == EACCES) *denied = true;
        add(fd, false, 1e-6, range);
    }
    globfree(&zones);
}

static void open_perf(bool *denied) {
    char event[64], cpumask[1024], message[128];
    int cpus[PACKAGES_MAX];
    double type = sysfs_number(POWER "/type"),
           scale = sysfs_number(POWER "/events/energy-pkg.scale");
    if (sysfs_line(event, sizeof event, POWER "/events/energy-pkg") != 0 ||
        sysfs_line(cpumask, sizeof cpumask, POWER "/cpumask") != 0 || !(type > 0))
        return;
    const char *value = strchr(event, '=');
    int count = cpulist_parse(cpumask, cpus, PACKAGES_MAX, message, sizeof message);
    for (int i = 0; value != NULL && i < count; i++) {
        struct perf_event_attr attr = {
            .type = (uint32_t)type, .size = sizeof attr, .config = strtoull(value + 1, NULL, 0)};
        long fd = syscall(SYS_perf_event_open, &attr, -1, cpus[i], -1, PERF_FLAG_FD_CLOEXEC);
        if (fd < 0 && (errno == EACCES || errno == EPERM)) *denied = true;
        add((int)fd, true, scale, NAN); // the kernel widens it to 64 bits
    }
}

static void open_hwmon(void) {
    char path[768], name[64];
    glob_t chips, inputs;
    if (glob(sysfs_path(path, sizeof path, "/sys/class/hwmon/hwmon*/name"), 0, NULL, &chips) != 0)
        return;
    for (size_t i = 0; i < chips.gl_pathc; i++) {
        int directory = (int)strlen(chips.gl_pathv[i]) - 5;
        FILE *f = fopen(chips.gl_pathv[i], "re");
        // Labelled Esocket0 … beside one for each core, which are parts of it.
        bool known = f != NULL && fgets(name, sizeof name, f) != NULL &&
                     strncmp(name, "amd_energy", 10) == 0;
        if (f != NULL) fclose(f);
        if (!known) continue;
        snprintf(path, sizeof path, "%.*s/energy*_label", directory, chips.gl_pathv[i]);
        if (glob(path, 0, NULL, &inputs) != 0) continue;
        for (size_t k = 0; k < inputs.gl_pathc; k++) {
            f = fopen(inputs.gl_pathv[k], "re");
            bool socket = f != NULL && fgets(name, sizeof name, f) != NULL &&
                          strncmp(name, "Esocket", 7) == 0;
            if (f != NULL) fclose(f);
            snprintf(path, sizeof path, "%.*sinput", (int)strlen(inputs.gl_pathv[k]) - 5,
                     inputs.gl_pathv[k]);
            if (socket) add(open(path, O_RDONLY | O_CLOEXEC), false, 1e-6, NAN);
        }
        globfree(&inputs);
    }
    globfree(&chips);
}

void energy_open(void) {
    bool denied = false;
    package_count = 0;
    found = (struct energy_source){STATUS_ok, "powercap", ""};
    open_powercap(&denied);
    if (package_count == 0) {
        found.name = "perf power/energy-pkg/";
        open_perf(&denied);
    }
    if (package_count == 0) {
        found.name = "hwmon";
        open_hwmon();
    }
    if (package_count > 0) return;
    found = denied ? (struct energy_source){STATUS_denied, "",
                                            "the energy counters are for root: chmod a+r "
                                            "/sys/class/powercap/intel-rapl:*/energy_uj"}
                   : (struct energy_source){STATUS_unsupported, "",
                                            "no RAPL, no energy sensor (most virtual machines)"};
}

void energy_close(void) {
    while (package_count > 0) close(packages[--package_count].fd);
}

double energy_joules(void) {
    double sum = package_count > 0 ? 0 : (double)NAN;
    for (int i = 0; i < package_count; i++) {
        double now = read_count(packages[i].fd, packages[i].binary);
        double counts = now - packages[i].last;
        if (counts < 0) counts += packages[i].range; // NaN where the range is not known
        packages[i].last = now;
        packages[i].joules += counts * packages[i].scale; // a NaN stays: the sum is lost
        sum += packages[i].joules;
    }
    return sum;
}

const char *energy_domain(void) {
    return package_count > 0 ? "package" : "";
}

struct energy_source energy_source(void) {
    return found;
}
