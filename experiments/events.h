// SPDX-License-Identifier: MIT
// Binds probes/ to the data directory: this CPU's group file, and the lists of events and groups.
#pragma once
#include "experiments/table.h"

// Selects the group file of this CPU; once, before threads start. Without any group files (an
// incomplete installation) it says so on stderr and goes on. 0, or an exit code with failure() set:
// a file that cannot be read is named with its line.
int events_select(void);
int events_list(enum table_format format);        // `list events`
int events_list_groups(enum table_format format); // `list groups`
