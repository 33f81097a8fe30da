#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The figures of the last `make mutants` (tests/mutants/campaign.csv) in kernels/README.md, between its two marks.
# usage: tests/mutants/table.sh            prints them
#        tests/mutants/table.sh --write    puts them into kernels/README.md
#        tests/mutants/table.sh --check    fails where kernels/README.md says something else, or where a survivor is not explained
# tests/mutants/survivors.csv explains survivors: `same` changes nothing that a caller can see, `missed` should have been seen.
set -eu
cd "$(dirname "$0")/../.."
page=kernels/README.md campaign=tests/mutants/campaign.csv survivors=tests/mutants/survivors.csv
first='<!-- mutants: written by tests/mutants/table.sh --write (make mutants) -->'
last='<!-- end of the mutants -->'

# A line a field, as fields with commas are quoted; none holds a quote.
fields='function fields(line, f,    n, at) {
    n = 0
    while (length(line)) {
        if (substr(line, 1, 1) == "\"") { line = substr(line, 2); at = index(line, "\""); f[++n] = substr(line, 1, at - 1); line = substr(line, at + 2) }
        else { at = index(line ",", ","); f[++n] = substr(line, 1, at - 1); line = substr(line, at + 1) }
    }
    return n
}
function plain(text) { gsub(/ +/, " ", text); sub(/ $/, "", text); return text }'

print_table() {
    awk "$fields"'
        FNR == 1 { next }
        FILENAME ~ /survivors/ { fields($0, f); key = f[1] SUBSEP plain(f[2]) SUBSEP f[3]; kind[key] = f[4]; why[key] = f[5]; next }
        { fields($0, f); drawn[f[1]]++; all++
          if (f[7] != "survived") { caught[f[1]]++; seen++; next }
          key = f[3] SUBSEP plain(f[5]) SUBSEP f[6]
          if (!(key in kind)) { print "tests/mutants/survivors.csv: no row explains " f[3] ", " plain(f[5]) ", " f[6] > "/dev/stderr"; bad = 1; next }
          if (kind[key] == "same") same[f[1]]++; else missed[f[1]]++
          file = f[3]; sub(/.*\//, "", file)
          rows[++n] = "| `" f[2] "` | `" file "`: `" plain(f[5]) "` | `" f[6] "` | " kind[key] ": " why[key] " |" }
        END {
            if (bad) exit 1
            print "| architecture | mutants | caught | survive, change nothing | survive, missed | caught of those that change something |"
            print "|---|--:|--:|--:|--:|--:|"
            split("x86_64 aarch64", archs, " ")
            for (i = 1; i <= 2; i++) { a = archs[i]; s += same[a]; m += missed[a]
                printf "| %s | %d | %d | %d | %d | %.1f %% |\n", a, drawn[a], caught[a], same[a], missed[a], 100 * caught[a] / (drawn[a] - same[a]) }
            printf "| both | %d | %d | %d | %d | %.1f %% |\n\n", all, seen, s, m, 100 * seen / (all - s)
            print "The survivors:\n"
            print "| kernel | instruction | change | |\n|---|---|---|---|"
            for (i = 1; i <= n; i++) print rows[i]
        }' "$survivors" "$campaign"
}

[ -e "$campaign" ] || { echo "$campaign: no campaign yet: make mutants"; exit 77; }
table=$(print_table)
with_table() {
    TABLE=$table awk -v first="$first" -v last="$last" '
        $0 == first { print; print ""; print ENVIRON["TABLE"]; print ""; inside = 1 }
        $0 == last { inside = 0 }
        !inside { if ($0 != first) print }' "$page"
}
case ${1:-} in
'') echo "$table" ;;
--write) with_table >"$page.new" && mv "$page.new" "$page" ;;
--check) with_table | cmp -s - "$page" || { echo "$page: the figures of the mutants are not those of $campaign: tests/mutants/table.sh --write"; exit 1; } ;;
*) echo "usage: tests/mutants/table.sh [--write | --check]" >&2; exit 2 ;;
esac
