// SPDX-License-Identifier: MIT
// What the completions of both shells say, from the tables.
#pragma once
#include <stdbool.h>
#include <stdio.h>

#include "experiments/command.h"

// What a value or the first positional argument may be.
enum kind { NOTHING, WORDS, MODEL, FILES, DIRECTORY, PROTOCOL, STEM, KERNEL, KEY, KIND_COUNT };

// By the word for it, as flags.def and the forms in verbs.def write it.
enum kind document_kind(const char *value, const char *words);
bool document_built(const struct flag *f);
void document_head(FILE *out, const char *shell); // comment lines
// The built ones of a list of words, with `before` in front of each, a space behind.
void document_words(FILE *out, const char *words, const char *before);
void document_models(FILE *out); // the words that a MODEL may be besides a path
void document_keys(FILE *out);   // KEY=VALUE of `run --set`
