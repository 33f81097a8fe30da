#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The checker of kernels must see these planted faults: tests/mutants/planted.csv, one test a row.
# usage: tests/check_mutants.sh --list | ROW, from the root; `make mutants` draws many more.
set -eu
table=tests/mutants/planted.csv
if [ "$1" = --list ]; then
    awk 'NR > 1 { split($0, f, ","); printf "%d_%s_%s\n", NR - 1, f[1], f[2] }' "$table"
    exit
fi
row=${1%%_*}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Fields with commas are quoted; none holds a quote.
awk -v row="$row" 'NR == row + 1 {
    while (length($0)) {
        if (substr($0, 1, 1) == "\"") { $0 = substr($0, 2); n = index($0, "\""); print substr($0, 1, n - 1); $0 = substr($0, n + 2) }
        else { n = index($0 ",", ","); print substr($0, 1, n - 1); $0 = substr($0, n + 1) }
    } }' "$table" >"$work/fields"
{ read -r arch && read -r symbol && read -r was && read -r becomes && read -r why; } <"$work/fields"
build=build/$arch cc=("${CC:-gcc}") run=()
if [ "$arch" = aarch64 ]; then
    cc=(aarch64-linux-gnu-gcc -static) run=(qemu-aarch64 -cpu max)
    for tool in "${cc[0]}" "${run[0]}"; do
        command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
    done
fi
[ -x "$build/tests/check_kernels" ] || { echo "skipped: $build/tests/check_kernels is not built"; exit 77; }
file=kernels/asm/$arch/$symbol.S
WAS=$was BECOMES=$becomes awk 'BEGIN { was = ENVIRON["WAS"]; becomes = ENVIRON["BECOMES"] }
    { at = done ? 0 : index($0, was)
      comment = index($0, "//")
      if (at && (!comment || at < comment)) { done = 1; $0 = substr($0, 1, at - 1) becomes substr($0, at + length(was)) }
      print }
    END { exit !done }' "$file" >"$work/$symbol.S" || { echo "$file holds no \"$was\": correct row $row of $table"; exit 1; }
"${cc[@]}" -I. -I"$build" -c "$work/$symbol.S" -o "$work/$symbol.o"
mapfile -t twins < <(find "$build/tests/evex" -name '*.o' 2>/dev/null)
"${cc[@]}" "$work/$symbol.o" "$build/tests/check_kernels.o" "$build"/tests/check/*.o "${twins[@]}" "$build/libinferometer.a" -lm -pthread -o "$work/check"
status=0
timeout 120 "${run[@]}" "$work/check" "$symbol" >"$work/log" 2>&1 || status=$?
case $status in
0) echo "FAILED: the checker does not see that $why ($symbol: $was -> $becomes)"; exit 1 ;;
77) cat "$work/log"; exit 77 ;;
*) sed 's/^FAILED/seen/' "$work/log" ;;
esac
