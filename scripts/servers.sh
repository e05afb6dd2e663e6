#!/bin/bash
# Unpacks server packages of another Debian suite beside the system: nothing is installed, nothing needs root.
#
#   scripts/servers.sh SUITE [FOLDER] PACKAGE...
#   scripts/servers.sh sid .servers/sid redis-server redis-tools valkey-server    # Redis 8.0, Valkey 9.1
#   scripts/servers.sh trixie redis-server valkey-server                         # into .servers/trixie
#   scripts/servers.sh experimental redis-server redis-tools                     # Redis 8.6
#
# FOLDER (named with a slash; default .servers/SUITE) then has bin/NAME: wrappers that exec each binary with
# the C library of its own suite, so that the process that is started is the server itself.
set -euo pipefail

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[[ $# -ge 2 ]] || usage
suite=$1; shift
folder=$(dirname "$0")/../.servers/$suite
if [[ $1 == */* ]]; then folder=$1; shift; fi
[[ $# -ge 1 ]] || usage
mkdir -p "$folder/bin"
folder=$(cd "$folder" && pwd)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/lists/partial" "$scratch/archives/partial"
: >"$scratch/status"
mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)
# Experimental has only what is newer than sid: the rest comes from there.
for one in "$suite" $([[ $suite == experimental ]] && echo sid); do
  echo "deb ${mirror:-http://deb.debian.org/debian} $one main" >>"$scratch/sources.list"
done

# An apt of our own: its lists, its (empty) idea of what is installed, its cache. The system's is untouched.
apt() {
  apt-get -qq -o Dir::Etc::SourceList="$scratch/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$scratch/lists" -o Dir::State::Status="$scratch/status" \
    -o Dir::Cache="$scratch" -o Dir::Cache::Archives="$scratch/archives" -o Debug::NoLocking=true \
    -o APT::Default-Release="$suite" -o APT::Sandbox::User="$(id -un)" -o APT::Install-Recommends=false -o Acquire::Languages=none "$@"
}
apt update

# What the packages depend on, less what only the installation of a system service needs.
wanted=$(apt -y --print-uris install "$@" | awk '{ split($2, part, "_"); print part[1] }' | sort -u |
  grep -E '^(lib|lua|zlib|redis|valkey|openssl)' |
  grep -vE '^lib(pam|perl|apt|db5|audit|acl1|attr|mount|blkid|uuid|semanage|sepol|passwd|smartcols|selinux|crypt-dev)')
(cd "$scratch/archives" && apt download libc6 $wanted)
for package in "$scratch"/archives/*.deb; do dpkg-deb -x "$package" "$folder"; done

libraries=$(find "$folder" -type d -path '*/lib/*-linux-gnu*' -maxdepth 4 | paste -sd :)
loader=$(find "$folder" -name 'ld-linux-*.so.*' | head -n 1)
for binary in "$folder"/usr/bin/{redis,valkey}-*; do
  [[ -f $binary ]] || continue
  printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$libraries" "$binary" \
    >"$folder/bin/${binary##*/}"
  chmod +x "$folder/bin/${binary##*/}"
done
ls "$folder/bin"
