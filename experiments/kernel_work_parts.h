// SPDX-License-Identifier: MIT
// Inside kernel_work: where operands lie, and the calls of each class.
#pragma once
#include "experiments/kernel_work.h"

// Pointers of one thread; which are set depends on the class. Shared ones are the same in all.
struct operands {
    unsigned char *y, *x; // written; read (shared by the threads where it is a matmul's)
    size_t y_bytes, x_bytes;
    float *b, *gain;
    float *m, *l, *acc, *m2, *l2, *acc2; // attention states
    float *scores;                       // of a block of queries and a run of keys
    size_t scores_bytes;
    int32_t *indices; // positions, or rows of a table
    unsigned char *scratch;
};

struct kernel_work {
    enum op op;
    enum op_class op_class;
    struct shape shape;
    int threads;
    struct operands *threads_operands; // [threads]
    // Weights or keys: the ring, or memory of our own of `own_bytes`.
    const unsigned char *ring;
    size_t ring_bytes; // whole strides of what is read there
    unsigned char *own;
    size_t own_bytes;
    size_t unit_bytes; // of weights or keys from one unit to the next; 0: units read none
    ptrdiff_t units, granule;
    ptrdiff_t placed_begin; // kernel_work_place
    size_t placed_offset;
    ptrdiff_t x_stride, y_stride; // bytes between tokens
    ptrdiff_t token_blocks;       // of a head's queries
    ptrdiff_t heads, dim;         // of a row-wise op that has heads
    ptrdiff_t table_rows;         // of embed
    ptrdiff_t table_indices;      // whole calls of rows that are asked for in turn
    bool tile;                    // a matmul on panels: calls of at most a row block
    unsigned char *arena;
    size_t arena_bytes, used;
};

// Where the weights of a unit lie; *units: how many follow one behind the other there, at most
// `wanted`.
const unsigned char *kernel_work_weights(const struct kernel_work *w, ptrdiff_t unit,
                                         ptrdiff_t wanted, ptrdiff_t *units);
// Tokens [*from, *to) of a unit of attention, and its head.
void kernel_work_queries(const struct kernel_work *w, ptrdiff_t unit, ptrdiff_t *head,
                         ptrdiff_t *from, ptrdiff_t *to);

// kernel_work_layout.c. lay_out is called twice: without an arena it only counts w->used.
void kernel_work_lay_out(struct kernel_work *w, const struct kernel_work_options *o);
int kernel_work_fill_activations(struct kernel_work *w, uint64_t seed);
void kernel_work_fill_thread(struct kernel_work *w, struct operands *t, uint64_t seed);
