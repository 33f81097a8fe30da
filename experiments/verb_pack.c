// SPDX-License-Identifier: MIT
// pack: a GGUF whose matrices lie in the order in which the kernels of an instruction set read
// them.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/error.h"
#include "engine/model.h"
#include "engine/pack.h"
#include "experiments/command.h"
#include "experiments/failure.h"
#include "experiments/progress.h"
#include "kernels/kernels.h"

int verb_pack(const struct command *c);

static struct progress bar; // the engine's callback carries no argument

static void show(double done) {
    progress_show(&bar, done);
}

static int sets_of(const char *name, unsigned *isas) {
    const int isa = isa_find(name);
    char known[128] = "";
    size_t used = 0;
    bool serves = false;
    for (int i = 0; i < ISA_COUNT; i++) {
        bool some = false;
        for (int f = 0; f < FORMAT_COUNT; f++)
            some |= layout_for((enum format)f, isa_includes((enum isa)i)) >= 0;
        if (!some) continue;
        serves |= i == isa;
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", isa_name((enum isa)i));
    }
    if (!serves)
        return fail(EXIT_USAGE, "pack: --isa %s: no packed layout; there are some for:%s", name,
                    known);
    *isas = isa_includes((enum isa)isa);
    return 0;
}

int verb_pack(const struct command *c) {
    const char *isa = command_value(c, "--isa", NULL), *out = c->positional[1];
    unsigned isas = isa_available();
    struct pack_summary s;
    char *in = NULL, label[128];
    int rc = isa ? sets_of(isa, &isas) : 0;
    if (rc) return rc;
    if (source_path(c->positional[0], &in)) return fail(EXIT_FAILED, "%s", engine_error());
    snprintf(label, sizeof label, "packing %.100s", out);
    progress_start(&bar, label);
    if (pack_write(in, out, isas, &s, show)) rc = fail(EXIT_FAILED, "%s", engine_error());
    progress_end(&bar);
    if (!rc)
        printf("packed %zu of %zu tensors, %" PRIu64 " of %" PRIu64 " bytes\n", s.packed, s.tensors,
               s.packed_bytes, s.bytes);
    free(in);
    return rc;
}
