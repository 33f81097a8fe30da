// SPDX-License-Identifier: MIT
// Jobs: the caller publishes (fn, arg) by storing a new job word; workers spin on it shortly, then
// sleep on the futex `wake`. Barriers: an arrival count and a phase; the last to arrive advances
// the phase. Whoever sleeps has counted itself in `sleepers` first, whoever wakes advances the
// futex word before it reads `sleepers`, and both are sequentially consistent: no wake-up is lost,
// and none is paid for when nobody sleeps.
#include "engine/team.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/error.h"

// Turns of the spin loop before a futex: some 100 us where every worker has a CPU of its own (a
// step of decoding is shorter), next to nothing where workers share CPUs.
#define SPIN_TURNS_JOB 4000
#define SPIN_TURNS_BARRIER 8000
#define SPIN_TURNS_SHARED 16
#define THREADS_MAX 1024

struct waiting {
    alignas(64) _Atomic uint32_t word; // the futex
    _Atomic uint32_t sleepers;
};

struct worker {
    struct team *team;
    int thread;
    pthread_t handle;
};

struct team {
    struct waiting wake;  // a new job
    struct waiting phase; // of the barrier
    alignas(64) _Atomic uint32_t arrived;
    alignas(64) _Atomic uint64_t job; // generation << 16 | threads; 0 threads: exit
    void (*fn)(void *arg,
               int thread); // written before `job`, constant until the job's last barrier
    void *arg;
    int threads, spin_job, spin_barrier;
    bool pinned_caller;
    cpu_set_t caller_set; // to put back
    int started;
    struct worker *workers;
};

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory"); // `yield` is a no-op on most cores
#endif
}

static void futex_wait(struct waiting *w, uint32_t seen) {
    atomic_fetch_add(&w->sleepers, 1);
    syscall(SYS_futex, (uint32_t *)&w->word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    atomic_fetch_sub(&w->sleepers, 1);
}

static void futex_advance(struct waiting *w) {
    atomic_fetch_add(&w->word, 1);
    if (atomic_load(&w->sleepers))
        syscall(SYS_futex, (uint32_t *)&w->word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void barrier(struct team *t, uint32_t threads) {
    if (threads == 1) return;
    uint32_t phase = atomic_load_explicit(&t->phase.word, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&t->arrived, 1, memory_order_acq_rel) == threads - 1) {
        atomic_store_explicit(&t->arrived, 0, memory_order_relaxed);
        futex_advance(&t->phase);
        return;
    }
    for (int turn = 0; atomic_load_explicit(&t->phase.word, memory_order_acquire) == phase;
         turn++) {
        if (turn < t->spin_barrier)
            relax();
        else
            futex_wait(&t->phase, phase);
    }
}

static uint32_t job_threads(uint64_t job) {
    return (uint32_t)(job & 0xffff);
}

static uint64_t next_job(struct team *t, uint64_t seen) {
    uint64_t job;
    for (int turn = 0; (job = atomic_load_explicit(&t->job, memory_order_acquire)) == seen;
         turn++) {
        if (turn < t->spin_job) {
            relax();
            continue;
        }
        uint32_t word = atomic_load(&t->wake.word);
        if (atomic_load(&t->job) == seen) futex_wait(&t->wake, word);
    }
    return job;
}

static void *worker_main(void *p) {
    struct worker *w = p;
    struct team *t = w->team;
    for (uint64_t seen = 1;;) {
        seen = next_job(t, seen);
        uint32_t threads = job_threads(seen);
        if (threads == 0) return NULL;
        if ((uint32_t)w->thread >= threads) continue; // fn and arg are not ours to read
        t->fn(t->arg, w->thread);
        barrier(t, threads);
    }
}

static void publish(struct team *t, uint32_t threads) {
    uint64_t generation = (atomic_load_explicit(&t->job, memory_order_relaxed) >> 16) + 1;
    atomic_store(&t->job, generation << 16 | threads);
    futex_advance(&t->wake);
}

void team_run(struct team *t, int threads, void (*fn)(void *arg, int thread), void *arg) {
    t->fn = fn;
    t->arg = arg;
    if (threads > 1) {
        publish(t, (uint32_t)threads);
    } else { // nobody to wake; team_barrier must know
        uint64_t generation = (atomic_load_explicit(&t->job, memory_order_relaxed) >> 16) + 1;
        atomic_store_explicit(&t->job, generation << 16 | 1, memory_order_relaxed);
    }
    fn(arg, 0);
    barrier(t, (uint32_t)threads);
}

void team_barrier(struct team *t, int thread) {
    (void)thread;
    // Nobody changes `job` while it runs.
    barrier(t, job_threads(atomic_load_explicit(&t->job, memory_order_relaxed)));
}

static int pin(pthread_t handle, int cpu) {
    cpu_set_t set;
    if (cpu < 0 || cpu >= CPU_SETSIZE) return EINVAL;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return pthread_setaffinity_np(handle, sizeof set, &set);
}

static bool cpus_are_shared(int threads, const int *cpus, const cpu_set_t *allowed) {
    if (threads > CPU_COUNT(allowed)) return true;
    for (int i = 0; cpus && i < threads; i++)
        for (int j = 0; j < i; j++)
            if (cpus[i] == cpus[j]) return true;
    return false;
}

int team_open(struct team **out, int threads, const int *cpus) {
    *out = NULL;
    if (threads < 1 || threads > THREADS_MAX)
        return engine_fail(EINVAL, "%d threads: must be 1 to %d", threads, THREADS_MAX);
    struct team *t = aligned_alloc(64, (sizeof *t + 63) / 64 * 64);
    if (!t) return engine_fail(ENOMEM, "no memory for a team of %d threads", threads);
    memset(t, 0, sizeof *t);
    t->threads = threads;
    atomic_store(&t->job, 1);
    t->workers = calloc((size_t)threads, sizeof *t->workers);
    if (!t->workers) {
        team_close(t);
        return engine_fail(ENOMEM, "no memory for a team of %d threads", threads);
    }
    CPU_ZERO(&t->caller_set);
    sched_getaffinity(0, sizeof t->caller_set, &t->caller_set);
    bool shared = cpus_are_shared(threads, cpus, &t->caller_set);
    t->spin_job = shared ? SPIN_TURNS_SHARED : SPIN_TURNS_JOB;
    t->spin_barrier = shared ? SPIN_TURNS_SHARED : SPIN_TURNS_BARRIER;
    for (int i = 0; i < threads; i++) {
        struct worker *w = &t->workers[i];
        int error = 0;
        w->team = t;
        w->thread = i;
        w->handle = pthread_self();
        if (i > 0) error = pthread_create(&w->handle, NULL, worker_main, w);
        if (error) {
            team_close(t);
            return engine_fail(error, "thread %d of %d: %s", i, threads, strerror(error));
        }
        t->started = i + 1;
        if (cpus) error = pin(w->handle, cpus[i]);
        if (error) {
            team_close(t);
            return engine_fail(error, "thread %d: CPU %d: %s", i, cpus[i], strerror(error));
        }
        t->pinned_caller = cpus != NULL;
    }
    *out = t;
    return 0;
}

void team_close(struct team *t) {
    if (!t) return;
    publish(t, 0);
    for (int i = 1; i < t->started; i++) pthread_join(t->workers[i].handle, NULL);
    if (t->pinned_caller) sched_setaffinity(0, sizeof t->caller_set, &t->caller_set);
    free(t->workers);
    free(t);
}

int team_threads(const struct team *t) {
    return t->threads;
}
