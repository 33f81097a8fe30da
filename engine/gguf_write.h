// SPDX-License-Identifier: MIT
// Writes a GGUF v3 file: metadata, then declared tensors, then their data in any order. Everything
// goes to a temporary beside `path`, which is renamed when complete; a failure removes it. The
// first error sticks: later calls do nothing and gguf_write_close reports it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/gguf.h"

struct gguf_writer;

// alignment: of the data of every tensor, a power of two (32 is GGUF's default).
int gguf_write_open(struct gguf_writer **out, const char *path, uint32_t alignment);

void gguf_write_u32(struct gguf_writer *w, const char *key, uint32_t value);
void gguf_write_u64(struct gguf_writer *w, const char *key, uint64_t value);
void gguf_write_f32(struct gguf_writer *w, const char *key, float value);
void gguf_write_bool(struct gguf_writer *w, const char *key, bool value);
void gguf_write_text(struct gguf_writer *w, const char *key, const char *value);
// An array of fixed-size elements: count * size of type bytes.
void gguf_write_array(struct gguf_writer *w, const char *key, enum gguf_type element_type,
                      const void *elements, uint64_t count);
void gguf_write_strings(struct gguf_writer *w, const char *key, const struct gguf_string *strings,
                        uint64_t count);
// Any value as it stands in another file, of which it was read.
void gguf_write_copy(struct gguf_writer *w, const struct gguf *from,
                     const struct gguf_value *value);

// Declares a tensor; returns its number (0, 1, …).
size_t gguf_write_tensor(struct gguf_writer *w, const char *name, uint32_t gguf_type, int dim_count,
                         const uint64_t *dims, uint64_t bytes);
// Ends the declarations: writes the head of the file and reserves the room for the data, so that a
// full disk shows here. 0 or a negative errno with a message.
int gguf_write_head(struct gguf_writer *w);
// Bytes of one tensor's data at `offset` within it. May be called by several threads at once after
// gguf_write_head. 0 or a negative errno with a message.
int gguf_write_data(struct gguf_writer *w, size_t tensor, uint64_t offset, const void *data,
                    size_t bytes);
// keep: flush to the disk and give the file its name; else (or after an error) remove the
// temporary. Frees w. Returns 0 or the first error, with its message.
int gguf_write_close(struct gguf_writer *w, bool keep);
