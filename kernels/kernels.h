// SPDX-License-Identifier: MIT
// The three tables (formats.def, ops.def, kernels.def) as C: lookup, selection, cost.
// Units: bytes and elements. Nothing here allocates; all tables are constant and shared by threads.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/args.h"

#define TOKENS_ANY PTRDIFF_MAX
#define PANEL_GROUP_ROWS 16

enum format {
#define FORMAT(name, ...) FORMAT_##name,
#include "kernels/formats.def"
#undef FORMAT
    FORMAT_COUNT
};

enum op {
#define OP(name, ...) OP_##name,
#include "kernels/ops.def"
#undef OP
    OP_COUNT
};

enum isa {
#define ISA(name, ...) ISA_##name,
#include "kernels/isa.def"
#undef ISA
    ISA_COUNT
};
#define ISA_BIT(name) (1u << ISA_##name)

enum arch { ARCH_any, ARCH_x86_64, ARCH_aarch64 };
enum op_class {
    CLASS_matmul,
    CLASS_panel,
    CLASS_attention,
    CLASS_state,
    CLASS_row,
    CLASS_rope_angles,
    CLASS_rope,
    CLASS_embed,
    CLASS_kv_store,
    CLASS_yardstick,
};
enum { TAKES_BIAS = 1, TAKES_W2 = 2, TAKES_ACTIVATION = 4, TAKES_ALL = 7 };

struct format_info {
    const char *name, *meaning;
    int gguf_type; // -1: memory only
    ptrdiff_t block_elems, block_bytes;
    enum format default_act;
};

// What the words of an op's shape say. Words that an op does not have are 1.
// Yardsticks: rows = BYTES, cols = ITERATIONS. state: dim, kv_heads = HEADS.
struct shape {
    ptrdiff_t rows, cols, tokens;
    ptrdiff_t run, kv_heads, group, dim; // attention: the tokens are the last of the run
};

struct op_info {
    const char *name, *shape_words, *reason;
    enum op_class op_class;
    enum format weights, activations;
    double (*bytes)(const struct shape *s);
    double (*ops)(const struct shape *s);
    double (*tolerance)(const struct shape *s);
};

union kernel_entry {
    void (*any)(void); // how the table stores it; call the member of the op's class
    void (*matmul)(const struct matmul_args *);
    void (*panel)(const struct panel_args *);
    void (*attention)(const struct attention_args *);
    void (*state)(const struct state_args *);
    void (*row)(const struct row_args *);
    void (*rope_angles)(const struct rope_angles_args *);
    void (*rope)(const struct rope_args *);
    void (*embed)(const struct embed_args *);
    void (*kv_store)(const struct kv_store_args *);
    void (*yardstick)(const struct yardstick_args *);
};

struct kernel {
    enum op op;
    const char *variant; // "avx2_r4"
    const char
        *symbol; // "matmul_q8_0_a8_32__avx2_r4"; the same form for a pair, which is no function
    enum arch arch;
    enum isa isa;
    ptrdiff_t tokens_min, tokens_max, row_block, token_block;
    size_t (*scratch_bytes)(const struct shape *s); // a pair's includes its panel
    unsigned takes;                                 // TAKES_* bits: what of matmul_args it honours
    bool built;                                     // compiled into this binary (its arch is ours)
    union kernel_entry run;                         // unset for a pair
    const char *packer, *tile;                      // symbols of a pair's halves, else NULL
};

const struct format_info *format_info(enum format f);
int format_find(const char *name);           // enum format, or -1
int format_of_gguf_type(uint32_t gguf_type); // enum format, or -1
// Whole blocks: a KV row whose dim is no multiple of the block is padded with zeros. a8_32: one
// token's three planes.
size_t format_row_bytes(enum format f, ptrdiff_t cols);
size_t panel_bytes(enum format f, ptrdiff_t rows, ptrdiff_t cols); // of a panel format
// Packed layouts (kernels/layouts.def).
int layout_of(enum format plain);        // the packed format of a plain one, or -1
enum format layout_plain(enum format f); // the plain format of a packed one; f itself of others
int layout_for(enum format plain,
               unsigned isas);        // the same, if some of the sets have kernels for it
ptrdiff_t layout_rows(enum format f); // rows that lie together; 1 of plain formats
// Packs rows (a multiple of layout_rows) of the plain format, which lie without gaps.
void layout_pack(enum format packed, void *to, const void *from, ptrdiff_t rows, ptrdiff_t cols);
// Planes of one token of a8_32 begin at these bytes (q at 0).
size_t a8_32_d_offset(ptrdiff_t cols);
size_t a8_32_sum_offset(ptrdiff_t cols);

const struct op_info *op_info(enum op op);
int op_find(const char *name); // enum op, or -1
// The op of a class for a pair of formats (matmul_<w>_<a>, embed_<w>, attention_<kv> …), or -1.
int op_of(enum op_class c, enum format weights, enum format activations);
// Reads shape words ("8192x2048x512"). 0, or -1 with a message that names the words.
int shape_parse(enum op op, const char *text, struct shape *s, char *message, size_t message_size);
// What a call of the shape goes through: multiply-adds of a matmul or attention (both of its
// products), values of anything else.
double shape_elements(enum op op, const struct shape *s);
double shape_visible(const struct shape *s); // key visits of all tokens: sum of keys each one sees

const char *isa_name(enum isa isa);
int isa_find(const char *name);      // enum isa, or -1
unsigned isa_includes(enum isa isa); // bits of the set itself, those it includes, and c
unsigned
isa_available(void); // bits of ISA_BIT, after INFEROMETER_ISA; exits 2 on an unknown name there
bool isa_has(enum isa isa);

size_t kernel_count(void);
const struct kernel *kernel_at(size_t i); // all rows, also of the other arch, in the table's order
const struct kernel *kernel_find(enum op op, const char *variant); // NULL if there is none
const struct kernel *kernel_find_symbol(const char *symbol);       // the same
bool kernel_usable(const struct kernel *k); // built, and the machine has its ISA

// The grammar of variants: OP=VARIANT[,OP=VARIANT…]; `*=c`: reference kernels; `*=default`: the
// table's order. Later words win; several variants of one op may be named (one for each range of
// tokens).
#define KERNEL_RULES_MAX 64
struct kernel_rules {
    int count;
    bool all_reference;
    const struct kernel *forced[KERNEL_RULES_MAX];
};
enum { KERNEL_RULES_OK = 0, KERNEL_RULES_WRONG = 2, KERNEL_RULES_NO_ISA = 77 }; // as exit codes
// Adds the words of text to *rules (zero it first). On failure message says what is wrong, with the
// nearest names.
int kernel_rules_parse(struct kernel_rules *rules, const char *text, char *message,
                       size_t message_size);

// The variant for this op and number of tokens: the last forced one that fits, else the first
// usable row that fits and honours `takes`. Never NULL: the reference fits everything.
const struct kernel *kernel_select(enum op op, ptrdiff_t tokens, unsigned takes,
                                   const struct kernel_rules *rules);

// Runs a matmul variant, also a pair: packs row block by row block into scratch and multiplies
// there.
void kernel_matmul(const struct kernel *k, const struct matmul_args *a);
