#!/bin/sh
# same_hash.sh ONE OTHER: two builds of the simulator must give the same traces. A build that is missing fails.
set -eu
one=$("$1" --seeds 100 --hash)
other=$("$2" --seeds 100 --hash)
echo "$1: $one"
echo "$2: $other"
[ -n "$one" ] && [ "$one" = "$other" ]
