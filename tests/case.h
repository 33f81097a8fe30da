// SPDX-License-Identifier: MIT
// A test program is a list of named cases: no argument runs all, `--list` prints the names, a name
// runs that one. Exit 0 pass, 1 fail, 77 this machine cannot. A failure prints the command that
// reruns it.
#pragma once
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/error.h"
#include "engine/model.h"

#define CASE_CANNOT 77

// 0, 1 (after case_fail) or CASE_CANNOT.
typedef int case_function(const void *argument);
struct test_case {
    const char *name;
    case_function *run;
    const void *argument;
};

__attribute__((format(printf, 1, 2))) static inline int case_fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("  ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

// Fails the case, with the engine's last message.
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) return case_fail("not so: %s (%s)", #condition, engine_error());         \
    } while (0)

static inline int case_run(const char *program, const struct test_case *c) {
    const int rc = c->run(c->argument);
    if (rc == 1) fprintf(stderr, "FAIL %s; rerun: %s %s\n", c->name, program, c->name);
    return rc;
}

static inline int case_main(int argc, char **argv, const struct test_case *cases, size_t count) {
    int worst = 0;
    bool found = argc < 2;
    for (size_t i = 0; i < count; i++) {
        if (argc == 2 && strcmp(argv[1], "--list") == 0) {
            puts(cases[i].name);
            found = true;
        } else if (argc < 2 || strcmp(argv[1], cases[i].name) == 0) {
            const int rc = case_run(argv[0], &cases[i]);
            if (rc == 1 || worst == 0) worst = rc;
            found = true;
        }
    }
    if (found) return worst;
    fprintf(stderr, "%s: no case '%s' (--list names them)\n", argv[0], argv[1]);
    return 2;
}

// A file of the tree ("tests/data/…"); exits where the tree is not found. The caller frees it.
static inline char *case_tree_path(const char *below) {
    char *root, *path;
    if (source_data_dir(&root) != 0 || asprintf(&path, "%s/%s", root, below) < 0) {
        fprintf(stderr, "%s\n", engine_error());
        exit(1);
    }
    free(root);
    return path;
}

// A whole text file, NUL-terminated; exits where it cannot be read. The caller frees it.
static inline char *case_read_text(const char *path) {
    FILE *f = fopen(path, "rb");
    struct stat st;
    char *text = NULL;
    if (f && fstat(fileno(f), &st) == 0 && (text = malloc((size_t)st.st_size + 1)) != NULL) {
        const size_t n = fread(text, 1, (size_t)st.st_size, f);
        text[n] = '\0';
    }
    if (f) fclose(f);
    if (text) return text;
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
}

// A directory that case_remove_directory (with atexit) removes with the files in it.
static char case_directory[PATH_MAX];
static inline void case_remove_directory(void) {
    char command[PATH_MAX + 16];
    if (!*case_directory) return;
    snprintf(command, sizeof command, "rm -rf '%s'", case_directory);
    if (system(command) != 0) fprintf(stderr, "cannot remove %s\n", case_directory);
}
static inline const char *case_make_directory(void) {
    const char *tmp = getenv("TMPDIR");
    snprintf(case_directory, sizeof case_directory, "%s/inferometer-test-XXXXXX",
             tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(case_directory)) {
        perror(case_directory);
        exit(1);
    }
    atexit(case_remove_directory);
    return case_directory;
}
