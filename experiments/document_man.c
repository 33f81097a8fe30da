// SPDX-License-Identifier: MIT
// The man page and the internal verb `document`.
#include "experiments/document.h"

#include <ctype.h>
#include <string.h>

#include "experiments/command.h"
#include "experiments/failure.h"

// Text as roff shows it literally: ASCII, with what roff would take for its own spelled out.
static void put_bytes(FILE *out, const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c >= 0x80) { // UTF-8: the tables are ours and well-formed
            const size_t more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
            unsigned long point = c & (0x3Fu >> more);
            for (size_t j = 0; j < more && i + 1 < bytes; j++)
                point = point << 6 | ((unsigned char)text[++i] & 0x3F);
            fprintf(out, "\\[u%04lX]", point);
            continue;
        }
        switch (c) {
        case '\\':
            fputs("\\e", out);
            break;
        case '-':
            fputs("\\-", out);
            break;
        case '\'':
            fputs("\\(aq", out);
            break;
        case '`':
            fputs("\\(ga", out);
            break;
        case '^':
            fputs("\\(ha", out);
            break;
        case '~':
            fputs("\\(ti", out);
            break;
        case '.':
            fputs(i == 0 ? "\\&." : ".", out);
            break;
        default:
            fputc(c, out);
        }
    }
}

static void put(FILE *out, const char *text) {
    put_bytes(out, text, strlen(text));
}

// In lines of a length that people can edit; a break is a space to roff.
static void put_line(FILE *out, const char *text) {
    size_t column = 0;
    for (const char *p = text; *p;) {
        const size_t bytes = strcspn(p, " ") + (column == 0 && *p == ' ');
        if (column > 0) fputc(column + bytes > 60 ? '\n' : ' ', out);
        if (column + bytes > 60) column = 0;
        put_bytes(out, p, bytes);
        column += bytes + 1;
        p += bytes + (p[bytes] == ' ');
    }
    fputc('\n', out);
}

// Words in capitals are what the reader replaces: in italics.
static void put_form(FILE *out, const char *form) {
    for (bool flag = false; *form;) {
        size_t bytes = strspn(form, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        if (bytes && !flag) {
            fputs("\\fI", out);
            put_bytes(out, form, bytes);
            fputs("\\fR", out);
        } else {
            bytes += strcspn(form + bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
            put_bytes(out, form, bytes);
        }
        form += bytes;
        flag = form[-1] == '-'; // -O
    }
}

static void put_bold(FILE *out, const char *text) {
    fputs("\\fB", out);
    put(out, text);
    fputs("\\fR", out);
}

// A line of its own in the running text, as it would be typed.
static void put_example(FILE *out, const char *text) {
    fputs(".PP\n.RS 4\n.EX\n", out);
    put(out, text);
    fputs("\n.EE\n.RE\n", out);
}

static void put_words(FILE *out, const char *words, bool later) {
    const char *comma = "";
    for (const char *p = words; *p; p += strspn(p, " ")) {
        const size_t bytes = strcspn(p, " ");
        if ((*p == '!') == later) {
            fputs(comma, out);
            put_bytes(out, p + later, bytes - later);
            comma = ",\n";
        }
        p += bytes;
    }
    fputs(".\n", out);
}

static void put_choice(FILE *out, const char *words) {
    bool built = false, later = false;
    for (const char *p = words; *p; p += strspn(p, " ")) {
        *(*p == '!' ? &later : &built) = true;
        p += strcspn(p, " ");
    }
    if (built) {
        fputs("One of ", out);
        put_words(out, words, false);
    }
    if (later) {
        fputs("Not built yet: ", out);
        put_words(out, words, true);
    }
}

static void put_sentence(FILE *out, const char *text) {
    char sentence[512];
    snprintf(sentence, sizeof sentence, "%s.", text);
    sentence[0] = (char)toupper((unsigned char)*sentence);
    put_line(out, sentence);
}

static void put_flag(FILE *out, const struct flag *f) {
    fputs(".TP\n", out);
    put_bold(out, f->name);
    if (*f->value) {
        fputs(" \\fI", out);
        put(out, f->value);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    put_sentence(out, f->meaning);
    if (f->state == LATER) fputs("Not built yet.\n", out);
    if (f->state == NEEDED) fputs("Needed.\n", out);
    if (*f->words) put_choice(out, f->words);
}

static void put_verb(FILE *out, const struct verb *v) {
    fprintf(out, ".SS %s\n", v->name);
    fprintf(out, "\\fBinferometer %s\\fR", v->name);
    if (*v->form) fputc(' ', out);
    put_form(out, v->form);
    fputs("\n.PP\n", out);
    put_sentence(out, v->summary);
    if (v->state == LATER) fputs("This verb is not built yet.\n", out);
    if (*v->words) put_choice(out, v->words);
    for (size_t i = 0; i < command_flag_count(); i++)
        if (command_takes(v, command_flag_at(i))) put_flag(out, command_flag_at(i));
    put_example(out, v->example);
}

void document_man(FILE *out, const char *date) {
    fputs(".\\\" SPDX-License-Identifier: MIT\n"
          ".\\\" Made from the tables of verbs and flags by: inferometer document man\n",
          out);
    fprintf(out, ".TH INFEROMETER 1 \"%s\" \"Inferometer\" \"User Commands\"\n", date);
    fputs(".SH NAME\ninferometer \\- measure LLM inference by putting two paths side by side\n"
          ".SH SYNOPSIS\n\\fBinferometer\\fR \\fIVERB\\fR [\\fIARGUMENT\\fR ...]\n.br\n"
          "\\fBinferometer\\fR \\fIVERB\\fR \\fB\\-\\-help\\fR\n"
          ".SH DESCRIPTION\n"
          "Inferometer is a small LLM inference engine built to be measured,\n"
          "with the drivers that run written experiment protocols on it\n"
          "and keep what they found.\n"
          "Results go to standard output, everything else to standard error.\n.PP\n"
          "A \\fIMODEL\\fR is the path of a GGUF file,\n"
          "\\fBembedded:kjv\\-3.7m\\fR, which comes with the program, or\n"
          "\\fBsynth:\\fR\\fIPRESET\\fR\\fB/\\fR\\fIFORMAT\\fR"
          "[\\fB?layers=\\fR\\fIN\\fR\\fB&seed=\\fR\\fIS\\fR],\n"
          "which is made on first use and kept in the cache directory.\n.PP\n"
          "\\fB\\-\\-\\fR ends the flags.\n"
          "A long flag may be written \\fB\\-\\-flag=\\fR\\fIVALUE\\fR.\n"
          "Where a flag is given twice, the last one counts.\n"
          ".SH VERBS\n",
          out);
    for (size_t i = 0; i < command_verb_count(); i++)
        if (command_verb_at(i)->state != INTERNAL) put_verb(out, command_verb_at(i));
    fputs(".SH EXIT STATUS\n", out);
#define EXIT_CODE(code, brief, meaning)                                                            \
    fprintf(out, ".TP\n.B %d\n", code);                                                            \
    put_line(out, meaning);
#include "experiments/help.def"
    fputs(".SH ENVIRONMENT\n", out);
#define VARIABLE(name, brief, more)                                                                \
    fputs(".TP\n", out);                                                                           \
    put_bold(out, name);                                                                           \
    fputc('\n', out);                                                                              \
    put_sentence(out, brief);                                                                      \
    if (*more) put_line(out, more);
#include "experiments/help.def"
    fputs(".SH FILES\n", out);
#define PLACE(path, meaning)                                                                       \
    fputs(".TP\n", out);                                                                           \
    put_form(out, path);                                                                           \
    fputc('\n', out);                                                                              \
    put_line(out, meaning);
#include "experiments/help.def"
    fputs(".SH SEE ALSO\n.BR gnuplot (1),\n.BR perf_event_open (2)\n", out);
}

int document_main(const struct command *c);
int document_main(const struct command *c) {
    const char *what = c->positional[0], *date = c->positional_count > 1 ? c->positional[1] : "";
    if (strspn(date, "0123456789-") != strlen(date))
        return fail(EXIT_USAGE, "document: %s is not a date such as 2026-01-31", date);
    if (!strcmp(what, "bash"))
        document_bash(stdout);
    else if (!strcmp(what, "zsh"))
        document_zsh(stdout);
    else
        document_man(stdout, date);
    return EXIT_OK;
}
