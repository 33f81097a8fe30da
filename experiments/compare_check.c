// SPDX-License-Identifier: MIT
#include "experiments/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/child.h"
#include "experiments/disassembly.h"
#include "experiments/failure.h"

#define SYMBOLS_MAX (3 * COMPARE_VARIANTS_MAX * COMPARE_SHAPES_MAX)

// Beside the binary in a build tree, in libexec/inferometer where it is installed.
static int find_checker(char *path, size_t size) {
    static const char *const places[] = {"tests/check_kernels",
                                         "../libexec/inferometer/check_kernels"};
    char here[3072];
    ssize_t bytes = readlink("/proc/self/exe", here, sizeof here - 1);
    if (bytes < 0) return fail(EXIT_FAILED, "/proc/self/exe: %s", strerror(errno));
    here[bytes] = '\0';
    *(strrchr(here, '/') + 1) = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, size, "%s%s", here, places[i]);
        if (access(path, X_OK) == 0) return 0;
    }
    return fail(EXIT_FAILED,
                "compare: --check: no checker at %s%s: build it with `make test-programs`", here,
                places[0]);
}

// What the variants consist of, each symbol once: a pair is checked whole and in its halves.
static size_t collect(const struct compare_request *q, const char **symbols) {
    size_t count = 0;
    for (size_t i = 0; i < q->case_count; i++)
        for (size_t k = 0; k < q->cases[i].variant_count; k++) {
            const struct kernel *v = q->cases[i].variants[k];
            const char *const names[] = {v->packer, v->tile, v->symbol};
            for (size_t n = 0; n < 3; n++) {
                size_t at = 0;
                while (at < count && names[n] != NULL && strcmp(symbols[at], names[n]) != 0) at++;
                if (names[n] != NULL && at == count) symbols[count++] = names[n];
            }
        }
    return count;
}

static int check_one(const char *checker, const char *symbol, FILE *f) {
    char *out = NULL, *err = NULL;
    char *const argv[] = {(char *)(uintptr_t)checker, (char *)(uintptr_t)symbol, NULL};
    int ended = 0, status = child_run(argv, NULL, &ended, &out, &err);
    if (status != 0) return status;
    if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0)
        fprintf(f, "check  %s", out[0] != '\0' ? out : "ok\n");
    else if (WIFEXITED(ended) && WEXITSTATUS(ended) == EXIT_CANNOT)
        status = fail(EXIT_CANNOT, "%.*s", (int)strcspn(out, "\n"), out);
    else
        status = fail(EXIT_FAILED, "%s is wrong; nothing is compared: %.*s", symbol,
                      (int)strlen(out) - (out[0] != '\0'), out);
    free(out);
    free(err);
    return status;
}

static int show_loop(const char *symbol, FILE *f) {
    struct disassembly d;
    int status = disassembly_of(symbol, &d);
    if (status != 0) return status;
    if (d.instructions > 0)
        fprintf(f, "\n%s: hot loop of %zu instructions (of %zu), at +0x%llx\n%s", symbol,
                d.instructions, d.function_instructions, d.address - d.function_address, d.text);
    else
        fprintf(f, "\n%s: no loop; all of its %zu instructions\n%s", symbol,
                d.function_instructions, d.text);
    disassembly_free(&d);
    return 0;
}

int compare_check(const struct compare_request *q, FILE *f) {
    const char *symbols[SYMBOLS_MAX];
    char checker[4096];
    size_t count = collect(q, symbols);
    int status = find_checker(checker, sizeof checker);
    for (size_t i = 0; status == 0 && i < count; i++) {
        status = check_one(checker, symbols[i], f);
        fflush(f);
    }
    for (size_t i = 0; status == 0 && i < count; i++)
        if (kernel_find_symbol(symbols[i])->packer == NULL) status = show_loop(symbols[i], f);
    if (status == 0) fputc('\n', f);
    return status;
}
