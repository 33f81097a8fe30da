#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copies files below a prefix and removes exactly these again. Run from the root by `make install`.
#   experiments/install.sh install ROOT <LIST     a line of LIST: MODE SOURCE DESTINATION (below ROOT)
#   experiments/install.sh uninstall ROOT
# ROOT is DESTDIR and PREFIX. What was made is kept in ROOT/share/inferometer/manifest: "f FILE", "d DIRECTORY"
# and "p N" (ROOT and N directories above it), directories only where they were not there before.
set -eu
what=${1:-} root=${2:-}
manifest=share/inferometer/manifest
say() { echo "experiments/install.sh: $*" >&2; }
[ $# = 2 ] && [ -n "$root" ] || { say "usage: install|uninstall ROOT"; exit 2; }

made=()
write_manifest() { # also of an installation that failed half-way
    if [ ${#made[@]} -gt 0 ] && [ -d "$root/share/inferometer" ]; then printf '%s\n' "${made[@]}" >"$root/$manifest"; fi
}

# make_directory PATH (below root, or "."): with its parents.
make_directory() {
    [ -d "$root/$1" ] && return
    if [ "$1" = . ]; then
        local above=$root missing=-1
        while [ ! -d "$above" ]; do
            above=$(dirname "$above")
            missing=$((missing + 1))
        done
        mkdir -p "$root"
        made+=("p $missing")
    else
        make_directory "$(dirname "$1")"
        mkdir "$root/$1"
        made+=("d $1")
    fi
}

remove() {
    local kind path above=$root
    [ -f "$root/$manifest" ] || return 1
    while read -r kind path; do # the last line first: directories after what lies in them
        case /$path/ in */../*) say "$root/$manifest: $path leads out of it"; exit 1 ;; esac
        case $kind in
        f) rm -f "$root/$path" ;;
        d) rmdir "$root/$path" 2>/dev/null || [ ! -d "$root/$path" ] || say "$root/$path: kept, others use it" ;;
        p)
            while rmdir "$above" 2>/dev/null && [ "$path" -gt 0 ]; do
                path=$((path - 1))
                above=$(dirname "$above")
            done
            ;;
        *) say "$root/$manifest: what is $kind?"; exit 1 ;;
        esac
    done < <(tac "$root/$manifest")
}

case $what in
install)
    remove || : # an older one
    trap write_manifest EXIT
    make_directory share/inferometer
    made+=("f $manifest")
    while read -r mode source destination; do
        make_directory "$(dirname "$destination")"
        install -m "$mode" "$source" "$root/$destination"
        made+=("f $destination")
    done
    ;;
uninstall)
    remove || { say "$root: nothing is installed here (no $manifest)"; exit 1; }
    ;;
*) say "$what: neither install nor uninstall"; exit 2 ;;
esac
