#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Redraws the committed figures, analysis/<figure>.svg, and the speed table of kernels/README.md from the runs that
# analysis/*.run pin. Byte-identical with the gnuplot that the pin names; with another version it says so and exits 77.
set -eu
cd "$(dirname "$0")/.."
have=$(gnuplot --version 2>/dev/null) || { echo "gnuplot is not installed: make deps" >&2; exit 1; }
skipped=0
for pin in analysis/*.run; do
    [ -e "$pin" ] || { echo "analysis/: no pinned run" >&2; exit 1; }
    stem=$(basename "$pin" .run)
    want=$(sed -n 's/^gnuplot //p' "$pin")
    if [ "gnuplot $want" != "$have" ]; then
        echo "$stem: drawn with gnuplot $want; this is $have" >&2
        skipped=1
        continue
    fi
    ./inferometer plot "$stem" --format svg --out "${1:-analysis}"
done
# The tables of the same runs.
if [ -z "${1:-}" ] && [ -e analysis/kernel_roof.run ]; then bash analysis/kernel_roof_table.sh --write; fi
[ $skipped = 0 ] || exit 77
