// SPDX-License-Identifier: MIT
// Standard output: writes that fail are noticed, and a reader that went away (`| head`) ends the
// program quietly.
#pragma once
#include <stdbool.h>

void output_start(void); // first thing in main
// What was printed is written. 0, or EXIT_FAILED with failure() set; a reader that went away is
// noticed by output_reader_gone, not told.
int output_flush(void);
bool output_reader_gone(void);
// Writes the rest, prints failure() where rc or the writing says so; the exit code.
int output_end(int rc);
