// SPDX-License-Identifier: MIT
#include "experiments/help.h"

#include <string.h>

#define COLUMNS 80

static size_t columns_of(const char *text, size_t bytes) { // of UTF-8
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

// The end of what must stay on one line: a word, or a flag with its value and bracket ("[-n N]").
static size_t unit_bytes(const char *p) {
    size_t bytes = strcspn(p, " ");
    if (*p == '[') {
        const size_t closed = strcspn(p, "]") + 1;
        if (closed > bytes && closed < 24) bytes = closed + strcspn(p + closed, " ");
    } else if (*p == '"' && strchr(p + 1, '"')) {
        bytes = (size_t)(strchr(p + 1, '"') - p) + 1;
        bytes += strcspn(p + bytes, " ");
    }
    return bytes;
}

// Text from column `at` on, broken at spaces; what follows is indented.
static void wrap(FILE *out, size_t at, size_t indent, const char *text) {
    for (const char *p = text + strspn(text, " "); *p; p += strspn(p, " ")) {
        const size_t bytes = unit_bytes(p), wide = columns_of(p, bytes);
        if (at > indent && at + 1 + wide > COLUMNS) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (p != text) {
            fputc(' ', out);
            at++;
        }
        fwrite(p, 1, bytes, out);
        at += wide;
        p += bytes;
    }
    fputc('\n', out);
}

// "  name   text", the text in a column of its own.
static void entry(FILE *out, const char *name, size_t column, const char *text,
                  const char *behind) {
    char line[512];
    snprintf(line, sizeof line, "%s%s", text, behind);
    const size_t wide = 2 + columns_of(name, strlen(name));
    fprintf(out, "  %s", name);
    if (wide + 2 > column)
        fprintf(out, "\n%*s", (int)column, "");
    else
        fprintf(out, "%*s", (int)(column - wide), "");
    wrap(out, column, column, line);
}

void help_general(FILE *out) {
    fputs("inferometer measures LLM inference: it puts two paths side by side.\n\n"
          "usage: inferometer VERB …          inferometer VERB --help\n\n",
          out);
    for (size_t i = 0; i < command_verb_count(); i++) {
        const struct verb *v = command_verb_at(i);
        if (v->state != INTERNAL)
            entry(out, v->name, 14, v->summary, v->state == LATER ? " (not built yet)" : "");
    }
    fputs("\nResults go to standard output, everything else to standard error.\nExit codes:", out);
    const char *comma = "";
#define EXIT_CODE(code, brief, meaning)                                                            \
    fprintf(out, "%s %d %s", comma, code, brief);                                                  \
    comma = ",";
#include "experiments/help.def"
    fputs(".\nA MODEL is a GGUF file, embedded:kjv-3.7m, or "
          "synth:PRESET/FORMAT[?layers=N&seed=S].\n\n"
          "environment:\n",
          out);
#define VARIABLE(name, brief, more) entry(out, name, 23, brief, "");
#include "experiments/help.def"
    fputs("\nexample:\n  inferometer generate -m embedded:kjv-3.7m -p \"In the beginning\"\n", out);
}

// "-n N" plus what its value may be.
static void flag_entry(FILE *out, const struct flag *f) {
    char name[64], behind[256] = "";
    snprintf(name, sizeof name, "%s%s%s", f->name, *f->value ? " " : "", f->value);
    if (f->state == LATER)
        snprintf(behind, sizeof behind, " (not built yet)");
    else if (f->state == NEEDED)
        snprintf(behind, sizeof behind, " (needed)");
    else if (strchr(f->words, '!')) {
        size_t used = (size_t)snprintf(behind, sizeof behind, "; not built yet:");
        for (const char *p = strchr(f->words, '!'); p && used < sizeof behind; p = strchr(p, '!')) {
            const size_t bytes = strcspn(++p, " ");
            used += (size_t)snprintf(behind + used, sizeof behind - used, " %.*s", (int)bytes, p);
        }
    }
    entry(out, name, 24, f->meaning, behind);
}

void help_verb(FILE *out, const struct verb *v) {
    fprintf(out, "inferometer %s: ", v->name);
    wrap(out, 14 + strlen(v->name), 2, v->summary);
    if (v->state == LATER) fputs("This verb is not built yet.\n", out);
    fprintf(out, "\nusage: inferometer %s ", v->name);
    wrap(out, 20 + strlen(v->name), 7, v->form);
    const char *title = "\nflags:\n";
    for (size_t i = 0; i < command_flag_count(); i++) {
        const struct flag *f = command_flag_at(i);
        if (!command_takes(v, f)) continue;
        fputs(title, out);
        title = "";
        flag_entry(out, f);
    }
    fprintf(out, "\nexample:\n  %s\n", v->example);
}
