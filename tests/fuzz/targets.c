// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/error.h"
#include "experiments/failure.h"
#include "tests/fuzz/fuzz.h"

const struct fuzz_target fuzz_targets[] = {
    {"gguf", fuzz_gguf, fuzz_gguf_seeds, fuzz_gguf_dictionary},
    {"protocol", fuzz_protocol, fuzz_protocol_seeds, fuzz_protocol_dictionary},
};
const size_t fuzz_target_count = sizeof fuzz_targets / sizeof *fuzz_targets;

// A protocol is called like its file: the seeds rely on this number.
#define FILE_NUMBER 100

const char *fuzz_file(const uint8_t *data, size_t bytes) {
    static char path[32];
    if (!*path) {
        const int fd = memfd_create("fuzz", MFD_CLOEXEC);
        if (fd < 0 || dup2(fd, FILE_NUMBER) < 0) {
            perror("memfd_create");
            exit(1);
        }
        if (fd != FILE_NUMBER) close(fd);
        snprintf(path, sizeof path, "/proc/self/fd/%d", FILE_NUMBER);
    }
    if (ftruncate(FILE_NUMBER, 0) != 0 || pwrite(FILE_NUMBER, data, bytes, 0) != (ssize_t)bytes) {
        perror(path);
        exit(1);
    }
    return path;
}

void fuzz_abort(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: not so: %s\n  engine: %s\n  failure: %s\n", file, line, condition,
            engine_error(), failure());
    abort();
}
