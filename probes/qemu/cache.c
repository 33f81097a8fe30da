// SPDX-License-Identifier: MIT
#include "probes/qemu/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cache_open(struct cache *c, const char *geometry) {
    unsigned long long bytes, ways, line;
    char end;
    if (sscanf(geometry, "%llu:%llu:%llu%c", &bytes, &ways, &line, &end) != 3) return false;
    if (line < 8 || line > 4096 || (line & (line - 1)) != 0 || ways < 1 || ways > 64 ||
        bytes > 1ull << 32 || bytes % (ways * line) != 0)
        return false;
    *c = (struct cache){.sets = bytes / (ways * line), .ways = (unsigned)ways};
    if (c->sets == 0 || (c->sets & (c->sets - 1)) != 0) return false;
    while (1ull << c->line_log2 < line) c->line_log2++;
    c->tags = calloc(c->sets * c->ways, sizeof *c->tags);
    return c->tags != NULL;
}

void cache_clear(struct cache *c) {
    memset(c->tags, 0, c->sets * c->ways * sizeof *c->tags);
}

bool cache_access(struct cache *c, uint64_t line) {
    uint64_t *set = c->tags + (line & (c->sets - 1)) * c->ways, tag = line + 1;
    unsigned way = 0;
    if (set[0] == tag) return true;
    while (way < c->ways - 1 && set[way] != tag) way++;
    const bool hit = set[way] == tag;
    memmove(set + 1, set, way * sizeof *set);
    set[0] = tag;
    return hit;
}
