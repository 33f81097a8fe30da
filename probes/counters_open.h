// SPDX-License-Identifier: MIT
// perf_event_open for one event, and what its refusals mean. Private to probes/counters*.c.
#pragma once
#include "probes/encode.h"

// Opens the event for the calling thread, stopped if it leads (leader -1), as a member otherwise.
// Returns the descriptor; -1 with the event's status and reason set where this machine or the
// kernel does not give it; another negative errno with a message where the process cannot go on (no
// descriptors, no memory).
int counters_open_event(const struct encoding *e, int leader, struct event *event);

// Which of perf_event_paranoid, CAP_PERFMON, seccomp it was, and what to do.
struct permissions {
    char paranoid[32]; // as the kernel writes it; "not readable"
    bool capable;      // CAP_PERFMON or CAP_SYS_ADMIN
    bool seccomp;      // a filter is active
};
void counters_explain_denial(int error, const struct permissions *p, char *text, size_t size);
