// SPDX-License-Identifier: MIT
#include "experiments/hot_loop.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/child.h"
#include "experiments/failure.h"

#define LINES_MAX 65536
#define IN_PROGRAM (1 << 26) // bytes from the kernel: libraries lie farther away
#define NO_TARGET INT64_MIN
#define NEIGHBOURHOOD 16384 // bytes: of helpers that a compiler left outside of a function

struct line {
    int64_t offset; // in the function
    int64_t target; // of a branch within the function; -1: none
    char *text;     // mnemonic and operands, in the disassembly's memory
    bool call;
    double executions;
};
struct listing {
    char *memory;
    struct line *lines;
    size_t count;
};

static char *tool(const char *versioned, const char *plain) {
    char *path = child_program(versioned);
    return path != NULL ? path : child_program(plain);
}

// What a program prints; NULL with failure() set. program is freed.
static char *printed(char *const argv[], const char *input, int *rc) {
    char *out = NULL, *err = NULL;
    int status = 0;
    *rc = child_run(argv, input, &status, &out, &err);
    if (*rc == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        *rc = fail(EXIT_FAILED, "%s: %.*s", argv[0], (int)strcspn(err, "\n"), err);
        free(out);
        out = NULL;
    }
    free(err);
    return out;
}

// Adds what llvm-objdump prints for `range`: lines such as "   b2ec0:      \tcmpq\t$0x0,
// 0x40(%rdi)". *entry: the address that offsets count from; 0: the first line's, and set.
static int list_range(const char *range, const char *range_end, enum arch arch, uint64_t *entry,
                      struct listing *l) {
    const char *why = "";
    char *binary = sim_binary(arch, &why), *objdump = tool("llvm-objdump-19", "llvm-objdump");
    int rc = 0;
    *l = (struct listing){0};
    if (binary == NULL) rc = fail(EXIT_CANNOT, "%s", why);
    if (rc == 0 && objdump == NULL)
        rc = fail(EXIT_CANNOT, "no llvm-objdump-19: apt-get install llvm-19");
    char *const argv[] = {objdump, (char[]){"-d"}, (char[]){"--no-show-raw-insn"},
                          binary,  (char *)range,  (char *)range_end,
                          NULL};
    if (rc == 0) l->memory = printed(argv, NULL, &rc);
    free(binary);
    free(objdump);
    if (rc != 0) return rc;
    l->lines = calloc(LINES_MAX, sizeof *l->lines);
    if (l->lines == NULL) return fail(EXIT_FAILED, "out of memory for a disassembly");
    for (char *line = strtok(l->memory, "\n"); line != NULL && l->count < LINES_MAX;
         line = strtok(NULL, "\n")) {
        uint64_t address, target;
        int text_at = 0;
        if (sscanf(line, " %" SCNx64 ":%n", &address, &text_at) != 1 || text_at == 0) continue;
        if (*entry == 0) *entry = address;
        struct line *x = &l->lines[l->count++];
        char *text = line + text_at + strspn(line + text_at, " \t");
        char *comment = arch == ARCH_x86_64 ? strchr(text, '#') : strstr(text, "//");
        if (comment != NULL) *comment = '\0';
        *x =
            (struct line){.offset = (int64_t)(address - *entry), .target = NO_TARGET, .text = text};
        x->call = strncmp(text, "call", 4) == 0 || strncmp(text, "bl\t", 3) == 0;
        // "jne\t0xb3279 <symbol+0x3b9>"
        char *name = strrchr(text, '<'), *number = strstr(text, "0x");
        if (name != NULL && number != NULL && !x->call &&
            sscanf(number, "%" SCNx64, &target) == 1 &&
            (text[0] == 'j' || text[0] == 'b' || strncmp(text, "cb", 2) == 0 ||
             strncmp(text, "tb", 2) == 0))
            x->target = (int64_t)(target - *entry);
        if (name != NULL) *name = '\0';
    }
    return 0;
}

// The code around the block that executed most: the kernel's function, or one that it calls.
static int list_hot_code(const char *symbol, enum arch arch, const struct sim_counts *c,
                         struct listing *l) {
    const struct sim_block *hot = NULL;
    char range[160], range_end[64];
    uint64_t entry = 0;
    for (size_t i = 0; i < c->block_count; i++)
        if (llabs(c->blocks[i].first) < IN_PROGRAM &&
            (hot == NULL || c->blocks[i].instructions * c->blocks[i].executions >
                                hot->instructions * hot->executions))
            hot = &c->blocks[i];
    snprintf(range, sizeof range, "--disassemble-symbols=%s", symbol);
    int rc = list_range(range, NULL, arch, &entry, l);
    if (rc != 0) return rc;
    if (l->count == 0) return fail(EXIT_CANNOT, "%s is not in the program's symbols", symbol);
    if (hot == NULL || (hot->first >= 0 && hot->first <= l->lines[l->count - 1].offset)) return 0;
    int64_t first = hot->first, end = hot->end;
    for (size_t i = 0; i < c->block_count; i++) {
        const struct sim_block *b = &c->blocks[i];
        if (b->first < first && b->first > hot->first - NEIGHBOURHOOD) first = b->first;
        if (b->end > end && b->end < hot->end + NEIGHBOURHOOD) end = b->end;
    }
    free(l->lines);
    free(l->memory);
    snprintf(range, sizeof range, "--start-address=%" PRIu64, entry + (uint64_t)first);
    snprintf(range_end, sizeof range_end, "--stop-address=%" PRIu64, entry + (uint64_t)end);
    return list_range(range, range_end, arch, &entry, l);
}

static void set_executions(struct listing *l, const struct sim_counts *c) {
    for (size_t b = 0; b < c->block_count; b++)
        for (size_t i = 0; i < l->count; i++)
            if (l->lines[i].offset >= c->blocks[b].first && l->lines[i].offset < c->blocks[b].end)
                l->lines[i].executions += (double)c->blocks[b].executions;
}

// The loop [*first, *last] that executed most.
static bool find_loop(const struct listing *l, size_t *first, size_t *last) {
    double most = 0;
    for (size_t b = 0; b < l->count; b++) {
        const int64_t target = l->lines[b].target;
        if (target == NO_TARGET || target > l->lines[b].offset || target < l->lines[0].offset)
            continue;
        size_t t = b;
        double once = 0; // instructions of a round that are not of loops within
        while (t > 0 && l->lines[t].offset > target) t--;
        for (size_t i = t; i <= b; i++) {
            const double share = l->lines[i].executions / l->lines[b].executions;
            once += share > 1 ? 1 : share;
        }
        if (l->lines[b].executions > 0 && once * l->lines[b].executions > most) {
            most = once * l->lines[b].executions;
            *first = t;
            *last = b;
        }
    }
    return most > 0;
}

static int disassembled(const struct listing *l, size_t first, size_t last, struct hot_loop *loop) {
    size_t room = 64;
    for (size_t i = first; i <= last; i++) room += strlen(l->lines[i].text) + 32;
    char *to = loop->text = malloc(room);
    if (to == NULL) return fail(EXIT_FAILED, "out of memory for a loop");
    to += sprintf(to, ".Lloop:\n");
    for (size_t i = first; i <= last; i++) {
        const struct line *x = &l->lines[i];
        if (x->executions < loop->iterations / 2) continue;
        loop->instructions++;
        if (x->target != NO_TARGET) { // any label will do for an analyser
            const size_t operand =
                (size_t)(strrchr(x->text, '0') != NULL ? strstr(x->text, "0x") - x->text
                                                       : (long)strlen(x->text));
            to += sprintf(to, "%.*s.Lloop\n", (int)operand, x->text);
        } else {
            to += sprintf(to, "%s\n", x->text);
        }
    }
    return 0;
}

// ---- the source's marks
// The preprocessed source beside the object file, its macros expanded by llvm-mc.
static char *expanded_source(const struct kernel *k, enum arch arch) {
    const char *why, *word = arch == ARCH_aarch64 ? "aarch64" : "x86_64";
    char path[PATH_MAX + 256], triple[64];
    char *binary = sim_binary(arch, &why), *mc = tool("llvm-mc-19", "llvm-mc"), *text = NULL;
    if (binary != NULL) {
        const char *slash = strrchr(binary, '/');
        snprintf(path, sizeof path, "%.*s/kernels/asm/%s/%s.s", (int)(slash - binary), binary, word,
                 k->symbol);
        snprintf(triple, sizeof triple, "-triple=%s-linux-gnu", word);
        char *const argv[] = {mc, "-preserve-comments", triple, path, NULL};
        int rc;
        if (mc != NULL && access(path, R_OK) == 0) text = printed(argv, NULL, &rc);
    }
    free(binary);
    free(mc);
    return text;
}

static bool is_instruction(const char *line, size_t length) {
    while (length > 0 && (*line == ' ' || *line == '\t')) line++, length--;
    return length > 0 && *line != '.' && *line != '#' && *line != '/' &&
           memchr(line, ':', length) == NULL;
}

// The marked loop of `wanted` instructions, if there is one.
static void marked(char *source, size_t wanted, struct hot_loop *loop) {
    static const char mark[] = "LLVM-MCA-";
    for (char *begin = source; (begin = strstr(begin, "LLVM-MCA-BEGIN")) != NULL;) {
        begin += strcspn(begin, "\n");
        // What follows the mark of an end may have been a macro's name for the preprocessor.
        char *end = strstr(begin, mark);
        if (end == NULL) return;
        while (end > begin && end[-1] != '\n') end--;
        size_t count = 0;
        for (char *line = begin + 1; line < end; line += strcspn(line, "\n") + 1)
            count += is_instruction(line, strcspn(line, "\n"));
        if (count == wanted) {
            char *text = NULL;
            if (asprintf(&text, "%.*s", (int)(end - begin), begin) < 0) return;
            free(loop->text);
            loop->text = text;
            loop->marked = true;
            loop->instructions = count;
            return;
        }
        begin = end;
    }
}

int hot_loop_find(const struct kernel *k, enum arch arch, const struct sim_counts *counts,
                  struct hot_loop *loop) {
    struct listing l;
    size_t first = 0, last = 0;
    *loop = (struct hot_loop){0};
    if (!counts->ok) return fail(EXIT_CANNOT, "%s", counts->message);
    if (k->packer != NULL)
        return fail(EXIT_CANNOT, "%s is two kernels, %s and %s: see these", k->symbol, k->packer,
                    k->tile);
    int rc = list_hot_code(k->symbol, arch, counts, &l);
    if (rc == 0) {
        set_executions(&l, counts);
        if (!find_loop(&l, &first, &last))
            rc = fail(EXIT_CANNOT, "%s has no loop that went round", k->symbol);
    }
    if (rc == 0) {
        loop->iterations = l.lines[last].executions;
        for (size_t i = first; i < last; i++)
            if (l.lines[i].executions >= loop->iterations / 2 &&
                (l.lines[i].call ||
                 (l.lines[i].target != NO_TARGET && l.lines[i].target <= l.lines[i].offset)))
                loop->contains_a_loop = true;
        rc = disassembled(&l, first, last, loop);
        loop->share = (double)loop->instructions * loop->iterations / counts->net[SIM_instructions];
    }
    if (rc == 0) {
        char *source = expanded_source(k, arch);
        if (source != NULL) marked(source, last - first + 1, loop);
        free(source);
    }
    free(l.lines);
    free(l.memory);
    if (rc != 0) hot_loop_free(loop);
    return rc;
}

void hot_loop_free(struct hot_loop *loop) {
    free(loop->text);
    *loop = (struct hot_loop){0};
}
