// SPDX-License-Identifier: MIT
// The grammar of variants, and the choice of a variant for an op and a number of tokens.
#include "kernels/kernels.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 64

// Edit distance; names longer than NAME_MAX_BYTES are far from everything.
static size_t distance(const char *a, const char *b) {
    size_t row[NAME_MAX_BYTES + 1], n = strlen(b);
    if (n > NAME_MAX_BYTES) return SIZE_MAX;
    for (size_t j = 0; j <= n; j++) row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t substituted = diagonal + (a[i] != b[j]);
            size_t shorter = row[j] < row[j + 1] ? row[j] : row[j + 1];
            diagonal = row[j + 1];
            row[j + 1] = substituted < shorter + 1 ? substituted : shorter + 1;
        }
    }
    return row[n];
}

static const char *nearest_op(const char *name) {
    const char *nearest = "";
    size_t least = SIZE_MAX;
    for (int op = 0; op < OP_COUNT; op++) {
        size_t d = distance(name, op_info((enum op)op)->name);
        if (d < least) least = d, nearest = op_info((enum op)op)->name;
    }
    return nearest;
}

static int unknown_variant(enum op op, const char *variant, char *message, size_t message_size) {
    const char *nearest = "";
    size_t least = SIZE_MAX, used = 0;
    char all[512] = "";
    for (size_t i = 0; i < kernel_count(); i++) {
        const struct kernel *k = kernel_at(i);
        if (k->op != op || !k->built) continue;
        size_t d = distance(variant, k->variant);
        if (d < least) least = d, nearest = k->variant;
        int n = snprintf(all + used, sizeof all - used, " %s", k->variant);
        if (n > 0 && (size_t)n < sizeof all - used) used += (size_t)n;
    }
    snprintf(message, message_size, "%s has no variant '%s'; did you mean '%s'? There are:%s",
             op_info(op)->name, variant, nearest, all);
    return KERNEL_RULES_WRONG;
}

static int add_rule(struct kernel_rules *rules, const char *name, const char *variant,
                    char *message, size_t message_size) {
    if (!strcmp(name, "*")) {
        if (strcmp(variant, "c") && strcmp(variant, "default")) {
            snprintf(message, message_size, "'*=%s': only *=c and *=default name all ops", variant);
            return KERNEL_RULES_WRONG;
        }
        rules->count = 0;
        rules->all_reference = !strcmp(variant, "c");
        return KERNEL_RULES_OK;
    }
    int op = op_find(name);
    if (op < 0) {
        snprintf(message, message_size, "no op '%s'; did you mean '%s'?", name, nearest_op(name));
        return KERNEL_RULES_WRONG;
    }
    const struct kernel *k = kernel_find((enum op)op, variant);
    if (!k) return unknown_variant((enum op)op, variant, message, message_size);
    if (!k->built) {
        snprintf(message, message_size, "%s is for another architecture than this build",
                 k->symbol);
        return KERNEL_RULES_NO_ISA;
    }
    if (!kernel_usable(k)) {
        snprintf(message, message_size, "%s needs %s, which this machine has not (or is masked)",
                 k->symbol, isa_name(k->isa));
        return KERNEL_RULES_NO_ISA;
    }
    if (rules->count == KERNEL_RULES_MAX) {
        snprintf(message, message_size, "more than %d variants named", KERNEL_RULES_MAX);
        return KERNEL_RULES_WRONG;
    }
    rules->forced[rules->count++] = k;
    return KERNEL_RULES_OK;
}

int kernel_rules_parse(struct kernel_rules *rules, const char *text, char *message,
                       size_t message_size) {
    while (*text) {
        char name[NAME_MAX_BYTES], variant[NAME_MAX_BYTES];
        size_t length = strcspn(text, ","), name_length = strcspn(text, "=,");
        size_t variant_length = name_length < length ? length - name_length - 1 : 0;
        if (!name_length || !variant_length || name_length >= sizeof name ||
            variant_length >= sizeof variant) {
            snprintf(message, message_size, "'%.*s' is not OP=VARIANT, *=c or *=default",
                     (int)(length < 200 ? length : 200), text);
            return KERNEL_RULES_WRONG;
        }
        memcpy(name, text, name_length);
        name[name_length] = 0;
        memcpy(variant, text + name_length + 1, variant_length);
        variant[variant_length] = 0;
        int status = add_rule(rules, name, variant, message, message_size);
        if (status) return status;
        text += length;
        if (*text == ',' && !*++text) {
            snprintf(message, message_size, "nothing behind the last comma");
            return KERNEL_RULES_WRONG;
        }
    }
    return KERNEL_RULES_OK;
}

static bool fits(const struct kernel *k, enum op op, ptrdiff_t tokens, unsigned takes) {
    return k->op == op && tokens >= k->tokens_min && tokens <= k->tokens_max &&
           (k->takes & takes) == takes;
}

const struct kernel *kernel_select(enum op op, ptrdiff_t tokens, unsigned takes,
                                   const struct kernel_rules *rules) {
    for (int i = rules ? rules->count - 1 : -1; i >= 0; i--)
        if (fits(rules->forced[i], op, tokens, takes)) return rules->forced[i];
    if (!rules || !rules->all_reference)
        for (size_t i = 0; i < kernel_count(); i++)
            if (fits(kernel_at(i), op, tokens, takes) && kernel_usable(kernel_at(i)))
                return kernel_at(i);
    return kernel_find(op, "c");
}
