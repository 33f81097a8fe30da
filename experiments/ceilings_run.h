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
// Directory (malloc'ed) of this boot's run; NULL where there is none.
char *ceilings_known_run(void);
