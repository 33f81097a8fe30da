// SPDX-License-Identifier: MIT
// What --help prints, from the tables of experiments/command.h.
#pragma once
#include <stdio.h>

#include "experiments/command.h"

void help_general(FILE *out);
void help_verb(FILE *out, const struct verb *v);
