// SPDX-License-Identifier: MIT
// The kernel and the settings that move measurements.
#include "probes/machine_gather.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "probes/encode.h"

// "always [madvise] never": what stands in brackets.
static void add_choice(struct machine *m, const char *key, const char *path) {
    char text[256], chosen[64] = "";
    if (machine_read_line(path, text, sizeof text) == 0 && strchr(text, '['))
        sscanf(strchr(text, '['), "[%63[^]]", chosen);
    machine_add(m, key, "", path, "%s", chosen);
}

// The host's name in a word, as a word of its own.
static bool names_host(const char *word, const char *host) {
    size_t length = strlen(host);
    for (const char *at = length ? strstr(word, host) : NULL; at; at = strstr(at + 1, host))
        if ((at == word || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length]))
            return true;
    return false;
}

// The command line without what names the machine: addresses, host names, identifiers of its disks.
// What follows "--" is for the init process and does not count.
static void add_command_line(struct machine *m) {
    static const char *const names[] = {"root=",   "ip=",      "hostname=", "systemd.hostname=",
                                        "BOOTIF=", "nfsroot=", "resume=",   "cryptdevice=",
                                        "rd.luks", "netroot=", "ds=",       "systemd.machine_id=",
                                        "init=",   "rdinit="};
    char text[4096], kept[4096] = "", host[256] = "";
    size_t used = 0;
    gethostname(host, sizeof host - 1);
    if (machine_read_line("/proc/cmdline", text, sizeof text)) text[0] = 0;
    for (char *save, *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if (!strcmp(word, "--")) break;
        bool hide = names_host(word, host);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            hide = hide || !strncmp(word, names[i], strlen(names[i]));
        int length = (int)(hide ? strcspn(word, "=") : strlen(word));
        int n = snprintf(kept + used, sizeof kept - used, "%s%.*s%s", used ? " " : "", length, word,
                         hide ? "=*" : "");
        if (n < 0 || (used += (size_t)n) >= sizeof kept) break;
    }
    machine_add(m, "kernel_cmdline", "", "/proc/cmdline", "%s", kept);
}

static void add_turbo(struct machine *m) {
    const char *path = "/sys/devices/system/cpu/intel_pstate/no_turbo";
    char text[32];
    int inverse = machine_read_line(path, text, sizeof text) == 0;
    if (!inverse) {
        path = "/sys/devices/system/cpu/cpufreq/boost";
        machine_read_line(path, text, sizeof text);
    }
    machine_add(m, "turbo", "", path, "%s",
                !*text                                ? ""
                : (strcmp(text, "0") != 0) != inverse ? "on"
                                                      : "off");
}

static void add_cpuset(struct machine *m) {
    char text[1024];
    machine_read_key("/proc/self/status", "Cpus_allowed_list", text, sizeof text);
    machine_add(m, "cpuset", "", "/proc/self/status", "%s", text);
    machine_read_key("/proc/self/status", "Mems_allowed_list", text, sizeof text);
    machine_add(m, "mems_allowed", "", "/proc/self/status", "%s", text);
    machine_add_file(m, "cgroup_cpu_max", "us", "/sys/fs/cgroup/cpu.max");
}

void machine_gather_kernel(struct machine *m) {
    struct utsname name;
    uname(&name); // nodename stays out: it is the host's name
    machine_add(m, "kernel_release", "", "uname", "%s %s", name.sysname, name.release);
    machine_add(m, "kernel_version", "", "uname", "%s", name.version);
    add_command_line(m);
    const char *library = encode_library();
    machine_add(m, "libpfm_version", "",
                *library ? "pfm_get_version and file name" : "built without libpfm4", "%s",
                library);
    machine_add(m, "libpfm_pmus", "", *library ? "libpfm4" : "built without libpfm4", "%s",
                encode_present_pmus());
    machine_add_file(m, "perf_event_paranoid", "", "/proc/sys/kernel/perf_event_paranoid");
    machine_add_file(m, "nmi_watchdog", "", "/proc/sys/kernel/nmi_watchdog");
    machine_add_file(m, "governor", "", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    machine_add_file(m, "cpu_max_khz", "kHz",
                     "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
    add_turbo(m);
    machine_add_file(m, "clocksource", "",
                     "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    add_choice(m, "thp", "/sys/kernel/mm/transparent_hugepage/enabled");
    machine_add_file(m, "aslr", "", "/proc/sys/kernel/randomize_va_space");
    add_cpuset(m);
}
