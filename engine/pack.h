// SPDX-License-Identifier: MIT
// GGUF to GGUF whose matrices lie in packed layouts (kernels/layouts.def), mapped as they are.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct pack_summary {
    size_t tensors, packed;
    uint64_t bytes, packed_bytes; // of all tensors; of the packed ones
};

// Packs every matrix whose format has a layout with kernels for one of the sets `isas` (ISA_BIT)
// and whose rows are a multiple of the layout's; the table of token embeddings, of which single
// rows are read, and all else stay as they are. All other metadata are copied. 0, or a negative
// errno with a message: -EINVAL also where nothing can be packed. progress may be NULL: called with
// the share done.
int pack_write(const char *in, const char *out, unsigned isas, struct pack_summary *summary,
               void (*progress)(double done));
