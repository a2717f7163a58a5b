#!/bin/sh
# Removes the installed program that it lies in; settings, logs and reports are kept.
set -eu

program=$(cd "$(dirname "$0")" && pwd)
while read -r file; do
    rm -f "$file"
done < "$program/installed-files"
prefix=$(dirname "$(dirname "$program")")
update-desktop-database "$prefix/share/applications" >/dev/null 2>&1 || true
rm -rf "$program"
echo "RoSTFine Assist is removed; your settings, logs and reports are where they were."
