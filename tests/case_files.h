// SPDX-License-Identifier: MIT
// Files of a case: paths below its directory, texts, a disk that fills up.
#pragma once
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/case.h"

// Text in one of eight slots.
static char path_text[8][2 * PATH_MAX];
static inline const char *below(int slot, const char *directory, const char *name) {
    snprintf(path_text[slot], sizeof path_text[slot], "%s/%s", directory, name);
    return path_text[slot];
}

static inline void write_text(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) perror(path), exit(1);
}

// A disk that is full after 4096 bytes, as a process limit.
static inline int with_limit(rlim_t bytes, int (*function)(void)) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {bytes, bytes};
        signal(SIGXFSZ, SIG_IGN); // EFBIG instead
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(function());
    }
    int status = 1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
