#!/bin/sh
# usage: k8s/rootfs.sh BINARY OUT
#
# Assembles in OUT (which must not exist) everything the image holds: the binary, the shared libraries it is linked to,
# the certificate authorities, a user. No shell, no package manager. Each package's licence comes along.
# Run on the Debian 12 that built the binary; root is not needed.
set -eu
[ $# = 2 ] || { echo "usage: $0 BINARY OUT" >&2; exit 2; }
binary=$1 out=$2
[ ! -e "$out" ] || { echo "$0: $out exists already" >&2; exit 1; }
authorities=/etc/ssl/certs/ca-certificates.crt
[ -s "$authorities" ] || { echo "$0: no $authorities: install ca-certificates" >&2; exit 1; }

umask 022
mkdir -p "$out/usr/bin" "$out/usr/lib" "$out/usr/lib64" "$out/etc/ssl/certs" "$out/etc/millrace" "$out/run/secrets" "$out/tmp"
chmod 1777 "$out/tmp"
ln -s usr/bin "$out/bin"
ln -s usr/lib "$out/lib"
ln -s usr/lib64 "$out/lib64"
install -m 755 "$binary" "$out/usr/bin/millrace"
strip --strip-debug "$out/usr/bin/millrace"

# "libx.so.1 => /lib/…/libx.so.1 (0x…)" and the loader, "/lib64/ld-linux-… (0x…)".
libraries=$(ldd "$binary" | sed -n 's/.*=> *//; s/^[[:space:]]*\(\/[^ ]*\) (0x.*$/\1/p')
if ldd "$binary" | grep 'not found' >&2; then exit 1; fi
for library in $libraries; do
    mkdir -p "$out$(dirname "$library")"
    install -m 755 "$(realpath "$library")" "$out$library"
    package=$(dpkg-query -S "$(realpath "$library")" 2>/dev/null | head -n 1 | cut -d: -f1)
    [ -n "$package" ] || continue
    mkdir -p "$out/usr/share/doc/$package"
    cp -L "/usr/share/doc/$package/copyright" "$out/usr/share/doc/$package/" 2>/dev/null || true
done

install -m 644 "$authorities" "$out$authorities"
echo 'millrace:x:65532:65532:Millrace:/nonexistent:/sbin/nologin' >"$out/etc/passwd"
echo 'millrace:x:65532:' >"$out/etc/group"
echo 'hosts: files dns' >"$out/etc/nsswitch.conf"
