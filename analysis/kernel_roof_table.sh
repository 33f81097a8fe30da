#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The speed table of kernels/README.md, between its two marks, from the run that analysis/kernel_roof.run pins.
# usage: analysis/kernel_roof_table.sh [RUN_DIR]   prints the table
#        analysis/kernel_roof_table.sh --write     puts it into kernels/README.md
#        analysis/kernel_roof_table.sh --check     fails where kernels/README.md says something else
# What each case is, the measure that it is judged by and its goal stand in analysis/kernel_roof.gp.
set -eu
cd "$(dirname "$0")/.."
page=kernels/README.md
first='<!-- speed table: written by analysis/kernel_roof_table.sh --write (make plots) -->'
last='<!-- end of the speed table -->'
pin=analysis/kernel_roof.run

print_table() { # RUN_DIR
    local run=$1
    echo "Run \`$run\`: medians over blocks of paired fractions of the ceiling, their 95 % interval where at least six"
    echo "blocks have one (of reading: those that met the fastest third of the canary). The default is what the engine takes."
    echo
    echo '| | shape | ceiling | goal | default | share | AVX2 | share |'
    echo '|---|---|---|---|---|---|---|---|'
    # run.csv names the variants: slices_N,case=… point=… shape=… units=… A=symbol B=symbol
    awk -F, '
        function percent(x) { return x == "" ? "" : sprintf("%.1f %%", 100 * x) }
        function share(key) {
            if (!(key in estimate)) return ""
            return percent(estimate[key]) (low[key] == "" ? "" : sprintf(" [%.1f, %.1f]", 100 * low[key], 100 * high[key]))
        }
        FILENAME ~ /\.gp$/ {
            if (!match($0, /^    \047[a-z0-9_]+\|/)) next
            line = $0; sub(/^    \047/, "", line); sub(/\047.*/, "", line)
            split(line, cell, "|"); lines++
            name[lines] = cell[1]; title[lines] = cell[2]; measure[lines] = cell[3]; goal[lines] = cell[4]
            next
        }
        FILENAME ~ /run\.csv$/ {
            if ($1 !~ /^slices_/) next
            split($2, word, " ")
            where = shape = ""
            for (i = 1; i in word; i++) {
                at = index(word[i], "="); key = substr(word[i], 1, at - 1); value = substr(word[i], at + 1)
                if (key == "case") where = value
                else if (key == "point") point = value
                else if (key == "shape") { shape = value; n = ++points[where]; shapes[where, n] = value; ids[where, n] = point }
                else if (length(key) == 1) { sub(/.*__/, "", value); variant[where, n, key] = value }
            }
            next
        }
        FNR > 1 && $3 ~ /^[AB]$/ {
            key = $1 SUBSEP $2 SUBSEP $4 SUBSEP $3
            estimate[key] = $7; low[key] = $9; high[key] = $10
        }
        END {
            for (l = 1; l <= lines; l++)
                for (n = 1; n <= points[name[l]]; n++) {
                    base = name[l] SUBSEP ids[name[l], n] SUBSEP measure[l] SUBSEP
                    of = measure[l]; sub(/fraction_of_/, "", of); if (of == "ceiling") of = "roof"
                    goal_text = goal[l] == "" ? "" : sprintf("%.0f %%", 100 * goal[l])
                    shape = shapes[name[l], n]; gsub(/x/, " × ", shape)
                    a = share(base "A"); b = share(base "B")
                    if (a != "" && goal[l] != "" && estimate[base "A"] >= goal[l]) a = "**" a "**"
                    printf "| %s | %s | %s | %s | `%s` | %s | %s | %s |\n", title[l], shape, of, goal_text,
                        variant[name[l], n, "A"], a, variant[name[l], n, "B"] == "" ? "" : "`" variant[name[l], n, "B"] "`", b
                }
        }' analysis/kernel_roof.gp "$run/run.csv" "$run/summary.csv"
    echo
    echo 'Bold: the goal is met. roof: the shortest time that the read ceiling and the peak of the arithmetic together allow.'
}

# Every row of the figure and of the table is a case of the protocol, and the other way round.
check_cases() {
    local drawn measured
    drawn=$(sed -n "s/^    '\([a-z0-9_][a-z0-9_]*\)|.*|.*|.*/\1/p" analysis/kernel_roof.gp | sort)
    measured=$(sed -n 's/^case  *//p' protocols/kernel_roof.md | sort)
    [ "$drawn" = "$measured" ] && return
    echo "analysis/kernel_roof.gp and protocols/kernel_roof.md: cases differ:" >&2
    diff <(echo "$drawn") <(echo "$measured") >&2
    exit 1
}
need_pin() { [ -e "$pin" ] || { echo "$pin: no run is pinned yet" >&2; exit 77; }; }
pinned() { sed -n 's/^run //p' "$pin"; }
# The page with the table in its place.
page_with_table() {
    awk -v first="$first" -v last="$last" -v table="$1" '
        $0 == first { print; print ""; while ((getline line < table) > 0) print line; print ""; inside = 1; marks++ }
        $0 == last { inside = 0; marks++ }
        !inside { print }
        END { exit marks != 2 }' "$page"
}
replace() { # COMMAND: what to do with the new page
    local scratch
    need_pin
    scratch=$(mktemp -d)
    print_table "$(pinned)" >"$scratch/table"
    if ! page_with_table "$scratch/table" >"$scratch/page"; then
        echo "$page: does not have both marks: $first … $last" >&2
        rm -r "$scratch"
        exit 1
    fi
    local code=0
    if [ "$1" = write ]; then
        cmp -s "$scratch/page" "$page" || cp "$scratch/page" "$page"
    elif ! cmp -s "$scratch/page" "$page"; then
        echo "$page: its speed table is not that of $(pinned): make plots" >&2
        code=1
    fi
    rm -r "$scratch"
    exit $code
}

case ${1:-} in
--write) replace write ;;
--check)
    check_cases
    replace check
    ;;
'')
    need_pin
    print_table "$(pinned)"
    ;;
*) print_table "$1" ;;
esac
