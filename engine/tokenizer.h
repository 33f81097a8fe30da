// SPDX-License-Identifier: MIT
// Tokenizers from GGUF metadata (tokenizer.ggml.*). Built: SentencePiece ("llama") with byte
// fallback. Constant after opening, shared by threads.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/gguf.h"

struct tokenizer;
// A file without a tokenizer gives 0 and *out = NULL; an unknown or broken one -EINVAL with a
// message.
int tokenizer_open(struct tokenizer **out, const struct gguf *g);
void tokenizer_close(struct tokenizer *t);
size_t tokenizer_vocabulary(const struct tokenizer *t);
int32_t tokenizer_bos(const struct tokenizer *t); // -1 if none
int32_t tokenizer_eos(const struct tokenizer *t); // -1 if none
bool tokenizer_adds_bos(const struct tokenizer *t);
bool tokenizer_is_end(const struct tokenizer *t, int32_t id); // EOS, EOT, …
// UTF-8 (any bytes) to ids. *ids is malloc'ed, the caller frees it. bos: put BOS first. special:
// parse the text of control tokens as these tokens.
int tokenizer_encode(const struct tokenizer *t, const char *text, size_t bytes, bool bos,
                     bool special, int32_t **ids, size_t *count);
// The bytes of one token as they appear in a running text (SentencePiece: U+2581 as space). Returns
// the number written (at most size) or -EINVAL for an id out of range.
int tokenizer_piece(const struct tokenizer *t, int32_t id, char *out, size_t size);
// The vocabulary's own spelling of a token, for `tokenize --pieces`.
struct gguf_string tokenizer_spelling(const struct tokenizer *t, int32_t id);
// ids to text; *text is malloc'ed and NUL-terminated. Control tokens are left out, and the first
// space of a text that the encoder put there.
int tokenizer_decode(const struct tokenizer *t, const int32_t *ids, size_t count, char **text,
                     size_t *bytes);
