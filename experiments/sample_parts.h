// SPDX-License-Identifier: MIT
// Inside the sampler: what its rows have in common.
#pragma once
#include "experiments/sample.h"
#include "probes/ledger.h"

// CPU time of all threads; NaN where a clock cannot be read.
double sample_cpu_ns(const struct sampler *s);
// Begins a row of samples.csv; its key.
int64_t sample_begin(struct sampler *s, const char *arm, bool warmup);
void sample_ledger(struct sampler *s, const struct ledger_entry *e);
// A row of counts.csv. thread -1: all of them. count: NULL where the event could not be opened.
void sample_count(struct sampler *s, int64_t key, const char *region, int thread,
                  const struct event *event, const struct count *count);
// Events that were not opened have one row a sample, with their status and without values.
void sample_unopened(struct sampler *s, const struct counters *c, int64_t key);
