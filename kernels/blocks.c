// SPDX-License-Identifier: MIT
// Running a matmul variant: a function directly, a pair row block by row block through its panel.
#include "kernels/kernels.h"

static void run_pair(const struct kernel *k, const struct matmul_args *a) {
    const struct kernel *packer = kernel_find_symbol(k->packer),
                        *tile = kernel_find_symbol(k->tile);
    struct panel_args pack = {.panel = a->scratch, .w_stride = a->w_stride, .cols = a->cols};
    struct matmul_args part = *a;
    part.w = a->scratch;
    part.scratch = NULL;
    for (ptrdiff_t r = 0; r < a->rows; r += k->row_block) {
        part.rows = pack.rows = a->rows - r < k->row_block ? a->rows - r : k->row_block;
        pack.w = (const char *)a->w + r * a->w_stride;
        packer->run.panel(&pack);
        for (ptrdiff_t t = 0; t < a->tokens; t += part.tokens) {
            part.tokens = a->tokens - t < tile->tokens_max ? a->tokens - t : tile->tokens_max;
            part.y = (float *)((char *)a->y + t * a->y_stride) + r;
            part.x = (const char *)a->x + t * a->x_stride;
            tile->run.matmul(&part);
        }
    }
}

void kernel_matmul(const struct kernel *k, const struct matmul_args *a) {
    if (k->packer)
        run_pair(k, a);
    else
        k->run.matmul(a);
}
