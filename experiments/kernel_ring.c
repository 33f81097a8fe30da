// SPDX-License-Identifier: MIT
#include "experiments/kernel_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "experiments/ceiling.h"
#include "experiments/failure.h"
#include "experiments/kernel_data.h"

int kernel_ring_open(struct kernel_ring *r, int fd) {
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    *r = (struct kernel_ring){.bytes = CANARY_BYTES};
    void *data = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE, flags | MAP_POPULATE, fd, 0);
    if (data == MAP_FAILED)
        return fail(EXIT_FAILED, "cannot map 512 MiB for weights: %s", strerror(errno));
    r->data = data;
    return 0;
}

void kernel_ring_fill(struct kernel_ring *r, enum format f, uint64_t seed) {
    if (r->filled && r->format == f && r->seed == seed) return;
    kernel_data_fill_ring(f, r->data, r->bytes, seed);
    r->filled = true;
    r->format = f;
    r->seed = seed;
}

void kernel_ring_close(struct kernel_ring *r) {
    if (r->data != NULL) munmap(r->data, r->bytes);
    *r = (struct kernel_ring){0};
}
