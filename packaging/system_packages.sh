#!/bin/sh
# Checks the system libraries that Qt needs; as root on Debian or Ubuntu, installs the missing ones.
set -eu

[ "$(uname -s)" = Linux ] || exit 0

# library that Qt loads = Debian package that holds it
needed="libEGL.so.1=libegl1 libGL.so.1=libgl1 libxkbcommon.so.0=libxkbcommon0
libxkbcommon-x11.so.0=libxkbcommon-x11-0 libdbus-1.so.3=libdbus-1-3
libfontconfig.so.1=libfontconfig1 libxcb-cursor.so.0=libxcb-cursor0
libxcb-icccm.so.4=libxcb-icccm4 libxcb-keysyms.so.1=libxcb-keysyms1
libxcb-shape.so.0=libxcb-shape0 libxcb-image.so.0=libxcb-image0
libxcb-render-util.so.0=libxcb-render-util0 libxcb-xkb.so.1=libxcb-xkb1"

known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
missing=""
for pair in $needed; do
    case "$known" in
        *"${pair%%=*} "*) ;;
        *) missing="$missing ${pair##*=}" ;;
    esac
done
# Fonts are data, not a library: without any, offscreen windows and figures show empty boxes.
if [ -z "$(find /usr/share/fonts /usr/local/share/fonts -name '*.[ot]tf' 2>/dev/null | head -n 1)" ]; then
    missing="$missing fonts-dejavu-core"
fi
# The tests run the window on a real X server and the case store on a real PostgreSQL server.
if [ "${1:-}" = --for-tests ]; then
    command -v Xvfb >/dev/null 2>&1 || missing="$missing xvfb"
    command -v xauth >/dev/null 2>&1 || missing="$missing xauth" # xvfb-run ends without it
    [ -n "$(command -v initdb || find /usr/lib/postgresql -name initdb 2>/dev/null)" ] ||
        missing="$missing postgresql"
fi

# The installed program is built with these.
if [ "${1:-}" = --with-binutils ]; then
    command -v readelf >/dev/null 2>&1 || missing="$missing binutils"
    command -v gcc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
fi
if [ "${1:-}" = --with-makeself ]; then
    command -v makeself >/dev/null 2>&1 || missing="$missing makeself"
fi

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing system packages:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # the list is meant to be split into words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "These system packages are missing; install them and run the command again:$missing" >&2
    exit 1
fi
