// SPDX-License-Identifier: MIT
#include "experiments/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/failure.h"

#define FILE_CHUNK_BYTES ((size_t)1 << 20)

// FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of 64 primes.
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate_right(uint32_t x, int n) {
    return x >> n | x << (32 - n);
}

static inline uint32_t big_endian_32(const unsigned char *p) {
    uint32_t x;
    memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    x = __builtin_bswap32(x);
#endif
    return x;
}

// The eight working variables keep their places and the roles rotate, so that no round moves them;
// the message schedule is a ring of 16 words (t is a constant in every expansion).
#define ROUND(a, b, c, d, e, f, g, h, t)                                                           \
    do {                                                                                           \
        uint32_t t1 = h + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) +       \
                      (g ^ (e & (f ^ g))) + k[t] + w[t];                                           \
        uint32_t t2 = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) +           \
                      ((a & b) | (c & (a | b)));                                                   \
        d += t1;                                                                                   \
        h = t1 + t2;                                                                               \
    } while (0)

#define SCHEDULE(t)                                                                                \
    do {                                                                                           \
        uint32_t w15 = w[((t) + 1) & 15], w2 = w[((t) + 14) & 15];                                 \
        w[t] += (rotate_right(w15, 7) ^ rotate_right(w15, 18) ^ w15 >> 3) + w[((t) + 9) & 15] +    \
                (rotate_right(w2, 17) ^ rotate_right(w2, 19) ^ w2 >> 10);                          \
    } while (0)

#define EIGHT_SCHEDULES(t)                                                                         \
    do {                                                                                           \
        SCHEDULE((t) + 0);                                                                         \
        SCHEDULE((t) + 1);                                                                         \
        SCHEDULE((t) + 2);                                                                         \
        SCHEDULE((t) + 3);                                                                         \
        SCHEDULE((t) + 4);                                                                         \
        SCHEDULE((t) + 5);                                                                         \
        SCHEDULE((t) + 6);                                                                         \
        SCHEDULE((t) + 7);                                                                         \
    } while (0)

#define EIGHT_ROUNDS(t)                                                                            \
    do {                                                                                           \
        ROUND(a, b, c, d, e, f, g, h, (t) + 0);                                                    \
        ROUND(h, a, b, c, d, e, f, g, (t) + 1);                                                    \
        ROUND(g, h, a, b, c, d, e, f, (t) + 2);                                                    \
        ROUND(f, g, h, a, b, c, d, e, (t) + 3);                                                    \
        ROUND(e, f, g, h, a, b, c, d, (t) + 4);                                                    \
        ROUND(d, e, f, g, h, a, b, c, (t) + 5);                                                    \
        ROUND(c, d, e, f, g, h, a, b, (t) + 6);                                                    \
        ROUND(b, c, d, e, f, g, h, a, (t) + 7);                                                    \
    } while (0)

static void add_blocks(uint32_t state[8], const unsigned char *data, size_t blocks) {
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (; blocks > 0; blocks--, data += 64) {
        uint32_t w[16];
        for (int t = 0; t < 16; t++) w[t] = big_endian_32(data + 4 * t);
        const uint32_t *k = round_constants;
        EIGHT_ROUNDS(0);
        EIGHT_ROUNDS(8);
        for (k += 16; k < round_constants + 64; k += 16) {
            EIGHT_SCHEDULES(0);
            EIGHT_ROUNDS(0);
            EIGHT_SCHEDULES(8);
            EIGHT_ROUNDS(8);
        }
        a = state[0] += a, b = state[1] += b, c = state[2] += c, d = state[3] += d;
        e = state[4] += e, f = state[5] += f, g = state[6] += g, h = state[7] += h;
    }
}

void sha256_start(struct sha256 *s) {
    *s = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                   0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *s, const void *data, size_t bytes) {
    const unsigned char *p = data;
    size_t held = s->bytes % 64;
    s->bytes += bytes;
    if (held > 0) {
        size_t take = bytes < 64 - held ? bytes : 64 - held;
        memcpy(s->block + held, p, take);
        if (held + take < 64) return;
        add_blocks(s->state, s->block, 1);
        p += take, bytes -= take;
    }
    add_blocks(s->state, p, bytes / 64);
    if (bytes % 64 > 0) memcpy(s->block, p + bytes / 64 * 64, bytes % 64);
}

void sha256_end(struct sha256 *s, char hex[65]) {
    static const unsigned char padding[64] = {0x80};
    unsigned char length[8];
    uint64_t bits = s->bytes * 8;
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)(bits >> (56 - 8 * i));
    sha256_add(s, padding, (119 - s->bytes % 64) % 64 + 1);
    sha256_add(s, length, sizeof length);
    for (int i = 0; i < 64; i++)
        hex[i] = "0123456789abcdef"[s->state[i / 8] >> (28 - i % 8 * 4) & 15];
    hex[64] = '\0';
}

void sha256_of(const void *data, size_t bytes, char hex[65]) {
    struct sha256 s;
    sha256_start(&s);
    sha256_add(&s, data, bytes);
    sha256_end(&s, hex);
}

int sha256_of_file(const char *path, char hex[65]) {
    struct sha256 s;
    int status = 0, file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    unsigned char *chunk = malloc(FILE_CHUNK_BYTES);
    if (chunk == NULL) status = fail(EXIT_FAILED, "%s: out of memory", path);
    sha256_start(&s);
    while (status == 0) {
        ssize_t got = read(file, chunk, FILE_CHUNK_BYTES);
        if (got == 0) break;
        if (got > 0)
            sha256_add(&s, chunk, (size_t)got);
        else if (errno != EINTR)
            status = fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    }
    if (status == 0) sha256_end(&s, hex);
    free(chunk);
    close(file);
    return status;
}
