// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4). Own code because the AArch64 cross build has no crypto library to link.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[64];
};
void sha256_start(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t bytes);
void sha256_end(struct sha256 *h, char hex[65]);
void sha256_of(const void *data, size_t bytes, char hex[65]);
int sha256_of_file(const char *path, char hex[65]); // 0, or an exit code with failure() set
