// SPDX-License-Identifier: MIT
#include "engine/plan_describe.h"

#include <stdio.h>

#include "engine/step_cost.h"

static void describe_variants(const struct step *s, char *out, size_t size) {
    size_t n = 0;
    ptrdiff_t from = 1;
    for (int i = 0; i < s->variant_count && n < size; i++) {
        ptrdiff_t to = s->variant_tokens_max[i];
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", s->variants[i]->variant);
        if (s->variant_count > 1 && n < size)
            n += from == to ? (size_t)snprintf(out + n, size - n, " (%td)", from)
                            : (size_t)snprintf(out + n, size - n, " (%td-%td)", from, to);
        from = to + 1;
    }
}

void plan_describe(const struct plan *p, size_t step, struct plan_row *out) {
    static const char *const waits[] = {
        [WAIT_none] = "", [WAIT_split_keys] = "split keys", [WAIT_all] = "all"};
    const struct step *s = &p->steps[step];
    *out =
        (struct plan_row){.number = step,
                          .layer = s->layer,
                          .role = role_name(s->role),
                          .region = s->region,
                          .op = op_info(s->op)->name,
                          .partition = partition_name(s->partition),
                          .weight = s->w ? s->w->name : "",
                          .weight_format = s->w ? format_info((enum format)s->w->format)->name : "",
                          .rows = s->rows,
                          .cols = s->cols,
                          .wait = waits[s->wait]};
    describe_variants(s, out->variants, sizeof out->variants);
    step_cost(p, s, 1, 0, 1, &out->bytes_1, &out->ops_1);
    step_cost(p, s, p->max_tokens, 0, 1, &out->bytes_max, &out->ops_max);
}
