// SPDX-License-Identifier: MIT
// What a run found about its arms, for people.
#pragma once
#include <stdio.h>

#include "experiments/csv.h"
#include "experiments/protocol.h"

// For each case with arms to compare: its question, the control's gate, and a line for each arm and
// point: effect in percent (positive: better than A), interval, p, verdict, and where that is
// inconclusive what the session could have seen. Nothing for protocols of single arms.
void verdicts_print(FILE *f, const struct protocol *p, const struct csv_table *summary);
// A logarithm of a ratio in percent, with its sign: "+2.0".
void verdicts_percent(char text[32], double effect);
