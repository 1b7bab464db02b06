#!/bin/sh
# usage: tests/fuzz/run.sh BIN_FOLDER SECONDS    Runs every fuzz target for SECONDS each, from a corpus of a few examples.
# A finding is left in build/fuzz/findings and fails the run.
set -eu
bin=$1 seconds=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$root/build/fuzz/findings"

seed() { mkdir -p "$work/$1"; printf '%b' "$3" >"$work/$1/$2"; }
seed event object '{"a":1,"b":[{"c":2.50}],"d":"x","e":null}'
seed event array '[{"a":1},{"a":"\\u00e9"},3,[]]'
seed event lines '{"a":1}\n\n{"a":2}\r\nnot json\n'
seed answer azureml '\000\000\000{"Results":{"WebServiceOutput0":[1.5]}}'
seed answer string '\000\000\000"[1, NaN]"'
seed answer json '\001\000\000{"out":[{"x":[1,2]}]}'
seed subject ack '$JS.ACK.S.C.1.2.3.1700000000000000000.4'
seed subject event 'events.acme.trips'
mkdir -p "$work/config"
cp "$root/examples/taxi/millrace.yaml" "$work/config/"

failed=0
for target in event answer subject config; do
    echo "fuzz_$target: $seconds s"
    "$bin/fuzz_$target" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
        -artifact_prefix="$root/build/fuzz/findings/$target-" "$work/$target" >"$work/$target.log" 2>&1 || failed=1
    grep -E 'number_of_executed_units|ERROR|SUMMARY|Test unit written' "$work/$target.log" || tail -5 "$work/$target.log"
done
exit $failed
