// SPDX-License-Identifier: MIT
#include "experiments/document_parts.h"

#include <ctype.h>
#include <string.h>

enum kind document_kind(const char *value, const char *words) {
    static const struct {
        const char *word;
        enum kind kind;
    } kinds[] = {
        {"MODEL", MODEL},       {"FILE", FILES}, {"DIR", DIRECTORY},     {"RUN_DIR", DIRECTORY},
        {"PROTOCOL", PROTOCOL}, {"STEM", STEM},  {"OP=VARIANT", KERNEL}, {"KEY=VALUE", KEY},
    };
    if (*words) return WORDS;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const size_t bytes = strlen(kinds[i].word);
        if (strncmp(value, kinds[i].word, bytes) != 0) continue;
        if (!isalpha((unsigned char)value[bytes]) && value[bytes] != '_') return kinds[i].kind;
    }
    return NOTHING;
}

bool document_built(const struct flag *f) {
    return f->state == BUILT || f->state == NEEDED;
}

void document_head(FILE *out, const char *shell) {
    fprintf(out,
            "# SPDX-License-Identifier: MIT\n"
            "# Completions of inferometer, made from its tables by: inferometer document %s\n",
            shell);
}

void document_words(FILE *out, const char *words, const char *before) {
    for (const char *p = words; *p; p += strspn(p, " ")) {
        const size_t bytes = strcspn(p, " ");
        if (*p != '!') fprintf(out, "%s%.*s ", before, (int)bytes, p);
        p += bytes;
    }
}

static const char *flag_words(const struct verb *v, const char *name) {
    for (size_t i = 0; i < command_flag_count(); i++) {
        const struct flag *f = command_flag_at(i);
        if (command_takes(v, f) && !strcmp(f->name, name)) return f->words;
    }
    return "";
}

// Every preset in every format: what `synth` takes.
void document_models(FILE *out) {
    const struct verb *synth = command_verb("synth");
    fputs("embedded:kjv-3.7m ", out);
    for (const char *p = synth->words; *p; p += strspn(p, " ")) {
        const size_t bytes = strcspn(p, " ");
        char before[96];
        snprintf(before, sizeof before, "synth:%.*s/", (int)bytes, p);
        if (*p != '!') document_words(out, flag_words(synth, "--format"), before);
        p += bytes;
    }
}

// Words where a setting has them, else the key alone.
static void put_key(FILE *out, const char *name, const char *words) {
    char before[64];
    snprintf(before, sizeof before, "%s=", name);
    if (*words)
        document_words(out, words, before);
    else
        fprintf(out, "%s ", before);
}

void document_keys(FILE *out) {
#define WORD(...)
#define FACTOR(...)
#define SETTING(name, type, phases, low, high, words) put_key(out, #name, words);
#define DESIGN(name, low, high) put_key(out, #name, "");
#include "experiments/words.def"
#undef WORD
#undef FACTOR
#undef SETTING
#undef DESIGN
}
