// SPDX-License-Identifier: MIT
#include "probes/ledger_sensors.h"

#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/energy.h"
#include "probes/sysfs.h"

#define SENSORS_MAX 64
#define THROTTLE_MAX 1024

static int temperatures[SENSORS_MAX], throttles[THROTTLE_MAX];
static int temperature_count, throttle_count;

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
    char place[768];
    glob_t found;
    if (glob(sysfs_path(place, sizeof place, "/sys/class/hwmon/hwmon*/name"), 0, NULL, &found) ==
        0) {
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
    if (glob(sysfs_path(place, sizeof place, "/sys/class/thermal/thermal_zone*/type"), 0, NULL,
             &found) != 0)
        return;
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

void ledger_sensors_open(void) {
    temperature_count = throttle_count = 0;
    open_temperatures();
    char throttle[768];
    sysfs_path(throttle, sizeof throttle,
               "/sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count");
    throttle_count = open_all(throttle, throttles, THROTTLE_MAX, 0);
    energy_open();
}

void ledger_sensors_close(void) {
    while (temperature_count) close(temperatures[--temperature_count]);
    while (throttle_count) close(throttles[--throttle_count]);
    energy_close();
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
