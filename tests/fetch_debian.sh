#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Downloads Debian packages of another architecture and unpacks them as data: nothing is installed, and the
# system's own package lists stay as they are. A meta-package stands for what it depends on with --depends.
#   tests/fetch_debian.sh [--depends] ARCHITECTURE DIRECTORY PACKAGE…
set -eu
depends=
if [ "${1:-}" = --depends ]; then
    depends=yes
    shift
fi
[ $# -ge 3 ] || { echo "usage: tests/fetch_debian.sh [--depends] ARCHITECTURE DIRECTORY PACKAGE…" >&2; exit 2; }
arch=$1 target=$2
shift 2
for tool in apt-get apt-cache dpkg-deb; do
    command -v "$tool" >/dev/null || { echo "tests/fetch_debian.sh: no $tool: this is not a Debian system; unpack $* ($arch) into $target by hand" >&2; exit 77; }
done
mkdir -p "$target"
private=$(mktemp -d)
trap 'rm -rf "$private"' EXIT
mkdir -p "$private/state/lists/partial" "$private/cache/archives/partial" "$private/packages"
: >"$private/status"
apt=(-qq -o "Dir::State=$private/state" -o "Dir::State::status=$private/status" -o "Dir::Cache=$private/cache"
    -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o APT::Sandbox::User=root)
apt-get "${apt[@]}" update >"$private/log" 2>&1 || { cat "$private/log" >&2; echo "tests/fetch_debian.sh: no package lists for $arch" >&2; exit 1; }
names=("$@")
if [ -n "$depends" ]; then
    names=()
    for package in "$@"; do
        name=$(apt-cache "${apt[@]}" depends --no-recommends --no-suggests "$package" | sed -n 's/^ *Depends: //p' | head -1)
        [ -n "$name" ] || { echo "tests/fetch_debian.sh: $package depends on nothing" >&2; exit 1; }
        names+=("$name")
    done
fi
(cd "$private/packages" && apt-get "${apt[@]}" download "${names[@]}" >"$private/log" 2>&1) ||
    { cat "$private/log" >&2; echo "tests/fetch_debian.sh: ${names[*]} ($arch) cannot be downloaded" >&2; exit 1; }
for file in "$private"/packages/*.deb; do
    dpkg-deb -x "$file" "$target"
    echo "  unpacked $(basename "$file") into $target"
done
