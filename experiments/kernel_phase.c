// SPDX-License-Identifier: MIT
#include "experiments/kernel_phase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/failure.h"
#include "probes/clock.h"

#define CEILINGS_EVERY_NS 2e6
// A slice of the read ceiling is about as long as those that it stands beside.
#define READ_BYTES_LEAST ((size_t)16 << 20)
#define READ_BYTES_MOST ((size_t)64 << 20)
#define OWN_CEILING_BYTES 3e6 // of each thread, of memory that stays in its caches

struct kernel_run { // of one point
    const struct kernel_phase *phase;
    struct kernel_point k;
    struct kernel_work *work;
    bool from_ring, has_ceilings;
    enum ceiling memory, peak; // that bind
    struct ceiling_from read;
    unsigned char **own;       // [threads], for ceilings of caches
    unsigned char *own_memory; // of write and copy
    double since_ceilings_ns;
    ptrdiff_t next_unit;
    struct anchor anchors[KERNEL_ARMS_MAX];
};

struct slice_work { // of one slice
    const struct kernel_work *w;
    const struct kernel *k;
    int threads;
    ptrdiff_t begin, end;
};

static void work_thread(void *arg, int thread) {
    const struct slice_work *x = arg;
    ptrdiff_t from, to;
    kernel_point_share(kernel_work_granule(x->w), x->begin, x->end, thread, x->threads, &from, &to);
    kernel_work_call(x->w, x->k, thread, from, to);
}

// What stays in caches is there when the slice begins, as in a step of the engine: the writing of
// rows drove it out.
static void warm_thread(void *arg, int thread) {
    const struct slice_work *x = arg;
    ptrdiff_t from, to, granule = kernel_work_granule(x->w);
    kernel_point_share(granule, x->begin, x->end, thread, x->threads, &from, &to);
    kernel_work_call(x->w, x->k, thread, from, to < from + granule ? to : from + granule);
}

// ---- ceilings ---------------------------------------------------------------------------------

static void take_ceilings(struct kernel_run *r) {
    struct sampler *s = r->phase->sampler;
    r->since_ceilings_ns = 0;
    if (!r->has_ceilings) return;
    sampler_take_ceiling(s, r->memory, &r->read);
    sampler_take_ceiling(s, r->peak, &(struct ceiling_from){0});
}

static bool writes_as_much(enum op_class c) {
    return c == CLASS_row || c == CLASS_state || c == CLASS_rope || c == CLASS_rope_angles ||
           c == CLASS_kv_store;
}

// Caches: each thread reads what its calls read; or writes and copies memory of that size.
static int choose_own(struct kernel_run *r) {
    struct ceilings *c = r->phase->ceilings;
    enum op_class op_class = op_info(r->k.op)->op_class;
    size_t bytes = 0;
    r->own = calloc((size_t)r->k.most_threads, sizeof *r->own);
    if (r->own == NULL) return fail(EXIT_FAILED, "out of memory");
    for (int i = 0; i < r->k.most_threads; i++) // reading writes nothing
        r->own[i] = (unsigned char *)(uintptr_t)kernel_work_operands(r->work, i, &bytes);
    bytes = bytes < 1024 ? 1024 : bytes / 1024 * 1024;
    if (writes_as_much(op_class) && ceiling_exists(CEILING_copy)) {
        r->memory = CEILING_copy;
        size_t apart = bytes + 4096, all = (apart * (size_t)r->k.most_threads + 4095) / 4096 * 4096;
        if ((r->own_memory = aligned_alloc(4096, all)) == NULL)
            return fail(EXIT_FAILED, "out of memory for a ceiling");
        memset(r->own_memory, 1, all);
        for (int i = 0; i < r->k.most_threads; i++) r->own[i] = r->own_memory + apart * (size_t)i;
    }
    long iterations = (long)(OWN_CEILING_BYTES / (double)bytes) + 1;
    r->read = (struct ceiling_from){
        .own = r->own, .bytes = bytes, .iterations = iterations, .warm = true};
    ceilings_choose_own(c, r->memory, r->own, bytes, iterations);
    return 0;
}

static int choose_ceilings(struct kernel_run *r) {
    const struct op_info *op = op_info(r->k.op);
    struct ceilings *c = r->phase->ceilings;
    double bytes, ops;
    r->has_ceilings = op->op_class != CLASS_yardstick;
    r->memory = CEILING_read;
    r->peak = op->activations == FORMAT_a8_32  ? CEILING_int8
              : op->activations == FORMAT_bf16 ? CEILING_bf16
                                               : CEILING_fma;
    if (writes_as_much(op->op_class) || c->kernels[r->peak] == NULL) r->peak = CEILING_fma;
    if (!r->has_ceilings) return 0;
    if (!r->from_ring) return choose_own(r);
    kernel_work_cost(r->work, 0, r->phase->plan.units, &bytes, &ops);
    size_t slice = bytes > (double)READ_BYTES_MOST    ? READ_BYTES_MOST
                   : bytes < (double)READ_BYTES_LEAST ? READ_BYTES_LEAST
                                                      : (size_t)bytes;
    r->read = (struct ceiling_from){.target = &c->canary, .bytes = slice};
    return 0;
}

// ---- slices -----------------------------------------------------------------------------------

// Units `begin` on: all arms of a quad do the same ones, each with other weights of the ring.
static void one_slice(struct kernel_run *r, size_t arm, ptrdiff_t begin, bool warmup) {
    const struct kernel_phase *p = r->phase;
    struct ceiling_target *ring = &p->ceilings->canary;
    struct slice_work x = {r->work, r->k.kernels[arm], r->k.threads[arm], begin,
                           begin + p->plan.units};
    struct kernel_slice slice = {
        .arm = p->c->arms[arm].name,
        .warmup = warmup,
        .threads = x.threads,
        .before = r->from_ring ? NULL : warm_thread,
        .work = work_thread,
        .arg = &x,
        .anchor = &r->anchors[arm],
    };
    ring->next = kernel_work_place(r->work, x.begin, x.end, ring->next);
    kernel_work_cost(r->work, x.begin, x.end, &slice.bytes, &slice.ops);
    if (!warmup && r->since_ceilings_ns >= CEILINGS_EVERY_NS) take_ceilings(r);
    r->since_ceilings_ns += sampler_kernel(p->sampler, &slice);
}

static void one_quad(struct kernel_run *r, size_t *order) {
    const struct kernel_phase *p = r->phase;
    size_t arms = r->k.arm_count;
    // The canary evicts caches: beside what lives there it stays at the ends of a rep.
    if (r->from_ring) sampler_canary(p->sampler);
    take_ceilings(r);
    random_shuffle(p->order, order, arms);
    for (size_t i = 0; i < 2 * arms; i++)
        one_slice(r, order[i < arms ? i : 2 * arms - 1 - i], r->next_unit, false);
    r->next_unit += p->plan.units;
}

static void one_rep(struct kernel_run *r, int quads) {
    const struct kernel_phase *p = r->phase;
    size_t order[KERNEL_ARMS_MAX];
    for (size_t i = 0; i < r->k.arm_count; i++) order[i] = i;
    p->sampler->slot = 0;
    sampler_canary(p->sampler);
    for (int w = 0; w < p->protocol->warmup; w++)
        for (size_t i = 0; i < r->k.arm_count; i++) one_slice(r, i, r->next_unit, true);
    sampler_canary(p->sampler);
    for (int q = 0; q < quads; q++) one_quad(r, order);
    take_ceilings(r);
}

// Pass 0 takes times and no counters; each `pass` of the protocol is one more.
static int all_passes(struct kernel_run *r) {
    const struct kernel_phase *p = r->phase;
    struct sampler *s = p->sampler;
    int status = 0;
    s->rep = 0;
    for (size_t pass = 0; status == 0 && pass <= p->c->pass_count; pass++) {
        const char *const *events = pass > 0 ? (const char *const *)p->c->passes[pass - 1] : NULL;
        s->pass = (int)pass;
        if (events != NULL && !sampler_can_count(s, events)) continue;
        status = sampler_bind(s, r->k.most_threads, events);
        if (status != 0) break;
        one_rep(r, pass == 0 || p->plan.quads == 1 ? p->plan.quads : p->plan.quads / 2);
        s->rep++;
    }
    return status;
}

int kernel_phase_run(const struct kernel_phase *p) {
    struct kernel_run r = {.phase = p};
    const struct ceiling_target *ring = &p->ceilings->canary;
    uint64_t layout_seed = p->protocol->layout_seed;
    if (layout_seed != 0) layout_seed += (uint64_t)p->block;
    int status = kernel_point_resolve(p->protocol, p->c, p->point, p->physical_cores, &r.k);
    if (status == 0)
        status = kernel_point_open(&r.k, p->point, p->protocol->seed, layout_seed, ring->data,
                                   ring->bytes, &r.work);
    if (status != 0) return status;
    p->ceilings->threads = r.k.most_threads;
    r.from_ring = kernel_work_from_ring(r.work);
    p->sampler->point = p->point->id;
    p->sampler->canary_best_gbps = NAN;
    const struct kernel *read_kernel = p->ceilings->kernels[CEILING_read]; // best on the ring
    status = choose_ceilings(&r);
    if (status == 0) status = all_passes(&r);
    p->ceilings->kernels[CEILING_read] = read_kernel;
    kernel_work_close(r.work);
    free(r.own_memory);
    free(r.own);
    return status;
}
