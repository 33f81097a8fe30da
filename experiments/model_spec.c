// SPDX-License-Identifier: MIT
#include "experiments/model_spec.h"

#include <stdio.h>
#include <string.h>

#include "experiments/command.h"
#include "experiments/failure.h"

// The words of a flag or of the first argument of `synth`.
static const char *synth_words(const char *flag_name) {
    const struct verb *synth = command_verb("synth");
    for (size_t i = 0; flag_name && i < command_flag_count(); i++) {
        const struct flag *f = command_flag_at(i);
        if (command_takes(synth, f) && !strcmp(f->name, flag_name)) return f->words;
    }
    return synth->words;
}

int model_spec_check(const char *verb, const char *spec) {
    char what[64], preset[64], format[64];
    if (!strncmp(spec, "embedded:", 9)) {
        snprintf(what, sizeof what, "%s: embedded model", verb);
        return command_word(what, spec + 9, "kjv-3.7m");
    }
    if (strncmp(spec, "synth:", 6) != 0) return 0;
    const char *slash = strchr(spec, '/');
    if (!slash)
        return fail(EXIT_USAGE, "%s: %s: must be synth:PRESET/FORMAT[?layers=N&seed=S]", verb,
                    spec);
    snprintf(preset, sizeof preset, "%.*s", (int)(slash - spec - 6), spec + 6);
    snprintf(format, sizeof format, "%.*s", (int)strcspn(slash + 1, "?"), slash + 1);
    snprintf(what, sizeof what, "%s: synth preset", verb);
    const int rc = command_word(what, preset, synth_words(NULL));
    if (rc) return rc;
    snprintf(what, sizeof what, "%s: synth format", verb);
    return command_word(what, format, synth_words("--format"));
}
