// SPDX-License-Identifier: MIT
// The tables that gnuplot scripts read, made from a run: tab-separated, one header line, no
// quoting, so that nothing in them is ever code: tabs and newlines in a name become spaces, quotes
// a mark that text() of style.gp turns back, empty values "NaN".
#pragma once
#include "experiments/failure.h"
#include "experiments/run_dir.h"

// summary.tsv: case point arm measure unit estimate minimum lo hi effect effect_lo effect_hi
// verdict n says (the arm's words in the protocol), then one column for each swept name.
int tables_summary(const struct run *r, const char *directory);
// time_<case>.tsv: a row a point: point, the share of the threads' time (arm A, no warm-up, timing
// pass) that each group of steps took, "waiting at barriers" and "outside of steps" among them,
// then the swept names.
int tables_time(const struct run *r, const char *directory);
// The file's name, in which only letters, digits, _ and - of the case's stand for themselves.
enum { TABLES_NAME_BYTES = 200 };
void tables_time_name(char name[TABLES_NAME_BYTES], const char *case_name);
