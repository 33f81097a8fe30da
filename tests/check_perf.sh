#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The same region under `perf stat` and under our probes: the counts must agree within 1 %.
# usage: tests/check_perf.sh --list | instructions, from the root. Exit 77 without a PMU or without perf.
set -eu
if [ "${1:-}" = --list ]; then
    echo instructions
    exit
fi
probes=build/$(uname -m)/tests/check_probes
[ -x "$probes" ] || { echo "skipped: $probes is not built"; exit 77; }
command -v perf >/dev/null || { echo "skipped: no perf (Debian: linux-perf)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Four thousand million instructions in a loop, beside which the process's own are nothing.
status=0
LC_ALL=C perf stat -x, -e instructions:u -o "$work/perf" "$probes" long_count >"$work/ours" 2>&1 || status=$?
[ $status != 77 ] || { cat "$work/ours"; exit 77; }
[ $status = 0 ] || { cat "$work/ours"; echo "FAILED: check_probes long_count"; exit 1; }
theirs=$(awk -F, '$3 ~ /^instructions/ { print $1 }' "$work/perf")
case $theirs in '' | *[!0-9]*) echo "skipped: perf counts no instructions here: $theirs"; exit 77 ;; esac
# A line for each way of reading: "  4400000000 of 4400000000 by read()".
ours=$(awk '$2 == "of" { sum += $1 } END { printf "%.0f\n", sum }' "$work/ours")
echo "perf stat: $theirs, ours: $ours"
awk -v a="$theirs" -v b="$ours" 'BEGIN { d = (a - b) / a; exit !(d < 0.01 && d > -0.01) }' ||
    { echo "FAILED: they differ by more than 1 %; rerun: tests/check_perf.sh instructions"; exit 1; }
