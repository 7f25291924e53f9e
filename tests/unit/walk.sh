#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The walk from a log line to a tested filter, as pptpban-filters(5) shows it: runs each command of it and compares what
# is printed with what the page says is printed. Only seconds may differ.
set -u
srcdir=${srcdir:-.}
build=$PWD
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-walk-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0
export TZ=UTC
unset NO_COLOR
printf '[pptpban]\nfilter_dirs = %s/filters\n' "$(cd "$srcdir" && pwd)" >"$T/pptpban.conf"
pptpban() { "$build/pptpban" "$1" --config "$T/pptpban.conf" "${@:2}"; }

seconds() { sed 's/[0-9]*\.[0-9]\{3\} s/N s/'; }

# The displays behind the mark, as they are read: \e is a backslash, \& nothing.
awk '/^\.\\" walk:/ { marked = 1 } /^\.Ed/ { on = marked = 0 } on { print } /^\.Bd/ && marked { on = 1 }' \
	"$srcdir/man/pptpban-filters.5" | sed -e 's/\\&//g' -e 's/\\e/\\/g' >"$T/walk"

commands=0
cd "$T" || exit 1
run() { # runs $command and compares with $expected
	[ -n "$command" ] || return 0
	commands=$((commands + 1))
	eval "$command" >"$T/out" 2>&1
	seconds <"$T/out" >"$T/is"
	printf '%s' "$expected" | seconds >"$T/should"
	cmp -s "$T/is" "$T/should" && return
	echo "the page says that this prints something else: $command"
	diff "$T/should" "$T/is"
	status=1
}
command= expected=
while IFS= read -r line; do
	case $line in
	'$ '*)
		run
		command=${line#??} expected=
		;;
	'> '*) command+=$'\n'${line#??} ;;
	*) expected+=$line$'\n' ;;
	esac
done <"$T/walk"
run
[ "$commands" -ge 7 ] || { echo "$commands commands found in the page: is the mark still there?"; status=1; }
exit $status
