// SPDX-License-Identifier: MIT
// Memory, its policy, and which machine of its kind this is.
#include "probes/machine_gather.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// FNV-1a of salt and machine id: tells two machines of one model apart, names neither. The id has
// 122 random bits and 64 come out, so it does not go back.
static void add_node_id(struct machine *m) {
    static const char *const paths[] = {"/etc/machine-id", "/var/lib/dbus/machine-id",
                                        "/sys/class/dmi/id/product_uuid"};
    char text[128] = "";
    size_t i = 0;
    while (i < 3 && (machine_read_line(paths[i], text, sizeof text) || strlen(text) < 32)) i++;
    if (i == 3) {
        machine_add_missing(m, "node_id", "", paths[0], STATUS_unsupported);
        return;
    }
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char *s = "inferometer node 1:"; *s; s++)
        hash = (hash ^ (unsigned char)*s) * 0x100000001b3u;
    for (const char *s = text; *s; s++) hash = (hash ^ (unsigned char)*s) * 0x100000001b3u;
    machine_add(m, "node_id", "", paths[i], "%016" PRIx64, hash);
}

static void add_meminfo(struct machine *m, const char *key, const char *name) {
    char text[64];
    machine_read_key("/proc/meminfo", name, text, sizeof text);
    if (*text)
        machine_add(m, key, "bytes", "/proc/meminfo", "%llu", 1024 * strtoull(text, NULL, 10));
    else
        machine_add_missing(m, key, "bytes", "/proc/meminfo", STATUS_unsupported);
}

static void add_numa_policy(struct machine *m) {
    static const char *const modes[] = {
        "default",        "preferred",          "bind", "interleave", "local",
        "preferred_many", "weighted_interleave"};
    int mode = -1;
    long error = syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) ? errno : 0;
    mode &= 0xff; // the flags stand above
    if (error || mode >= (int)(sizeof modes / sizeof modes[0]))
        machine_add_missing(m, "numa_policy", "", "get_mempolicy",
                            error == EPERM ? STATUS_denied : STATUS_unsupported);
    else
        machine_add(m, "numa_policy", "", "get_mempolicy", "%s", modes[mode]);
}

void machine_gather_memory(struct machine *m) {
    add_node_id(m);
    add_meminfo(m, "memory_bytes", "MemTotal");
    add_meminfo(m, "swap_bytes", "SwapTotal");
    machine_add_file(m, "overcommit", "", "/proc/sys/vm/overcommit_memory");
    add_meminfo(m, "huge_page_bytes", "Hugepagesize");
    machine_add_file(m, "huge_pages", "", "/proc/sys/vm/nr_hugepages");
    machine_add(m, "page_bytes", "bytes", "sysconf", "%ld", sysconf(_SC_PAGESIZE));
    add_numa_policy(m);
    machine_add_file(m, "numa_balancing", "", "/proc/sys/kernel/numa_balancing");
}
