#!/bin/bash
# SPDX-License-Identifier: MIT
# The command line as scripts see it: exit codes, messages, streams.
#   tests/check_cli.sh --list       the names of all cases
#   tests/check_cli.sh CASE…        runs these (all when none is named); exit 1: one failed, 77: all skipped
# INFEROMETER is the binary (./inferometer). Refusals are rows of tests/cli_refusals.csv.
set -u
cd "$(dirname "$0")/.." || exit 1
I=${INFEROMETER:-./inferometer}
M=embedded:kjv-3.7m
D=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$D"; rm -rf "$D"' EXIT
US=$'\x1f'  # between the fields of a row
RS=$'\x1e'  # a line break inside a field

# The rows of a CSV file behind its header, fields separated by US.
rows() {
    awk -v US="$US" -v RS_="$RS" '
        { sub(/\r$/, ""); line = line (line == "" ? "" : RS_) $0
          if (gsub(/"/, "\"", line) % 2) next
          out = ""; quoted = 0
          for (i = 1; i <= length(line); i++) {
              c = substr(line, i, 1)
              if (c == "\"") {
                  if (quoted && substr(line, i + 1, 1) == "\"") { out = out c; i++ } else quoted = !quoted
              } else if (c == "," && !quoted) out = out US
              else out = out c
          }
          if (seen++) print out
          line = "" }' "$1"
}
why() { echo "  $*"; return 1; }
same() { [ "$2" = "$3" ] || why "$1 is" "'$2'" "and should be" "'$3'"; }
verbs() { sed -n 's/^VERB(\([a-z]*\), *\(BUILT\|LATER\).*/\1/p' experiments/verbs.def; }

list() {
    rows tests/cli_refusals.csv | cut -d"$US" -f1 | sed 's,^,refusal/,'
    verbs | sed 's,^,help/,'
    declare -F | sed -n 's,^declare -f case_,,p' | sed 's,__,/,'
}

run_refusal() {
    local name command code message out got
    while IFS="$US" read -r name command code message; do
        [ "$name" = "$1" ] && break
    done < <(rows tests/cli_refusals.csv)
    [ "$name" = "$1" ] || { why "no such row"; return; }
    eval "set -- $command"
    "$I" "$@" >"$D/out" 2>"$D/err" </dev/null
    got=$?
    eval "message=\"${message//\"/\\\"}\""
    [ $got = "$code" ] || { why "exit $got, not $code: $(head -3 "$D/err")"; return; }
    grep -qF -- "$message" "$D/err" || { why "says '$(cat "$D/err")', not '$message'"; return; }
    [ ! -s "$D/out" ] || { why "prints on standard output: $(head -3 "$D/out")"; return; }
    [ -z "$name" ] || [ "$name" = no_verb ] || same "lines of message" "$(wc -l <"$D/err")" 1 || return
    [ ! -e "$D/x.gguf" ] || why "left a file behind"
}

run_help() {
    "$I" "$1" --help >"$D/out" 2>"$D/err" || { why "exit $?"; return; }
    [ ! -s "$D/err" ] || { why "prints on standard error"; return; }
    grep -q "^usage: inferometer $1" "$D/out" || { why "shows no usage"; return; }
    grep -A1 '^example:' "$D/out" | grep -q "^  inferometer $1" || { why "shows no example"; return; }
    awk 'length > 100 { bad = 1 } END { exit bad }' "$D/out" || why "lines of more than 100 columns"
}

case_help__general() {
    local verb
    "$I" --help >"$D/out" || { why "exit $?"; return; }
    for verb in $(verbs); do grep -q "^  $verb " "$D/out" || { why "does not name $verb"; return; }; done
}
# The examples of all built verbs that take no file and no long time are run as they are printed.
case_help__examples_run() {
    local line binary
    binary=$(realpath "$I")
    while read -r line; do
        (cd "$D" && INFEROMETER_HOME=$OLDPWD eval "${line/#inferometer/$binary}") >"$D/out" 2>"$D/err" ||
            { why "$line: exit $?: $(cat "$D/err")"; return; }
        [ -s "$D/out" ] || { why "$line: prints nothing"; return; }
    done < <(for v in generate logits tokenize detokenize list machine inspect; do
        "$I" $v --help | sed -n '/^example:/{n;s/^  //p}'; done)
}

unhex() { printf "$(printf '%s' "$1" | sed 's/../\\x&/g')"; }
case_tokenize__spm_kjv() {
    local hex ids n=0
    while IFS="$US" read -r hex ids; do
        unhex "$hex" >"$D/text"
        same "ids of $hex" "$("$I" tokenize -m $M --no-bos -f "$D/text")" "$ids" || return
        same "ids of $hex by --stdin" "$("$I" tokenize -m $M --no-bos --stdin <"$D/text")" "$ids" || return
        n=$((n + 1))
    done < <(rows tests/data/tokenizers/spm-kjv.tokens.csv)
    [ $n -gt 40 ] || why "only $n rows"
}
case_tokenize__bos() {
    same "with BOS" "$("$I" tokenize -m $M -p 'In the beginning')" "1 1056 261 1788 1232" || return
    same "without" "$("$I" tokenize -m $M -p 'In the beginning' --no-bos)" "1056 261 1788 1232" || return
    same "pieces" "$("$I" tokenize -m $M -p 'In the' --pieces)" "<s> ▁In ▁the"
}
case_tokenize__special() {
    local plain special
    plain=$("$I" tokenize -m $M --no-bos -p '</s>') && special=$("$I" tokenize -m $M --no-bos --special -p '</s>')
    [ "$plain" != "$special" ] || why "--special changes nothing: $plain"
}
case_detokenize__round_trip() {
    local text='And he said unto them, “Go—ye…” naïve 𝄞'
    same text "$("$I" detokenize -m $M --tokens "$("$I" tokenize -m $M -p "$text")")" "$text"
}
case_generate__greedy_text() {
    local prompt ptokens tokens text n=0
    while IFS="$US" read -r prompt ptokens tokens text; do
        "$I" generate -m $M --kv f32 -n 48 -p "$prompt" >"$D/out" || { why "$prompt: exit $?"; return; }
        printf '%s' "${text//$RS/$'\n'}" | cmp - "$D/out" || { why "$prompt: $(cat "$D/out")"; return; }
        n=$((n + 1))
    done < <(rows tests/data/kjv/greedy.csv)
    [ $n -ge 4 ] || why "only $n rows"
}
case_generate__greedy_ids() {
    local prompt ptokens tokens text
    while IFS="$US" read -r prompt ptokens tokens text; do
        same "$prompt" "$("$I" generate -m $M --kv f32 -n 48 --ids --tokens "$ptokens")" "$tokens" || return
    done < <(rows tests/data/kjv/greedy.csv)
}
case_generate__no_prompt() { # begins with the BOS alone
    local out
    out=$("$I" generate -m $M -n 4) && [ -n "$out" ] || why "prints '$out'"
}
case_generate__stats() {
    "$I" generate -m $M -n 8 -p 'In the beginning' --stats >"$D/out" 2>"$D/err" || { why "exit $?"; return; }
    local word
    for word in 'prompt  *5 tokens, .* tok/s' 'decode  *8 tokens, .* tok/s' 'first token  *[0-9]' 'peak RSS  *[0-9]' 'CPU  *[0-9]'; do
        grep -q "^$word" "$D/err" || { why "no line '$word' in: $(cat "$D/err")"; return; }
    done
    grep -q 'tok/s' "$D/out" && why "figures on standard output" || true
}
case_generate__memory_and_start() { # peak RSS at most 1.10 x file + KV; first step within 300 ms of the start
    case $I in *address*) echo "  skipped: a sanitizer's own memory"; return 77 ;; esac
    local model='synth:tinyllama-1.1b/q8_0?layers=1' run
    export INFEROMETER_CACHE=$D/cache # the first run makes the file there: 178 MiB
    "$I" generate -m "$model" --ctx 512 -n 1 -p the >"$D/out" || { why "exit $?"; return; }
    local file_bytes
    file_bytes=$(cat "$D"/cache/*.gguf | wc -c)
    for run in 1 2 3; do # the machine may be busy: the best of three starts
        "$I" generate -m "$model" --ctx 512 -n 4 -p 'the world' --stats >"$D/out" 2>"$D/err.$run" || { why "exit $?"; return; }
    done
    rm -r "$D/cache"
    cat "$D"/err.? | awk -v mib="$((file_bytes / 1048576))" '
        /^first token/ { start = $(NF - 1); if (!starts++ || start < least) least = start }
        /^peak RSS/ { if ($3 > rss) rss = $3; kv = $(NF - 2) }
        END { if (starts != 3 || !(rss > 0) || !(kv > 0)) { print "  figures are missing"; exit 1 }
              if (rss > 1.10 * mib + kv) { print "  peak RSS", rss, "MiB of a file of", mib, "MiB, KV", kv; bad = 1 }
              if (least >= 300) { print "  start to first step", least, "ms"; bad = 1 }
              exit bad }' || why "$(cat "$D/err.1")"
}
case_generate__default_n_stops_at_context() { # -n not given: as much as fits
    same tokens "$("$I" generate -m $M --ctx 8 -p 'In the beginning' --ids | wc -w)" 4
}
case_generate__threads_agree() {
    local one
    one=$("$I" generate -m $M --kv f32 -t 1 -n 24 -p 'Blessed are the') || return
    same "three threads" "$("$I" generate -m $M --kv f32 -t 3 -n 24 -p 'Blessed are the' 2>"$D/err")" "$one"
}
case_generate__kernel_by_environment() {
    INFEROMETER_KERNEL='*=x' "$I" generate -m $M -n 1 -p x >"$D/out" 2>"$D/err"
    same "exit code" $? 2 && grep -q INFEROMETER_KERNEL "$D/err" || { why "$(cat "$D/err")"; return; }
    INFEROMETER_KERNEL='*=x' "$I" generate -m $M -n 1 -p x --kernel '*=c' >"$D/out" || why "the flag does not win"
}
case_generate__missing_isa() {
    [ "$(uname -m)" = x86_64 ] || return 77
    local variant
    variant=$("$I" list kernels -o csv | awk -F, '$3 == "avx2" && $1 ~ /^matmul_f16/ { print $1 "=" $2; exit }')
    [ -n "$variant" ] || return 77
    INFEROMETER_ISA=c "$I" generate -m $M -n 1 -p x --kernel "$variant" >"$D/out" 2>"$D/err"
    same "exit code" $? 77
}
case_logits__same_to_the_bit() { # two runs, the default kernels, several tokens and threads
    local run
    for run in 1 2; do
        "$I" logits -m $M -t 2 --tokens '1 1056 261 5 700 1500 33 8' --positions first,last >"$D/logits.$run" || { why "exit $?"; return; }
    done
    [ "$(wc -l <"$D/logits.1")" -gt 2048 ] || { why "$(wc -l <"$D/logits.1") rows"; return; }
    cmp "$D/logits.1" "$D/logits.2"
}
case_logits__columns() {
    "$I" logits -m $M --tokens '1 1056 261' --positions first,last >"$D/out" || { why "exit $?"; return; }
    same header "$(head -1 "$D/out")" position,token,logit || return
    same rows "$(wc -l <"$D/out")" $((1 + 2 * 2048)) || return
    same positions "$(sed 1d "$D/out" | cut -d, -f1 | uniq | xargs)" "0 2"
}
case_logits__all_is_the_default() {
    same rows "$("$I" logits -m $M --tokens '1 1056 261' | wc -l)" $((1 + 3 * 2048))
}
case_synth__same_bytes() {
    "$I" synth tinyllama-1.1b --layers 1 --format q4_0 -O "$D/a.gguf" && "$I" synth tinyllama-1.1b --layers 1 --format q4_0 -O "$D/b.gguf" ||
        { why "exit $?"; return; }
    cmp "$D/a.gguf" "$D/b.gguf" || { why "two makings differ"; return; }
    "$I" synth tinyllama-1.1b --layers 1 --format q4_0 --seed 2 -O "$D/b.gguf" && ! cmp -s "$D/a.gguf" "$D/b.gguf" ||
        why "another seed changes nothing"
}
case_synth__file_too_large() { # as a full disk does: one line, nothing left behind
    (ulimit -f 1024; trap '' XFSZ; exec "$I" synth tinyllama-1.1b --layers 1 -O "$D/small.gguf") 2>"$D/err"
    same "exit code" $? 1 || return
    grep -q small.gguf "$D/err" || { why "does not name the file: $(cat "$D/err")"; return; }
    same "left behind" "$(find "$D" -name 'small*' | wc -l)" 0
}
case_list__formats_of_output() {
    local what
    for what in kernels ops formats architectures presets events protocols results; do
        "$I" list $what -o csv >"$D/out" || { why "$what: exit $?"; return; }
        awk -F, 'NR == 1 { n = NF } END { exit n < 1 }' "$D/out" || { why "$what: no header"; return; }
        "$I" list $what -o md | sed -n 2p | grep -q '^|---' || { why "$what: no Markdown"; return; }
        "$I" list $what -o json >"$D/json" || { why "$what: exit $?"; return; }
        if command -v python3 >/dev/null; then
            python3 -m json.tool <"$D/json" >/dev/null || { why "$what: no JSON"; return; }
        fi
    done
}
case_list__control_characters() { # in a run from elsewhere: none reaches a terminal
    local format
    mkdir -p "$D/home/engine/embedded" "$D/home/results/stem/machine/run"
    printf 'key,value\ncommit,a\x1b[2Jb\n' >"$D/home/results/stem/machine/run/run.csv"
    for format in text md; do
        INFEROMETER_HOME=$D/home "$I" list results -o $format >"$D/out" || { why "exit $?"; return; }
        grep -qF 'a?[2Jb' "$D/out" || { why "prints $(cat -v "$D/out")"; return; }
        ! grep -q $'\e' "$D/out" || { why "an escape in $format"; return; }
    done
    INFEROMETER_HOME=$D/home "$I" list results -o csv | grep -qF $'a\e[2Jb' || why "csv changes what it found"
}
case_machine__columns() {
    "$I" machine -o csv >"$D/out" || { why "exit $?"; return; }
    same header "$(head -1 "$D/out")" key,value,unit,source,status
    grep -q '^units_without_kernel,[^,]' "$D/out" || why "does not say what units it has no kernels for"
}
case_inspect__tables() {
    "$I" inspect $M -o csv | grep -q '^general.architecture,string,' || { why "no architecture"; return; }
    "$I" inspect $M --tensors -o csv | grep -q '^token_embd.weight,f16,2048x256,' || { why "no tensor"; return; }
    "$I" inspect $M --plan -o csv | grep -q ',attn_q,matmul_f16_f32,' || why "no step"
}
case_inspect__check() {
    "$I" inspect $M --check >"$D/out" 2>"$D/err" || { why "exit $?: $(cat "$D/err")"; return; }
    same lines "$(wc -l <"$D/out")" 1 || return
    grep -q 'all [0-9]* values of [0-9]* tensors are finite$' "$D/out" || { why "says $(cat "$D/out")"; return; }
    cp tests/data/models/llama.gguf "$D/nan.gguf"
    printf '\x00\x00\xc0\x7f' | dd of="$D/nan.gguf" bs=1 seek=$(($(stat -c %s "$D/nan.gguf") - 64)) conv=notrunc status=none
    "$I" inspect "$D/nan.gguf" --check >"$D/out" 2>"$D/err" && { why "NaN passes"; return; }
    [ ! -s "$D/out" ] || { why "prints $(cat "$D/out")"; return; }
    same lines "$(wc -l <"$D/err")" 1 || return
    grep -q "nan.gguf: tensor '.*' at offset [0-9]*: value [0-9]* (row [0-9]*, column [0-9]*) is nan" "$D/err" || why "says $(cat "$D/err")"
}
case_run__kernel_factor() { # what an arm says about models means nothing to a kernel
    cp tests/fuzz/regress/protocol/seed_kernel.md "$D/100.md"
    "$I" run "$D/100.md" --set blocks=8 --dry-run >"$D/out" 2>"$D/err"
    same "exit code" $? 2 || return
    grep -q "case k: arm B: 'act' is no factor of a kernel" "$D/err" || why "says $(cat "$D/err")"
}
case_streams__broken_pipe() { # quiet, and done
    ("$I" list kernels -o csv 2>"$D/err"; echo $? >"$D/code") | head -1 >/dev/null
    [ ! -s "$D/err" ] || { why "says $(cat "$D/err")"; return; }
    same "exit code" "$(cat "$D/code")" 0 || return
    ("$I" generate -m $M -n 200 -p 'In the beginning' 2>"$D/err"; echo $? >"$D/code") | head -c 1 >/dev/null
    [ ! -s "$D/err" ] || { why "says $(cat "$D/err")"; return; }
    same "exit code" "$(cat "$D/code")" 0
}
case_streams__full_device() {
    [ -w /dev/full ] || return 77
    local command
    for command in "list kernels" "list kernels -o csv" "list ops -o json" "--help" "generate -m $M -n 2" "logits -m $M --tokens 1" "tokenize -m $M -p x" "machine"; do
        "$I" $command >/dev/full 2>"$D/err"
        same "exit code of $command" $? 1 || return
        same "lines of $command" "$(wc -l <"$D/err")" 1 || return
        grep -q 'No space left' "$D/err" || { why "$command: $(cat "$D/err")"; return; }
    done
}
case_streams__progress() { # a bar on a terminal, without colours where NO_COLOR says so; none elsewhere
    command -v script >/dev/null || return 77
    local slow seconds=3
    case $I in *address*) seconds=15 ;; esac # a sanitizer makes the first window slow
    cp tests/check_cli.sh "$D/text"
    for _ in 1 2 3 4 5 6; do cat "$D/text" "$D/text" >"$D/more" && mv "$D/more" "$D/text"; done
    slow="timeout -s INT $seconds '$I' perplexity -m $M -t 1 --kernel '*=c' -f '$D/text'"
    NO_COLOR=1 TERM=xterm script -qec "$slow" /dev/null </dev/null >"$D/out" 2>&1
    grep -q '% .* left' "$D/out" || { why "no bar: $(cat -v "$D/out")"; return; }
    ! grep -q $'\e\\[32m' "$D/out" || { why "colours in spite of NO_COLOR"; return; }
    eval "$slow" >"$D/out" 2>&1
    [ ! -s "$D/out" ] || why "prints before a minute is over: $(cat "$D/out")"
}
case_streams__closed() {
    "$I" list kernels >&- 2>"$D/err"
    same "exit code" $? 1
}

one() {
    case $1 in
    refusal/*) run_refusal "${1#refusal/}" ;;
    help/general | help/examples_run) "case_help__${1#help/}" ;;
    help/*) run_help "${1#help/}" ;;
    *) if declare -F "case_${1/\//__}" >/dev/null; then "case_${1/\//__}"; else why "no such case"; fi ;;
    esac
}

[ "${1-}" = --list ] && { list; exit; }
if [ $# = 0 ]; then
    mapfile -t all < <(list)
    set -- "${all[@]}"
fi
failed=0 passed=0
for name; do
    message=$(one "$name" 2>&1)
    case $? in
    0) passed=$((passed + 1)) ;;
    77) echo "skip $name" ;;
    *) failed=$((failed + 1)); echo "FAIL $name"; echo "$message"; echo "  again: tests/check_cli.sh $name" ;;
    esac
done
echo "$passed passed, $failed failed of $#"
[ $failed = 0 ] || exit 1
[ $passed -gt 0 ] || exit 77
