// SPDX-License-Identifier: MIT
// Machines that are not here, as trees of small files that stand for their /sys.
#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/energy.h"
#include "probes/ledger_sensors.h"
#include "probes/sysfs.h"
#include "probes/topology.h"
#include "probes/uncore.h"
#include "tests/probes/expect.h"

static char tree[64];

static void begin_tree(void) {
    snprintf(tree, sizeof tree, "/tmp/inferometer-sysfs-XXXXXX");
    if (mkdtemp(tree) == NULL) abort();
    sysfs_set_root(tree);
}

static int drop(const char *path, const struct stat *s, int type, struct FTW *where) {
    (void)s, (void)type, (void)where;
    return remove(path);
}

static void end_tree(void) {
    sysfs_set_root("");
    nftw(tree, drop, 16, FTW_DEPTH | FTW_PHYS);
}

// Writes a file of the tree, in place where it is there.
static void put(const char *text, const char *format, ...) {
    char path[512];
    int n = snprintf(path, sizeof path, "%s", tree);
    va_list list;
    va_start(list, format);
    vsnprintf(path + n, sizeof path - (size_t)n, format, list);
    va_end(list);
    for (char *slash = path + n + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        mkdir(path, 0755);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    if (f == NULL) abort();
    fprintf(f, "%s\n", text);
    fclose(f);
}

#define DEVICES "/sys/bus/event_source/devices"

static void put_imc(const char *name, const char *cpumask) {
    put("18", DEVICES "/%s/type", name);
    put(cpumask, DEVICES "/%s/cpumask", name);
    put("config:0-7", DEVICES "/%s/format/event", name);
    put("config:8-15", DEVICES "/%s/format/umask", name);
    put("event=0x04,umask=0x03", DEVICES "/%s/events/cas_count_read", name);
    put("6.103515625e-5", DEVICES "/%s/events/cas_count_read.scale", name);
    put("MiB", DEVICES "/%s/events/cas_count_read.unit", name);
    put("event=0x04,umask=0x0c", DEVICES "/%s/events/cas_count_write", name);
    put("6.103515625e-5", DEVICES "/%s/events/cas_count_write.scale", name);
    put("MiB", DEVICES "/%s/events/cas_count_write.unit", name);
}

static struct uncore_unit units[UNCORE_UNITS_MAX];
static char message[256];

int check_uncore_two_sockets(void) {
    begin_tree();
    put_imc("uncore_imc_0", "0,16");
    put_imc("uncore_imc_1", "0,16");
    put("20", DEVICES "/uncore_imc_free_running_0/type"); // another kind: not counted twice
    put("0,16", DEVICES "/uncore_imc_free_running_0/cpumask");
    size_t n = uncore_find(units, UNCORE_UNITS_MAX, message, sizeof message);
    expect(n == 8, "%zu units, should be 2 units x 2 sockets x 2 directions", n);
    int reads = 0, of_second = 0;
    for (size_t i = 0; i < n; i++) {
        bool read = units[i].direction == UNCORE_read;
        reads += read;
        of_second += units[i].cpu == 16;
        expect(units[i].type == 18, "type %d", units[i].type);
        expect(units[i].config == (read ? 0x304u : 0xc04u), "config %#llx",
               (unsigned long long)units[i].config);
        expect(fabs(units[i].bytes - 64) < 1e-9, "%g bytes a count", units[i].bytes);
    }
    expect(reads == 4 && of_second == 4, "%d read, %d on the second socket", reads, of_second);
    expect(message[0] == 0, "message: %s", message);
    end_tree();
    return 0;
}

int check_uncore_amd(void) {
    begin_tree();
    put("30", DEVICES "/amd_umc_0/type");
    put("0", DEVICES "/amd_umc_0/cpumask");
    put("config:0-7", DEVICES "/amd_umc_0/format/event");
    put("config:8-9", DEVICES "/amd_umc_0/format/rdwrmask");
    put("12", DEVICES "/amd_df/type");
    put("0", DEVICES "/amd_df/cpumask");
    put("config:0-7,32-37", DEVICES "/amd_df/format/event"); // Zen 4's: not the older events
    put("config:8-15,24-27", DEVICES "/amd_df/format/umask");
    size_t n = uncore_find(units, UNCORE_UNITS_MAX, message, sizeof message);
    expect(n == 2, "%zu units of Zen 4, should be a read and a write", n);
    expect(units[0].config == 0x10a && units[1].config == 0x20a, "configs %#llx %#llx",
           (unsigned long long)units[0].config, (unsigned long long)units[1].config);
    end_tree();
    begin_tree(); // Zen 3: a field in two parts
    put("12", DEVICES "/amd_df/type");
    put("0,64", DEVICES "/amd_df/cpumask");
    put("config:0-7,32-35,59-60", DEVICES "/amd_df/format/event");
    put("config:8-15", DEVICES "/amd_df/format/umask");
    n = uncore_find(units, UNCORE_UNITS_MAX, message, sizeof message);
    expect(n == 16, "%zu units of Zen 3, should be 8 channels x 2 sockets", n);
    expect(n > 8 && units[8].config == (1ull << 32 | 0x3807), "channel 4: %#llx",
           (unsigned long long)units[8].config);
    end_tree();
    return 0;
}

int check_uncore_broken(void) {
    begin_tree();
    expect(uncore_find(units, UNCORE_UNITS_MAX, message, sizeof message) == 0, "units of nothing");
    put_imc("uncore_imc_0", "x");
    put_imc("uncore_imc_1", "0");
    put("config:8-99", DEVICES "/uncore_imc_1/format/umask");
    size_t n = uncore_find(units, UNCORE_UNITS_MAX, message, sizeof message);
    expect(n == 0, "%zu units of files that make no sense", n);
    expect(strstr(message, "make no sense") != NULL, "message: %s", message);
    struct uncore *u = uncore_open();
    struct uncore_count counts[UNCORE_DIRECTIONS];
    uncore_read(u, counts);
    for (int d = 0; d < UNCORE_DIRECTIONS; d++) {
        expect(counts[d].status == STATUS_unsupported && isnan(counts[d].bytes),
               "%s: status %s, %g bytes", uncore_direction_name((enum uncore_direction)d),
               status_name(counts[d].status), counts[d].bytes);
    }
    uncore_close(u);
    end_tree();
    return 0;
}

int check_energy_wrap(void) {
    begin_tree();
    for (int i = 0; i < 2; i++) {
        put(i ? "package-1" : "package-0", "/sys/class/powercap/intel-rapl:%d/name", i);
        put("1000000", "/sys/class/powercap/intel-rapl:%d/energy_uj", i);
        put("262143328850", "/sys/class/powercap/intel-rapl:%d/max_energy_range_uj", i);
        put("core", "/sys/class/powercap/intel-rapl:%d:0/name", i); // a part of the package
        put("7", "/sys/class/powercap/intel-rapl:%d:0/energy_uj", i);
    }
    energy_open();
    expect(energy_source().status == STATUS_ok, "status %s", status_name(energy_source().status));
    expect(strcmp(energy_source().name, "powercap") == 0, "source %s", energy_source().name);
    expect(energy_joules() == 0, "joules at once: %g", energy_joules());
    put("3000000", "/sys/class/powercap/intel-rapl:0/energy_uj");
    put("262143328850", "/sys/class/powercap/intel-rapl:1/energy_uj"); // its last count
    double before = energy_joules();
    put("5000000", "/sys/class/powercap/intel-rapl:1/energy_uj"); // wrapped
    double after = energy_joules();
    expect(fabs(before - (2 + 262142.328850)) < 1e-6, "%.6f J before the wrap", before);
    expect(fabs(after - before - 5) < 1e-6, "%.6f J through the wrap, should be 5", after - before);
    energy_close();
    end_tree();
    return 0;
}

int check_energy_missing(void) {
    begin_tree();
    energy_open();
    expect(energy_source().status == STATUS_unsupported && isnan(energy_joules()),
           "energy of a machine that has none: %s", status_name(energy_source().status));
    expect(energy_domain()[0] == 0, "domain %s", energy_domain());
    energy_close();
    put("amd_energy", "/sys/class/hwmon/hwmon3/name");
    put("Ecore000", "/sys/class/hwmon/hwmon3/energy1_label");
    put("100", "/sys/class/hwmon/hwmon3/energy1_input");
    put("Esocket0", "/sys/class/hwmon/hwmon3/energy2_label");
    put("2000000", "/sys/class/hwmon/hwmon3/energy2_input");
    energy_open();
    put("2500000", "/sys/class/hwmon/hwmon3/energy2_input");
    expect(fabs(energy_joules() - 0.5) < 1e-9, "hwmon: %g J, should be 0.5", energy_joules());
    energy_close();
    end_tree();
    return 0;
}

int check_sensors(void) {
    begin_tree();
    put("coretemp", "/sys/class/hwmon/hwmon0/name");
    put("51000", "/sys/class/hwmon/hwmon0/temp1_input");
    put("63000", "/sys/class/hwmon/hwmon0/temp2_input");
    put("nvme", "/sys/class/hwmon/hwmon1/name");
    put("99000", "/sys/class/hwmon/hwmon1/temp1_input");
    put("3", "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count");
    put("4", "/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count");
    ledger_sensors_open();
    expect(ledger_temperature_c() == 63, "%g C, should be the processor's hottest",
           ledger_temperature_c());
    expect(ledger_throttle_events() == 7, "%g throttle events", ledger_throttle_events());
    ledger_sensors_close();
    end_tree();
    begin_tree();
    ledger_sensors_open();
    expect(isnan(ledger_temperature_c()) && isnan(ledger_throttle_events()),
           "sensors of a machine that has none");
    ledger_sensors_close();
    end_tree();
    return 0;
}

int check_core_types(void) {
    begin_tree(); // a hybrid
    put("0-3", "/sys/devices/cpu_core/cpus");
    put("4-7", "/sys/devices/cpu_atom/cpus");
    expect(strcmp(topology_core_type(3), "performance") == 0, "CPU 3: %s", topology_core_type(3));
    expect(strcmp(topology_core_type(4), "efficiency") == 0, "CPU 4: %s", topology_core_type(4));
    end_tree();
    begin_tree(); // big and little
    for (int cpu = 0; cpu < 8; cpu++)
        put(cpu < 4 ? "446" : "1024", "/sys/devices/system/cpu/cpu%d/cpu_capacity", cpu);
    expect(strcmp(topology_core_type(0), "capacity-446") == 0, "CPU 0: %s", topology_core_type(0));
    expect(strcmp(topology_core_type(7), "capacity-1024") == 0, "CPU 7: %s", topology_core_type(7));
    end_tree();
    begin_tree();
    expect(topology_core_type(0)[0] == 0, "one kind of core: %s", topology_core_type(0));
    end_tree();
    return 0;
}
