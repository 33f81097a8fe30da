// SPDX-License-Identifier: MIT
// The words of a MODEL that is no path: embedded:NAME, synth:PRESET/FORMAT[?layers=N&seed=S].
#pragma once

// 0; EXIT_USAGE with failure() set where a word is unknown or not built yet. Anything else is a
// path, which engine/source.c looks for. verb: for the message.
int model_spec_check(const char *verb, const char *spec);
