// SPDX-License-Identifier: MIT
// What is fuzzed: each target takes any bytes, feeds them to a reader and to what stands behind it,
// and aborts where something is not as promised. tests/fuzz/libfuzzer.c runs one under libFuzzer
// (`make fuzz`), tests/check_fuzz_regress.c replays files.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef void fuzz_entry(const uint8_t *data, size_t bytes);

// GGUF reader, descriptions, check of weights, tokenizer, plan builder, and two tokens through the
// reference kernels where a model comes out.
fuzz_entry fuzz_gguf;
// Protocol reader. Behind the first zero byte: texts of --set, each ended by a zero byte.
fuzz_entry fuzz_protocol;

struct fuzz_target {
    const char *name;
    fuzz_entry *entry;
    int (*seeds)(const char *directory); // files to start from; 0, or 1 after a message on stderr
    void (*dictionary)(FILE *out);       // of libFuzzer's form
};
extern const struct fuzz_target fuzz_targets[];
extern const size_t fuzz_target_count;

int fuzz_gguf_seeds(const char *directory);
int fuzz_protocol_seeds(const char *directory);
void fuzz_gguf_dictionary(FILE *out);
void fuzz_protocol_dictionary(FILE *out);

// The path of a file in memory that holds these bytes until the next call: always the same path.
const char *fuzz_file(const uint8_t *data, size_t bytes);

// Aborts with the text unless it holds.
#define FUZZ_EXPECT(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) fuzz_abort(__FILE__, __LINE__, #condition);                              \
    } while (0)
_Noreturn void fuzz_abort(const char *file, int line, const char *condition);
