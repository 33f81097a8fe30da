#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Writes BUILD/CTestTestfile.cmake: one ctest for each row that a test program lists.
# usage: tests/ctest.sh BUILD [CROSS_BUILD]; run from the root by `make test`.
set -eu
build=$1 cross=${2:-}
out=$build/CTestTestfile.cmake.new
root=$PWD
: >"$out"

# add PREFIX LABEL PROPERTIES COMMAND…: one test for each line that COMMAND --list prints, but for those
# that match $leave_out.
leave_out='^$'
add() {
    local prefix=$1 label=$2 properties=$3 rows row command=""
    shift 3
    if ! rows=$("$@" --list); then
        echo "tests/ctest.sh: $* --list failed" >&2
        exit 1
    fi
    [ -n "$rows" ] || { echo "tests/ctest.sh: $* lists nothing" >&2; exit 1; }
    for word in "$@"; do command="$command \"$word\""; done
    rows=$(grep -v "$leave_out" <<<"$rows")
    while IFS= read -r row; do
        printf 'add_test("%s/%s" %s "%s")\n' "$prefix" "$row" "$command" "$row"
        printf 'set_tests_properties("%s/%s" PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300 WORKING_DIRECTORY "%s" LABELS "%s" %s)\n' \
            "$prefix" "$row" "$root" "$label" "$properties"
    done <<<"$rows" >>"$out"
}

for program in "$build"/tests/check_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    name=$(basename "$program")
    name=${name#check_}
    case $name in
    *.o | *.d) continue ;;
    kernels) add kernel kernel "" "$root/$program" ;;
    fuzz_regress) add fuzz-regress fuzz-regress "" "$root/$program" ;;
    probes) add probes probes "RUN_SERIAL TRUE" "$root/$program" ;; # they take times
    *) add "$name" "$name" "" "$root/$program" ;;
    esac
done
for script in tests/check_*.sh; do
    [ -e "$script" ] || continue
    name=$(basename "$script" .sh)
    add "${name#check_}" "${name#check_}" "ENVIRONMENT \"INFEROMETER=$root/$build/inferometer\"" bash "$root/$script"
done
add lint lint "" bash "$root/tests/lint.sh"

if [ -n "$cross" ]; then
    leave_out='^perplexity/' # ten minutes each under emulation; the logits say the same
    for name in kernels counts logits groups; do
        label=$name
        [ $name = kernels ] && label=kernel
        add "aarch64/$label" aarch64 "" qemu-aarch64 -cpu max "$root/$cross/tests/check_$name"
    done
else
    # Seen as skipped, not silently absent.
    printf 'add_test("aarch64" sh -c "echo no aarch64-linux-gnu-gcc or qemu-aarch64; exit 77")\n' >>"$out"
    printf 'set_tests_properties("aarch64" PROPERTIES SKIP_RETURN_CODE 77 LABELS aarch64)\n' >>"$out"
fi
mv "$out" "$build/CTestTestfile.cmake"
