// SPDX-License-Identifier: MIT
// Binds probes/ to the data directory: this CPU's group file, and the lists of events and groups.
#pragma once
#include "experiments/table.h"

// Selects the group file of this CPU; once, before threads start. Without any group files (an
// incomplete installation) it says so on stderr and goes on. 0, or an exit code with failure() set:
// a file that cannot be read is named with its line.
int events_select(void);
// The group file of this stem in the data directory, whoever measured by it. NULL or "": *out is
// NULL.
struct event_group;
int events_read_group(const char *stem, struct event_group **out);
int events_list(enum table_format format);        // `list events`
int events_list_groups(enum table_format format); // `list groups`

// The passes that the words of a protocol's `pass` need on this machine (probes/passes.h). 0, or
// EXIT_USAGE with failure() set for a word that is neither event nor metric.
struct passes;
int events_plan(struct passes *out, const char *const *words, size_t count);
