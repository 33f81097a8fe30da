#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `make install` leaves, what its man page and completions say, and that a build is repeatable.
# usage: tests/check_install.sh --list | CASE. Writes below temporary directories only.
set -u
cd "$(dirname "$0")/.." || exit 1
cases="reproducible install home man completion zsh"
inferometer=$(readlink -f "${INFEROMETER:-./inferometer}")
tree=$PWD
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR PREFIX INFEROMETER_HOME # of a `make test` around this
export INFEROMETER_CACHE=$scratch/cache

give_up() {
    echo "FAILED: $*"
    echo "again with: bash tests/check_install.sh $name"
    exit 1
}
copy_tree() { # TO: the files of the tree, with their times
    mkdir -p "$1"
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do
            if [ -e "$f" ]; then printf '%s\0' "$f"; fi
        done | xargs -0 cp -p --parents -t "$1"
    else
        find . -path ./build -prune -o -type f -print0 | xargs -0 cp -p --parents -t "$1"
    fi
}
# A copy that need not be compiled again, where the default build lies here.
copy_built_tree() {
    local build=build/${inferometer#"$tree"/build/}
    build=${build%/inferometer}
    copy_tree "$1"
    case $build in
    build/x86_64 | build/aarch64)
        find "$build" -path "$build/tests" -prune -o -path "$build/Testing" -prune -o -type f -print0 |
            xargs -0 cp -p --parents -t "$1" ;;
    esac
}
files() { (cd "$1" && find . -type f -o -type l) | sort; }

case_reproducible() { # two places, one of them entered by a link: the same bytes
    command -v cc >/dev/null || exit 77
    local one=$scratch/a two=$scratch/b/with/a/much/longer/path binary
    copy_tree "$one"
    copy_tree "$two"
    ln -s "$two" "$scratch/link"
    (cd "$one" && make -s -j2 all >"$scratch/log" 2>&1) || give_up "$(tail -5 "$scratch/log")"
    (cd "$scratch/link" && make -s -j2 all >"$scratch/log" 2>&1) || give_up "$(tail -5 "$scratch/log")"
    binary=$(cd "$one" && readlink inferometer)
    cmp "$one/$binary" "$two/$binary" || give_up "two builds differ"
    ! grep -qaF "$scratch" "$one/$binary" || give_up "the binary knows where it was built"
    # The same tree moved is up to date.
    mv "$one" "$scratch/moved"
    (cd "$scratch/moved" && make -s all >"$scratch/log" 2>&1) || give_up "moved: $(tail -5 "$scratch/log")"
    [ ! -s "$scratch/log" ] || give_up "moved: built again: $(head -3 "$scratch/log")"
}

install_below() { # DESTDIR PREFIX: from a copy of the tree, which is gone afterwards
    copy_built_tree "$scratch/tree"
    (cd "$scratch/tree" && make -s install DESTDIR="$1" PREFIX="$2" >"$scratch/log" 2>&1) || give_up "$(tail -5 "$scratch/log")"
}
case_install() {
    local destdir=$scratch/dest root=$scratch/dest/opt/inst data file want
    mkdir -p "$destdir" "$scratch/empty"
    : >"$destdir/other"
    install_below "$destdir" /opt/inst
    data=$root/share/inferometer
    for want in bin/inferometer libexec/inferometer/check_kernels share/man/man1/inferometer.1 share/bash-completion/completions/inferometer \
        share/zsh/site-functions/_inferometer share/inferometer/manifest; do
        [ -f "$root/$want" ] || give_up "$want is missing"
    done
    for want in engine/embedded/* protocols/*.md probes/events/*.group analysis/*.gp analysis/*.run; do
        [ -e "$want" ] || continue
        cmp "$want" "$data/$want" || give_up "$want"
    done
    [ "$(cd "$destdir" && files . | sed 's,^\./opt/inst/,f ,' | grep '^f ' | sort)" = "$(grep '^f ' "$data/manifest" | sort)" ] ||
        give_up "the manifest is not what lies there"
    ! grep -rqaF "$scratch" "$root" || give_up "$(grep -rlaF "$scratch" "$root") names this place"

    # Moved away from everything, read-only, it works alone.
    mv "$scratch/tree" "$scratch/hidden" && chmod 0 "$scratch/hidden"
    chmod -R a-w "$root"
    [ "$(cd "$scratch/empty" && "$root/bin/inferometer" generate -m embedded:kjv-3.7m --kv f32 -p 'In the beginning' -n 12)" = \
        "$("$inferometer" generate -m embedded:kjv-3.7m --kv f32 -p 'In the beginning' -n 12)" ] || give_up "generate"
    (cd "$scratch/empty" && "$root/bin/inferometer" list protocols -o csv) | cut -d, -f1 >"$scratch/stems"
    for file in protocols/*.md; do
        file=$(basename "$file" .md)
        [ "$file" = README ] || grep -qx "$file" "$scratch/stems" || give_up "list protocols has no $file"
    done
    "$root/bin/inferometer" compare rmsnorm --variants c --shape 64 --blocks 1 -t 1 --check --out "$scratch/runs" \
        >"$scratch/out" 2>"$scratch/log" || give_up "compare --check: $(cat "$scratch/log")"
    grep -q '^check  ok rmsnorm__c' "$scratch/out" || give_up "compare --check says: $(cat "$scratch/out")"
    # A run goes into the current directory and names the commit.
    [ -z "$(ls -A "$scratch/empty")" ] || give_up "left in the current directory: $(ls -A "$scratch/empty")"
    mkdir "$scratch/here"
    file=$(cd "$scratch/here" && "$root/bin/inferometer" run observer_cost --set blocks=8 --set warmup=0 --set gen=2 \
        --set depth=0 2>"$scratch/log") || give_up "run: $(cat "$scratch/log")"
    [[ $file == results/observer_cost/* ]] || give_up "the run went to $file"
    (cd "$scratch/here" && "$root/bin/inferometer" verify "$file") >"$scratch/log" 2>&1 || give_up "verify: $(cat "$scratch/log")"
    (cd "$scratch/here" && "$root/bin/inferometer" list results -o csv) | grep -q ",$(basename "$file")," || give_up "list results"
    [ "$(sed -n 's/^commit,//p' "$scratch/here/$file/run.csv" | tr -d '"')" = "$(sed -n 's/^commit *//p' "$data/installed")" ] ||
        give_up "the run's commit is not the installed one"

    # Again over itself, then away: nothing is left but what was there before, or came from others.
    chmod -R u+w "$root"
    chmod 755 "$scratch/hidden" && mv "$scratch/hidden" "$scratch/tree"
    (cd "$scratch/tree" && make -s install DESTDIR="$destdir" PREFIX=/opt/inst >"$scratch/log" 2>&1) || give_up "again: $(cat "$scratch/log")"
    : >"$root/bin/others"
    (cd "$scratch/tree" && make -s uninstall DESTDIR="$destdir" PREFIX=/opt/inst 2>"$scratch/log") || give_up "uninstall: $(cat "$scratch/log")"
    [ "$(files "$destdir")" = "$(printf './opt/inst/bin/others\n./other')" ] || give_up "left: $(files "$destdir")"
    (cd "$scratch/tree" && make -s uninstall DESTDIR="$destdir" PREFIX=/opt/inst >"$scratch/log" 2>&1) && give_up "uninstalled twice"
    grep -q 'nothing is installed here' "$scratch/log" || give_up "$(cat "$scratch/log")"
    rm "$root/bin/others" && rmdir -p --ignore-fail-on-non-empty "$root/bin"
    (cd "$scratch/tree" && make -s install DESTDIR="$destdir" PREFIX=/opt/inst && make -s uninstall DESTDIR="$destdir" PREFIX=/opt/inst) \
        >"$scratch/log" 2>&1 || give_up "third time: $(cat "$scratch/log")"
    [ "$(cd "$destdir" && find . -mindepth 1)" = ./other ] || give_up "left: $(cd "$destdir" && find .)"
}
case_home() { # a manifest that leads elsewhere removes nothing there
    mkdir -p "$scratch/root/share/inferometer"
    : >"$scratch/precious"
    printf 'f ../precious\n' >"$scratch/root/share/inferometer/manifest"
    bash experiments/install.sh uninstall "$scratch/root" 2>"$scratch/log" && give_up "took it"
    [ -e "$scratch/precious" ] || give_up "removed a file outside"
    grep -q 'leads out of it' "$scratch/log" || give_up "$(cat "$scratch/log")"
}

verbs() { sed -n "s/^VERB(\([a-z]*\), *\($1\).*/\1/p" experiments/verbs.def; }
case_man() { # every verb, flag, exit code and variable; no complaints of the formatters
    local page=$scratch/inferometer.1 verb flag variable
    "$inferometer" document man 2026-01-31 >"$page" || give_up "exit $?"
    for verb in $(verbs 'BUILT\|LATER'); do
        grep -qx "\.SS $verb" "$page" || give_up "no section on $verb"
        # The flags as --help has them, in the section of the verb.
        sed -n "/^\.SS $verb\$/,/^\.S[SH] [^$verb]/p" "$page" | sed 's/\\-/-/g' >"$scratch/section"
        for flag in $("$inferometer" "$verb" --help | sed -n '/^flags:/,/^$/s/^  \(--*[A-Za-z][a-z-]*\).*/\1/p'); do
            grep -qF "\\fB$flag\\fR" "$scratch/section" || give_up "$verb: nothing on $flag"
        done
    done
    grep -q '\.SS block' "$page" && give_up "shows an internal verb"
    for variable in $(grep -rhoE 'getenv\("[A-Z_]+"\)' engine kernels probes experiments/*.c | sed 's/.*("//; s/").*//' | sort -u); do
        case $variable in INFEROMETER_* | NO_COLOR | HOME | XDG_CACHE_HOME) ;; *) continue ;; esac
        sed -n '/^\.SH ENVIRONMENT/,/^\.SH FILES/p' "$page" | sed 's/\\f[BIR]/ /g' | grep -qw "$variable" || give_up "nothing on $variable"
    done
    for flag in 0 1 2 77; do grep -qx "\.B $flag" "$page" || give_up "no exit code $flag"; done
    command -v man >/dev/null || command -v mandoc >/dev/null || exit 77
    if command -v man >/dev/null && man --version >/dev/null 2>&1; then
        MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -l "$page" >"$scratch/text" 2>"$scratch/log"
        [ ! -s "$scratch/log" ] || give_up "man: $(head -5 "$scratch/log")"
        grep -q 'inferometer generate -m embedded:kjv-3.7m' "$scratch/text" || give_up "no example in what man prints"
    fi
    if command -v mandoc >/dev/null; then
        mandoc -T lint "$page" >"$scratch/log" || give_up "mandoc: $(head -5 "$scratch/log")"
    fi
}

# complete WORD…: what bash offers for the last word.
complete_words() {
    # shellcheck disable=SC2016
    (cd "$scratch" && bash --norc --noprofile -c '
        source "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        _inferometer
        printf "%s\n" "${COMPREPLY[@]}"' complete "$scratch/completion" "$inferometer" "$@" 2>&1)
}
offers() { # WANTED… -- WORD…
    local want=() one
    while [ "$1" != -- ]; do want+=("$1"); shift; done
    shift
    complete_words "$@" >"$scratch/offered"
    for one in "${want[@]}"; do
        if [[ $one == !* ]]; then
            grep -qxF -- "${one#!}" "$scratch/offered" && give_up "'$*' offers ${one#!}"
        else
            grep -qxF -- "$one" "$scratch/offered" || give_up "'$*' does not offer $one but: $(head -30 "$scratch/offered" | tr '\n' ' ')"
        fi
    done
}
case_completion() {
    "$inferometer" document bash >"$scratch/completion" || give_up "exit $?"
    local verb op variant
    # shellcheck disable=SC2046
    offers $(verbs BUILT) --help $(verbs 'LATER\|INTERNAL' | sed 's/^/!/') -- ''
    offers generate '!list' -- gen
    for verb in $(verbs BUILT); do offers --help -- "$verb" --; done
    offers --stats --kernel -m '!--temp' '!--set' -- generate -
    offers -o --help '!--stats' -- list kernels ''
    offers kernels protocols groups -- list ''
    offers f16 f32 q8_0 '!q4_0' -- generate --kv ''
    offers --kv=f16 -- generate --kv=f
    offers f16 f32 -- generate --kv = f
    offers llama-3.2-1b '!phi-2' -- synth ''
    offers three_regimes all -- run ''
    offers three_regimes '!all' -- plot three
    offers gen= kv=f16 -- run three_regimes --set ''
    offers f32 -- run three_regimes --set kv = f
    : >"$scratch/a file.gguf" && : >"$scratch/notes.txt"
    offers embedded:kjv-3.7m 'a file.gguf' synth:llama-3.2-1b/q8_0 '!notes.txt' -- generate -m ''
    offers kjv-3.7m -- generate -m embedded : k
    offers kjv-3.7m -- generate -m embedded :
    offers notes.txt 'a file.gguf' -- perplexity -m embedded:kjv-3.7m -f ''
    offers embedded:kjv-3.7m -- inspect emb
    IFS=, read -r op variant _ < <("$inferometer" list kernels -o csv | grep -m1 '^matmul_q8_0_a8_32,.*,yes,')
    offers "$op=" '*=c' -- generate --kernel ''
    offers "$variant" c -- generate --kernel "$op" = ''
    [ "$(uname -m)" != x86_64 ] || offers '!c_neon' c -- generate --kernel "$op" = ''
    offers "*=c,$op=$variant" -- generate --kernel "*=c,$op=${variant:0:1}"
    offers '!--help' -- nonsense ''
    bash --norc -c "source '$scratch/completion'; complete -p inferometer" | grep -q _inferometer || give_up "is not registered"
}
case_zsh() { # it loads, and completes in a shell that is typed into
    command -v zsh >/dev/null || exit 77
    mkdir "$scratch/functions" "$scratch/bin"
    "$inferometer" document zsh >"$scratch/functions/_inferometer" || give_up "exit $?"
    ln -s "$inferometer" "$scratch/bin/inferometer"
    zsh -n "$scratch/functions/_inferometer" 2>"$scratch/log" || give_up "$(cat "$scratch/log")"
    cat >"$scratch/typed" <<'EOF'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT=; unsetopt zle_bracketed_paste; path=($1 \$path); fpath=($2 \$fpath); autoload -Uz compinit; compinit -u -d $3/dump; LISTMAX=0; print rea''dy"
zpty -r shell text '*ready*'
type_tab() { # LINE PATTERN
    zpty -w -n shell "$1"$'\t\t'
    zpty -r shell text "$2"
    print -r -- "$text"
    zpty -w -n shell $'\x15'
}
type_tab 'inferometer tok' '*tokenize*'
type_tab 'inferometer generate --kv=' '*f16*f32*'
type_tab 'inferometer generate -m emb' '*embedded:kjv-3.7m*'
type_tab 'inferometer run three_r' '*three_regimes*'
type_tab 'inferometer generate --kernel matmul_q8_0_a8_32=' '*matmul_q8_0_a8_32=c*'
zpty -w shell "print fin''ished"
zpty -r shell text '*finished*' && print -r -- finished
zpty -d shell
EOF
    (cd "$scratch" && timeout -k 1 60 zsh -f "$scratch/typed" "$scratch/bin" "$scratch/functions" "$scratch") >"$scratch/offered" 2>&1
    grep -qx finished "$scratch/offered" || give_up "offers not what is looked for: $(cat -v "$scratch/offered")"
}

# shellcheck disable=SC2086
[ "${1:-}" = --list ] && { printf '%s\n' $cases; exit 0; }
name=${1:-}
declare -F "case_$name" >/dev/null || { echo "tests/check_install.sh: no case $name (there are: $cases)"; exit 2; }
"case_$name"
