// SPDX-License-Identifier: MIT
// synth: makes a model file of real shape with seeded random weights.
#include <stdio.h>

#include "engine/error.h"
#include "engine/synth.h"
#include "experiments/command.h"
#include "experiments/failure.h"
#include "experiments/progress.h"

int verb_synth(const struct command *c);

static struct progress bar; // the engine's callback carries no argument

static void show(double done) {
    progress_show(&bar, done);
}

int verb_synth(const struct command *c) {
    const char *name = c->positional[0], *path = command_value(c, "-O", "");
    const struct synth_preset *p = synth_preset_find(name);
    long layers, seed;
    if (!p) return fail(EXIT_USAGE, "synth: preset %s is not built yet", name);
    int rc = command_number(c, "--layers", 1, (long)p->layers, 0, &layers);
    if (!rc) rc = command_number(c, "--seed", 0, 1L << 62, 0, &seed);
    if (rc) return rc;
    char label[128];
    snprintf(label, sizeof label, "making %.100s", path);
    progress_start(&bar, label);
    if (synth_write(p, command_value(c, "--format", "q8_0"), layers, (uint64_t)seed, path, show))
        rc = fail(EXIT_FAILED, "%s", engine_error());
    progress_end(&bar);
    return rc;
}
