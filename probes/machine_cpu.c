// SPDX-License-Identifier: MIT
// What the processor says about itself: CPUID on x86-64, MIDR_EL1 on AArch64.
#include "probes/machine_gather.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "probes/clock.h"

#if defined(__x86_64__)
static const char *trimmed(char *text) {
    size_t n = strlen(text);
    while (n && text[n - 1] == ' ') text[--n] = 0;
    return text + strspn(text, " ");
}

static void gather_identity(struct machine *m) {
    unsigned a, b, c, d;
    char vendor[13] = "", name[49] = "";
    __cpuid(0, a, b, c, d);
    memcpy(vendor, (unsigned[]){b, d, c}, 12);
    __cpuid(1, a, b, c, d);
    unsigned family = a >> 8 & 15, model = a >> 4 & 15;
    if (family == 6 || family == 15) model |= a >> 12 & 0xf0;
    if (family == 15) family += a >> 20 & 255;
    machine_add(m, "cpu_vendor", "", "cpuid 0", "%s", vendor);
    machine_add(m, "cpu_family", "", "cpuid 1", "%u", family);
    machine_add(m, "cpu_model", "", "cpuid 1", "%u", model);
    machine_add(m, "cpu_stepping", "", "cpuid 1", "%u", a & 15);
    unsigned hypervised = c >> 31 & 1;
    if ((unsigned)__get_cpuid_max(0x80000000, NULL) >= 0x80000004)
        for (unsigned leaf = 0; leaf < 3; leaf++) {
            __cpuid(0x80000002 + leaf, a, b, c, d);
            memcpy(name + 16 * leaf, (unsigned[]){a, b, c, d}, 16);
        }
    machine_add(m, "cpu_name", "", "cpuid 0x80000002", "%s", trimmed(name));
    char maker[13] = "";
    if (hypervised) {
        __cpuid(0x40000000, a, b, c, d);
        memcpy(maker, (unsigned[]){b, c, d}, 12);
    }
    machine_add(m, "hypervisor", "", "cpuid 0x40000000", "%s",
                !hypervised ? "none"
                : *maker    ? maker
                            : "unnamed");
}
#elif defined(__aarch64__)
static const struct {
    unsigned implementer, part;
    const char *name;
} parts[] = {
    {0x41, 0xd03, "Cortex-A53"},  {0x41, 0xd05, "Cortex-A55"},  {0x41, 0xd07, "Cortex-A57"},
    {0x41, 0xd08, "Cortex-A72"},  {0x41, 0xd0b, "Cortex-A76"},  {0x41, 0xd0c, "Neoverse-N1"},
    {0x41, 0xd40, "Neoverse-V1"}, {0x41, 0xd49, "Neoverse-N2"}, {0x41, 0xd4f, "Neoverse-V2"},
    {0x41, 0xd84, "Neoverse-V3"}, {0x41, 0xd8e, "Neoverse-N3"}, {0x46, 0x001, "A64FX"},
    {0xc0, 0xac3, "Ampere-1"},
};

static void gather_identity(struct machine *m) {
    const char *source = "midr_el1";
    uint64_t midr = 0;
    if (getauxval(AT_HWCAP) &
        1u << 11) // HWCAP_CPUID: the kernel lets user space read the ID registers
        __asm__("mrs %0, midr_el1" : "=r"(midr));
    if (!midr) {
        char text[64];
        source = "sysfs midr_el1";
        machine_read_line("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1", text,
                          sizeof text);
        midr = strtoull(text, NULL, 16);
    }
    if (!midr) {
        static const char *const keys[] = {"cpu_vendor", "cpu_family", "cpu_model", "cpu_stepping",
                                           "cpu_name"};
        for (int i = 0; i < 5; i++) machine_add_missing(m, keys[i], "", source, STATUS_unsupported);
    } else {
        unsigned implementer = (unsigned)(midr >> 24 & 0xff), part = (unsigned)(midr >> 4 & 0xfff);
        const char *name = "";
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
            if (parts[i].implementer == implementer && parts[i].part == part) name = parts[i].name;
        machine_add(m, "cpu_vendor", "", source, implementer == 0x41 ? "arm" : "implementer-%02x",
                    implementer);
        machine_add(m, "cpu_family", "", source, "%u", (unsigned)(midr >> 16 & 15)); // architecture
        machine_add(m, "cpu_model", "", source, "%u", part);
        machine_add(m, "cpu_stepping", "", source, "r%up%u", (unsigned)(midr >> 20 & 15),
                    (unsigned)(midr & 15)); // variant and revision
        machine_add(m, "cpu_name", "", *name ? "table of parts by midr_el1" : source, "%s", name);
    }
    // There is no CPUID bit here: Xen says so, others by the firmware's vendor. A name that is none
    // of these is the hardware's maker, which proves nothing either way.
    static const char *const vendors[] = {"QEMU",
                                          "KVM",
                                          "Amazon EC2",
                                          "Google",
                                          "VMware, Inc.",
                                          "Parallels",
                                          "Apple Virtualization Generic Platform"};
    const char *path = "/sys/class/dmi/id/sys_vendor";
    char maker[128], known[128] = "";
    if (machine_read_line("/sys/hypervisor/type", known, sizeof known) == 0 && *known)
        path = "/sys/hypervisor/type";
    else if (machine_read_line(path, maker, sizeof maker) == 0)
        for (size_t i = 0; i < sizeof vendors / sizeof vendors[0]; i++)
            if (!strcmp(maker, vendors[i])) snprintf(known, sizeof known, "%s", maker);
    if (!*known && machine_read_line("/proc/device-tree/compatible", maker, sizeof maker) == 0 &&
        !strcmp(maker,
                "linux,dummy-virt")) { // the board that virtual machines without firmware have
        path = "/proc/device-tree/compatible";
        snprintf(known, sizeof known, "%s", maker);
    }
    machine_add(m, "hypervisor", "", path, "%s", known);
}
#endif

void machine_gather_cpu(struct machine *m) {
#if defined(__x86_64__)
    machine_add(m, "arch", "", "build", "x86_64");
#else
    machine_add(m, "arch", "", "build", "aarch64");
#endif
    gather_identity(m);
    char microcode[64] = "";
#if defined(__x86_64__)
    machine_read_key("/proc/cpuinfo", "microcode", microcode, sizeof microcode);
#endif
    machine_add(m, "cpu_microcode", "", "/proc/cpuinfo", "%s", microcode);

    const char *source;
    double stated = clock_stated_hz(&source);
    machine_add(m, "tsc_hz", "Hz", "calibration against CLOCK_MONOTONIC_RAW", "%.0f", clock_hz());
    if (stated > 0)
        machine_add(m, "tsc_stated_hz", "Hz", source, "%.0f", stated);
    else
        machine_add_missing(m, "tsc_stated_hz", "Hz", "cpuid 0x15", STATUS_unsupported);
#if defined(__x86_64__)
    machine_add(m, "tsc_invariant", "", "cpuid 0x80000007", "%s", clock_invariant() ? "yes" : "no");
#else
    machine_add(m, "tsc_invariant", "", "architecture", "yes");
#endif
}
