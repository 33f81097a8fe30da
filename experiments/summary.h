// SPDX-License-Identifier: MIT
// summary.csv from points.csv, samples.csv and the protocol alone, so that `verify` can recompute it.
#pragma once
#include "experiments/csv.h"

#define STATISTICS_VERSION 1
// Reads directory/{points,samples}.csv and writes directory/summary.csv (or to another path).
int summary_write(const char *directory, const char *output_path);
