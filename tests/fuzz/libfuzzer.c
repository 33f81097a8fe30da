// SPDX-License-Identifier: MIT
// libFuzzer's entry, compiled once a target with -DFUZZ_ENTRY=fuzz_<target>.
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    FUZZ_ENTRY(data, bytes);
    return 0;
}
