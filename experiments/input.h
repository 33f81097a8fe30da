// SPDX-License-Identifier: MIT
// What a verb is to work on: a text (-p, -f, --stdin) or token ids (--tokens).
// Functions return 0 or an exit code with failure() set.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "experiments/command.h"

// -p, -f, --stdin and --tokens exclude each other. *any: one was given.
int input_check(const struct command *c, bool *any);
// *text is malloc'ed, any bytes, and one NUL behind them; empty where no flag gives a text.
int input_text(const struct command *c, char **text, size_t *bytes);
// A whole file, or standard input for path NULL.
int input_file(const char *path, char **text, size_t *bytes);
// "1 5 17" (or with commas); *ids is malloc'ed. At least one.
int input_tokens(const struct command *c, int32_t **ids, size_t *count);
