// SPDX-License-Identifier: MIT
// A GGUF file as text for people, one line a value or tensor.
#pragma once
#include <stddef.h>

#include "engine/gguf.h"

// The value as text: numbers with as many digits as needed, strings in quotes with control bytes as
// \xNN and long ones cut, of arrays the length and the first elements. Always ends in NUL.
void gguf_describe_value(const struct gguf *g, const struct gguf_value *v, char *out, size_t size);
// The type as text: "u32", "string[128256]".
void gguf_describe_type(const struct gguf_value *v, char *out, size_t size);
// The format's name, also of formats that this build cannot compute with ("q6_k"); "type 77" if it
// is not known at all. Points to static storage or to `text`.
const char *gguf_describe_format(const struct gguf_tensor *t, char text[16]);
// "ROWSxCOLS", a vector "COLS", with more dimensions in front where there are some.
void gguf_describe_shape(const struct gguf_tensor *t, char *out, size_t size);
