// SPDX-License-Identifier: MIT
// `machine --ceilings`: what this machine can do at best, as a run of its own: a protocol is
// written for the yardsticks, threads and memory that are here, and handed to the driver. Kept
// until the machine is booted again.
#pragma once
#include <stdbool.h>

#include "experiments/table.h"

// The rows, best variant of each, on standard output; measured (about a minute) unless this boot
// has them already. 0, or an exit code with failure() set.
int ceilings_print(enum table_format format);
// What this boot knows already, a row each: "read;threads=2;bytes=16384", GB/s, GOP/s or ns; first
// the run that it is from ("run", no value, its id as the source). Nothing where it was not
// measured.
typedef void (*ceilings_row)(void *arg, const char *key, double value, const char *unit,
                             const char *source);
void ceilings_known(ceilings_row visit, void *arg);
