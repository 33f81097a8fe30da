// SPDX-License-Identifier: MIT
// The completions of zsh: one _arguments a verb.
#include <string.h>

#include "experiments/document.h"
#include "experiments/document_parts.h"

// Inside '…' of a specification: brackets and colons are its own.
static void put_text(FILE *out, const char *text) {
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

static void put_action(FILE *out, const char *value, const char *words) {
    static const char *const actions[KIND_COUNT] = {
        [NOTHING] = " ",
        [MODEL] = "_inferometer_models",
        [FILES] = "_files",
        [DIRECTORY] = "_files -/",
        [PROTOCOL] = "_inferometer_protocols",
        [STEM] = "_inferometer_stems",
        [KERNEL] = "_inferometer_kernels",
        [KEY] = "_inferometer_keys",
    };
    const enum kind kind = document_kind(value, words);
    if (kind != WORDS) {
        fputs(actions[kind], out);
        return;
    }
    fputc('(', out);
    document_words(out, words, "");
    fputc(')', out);
}

static void put_flag(FILE *out, const struct flag *f) {
    const bool many = document_kind(f->value, f->words) == KEY;
    const bool equals = *f->value && !strncmp(f->name, "--", 2);
    fprintf(out, " \\\n            '%s%s%s[", many ? "*" : "", f->name, equals ? "=" : "");
    put_text(out, f->meaning);
    fputc(']', out);
    if (*f->value) {
        fputc(':', out);
        put_text(out, f->value);
        fputc(':', out);
        put_action(out, f->value, f->words);
    }
    fputc('\'', out);
}

static void put_verb(FILE *out, const struct verb *v) {
    fprintf(out, "        %s) _arguments '--help[what it does]'", v->name);
    for (size_t i = 0; i < command_flag_count(); i++) {
        const struct flag *f = command_flag_at(i);
        if (command_takes(v, f) && document_built(f)) put_flag(out, f);
    }
    if (v->positional_max > 0) {
        fprintf(out, " \\\n            '%s:%.*s:", v->positional_max > 1 ? "*" : "1",
                *v->words ? 4 : (int)strcspn(v->form, "| "), *v->words ? "what" : v->form);
        put_action(out, v->form, v->words);
        fputc('\'', out);
    }
    fputs(" ;;\n", out);
}

void document_zsh(FILE *out) {
    fputs("#compdef inferometer\n", out);
    document_head(out, "zsh");
    fputs("_inferometer_stems() {\n"
          "    compadd -- $(${program:-inferometer} list protocols -o csv 2>/dev/null | sed 1d | "
          "cut -d, "
          "-f1)\n"
          "}\n"
          "_inferometer_protocols() {\n"
          "    compadd -- all\n"
          "    _inferometer_stems\n"
          "    _files -g '*.md'\n"
          "}\n"
          "_inferometer_models() {\n"
          "    compadd -- ",
          out);
    document_models(out);
    fputs("\n    _files -g '*.gguf'\n}\n_inferometer_keys() { compadd -S '' -- ", out);
    document_keys(out);
    fputs("}\n"
          "_inferometer_kernels() { # OP=VARIANT,…\n"
          "    compset -P '*,'\n"
          "    compadd -- '*=c' '*=default' $(${program:-inferometer} list kernels -o csv "
          "2>/dev/null |\n"
          "        awk -F, 'NR == 1 { while ($++usable != \"usable\") if (usable > NF) exit }\n"
          "            NR > 1 && $usable == \"yes\" { print $1 \"=\" $2 }')\n"
          "}\n"
          "_inferometer() {\n"
          "    local state line curcontext=$curcontext program=${(Q)words[1]}\n"
          "    typeset -A opt_args\n"
          "    _arguments -C '(- *)--help[what there is]' '1:verb:->verb' '*::argument:->rest'\n"
          "    case $state in\n"
          "    verb)\n"
          "        local -a verbs=(",
          out);
    for (size_t i = 0; i < command_verb_count(); i++) {
        const struct verb *v = command_verb_at(i);
        if (v->state != BUILT) continue;
        fprintf(out, "\n            '%s:", v->name);
        put_text(out, v->summary);
        fputc('\'', out);
    }
    fputs("\n        )\n        _describe verb verbs ;;\n    rest)\n        case $words[1] in\n",
          out);
    for (size_t i = 0; i < command_verb_count(); i++)
        if (command_verb_at(i)->state == BUILT) put_verb(out, command_verb_at(i));
    fputs("        esac ;;\n"
          "    esac\n"
          "}\n"
          "if [[ $funcstack[1] == _inferometer ]]; then\n"
          "    _inferometer \"$@\"\n"
          "else\n"
          "    compdef _inferometer inferometer\n"
          "fi\n",
          out);
}
