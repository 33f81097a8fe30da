// SPDX-License-Identifier: MIT
#include "experiments/ceiling.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "experiments/failure.h"
#include "probes/clock.h"
#include "probes/ledger.h"

#define CANARY_SLICE_BYTES_PER_THREAD ((size_t)4 << 20)
#define COMPUTE_SLICE_NS 1e6
#define THREADS_MAX 256
#define READ_GRANULE 1024 // yardsticks read whole multiples of it

static const struct {
    const char *name, *yardstick;
} ceilings[CEILING_COUNT] = {
    [CEILING_read] = {"read", "read_stream"},  [CEILING_write] = {"write", "write_stream"},
    [CEILING_copy] = {"copy", "copy_stream"},  [CEILING_fma] = {"fma", "fma_peak"},
    [CEILING_int8] = {"int8", "int8dot_peak"}, [CEILING_bf16] = {"bf16", "bf16dot_peak"},
};

const char *ceiling_name(enum ceiling c) {
    return ceilings[c].name;
}

// Of bf16 the C form is no peak: where the machine has no unit for it, there is no such ceiling.
static bool serves(const struct kernel *k, enum ceiling which) {
    if (which == CEILING_bf16 && k->isa == ISA_c) return false;
    return strcmp(op_info(k->op)->name, ceilings[which].yardstick) == 0 && kernel_usable(k);
}

bool ceiling_exists(enum ceiling c) {
    for (size_t i = 0; i < kernel_count(); i++)
        if (serves(kernel_at(i), c)) return true;
    return false;
}

struct thread_stamps {
    _Alignas(128) unsigned char sink[64];
    uint64_t begin, end;
};

struct slice_job {
    struct team *team;
    int threads;
    const struct kernel *kernel;
    const unsigned char *data;
    unsigned char *const *own; // of each thread, or NULL
    size_t bytes;              // of data, which the threads share out; of each own
    long iterations;
    struct thread_stamps *stamps;
};

static void slice_thread(void *arg, int thread) {
    const struct slice_job *job = arg;
    struct thread_stamps *s = &job->stamps[thread];
    struct yardstick_args a = {.iterations = job->iterations, .sink = s->sink};
    if (job->own != NULL) {
        a.buffer = job->own[thread];
        a.bytes = (ptrdiff_t)job->bytes;
    } else if (job->bytes > 0) {
        size_t granules = job->bytes / READ_GRANULE;
        size_t first = granules * (size_t)thread / (size_t)job->threads;
        size_t last = granules * ((size_t)thread + 1) / (size_t)job->threads;
        a.buffer = job->data + first * READ_GRANULE;
        a.bytes = (ptrdiff_t)((last - first) * READ_GRANULE);
    }
    team_barrier(job->team, thread);
    s->begin = clock_ticks_fenced();
    job->kernel->run.yardstick(&a);
    s->end = clock_ticks_fenced();
}

static struct ceiling_slice slice_run(struct ceilings *c, struct slice_job job) {
    static struct thread_stamps stamps[THREADS_MAX];
    job.team = c->team;
    job.threads = c->threads;
    job.stamps = stamps;
    team_run(c->team, c->threads, slice_thread, &job);
    struct ceiling_slice s = {stamps[0].begin, stamps[0].end, 0, 0};
    for (int i = 1; i < c->threads; i++) {
        if (stamps[i].begin < s.begin_ticks) s.begin_ticks = stamps[i].begin;
        if (stamps[i].end > s.end_ticks) s.end_ticks = stamps[i].end;
    }
    struct shape shape = {.rows = (ptrdiff_t)job.bytes, .cols = job.iterations, .tokens = 1};
    s.bytes = op_info(job.kernel->op)->bytes(&shape) * (job.own != NULL ? c->threads : 1);
    s.ops = op_info(job.kernel->op)->ops(&shape) * c->threads;
    return s;
}

static double slice_ns(const struct ceiling_slice *s) {
    return clock_ns(s->end_ticks - s->begin_ticks);
}

struct ceiling_slice ceiling_read(struct ceilings *c, struct ceiling_target *t,
                                  size_t slice_bytes) {
    size_t whole = t->bytes / READ_GRANULE * READ_GRANULE;
    if (slice_bytes > whole) slice_bytes = whole;
    slice_bytes = slice_bytes / READ_GRANULE * READ_GRANULE;
    if (t->next + slice_bytes > whole) t->next = 0;
    struct ceiling_slice s = slice_run(c, (struct slice_job){.kernel = c->kernels[CEILING_read],
                                                             .data = t->data + t->next,
                                                             .bytes = slice_bytes,
                                                             .iterations = 1});
    t->next += slice_bytes;
    return s;
}

struct ceiling_slice ceiling_compute(struct ceilings *c, enum ceiling which) {
    return slice_run(
        c, (struct slice_job){.kernel = c->kernels[which], .iterations = c->iterations[which]});
}

struct ceiling_slice ceiling_own(struct ceilings *c, enum ceiling which, unsigned char *const *own,
                                 size_t bytes, long iterations) {
    return slice_run(
        c, (struct slice_job){
               .kernel = c->kernels[which], .own = own, .bytes = bytes, .iterations = iterations});
}

void ceilings_choose_own(struct ceilings *c, enum ceiling which, unsigned char *const *own,
                         size_t bytes, long iterations) {
    double best = 0;
    const struct kernel *chosen = NULL;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < kernel_count(); i++) {
            if (!serves(kernel_at(i), which)) continue;
            c->kernels[which] = kernel_at(i);
            struct ceiling_slice s = ceiling_own(c, which, own, bytes, iterations);
            double rate = s.bytes / slice_ns(&s);
            if (rate > best) best = rate, chosen = kernel_at(i);
        }
    }
    c->kernels[which] = chosen;
}

void ceilings_choose_read(struct ceilings *c, struct ceiling_target *t) {
    double best = 0;
    const struct kernel *chosen = c->kernels[CEILING_read];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < kernel_count(); i++) {
            const struct kernel *k = kernel_at(i);
            if (!serves(k, CEILING_read)) continue;
            c->kernels[CEILING_read] = k;
            struct ceiling_slice s = ceiling_read(c, t, (size_t)64 << 20);
            double rate = s.bytes / slice_ns(&s);
            if (rate > best) best = rate, chosen = k;
        }
    }
    c->kernels[CEILING_read] = chosen;
}

double ceiling_canary_gbps(struct ceilings *c) {
    struct ceiling_slice s =
        ceiling_read(c, &c->canary, CANARY_SLICE_BYTES_PER_THREAD * (size_t)c->threads);
    return s.bytes / slice_ns(&s);
}

double ceiling_effective_mhz(void) {
    const struct kernel *k = kernel_select(OP_add_chain, 1, 0, NULL);
    _Alignas(64) unsigned char sink[64];
    struct yardstick_args a = {.iterations = 1500, .sink = sink};
    uint64_t begin = clock_ticks_fenced();
    k->run.yardstick(&a);
    uint64_t end = clock_ticks_fenced();
    return ledger_effective_mhz(64.0 * 1500, end - begin);
}

int ceiling_canary_memfd(void) {
    int fd = memfd_create("inferometer-canary", 0);
    if (fd < 0) return -1;
    if (ftruncate(fd, (off_t)CANARY_BYTES) != 0) {
        close(fd);
        return -1;
    }
    unsigned char *ring = mmap(NULL, CANARY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ring == MAP_FAILED) {
        close(fd);
        return -1;
    }
    // Where memory is short, SIGBUS would end the process instead of a message.
    if (fallocate(fd, 0, 0, (off_t)CANARY_BYTES) != 0 && errno != EOPNOTSUPP) {
        int reason = errno;
        munmap(ring, CANARY_BYTES);
        close(fd);
        errno = reason;
        return -1;
    }
    memset(ring, 1, CANARY_BYTES); // pages that were never written would all be one page of zeros
    munmap(ring, CANARY_BYTES);
    return fd;
}

int ceilings_open(struct ceilings *c, struct team *team, int threads, int canary_fd) {
    *c = (struct ceilings){.team = team, .threads = threads};
    if (threads > THREADS_MAX) return fail(EXIT_USAGE, "at most %d threads", THREADS_MAX);
    int own_fd = canary_fd < 0 ? ceiling_canary_memfd() : -1;
    if (canary_fd < 0 && own_fd < 0)
        return fail(EXIT_FAILED, "no memory for the 512 MiB bandwidth canary: %s", strerror(errno));
    void *ring = mmap(NULL, CANARY_BYTES, PROT_READ, MAP_SHARED | MAP_POPULATE,
                      canary_fd < 0 ? own_fd : canary_fd, 0);
    if (own_fd >= 0) close(own_fd);
    if (ring == MAP_FAILED)
        return fail(EXIT_FAILED, "cannot map 512 MiB for the bandwidth canary: %s",
                    strerror(errno));
    c->canary = (struct ceiling_target){ring, CANARY_BYTES, 0};
    clock_hz();
    for (int which = 0; which < CEILING_COUNT; which++) {
        const struct kernel *best = NULL;
        double best_rate = 0;
        for (size_t i = 0; which >= CEILING_fma && i < kernel_count(); i++) {
            const struct kernel *k = kernel_at(i);
            if (!serves(k, (enum ceiling)which)) continue;
            for (int round = 0; round < 3; round++) {
                struct ceiling_slice s =
                    slice_run(c, (struct slice_job){.kernel = k, .iterations = 200});
                double rate = s.ops / slice_ns(&s);
                if (rate > best_rate) best_rate = rate, best = k;
            }
        }
        if (which == CEILING_read) {
            c->kernels[which] = kernel_select(OP_read_stream, 1, 0, NULL);
        } else if (best != NULL) {
            struct shape one = {.rows = 1, .cols = 1, .tokens = 1};
            double ops_per_iteration = op_info(best->op)->ops(&one) * threads;
            c->kernels[which] = best;
            c->iterations[which] = (long)(best_rate * COMPUTE_SLICE_NS / ops_per_iteration) + 1;
        }
    }
    ceilings_choose_read(c, &c->canary);
    return 0;
}

void ceilings_close(struct ceilings *c) {
    if (c->canary.data != NULL) munmap((void *)(uintptr_t)c->canary.data, c->canary.bytes);
    *c = (struct ceilings){0};
}
