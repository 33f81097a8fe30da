// SPDX-License-Identifier: MIT
// What the tests of hostile files share: a small good model, edits that make another file of it,
// and what a refusal must say.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "engine/gguf.h"
#include "kernels/kernels.h"

// A Llama of one layer and a vocabulary of 14 SentencePiece tokens, about 20 KiB: width 32, 2 heads
// and 1 KV head of 16, feed-forward 32, context 64. The matrices are in `format` (f32, f16, q8_0,
// q4_0). 0 or a negative errno with the engine's message.
int hostile_write_good(const char *path, enum format format);

// Writes `to`, which is `from` with edits, separated by ';':
//   KEY=TYPE:VALUE       another value (u8 … f64, bool, string), where it stands or behind all
//   others KEY=TYPE[N]:VALUE    an array of N elements, all alike KEY[N]=VALUE         element N of
//   an array of strings or numbers of 4 bytes (f32, i32, u32) KEY=                 without this key
//   TENSOR@OFFSET=HEX    other bytes in its data
//   TENSOR/COLSxROWS     other dimensions, for as many bytes as they need (repeated or cut short)
//   TENSOR/              without this tensor
// 0, or 1 after a message on stderr.
int hostile_rewrite(const char *to, const char *from, const char *edits);

// Whether a message is one line that begins with the path and has `wanted` in it; '*' in `wanted`
// stands for digits.
bool hostile_says(const char *message, const char *path, const char *wanted);
