// SPDX-License-Identifier: MIT
// How far long work has come, on standard error: a bar with the time left on a terminal, one line a
// minute elsewhere. Nothing is shown for work of less than a second.
#pragma once
#include <stdbool.h>

struct progress {
    const char *label; // "making tiny.gguf"; borrowed
    double started_s, shown_s;
    bool terminal, colour, drawn;
};
void progress_start(struct progress *p, const char *label);
void progress_show(struct progress *p, double done); // share done, 0 to 1; cheap, call it often
void progress_end(struct progress *p);               // clears the bar
