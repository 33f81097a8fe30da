// SPDX-License-Identifier: MIT
// perf_event_open for one event, and what its refusals mean. Private to probes/counters*.c.
#pragma once
#include "probes/encode.h"

// Opens the event for the calling thread, stopped if it leads (leader -1), as a member otherwise.
// Returns the descriptor; -1 with the event's status and reason set where this machine or the
// kernel does not give it; another negative errno with a message where the process cannot go on (no
// descriptors, no memory).
int counters_open_event(const struct encoding *e, int leader, struct event *event);
