// SPDX-License-Identifier: MIT
// Lists of CPUs as the kernel writes them: "0,2-3".
#pragma once
#include <stddef.h>

// Numbers in the order of the text; returns how many, or -1 with a message that quotes what is
// wrong: syntax, a range that runs backwards, a number twice, more than max.
int cpulist_parse(const char *text, int *cpus, int max, char *message, size_t message_size);
