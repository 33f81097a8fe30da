// SPDX-License-Identifier: MIT
// Figures: the tables of a run, drawn by gnuplot with analysis/<stem>.gp.
#pragma once
#include <stdbool.h>

#include "analysis/analysis.h"
#include "experiments/run_dir.h"

// Writes the tables into directory (which exists) and the figures into out. quiet: their paths are
// not printed. 0, or an exit code with failure() set.
int figures_draw(const struct analysis_request *r, const struct run *run, const char *directory,
                 const char *out, bool quiet);
int figures_directory(const char *path);    // makes it with its parents, where they are missing
void figures_remove(const char *directory); // with the files in it
