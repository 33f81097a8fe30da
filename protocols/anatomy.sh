#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Writes protocols/anatomy.md anew: its cases follow from the kernels that there are. After kernels were added:
# raise VERSION, then run   protocols/anatomy.sh >protocols/anatomy.md   from the root of a built tree.
set -eu
VERSION=1
kernels=$(./inferometer list kernels -o csv | cut -d, -f1-6 | tail -n +2) # op,variant,isa,arch,min,max

cat <<'PROSE'
# What every kernel executes, and what is predicted of it

## Question
How many instructions, bytes and vector instructions does each variant of each op spend on an element, on x86-64
and on AArch64? What does a model of the CPU predict for its inner loop, and what does the core take? And where
does hand-written assembly beat the compiler?

## Hypotheses
Written before the first run:

- H18: hand-written assembly beats the compiler, kernel by kernel. For dot products of bytes by a factor of
  three or more in instructions and in time (gcc finds no dot instruction for signed bytes); for float
  matrices of one token by less than 1.5, for the compiler's loop is bound by the same loads; for many tokens
  by two or more, for the compiler blocks no registers.
- Where the loop is nearly all that runs, llvm-mca's cycles an iteration are within 15 % of the measured ones.

## Machine state
As found; nothing is changed. Counts do not depend on it; times do: nothing else should run.

## Procedure
Cases with `source static` are counted, not timed: one call of the shape on one thread under our QEMU plugin
(variants that qemu-user executes) or by single-stepping (AVX-512), and llvm-mca 19 over the marked inner loop of
each `.S` file and over the hottest loop of each compiled variant. Weights of one and eight tokens are about 12
KiB, so that they stay in L1, as a prediction takes for granted. Measured cycles are the least of 60 times by the
frequency that a chain of dependent additions shows beside it, or the cycle counter where there is one. Bytes are
those that instructions load and store, so activations that are read again count again. An element is a
multiply-add of a matrix product or of attention, and a value of anything else.

Cases whose name begins with `time_` are timed: a block is a fresh process in which the arms alternate in slices of
equal work on one thread, there and back. Arm A is the compiler's best variant (`c_v4`); the others are the
hand-written ones that this machine can run.

## Exclusions
Variants for instructions that neither this machine nor a simulator here executes are `unsupported`: their rows
are there, empty. Where the hottest loop is less than 80 % of what ran, what is predicted of an element is
`inexact` and empty. A pair of a packer and a tile has no prediction of its own: its halves are ops too.

## How it will be judged
H18 by kernel: in the cases `time_…` an arm is better than the compiler where the interval of the paired
effect excludes 0 and its size is 5 % or more; there is no A/A control, for what is claimed is a multiple of
what a busy machine can feign, and nothing smaller is claimed. By instructions without an interval: counts are exact.

```protocol
PROSE
cat <<BLOCK
protocol   anatomy
version    $VERSION
hypothesis H18
threads    1
design     blocks=10 seed=20264 warmup=1
decide     ci=0.95 min_effect=0.05
BLOCK

counts="instructions_per_element loaded_bytes_per_element stored_bytes_per_element dot_instructions_per_element vector_share loop_share"
models() { # ARCH
    case $1 in
    x86_64) echo predicted_cycles_per_{iteration,element}@znver4 predicted_uops_per_element@znver4 \
        predicted_cycles_per_element@{skylake-avx512,sapphirerapids} ;;
    aarch64) echo predicted_cycles_per_element@neoverse-{n1,v1,v2} ;;
    esac
}

# Variants of an op that an architecture has, the compiler's best first.
variants() { # OP ARCH
    local best
    for best in c_v4 c_v3 c_dotprod c_neon c; do
        if grep -qE "^$1,$best,[^,]*,($2|any)," <<<"$kernels"; then break; fi
    done
    echo "$best"
    grep -E "^$1,[^,]*,[^,]*,($2|any)," <<<"$kernels" | cut -d, -f2 | grep -vx "$best"
}
arms() { # OP, variants on standard input
    local letters=ABCDEFGHIJKLMNOPQRSTUVWXYZ n=0 v
    while IFS= read -r v; do
        [ -n "$v" ] || continue
        printf 'arm        %s  %s=%s\n' "${letters:n:1}" "$1" "$v"
        n=$((n + 1))
    done
}
counted() { # NAME OP ARCH SHAPE [SWEEP]
    printf '\ncase       %s_%s\nphase      kernel %s %s target=%s\n' "$1" "$3" "$2" "$4" "$3"
    [ $# -lt 5 ] || printf 'sweep      %s\n' "$5"
    printf 'source     static\ncontrol    none\nprimary    instructions_per_element\n'
    printf 'pass       %s\npass       %s\n' "$counts" "$(models "$3")"
    if [ "$3" = x86_64 ]; then echo 'pass       measured_cycles_per_element predicted_minus_measured'; fi
    variants "$2" "$3" | arms "$2"
}
# Hand-written variants that take the tokens, without those that few machines have and prefetch distances, nor a kernel a query head.
hand_written() { # OP TOKENS
    awk -F, -v op="$1" -v tokens="$2" \
        '$1 == op && $4 == "x86_64" && $2 !~ /^c(_|$)|_pf|_perhead/ && $3 != "avxvnni" && $5 <= tokens && ($6 == "" || $6 >= tokens) { print $2 }' <<<"$kernels"
}
timed() { # NAME OP SHAPE TOKENS
    local hand
    hand=$(hand_written "$2" "$4")
    [ -n "$hand" ] || return 0
    printf '\ncase       time_%s\nphase      kernel %s %s ring=0 quads=2\ncontrol    none\nprimary    ns_per_element\n' "$1" "$2" "$3"
    { echo c_v4; echo "$hand"; } | arms "$2"
}
weight_bits() { # OP: of a weight, with its scales
    case $1 in *_q8_0*) echo 9 ;; *_q4_0*) echo 5 ;; *_f32_f32 | *panel_f32*) echo 32 ;; *panel_i8*) echo 9 ;; *) echo 16 ;; esac
}

for op in $(cut -d, -f1 <<<"$kernels" | uniq); do
    case $op in
    matmul_*)
        cols=$((12288 * 8 / 16 / $(weight_bits "$op") / 64 * 64))
        many=$(grep "^$op," <<<"$kernels" | cut -d, -f5 | sort -n | tail -1)
        [ "$many" -ge 24 ] || many=24
        for arch in x86_64 aarch64; do
            counted "$op" "$op" $arch "16x${cols}x1" 'tokens = 1 8'
            counted "${op}_many" "$op" $arch "64x128x$many"
        done
        case $op in
        *panel*) ;;
        *)
            timed "${op}_1" "$op" "16x${cols}x1" 1
            timed "${op}_many" "$op" "64x128x$many" "$many"
            ;;
        esac
        ;;
    attention_merge | attention_finish) for arch in x86_64 aarch64; do counted "$op" "$op" $arch 64x8x4 "tokens = 4"; done ;;
    attention_*)
        for arch in x86_64 aarch64; do counted "$op" "$op" $arch 32x1x4x64x1 'tokens = 1 8'; done
        timed "${op}_1" "$op" 256x1x4x64x1 1
        timed "${op}_many" "$op" 256x1x4x64x64 64
        ;;
    panel_*) for arch in x86_64 aarch64; do counted "$op" "$op" $arch 64x256 "rows = 64"; done ;;
    *stream* | *_peak | triad | pointer_chase | add_chain | count_* | planted) ;; # yardsticks: exact_counts.def has them
    *) for arch in x86_64 aarch64; do counted "$op" "$op" $arch 512x2 "tokens = 2"; done ;;
    esac
done
echo '```'
