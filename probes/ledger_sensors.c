// SPDX-License-Identifier: MIT
#include "probes/ledger_sensors.h"

#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SENSORS_MAX 64
#define THROTTLE_MAX 1024
#define DOMAINS_MAX 16

static int temperatures[SENSORS_MAX], throttles[THROTTLE_MAX];
static int temperature_count, throttle_count;
static struct {
    int fd;
    double last_uj, range_uj;
} domains[DOMAINS_MAX];
static int domain_count;
static double energy_uj;

double ledger_pread_number(int fd) {
    char text[64];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n <= 0) return NAN;
    text[n] = 0;
    char *end;
    double value = strtod(text, &end);
    return end == text ? NAN : value;
}

static int read_text(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    if (n < 0) return -1;
    text[n] = 0;
    text[strcspn(text, "\n")] = 0;
    return 0;
}

static int open_number(const char *path) { // a file that opens but gives no number is no sensor
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && isnan(ledger_pread_number(fd))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int open_all(const char *pattern, int *fds, int max, int count) {
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0) return count;
    for (size_t i = 0; i < found.gl_pathc && count < max; i++) {
        int fd = open_number(found.gl_pathv[i]);
        if (fd >= 0) fds[count++] = fd;
    }
    globfree(&found);
    return count;
}

// Sensors of the processor only: a disk's or a network card's temperature explains nothing here.
static void open_temperatures(void) {
    static const char *const chips[] = {"coretemp", "k10temp", "zenpower", "cpu_thermal",
                                        "soc_thermal"};
    glob_t found;
    if (glob("/sys/class/hwmon/hwmon*/name", 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            char name[64], pattern[512];
            if (read_text(found.gl_pathv[i], name, sizeof name)) continue;
            for (size_t k = 0; k < sizeof chips / sizeof chips[0]; k++) {
                if (strcmp(name, chips[k])) continue;
                snprintf(pattern, sizeof pattern, "%.*s/temp*_input",
                         (int)strlen(found.gl_pathv[i]) - 5, found.gl_pathv[i]);
                temperature_count = open_all(pattern, temperatures, SENSORS_MAX, temperature_count);
            }
        }
        globfree(&found);
    }
    if (temperature_count) return;
    if (glob("/sys/class/thermal/thermal_zone*/type", 0, NULL, &found) != 0) return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char type[64], path[512];
        if (read_text(found.gl_pathv[i], type, sizeof type)) continue;
        if (!strstr(type, "cpu") && !strstr(type, "pkg") && !strstr(type, "soc")) continue;
        snprintf(path, sizeof path, "%.*s/temp", (int)strlen(found.gl_pathv[i]) - 5,
                 found.gl_pathv[i]);
        temperature_count = open_all(path, temperatures, SENSORS_MAX, temperature_count);
    }
    globfree(&found);
}

static void open_energy(void) {
    glob_t found;
    if (glob("/sys/class/powercap/intel-rapl:*/name", 0, NULL, &found) != 0) return;
    for (size_t i = 0; i < found.gl_pathc && domain_count < DOMAINS_MAX; i++) {
        char name[64], path[512];
        int directory = (int)strlen(found.gl_pathv[i]) - 5;
        // Packages alone: their subzones (core, uncore, dram on clients) are parts of them.
        if (read_text(found.gl_pathv[i], name, sizeof name) || strncmp(name, "package", 7))
            continue;
        snprintf(path, sizeof path, "%.*s/energy_uj", directory, found.gl_pathv[i]);
        int fd = open_number(path);
        if (fd < 0) continue; // readable by root alone since CVE-2020-8694
        domains[domain_count].fd = fd;
        domains[domain_count].last_uj = ledger_pread_number(fd);
        snprintf(path, sizeof path, "%.*s/max_energy_range_uj", directory, found.gl_pathv[i]);
        char range[64];
        domains[domain_count].range_uj = read_text(path, range, sizeof range) ? NAN : atof(range);
        domain_count++;
    }
    globfree(&found);
}

void ledger_sensors_open(void) {
    temperature_count = throttle_count = domain_count = 0;
    energy_uj = 0;
    open_temperatures();
    const char *throttle = "/sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count";
    throttle_count = open_all(throttle, throttles, THROTTLE_MAX, 0);
    open_energy();
}

void ledger_sensors_close(void) {
    while (temperature_count) close(temperatures[--temperature_count]);
    while (throttle_count) close(throttles[--throttle_count]);
    while (domain_count) close(domains[--domain_count].fd);
}

double ledger_temperature_c(void) {
    double hottest = NAN;
    for (int i = 0; i < temperature_count; i++)
        hottest = fmax(hottest, ledger_pread_number(temperatures[i]));
    return hottest / 1000; // fmax ignores a NaN beside a number
}

double ledger_throttle_events(void) {
    double sum = throttle_count ? 0 : NAN;
    for (int i = 0; i < throttle_count; i++) sum += ledger_pread_number(throttles[i]);
    return sum;
}

double ledger_energy_j(const char **domain) {
    *domain = domain_count ? "package" : "";
    if (!domain_count) return NAN;
    for (int i = 0; i < domain_count; i++) {
        double now = ledger_pread_number(domains[i].fd), used = now - domains[i].last_uj;
        if (used < 0) used += domains[i].range_uj;
        domains[i].last_uj = now;
        energy_uj += used; // a NaN stays: the sum is not known any more
    }
    return energy_uj / 1e6;
}
