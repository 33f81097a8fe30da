// SPDX-License-Identifier: MIT
// Reads a protocol (protocols/<stem>.md): one fenced block, one statement a line, words of
// protocol.md. Errors name file, line and what would be right.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum phase { PHASE_prefill, PHASE_decode, PHASE_question, PHASE_kernel, PHASE_yardstick };
enum granularity { GRANULARITY_phase, GRANULARITY_region, GRANULARITY_step };

// Settings that are words of a shape, in the order of words.def.
enum shape_word {
    SHAPE_rows,
    SHAPE_cols,
    SHAPE_run,
    SHAPE_kvheads,
    SHAPE_group,
    SHAPE_heads,
    SHAPE_dim,
    SHAPE_bytes,
    SHAPE_WORD_COUNT
};

// What a point of a case fixes, sweeps applied. Strings belong to the protocol.
struct settings {
    enum phase phase;
    long tokens, depth, gen, chunk; // of the phase
    // kernel OP SHAPE (all of its words, sweeps applied), yardstick NAME (op; its shape is of one
    // iteration)
    const char *op, *shape;
    const char *target; // whose kernels a counted case is about; NULL: this machine's
    long long words[SHAPE_WORD_COUNT]; // that stand for those of the shape; 0: not said
    int ring_mib, quads;               // quads 0: by the time that they take
    const char *model, *prompt, *kv, *fill,
        *source; // prompt: text random repeat; fill: seeded prefill
    int threads; // 0: physical cores
};

struct arm {
    char name[16];                    // "A"; the control's is "A'"
    bool control;                     // the A/A control
    const char *kernel_rules;         // variant grammar, "" for *=default
    const char *act, *kv, *partition; // NULL: not a factor of this arm
    int threads;                      // 0: the case's
    const char *observer;             // NULL: as the granularity says; none stamps fenced soft pmu
};

struct point {
    char *id;      // canonical: "depth=512;kv=f16" in the order of the sweeps; "" without sweeps
    char **values; // one a sweep of the case
    struct settings settings;
};

struct protocol_case {
    const char *name;
    int line;
    size_t sweep_count;
    const char **sweep_names;
    size_t point_count;
    struct point *points;
    size_t arm_count; // with the control where there is one
    struct arm *arms;
    enum granularity granularity;
    size_t pass_count;
    char ***passes;      // NULL-terminated lists of event names
    char **pass_words;   // as written in all passes: events and metrics; NULL ends them
    const char *primary; // NULL: none
    double ci, min_effect;
};

struct protocol {
    char *path, *text; // the whole file
    size_t text_bytes;
    char sha256[65]; // of the file
    const char *stem;
    int version;
    const char *hypotheses; // "H6 H8" or ""
    int blocks, warmup, cool_seconds;
    uint64_t seed, layout_seed; // layout_seed 0: not moved
    bool require_pin;           // require pin=strict
    const char *fallback;       // NULL: none
    size_t case_count;
    struct protocol_case *cases;
};

// name: a stem (found in the data directory's protocols/) or a path. overrides: key=value of --set
// (blocks, seed, warmup, threads, model, kv …, or a swept name = one value); they are recorded in
// run.csv.
int protocol_read(struct protocol **out, const char *name, const char *const *overrides,
                  size_t override_count);
// The copy in a run's directory: its file is called protocol.md, and what this machine cannot run
// is no error.
int protocol_read_copy(struct protocol **out, const char *path, const char *const *overrides,
                       size_t override_count);
void protocol_free(struct protocol *p);
