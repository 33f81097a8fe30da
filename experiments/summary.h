// SPDX-License-Identifier: MIT
// summary.csv from the protocol, points.csv, samples.csv, counts.csv and the metrics of the group
// file that run.csv names, so that `verify` can recompute it.
#pragma once
#include "experiments/summary_sample.h"

// 1: medians and minima. 2: intervals, effects and verdicts; events; the fastest third of the
// canary.
#define STATISTICS_VERSION 2
// The rows, with their header, to w, as this or an older version of the statistics has them.
// What cannot be computed has no row, or one that says why.
int summary_compute(struct csv_writer *w, const struct summary_input *in, int version);
// Reads directory/{points,samples,counts}.csv and writes directory/summary.csv, or output_path
// where that is not NULL; the file must not exist yet. Metrics are those of group_selected().
int summary_write(const char *directory, const struct protocol *p, const char *output_path);
