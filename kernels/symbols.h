// SPDX-License-Identifier: MIT
// The prototype of every kernel, from the tables: for the C files that define kernels.
#pragma once
#include "kernels/args.h"

#define OP(name, op_class, ...) typedef void name##_fn(const struct op_class##_args *a);
#include "kernels/ops.def"
#undef OP

#define KERNEL(arch, op, variant, ...) extern op##_fn op##__##variant;
#define PAIR(...)
#include "kernels/kernels.def"
#undef KERNEL
#undef PAIR
