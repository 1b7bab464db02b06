#!/bin/sh
# Renders k8s/base and every overlay with kustomize and decodes the objects strictly (main.go). Then the checks
# themselves: a manifest with a mistake must be refused.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
"$top/.ci/go" install
tools=$("$top/.ci/go" path)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$top/tests/k8s" && "$top/.ci/go" build -mod=readonly -o "$work/check" .)

for folder in "$top"/k8s/base "$top"/k8s/overlays/*; do
    name=$(basename "$folder")
    "$tools/kustomize" build "$folder" >"$work/$name.yaml"
    printf '%s: ' "$name"
    "$work/check" <"$work/$name.yaml"
done

# refuses NAME SED-SCRIPT MESSAGE: the mistake made by the script is found and named.
refuses() {
    sed "$2" "$work/$1.yaml" >"$work/bad.yaml"
    if cmp -s "$work/$1.yaml" "$work/bad.yaml"; then echo "the script $2 changes nothing"; exit 1; fi
    if "$work/check" <"$work/bad.yaml" >"$work/said"; then echo "accepted after $2"; exit 1; fi
    grep -q "$3" "$work/said" || { echo "after $2 it said:"; cat "$work/said"; exit 1; }
}
refuses base 's/periodSeconds: 10/periodSecond: 10/' 'unknown field'
refuses base 's/readOnlyRootFilesystem/readonlyRootFilesystem/' 'unknown field'
refuses base 's/replicas: 2/replicas: two/' 'replicas'
refuses base 's/secretName: millrace/secretName: other/' 'no Secret other'
refuses base 's/terminationGracePeriodSeconds: 40/terminationGracePeriodSeconds: 20/' 'leaves no time'
refuses base 's/port: admin/port: web/' 'a probe asks port web'
refuses sidecar 's/restartPolicy: Always//' 'no native sidecar'
refuses sidecar '/podSelector:/,/policyTypes/s/taxi-app/taxi/' 'selects no pod'
echo "every mistake is refused"
