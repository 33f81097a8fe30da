// SPDX-License-Identifier: MIT
// The protocols and results that lie in the data directory. Functions return 0 or an exit code with
// failure() set.
#pragma once
#include "experiments/table.h"

// protocols/*.md but README.md. Paths in *paths (sorted), both malloc'ed; catalog_free frees them.
int catalog_protocols(char ***paths, size_t *count);
// results/STEM/MACHINE/RUN with a run.csv in it: in the data directory and where `run` puts them.
int catalog_results(char ***paths, size_t *count);
// Where what is made goes: `below` the data directory; where that is installed or cannot be
// written, `here`, a path from the current directory. *path is malloc'ed.
int catalog_output_dir(const char *below, const char *here, char **path);
// Lies in the data directory of an installed program: lines "commit HASH" and "dirty yes|no".
#define CATALOG_INSTALLED "installed"
void catalog_free(char **paths, size_t count);

// `list protocols` and `list results`.
int catalog_list_protocols(enum table_format format);
int catalog_list_results(enum table_format format);
