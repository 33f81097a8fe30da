#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Does the checker see what it should? Changes single operands, numbers or mnemonics of the .S files, one a
# mutant, and runs the checker on each: it must fail. Writes a row a mutant and prints the figures.
# usage: tests/mutants/run.sh OUT.csv [COUNT [SEED]]     by `make mutants`, from the root, after the
#        test programs of both architectures are built
# Not drawn: yardsticks, whose results nobody uses; prefetches; changes that assemble to the same bytes.
# Survivors are explained in tests/mutants/survivors.csv.
set -eu
out=$1 count=${2:-100} seed=${3:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $out in /*) ;; *) out=$PWD/$out ;; esac
: "${CC:=gcc}" "${CROSS_CC:=aarch64-linux-gnu-gcc}"
"$CC" -std=c11 -O1 tests/mutants/mutate.c -o "$work/mutate"

# Sets cc and runner.
choose_tools() {
    cc=("$CC") runner=()
    if [ "$1" = aarch64 ]; then cc=("$CROSS_CC" -static) runner=(qemu-aarch64 -cpu max); fi
}

# A unit is a kernel with the headers of its own folder that it includes: "arch symbol file changes".
units=$work/units
for arch in x86_64 aarch64; do
    [ -x build/$arch/tests/check_kernels ] || { echo "build/$arch/tests/check_kernels is missing: make test-programs" >&2; exit 1; }
    choose_tools $arch
    for symbol in $("${runner[@]}" build/$arch/tests/check_kernels --list); do
        file=kernels/asm/$arch/$symbol.S
        [ -f "$file" ] || continue
        case $(sed -n "s/^OP(${symbol%%__*}, *\([a-z_0-9]*\),.*/\1/p" kernels/ops.def) in yardstick) continue ;; esac
        parts=("$file")
        for ((i = 0; i < ${#parts[@]}; i++)); do
            while read -r header; do
                [[ " ${parts[*]} " = *" $header "* ]] || parts+=("$header")
            done < <(sed -n "s/^#include \"\(kernels\/asm\/$arch\/[^\"]*\)\".*/\1/p" "${parts[i]}")
        done
        for part in "${parts[@]}"; do echo "$arch $symbol $part $("$work/mutate" "$part")"; done
    done
done >"$units"

# A fifth of the mutants are AArch64's, which has fewer kernels; within one every change is as likely, and
# drawn once. More are drawn than asked for: some do not assemble, or change nothing.
awk -v seed="$seed" -v count="$count" '
    { sum[$1] += $4; line[$1, ++n[$1]] = $0; upto[$1, n[$1]] = sum[$1] }
    END {
        srand(seed)
        for (drawn = 0; drawn < 3 * count + 50; drawn++) {
            arch = rand() < 0.2 ? "aarch64" : "x86_64"
            at = int(rand() * sum[arch])
            if ((arch, at) in taken) continue
            taken[arch, at] = 1
            for (i = 1; upto[arch, i] <= at; i++) continue
            split(line[arch, i], f, " ")
            print f[1], f[2], f[3], at - (upto[arch, i] - f[4])
        }
    }' "$units" >"$work/drawn"

text_of() { objcopy -O binary --only-section=.text --only-section=.rodata "$1" "$1.bin" 2>/dev/null ||
    aarch64-linux-gnu-objcopy -O binary --only-section=.text --only-section=.rodata "$1" "$1.bin"; }

echo 'architecture,kernel,file,line,instruction,change,result' >"$out"
done_count=0 caught=0
while [ "$done_count" -lt "$count" ] && read -r arch symbol file change <&3; do
    rm -rf "$work/tree" && mkdir -p "$work/tree/$(dirname "$file")"
    what=$("$work/mutate" "$file" "$change" 2>&1 >"$work/tree/$file")
    source=kernels/asm/$arch/$symbol.S
    [ "$file" = "$source" ] || cp "$source" "$work/tree/$source"
    choose_tools "$arch"
    mapfile -t twins < <(find "build/$arch/tests/evex" -name '*.o' 2>/dev/null)
    for tree in tree plain; do
        include=() at=$source
        [ $tree = tree ] && include=("-I$work/tree") && at=$work/tree/$source
        "${cc[@]}" "${include[@]}" -I. "-Ibuild/$arch" -c "$at" -o "$work/$tree.o" 2>/dev/null || continue 2
        text_of "$work/$tree.o"
    done
    cmp -s "$work/tree.o.bin" "$work/plain.o.bin" && continue
    "${cc[@]}" "$work/tree.o" "build/$arch/tests/check_kernels.o" "build/$arch"/tests/check/*.o "${twins[@]}" \
        "build/$arch/libinferometer.a" -lm -pthread -o "$work/check" 2>"$work/log" ||
        continue # a word that is no register any more
    status=0
    { timeout 60 "${runner[@]}" "$work/check" "$symbol"; } >"$work/log" 2>&1 || status=$?
    case $status in
    77) continue ;; # this machine lacks its instruction set
    0) result=survived ;;
    124) result=hung caught=$((caught + 1)) ;;
    *) result=caught caught=$((caught + 1)) ;;
    esac
    done_count=$((done_count + 1))
    printf '%s,%s,%s,%s,%s\n' "$arch" "$symbol" "$file" "$what" "$result" >>"$out"
    [ -t 2 ] && printf '\r  mutants %d of %d, %d caught' "$done_count" "$count" "$caught" >&2
done 3<"$work/drawn"
[ -t 2 ] && echo >&2
awk -F, 'NR > 1 && $NF == "survived" { print }' "$out"
echo "$caught of $done_count mutants caught"
