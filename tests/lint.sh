#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the tree must look like. usage: tests/lint.sh [--list | CASE…]; without a case: all of them.
set -u
cd "$(dirname "$0")/.." || exit 1
cases="includes spdx format assembly shell names tables"

tracked() { # files of the tree, whether committed yet or not
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r f; do
            if [ -e "$f" ]; then printf '%s\n' "$f"; fi
        done
    else
        for pattern in "$@"; do find . -path ./build -prune -o -name "$pattern" -print | sed 's|^\./||'; done
    fi
}

# Every #include "x" of ours must be an allowed pair of tests/include_rules.csv.
lint_includes() {
    tracked '*.c' '*.h' '*.S' '*.def' | xargs grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' /dev/null |
        awk -F: '
        BEGIN {
            while ((getline line < "tests/include_rules.csv") > 0) {
                split(line, cell, ","); allowed[cell[1] " " cell[2]] = 1; rules++
            }
            allowed_built["args_offsets.h"] = allowed_built["build_flags.h"] = 1
        }
        {
            file = $1; to = $0; sub(/^[^"]*"/, "", to); sub(/".*/, "", to)
            if (to in allowed_built) next
            from_folder = file; sub(/\/.*/, "", from_folder)
            to_folder = to; sub(/\/.*/, "", to_folder)
            seen++
            if (to !~ /\//) { print file ":" $2 ": \"" to "\" is not root-relative"; bad++; next }
            if ((from_folder " " to_folder) in allowed || (from_folder " " to) in allowed ||
                (file " " to) in allowed) next
            print file ":" $2 ": " from_folder " may not include " to " (tests/include_rules.csv)"; bad++
        }
        END { if (rules < 2 || seen < 1) { print "nothing was checked"; exit 1 } exit bad > 0 }'
}

lint_spdx() {
    local bad=0 f
    while IFS= read -r f; do
        if ! head -3 "$f" | grep -q 'SPDX-License-Identifier: MIT'; then
            case "$f" in kernels/*.def | engine/*.def) continue ;; esac # tables begin with their columns
            echo "$f:1: no SPDX line"
            bad=1
        fi
    done < <(tracked '*.c' '*.h' '*.sh' '*.gp' Makefile)
    return $bad
}

lint_format() {
    command -v clang-format >/dev/null || { echo "clang-format is not installed"; return 77; }
    tracked '*.c' '*.h' | xargs clang-format --dry-run -Werror
}

# One exported function a file, named like it; 300 lines at most; no external label but that.
lint_assembly() {
    local bad=0 f stem lines
    while IFS= read -r f; do
        stem=$(basename "$f" .S)
        grep -q "^FUNC  *$stem\$" "$f" || { echo "$f: does not export $stem"; bad=1; }
        [ "$(grep -c '^FUNC ' "$f")" = 1 ] || { echo "$f: exports more than one function"; bad=1; }
        grep -q "^ENDFUNC  *$stem\$" "$f" || { echo "$f: ENDFUNC $stem is missing"; bad=1; }
        lines=$(wc -l <"$f")
        [ "$lines" -le 300 ] || { echo "$f: $lines lines (at most 300)"; bad=1; }
        grep -nE '^[A-Za-z_][A-Za-z_0-9]*:' "$f" && { echo "$f: a label that is not .L"; bad=1; }
        grep -qE "KERNEL\([^)]*|$stem" kernels/kernels.def || { echo "$f: has no row"; bad=1; }
    done < <(tracked 'kernels/asm/*.S')
    return $bad
}

lint_shell() {
    command -v shellcheck >/dev/null || { echo "shellcheck is not installed"; return 77; }
    tracked '*.sh' .ci/run | xargs shellcheck -S warning
}

# Unfinished marks and files that nobody could name.
lint_names() {
    local bad=0
    tracked '*.c' '*.h' '*.S' '*.sh' Makefile | grep -v '^tests/lint.sh$' |
        xargs grep -nE '\b(TODO|FIXME|XXX|HACK)\b' /dev/null && bad=1
    tracked '*' | grep -E '(^|/)(util|utils|helper|helpers|manager|misc|data2)(\.|_|/|$)' && bad=1
    return $bad
}

# Tables in pages that are made from committed runs.
lint_tables() {
    local bad=0 status=0
    bash analysis/kernel_roof_table.sh --check || status=$?
    case $status in 0 | 77) ;; *) bad=1 ;; esac
    status=0
    bash tests/mutants/table.sh --check || status=$?
    case $status in 0 | 77) ;; *) bad=1 ;; esac
    return $bad
}

[ "${1:-}" = --list ] && { printf '%s\n' $cases; exit 0; }
[ $# -gt 0 ] || set -- $cases
worst=0
for name in "$@"; do
    if ! declare -F "lint_$name" >/dev/null; then
        echo "tests/lint.sh: no case $name (there are: $cases)"
        exit 2
    fi
    "lint_$name"
    code=$?
    if [ $code = 77 ]; then
        [ $# = 1 ] && exit 77
        echo "lint $name: skipped"
    elif [ $code != 0 ]; then
        echo "lint $name: failed; again with: tests/lint.sh $name"
        worst=1
    fi
done
exit $worst
