// SPDX-License-Identifier: MIT
// The sections of a report's page; each writes one <section>. 0, or an exit code with failure()
// set.
#pragma once
#include <stdbool.h>
#include <stdio.h>

#include "analysis/analysis.h"
#include "experiments/run_dir.h"

struct report {
    const struct analysis_request *request;
    const struct run *run;
    FILE *page;
    char *protocol;     // the text of protocol.md
    char directory[40]; // of tables and figures, removed at the end
    char script[4200];  // analysis/<stem>.gp
    bool drawn;         // there is such a script, and it drew
};

void report_found(const struct report *p);
void report_verdicts(const struct report *p); // a part of what was found
int report_figures(const struct report *p);
void report_missing(const struct report *p);
int report_repeat(const struct report *p);
int report_provenance(const struct report *p);

// The summary's rows of one case, or of all ("NULL"), as a table: a row for each point and arm, a
// column for each measure. measures: which, separated by blanks, in this order; NULL: all that the
// rows have.
void report_summary_table(const struct report *p, const char *label, const char *case_name,
                          const char *measures);
extern const char report_style[], report_script[], report_script_hash[];
