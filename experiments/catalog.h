// SPDX-License-Identifier: MIT
// The protocols and results that lie in the data directory. Functions return 0 or an exit code with
// failure() set.
#pragma once
#include "experiments/table.h"

// protocols/*.md but README.md. Paths in *paths (sorted), both malloc'ed; catalog_free frees them.
int catalog_protocols(char ***paths, size_t *count);
// results/STEM/MACHINE/RUN with a run.csv in it.
int catalog_results(char ***paths, size_t *count);
void catalog_free(char **paths, size_t count);

// `list protocols` and `list results`.
int catalog_list_protocols(enum table_format format);
int catalog_list_results(enum table_format format);
