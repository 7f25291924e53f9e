#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban, as root, asks a watcher that is somebody else's: no answer may reach the terminal as a command, crash it, or
# take its memory.
. "$(dirname "$0")/lib.sh"
need_commands python3
here=$(cd "$(dirname "$0")" && pwd)
pptpban=$PB_BUILD/pptpban
# what a terminal would obey: control characters of both sets, changes of direction
obeyed() { LC_ALL=C grep -c -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' "$@"; }
printf 'a\033[2Jb\n' >"$T/escape"
is "mutant: an escape is seen" 1 "$(obeyed "$T/escape")"

for kind in $(python3 "$here/privilege-answers.py" kinds); do
	mkdir "$T/$kind"
	python3 "$here/privilege-answers.py" "$T/$kind" "$kind" &
	server=$!
	started $server
	wait_for 10 test -S "$T/$kind/control.sock"
	for verb in list "list --json" "list --plain" status "status --json" "why 192.0.2.1" "why 192.0.2.1 --json" "ban 192.0.2.1" \
		"unban 192.0.2.1" metrics users "users --plain"; do
		# shellcheck disable=SC2086
		(ulimit -v 400000 && timeout 20 "$pptpban" $verb --runtime "$T/$kind") >"$T/out" 2>&1 </dev/null
		code=$?
		is "$kind: $verb: ends by itself, nothing for a terminal to obey" "yes 0" \
			"$([ $code -lt 124 ] && echo yes || echo "code $code") $(obeyed "$T/out")"
	done
	kill $server
done
