#!/bin/sh
# usage: tests/fuzz/run.sh SECONDS [JOBS]    Runs every target of the fuzz preset for so long, JOBS at once.
#
# Begins with the kept corpus and with what earlier runs found, in build/fuzz/corpus. A finding is an input left in
# build/fuzz/findings; it fails the run. To see it again: build/fuzz/bin/fuzz_TARGET build/fuzz/findings/FILE.
set -u
cd "$(dirname "$0")/../.."
build=build/fuzz

one() {
    target=$1 seconds=$2
    log=$build/logs/$target.log
    mkdir -p "$build/corpus/$target" "$build/findings" "$build/logs"
    "$build/bin/fuzz_$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$build/findings/$target-" \
        "$build/corpus/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1
    code=$?
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    inputs=$(sed -n 's/.* corp: \([0-9]*\)\/.*/\1/p' "$log" | tail -1)
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-12s %12s runs %8s edges %6s inputs\n' "$target" "${runs:-?}" "${edges:-?}" "${inputs:-?}"
    [ $code = 0 ] && return
    echo "$target: failed, see $log"
    grep -E "not found|check failed|ERROR|runtime error|SUMMARY|Test unit written" "$log"
    # Where the run is nobody's to look into, its output is all that is left of the finding.
    finding=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
    [ -z "$finding" ] || { echo "as base64:"; base64 "$finding"; }
    return 1
}

case ${1:-} in
    --one) one "$2" "$3" ;;
    ''|*[!0-9]*) sed -n '2s/^# //p' "$0"; exit 2 ;;
    *)
        targets=$(ls tests/fuzz/*_fuzz.cc | sed 's:.*/\(.*\)_fuzz\.cc:\1:')
        echo "$targets" | xargs -P "${2:-1}" -I @ "$0" --one @ "$1" ;;
esac
