#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Counts without a PMU from the command line: `compare --source sim|static`, protocols with these sources and with
# `fallback sim`. usage: tests/check_counted.sh --list | CASE. Writes below a temporary directory only.
set -u
cd "$(dirname "$0")/.." || exit 1
cases="sim_repeats sim_aarch64 static_models static_missing run_kernel run_model run_fallback"
inferometer=${INFEROMETER:-./inferometer}
[ "${1:-}" = --list ] && { printf '%s\n' $cases; exit 0; }
name=${1:-}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/inferometer-counted-XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
give_up() { echo "  $*"; echo "  again: tests/check_counted.sh $name"; exit 1; }
cannot() { echo "  $*"; exit 77; }
need() { command -v "$1" >/dev/null || cannot "no $1"; }

# value CSV VARIANT MEASURE: of a table that compare printed
value() { awk -F, -v v="$2" -v m="$3" '$2 == v && $7 == m { print $9; exit }' "$1"; }

case_sim_repeats() { # the same bytes twice, and figures for every variant that can run
    need qemu-x86_64
    for i in 1 2; do
        "$inferometer" compare add --source sim -o csv >"$scratch/$i.csv" 2>"$scratch/err" || give_up "$(cat "$scratch/err")"
    done
    cmp -s "$scratch/1.csv" "$scratch/2.csv" || give_up "two runs differ: $(diff "$scratch/1.csv" "$scratch/2.csv" | head -3)"
    [ "$(value "$scratch/1.csv" avx2 instructions)" -lt "$(value "$scratch/1.csv" c instructions)" ] ||
        give_up "AVX2 executes no fewer instructions than C"
    grep -q '^add,avx2,.*,loaded_bytes,bytes,32' "$scratch/1.csv" || give_up "bytes: $(grep 'avx2.*loaded' "$scratch/1.csv")"
    grep -q ',exact,' "$scratch/1.csv" || give_up "no verdict exact"
}
case_sim_aarch64() {
    need qemu-aarch64
    [ -x build/aarch64/inferometer ] || cannot "no build/aarch64"
    "$inferometer" compare quantize_a8_32 --source sim --target aarch64 -o csv >"$scratch/1.csv" 2>"$scratch/err" ||
        give_up "$(cat "$scratch/err")"
    [ "$(value "$scratch/1.csv" neon instructions)" -lt "$(value "$scratch/1.csv" c instructions)" ] || give_up "$(head -3 "$scratch/1.csv")"
}
case_static_models() {
    need llvm-mca-19
    need qemu-x86_64
    "$inferometer" compare add --source static --variants avx2 -o csv >"$scratch/1.csv" 2>"$scratch/err" || give_up "$(cat "$scratch/err")"
    for model in skylake-avx512 sapphirerapids; do
        [ -n "$(value "$scratch/1.csv" avx2 "predicted_cycles_per_element@$model")" ] || give_up "no prediction for $model: $(cat "$scratch/err")"
    done
    # A loop of 32 columns loads 256 bytes, at most three vectors a cycle.
    value "$scratch/1.csv" avx2 predicted_cycles_per_iteration@sapphirerapids | awk '{ exit !($1 > 2.6 && $1 < 20) }' ||
        give_up "cycles: $(value "$scratch/1.csv" avx2 predicted_cycles_per_iteration@sapphirerapids)"
}
case_static_missing() { # without llvm-mca the rest goes on
    need qemu-x86_64
    mkdir "$scratch/bin"
    ln -s "$(command -v qemu-x86_64)" "$scratch/bin/"
    PATH=$scratch/bin "$inferometer" compare add --source static --variants avx2 -o csv >"$scratch/1.csv" 2>"$scratch/err" ||
        give_up "exit $?: $(cat "$scratch/err")"
    grep -q 'apt-get install llvm-19' "$scratch/err" || give_up "it does not say what to install: $(cat "$scratch/err")"
    grep -q ',unsupported$' "$scratch/1.csv" || give_up "nothing is unsupported"
    PATH=$scratch "$inferometer" compare add --source sim --variants avx2 -o csv >"$scratch/2.csv" 2>"$scratch/err" || give_up "exit $?"
    grep -q 'apt-get install qemu-user' "$scratch/err" || give_up "$(cat "$scratch/err")"
}

# run_protocol: the block on standard input; sets $run. INFEROMETER_ISA as given.
run_protocol() {
    { printf '# counted\n```protocol\nprotocol   counted\nversion    1\ndesign     blocks=2 seed=1\nthreads    1\n' && cat && echo '```'; } >"$scratch/counted.md"
    run=$("$inferometer" run "$scratch/counted.md" --out "$scratch/runs" 2>"$scratch/err") || give_up "$(cat "$scratch/err")"
    "$inferometer" verify "$run" >"$scratch/verify" 2>&1 || give_up "$(cat "$scratch/verify")"
}
case_run_kernel() { # arms that this machine cannot run are no obstacle, and no zeros
    need qemu-x86_64
    run_protocol <<'BLOCK'
case       here
phase      kernel add 512x2
source     sim
control    none
primary    instructions_per_element
pass       instructions_per_element vector_share
arm        A  add=c
arm        B  add=avx2
case       there
phase      kernel quantize_a8_32 512x2 target=aarch64
source     sim
control    none
primary    instructions_per_element
pass       instructions_per_element
arm        A  quantize_a8_32=c
arm        B  quantize_a8_32=neon
BLOCK
    grep -qE '^here,,B,instructions_per_element,.*,exact' "$run/summary.csv" || give_up "$(grep here "$run/summary.csv")"
    grep -qE '^there,,B,instructions_per_element' "$run/summary.csv" || give_up "AArch64: $(cat "$scratch/err")"
    awk -F, 'NR > 1 && $11 != "" { exit 1 }' "$run/samples.csv" || give_up "a counted sample has a time"
}
case_run_model() { # one token of the embedded model, whole, region by region
    need qemu-x86_64
    export INFEROMETER_ISA=avx2
    local began=$SECONDS
    run_protocol <<'BLOCK'
model      embedded:kjv-3.7m
case       decode
phase      decode depth=16 gen=1
source     sim
BLOCK
    [ $((SECONDS - began)) -lt 60 ] || give_up "two tokens took $((SECONDS - began)) s"
    grep -q '^decode,,A,instructions,1/token,sim,1[0-9]\{6\},' "$run/summary.csv" || give_up "$(grep instructions "$run/summary.csv" "$scratch/err")"
    grep -q ',attention,,instructions,sim,qemu-x86_64' "$run/counts.csv" || give_up "no region attention"
}
case_run_fallback() {
    need qemu-x86_64
    "$inferometer" list events -o csv | grep -q '^cycles,pmu,unsupported' || cannot "this machine has a cycle counter"
    export INFEROMETER_ISA=avx2
    run_protocol <<'BLOCK'
model      embedded:kjv-3.7m
fallback   sim
case       decode
phase      decode depth=16 gen=1
BLOCK
    grep -q '^decode,,A,instructions,1/token,sim,1[0-9]\{6\},' "$run/summary.csv" || give_up "$(grep instructions "$run/summary.csv" "$scratch/err")"
}

declare -F "case_$name" >/dev/null || { echo "tests/check_counted.sh: no case $name (there are: $cases)"; exit 2; }
"case_$name"
