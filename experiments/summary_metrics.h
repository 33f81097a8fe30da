// SPDX-License-Identifier: MIT
// Metrics of a group file as measures of summary.csv.
#pragma once
#include "experiments/summary_row.h"

// Those that a `pass` of the protocol names. times: whose arms and points have a row where nothing
// was counted. 0, or an exit code with failure() set.
int summary_rows_of_metrics(struct summary_rows *r, const struct summary_input *in,
                            const struct summary_samples *times, int version);
