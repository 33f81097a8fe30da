#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fuzzes each target (or those named) for SECONDS; `make fuzz T=SECONDS` builds what this needs.
# usage: tests/fuzz/run.sh BUILD SECONDS [TARGET…]
# What is learnt stays in BUILD/fuzz/TARGET/corpus, what is found lies in BUILD/fuzz/TARGET/found.
# Exit 1: something was found.
set -eu
build=$1 seconds=$2
shift 2
targets=${*:-gguf protocol}
failed=0
for target in $targets; do
    dir=$build/fuzz/$target
    rm -rf "$dir/seeds"
    mkdir -p "$dir/seeds" "$dir/corpus" "$dir/found"
    "$build/tests/check_fuzz_regress" --seeds "$target" "$dir/seeds"
    "$build/tests/check_fuzz_regress" --dictionary "$target" >"$dir/dictionary"
    echo "fuzzing $target for $seconds s (log: $dir/log)"
    # -timeout: seconds that one input may take; the memory limit is over what the sanitizers need.
    status=0
    "$build/tests/fuzz_$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 \
        -rss_limit_mb=2048 -malloc_limit_mb=512 -artifact_prefix="$dir/found/" \
        -dict="$dir/dictionary" -print_final_stats=1 "$dir/corpus" "$dir/seeds" \
        "tests/fuzz/regress/$target" >"$dir/log" 2>&1 || status=$?
    if grep -q 'libFuzzer: run interrupted' "$dir/log"; then
        echo "  interrupted"
    elif [ $status -ne 0 ]; then
        failed=1
        echo "  FOUND something: $(find "$dir/found" -type f -newer "$dir/dictionary" | tr '\n' ' ')"
        echo "  see it again: $build/tests/check_fuzz_regress --replay $target FILE"
        echo "  keep it, once it is fixed: cp FILE tests/fuzz/regress/$target/NAME"
    fi
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/log")
    last=$(grep -o 'cov: [0-9]* ft: [0-9]* corp: [0-9]*' "$dir/log" | tail -1)
    [ -n "$executions" ] || { tail -5 "$dir/log"; echo "  $target did not run"; failed=1; continue; }
    echo "  $executions executions; $last"
done
exit $failed
