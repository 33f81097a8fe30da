// SPDX-License-Identifier: MIT
#include "probes/step.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "probes/error.h"
#include "probes/instruction_class.h"
#include "probes/step_vnni.h"

#if defined(__x86_64__)
#define TRAP_FLAG 0x100
#define TABLE_SIZE 65536 // distinct instructions; a power of two
#define TABLE_FULL (TABLE_SIZE / 4 * 3)

// Sets the trap flag, calls fn(a, b), and runs into step_end, where the handler clears it.
void step_call(region_function *fn, const void *a, const void *b);
extern const char step_begin[], step_end[];
__asm__(".text\n"
        ".p2align 4\n"
        ".type step_call, @function\n"
        ".hidden step_call, step_begin, step_end\n"
        ".globl step_call, step_begin, step_end\n"
        "step_call:\n"
        "        pushq %rbx\n"
        "        movq %rdi, %rax\n"
        "        movq %rsi, %rdi\n"
        "        movq %rdx, %rsi\n"
        "        pushfq\n"
        "        orl $0x100, (%rsp)\n"
        "        popfq\n"
        "        nop\n"
        "step_begin:\n"
        "        call *%rax\n"
        "step_end:\n"
        "        popq %rbx\n"
        "        ret\n"
        ".size step_call, . - step_call\n");

static struct step_block table[TABLE_SIZE], sorted[TABLE_SIZE];
static size_t table_count;
static uint64_t stepped, step_limit, previous;
static bool too_many;

// On every instruction, before it runs.
static void on_trap(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint64_t at = (uint64_t)registers[REG_RIP];
    if (at == (uintptr_t)step_begin) return;
    if (at == (uintptr_t)step_end || stepped == step_limit || table_count == TABLE_FULL) {
        too_many = at != (uintptr_t)step_end;
        registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
        return;
    }
    size_t slot = (size_t)(at * 0x9e3779b97f4a7c15u >> 48) & (TABLE_SIZE - 1);
    while (table[slot].address != at && table[slot].address != 0)
        slot = (slot + 1) & (TABLE_SIZE - 1);
    if (table[slot].address == 0) {
        table[slot].address = at;
        table_count++;
    }
    // A string instruction stops at every round.
    if (at == previous && instruction_repeats_x86_64((const uint8_t *)(uintptr_t)at, 15)) return;
    previous = at;
    table[slot].executions++;
    stepped++;
}

static int by_address(const void *a, const void *b) {
    const struct step_block *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

// What this machine lacks: done here. No trap comes before the instruction behind it, so that is
// counted now.
static void on_illegal(int number, siginfo_t *info, void *context) {
    if (step_vnni(context))
        on_trap(number, info, context);
    else
        signal(SIGILL, SIG_DFL); // it comes again, and ends the program
}

int step_count(region_function *fn, const void *a, const void *b, uint64_t limit,
               struct step_counts *counts) {
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, before;
    struct sigaction illegal = {.sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO}, before_illegal;
    memset(table, 0, sizeof table);
    table_count = 0;
    stepped = previous = 0;
    step_limit = limit;
    too_many = false;
    if (sigaction(SIGTRAP, &action, &before) != 0 ||
        sigaction(SIGILL, &illegal, &before_illegal) != 0)
        return probes_fail(errno, "SIGTRAP: %s", strerror(errno));
    step_call(fn, a, b);
    sigaction(SIGTRAP, &before, NULL);
    sigaction(SIGILL, &before_illegal, NULL);
    if (too_many)
        return probes_fail(EFBIG,
                           "more than %llu instructions to step through: take a smaller shape",
                           (unsigned long long)limit);
    *counts = (struct step_counts){.blocks = sorted};
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (table[i].address == 0) continue;
        const uint64_t n = table[i].executions;
        // 15 bytes behind it are mapped: code is followed by more of its segment.
        const unsigned class =
            instruction_class_x86_64((const uint8_t *)(uintptr_t)table[i].address, 15);
        sorted[counts->block_count++] = table[i];
        counts->instructions += n;
        counts->branches += class & INSTRUCTION_BRANCH ? n : 0;
        counts->vector += class & INSTRUCTION_VECTOR ? n : 0;
        counts->dot += class & INSTRUCTION_DOT ? n : 0;
        counts->scalar_float += class & INSTRUCTION_SCALAR_FLOAT ? n : 0;
    }
    qsort(sorted, counts->block_count, sizeof *sorted, by_address);
    return 0;
}
#else
int step_count(region_function *fn, const void *a, const void *b, uint64_t limit,
               struct step_counts *counts) {
    (void)fn;
    (void)a;
    (void)b;
    (void)limit;
    *counts = (struct step_counts){0};
    return probes_fail(ENOTSUP, "single-stepping is built for x86-64 alone");
}
#endif
