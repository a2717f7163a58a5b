#!/usr/bin/env sh
# Collects the texts of app/ and rostfine_core/ into the translation files and compiles them
# (tools of PySide6). The literals of Message() and marked() stand in the context without a name.
set -eu
cd "$(dirname "$0")/../.."
tools=$(${PYTHON:-.venv/bin/python} -c "import PySide6; print(PySide6.__path__[0])")
find app rostfine_core -name '*.py' | sort > build-translations.txt
trap 'rm -f build-translations.txt' EXIT
"$tools/lupdate" @build-translations.txt -tr-function-alias QT_TR_NOOP+=Message,QT_TR_NOOP+=marked \
    -ts resources/translations/rostfine_ja.ts -target-language ja -no-obsolete -locations none
"$tools/lrelease" resources/translations/rostfine_ja.ts -qm resources/translations/rostfine_ja.qm
