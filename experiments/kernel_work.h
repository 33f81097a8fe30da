// SPDX-License-Identifier: MIT
// The operands of one op at a shape, and calls of parts of it: what the driver times in slices,
// what `region` gives a simulator. Nothing here knows models, teams or clocks.
//
// A call of the shape is cut into units, numbered from 0 and going on behind the last one with the
// next call, so that a slice may be a part of a call or many of them:
//   matmul, panel      a row of the weights (all tokens)
//   attention          a KV head with all of its queries; with more than ATTENTION_TOKENS tokens a
//                      block of them, early and late blocks in turn, so that two neighbours do
//                      equal work
//   yardsticks         an iteration over BYTES; of more than 1 MiB a piece of at most that
//   all others         a token
// Within its units a call is blocked as the executor blocks a step (engine/blocking.h).
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

struct kernel_work;

struct kernel_work_options {
    int threads;                         // calls come from threads 0..threads-1, at the same time
    uint64_t seed;                       // of all data
    const struct kernel *const *kernels; // all that will be called, of this op; pairs too
    size_t kernel_count;
    // Where weights and keys come from: memory filled with the op's weight format by
    // kernel_data_fill_ring, read-only. NULL: the operands of one call, the same every time.
    const unsigned char *ring;
    size_t ring_bytes;
    uint64_t layout_seed; // moves the operands within their pages; 0: not moved
    void *address; // where the operands are to begin (the same in every process), NULL: anywhere
};

// 0, or an exit code with failure() set: a variant that does not take the tokens (2), no memory.
int kernel_work_open(struct kernel_work **out, enum op op, const struct shape *s,
                     const struct kernel_work_options *o);
void kernel_work_close(struct kernel_work *w); // NULL is allowed

ptrdiff_t kernel_work_units(const struct kernel_work *w); // of one call
// A slice begins at a multiple of it and has a multiple of it for every thread: row blocks of all
// variants, equal work.
ptrdiff_t kernel_work_granule(const struct kernel_work *w);
// Whether calls read from the ring; if not, place does nothing.
bool kernel_work_from_ring(const struct kernel_work *w);
// Units begin..end of the calls that follow read the ring from `offset` on; returns the offset
// behind them, where the next slice (also of another variant) should begin.
size_t kernel_work_place(struct kernel_work *w, ptrdiff_t begin, ptrdiff_t end, size_t offset);
// Runs units begin..end (multiples of the granule, or the end of a call) as one thread.
void kernel_work_call(const struct kernel_work *w, const struct kernel *k, int thread,
                      ptrdiff_t begin, ptrdiff_t end);
// What units cost by the op's row: bytes that must move, operations.
void kernel_work_cost(const struct kernel_work *w, ptrdiff_t begin, ptrdiff_t end, double *bytes,
                      double *ops);
// What a thread's calls read from memory of their own, for a read ceiling on the same; NULL where
// they read the ring.
const unsigned char *kernel_work_operands(const struct kernel_work *w, int thread, size_t *bytes);
// What its calls wrote last.
const unsigned char *kernel_work_results(const struct kernel_work *w, int thread, size_t *bytes);
