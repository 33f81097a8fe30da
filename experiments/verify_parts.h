// SPDX-License-Identifier: MIT
// The checks of run_verify, each 0 or an exit code with one message: run, file, row (from 1, below
// the header), column.
#pragma once
#include "experiments/failure.h"
#include "experiments/protocol.h"
#include "experiments/run_dir.h"

__attribute__((format(printf, 4, 5))) int verify_fail(const struct run *r, enum run_file f,
                                                      size_t row, const char *format, ...);

// verify_rows.c: types, mandatory cells, keys that refer to samples, statuses.
int verify_types(const struct run *r);
int verify_samples(const struct run *r, const struct protocol *p);
int verify_references(const struct run *r);
int verify_counts(const struct run *r);
// verify_complete.c: every point and arm in every block, with all of its tokens.
int verify_points(const struct run *r, const struct protocol *p);
int verify_complete(const struct run *r, const struct protocol *p);
