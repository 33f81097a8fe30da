// SPDX-License-Identifier: MIT
// Inside of the tokenizers: the vocabulary as it is looked up. Only engine/tokenizer*.c include
// this. Spellings point into the mapping of the GGUF file, which outlives the tokenizer.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/tokenizer.h"

enum token_type { // numbered as in tokenizer.ggml.token_type
    TOKEN_UNDEFINED,
    TOKEN_NORMAL,
    TOKEN_UNKNOWN,
    TOKEN_CONTROL,
    TOKEN_USER_DEFINED,
    TOKEN_UNUSED,
    TOKEN_BYTE,
    TOKEN_TYPE_COUNT
};

struct tokenizer {
    const struct gguf *gguf;
    const struct gguf_value *spellings; // array of strings
    size_t vocabulary;
    float *scores;         // [vocabulary]
    unsigned char *types;  // [vocabulary] enum token_type
    int32_t byte_ids[256]; // -1 where the vocabulary lacks the byte
    int32_t bos, eos, unknown;
    int32_t ends[3]; // EOS, EOT, EOM; -1 where there is none
    bool adds_bos, adds_space_prefix;
    // Pieces that text may be merged to (normal, user-defined, unused), open addressing, -1 is
    // free.
    int32_t *slots;
    uint32_t mask;
    uint64_t key[2]; // of the hash: random numbers
    // Tokens that are cut out of a text before anything is merged: user-defined ones always,
    // control ones on request. Sorted by their bytes, a prefix before what it begins; of two that
    // are spelt alike the user-defined one first.
    int32_t *cut;
    size_t cut_count;
    uint32_t cut_first[257]; // those that begin with byte b: cut[cut_first[b]] .. cut[cut_first[b +
                             // 1] - 1]
};

struct token_list { // grows
    int32_t *ids;
    size_t count, capacity;
};
int tokenizer_append(struct token_list *list, int32_t id);

// The token that is spelt so and may stand for text, or -1.
int32_t tokenizer_find(const struct tokenizer *t, const char *text, size_t bytes);

// The byte that a spelling <0xNN> stands for, or -1.
int tokenizer_byte(struct gguf_string spelling);

// engine/tokenizer_spm.c: one stretch of text without cut tokens, spaces already U+2581.
int tokenizer_spm_encode(const struct tokenizer *t, const char *text, size_t bytes,
                         struct token_list *list);
