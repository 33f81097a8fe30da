// SPDX-License-Identifier: MIT
// The completions of bash: the tables as `case`s, and a body that does not know them. What depends
// on the machine (protocols, variants) the script asks `inferometer list`.
#include <string.h>

#include "experiments/document.h"
#include "experiments/document_parts.h"

static const char *const kind_names[KIND_COUNT] = {
    "nothing", "words", "model", "files", "directory", "protocol", "stem", "kernel", "key",
};

static void flags_of(FILE *out, const struct verb *v) {
    fprintf(out, "    %s) echo '", v->name);
    for (size_t i = 0; i < command_flag_count(); i++) {
        const struct flag *f = command_flag_at(i);
        if (command_takes(v, f) && document_built(f)) fprintf(out, "%s ", f->name);
    }
    fputs("--help' ;;\n", out);
}

static void values_of(FILE *out, const struct verb *v) {
    if (v->positional_max > 0) {
        fprintf(out, "    '%s') most=%zu kind=%s words='", v->name, v->positional_max,
                kind_names[document_kind(v->form, v->words)]);
        document_words(out, v->words, "");
        fputs("' ;;\n", out);
    }
    for (size_t i = 0; i < command_flag_count(); i++) {
        const struct flag *f = command_flag_at(i);
        if (!command_takes(v, f) || !document_built(f) || !*f->value) continue;
        fprintf(out, "    '%s %s') kind=%s words='", v->name, f->name,
                kind_names[document_kind(f->value, f->words)]);
        document_words(out, f->words, "");
        fputs("' ;;\n", out);
    }
}

static void each_verb(FILE *out, void (*put)(FILE *out, const struct verb *v)) {
    for (size_t i = 0; i < command_verb_count(); i++)
        if (command_verb_at(i)->state == BUILT) put(out, command_verb_at(i));
}

static void name_of(FILE *out, const struct verb *v) {
    fprintf(out, "%s ", v->name);
}

static const char body[] =
    "\n"
    "_inferometer_stems() {\n"
    "    \"$program\" list protocols -o csv 2>/dev/null | sed 1d | cut -d, -f1\n"
    "}\n"
    "# The variants that this machine can run: OP VARIANT\n"
    "_inferometer_kernels() {\n"
    "    \"$program\" list kernels -o csv 2>/dev/null |\n"
    "        awk -F, 'NR == 1 { while ($++usable != \"usable\") if (usable > NF) exit }\n"
    "            NR > 1 && $usable == \"yes\" { print $1, $2 }' | sort -u\n"
    "}\n"
    "# Words that begin with $tail become replies behind $head.\n"
    "_inferometer_offer() {\n"
    "    local word\n"
    "    for word; do\n"
    "        if [[ $word == \"$tail\"* ]]; then COMPREPLY+=(\"$head$word\"); fi\n"
    "    done\n"
    "}\n"
    "_inferometer_paths() { # OPTIONS of compgen\n"
    "    local path\n"
    "    while IFS= read -r path; do\n"
    "        COMPREPLY+=(\"$head$path\")\n"
    "    done < <(compgen \"$@\" -- \"$tail\")\n"
    "    compopt -o filenames 2>/dev/null\n"
    "}\n"
    "_inferometer_variants() { # OP=VARIANT,…\n"
    "    local op\n"
    "    if [[ $tail == *,* ]]; then head+=${tail%,*}, tail=${tail##*,}; fi\n"
    "    if [[ $tail != *=* ]]; then\n"
    "        for op in $(_inferometer_kernels | cut -d' ' -f1 | uniq); do _inferometer_offer "
    "\"$op=\"; done\n"
    "        _inferometer_offer '*=c' '*=default'\n"
    "        return\n"
    "    fi\n"
    "    op=${tail%%=*} tail=${tail#*=}\n"
    "    head+=$op=\n"
    "    if [[ $op == '*' ]]; then\n"
    "        _inferometer_offer c default\n"
    "    else\n"
    "        _inferometer_offer $(_inferometer_kernels | sed -n \"s/^$op //p\")\n"
    "    fi\n"
    "}\n"
    "_inferometer_value() { # of $kind\n"
    "    case $kind in\n"
    "    words) _inferometer_offer $words ;;\n"
    "    model)\n"
    "        _inferometer_offer $_inferometer_models\n"
    "        _inferometer_paths -f -X '!*.gguf'\n"
    "        _inferometer_paths -d\n"
    "        ;;\n"
    "    files) _inferometer_paths -f ;;\n"
    "    directory) _inferometer_paths -d ;;\n"
    "    stem) _inferometer_offer $(_inferometer_stems) ;;\n"
    "    protocol)\n"
    "        _inferometer_offer all $(_inferometer_stems)\n"
    "        _inferometer_paths -f -X '!*.md'\n"
    "        _inferometer_paths -d\n"
    "        ;;\n"
    "    kernel) _inferometer_variants ;;\n"
    "    key) _inferometer_offer $_inferometer_keys ;;\n"
    "    esac\n"
    "}\n"
    "_inferometer() {\n"
    "    local program=${COMP_WORDS[0]/#\\~/$HOME} verb prefix='' head='' tail='' kind='' "
    "words=''\n"
    "    local i n=0 part most=0 given=0 breaks='^[:=]+$'\n"
    "    local -a line=('')\n"
    "    COMPREPLY=()\n"
    "    # Readline takes words apart at \":\" and \"=\"; prefix: what of the last one it keeps.\n"
    "    for ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "        part=${COMP_WORDS[i]}\n"
    "        if ((i > 1)) && [[ $part =~ $breaks || ${COMP_WORDS[i - 1]} =~ $breaks ]]; then\n"
    "            prefix=${line[n]}\n"
    "            line[n]+=$part\n"
    "            if [[ $part =~ $breaks ]]; then prefix=${line[n]}; fi\n"
    "        else\n"
    "            line[++n]=$part prefix=''\n"
    "        fi\n"
    "    done\n"
    "    tail=${line[n]} verb=${line[1]}\n"
    "    if ((n == 1)); then\n"
    "        _inferometer_offer $_inferometer_verbs --help\n"
    "        return\n"
    "    fi\n"
    "    # The arguments before this one; kind: what the flag just before it takes.\n"
    "    for ((i = 2; i < n; i++)); do\n"
    "        kind=''\n"
    "        case ${line[i]} in\n"
    "        --*=*) ;;\n"
    "        -?*)\n"
    "            if _inferometer_takes \"$verb ${line[i]}\" && ((++i < n)); then kind=''; fi\n"
    "            ;;\n"
    "        *) given=$((given + 1)) ;;\n"
    "        esac\n"
    "    done\n"
    "    if [[ -n $kind ]]; then\n"
    "        _inferometer_value\n"
    "    elif [[ $tail == --*=* ]]; then\n"
    "        head=${tail%%=*}= tail=${tail#*=}\n"
    "        if _inferometer_takes \"$verb ${head%=}\"; then _inferometer_value; fi\n"
    "    elif [[ $tail != -* ]] && _inferometer_takes \"$verb\" && ((given < most)); then\n"
    "        _inferometer_value\n"
    "    else\n"
    "        _inferometer_offer $(_inferometer_flags \"$verb\")\n"
    "    fi\n"
    "    for i in \"${!COMPREPLY[@]}\"; do\n"
    "        if [[ ${COMPREPLY[i]} == *= ]]; then compopt -o nospace 2>/dev/null; fi\n"
    "        COMPREPLY[i]=${COMPREPLY[i]#\"$prefix\"}\n"
    "    done\n"
    "}\n"
    "complete -F _inferometer inferometer\n";

void document_bash(FILE *out) {
    document_head(out, "bash");
    fputs("_inferometer_verbs='", out);
    each_verb(out, name_of);
    fputs("'\n_inferometer_models='", out);
    document_models(out);
    fputs("'\n_inferometer_keys='", out);
    document_keys(out);
    fputs("'\n\n# The flags of a verb.\n_inferometer_flags() {\n    case $1 in\n", out);
    each_verb(out, flags_of);
    fputs("    esac\n}\n\n"
          "# What a value is: of a flag (\"VERB FLAG\") or of the arguments (\"VERB\").\n"
          "_inferometer_takes() {\n    case $1 in\n",
          out);
    each_verb(out, values_of);
    fputs("    *) return 1 ;;\n    esac\n}\n", out);
    fputs(body, out);
}
