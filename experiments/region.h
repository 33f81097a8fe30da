// SPDX-License-Identifier: MIT
// A region's spec, OP=VARIANT:SHAPE, for the verb and for whoever starts it.
#pragma once
#include "kernels/kernels.h"

// 0, or EXIT_USAGE with failure() set.
int region_parse(const char *spec, const struct kernel **k, struct shape *s);

struct command;
int region_main(const struct command *c);
