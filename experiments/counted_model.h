// SPDX-License-Identifier: MIT
// Cases of a protocol with `source sim` on a phase of a model: whole evaluations under qemu-user
// with our plugin, counted region by region (with `granularity step` layer by layer: REGION@LAYER),
// on one thread. A region whose step takes another variant under the simulator than on this machine
// is unsupported: INFEROMETER_ISA=avx2 makes the two alike.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "experiments/protocol.h"

bool counted_model_is(const struct protocol_case *c);
// As counted_check and counted_block (experiments/counted.h). overrides: of --set.
int counted_model_check(const struct protocol *p, const struct protocol_case *c);
int counted_model_block(const struct protocol *p, size_t case_index, int block,
                        const char *const *overrides, size_t override_count, const char *fragment,
                        int64_t *next_key);
