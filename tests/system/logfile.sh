#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Log files that are followed live and after restarts, through every kind of rotation: no line lost, none twice.
# alone: it measures time
. "$(dirname "$0")/lib.sh"
need_commands python3 setpriv

python3 "$PB_SRC/tests/system/rotate.py" "$PB_BUILD/source-dump" "$T" >"$T/report" 2>&1
is "every scenario was played" 0 "$(grep -c -i -e '^Traceback' -e 'never caught up' "$T/report")"
while read -r verdict what; do
	is "$what" ok "$verdict"
done <"$T/report"
is "scenarios" yes "$([ "$(grep -c '^ok' "$T/report")" -ge 32 ] && echo yes || echo no)"
