// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "analysis/figures.h"
#include "analysis/source_run.h"
#include "experiments/failure.h"

int analysis_plot(const struct analysis_request *r) {
    char out[4096], directory[] = "/tmp/inferometer-plot-XXXXXX";
    struct run run;
    int status = source_run_open(r, &run);
    if (status != 0) return status;
    if (r->out != NULL)
        snprintf(out, sizeof out, "%s", r->out);
    else
        snprintf(out, sizeof out, "%s/build/figures", r->data_dir);
    status = figures_directory(out);
    if (status == 0 && mkdtemp(directory) == NULL)
        status = fail(EXIT_FAILED, "%s: %s", directory, strerror(errno));
    else if (status == 0) {
        status = figures_draw(r, &run, directory, out, false);
        figures_remove(directory);
    }
    run_close(&run);
    return status;
}
