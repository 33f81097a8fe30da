// SPDX-License-Identifier: MIT
// verify: checks runs; all of them, also behind one that fails.
#include <stdio.h>

#include "experiments/command.h"
#include "experiments/failure.h"
#include "experiments/run_dir.h"

int verb_verify(const struct command *c);

int verb_verify(const struct command *c) {
    size_t failed = 0;
    for (size_t i = 0; i < c->positional_count; i++) {
        const int rc = run_verify(c->positional[i]);
        if (rc && c->positional_count == 1) return rc;
        if (rc) fprintf(stderr, "inferometer: %s\n", failure());
        failed += rc != 0;
    }
    return failed ? fail(EXIT_FAILED, "verify: %zu of %zu runs failed", failed, c->positional_count)
                  : 0;
}
