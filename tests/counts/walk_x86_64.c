// SPDX-License-Identifier: MIT
// A forked child calls the kernel under PTRACE_SINGLESTEP; the parent, which holds the same code,
// decodes as much of each instruction as tells its kind.
#include "tests/counts/walk.h"

#if defined(__x86_64__)
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/case.h"

enum { MOD_REGISTER = 3 };

static bool decode_vector(const unsigned char *p, unsigned map, unsigned bytes,
                          struct exact_counts *c) {
    unsigned opcode = p[0], mod = p[1] >> 6;
    double lanes = bytes / 4;
    if (map == 1 && opcode == 0x77) return true; // vzeroupper
    c->vector++;
    if (mod != MOD_REGISTER) {
        bool store = map == 1 && (opcode == 0x11 || opcode == 0x29 || opcode == 0x2b ||
                                  opcode == 0x7f || opcode == 0xe7);
        bool load = map == 1 && (opcode == 0x10 || opcode == 0x28 || opcode == 0x58 ||
                                 opcode == 0x6f || opcode == 0xef);
        if (!store && !load) return false;
        if (store) c->stores++, c->store_bytes += bytes;
        if (load) c->loads++, c->load_bytes += bytes;
    }
    if (map == 1 && opcode == 0x58) c->flops += lanes;     // vaddps
    if (map == 2 && opcode == 0x98) c->flops += 2 * lanes; // vfmadd132ps
    if (map == 2 && opcode == 0x50) c->dot++;              // vpdpbusd
    return true;
}

// Adds the instruction to the counts, but for taken_branches; false: it is none of those known
// here.
static bool decode(const unsigned char *p, struct exact_counts *c, bool *branch) {
    static const unsigned char endbr64[4] = {0xf3, 0x0f, 0x1e, 0xfa};
    *branch = false;
    c->instructions++;
    if (!memcmp(p, endbr64, sizeof endbr64)) return true;
    if (p[0] == 0xc5) return decode_vector(p + 2, 1, p[1] & 4 ? 32 : 16, c);
    if (p[0] == 0xc4) return decode_vector(p + 3, p[1] & 31, p[2] & 4 ? 32 : 16, c);
    if (p[0] == 0x62) return decode_vector(p + 4, p[1] & 7, 16u << (p[3] >> 5 & 3), c);
    unsigned bytes = 4;
    if ((p[0] & 0xf0) == 0x40) { // REX
        if (p[0] & 8) bytes = 8;
        p++;
    }
    unsigned mod = p[1] >> 6;
    bool jcc = (p[0] & 0xf0) == 0x70 || (p[0] == 0x0f && (p[1] & 0xf0) == 0x80);
    if (jcc || p[0] == 0xeb || p[0] == 0xe9 || p[0] == 0xc3) {
        *branch = true;
        c->branches++;
        if (p[0] == 0xc3) c->loads++, c->load_bytes += 8;
        return true;
    }
    if (p[0] == 0x05 || (p[0] & 0xf8) == 0xb8) return true;             // add rax, imm; mov r, imm
    if (p[0] == 0x0f && p[1] == 0xaf) return p[2] >> 6 == MOD_REGISTER; // imul
    switch (p[0]) {
    case 0x89: // mov r/m, r
        if (mod != MOD_REGISTER) c->stores++, c->store_bytes += bytes;
        return true;
    case 0x8b: // mov r, r/m
    case 0x03: // add r, r/m
        if (mod != MOD_REGISTER) c->loads++, c->load_bytes += bytes;
        return true;
    case 0x01: // add
    case 0x31: // xor
    case 0x39: // cmp
    case 0x81: // add, cmp with an immediate
    case 0x83:
    case 0x85: // test
    case 0xff: // dec, inc
        return mod == MOD_REGISTER;
    default:
        return false;
    }
}

static bool step(pid_t child, enum __ptrace_request how, struct user_regs_struct *r) {
    int status;
    if (ptrace(how, child, NULL, NULL) != 0 || waitpid(child, &status, 0) != child) return false;
    return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP &&
           ptrace(PTRACE_GETREGS, child, NULL, r) == 0;
}

static int follow(pid_t child, const struct kernel *k, struct exact_counts *c) {
    struct user_regs_struct r;
    unsigned long entry = (unsigned long)(uintptr_t)k->run.any;
    do {
        if (!step(child, PTRACE_SINGLESTEP, &r)) return 77;
    } while (r.rip != entry);
    unsigned long back = (unsigned long)ptrace(PTRACE_PEEKDATA, child, r.rsp, NULL);
    while (r.rip != back) {
        unsigned long at = r.rip;
        const unsigned char *code = (const unsigned char *)(uintptr_t)at;
        bool branch;
        if (!decode(code, c, &branch)) {
            case_fail("%s + %lu: an instruction that the test does not know: %02x %02x %02x %02x",
                      k->symbol, at - entry, code[0], code[1], code[2], code[3]);
            return 1;
        }
        if (!step(child, PTRACE_SINGLESTEP, &r)) {
            case_fail("%s + %lu: did not step", k->symbol, at - entry);
            return 1;
        }
        // A branch to what follows it would look like one not taken; there is none of six bytes or
        // less.
        if (branch && (r.rip < at || r.rip > at + 6)) c->taken_branches++;
    }
    return 0;
}

int walk(const struct kernel *k, const struct yardstick_args *a, struct exact_counts *c) {
    memset(c, 0, sizeof *c);
    pid_t child = fork();
    if (child < 0) return 77;
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(77);
        raise(SIGTRAP);
        k->run.yardstick(a);
        _exit(0);
    }
    int status, result = 77;
    if (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) result = follow(child, k, c);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return result;
}
#endif
