// SPDX-License-Identifier: MIT
#include "probes/cpulist.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define CPU_LARGEST                                                                                \
    1048575 // far above any kernel's NR_CPUS; keeps a typed range from filling memory

static int parse_number(const char **at) { // -1 where there is no number, or too large a one
    if (!isdigit((unsigned char)**at)) return -1;
    char *end;
    unsigned long value = strtoul(*at, &end, 10);
    *at = end;
    return value <= CPU_LARGEST ? (int)value : -1;
}

int cpulist_parse(const char *text, int *cpus, int max, char *message, size_t message_size) {
    const char *at = text;
    int count = 0;
    do {
        int first = parse_number(&at);
        int last = first >= 0 && *at == '-' ? (at++, parse_number(&at)) : first;
        if (first < 0 || last < 0 || (*at && *at != ',')) {
            snprintf(message, message_size,
                     "CPU list \"%s\": expected numbers and ranges like 0,2-3, at character %d",
                     text, (int)(at - text) + 1);
            return -1;
        }
        if (last < first) {
            snprintf(message, message_size, "CPU list \"%s\": the range %d-%d runs backwards", text,
                     first, last);
            return -1;
        }
        for (int cpu = first; cpu <= last; cpu++) {
            if (count == max) {
                snprintf(message, message_size, "CPU list \"%s\": more than %d CPUs", text, max);
                return -1;
            }
            for (int i = 0; i < count; i++)
                if (cpus[i] == cpu) {
                    snprintf(message, message_size, "CPU list \"%s\": CPU %d stands there twice",
                             text, cpu);
                    return -1;
                }
            cpus[count++] = cpu;
        }
    } while (*at++ == ',');
    return count;
}
