// SPDX-License-Identifier: MIT
// A whole evaluation between marks, a region a step: what a simulator counts of a model. The verb
// `region eval:CASE:POINT:ARM:PROTOCOL` runs one arm of a case's point on one thread and prints
// what its steps are; a phase's generated tokens are marked apart from its prompt.
//   step,ID,LAYER,REGION,ROLE,KERNEL,CALLS,TOKENS,SPEC,WHOLE
// ID as in the plugin's rows; LAYER -1: none; SPEC: OP=VARIANT:SHAPE of the first call; WHOLE 1:
// that shape's bytes and operations are the call's.
#pragma once
#include "experiments/command.h"

#define REGION_MODEL_GENERATED 512 // added to a step's number for generated tokens
#define REGION_MODEL_EMPTY 1023    // an empty region: what the marks themselves cost
#define REGION_MODEL_EMPTY_CALLS 16
// spec: what follows "eval:". 0, or an exit code with failure() set.
int region_model(const struct command *c, const char *spec);
