// SPDX-License-Identifier: MIT
// The self-test's work for software events: faults, switches, moves and time of known number.
// Private to probes/selftest*.c.
#pragma once
#include "probes/selftest.h"

const char *selftest_soft_name(size_t i); // NULL behind the last
// c counts the one event r->event. Sets expected, value, status and reason.
void selftest_soft(struct counters *c, struct selftest_result *r);
