// SPDX-License-Identifier: MIT
// Compares the result of a row-wise op, a token at a time, with what it must be. x is what the
// case's x was before the call (with the same stride).
#pragma once
#include "tests/check/check.h"

const float *row_at(const void *base, ptrdiff_t stride, ptrdiff_t t);
// Within the op's tolerance; y apart from a->y, because rmsnorm_quantize_a8_32 writes floats
// elsewhere.
void row_compare_floats(struct check *c, const struct row_args *a, const void *y_base,
                        ptrdiff_t y_stride, const void *x, ptrdiff_t t);
void row_compare_argmax(struct check *c, const struct row_args *a, const void *x, ptrdiff_t t);
void row_compare_bf16(struct check *c, const struct row_args *a, const void *x, ptrdiff_t t);
// a8_32 planes of x_row, to the last bit.
void row_compare_planes(struct check *c, const struct row_args *a, const float *x_row, ptrdiff_t t);
