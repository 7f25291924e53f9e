#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the filter engine over fail2ban's own sample logs: run-corpus.sh [-v] [LOGS FILTERS [TEST-FILTERS]]. The folders are
# those of the installed Debian package, unless said; CORPUS_LOGS, CORPUS_FILTERS and CORPUS_TEST_FILTERS name them too.
set -eu

verbose=
[ "${1:-}" != -v ] || { verbose=-v; shift; }
case $# in
0 | 2 | 3) ;;
*) echo "usage: run-corpus.sh [-v] [LOGS FILTERS [TEST-FILTERS]]"; exit 2 ;;
esac
logs=${1:-${CORPUS_LOGS:-/usr/lib/python3/dist-packages/fail2ban/tests/files/logs}}
filters=${2:-${CORPUS_FILTERS:-/etc/fail2ban/filter.d}}
own=${3:-${CORPUS_TEST_FILTERS:-$logs/../../config/filter.d}}

for folder in "$logs" "$filters"; do
    [ $# = 0 ] || [ -d "$folder" ] || { echo "$folder: no such folder"; exit 2; }
done
if [ ! -d "$logs" ] || [ ! -d "$filters" ]; then
    echo "fail2ban with its tests is not installed (apt-get install fail2ban): nothing to judge by"
    exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# Its test filters include files of the folder that fail2ban was built in.
for f in "$own"/zzz-*.conf; do
    [ -e "$f" ] || continue
    sed 's#\(\.\./\)\{2,\}config/filter\.d/##' "$f" >"$dir/$(basename "$f")"
done
"${CORPUS:-./corpus}" $verbose "$logs" "$filters" "$dir"
# and once more behind the literal gate, which must change nothing
"${CORPUS:-./corpus}" -g $verbose "$logs" "$filters" "$dir"
