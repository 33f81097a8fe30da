// SPDX-License-Identifier: MIT
// The verb `bench`.
#pragma once
#include "experiments/command.h"

int bench_main(const struct command *c); // 0, or an exit code with failure() set
