#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Root may hold the guard for the time of a large change (src/enforce/hold.h): it is deaf meanwhile, and repairs everything
# afterwards. Nobody else can, nobody can for ever (PB_LONG=1 waits for that: half a minute), and an innocent hold says nothing.
# alone: back within 100 ms
. "$(dirname "$0")/service.inc"
netns_new server
whole() { hooked && kernel_has 203.0.113.7; }
hold() { # SECONDS [USER]
	rm -f "$T/held"
	python3 "$here/hold.py" "$T/run/hold" "$@" >"$T/held" &
	holder=$!
	started $holder
	wait_for 3 test -s "$T/held"
}
release() {
	kill "${1:--TERM}" $holder
	wait $holder 2>/dev/null
}

for backend in ipset nftables; do
	rm -rf "$T/run"
	mkdir -p "$T/run"
	"$drive" limits "$T/run/limits" uid=0 backend=$backend
	enforcer_alone
	d ban 600 203.0.113.7
	ok "$backend: hook and ban are there" within 1000 whole

	hold 60
	is "$backend: root can hold" held "$(cat "$T/held")"
	is "$backend: one at a time" refused "$(python3 "$here/hold.py" "$T/run/hold" 1)"
	in_server nft flush ruleset
	ok "$backend: held, the guard is deaf" eval '! within 700 hooked'
	release
	ok "$backend: released: hook and ban are back within 100 ms" within 100 whole
	ok "$backend: and root is asked to look at the base ruleset" within 100 test -e "$T/run/ruleset/lost"
	ok "$backend: the log says so" within 1000 grep -q 'hook was taken away and is back (by an unknown program' "$T/log"
	in_server nft flush ruleset
	ok "$backend: it listens again" within 100 whole

	hold 60
	in_server nft flush ruleset
	release -KILL
	ok "$backend: a holder that was killed: back within 100 ms" within 100 whole
	hold 60
	if [ $backend = ipset ]; then in_server ipset flush; else in_server nft flush set inet pptpban ban4; fi
	release
	ok "$backend: entries that went meanwhile are back within a second" within 1000 whole

	sleep 0.5
	lines=$(wc -l <"$T/log")
	rm -f "$T/run/ruleset/lost"
	for _ in 1 2 3 4 5 6 7; do
		hold 60
		[ $backend = nftables ] || in_server nft add table ip of_somebody_else
		release
	done
	sleep 0.3
	is "$backend: seven holds of others' business: not a word" "" "$(tail -n +$((lines + 1)) "$T/log")"
	is "$backend: nor a problem" "hooked=1" "$(d status | grep -o hooked=.)"

	is "$backend: a stranger cannot hold" refused "$(python3 "$here/hold.py" "$T/run/hold" 1 65533)"
	chmod 666 "$T/run/hold"
	hold 5 65533
	is "$backend: not even where anybody may knock" refused "$(cat "$T/held")"
	ok "$backend: he is told of" grep -q 'refused a hold of user 65533' "$T/log"
	in_server nft flush ruleset
	ok "$backend: and was listened to nevertheless" within 100 whole
	wait $holder 2>/dev/null

	if [ -n "${PB_LONG:-}" ]; then
		hold 60
		in_server nft flush ruleset
		before=$(ms)
		ok "$backend: a hold ends by itself" within 35000 grep -q over "$T/held"
		took=$(($(ms) - before))
		is "$backend: after half a minute ($took ms)" yes "$([ $took -gt 29000 ] && [ $took -lt 31500 ] && echo yes)"
		ok "$backend: and all is repaired" within 200 whole
		ok "$backend: which the log says" grep -q 'a hold of 30 s is over' "$T/log"
		wait $holder 2>/dev/null
	fi
	enforcer_alone_stop
	in_server nft flush ruleset
	in_server ipset destroy 2>/dev/null
done

# the guard of silent connections listens as well
watched() { in_server nft list table inet pptpban_connguard 2>/dev/null | grep -q 'log'; }
: >"$T/log"
ip netns exec "$server" "$PB_BUILD/pptpban-connguard" --limits "$T/run/limits" --stats "$T/run/connguard" --user nobody 2>>"$T/log" &
pid=$!
started $pid
ok "connguard: its rule is in" within 5000 watched
rm -f "$T/held"
python3 "$here/hold.py" "$T/run/hold-connguard" 60 >"$T/held" &
holder=$!
started $holder
wait_for 3 test -s "$T/held"
is "connguard: root can hold it" held "$(cat "$T/held")"
is "connguard: nobody else can" refused "$(python3 "$here/hold.py" "$T/run/hold-connguard" 1 65533)"
in_server nft flush ruleset
ok "connguard: held, it is deaf" eval '! within 700 watched'
release
ok "connguard: released: its rule is back" within 200 watched
sleep 1
in_server nft flush ruleset
ok "connguard: it listens again" within 1000 watched
# mutants: one that does not listen puts nothing back; and one that is not held is not deaf for a moment
kill -STOP $pid
in_server nft flush ruleset
ok "connguard, mutant: stopped, its rule stays away" eval '! within 700 watched'
kill -CONT $pid
ok "connguard, mutant: not held, it is not deaf" within 700 watched
kill $pid
wait $pid
