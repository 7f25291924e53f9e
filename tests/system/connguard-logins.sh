#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long a login at a real pptpd takes beside clients that connect and say nothing, with and without the guard.
# PB_LONG=1: without it beside 10 and 100, too.
# alone: it measures time
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/connguard.inc"

# median LOGINS: the middle one and the worst of so many logins, with a pause between them; nobody waits longer than 25 s
median() {
	for _ in $(seq 1 "$1"); do
		login 25
		sleep 0.2
	done | sed 's/never/99999/' | sort -n |
		awk '{ v[NR] = $1 } END { m = v[int((NR + 1) / 2)]; w = v[NR]
			printf "%s %s", (m > 9999 ? "never" : m), (w > 9999 ? "never" : w) }'
}
row() { # GUARD COUNT SOURCES LOGINS
	pptpd_fresh
	if [ "$2" -gt 0 ]; then
		# shellcheck disable=SC2086
		if [ "$3" = one ]; then crowd_start "$2" 10.9.1.1; else crowd_start "$2" $many; fi
	fi
	set -- "$@" "$(median "$4")"
	[ "$2" -eq 0 ] || crowd_stop
	printf '# %-6s %7s %8s   %8s %8s\n' "$1" "$2" "$3" "${5% *}" "${5#* }"
	middle=${5% *} worst=${5#* }
}

echo "# seconds until a login is answered, beside connections that say nothing and come again whenever they are ended:"
printf '# %-6s %7s %8s   %8s %8s\n' guard silent from middle worst
row no 0 - 3
ok "alone a login is answered at once" at_most "$worst" 1
for n in 1 ${PB_LONG:+10 100}; do # these wait for what never comes
	row no $n many 1
	ok "without the guard $n silent hold it up for many seconds" at_least "$middle" 7
done
guard_start
row yes 0 - 3
ok "with the guard and alone: at once" at_most "$worst" 1
for n in 1 10 100; do
	for from in one many; do
		row yes $n $from 7
		ok "$n silent from $from: half of the logins within $((n > 1 ? 7 : 2)) s" at_most "$middle" $((n > 1 ? 7 : 2))
	done
done
ok "each was said, with its address" \
	grep -q '^pptpban-connguard: silent connection from 10\.9\.1\.[0-9]* ended after [01]\.[0-9] s$' "$T/guard.log"
is "and an honest one never was" 0 "$(grep -c "from $honest" "$T/guard.log")"
guard_stop

pptpd_fresh
guard_start backend=none # says so and ends nothing, like a kernel that cannot
row none 1 one 1
ok "mutant: where connections are not ended, one silent holds up a login" at_least "$middle" 7
guard_stop
true
