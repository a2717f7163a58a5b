#!/bin/sh
# Installs the unpacked program: for everyone if root runs it, otherwise for this user alone.
set -eu
umask 022

name=rostfine-assist
glibc_floor=2.36 # check_bundle.py's, which make_archive.py compares

usage() {
    cat <<'END'
Installs RoSTFine Assist: for everyone in /usr/local if root runs it, otherwise for you alone in
~/.local. A version that is there already is replaced; settings, logs and reports are kept.

  --prefix DIR   another folder for lib, bin and share
  --help         this text

To an archive the options are given after two dashes: sh rostfine-assist-...run -- --prefix DIR
END
}

fail() {
    echo "RoSTFine Assist was not installed: $1" >&2
    exit 1
}

if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) [ $# -ge 2 ] || fail "--prefix needs a folder."; prefix=$2; shift 2 ;;
        --help) usage; exit 0 ;;
        *) fail "$1 is no option; --help names them." ;;
    esac
done
case $prefix in /*) ;; *) fail "--prefix needs a path that begins with /." ;; esac

here=$(cd "$(dirname "$0")" && pwd)
program=$prefix/lib/$name

[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] ||
    fail "it runs on Linux on 64-bit Intel and AMD processors; this is $(uname -s) on $(uname -m)."
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2 || true)
[ "$(printf '%s\n' "$glibc_floor" "${glibc:-0}" | sort -V | head -n 1)" = "$glibc_floor" ] ||
    fail "it needs glibc $glibc_floor or newer (as Debian 12 or Ubuntu 24.04 has); this system has ${glibc:-none}."
for command in rostfine rostfine-app; do
    link=$prefix/bin/$command
    if [ -e "$link" ] || [ -L "$link" ]; then
        [ "$(readlink "$link")" = "$program/$command" ] ||
            fail "$link is there and belongs to something else: move it away, or give another --prefix."
    fi
done
if [ -e "$program" ] && [ ! -e "$program/installed-files" ]; then
    fail "$program is there and was not installed by this archive: move it away, or give another --prefix."
fi
mkdir -p "$prefix/lib" "$prefix/bin" "$prefix/share" 2>/dev/null || true
for folder in lib bin share; do
    [ -w "$prefix/$folder" ] ||
        fail "$prefix/$folder cannot be written to: give another --prefix, or run it as root."
done

# The new version is whole before the old one goes.
rm -rf "$program.new" "$program.old"
mv "$here/$name" "$program.new" || { rm -rf "$program.new"; fail "is there room in $prefix?"; }
cp "$here/remove.sh" "$program.new/remove.sh"
: > "$program.new/installed-files" # by which a set-up that was cut off knows its own folder
if [ -e "$program" ]; then
    while read -r file; do
        rm -f "$file"
    done < "$program/installed-files"
    mv "$program" "$program.old"
fi
mv "$program.new" "$program"
rm -rf "$program.old"

for command in rostfine rostfine-app; do
    ln -sf "$program/$command" "$prefix/bin/$command"
    echo "$prefix/bin/$command"
done > "$program/installed-files"
(cd "$here/share" && find . -type f) | while read -r file; do
    place=$prefix/share/${file#./}
    mkdir -p "$(dirname "$place")"
    # The menu does not look into every folder of commands.
    case $file in
        *.desktop) sed "s|^Exec=rostfine-app|Exec=\"$program/rostfine-app\"|" "$here/share/$file" ;;
        *) cat "$here/share/$file" ;;
    esac > "$place"
    echo "$place"
done >> "$program/installed-files"
update-desktop-database "$prefix/share/applications" >/dev/null 2>&1 || true

echo "RoSTFine Assist is installed in $program."
echo "Start it from the menu, or with $prefix/bin/rostfine-app."
echo "Remove it with: sh $program/remove.sh"
told=$(QT_QPA_PLATFORM=offscreen "$program/rostfine-app" --probe 2>&1) ||
    echo "The window does not start yet: $told" >&2
