// SPDX-License-Identifier: MIT
#include "engine/plan_builder.h"

#include <string.h>

static const struct architecture table[] = {
#define ARCHITECTURE(name, summary) {#name, summary, arch_##name##_build},
#include "engine/architectures.def"
#undef ARCHITECTURE
};

const struct architecture *architecture_find(const char *name, size_t bytes) {
    for (size_t i = 0; i < architecture_count(); i++)
        if (strlen(table[i].name) == bytes && memcmp(table[i].name, name, bytes) == 0)
            return &table[i];
    return NULL;
}

size_t architecture_count(void) {
    return sizeof table / sizeof table[0];
}

const struct architecture *architecture_at(size_t i) {
    return &table[i];
}
