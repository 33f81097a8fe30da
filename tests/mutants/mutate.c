// SPDX-License-Identifier: MIT
// Single changes of an assembly file: a mnemonic, a register or a number of one instruction.
//   mutate FILE      how many there are
//   mutate FILE N    the file with change N (from 0) to stdout, what it is to stderr
// Left alone: comments, directives, labels, and hints whose change changes no result (prefetches).
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Either becomes the other.
static const char *const swaps[][2] = {
    {"vaddps", "vsubps"},
    {"vaddsd", "vsubsd"},
    {"vaddss", "vsubss"},
    {"vmulps", "vdivps"},
    {"vmaxps", "vminps"},
    {"vmaxss", "vminss"},
    {"vfmadd231ps", "vfnmadd231ps"},
    {"vfmadd213ps", "vfmsub213ps"},
    {"vfmadd231ss", "vfnmadd231ss"},
    {"vpaddd", "vpsubd"},
    {"vpmaddubsw", "vpmaddwd"},
    {"vpaddw", "vpsubw"},
    {"vpand", "vpor"},
    {"vpandd", "vpord"},
    {"vpsrlw", "vpsrld"},
    {"vpslld", "vpsrld"},
    {"vpunpckldq", "vpunpckhdq"},
    {"vpunpcklqdq", "vpunpckhqdq"},
    {"vunpcklps", "vunpckhps"},
    {"vandps", "vorps"},
    {"vxorps", "vandps"},
    {"vpmovsxbd", "vpmovzxbd"},
    {"vmovups", "vmovsldup"},
    {"vmovss", "vmovsd"},
    {"vpdpbusd", "vpdpwssd"},
    {"jl", "jle"},
    {"jge", "jg"},
    {"jb", "jbe"},
    {"jae", "ja"},
    {"je", "jne"},
    {"jz", "jnz"},
    {"js", "jns"},
    {"add", "sub"},
    {"inc", "dec"},
    {"and", "or"},
    {"shl", "shr"},
    {"cmovl", "cmovg"},
    {"cmova", "cmovb"},
    {"b.lt", "b.le"},
    {"b.ne", "b.eq"},
    {"b.ge", "b.gt"},
    {"b.hi", "b.hs"},
    {"fadd", "fsub"},
    {"fmla", "fmls"},
    {"fmax", "fmin"},
    {"fmul", "fadd"},
    {"sdot", "udot"},
    {"scvtf", "ucvtf"},
    {"subs", "adds"},
    {"lsl", "lsr"},
    {"cbz", "cbnz"},
    {"faddp", "fmaxp"},
};
static const char *const named[] = {"rax", "rcx", "rdx", "rsi", "rdi", "rbx", "rbp",
                                    "eax", "ecx", "edx", "esi", "edi", "ebx", "ebp"};

struct change {
    size_t from, length; // of the line
    char with[32];
};

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '\\';
}

// The register beside this one, of the same kind: its number with the lowest bit turned.
static bool other_register(const char *word, size_t n, struct change *c) {
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strlen(named[i]) == n && !memcmp(word, named[i], n)) {
            snprintf(c->with, sizeof c->with, "%s", named[i % 7 == 6 ? i - 6 : i + 1]);
            return true;
        }
    size_t letters = 0;
    while (letters < n && isalpha((unsigned char)word[letters])) letters++;
    static const char *const kinds[] = {"xmm", "ymm", "zmm", "r", "k", "x", "w",
                                        "v",   "q",   "d",   "s", "h", "b"};
    bool known = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        known = known || (strlen(kinds[i]) == letters && !memcmp(word, kinds[i], letters));
    if (!known || letters == n || !isdigit((unsigned char)word[letters])) return false;
    char *end;
    long number = strtol(word + letters, &end, 10);
    if (number > 31) return false;
    snprintf(c->with, sizeof c->with, "%.*s%ld%.*s", (int)letters, word, number ^ 1,
             (int)(n - (size_t)(end - word)), end);
    return true;
}

static bool other_number(const char *word, size_t n, struct change *c) {
    char *end;
    long number = strtol(word, &end, 0);
    if (!isdigit((unsigned char)word[0]) || end != word + n) return false;
    // Small ones are shifts, lanes and counts; larger ones offsets and steps.
    snprintf(c->with, sizeof c->with, "%ld", number < 8 ? number + 1 : number + 16);
    return true;
}

static bool other_mnemonic(const char *word, size_t n, struct change *c) {
    for (size_t i = 0; i < sizeof swaps / sizeof *swaps; i++)
        for (int k = 0; k < 2; k++)
            if (strlen(swaps[i][k]) == n && !memcmp(word, swaps[i][k], n)) {
                snprintf(c->with, sizeof c->with, "%s", swaps[i][1 - k]);
                return true;
            }
    return false;
}

// Calls `found` for each change of a line until it says stop.
struct search {
    long wanted, count; // wanted < 0: only count
    struct change hit;
    bool is_hit;
};

static void search_line(struct search *s, const char *line) {
    size_t end = strcspn(line, "\n");
    const char *comment = strstr(line, "//");
    if (comment && (size_t)(comment - line) < end) end = (size_t)(comment - line);
    size_t at = strspn(line, " \t");
    if (at >= end || line[at] == '.' || line[at] == '#' || line[at] == '*') return;
    bool first = true;
    if (!strncmp(line + at, "FUNC", 4) || !strncmp(line + at, "ENDFUNC", 7)) return;
    if (!strncmp(line + at, "prefetch", 8) || !strncmp(line + at, "prfm", 4)) return;
    while (at < end && !s->is_hit) {
        if (!is_word(line[at])) {
            at++;
            continue;
        }
        size_t n = 0;
        while (at + n < end && is_word(line[at + n])) n++;
        if (line[at + n] == ':') return; // a label
        struct change c = {at, n, ""};
        bool can = first ? other_mnemonic(line + at, n, &c)
                         : other_register(line + at, n, &c) || other_number(line + at, n, &c);
        if (can && s->count++ == s->wanted) s->hit = c, s->is_hit = true;
        first = false;
        at += n;
    }
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 3) {
        fputs("usage: mutate FILE [N]\n", stderr);
        return 2;
    }
    FILE *f = fopen(argv[1], "r");
    if (!f) return perror(argv[1]), 1;
    struct search s = {.wanted = argc == 3 ? strtol(argv[2], NULL, 10) : -1};
    char line[1024];
    bool done = false;
    for (int number = 1; fgets(line, sizeof line, f); number++) {
        if (!done) search_line(&s, line);
        if (argc == 2) continue;
        if (s.is_hit && !done) {
            done = true;
            const char *text = line + strspn(line, " \t");
            fprintf(stderr, "%d,\"%.*s\",%.*s -> %s\n", number, (int)strcspn(text, "/\n"), text,
                    (int)s.hit.length, line + s.hit.from, s.hit.with);
            printf("%.*s%s%s", (int)s.hit.from, line, s.hit.with, line + s.hit.from + s.hit.length);
        } else {
            fputs(line, stdout);
        }
    }
    fclose(f);
    if (argc == 2) printf("%ld\n", s.count);
    return argc == 3 && !done;
}
