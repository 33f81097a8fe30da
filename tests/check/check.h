// SPDX-License-Identifier: MIT
// What the parts of check_kernels share: one case after another of one kernel, each with its own
// seed; memory whose ends fault; canaries around whatever is written; the message of a failure.
//
// A case: `if (!check_case(c, "rows %td …", …)) return;`, areas filled, check_run, results compared
// by check_near or check_same, check_canaries. After the first failure every further case is
// skipped.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

struct check {
    const struct kernel *kernel;
    uint64_t seed;
    long only_case; // 0: all
    long cases;     // begun so far, from 1
    bool failed;
    uint64_t random;
    char what[256];      // the case in words
    const char *program; // argv[0]
    // Of all results compared by check_near: the largest error as a share of its tolerance, and
    // that error in units of the last place of the exact result.
    double worst_share, worst_ulp;
};

bool check_case(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_fail(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Where an input lies: its last byte before a page that faults (in every third case its first byte
// behind one), or `n` bytes behind a multiple of 64.
enum { AT_GUARD = -1 };
// Input of `bytes`, preset to 0xff (as floats: NaN); read-only while the kernel runs.
void *check_input(struct check *c, const char *name, size_t bytes, size_t align, int place);
// Memory that the kernel may write: preset to a pattern, with 256 bytes more on either side. What
// is not marked by check_writes must keep the pattern.
void *check_output(struct check *c, const char *name, size_t bytes, size_t align);
void check_writes(struct check *c, const void *from, size_t bytes);
// Scratch: writable throughout, ends at a guard page.
void *check_scratch(struct check *c, size_t bytes);

// Calls the kernel (a pair through kernel_matmul). A fault or a broken calling convention fails the
// case; false after that. Also checks the canaries.
bool check_run(struct check *c, const void *args);
// As the calling convention has it: fails the case where a register is not given back.
void check_call(struct check *c, const void *args);
void check_invoke(const struct kernel *k, const void *args); // no checks

bool check_near(struct check *c, double got, double want, double tolerance, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
// Bytes equal; `element` is the size by which the first difference is named.
bool check_same(struct check *c, const void *got, const void *want, size_t bytes, size_t element,
                const char *name);

uint64_t check_random(struct check *c);                                  // 64 random bits
ptrdiff_t check_between(struct check *c, ptrdiff_t low, ptrdiff_t high); // inclusive
double check_uniform(struct check *c, double low, double high);

// ---- data: what a case's numbers look like
enum data { DATA_PERIOD, DATA_RANDOM, DATA_EXTREME, DATA_ZEROS, DATA_TINY, DATA_COUNT };
extern const char *const data_names[DATA_COUNT];
// One row of a weight format (also KV rows) and of an activation format.
void data_weights(struct check *c, enum data data, enum format f, void *row, ptrdiff_t cols);
void data_floats(struct check *c, enum data data, float *x, ptrdiff_t n);
void data_activations(struct check *c, enum data data, enum format f, void *x, ptrdiff_t cols);
// What element `col` of a row stands for.
double data_value(enum format f, const void *row, ptrdiff_t col);
double data_activation(enum format f, const void *x, ptrdiff_t cols, ptrdiff_t col);
double data_f16(uint16_t bits);
ptrdiff_t data_element_bytes(enum format f); // smallest alignment that a row may have

// Half of the smallest float: what each rounding may lose below the normal range, whatever the
// terms.
#define UNDERFLOW_LOSS 0x1p-150
#define UNIT 0x1p-24

// ---- one function a class
void check_matmul(struct check *c);
void check_panel(struct check *c);
void check_attention(struct check *c);
void check_attention_pieces(struct check *c); // scores, weighted sums
void check_state(struct check *c);
void check_row(struct check *c);
void check_rope_angles(struct check *c);
void check_rope(struct check *c);
void check_embed(struct check *c);
void check_kv_store(struct check *c);
void check_yardstick(struct check *c);

// Times the kernel, beside the yardsticks. shape NULL: the op's default. ring_mib: weights of at
// least so many MiB are gone through in turn (0: the same every time). 0, or 2 after a message.
int bench(const struct kernel *k, const char *shape, long ring_mib);

// ---- AVX-VNNI kernels for machines without it: the same sources, assembled with the EVEX form of
// vpdpbusd (kernels/asm/x86_64/vnni.h). Rows "evex_<symbol>" that ask for avx512vnni; pairs have
// none, their tiles do.
size_t evex_count(void);
const struct kernel *evex_at(size_t i);
