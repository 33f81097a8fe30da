// SPDX-License-Identifier: MIT
// The tables that gnuplot scripts read, made from a run: tab-separated, one header line, no quoting (tabs
// and newlines in a name become spaces, empty values "NaN"), so that nothing in them is ever code.
#pragma once
#include "experiments/run_dir.h"

// summary.tsv: case point arm measure unit estimate minimum n, then one column for each swept name.
int tables_summary(const struct run *r, const char *directory);
// time.tsv: one row a case, point and group of steps: case point group share ns_per_token, then the swept
// names; share of the arm A's wall time over the samples that are no warm-up; group "wait" is what threads
// waited at barriers, "other" what no region saw.
int tables_time(const struct run *r, const char *directory);
