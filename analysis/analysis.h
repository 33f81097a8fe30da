// SPDX-License-Identifier: MIT
// Redraws the figures of an article from a run directory alone: tables are made here, drawn by
// gnuplot with analysis/<stem>.gp. Reads results only through experiments/run_dir.h.
#pragma once

struct analysis_request {
    const char *stem;
    const char *from;     // a run directory, or NULL: the one that analysis/<stem>.run pins
    const char *format;   // "svg", "png" or "pdf"
    const char *out;      // directory of the figures, or NULL: build/figures under data_dir
    const char *data_dir; // holds analysis/ and results/
};
// Draws every figure of the stem and prints their paths. 0, or an exit code with failure() set.
int analysis_plot(const struct analysis_request *r);
// Writes <stem>.html, one page that holds all of it and loads nothing, into out, and prints its
// path. 0, or an exit code with failure() set.
int analysis_report(const struct analysis_request *r);
