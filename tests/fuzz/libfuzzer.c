// SPDX-License-Identifier: MIT
// libFuzzer's entries, compiled once a target with -DFUZZ_ENTRY=fuzz_<target>.
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

// Most of a model is weights, of which any value is as good as another: three changes out of four
// go to the beginning of the file. (A protocol of that size is all beginning.)
#define HEAD_BYTES 2560
#define HEAD_GROWS_BYTES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t max_bytes, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t max_bytes); // libFuzzer's own

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    FUZZ_ENTRY(data, bytes);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t max_bytes, unsigned seed) {
    if (bytes <= HEAD_BYTES || max_bytes < bytes || seed % 4 == 0)
        return LLVMFuzzerMutate(data, bytes, max_bytes);
    const size_t tail_bytes = bytes - HEAD_BYTES, room = max_bytes - tail_bytes;
    uint8_t *tail = malloc(tail_bytes);
    if (!tail) return bytes;
    memcpy(tail, data + HEAD_BYTES, tail_bytes);
    const size_t most = room < HEAD_BYTES + HEAD_GROWS_BYTES ? room : HEAD_BYTES + HEAD_GROWS_BYTES;
    const size_t head_bytes = LLVMFuzzerMutate(data, HEAD_BYTES, most);
    memcpy(data + head_bytes, tail, tail_bytes);
    free(tail);
    return head_bytes + tail_bytes;
}
