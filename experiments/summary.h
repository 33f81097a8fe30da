// SPDX-License-Identifier: MIT
// summary.csv from points.csv, samples.csv and the protocol alone, so that `verify` can recompute
// it.
#pragma once
#include "experiments/csv.h"

#define STATISTICS_VERSION 1
// The rows, with their header, to w. What cannot be computed has no row.
int summary_compute(struct csv_writer *w, const struct csv_table *points,
                    const struct csv_table *samples);
// Reads directory/{points,samples}.csv and writes directory/summary.csv, or output_path where that
// is not NULL; the file must not exist yet.
int summary_write(const char *directory, const char *output_path);
