#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs protocols through the binary and looks at what is left behind. usage: tests/check_run.sh --list | CASE
set -u
cd "$(dirname "$0")/.." || exit 1
inferometer=${INFEROMETER:-./inferometer}
cases="two_runs sealed arms too_few_blocks counters kernels compare unwritable full_disk beyond_context unknown_word dry_run bench_csv bench_names interrupted block_killed plot no_gnuplot wrong_run committed"
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
export INFEROMETER_CACHE=$scratch/cache

give_up() {
    echo "FAILED: $*"
    echo "again with: bash tests/check_run.sh $name"
    exit 1
}
# protocol STEM LINES…: writes one around the embedded model.
protocol() {
    local stem=$1
    shift
    {
        printf '# A test\n\n```protocol\nprotocol %s\nversion 1\nmodel embedded:kjv-3.7m\n' "$stem"
        printf '%s\n' "$@"
        printf '```\n'
    } >"$scratch/$stem.md"
}
tiny() {
    protocol tiny "design blocks=2 seed=3 warmup=1" "pass cycles context-switches" "case d" "phase decode gen=3" \
        "sweep depth = 0 16" "case q" "phase question depth=8 tokens=4 gen=2"
}
run() { "$inferometer" run "$@" --out "$scratch/results" 2>"$scratch/stderr"; }

case_two_runs() { # the second adds a directory and touches nothing of the first
    tiny
    local one two before
    one=$(run "$scratch/tiny.md") || give_up "first run: $(cat "$scratch/stderr")"
    before=$(cd "$one" && find . -type f -exec sha256sum {} + -exec stat -c '%n %Y' {} + | sort)
    two=$(run "$scratch/tiny.md") || give_up "second run: $(cat "$scratch/stderr")"
    [ "$one" != "$two" ] || give_up "both runs are $one"
    [ "$before" = "$(cd "$one" && find . -type f -exec sha256sum {} + -exec stat -c '%n %Y' {} + | sort)" ] ||
        give_up "the second run changed the first"
    [ "$(find "$scratch/results" -mindepth 3 -maxdepth 3 | wc -l)" = 2 ] || give_up "not two run directories"
    "$inferometer" verify "$one" "$two" || give_up "verify"
    # What does not depend on time is the same in both.
    for file in points.csv protocol.md; do cmp "$one/$file" "$two/$file" || give_up "$file differs"; done
    # (How many slices of the ceilings stand between the samples does depend on it: they come every 2 ms.)
    schedule() { grep -v ',ceiling:' "$1/samples.csv" | cut -d, -f2-5,7-10; }
    cmp <(schedule "$one") <(schedule "$two") || give_up "schedules differ"
}
case_sealed() { # the sums are those of coreutils; a changed cell is found
    tiny
    local dir
    dir=$(run "$scratch/tiny.md") || give_up "$(cat "$scratch/stderr")"
    (cd "$dir" && sha256sum --quiet -c SHA256SUMS) || give_up "SHA256SUMS"
    sed -i '2s/,A,/,B,/' "$dir/samples.csv"
    "$inferometer" verify "$dir" 2>"$scratch/stderr" && give_up "verify accepted a changed cell"
    grep -q samples.csv "$scratch/stderr" || give_up "verify does not name the file: $(cat "$scratch/stderr")"
}
case_arms() { # two arms and the control alternate token by token, forwards and backwards
    protocol arms "design blocks=8 seed=5 warmup=0" "primary ns_per_token" "case d" "phase decode depth=4 gen=4" \
        "arm A *=default" "arm B *=c kv=f32 observer=none"
    local dir order
    dir=$(run "$scratch/arms.md") || give_up "$(cat "$scratch/stderr")"
    order=$(awk -F, 'NR > 1 && $4 !~ /^ceiling/ && $5 == 0 { printf "%s ", $4 }' "$dir/samples.csv")
    # shellcheck disable=SC2086
    set -- $order
    [ $# = 12 ] || give_up "not 4 tokens of 3 arms: $order"
    [ "$1$2$3" = "$6$5$4" ] && [ "$1$2$3" = "$7$8$9" ] || give_up "no quads: $order"
    awk -F, 'NR == FNR { if ($4 == "B") unobserved[$1]; next } $1 in unobserved { bad++ } END { exit bad > 0 }' \
        "$dir/samples.csv" "$dir/regions.csv" || give_up "an unobserved arm has regions"
    grep -q "^d,,A'," "$dir/summary.csv" || give_up "no control in the summary"
    grep -Eq '^d,,B,ns_per_token,.*,8,-?[0-9.e-]+,[^,]+,[^,]+,[^,]+,(real|equivalent|inconclusive),2,' "$dir/summary.csv" ||
        give_up "no verdict: $(grep ns_per_token "$dir/summary.csv")"
    grep -q '^d: ns_per_token against arm A .*; 1 comparison, together at 95 %; 8 blocks$' "$scratch/stderr" &&
        grep -q "^  A': " "$scratch/stderr" && grep -Eq '^  B: .* \(.* to .* %, p .*\): (real|equivalent|inconclusive)(; [0-9]+ blocks? lies? apart)?$' "$scratch/stderr" ||
        give_up "does not say what was found: $(cat "$scratch/stderr")"
    "$inferometer" verify "$dir" || give_up "verify"
}
case_too_few_blocks() { # n and m that can never find anything are refused before anything runs
    local blocks
    for blocks in 1 7; do
        protocol few "design blocks=$blocks" "primary ns_per_token" "case d" "phase decode gen=4" "sweep depth = 0 4" \
            "arm A *=default" "arm B *=c"
        run "$scratch/few.md"
        [ $? = 1 ] || give_up "exit is not 1"
        grep -q "few.md:.*case d.* $blocks blocks .*m = 2 comparisons.*design blocks=8" "$scratch/stderr" ||
            give_up "does not say n, m and what to change: $(cat "$scratch/stderr")"
        run "$scratch/few.md" --dry-run
        [ $? = 1 ] || give_up "--dry-run: exit is not 1"
    done
    run "$scratch/few.md" --set blocks=8 --dry-run >"$scratch/stdout" || give_up "$(cat "$scratch/stderr")"
    # At 95 % and m = 26, ten blocks have no interval; without a control, six are enough for m = 1.
    protocol many "design blocks=10" "primary ns_per_token" "case d" "phase decode gen=1" \
        "sweep depth = $(seq -s ' ' 0 25)" "arm A *=default" "arm B *=c"
    run "$scratch/many.md" --dry-run
    grep -q '10 blocks .*m = 26 .*blocks=11' "$scratch/stderr" || give_up "m = 26: $(cat "$scratch/stderr")"
    protocol bare "design blocks=6" "control none" "primary ns_per_token" "case d" "phase decode gen=1" "arm A *=default" \
        "arm B *=c"
    run "$scratch/bare.md" --dry-run >"$scratch/stdout" || give_up "$(cat "$scratch/stderr")"
    run "$scratch/bare.md" --dry-run --set blocks=5 && give_up "five blocks were accepted"
    protocol none "design blocks=8" "decide min_effect=0" "primary ns_per_token" "case d" "phase decode gen=1" \
        "arm A *=default" "arm B *=c"
    run "$scratch/none.md" --dry-run
    grep -q 'min_effect=0 the A/A control can never pass' "$scratch/stderr" || give_up "min_effect=0: $(cat "$scratch/stderr")"
    [ -z "$(find "$scratch" -name samples.csv)" ] || give_up "something was left behind"
}
case_counters() { # hardware events say unsupported or have counts; never a zero for unknown
    tiny
    local dir
    dir=$(run "$scratch/tiny.md") || give_up "$(cat "$scratch/stderr")"
    awk -F, 'NR > 1 && $4 == "context-switches" && $NF == "ok" { ok++ } END { exit ok == 0 }' "$dir/counts.csv" ||
        give_up "no software counts"
    awk -F, 'NR > 1 && $4 == "cycles" { n++; if ($NF == "unsupported" && $7 $8 $9 $10 $11 != "") bad++ }
             END { exit n == 0 || bad > 0 }' "$dir/counts.csv" || give_up "cycles: $(head -3 "$dir/counts.csv")"
}
case_kernels() { # slices of kernels and yardsticks: all arms the same work, there and back, ceilings between
    protocol kernels "threads 2" "design blocks=1 seed=3 warmup=1" "pass context-switches" "case k" \
        "phase kernel matmul_q8_0_a8_32 64x64 quads=2" "sweep tokens = 1 3" "case r" "phase kernel rmsnorm 64" "sweep cols = 96" \
        "case y" "phase yardstick read_stream bytes=4096 quads=1"
    local dir order
    dir=$(run "$scratch/kernels.md") || give_up "$(cat "$scratch/stderr")"
    "$inferometer" verify "$dir" || give_up "verify"
    order=$(awk -F, '$2 == "k" && $3 == "tokens=1" && $9 == 0 && $10 == 0 && $4 !~ /^c/ { printf "%s", $4 }' "$dir/samples.csv")
    [ "$order" = AAAA ] || give_up "not two quads of one arm: $order"
    grep -q '^slices_2,case=k point=tokens=3 shape=64x64x3 units=[0-9]* quads=2 A=matmul_q8_0_a8_32__' "$dir/run.csv" ||
        give_up "no plan of the slices: $(grep slices "$dir/run.csv")"
    grep -q '^slices_3,.* shape=96 ' "$dir/run.csv" || give_up "a swept word of the shape: $(grep slices "$dir/run.csv")"
    awk -F, 'NR > 1 && ($11 <= 0 || ($4 == "A" && $2 != "y" && $24 <= 0)) { exit 1 }' "$dir/samples.csv" ||
        give_up "slices without time or operations"
    grep -q '^[0-9]*,k,tokens=1,ceiling:int8,' "$dir/samples.csv" || give_up "no ceiling of integer dots"
    awk -F, '$4 == "context-switches" && $NF == "ok" { n[$3]++ } END { exit !(n[0] > 0 && n[0] == n[1]) }' "$dir/counts.csv" ||
        give_up "not a count for each thread: $(head -3 "$dir/counts.csv")"
    protocol words "design blocks=1" "case k" "phase kernel rmsnorm 64" "sweep rows = 1"
    run "$scratch/words.md"
    [ $? = 2 ] || give_up "a word that the shape has not: exit is not 2"
    grep -q "the shape of rmsnorm has no 'rows': COLS\[xTOKENS\]" "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
}
case_compare() { # the contract's columns; a verdict; tables no wider than the terminal
    local columns=op,variant,isa,shape,threads,source,measure,unit,value,lo,hi,n,effect,effect_lo,effect_hi,p,verdict,ceiling,fraction_of_ceiling,status
    compare() { "$inferometer" compare "$@" --out "$scratch/results" 2>"$scratch/stderr"; }
    compare rmsnorm --variants c --shape 64x2 --blocks 1 -t 1 -o csv >"$scratch/table" || give_up "$(cat "$scratch/stderr")"
    [ "$(head -1 "$scratch/table")" = $columns ] || give_up "columns: $(head -1 "$scratch/table")"
    awk -F, 'NR > 1 && NF != 20 { exit 1 } $7 == "ns" && $9 > 0 && $20 == "ok" && $19 > 0 && $18 != "" { ok = 1 }
             $7 == "cycles" && $20 != "ok" && $9 $10 $11 $12 != "" { exit 1 } END { exit !ok }' "$scratch/table" ||
        give_up "rows: $(cat "$scratch/table")"
    grep -q "^rmsnorm,c,c,64x2,1,model-soft,gbps,GB/s," "$scratch/table" || give_up "no bytes/s"
    "$inferometer" verify "$scratch"/results/compare/*/* >/dev/null || give_up "verify"
    COLUMNS=80 compare add_chain --variants asm,c --blocks 8 -t 1 >"$scratch/table" || give_up "$(cat "$scratch/stderr")"
    awk '/^run: / { next } length > 80 { exit 1 }' "$scratch/table" || give_up "wider than 80: $(cat "$scratch/table")"
    grep -Eq '^c .* (real|equivalent|inconclusive)$' "$scratch/table" || give_up "no verdict: $(cat "$scratch/table")"
    grep -q 'A/A control' "$scratch/table" || give_up "no control: $(cat "$scratch/table")"
}
case_unwritable() {
    tiny
    [ "$(id -u)" != 0 ] || { # root may write everywhere: a file in the way instead
        : >"$scratch/results"
        run "$scratch/tiny.md"
        [ $? = 1 ] || give_up "exit is not 1"
        grep -q "$scratch/results" "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
        return
    }
    mkdir "$scratch/results" && chmod a-w "$scratch/results"
    run "$scratch/tiny.md"
    [ $? = 1 ] || give_up "exit is not 1"
    grep -q "$scratch/results" "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
}
case_full_disk() { # a file size limit stands for it: no run directory, one line
    tiny
    (
        trap '' XFSZ
        ulimit -f 2
        run "$scratch/tiny.md"
    )
    [ $? = 1 ] || give_up "exit is not 1"
    [ -s "$scratch/stderr" ] || give_up "no message"
    [ -z "$(find "$scratch" -name SHA256SUMS)" ] || give_up "something was sealed"
    [ -z "$(find "$scratch" -name samples.csv -not -path '*/.*')" ] || give_up "a half-written run"
}
case_beyond_context() {
    protocol deep "case d" "phase decode depth=250 gen=16"
    run "$scratch/deep.md"
    [ $? = 1 ] || give_up "exit is not 1"
    grep -q '266.*256' "$scratch/stderr" || give_up "does not name both numbers: $(cat "$scratch/stderr")"
    [ -z "$(find "$scratch" -name samples.csv)" ] || give_up "something was left behind"
}
case_unknown_word() {
    protocol odd "thread 2" "case d" "phase decode"
    run "$scratch/odd.md"
    [ $? = 1 ] || give_up "exit is not 1"
    grep -q 'odd.md:7.*threads' "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
}
case_dry_run() {
    tiny
    "$inferometer" run "$scratch/tiny.md" --dry-run --out "$scratch/results" >"$scratch/stdout" || give_up "exit"
    grep -q 'case d: 2 points' "$scratch/stdout" || give_up "$(cat "$scratch/stdout")"
    [ ! -e "$scratch/results" ] || give_up "a dry run wrote something"
}
case_bench_csv() {
    "$inferometer" bench -m embedded:kjv-3.7m -p 32 -n 4 -d 0,16 -q 8 -r 2 -o csv >"$scratch/stdout" \
        2>"$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
    head -1 "$scratch/stdout" | grep -q 'n_prompt,n_gen,n_depth,test_time,avg_ns,stddev_ns,avg_ts,stddev_ts' ||
        give_up "columns: $(head -1 "$scratch/stdout")"
    [ "$(wc -l <"$scratch/stdout")" = 6 ] || give_up "rows: $(cat "$scratch/stdout")"
    "$inferometer" bench -m embedded:kjv-3.7m -p 16 -n 2 -r 1 -o json >"$scratch/json" 2>"$scratch/stderr" ||
        give_up "$(cat "$scratch/stderr")"
    if command -v python3 >/dev/null; then python3 -m json.tool <"$scratch/json" >/dev/null || give_up "no JSON"; fi
    [ "$(grep -c '"model_filename": "embedded:kjv-3.7m"' "$scratch/json")" = 2 ] || give_up "$(cat "$scratch/json")"
}
case_bench_names() { # a path of any characters that a line of a protocol can hold
    cp engine/embedded/kjv-3.7m-f16.gguf "$scratch/a model #1.gguf"
    "$inferometer" bench -m "$scratch/a model #1.gguf" -p 16 -n 0 -r 1 -o csv >"$scratch/stdout" \
        2>"$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
    grep -qF "$scratch/a model #1.gguf" "$scratch/stdout" || give_up "$(cat "$scratch/stdout")"
    "$inferometer" bench -m embedded:kjv-3.7m -p 0 -n 0 2>"$scratch/stderr"
    [ $? = 2 ] || give_up "exit is not 2"
    grep -q 'nothing to measure' "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
    [ -z "$(find "$scratch/cache" -name 'bench.*')" ] || give_up "left behind: $(ls "$scratch/cache")"
}
# Starts a run of many blocks and waits for the first of them to be done: $driver, $partial.
start_long() {
    protocol long "design blocks=500 seed=1 warmup=0" "granularity phase" "case d" "phase decode gen=2"
    "$inferometer" run "$scratch/long.md" --out "$scratch/results" >"$scratch/stdout" 2>"$scratch/stderr" &
    driver=$!
    for _ in $(seq 600); do
        partial=$(find "$scratch/results" -name '.*.partial' 2>/dev/null)
        [ -n "$partial" ] && [ "$(wc -l <"$partial/samples.csv")" -gt 1 ] && return
        sleep 0.1
    done 2>/dev/null
    kill -KILL "$driver"
    give_up "no block was done in a minute: $(cat "$scratch/stderr")"
}
case_interrupted() { # exit 1, one line that names what is kept, marked incomplete and not sealed
    local driver partial
    start_long
    kill -INT "$driver"
    wait "$driver"
    [ $? = 1 ] || give_up "exit is not 1"
    grep -qF "kept, incomplete and unsealed, in $partial" "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
    grep -qx 'complete,no' "$partial/run.csv" || give_up "not marked incomplete"
    [ "$(wc -l <"$partial/samples.csv")" -gt 1 ] && [ ! -e "$partial/fragment" ] || give_up "$(ls -a "$partial")"
    [ ! -s "$scratch/stdout" ] || give_up "prints a run: $(cat "$scratch/stdout")"
    "$inferometer" verify "$partial" 2>"$scratch/stderr" && give_up "verify takes it for a run"
    grep -q 'not sealed' "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
}
case_block_killed() { # one line that names case, block and signal; nothing half-written
    command -v pgrep >/dev/null || exit 77
    local driver partial child
    start_long
    for _ in $(seq 100); do
        child=$(pgrep -P "$driver") && kill -KILL "$child" 2>/dev/null && break
    done
    wait "$driver"
    [ $? = 1 ] || give_up "exit is not 1"
    grep -q 'case d, block [0-9]*: ended by signal 9' "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
    [ -z "$(find "$scratch/results" -type f)" ] || give_up "left behind: $(find "$scratch/results" -type f)"
}
case_plot() { # figures twice: the same bytes; nothing of the run is changed
    command -v gnuplot >/dev/null || exit 77
    local dir
    dir=$("$inferometer" run three_regimes --out "$scratch/results" --set blocks=1 --set warmup=0 \
        --set gen=1 --set tokens=16 --set depth=64 --set model=embedded:kjv-3.7m 2>"$scratch/stderr") ||
        give_up "$(cat "$scratch/stderr")"
    "$inferometer" plot three_regimes --from "$dir" --out "$scratch/a" >/dev/null || give_up "plot"
    "$inferometer" plot three_regimes --from "$dir" --out "$scratch/b" >/dev/null || give_up "plot again"
    for figure in three_regimes_speed three_regimes_time; do
        grep -q '</svg>' "$scratch/a/$figure.svg" || give_up "$figure is not whole"
        cmp "$scratch/a/$figure.svg" "$scratch/b/$figure.svg" || give_up "$figure differs"
    done
    "$inferometer" verify "$dir" || give_up "verify"
}
case_no_gnuplot() {
    tiny
    local dir binary
    dir=$(run "$scratch/tiny.md") || give_up "$(cat "$scratch/stderr")"
    binary=$(readlink -f "$inferometer")
    mkdir -p "$scratch/home/analysis" "$scratch/empty"
    cp analysis/style.gp "$scratch/home/analysis/" && : >"$scratch/home/analysis/tiny.gp"
    mkdir -p "$scratch/home/engine" && cp -r engine/embedded "$scratch/home/engine/"
    INFEROMETER_HOME=$scratch/home PATH=$scratch/empty "$binary" plot tiny --from "$dir" --out "$scratch/a" \
        2>"$scratch/stderr"
    [ $? = 1 ] || give_up "exit is not 1"
    grep -q 'gnuplot is not installed' "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
}
case_wrong_run() {
    tiny
    local dir
    dir=$(run "$scratch/tiny.md") || give_up "$(cat "$scratch/stderr")"
    "$inferometer" plot three_regimes --from "$dir" --out "$scratch/a" 2>"$scratch/stderr"
    [ $? = 1 ] || give_up "exit is not 1"
    grep -q 'is a run of tiny' "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
}
case_committed() { # every committed run is whole, and the committed figures are those of its pinned run
    local found=0 figure
    for dir in results/*/*/*/; do
        [ -d "$dir" ] || continue
        "$inferometer" verify "$dir" || give_up "$dir"
        found=1
    done
    [ $found = 1 ] || give_up "no committed run"
    bash analysis/redraw.sh "$scratch/figures" 2>"$scratch/stderr"
    case $? in 0) ;; 77) cat "$scratch/stderr"; exit 77 ;; *) give_up "$(cat "$scratch/stderr")" ;; esac
    for figure in "$scratch"/figures/*.svg; do
        cmp "$figure" "analysis/$(basename "$figure")" || give_up "$(basename "$figure") is not what its run gives"
    done
}

# shellcheck disable=SC2086
[ "${1:-}" = --list ] && { printf '%s\n' $cases; exit 0; }
name=${1:-}
declare -F "case_$name" >/dev/null || { echo "tests/check_run.sh: no case $name (there are: $cases)"; exit 2; }
"case_$name"
