#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the filter engine over fail2ban's own sample logs, as its Debian package installs them. Other versions:
# CORPUS_LOGS, CORPUS_FILTERS and CORPUS_TEST_FILTERS name the folders.
set -eu

logs=${CORPUS_LOGS:-/usr/lib/python3/dist-packages/fail2ban/tests/files/logs}
filters=${CORPUS_FILTERS:-/etc/fail2ban/filter.d}
own=${CORPUS_TEST_FILTERS:-/usr/lib/python3/dist-packages/fail2ban/tests/config/filter.d}

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
"${CORPUS:-./corpus}" "$@" "$logs" "$filters" "$dir"
# and once more behind the literal gate, which must change nothing
"${CORPUS:-./corpus}" -g "$@" "$logs" "$filters" "$dir"
