#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The page of `report`, and that text of runs is never code. usage: tests/check_report.sh --list | CASE
# Cases browser_* open it in headless Chromium (apt-get install chromium); 77 where that or gnuplot is missing.
set -u
cd "$(dirname "$0")/.." || exit 1
inferometer=${INFEROMETER:-./inferometer}
cases="offline verdicts ids same_bytes markdown hostile_page hostile_figure names_stay_inside damaged no_script full_disk
    browser_console browser_sorts browser_widths browser_wellformed browser_hostile"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export INFEROMETER_CACHE=$scratch/cache

give_up() {
    echo "FAILED: $*"
    echo "again with: bash tests/check_report.sh $name"
    exit 1
}

# ---- runs -----------------------------------------------------------------------------------------
tiny() { # → $dir: a run of three_regimes that takes a second
    dir=$("$inferometer" run three_regimes --out "$scratch/results" --set blocks=1 --set warmup=0 --set gen=1 \
        --set tokens=16,32 --set depth=0,64 --set model=embedded:kjv-3.7m 2>"$scratch/stderr") ||
        give_up "$(cat "$scratch/stderr")"
}
seal() { # DIR: its sums, as they are now
    (cd "$1" && for f in run points samples regions steps counts summary; do sha256sum $f.csv; done >SHA256SUMS &&
        sha256sum protocol.md >>SHA256SUMS)
}
report() { # RUN_DIR → $page
    page=$("$inferometer" report three_regimes --from "$1" --out "$scratch/out" 2>"$scratch/stderr") ||
        give_up "report: $(cat "$scratch/stderr")"
    [ -s "$page" ] || give_up "printed '$page'"
}
need_gnuplot() { command -v gnuplot >/dev/null || exit 77; }

case_verdicts() { # effects, intervals and words of arms; nothing of the kind where there is one arm
    local run word
    printf '```protocol\nprotocol two\nversion 1\nmodel embedded:kjv-3.7m\ndesign blocks=8\nprimary ns_per_token\npass cycles\n%s```\n' \
        $'case d\nphase decode gen=2\narm A *=default\narm B *=c\n' >"$scratch/two.md"
    run=$("$inferometer" run "$scratch/two.md" --out "$scratch/results" 2>"$scratch/stderr") || give_up "$(cat "$scratch/stderr")"
    page=$("$inferometer" report two --from "$run" --out "$scratch/out" 2>"$scratch/stderr") || give_up "report: $(cat "$scratch/stderr")"
    grep -q '<h3>Arms against A</h3>' "$page" || give_up "no section about the arms"
    word=$(awk -F, '$3 == "B" && $4 == "ns_per_token" { print $16 }' "$run/summary.csv")
    [ -n "$word" ] && grep -q "<td>B</td><td>ns_per_token</td>.*<td>$word</td>" "$page" || give_up "no verdict '$word' of B"
    grep -q "<td>A&#39;</td><td>ns_per_token</td>" "$page" || grep -q "<td>A'</td><td>ns_per_token</td>" "$page" || give_up "no control"
    grep -q '<span class="soft">\[' "$page" || give_up "no intervals"
    tiny
    report "$dir"
    grep -q 'claims no difference' "$page" && ! grep -q 'Arms against A' "$page" || give_up "a run of one arm claims something"
}

# Two lines of everything that a shell, gnuplot, XML, HTML or a spreadsheet may take for its own.
evil_1="\`touch $scratch/pwned1\` \$(touch $scratch/pwned2) system(\"touch $scratch/pwned3\") \"q\" 'a'' <b>&amp;</b>"
evil_2="=1+1 @evil a_b^c {/Bold x} %s%n%d \\n <script>document.title='pwned'</script> <img src='x' onerror='document.title=1'> ]]> -->"
evil=$evil_1$'\n'$evil_2
evil_cell="\"${evil//\"/\"\"}\""
# The tiny run with all that for a case's name, for facts, and in the prose.
hostile() {
    tiny
    local file
    for file in points samples summary; do
        EVIL=$evil_cell awk '{ at = index($0, "prefill_small,")
            if (at) print substr($0, 1, at - 1) ENVIRON["EVIL"] substr($0, at + 13); else print }' \
            "$dir/$file.csv" >"$scratch/new" && cp "$scratch/new" "$dir/$file.csv"
    done
    EVIL=$evil_cell awk -F, '/^(machine|commit|cpu_name|set_1|compiler),/ { print $1 "," ENVIRON["EVIL"]; next } { print }' \
        "$dir/run.csv" >"$scratch/new" && cp "$scratch/new" "$dir/run.csv"
    {
        printf '# %s\n\n%s\n\n- %s\n\n| a | b |\n|---|---|\n| %s | %s |\n\n' "$evil_2" "$evil_2" "$evil_2" "$evil_1" "$evil_1"
        printf '[a](javascript:alert(1)) ![b](http://nowhere.invalid/x.png) [c](//nowhere.invalid) <iframe src="x">\n\n```\n%s\n```\n' "$evil"
        printf '[q](https://x.invalid/"onmouseover="alert(1)) \xff\xfe \xe2\x80\xae backwards \x1b[31m red\n\n'
        cat protocols/three_regimes.md
    } >"$dir/protocol.md"
    seal "$dir"
    grep -q pwned1 "$dir/summary.csv" && grep -q pwned1 "$dir/run.csv" || give_up "the run is not hostile"
}
# A tree whose script shows the name of a case wherever a figure has text.
own_script() {
    local home=$scratch/home
    mkdir -p "$home/analysis" "$home/engine" && cp -r engine/embedded "$home/engine/" && cp analysis/style.gp "$home/analysis/"
    cat >"$home/analysis/three_regimes.gp" <<'END'
#: figure three_regimes_hostile time
summary = tables . '/summary.tsv'
eval 'set terminal ' . terminal_of(900, 500)
set output file_of('three_regimes_hostile')
set label 1 caption at screen 0.5, 0.02 center noenhanced
set title caption noenhanced
set xlabel caption noenhanced
two(y) = column(0) < 3 ? y : NaN
plot [-1:5][-1:2] summary using 0:(two(0)):xticlabels(text(strcol('case'))) title caption, \
    summary using 0:(two(1)):(text(strcol('case'))) with labels notitle
unset output
print file_of('three_regimes_hostile')
END
    inferometer=$(readlink -f "$inferometer")
    export INFEROMETER_HOME=$home
}
nothing_ran() { [ -z "$(find "$scratch" . -maxdepth 2 -name 'pwned*')" ] || give_up "something was executed"; }
# The text of a page or figure, without its tags.
unescape() { sed 's/<[^>]*>//g; s/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&#39;/'"'"'/g; s/&amp;/\&/g' "$1"; }

# ---- without a browser ----------------------------------------------------------------------------
case_offline() { # nothing that a browser would fetch; one script, allowed by its hash
    need_gnuplot
    tiny && report "$dir"
    grep -nEi '<(link|img|iframe|object|embed|base|audio|video|source)\b|@import| src=|srcset=|url\([^#]|href="[^#"h]|href="http' \
        "$page" | cut -c1-200 | grep . && give_up "refers to something outside"
    [ "$(grep -o '<script' "$page" | wc -l)" = 1 ] || give_up "not one script"
    grep -q "default-src 'none'" "$page" || give_up "no policy"
    command -v openssl >/dev/null || return 0 # the browser checks the hash as well
    local want
    want=sha256-$(sed -n '/<script>/,/<\/script>/p' "$page" | sed 's/^<script>//; s/<\/script>.*//' | head -c -1 |
        openssl dgst -sha256 -binary | openssl base64)
    grep -qF "script-src '$want'" "$page" || give_up "report_script_hash should be $want"
}
case_ids() { # every id once; every reference leads to one
    need_gnuplot
    tiny && report "$dir"
    grep -oE ' id="[^"]*"' "$page" | sort >"$scratch/ids"
    [ "$(wc -l <"$scratch/ids")" -gt 40 ] || give_up "only $(wc -l <"$scratch/ids") ids"
    [ -z "$(uniq -d "$scratch/ids")" ] || give_up "twice: $(uniq -d "$scratch/ids" | head -3)"
    grep -oE '(href="#|url\(#)[^")]*' "$page" | sed 's/.*#//' | sort -u | while read -r id; do
        grep -qxF " id=\"$id\"" "$scratch/ids" || echo "$id"
    done >"$scratch/lost"
    grep -oE 'aria-labelledby="[^"]*' "$page" | sed 's/.*"//' | sort -u | while read -r id; do
        grep -qxF " id=\"$id\"" "$scratch/ids" || echo "$id"
    done >>"$scratch/lost"
    [ ! -s "$scratch/lost" ] || give_up "leads nowhere: $(cat "$scratch/lost")"
    [ "$(grep -c '<svg' "$page")" = 2 ] || give_up "not two figures"
}
case_same_bytes() { # the same run gives the same page, and stays as it is
    need_gnuplot
    tiny && report "$dir"
    cp "$page" "$scratch/first.html" && report "$dir"
    cmp "$page" "$scratch/first.html" || give_up "differs"
    "$inferometer" verify "$dir" || give_up "verify"
    [ "$(find "$scratch/out" -type f | wc -l)" = 1 ] || give_up "leaves more than a page: $(ls "$scratch/out")"
}
case_markdown() {
    need_gnuplot
    tiny
    {
        printf '# Title of `it`\n\n## Part\nOne *two* **three** `f_o_o *x*` snake_case_name 2*3*4 \\*plain\\*\n'
        printf 'goes on, [there](https://example.org/a_b) and [here](other.md).\n\n- one\n  goes on\n  1. inner\n- two\n\n3. c\n4. d\n\n'
        printf '> quoted\n> more\n\n---\n\n| h | k |\n|---|--:|\n| `a|b` | c\\|d |\n\n~~~\n<x> & *no*\n~~~\n'
        cat protocols/three_regimes.md
    } >"$dir/protocol.md"
    seal "$dir" && report "$dir"
    local want
    while IFS= read -r want; do
        grep -qF -- "$want" "$page" || give_up "lacks $want"
    done <<'END'
<title>Title of `it`</title>
<h3>Part</h3>
<p>One <em>two</em> <strong>three</strong> <code>f_o_o *x*</code> snake_case_name 2<em>3</em>4 *plain*
goes on, <a rel="noreferrer" href="https://example.org/a_b">there</a> and [here](other.md).</p>
<li>inner</li>
<li>two</li>
<li>d</li>
<blockquote><p>quoted
<hr/>
<td><code>a|b</code> </td><td>c|d </td>
<pre><code>&lt;x&gt; &amp; *no*
END
}
case_hostile_page() {
    need_gnuplot
    hostile && own_script && report "$dir"
    nothing_ran
    [ "$(grep -oi '<script' "$page" | wc -l)" = 1 ] || give_up "a script came in"
    grep -nEi '<(img|iframe|b>)|href="(javascript|//)| on[a-z]+="|'$'\x1b''|'$'\xff''' "$page" | cut -c1-200 | grep -a . && give_up "markup came in"
    unescape "$page" >"$scratch/text"
    grep -qF -- "$evil_1" "$scratch/text" || give_up "the first line is not shown as it is"
    grep -qF -- "$evil_2" "$scratch/text" || give_up "the second line is not shown as it is"
    # In the command to copy it stays one word of a shell.
    grep -qF -- "--set '\`touch" "$scratch/text" || give_up "not quoted for a shell"
}
case_hostile_figure() { # as ticks, labels, titles and keys
    need_gnuplot
    hostile && own_script
    "$inferometer" plot three_regimes --from "$dir" --out "$scratch/out" >"$scratch/stdout" 2>"$scratch/stderr" ||
        give_up "plot: $(cat "$scratch/stderr")"
    nothing_ran
    local svg=$scratch/out/three_regimes_hostile.svg shown="${evil//$'\n'/ }"
    grep -qx "$svg" "$scratch/stdout" || give_up "prints $(cat "$scratch/stdout")"
    grep -aEi '<(script|img|b>)|[^[:print:][:space:]]{4}' "$svg" | grep -av '<text>' && give_up "markup came in"
    unescape "$svg" >"$scratch/text"
    # A backslash is drawn as U+2216: gnuplot would take \n for a new line.
    [ "$(grep -cF -- "${shown//\\/∖}" "$scratch/text")" -ge 4 ] ||
        give_up "not shown as it is in labels and ticks: $(cat "$scratch/text")"
    [ "$(grep -cF -- "$shown, " "$scratch/text")" -ge 4 ] ||
        give_up "not shown as it is in title, caption, key and label of the axis: $(cat "$scratch/text")"
}
case_names_stay_inside() { # a case's name that is a path, an output that is a command
    need_gnuplot
    tiny
    local f
    mkdir "$scratch/time_"
    for f in points samples summary; do sed -i "s,^\(\|[0-9]*\,\)prefill_small\,,\1/../../..$scratch/pwned\,," "$dir/$f.csv"; done
    grep -q /pwned "$dir/points.csv" || give_up "the run is not hostile"
    seal "$dir" && own_script && report "$dir"
    grep -qF "/pwned: shares" "$page" || give_up "its table of times is missing"
    (cd "$scratch" && "$inferometer" plot three_regimes --from "$dir" --out '|touch pwned; cat >x' >/dev/null 2>&1)
    nothing_ran
}
case_damaged() { # no page of a run that is not whole
    tiny
    sed -i '2s/,A,/,B,/' "$dir/summary.csv"
    "$inferometer" report three_regimes --from "$dir" --out "$scratch/out" >"$scratch/stdout" 2>"$scratch/stderr"
    [ $? = 1 ] || give_up "exit is not 1"
    grep -q 'summary.csv: changed after' "$scratch/stderr" || give_up "$(cat "$scratch/stderr")"
    [ ! -s "$scratch/stdout" ] && [ ! -e "$scratch/out" ] || give_up "wrote something"
}
case_no_script() { # a protocol that nobody drew figures for
    printf '# Mine\n\n```protocol\nprotocol mine\nversion 1\nmodel embedded:kjv-3.7m\ndesign blocks=1\ncase d\nphase decode gen=2\n```\n' >"$scratch/mine.md"
    dir=$("$inferometer" run "$scratch/mine.md" --out "$scratch/results" 2>"$scratch/stderr") || give_up "$(cat "$scratch/stderr")"
    page=$("$inferometer" report mine --from "$dir" --out "$scratch/out") || give_up "report"
    grep -q 'There is no <code>analysis/mine.gp' "$page" || give_up "does not say so"
}
case_full_disk() { # one line, and no half of a page
    need_gnuplot
    tiny
    (
        trap '' XFSZ
        ulimit -f 100
        "$inferometer" report three_regimes --from "$dir" --out "$scratch/out" 2>"$scratch/stderr"
    ) && give_up "exit is 0"
    [ -s "$scratch/stderr" ] || give_up "no message"
    [ -z "$(find "$scratch/out" -type f)" ] || give_up "left $(ls "$scratch/out")"
}

# ---- in a browser ---------------------------------------------------------------------------------
browse() { # FLAGS… URL: as headless Chromium sees it; what it says on standard error is in $scratch/said
    timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
        --user-data-dir="$scratch/profile" --enable-logging=stderr --v=0 --virtual-time-budget=8000 "$@" 2>"$scratch/said"
}
need_chromium() {
    need_gnuplot
    command -v chromium >/dev/null || { echo "chromium is not installed"; exit 77; }
}
# probe PAGE SCRIPT: a copy of the page with the script behind it, in frames of 390 and of 1280 pixels; prints what the
# script tells: tell(…) in each. The copy has no policy, which would refuse the script.
probe() {
    {
        printf '<script>var faults = []; addEventListener("error", function (e) { faults.push(e.message); });\n'
        printf 'function tell(s) { parent.postMessage(innerWidth + " " + s, "*"); }</script>\n'
        sed '/Content-Security-Policy/,/>/d' "$1"
        printf '<script>addEventListener("load", function () { try {\n%s\n} catch (e) { tell("threw " + e); } faults.forEach(tell); tell("end"); });</script>\n' "$2"
    } >"$scratch/probe.html"
    # shellcheck disable=SC2016
    printf '<!DOCTYPE html><pre id="told"></pre><script>addEventListener("message", function (e) {
        document.getElementById("told").textContent += "told " + e.data + "\\n"; });</script>
        <iframe src="probe.html" style="width:390px;height:844px;border:0"></iframe>
        <iframe src="probe.html" style="width:1280px;height:900px;border:0"></iframe>' >"$scratch/frames.html"
    browse --dump-dom "file://$scratch/frames.html" | sed -n 's/^.*told \(390\|1280\) /\1 /p'
    return 0
}
case_browser_console() { # the page itself, with its policy: no complaint, and its script ran
    need_chromium
    tiny && report "$dir"
    printf '<!DOCTYPE html><script>console.error("x")</script>' >"$scratch/bad.html"
    browse --dump-dom "file://$scratch/bad.html" >/dev/null
    grep -q CONSOLE "$scratch/said" || give_up "the browser does not say what the console says: $(cat "$scratch/said")"
    browse --dump-dom "file://$page" >"$scratch/dom"
    grep CONSOLE "$scratch/said" && give_up "complaints"
    grep -q '<th scope="col"[^>]*><button' "$scratch/dom" || give_up "its script did not run"
}
case_browser_sorts() {
    need_chromium
    tiny && report "$dir"
    # Each column of each table, up and down: rows stay whole, empty cells last, an order that is one.
    # shellcheck disable=SC2016
    local script='
        var tables = document.querySelectorAll("table.sortable"), moved = 0, columns = 0;
        tables.forEach(function (t) {
            var text = function () { return Array.from(t.tBodies[0].rows).map(function (r) { return r.innerHTML; }); };
            var before = text().slice().sort().join("|");
            Array.from(t.tHead.rows[0].cells).forEach(function (head, i) {
                [1, -1].forEach(function (sign) {
                    var was = text().join("|");
                    head.querySelector("button").click();
                    if (text().join("|") !== was) moved++;
                    if (text().slice().sort().join("|") !== before) tell("rows changed");
                    if (head.getAttribute("aria-sort") !== (sign > 0 ? "ascending" : "descending")) tell("aria-sort is wrong");
                    var cells = Array.from(t.tBodies[0].rows).map(function (r) { return r.cells[i]; });
                    for (var k = 1; k < cells.length; k++) {
                        var a = cells[k - 1], b = cells[k], x = a.dataset.value, y = b.dataset.value;
                        if (a.textContent === "" && b.textContent !== "") tell("an empty cell is not last");
                        if (x !== undefined && y !== undefined && sign * (x - y) > 0)
                            tell("column " + head.textContent + ": " + x + " before " + y);
                    }
                    columns++;
                });
            });
        });
        tell(tables.length + " tables " + columns + " sortings " + (moved > 20 ? "moved" : "hardly moved"));'
    probe "$page" "$script" >"$scratch/told"
    grep -qE '^390 [1-9][0-9]+ tables [1-9][0-9]+ sortings moved$' "$scratch/told" &&
        [ "$(grep -c 'end$' "$scratch/told")" = 2 ] && [ "$(wc -l <"$scratch/told")" = 4 ] || give_up "$(cat "$scratch/told")"
}
widths='
    var wide = function (what) {
        if (document.documentElement.scrollWidth > innerWidth)
            tell(what + ": " + document.documentElement.scrollWidth + " pixels wide");
    };
    wide("folded");
    var figures = document.querySelectorAll("figure svg");
    figures.forEach(function (s) {
        var box = s.getBoundingClientRect(), shapes = s.querySelectorAll("path").length;
        if (box.width < 300 || box.height < 150 || shapes < 5) tell("a figure of " + box.width + " x " + box.height);
        if (!document.getElementById(s.getAttribute("aria-labelledby")).textContent) tell("a figure without a name");
        if (getComputedStyle(s.parentElement).backgroundColor !== "rgb(255, 255, 255)") tell("a figure without its card");
    });
    document.querySelectorAll("details").forEach(function (d) { d.open = true; });
    wide("unfolded");
    document.querySelectorAll("figure details table").forEach(function (t) {
        if (t.tBodies[0].rows.length < 1) tell("a figure without data");
    });
    if (performance.getEntriesByType("resource").length) tell("loads " + performance.getEntriesByType("resource")[0].name);
    tell(figures.length + " figures");'
case_browser_widths() { # 390 and 1280 pixels: no scrolling sideways, figures to be seen, nothing loaded
    need_chromium
    tiny && report "$dir"
    { cat "$page"; echo '<div style="width:2000px">x</div>'; } >"$scratch/wide.html"
    probe "$scratch/wide.html" "$widths" | grep -q '^1280 folded: 20' || give_up "does not see what is too wide"
    probe "$page" "$widths" >"$scratch/told"
    [ "$(sort "$scratch/told" | xargs)" = "1280 2 figures 1280 end 390 2 figures 390 end" ] || give_up "$(cat "$scratch/told")"
}
case_browser_wellformed() { # the page read as XML
    need_chromium
    tiny && report "$dir"
    sed 's,</header>,,' "$page" >"$scratch/broken.xhtml"
    browse --dump-dom "file://$scratch/broken.xhtml" | grep -q '<parsererror' || give_up "does not see a missing end"
    cp "$page" "$scratch/page.xhtml"
    browse --dump-dom "file://$scratch/page.xhtml" >"$scratch/dom"
    grep -A3 '<parsererror' "$scratch/dom" && give_up "not well-formed"
    grep -q 'id="provenance"' "$scratch/dom" || give_up "was not read to its end"
}
case_browser_hostile() { # shown as it is, running nothing
    need_chromium
    hostile && own_script && report "$dir"
    local script=$widths'
        var text = document.body.textContent;
        ["\"q\" '"'a''"' <b>&amp;</b>", "=1+1 @evil a_b^c {/Bold x} %s%n%d \\n <script>document.title=" + "'"'pwned'"'" + "<" + "/script>"]
            .forEach(function (s) { if (text.split(s).length < 4) tell("not shown: " + s); });
        if (document.querySelectorAll("main script, main img, main iframe, main b").length) tell("markup came in");
        if (document.title.indexOf("=1+1") !== 0) tell("title is " + document.title);'
    probe "$page" "$script" >"$scratch/told"
    [ "$(sort "$scratch/told" | xargs)" = "1280 1 figures 1280 end 390 1 figures 390 end" ] || give_up "$(cat "$scratch/told")"
    browse --dump-dom "file://$page" >"$scratch/dom"
    grep CONSOLE "$scratch/said" && give_up "complaints"
    cp "$page" "$scratch/page.xhtml"
    browse --dump-dom "file://$scratch/page.xhtml" | grep -A3 '<parsererror' && give_up "not well-formed"
    nothing_ran
}

# shellcheck disable=SC2086
[ "${1:-}" = --list ] && { printf '%s\n' $cases; exit 0; }
name=${1:-}
declare -F "case_$name" >/dev/null || { echo "tests/check_report.sh: no case $name (there are: $cases)"; exit 2; }
"case_$name"
