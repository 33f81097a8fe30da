// SPDX-License-Identifier: MIT
// A pinned thread team. The caller is worker 0; the others sleep on a futex between jobs, after a
// short spin. One team a process serves any number of contexts (they take turns).
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct team;
// 0, or a negative errno with a message that names the thread and its CPU.
// cpus: `threads` numbers to pin to in order (worker 0 = the calling thread), or NULL: not pinned.
int team_open(struct team **out, int threads, const int *cpus);
void team_close(struct team *t);
int team_threads(const struct team *t);

// Runs fn(arg, thread) on workers 0..threads-1 (threads <= team_threads); returns when all are
// done.
void team_run(struct team *t, int threads, void (*fn)(void *arg, int thread), void *arg);
// Inside fn: waits for all workers of this job (spin, then futex).
void team_barrier(struct team *t, int thread);
