// SPDX-License-Identifier: MIT
#include "experiments/disassembly.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/child.h"
#include "experiments/failure.h"

#define INSTRUCTIONS_MAX 8192

struct instruction {
    unsigned long long address, target; // target: of a jump within the function, else 0
    const char *text;
};

// " 12ab:\tvpdpbusd zmm0,…": its address, and where its words begin; 0 where it is no instruction.
static unsigned long long parse_line(char *line, const char **text) {
    char *end = NULL;
    unsigned long long address = strtoull(line, &end, 16);
    if (end == line || *end != ':') return 0;
    *text = end + 1 + strspn(end + 1, " \t");
    return **text != '\0' ? address : 0;
}

// Where a jump goes: "jne    5d30 <symbol+0x40>", "b.ne\t4008 <…>"; 0: it is none.
static unsigned long long jump_target(const char *text) {
    bool jump = text[0] == 'j' || strncmp(text, "b.", 2) == 0 || strncmp(text, "b\t", 2) == 0 ||
                strncmp(text, "cb", 2) == 0 || strncmp(text, "tb", 2) == 0;
    const char *name = strchr(text, '<');
    if (!jump || name == NULL) return 0;
    const char *at = name - 1;
    while (at > text && *at == ' ') at--;
    while (at > text && strchr(" \t,", at[-1]) == NULL) at--;
    return strtoull(at, NULL, 16);
}

static size_t split(char *printed, struct instruction *to) {
    size_t count = 0;
    for (char *line = strtok(printed, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        struct instruction one = {0};
        if (line[0] != ' ' || (one.address = parse_line(line, &one.text)) == 0) continue;
        one.target = jump_target(one.text);
        if (count < INSTRUCTIONS_MAX) to[count++] = one;
    }
    return count;
}

static size_t index_of(const struct instruction *all, size_t count, unsigned long long address) {
    for (size_t i = 0; i < count; i++)
        if (all[i].address == address) return i;
    return count;
}

// [*first, *last]: of the loops that no other lies in, the longest. False: there is none.
static bool hot_loop(const struct instruction *all, size_t count, size_t *first, size_t *last) {
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t from = all[i].target != 0 ? index_of(all, count, all[i].target) : count;
        bool innermost = from <= i;
        for (size_t j = from; innermost && j < i; j++)
            innermost = all[j].target == 0 || all[j].target > all[j].address ||
                        all[j].target < all[from].address || all[j].target == all[from].address;
        if (!innermost || i - from + 1 <= longest) continue;
        longest = i - from + 1;
        *first = from, *last = i;
    }
    return longest > 0;
}

static int join(const struct instruction *all, size_t first, size_t last, char **text) {
    size_t size = 0;
    FILE *f = open_memstream(text, &size);
    if (f == NULL) return fail(EXIT_FAILED, "out of memory for a disassembly");
    for (size_t i = first; i <= last; i++)
        fprintf(f, "    %6llx  %s\n", all[i].address, all[i].text);
    return fclose(f) == 0 ? 0 : fail(EXIT_FAILED, "out of memory for a disassembly");
}

static int print_symbol(const char *symbol, char **out) {
    char *objdump = child_program("objdump"), *err = NULL;
    int ended = 0;
    if (objdump == NULL)
        return fail(EXIT_FAILED, "no objdump, which shows the hot loop: apt-get install binutils");
    char option[256], path[4096];
    ssize_t bytes = readlink("/proc/self/exe", path, sizeof path - 1);
    if (bytes < 0) {
        free(objdump);
        return fail(EXIT_FAILED, "/proc/self/exe: %s", strerror(errno));
    }
    path[bytes] = '\0';
    snprintf(option, sizeof option, "--disassemble=%s", symbol);
    char *const argv[] = {
        objdump,
        "-d",
        "-w",
        "--no-show-raw-insn",
        option,
#if defined(__x86_64__)
        "-M",
        "intel",
#endif
        path,
        NULL
    };
    int status = child_run(argv, NULL, &ended, out, &err);
    if (status == 0 && !(WIFEXITED(ended) && WEXITSTATUS(ended) == 0)) {
        status = fail(EXIT_FAILED, "objdump: %.*s", (int)strcspn(err, "\n"), err);
        free(*out);
    }
    free(err);
    free(objdump);
    return status;
}

int disassembly_of(const char *symbol, struct disassembly *d) {
    char *printed = NULL;
    size_t first = 0, last = 0;
    *d = (struct disassembly){0};
    int status = print_symbol(symbol, &printed);
    if (status != 0) return status;
    struct instruction *all = malloc(INSTRUCTIONS_MAX * sizeof *all);
    size_t count = all != NULL ? split(printed, all) : 0;
    if (all == NULL)
        status = fail(EXIT_FAILED, "out of memory for a disassembly");
    else if (count == 0)
        status = fail(EXIT_FAILED, "%s: the program has no such symbol (is it stripped?)", symbol);
    if (status == 0) {
        d->function_instructions = count;
        d->function_address = all[0].address;
        last = count - 1;
        if (hot_loop(all, count, &first, &last)) d->instructions = last - first + 1;
        d->address = all[first].address;
        status = join(all, first, last, &d->text);
    }
    free(all);
    free(printed);
    return status;
}

void disassembly_free(struct disassembly *d) {
    free(d->text);
    *d = (struct disassembly){0};
}
