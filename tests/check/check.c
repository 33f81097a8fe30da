// SPDX-License-Identifier: MIT
#include "tests/check/check.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { AREAS = 16, AREA_BYTES = 2 << 20, MARGIN_BYTES = 256 };
enum kind { KIND_INPUT, KIND_OUTPUT, KIND_SCRATCH };

struct area {
    const char *name;
    enum kind kind;
    unsigned char *memory; // AREA_BYTES between two pages that fault
    unsigned char *data;
    size_t bytes;
    unsigned char *written; // of an output: a flag for each byte from data - MARGIN_BYTES
};
static struct area areas[AREAS];
static int areas_used;
static size_t page_bytes;

// ---- cases and messages
bool check_case(struct check *c, const char *format, ...) {
    va_list list;
    if (c->failed) return false;
    c->cases++;
    if (c->only_case && c->cases != c->only_case) return false;
    va_start(list, format);
    vsnprintf(c->what, sizeof c->what, format, list);
    va_end(list);
    c->random = c->seed * 0x9e3779b97f4a7c15u + (uint64_t)c->cases;
    for (int i = 0; i < areas_used; i++)
        mprotect(areas[i].memory, AREA_BYTES, PROT_READ | PROT_WRITE);
    areas_used = 0;
    return true;
}

void check_fail(struct check *c, const char *format, ...) {
    va_list list;
    if (c->failed) return;
    c->failed = true;
    printf("FAILED %s: ", c->kernel->symbol);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\n  case %ld: %s\n  rerun: %s %s --seed %llu --case %ld\n", c->cases, c->what,
           c->program, c->kernel->symbol, (unsigned long long)c->seed, c->cases);
}

// Distance in units of the last place of a float near `want`.
static double in_ulp(double got, double want) {
    int exponent = -126;
    if (fabs(want) >= 0x1p-126) exponent = ilogb(want);
    return ldexp(fabs(got - want), 23 - exponent);
}

bool check_near(struct check *c, double got, double want, double tolerance, const char *format,
                ...) {
    double off = fabs(got - want);
    if (off <= tolerance || got == want) { // equal also where both are infinite
        if (off > c->worst_share * tolerance)
            c->worst_share = off / tolerance, c->worst_ulp = in_ulp(got, want);
        return true;
    }
    char name[128];
    va_list list;
    va_start(list, format);
    vsnprintf(name, sizeof name, format, list);
    va_end(list);
    check_fail(c, "%s = %.9g, should be %.9g within %.3g, %.3g ulp (off by %.3g, %.3g ulp)", name,
               got, want, tolerance, in_ulp(want + tolerance, want), off, in_ulp(got, want));
    return false;
}

bool check_same(struct check *c, const void *got, const void *want, size_t bytes, size_t element,
                const char *name) {
    if (!memcmp(got, want, bytes)) return true;
    const unsigned char *g = got, *w = want;
    size_t i = 0;
    while (g[i] == w[i]) i++;
    i = i / element * element;
    uint64_t got_bits = 0, want_bits = 0; // both machines are little-endian
    memcpy(&got_bits, g + i, element);
    memcpy(&want_bits, w + i, element);
    check_fail(c, "%s[%zu] = 0x%0*llx, should be 0x%0*llx", name, i / element, (int)element * 2,
               (unsigned long long)got_bits, (int)element * 2, (unsigned long long)want_bits);
    return false;
}

uint64_t check_random(struct check *c) { // splitmix64
    uint64_t z = c->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

ptrdiff_t check_between(struct check *c, ptrdiff_t low, ptrdiff_t high) {
    return low + (ptrdiff_t)(check_random(c) % (uint64_t)(high - low + 1));
}

double check_uniform(struct check *c, double low, double high) {
    return low + (high - low) * ((double)(check_random(c) >> 11) * 0x1p-53);
}

// ---- memory
static struct area *area_new(struct check *c, const char *name, enum kind kind, size_t bytes) {
    if (!page_bytes) page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    if (areas_used == AREAS || bytes + 4 * MARGIN_BYTES > AREA_BYTES) {
        fprintf(stderr, "check_kernels: %s: %zu bytes are too many (case: %s)\n", name, bytes,
                c->what);
        exit(1);
    }
    struct area *area = &areas[areas_used++];
    if (!area->memory) {
        unsigned char *map =
            mmap(NULL, AREA_BYTES + 2 * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map == MAP_FAILED) {
            perror("check_kernels: mmap");
            exit(1);
        }
        area->memory = map + page_bytes;
        area->written = malloc(AREA_BYTES);
        if (!area->written) exit(1);
        mprotect(area->memory, AREA_BYTES, PROT_READ | PROT_WRITE);
    }
    area->name = name;
    area->kind = kind;
    area->bytes = bytes;
    return area;
}

static unsigned char *below(unsigned char *end, size_t bytes, size_t align) {
    return end - bytes - (uintptr_t)(end - bytes) % align;
}

void *check_input(struct check *c, const char *name, size_t bytes, size_t align, int place) {
    struct area *area = area_new(c, name, KIND_INPUT, bytes);
    unsigned char *end = area->memory + AREA_BYTES;
    // Every third case an input begins behind a page that faults instead: reads before it.
    if (place == AT_GUARD && c->cases % 3 == 2) {
        area->data = area->memory;
        memset(area->data, 0xff, bytes + MARGIN_BYTES);
        return area->data;
    }
    if (place == AT_GUARD)
        area->data = below(end, bytes, align);
    else
        area->data = below(end, bytes + 128, 64) + place;
    unsigned char *from = area->data - MARGIN_BYTES;
    memset(from, 0xff, (size_t)(end - from));
    return area->data;
}

static unsigned char pattern(const unsigned char *p) {
    return (unsigned char)(0xa0 + (uintptr_t)p % 7);
}

void *check_output(struct check *c, const char *name, size_t bytes, size_t align) {
    struct area *area = area_new(c, name, KIND_OUTPUT, bytes);
    area->data = below(area->memory + AREA_BYTES - MARGIN_BYTES, bytes, align);
    for (unsigned char *p = area->data - MARGIN_BYTES; p < area->memory + AREA_BYTES; p++)
        *p = pattern(p);
    memset(area->written, 0, bytes + 2 * MARGIN_BYTES);
    return area->data;
}

void check_writes(struct check *c, const void *from, size_t bytes) {
    (void)c;
    for (int i = 0; i < areas_used; i++) {
        const unsigned char *p = from, *start = areas[i].data;
        if (areas[i].kind == KIND_OUTPUT && p >= start && p + bytes <= start + areas[i].bytes)
            memset(areas[i].written + MARGIN_BYTES + (p - start), 1, bytes);
    }
}

void *check_scratch(struct check *c, size_t bytes) {
    if (!bytes) return NULL;
    struct area *area = area_new(c, "scratch", KIND_SCRATCH, bytes);
    area->data = below(area->memory + AREA_BYTES, bytes, 64);
    memset(area->data, 0xff, bytes);
    return area->data;
}

static bool canaries_kept(struct check *c) {
    for (int i = 0; i < areas_used; i++) {
        const struct area *area = &areas[i];
        if (area->kind != KIND_OUTPUT) continue;
        const unsigned char *p = area->data - MARGIN_BYTES;
        for (size_t k = 0; k < area->bytes + 2 * MARGIN_BYTES; k++)
            if (p[k] != pattern(p + k) && !area->written[k]) {
                check_fail(c, "wrote outside its result: byte %td of %s (%zu bytes)",
                           (ptrdiff_t)k - MARGIN_BYTES, area->name, area->bytes);
                return false;
            }
    }
    return true;
}

// ---- the call
static sigjmp_buf fault_exit;
static volatile sig_atomic_t fault_signal, in_kernel;
static void *volatile fault_address;

static void on_fault(int signal_number, siginfo_t *info, void *context) {
    (void)context;
    if (!in_kernel) { // the checker's own fault: die of it
        signal(signal_number, SIG_DFL);
        return;
    }
    fault_signal = signal_number;
    fault_address = info->si_addr;
    siglongjmp(fault_exit, 1);
}

static void catch_faults(void) {
    static char stack[64 << 10];
    static bool done;
    if (done) return;
    done = true;
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&alternate, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
}

static void fail_by_signal(struct check *c) {
    const unsigned char *at = fault_address;
    if (fault_signal == SIGSEGV || fault_signal == SIGBUS)
        for (int i = 0; i < areas_used; i++)
            if (at >= areas[i].memory - page_bytes &&
                at < areas[i].memory + AREA_BYTES + page_bytes) {
                ptrdiff_t byte = at - areas[i].data;
                bool inside = byte >= 0 && byte < (ptrdiff_t)areas[i].bytes;
                check_fail(c, "%s byte %td of %s, which has %zu",
                           inside ? "wrote to its input:" : "accessed", byte, areas[i].name,
                           areas[i].bytes);
                return;
            }
    check_fail(c, "%s at address %p", strsignal(fault_signal), (const void *)at);
}

void check_invoke(const struct kernel *k, const void *args) {
    switch (op_info(k->op)->op_class) {
    case CLASS_matmul:
        kernel_matmul(k, args);
        break;
    case CLASS_panel:
        k->run.panel(args);
        break;
    case CLASS_attention:
        k->run.attention(args);
        break;
    case CLASS_state:
        k->run.state(args);
        break;
    case CLASS_row:
        k->run.row(args);
        break;
    case CLASS_rope_angles:
        k->run.rope_angles(args);
        break;
    case CLASS_rope:
        k->run.rope(args);
        break;
    case CLASS_embed:
        k->run.embed(args);
        break;
    case CLASS_kv_store:
        k->run.kv_store(args);
        break;
    case CLASS_yardstick:
        k->run.yardstick(args);
        break;
    }
}

bool check_run(struct check *c, const void *args) {
    for (int i = 0; i < areas_used; i++)
        if (areas[i].kind == KIND_INPUT) mprotect(areas[i].memory, AREA_BYTES, PROT_READ);
    catch_faults();
    if (sigsetjmp(fault_exit, 1)) {
        in_kernel = 0;
        fail_by_signal(c);
        return false;
    }
    in_kernel = 1;
    check_call(c, args);
    in_kernel = 0;
    return !c->failed && canaries_kept(c);
}
