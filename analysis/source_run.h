// SPDX-License-Identifier: MIT
// The run that figures and pages are made of.
#pragma once
#include "analysis/analysis.h"
#include "experiments/run_dir.h"

// Opens r->from, or the run that analysis/<stem>.run pins; its protocol must be the stem. 0, or an
// exit code with failure() set and nothing to close.
int source_run_open(const struct analysis_request *r, struct run *run);
const char *source_run_fact(const struct run *run, const char *key); // "" if absent
