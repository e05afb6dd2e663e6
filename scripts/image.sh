#!/bin/bash
# Makes a container image out of a server program of this machine, for where none can be pulled. Nothing but
# the program and its libraries is in it, no shell either.
#
#   scripts/image.sh NAME [PROGRAM]
#   scripts/image.sh keywire-test
#   scripts/image.sh redis:8.0 .servers/sid/bin/redis-server
#
# PROGRAM is a binary, or a wrapper made by scripts/servers.sh; default: redis-server or valkey-server on the PATH.
set -euo pipefail

[[ $# -ge 1 ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
name=$1
program=${2:-$(command -v redis-server || command -v valkey-server)}
program=$(readlink -f "$program")

# A wrapper names the loader, the libraries' folders, and the binary.
loader=''
if [[ $(head -c 2 "$program") == '#!' ]]; then
  eval "set -- $(sed -n 's/^exec \(.*\) "\$@"$/\1/p' "$program")"
  loader=$1 folders=$3 program=$4
fi
interpreter=$(LC_ALL=C grep -aom 1 '/lib[0-9]*/ld-linux-[a-z0-9_-]*\.so\.[0-9]' "$program" | head -n 1)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
put() { install -D "$1" "$scratch/image$2"; }
# As ldd does, whose paths are kept: the loader looks there by itself, or is told to by LD_LIBRARY_PATH.
"${loader:-$interpreter}" ${loader:+--library-path "$folders"} --list "$program" |
  sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r library; do put "$library" "/lib/${library##*/}"; done
put "${loader:-$interpreter}" "$interpreter"
put "$program" /usr/bin/redis-server
# By the name by which an image of its own would have it.
ln -s redis-server "$scratch/image/usr/bin/valkey-server"
mkdir -p "$scratch/image/tmp" "$scratch/image/data"
chmod 1777 "$scratch/image/tmp" "$scratch/image/data"
tar -C "$scratch/image" -c . |
  docker import -c 'EXPOSE 6379' -c 'ENV LD_LIBRARY_PATH=/lib' -c 'WORKDIR /data' -c 'CMD ["redis-server"]' - "$name"
