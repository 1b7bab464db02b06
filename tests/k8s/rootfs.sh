#!/bin/sh
# usage: rootfs.sh BINARY
#
# What the image would hold, run without a container engine: assembled by the script the Dockerfile uses, entered with
# chroot as a user that is not root. Needs root (or sudo) for the chroot.
set -eu
binary=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
root=$work/root
sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
    command -v sudo >/dev/null || { echo "neither root nor sudo: cannot chroot"; exit 1; }
fi

"$top/k8s/rootfs.sh" "$binary" "$root"
enter="$sudo chroot --userspec=65532:65532 $root /usr/bin/millrace"
inside() { $enter "$@"; }

inside --version | tee "$work/version"
grep -q '^millrace [0-9]' "$work/version" || { echo "that is no version"; exit 1; }

mkdir -p "$root/run/secrets/millrace"
for key in endpoint-key nats-password; do
    printf 'replace-me' >"$root/run/secrets/millrace/$key"
    $sudo chown 0:65532 "$root/run/secrets/millrace/$key"  # as fsGroup does
    $sudo chmod 440 "$root/run/secrets/millrace/$key"
done
for config in "$top"/k8s/base/millrace.yaml "$top"/k8s/overlays/*/millrace.yaml; do
    install -m 444 "$config" "$root/etc/millrace/millrace.yaml"
    inside check --offline -c /etc/millrace/millrace.yaml
done
printf 'version: 1\nno_such_key: 1\n' >"$root/etc/millrace/bad.yaml"
status=0
inside check --offline -c /etc/millrace/bad.yaml >"$work/said" 2>&1 || status=$?
[ "$status" = 2 ] || { echo "a bad config gave exit code $status, not 2"; cat "$work/said"; exit 1; }

# At work: it finds a real server from in there, makes its streams, gets ready, and drains on SIGTERM.
nats-server -a 127.0.0.1 -p -1 --ports_file_dir "$work" -js -sd "$work/store" >"$work/nats.log" 2>&1 &
server=$!
# An endpoint that is there and publishes no signature.
mkdir "$work/endpoint"
python3 -u -m http.server --bind 127.0.0.1 --directory "$work/endpoint" 0 >"$work/endpoint.log" 2>&1 &
endpoint=$!
bridge=
trap 'kill $server $endpoint $bridge 2>/dev/null || true; wait; rm -rf "$work"' EXIT
ask() { python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' "$1" 2>/dev/null; }
eventually() {
    for _ in $(seq 100); do if "$@"; then return; fi; sleep 0.1; done
    echo "in vain: $*"
    cat "$work"/*.log
    exit 1
}
has_ports() { url=$(sed -n 's/.*"nats":\["\([^"]*\)".*/\1/p' "$work"/*.ports 2>/dev/null) && [ -n "$url" ]; }
eventually has_ports
has_model() { model=$(sed -n 's#.*(\(http://[^/]*\)/).*#\1#p' "$work/endpoint.log") && [ -n "$model" ]; }
eventually has_model
admin=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed "s#nats://127.0.0.1:4222#$url#; s#listen: 0.0.0.0:9465#listen: $admin#; s#https://scoring.example.com#$model#" \
    "$top/k8s/overlays/sidecar/millrace.yaml" >"$root/etc/millrace/millrace.yaml"
inside setup --apply -c /etc/millrace/millrace.yaml
$enter run -c /etc/millrace/millrace.yaml 2>"$work/bridge.log" &  # no function: a signal is to reach it
bridge=$!
eventually ask "http://$admin/readyz"
kill -TERM $bridge
status=0
wait $bridge || status=$?
[ "$status" = 0 ] || { echo "exit code $status after SIGTERM"; cat "$work/bridge.log"; exit 1; }
grep -q '"event":"stopped"' "$work/bridge.log" || { echo "it never said that it stopped"; exit 1; }

# Nothing but what it needs: no shell, nothing it could write but /tmp, nothing set-uid.
for path in bin/sh usr/bin/env usr/bin/apt; do
    [ ! -e "$root/$path" ] || { echo "$path is in the image"; exit 1; }
done
writable=$(find "$root" ! -type l -perm -o+w ! -path "$root/tmp" -o -perm -u+s -o -perm -g+s)
[ -z "$writable" ] || { echo "writable or set-uid: $writable"; exit 1; }
echo "$(find "$root" -name '*.so*' | wc -l) libraries, $(du -sm "$root" | cut -f1) MB"
