#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The real path of hardware counters, in a small AArch64 Linux under QEMU, which emulates a PMU: one test a
# row below. The guest holds the cross-built program and tests/vm/init.c, nothing else.
# usage: tests/check_vm.sh --list | [--keep DIRECTORY] ROW, from the root
#   --keep  what the guest exported stays there (a run directory, say)
# Exit 77 where a part is missing: `make deps-vm` fetches them.
set -eu
rows="events selftest probes permissions no_pmu wide regimes"
if [ "${1:-}" = --list ]; then
    tr ' ' '\n' <<<"$rows"
    exit
fi
keep=
if [ "${1:-}" = --keep ]; then
    keep=$2
    shift 2
fi
row=${1:?a row: $rows}
[[ " $rows " = *" $row "* ]] || { echo "tests/check_vm.sh: no row $row (there are: $rows)" >&2; exit 2; }
host=${INFEROMETER:-build/x86_64/inferometer}
guest=build/aarch64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() { echo "skipped: $*: make deps-vm"; exit 77; }
for tool in qemu-system-aarch64 cpio aarch64-linux-gnu-gcc aarch64-linux-gnu-strip; do
    command -v $tool >/dev/null || skip "no $tool"
done
kernel=$(find build/deps/vm/boot -name 'vmlinuz-*' 2>/dev/null | sort | tail -1)
[ -n "$kernel" ] || skip "no kernel for the guest"
for program in $guest/inferometer $guest/tests/check_probes; do [ -x $program ] || skip "no $program"; done
strings -a $guest/inferometer | grep -q pfm_get_os_event_encoding || skip "the AArch64 build lacks libpfm4"

fail() {
    echo "FAILED $row: $*"
    echo "  rerun: tests/check_vm.sh $row"
    tail -40 "$work/console"
    exit 1
}

# boot CPU: runs the lines of standard input; console, and the exported files below $work/out.
boot() {
    local root=$work/root
    rm -rf "$root" && mkdir -p "$root/engine" "$root/results" "$root/analysis"
    cat >"$root/script"
    aarch64-linux-gnu-gcc -static -O1 -D_GNU_SOURCE tests/vm/init.c -o "$root/init"
    cp -r engine/embedded "$root/engine/"
    cp -r protocols "$root/"
    cp results/schema.csv "$root/results/"
    [ ! -d probes/events ] || { mkdir -p "$root/probes" && cp -r probes/events "$root/probes/"; }
    cp $guest/inferometer $guest/tests/check_probes "$root/"
    aarch64-linux-gnu-strip "$root/init" "$root/inferometer" "$root/check_probes"
    # The same bytes from the same files, so that a boot repeats itself.
    find "$root" -exec touch -h -d @0 {} +
    (cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible) >"$work/rd"
    timeout 250 qemu-system-aarch64 -M virt,dtb-randomness=off -cpu "$1" -m 1280 -nographic -nodefaults -no-reboot \
        -serial stdio -monitor none -net none -rtc base=2024-01-01T00:00:00,clock=vm -icount shift=1,sleep=off \
        -kernel "$kernel" -initrd "$work/rd" \
        -append "console=ttyAMA0 quiet nokaslr panic=-1 pmu.icount=1" </dev/null 2>&1 | tr -d '\r' >"$work/console"
    # A panic ends QEMU with 0: the guest's own last line says that it came through.
    grep -q '^@@done$' "$work/console" || fail "the guest did not come to its end"
    ! grep '^@@error' "$work/console" || fail "the guest could not follow its script"
    mkdir -p "$work/out"
    awk -v out="$work/out" '
        /^@@file / { path = out substr($0, 8); dir = path; sub(/\/[^\/]*$/, "", dir); system("mkdir -p \"" dir "\""); pipe = "base64 -d > \"" path "\""; next }
        /^@@eof$/ { if (path != "") close(pipe); path = ""; next }
        path != "" { print | pipe }' "$work/console"
    if [ -n "$keep" ]; then mkdir -p "$keep" && cp -r "$work/out/." "$keep/"; fi
}
# What a command of the script printed, and its exit status.
said() { awk -v name="$1" '$1 == "@@begin" && $2 == name { on = 1; next } $1 == "@@end" && $2 == name { exit } on' "$work/console"; }
ended() { awk -v name="$1" '$1 == "@@end" && $2 == name { print $3 }' "$work/console"; }
expect_end() { [ "$(ended "$1")" = "$2" ] || fail "$1 ended with $(ended "$1"), should be $2"; }

case $row in
events) # the PMU is found, its events open
    boot neoverse-n1 <<<"run machine 0 /inferometer machine -o csv"
    expect_end machine 0
    for event in cycles instructions; do
        said machine | grep -q "^event:$event,type=0 config=0x[01],,emu,unverified$" || fail "$event does not open as emu"
    done
    ;;
no_pmu) # nothing is counted, and the reason is a missing PMU
    boot neoverse-n1,pmu=off <<<"run machine 0 /inferometer machine -o csv"
    expect_end machine 0
    said machine | grep -q '^event:instructions,,,[a-z]*,unsupported$' || fail "instructions are not unsupported"
    ;;
regimes) # the regimes of inference with counts a step
    boot neoverse-n1 <<'SCRIPT'
run first 0 /inferometer run emulated_regimes
export /results/emulated_regimes
SCRIPT
    expect_end first 0
    run=$(echo "$work"/out/results/emulated_regimes/*/*)
    [ -d "$run" ] || fail "no run came back"
    "$host" verify "$run" || fail "the run does not verify"
    # Cycles are twice the instructions, to the probe's own part; no count of work is zero.
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["source"] != "emu" && $at["event"] ~ /^(cycles|instructions)$/ { print "source " $at["source"]; bad = 1; exit }
        $at["event"] == "cycles" { cycles[$at["key"], $at["region"]] = $at["value_raw"] }
        $at["event"] == "instructions" { n++; v = $at["value_raw"]; c = cycles[$at["key"], $at["region"]]
            if (v <= 0 || c < 1.99 * v || c > 2.01 * v + 400) { print "key " $at["key"] " " $at["region"] ": " v " instructions, " c " cycles"; bad = 1 } }
        END { exit bad || n < 30 }' "$run/counts.csv" || fail "counts are not those of this machine"
    ;;
probes) # the checks of probes/ (but for costs: an emulator has none), with a PMU and user-space reading
    {
        echo "write /proc/sys/kernel/perf_user_access 1"
        for name in $(qemu-aarch64 $guest/tests/check_probes --list | grep -v _cost); do echo "run $name 0 /check_probes $name"; done
    } | boot neoverse-n1
    # What needs the hardware must have run here.
    for name in hardware_events user_reading counter_wraps group_of_both_kinds multiplexing long_count; do expect_end $name 0; done
    awk '$1 == "@@end" && $3 != 0 && $3 != 77 { print $2 " ended with " $3; bad = 1 } END { exit bad }' "$work/console" ||
        fail "checks of probes/ fail in the guest"
    ;;
selftest) # loops of known counts answer: instructions are right, what QEMU does not model is no zero
    boot neoverse-n1 <<<"run selftest 0 /inferometer machine --selftest -o csv"
    expect_end selftest 0
    said selftest | awk -F, '$1 == "instructions" { right = $2 > 0 && $2 == $3 && $4 == "emu" && $5 == "ok" } END { exit !right }' ||
        fail "instructions are not counted exactly: $(said selftest | grep ^instructions,)"
    for event in branches branch_misses loads stores; do
        said selftest | grep -q "^$event,[0-9]*,,emu,zero_suspect$" || fail "$event is not zero_suspect"
    done
    ;;
permissions) # who may count what, at each level
    {
        for level in 3 2 1 -1; do
            echo "write /proc/sys/kernel/perf_event_paranoid $level"
            echo "run level$level 1000 /inferometer machine -o csv"
        done
        echo "write /proc/sys/kernel/perf_event_paranoid 3"
        echo "run root 0 /inferometer machine -o csv"
    } | boot neoverse-n1
    says() { said "$1" | grep -q "^event:$2,.*,$3$" || fail "$1: $2 is not $3: $(said "$1" | grep "^event:$2,")"; }
    says level3 instructions denied
    says level3 context-switches denied
    says level2 instructions unverified
    says level2 page-faults inexact
    says level1 context-switches ok
    says level-1 instructions unverified
    says root instructions unverified
    ;;
wide) # a core whose counters have 64 bits and may be read in user space
    boot max,pauth-impdef=on <<'SCRIPT'
write /proc/sys/kernel/perf_user_access 1
run user_reading 0 /check_probes user_reading
SCRIPT
    expect_end user_reading 0
    ;;
*) echo "skipped: $row is not written yet"; exit 77 ;;
esac
sed -n 's/^@@end /  /p' "$work/console"
