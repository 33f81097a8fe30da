// SPDX-License-Identifier: MIT
// Calls a kernel with known words in every register that it must give back, and compares after.
#include "tests/check/check.h"

#if defined(__x86_64__)
#include <cpuid.h>

// rdi: the function, rsi: its argument, rdx: what the registers that it must give back hold, and 1,
// 2 … more. Returns a bit for each broken promise: rbx rbp r12 r13 r14 r15, the direction flag, the
// control bits of MXCSR, the caller's stack. What a kernel may not read: the other registers, all
// zeroes and all ones by turns, and the vectors' lower halves, all ones (the upper ones are clean).
__asm__(".text\n"
        ".globl check_call_registers\n"
        ".type check_call_registers, @function\n"
        "check_call_registers:\n"
        "  push %rbx\n  push %rbp\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n"
        "  sub $56, %rsp\n"
        "  stmxcsr (%rsp)\n"
        "  movq $0x77777777, 8(%rsp)\n  movq $0x77777777, 16(%rsp)\n"
        "  movq $0x77777777, 24(%rsp)\n  movq $0x77777777, 32(%rsp)\n"
        "  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
        "  pcmpeqd %xmm\\n, %xmm\\n\n  .endr\n"
        "  mov %rdi, %rax\n  mov %rsi, %rdi\n"
        "  mov %rdx, 40(%rsp)\n"
        "  lea 1(%rdx), %rbx\n  lea 2(%rdx), %rbp\n  lea 3(%rdx), %r12\n"
        "  lea 4(%rdx), %r13\n  lea 5(%rdx), %r14\n  lea 6(%rdx), %r15\n"
        "  cmp $1, %rdx\n  sbb %rsi, %rsi\n  mov %rsi, %rdx\n  mov %rsi, %rcx\n  mov %rsi, %r8\n"
        "  mov %rsi, %r9\n  mov %rsi, %r10\n  mov %rsi, %r11\n"
        "  call *%rax\n"
        "  stmxcsr 4(%rsp)\n"
        "  xor %eax, %eax\n  mov $1, %ecx\n  xor %edx, %edx\n"
        "  mov 40(%rsp), %r8\n"
        "  inc %r8\n  cmp %r8, %rbx\n  cmovne %ecx, %edx\n  or %edx, %eax\n  mov $2, %ecx\n"
        "  inc %r8\n  cmp %r8, %rbp\n  cmovne %ecx, %edx\n  or %edx, %eax\n  mov $4, %ecx\n"
        "  inc %r8\n  cmp %r8, %r12\n  cmovne %ecx, %edx\n  or %edx, %eax\n  mov $8, %ecx\n"
        "  inc %r8\n  cmp %r8, %r13\n  cmovne %ecx, %edx\n  or %edx, %eax\n  mov $16, %ecx\n"
        "  inc %r8\n  cmp %r8, %r14\n  cmovne %ecx, %edx\n  or %edx, %eax\n  mov $32, %ecx\n"
        "  inc %r8\n  cmp %r8, %r15\n  cmovne %ecx, %edx\n  or %edx, %eax\n  mov $64, %ecx\n"
        "  pushfq\n  pop %rsi\n  cld\n"
        "  test $0x400, %esi\n  cmovne %ecx, %edx\n  or %edx, %eax\n  mov $128, %ecx\n"
        "  mov (%rsp), %esi\n  xor 4(%rsp), %esi\n  test $0xffc0, %esi\n  cmovne %ecx, %edx\n"
        "  or %edx, %eax\n  mov $256, %ecx\n"
        "  .irp at, 8, 16, 24, 32\n"
        "  cmpq $0x77777777, \\at(%rsp)\n  cmovne %ecx, %edx\n  or %edx, %eax\n  .endr\n"
        "  ldmxcsr (%rsp)\n"
        "  add $56, %rsp\n"
        "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbp\n  pop %rbx\n"
        "  ret\n"
        ".size check_call_registers, . - check_call_registers\n");
static const char *const promises[] = {
    "rbx", "rbp", "r12", "r13", "r14", "r15", "the direction flag", "MXCSR", "the caller's stack"};

// Whether the upper halves of ymm (and zmm) registers are in use; -1 where the CPU does not tell.
static int upper_halves_in_use(void) {
    unsigned a, b, c, d;
    if (!isa_has(ISA_avx2) || !__get_cpuid_count(0xd, 1, &a, &b, &c, &d) || !(a & 4)) return -1;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(1));
    return (a & 0x44) != 0;
}

static void clean_upper_halves(void) {
    if (isa_has(ISA_avx2)) __asm__ volatile("vzeroupper" ::: "memory");
    if (isa_has(ISA_avx512)) // these have no upper halves that anyone asks for
        __asm__ volatile(".irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
                         "  vpternlogd $0xff, %%zmm\\n, %%zmm\\n, %%zmm\\n\n  .endr\n"
                         ".irp n, 1, 2, 3, 4, 5, 6, 7\n  kxnorw %%k\\n, %%k\\n, %%k\\n\n  .endr" ::
                             : "memory");
}
#elif defined(__aarch64__)
// x0: the function, x1: its argument, x2: what the registers that it must give back hold, and their
// numbers more. Returns a bit for each of x19-x28 and d8-d15 not given back, then FPCR, then the
// caller's stack. Registers that a kernel may not read are all zeroes or all ones.
__asm__(
    ".text\n"
    ".globl check_call_registers\n"
    ".type check_call_registers, %function\n"
    "check_call_registers:\n"
    "  stp x29, x30, [sp, #-176]!\n"
    "  stp x19, x20, [sp, #16]\n  stp x21, x22, [sp, #32]\n  stp x23, x24, [sp, #48]\n"
    "  stp x25, x26, [sp, #64]\n  stp x27, x28, [sp, #80]\n"
    "  stp d8, d9, [sp, #96]\n  stp d10, d11, [sp, #112]\n  stp d12, d13, [sp, #128]\n"
    "  stp d14, d15, [sp, #144]\n"
    "  mrs x10, fpcr\n  str x10, [sp, #160]\n  str x2, [sp, #168]\n  mov x11, #0x7777\n"
    "  sub sp, sp, #32\n  stp x11, x11, [sp]\n  stp x11, x11, [sp, #16]\n"
    "  mov x9, x0\n  mov x0, x1\n"
    "  .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28\n  add x\\n, x2, #\\n\n  .endr\n"
    "  .irp n, 8, 9, 10, 11, 12, 13, 14, 15\n  mov x10, #0x2200 + \\n\n  fmov d\\n, x10\n  .endr\n"
    "  cmp x2, #0\n"
    "  .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17\n  csetm x\\n, eq\n  .endr\n"
    "  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, "
    "31\n"
    "  movi v\\n\\().16b, #0xff\n  .endr\n"
    "  blr x9\n"
    "  mov x0, #0\n  mov x11, #1\n  ldr x14, [sp, #200]\n"
    "  .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28\n"
    "  add x10, x14, #\\n\n  cmp x\\n, x10\n  csel x12, xzr, x11, eq\n  orr x0, x0, x12\n"
    "  lsl x11, x11, #1\n  .endr\n"
    "  .irp n, 8, 9, 10, 11, 12, 13, 14, 15\n"
    "  mov x10, #0x2200 + \\n\n  fmov x13, d\\n\n  cmp x13, x10\n  csel x12, xzr, x11, eq\n"
    "  orr x0, x0, x12\n  lsl x11, x11, #1\n  .endr\n"
    "  ldp x13, x14, [sp]\n  ldp x15, x16, [sp, #16]\n  add sp, sp, #32\n"
    "  mrs x10, fpcr\n  ldr x12, [sp, #160]\n  msr fpcr, x12\n"
    "  cmp x10, x12\n  csel x12, xzr, x11, eq\n  orr x0, x0, x12\n  lsl x11, x11, #1\n"
    "  mov x10, #0x7777\n"
    "  .irp n, 13, 14, 15, 16\n  cmp x\\n, x10\n  csel x12, xzr, x11, eq\n  orr x0, x0, x12\n  "
    ".endr\n"
    "  ldp x19, x20, [sp, #16]\n  ldp x21, x22, [sp, #32]\n  ldp x23, x24, [sp, #48]\n"
    "  ldp x25, x26, [sp, #64]\n  ldp x27, x28, [sp, #80]\n"
    "  ldp d8, d9, [sp, #96]\n  ldp d10, d11, [sp, #112]\n  ldp d12, d13, [sp, #128]\n"
    "  ldp d14, d15, [sp, #144]\n"
    "  ldp x29, x30, [sp], #176\n"
    "  ret\n"
    ".size check_call_registers, . - check_call_registers\n");
static const char *const promises[] = {
    "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",  "x28",
    "d8",  "d9",  "d10", "d11", "d12", "d13", "d14", "d15", "FPCR", "the caller's stack"};

static int upper_halves_in_use(void) {
    return -1;
}

static void clean_upper_halves(void) {}
#endif

unsigned check_call_registers(void (*kernel)(void), const void *args, uint64_t given);

void check_call(struct check *c, const void *args) {
    if (c->kernel->packer) { // no function of its own; its halves have checks of their own
        check_invoke(c->kernel, args);
        return;
    }
    clean_upper_halves();
    bool tells = upper_halves_in_use() == 0;
    unsigned broken =
        check_call_registers(c->kernel->run.any, args, c->cases % 2 ? 0 : 0x1111111100000000);
    if (tells && upper_halves_in_use() > 0)
        check_fail(c, "left the upper halves of vector registers in use: vzeroupper is missing");
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++)
        if (broken >> i & 1) check_fail(c, "did not give back %s", promises[i]);
}
