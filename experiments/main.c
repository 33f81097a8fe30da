// SPDX-License-Identifier: MIT
// The binary: finds the verb's row and calls its handler.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "engine/error.h"
#include "engine/model.h"
#include "experiments/catalog.h"
#include "experiments/command.h"
#include "experiments/failure.h"
#include "experiments/help.h"
#include "experiments/output.h"

// Handlers of rows that are LATER need not exist.
#define VERB_HANDLER_BUILT(handler) int handler(const struct command *c);
#define VERB_HANDLER_INTERNAL(handler) int handler(const struct command *c);
#define VERB_HANDLER_LATER(handler)
#define VERB(name, state, handler, ...) VERB_HANDLER_##state(handler)
#include "experiments/verbs.def"
#undef VERB

// The two verbs whose work lies in analysis/.
static int main_analysis(const struct command *c, int (*work)(const struct analysis_request *)) {
    char *data_dir = NULL, *out = NULL;
    int status = catalog_output_dir("build/figures", "figures", &out);
    if (status != 0) return status;
    if (source_data_dir(&data_dir) != 0) {
        free(out);
        return fail(EXIT_FAILED, "%s", engine_error());
    }
    const struct analysis_request r = {
        .stem = c->positional[0],
        .from = command_value(c, "--from", NULL),
        .format = command_value(c, "--format", "svg"),
        .out = command_value(c, "--out", out),
        .data_dir = data_dir,
    };
    status = work(&r);
    free(data_dir);
    free(out);
    return status;
}

int main_plot(const struct command *c) {
    return main_analysis(c, analysis_plot);
}

int main_report(const struct command *c) {
    return main_analysis(c, analysis_report);
}

static int call(const struct command *c) {
#define VERB_CALL_BUILT(handler) return handler(c);
#define VERB_CALL_INTERNAL(handler) return handler(c);
#define VERB_CALL_LATER(handler) break;
#define VERB(name, state, handler, ...)                                                            \
    while (strcmp(c->verb, #name) == 0) VERB_CALL_##state(handler)
#include "experiments/verbs.def"
#undef VERB
    return fail(EXIT_USAGE, "%s is not built yet", c->verb);
}

int main(int argc, char **argv) {
    output_start();
    if (argc < 2) {
        help_general(stderr);
        return EXIT_USAGE;
    }
    struct command c;
    int rc = 0;
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        help_general(stdout);
    } else {
        rc = command_parse(&c, argc, argv);
        if (!rc && c.help)
            help_verb(stdout, command_verb(c.verb));
        else if (!rc)
            rc = call(&c);
    }
    return output_end(rc);
}
