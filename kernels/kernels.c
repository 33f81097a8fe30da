// SPDX-License-Identifier: MIT
// kernels.def as C. Rows of every architecture are listed; functions are there only for this one's.
#include "kernels/kernels.h"
#include "kernels/symbols.h"
#include "args_offsets.h" // what the assembler was told

#include <string.h>

#define FIELD(CLASS, class, NAME, name)                                                            \
    _Static_assert(offsetof(struct class##_args, name) == CLASS##_##NAME, "offset of " #name);
#include "kernels/args_fields.def"
#undef FIELD

#define ENTRY(symbol)                                                                              \
    { .any = (void (*)(void))(symbol) }
#define BUILT_any 1
#define ENTRY_any(symbol) ENTRY(symbol)
#if defined(__x86_64__)
#define BUILT_x86_64 1
#define ENTRY_x86_64(symbol) ENTRY(symbol)
#define BUILT_aarch64 0
#define ENTRY_aarch64(symbol) ENTRY(NULL)
#elif defined(__aarch64__)
#define BUILT_x86_64 0
#define ENTRY_x86_64(symbol) ENTRY(NULL)
#define BUILT_aarch64 1
#define ENTRY_aarch64(symbol) ENTRY(symbol)
#else
#error "kernels.def knows x86_64 and aarch64"
#endif

#define KERNEL(arch, op, variant, isa, tokens_min, tokens_max, row_block, token_block, scratch,    \
               takes)                                                                              \
    static size_t op##__##variant##_scratch(const struct shape *s) {                               \
        (void)s;                                                                                   \
        return (size_t)(scratch);                                                                  \
    }
#define PAIR(arch, op, variant, isa, tokens_min, tokens_max, row_block, token_block, packer_op,    \
             packer_variant, tile_op, tile_variant)                                                \
    static size_t op##__##variant##_scratch(const struct shape *s) {                               \
        return panel_bytes(op_info(OP_##tile_op)->weights, row_block, s->cols);                    \
    }
#include "kernels/kernels.def"
#undef KERNEL
#undef PAIR

static const struct kernel kernels[] = {
#define KERNEL(arch, op, variant, isa, tokens_min, tokens_max, row_block, token_block, scratch,    \
               takes)                                                                              \
    {OP_##op,                                                                                      \
     #variant,                                                                                     \
     #op "__" #variant,                                                                            \
     ARCH_##arch,                                                                                  \
     ISA_##isa,                                                                                    \
     tokens_min,                                                                                   \
     tokens_max,                                                                                   \
     row_block,                                                                                    \
     token_block,                                                                                  \
     op##__##variant##_scratch,                                                                    \
     takes,                                                                                        \
     BUILT_##arch,                                                                                 \
     ENTRY_##arch(op##__##variant),                                                                \
     NULL,                                                                                         \
     NULL},
#define PAIR(arch, op, variant, isa, tokens_min, tokens_max, row_block, token_block, packer_op,    \
             packer_variant, tile_op, tile_variant)                                                \
    {OP_##op,                                                                                      \
     #variant,                                                                                     \
     #op "__" #variant,                                                                            \
     ARCH_##arch,                                                                                  \
     ISA_##isa,                                                                                    \
     tokens_min,                                                                                   \
     tokens_max,                                                                                   \
     row_block,                                                                                    \
     token_block,                                                                                  \
     op##__##variant##_scratch,                                                                    \
     0,                                                                                            \
     BUILT_##arch,                                                                                 \
     ENTRY(NULL),                                                                                  \
     #packer_op "__" #packer_variant,                                                              \
     #tile_op "__" #tile_variant},
#include "kernels/kernels.def"
#undef KERNEL
#undef PAIR
};

size_t kernel_count(void) {
    return sizeof kernels / sizeof *kernels;
}

const struct kernel *kernel_at(size_t i) {
    return &kernels[i];
}

const struct kernel *kernel_find(enum op op, const char *variant) {
    for (size_t i = 0; i < kernel_count(); i++)
        if (kernels[i].op == op && !strcmp(kernels[i].variant, variant)) return &kernels[i];
    return NULL;
}

const struct kernel *kernel_find_symbol(const char *symbol) {
    for (size_t i = 0; i < kernel_count(); i++)
        if (!strcmp(kernels[i].symbol, symbol)) return &kernels[i];
    return NULL;
}

bool kernel_usable(const struct kernel *k) {
    return k->built && isa_has(k->isa);
}
