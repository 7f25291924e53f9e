#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A base ruleset of iptables-legacy, whose changes the kernel announces to nobody: who takes rules out of its tables is
# noticed within a second while there are bans, and root is asked. Not where no such ruleset stands, and not without bans.
# alone: asked within a second
. "$(dirname "$0")/service.inc"
need_commands iptables-legacy ip6tables-legacy
netns_new server
in_server iptables-legacy -t raw -S >/dev/null 2>&1 || skip_all "needs iptables-legacy"
asked() { [ -e "$T/run/ruleset/lost" ]; }
in_a_second() { # COMMAND...: is root asked?
	sleep 0.6 # what was before is known
	rm -f "$T/run/ruleset/lost"
	in_server "$@"
	_began=$(ms)
	within 1000 asked && echo "# $*: asked after $(($(ms) - _began)) ms" || return 1
}
not_in_a_second() { ! in_a_second "$@"; }
rules() { # as the firewall makes them, and some of somebody else
	for t in iptables-legacy ip6tables-legacy; do
		in_server $t -N PPTPBAN-IN
		in_server $t -A PPTPBAN-IN -p tcp --dport 1723 -j ACCEPT
		in_server $t -A INPUT -j PPTPBAN-IN
		in_server $t -t raw -A PREROUTING -p udp --dport 9 -j ACCEPT
	done
}
start() {
	enforcer_alone
	wait_for 5 eval '[ "$(grep -c "locked in" "$T/log")" = 2 ]'
}
stop() { enforcer_alone_stop; }
guard() { pgrep -P $pid -x pptpban-hookgua; }

for backend in ipset nftables; do
	rm -rf "$T/run"
	mkdir -p "$T/run/ruleset"
	"$drive" limits "$T/run/limits" uid=0 backend=$backend
	printf '\011' >"$T/run/ruleset/legacy" # raw and filter
	rules
	start
	ok "$backend: without bans: nobody looks" not_in_a_second iptables-legacy -t raw -F
	wakeups() { for p in $pid $(guard); do awk '/^voluntary_ctxt_switches/ { print $2 }' /proc/$p/status; done | tr '\n' ' '; }
	sleep 1
	before=$(wakeups)
	sleep 2
	is "$backend: nor wakes up" "$before" "$(wakeups)"
	d ban 600 203.0.113.7
	ok "$backend: iptables-legacy -F: root is asked within a second" in_a_second iptables-legacy -F
	ok "$backend: and the log says so" within 1000 grep -q 'rules were taken out of the base ruleset.*(by an unknown program' "$T/log"
	ok "$backend: ip6tables-legacy -F too" in_a_second ip6tables-legacy -F
	ok "$backend: the ban is none of theirs" sh -c "'$drive' '$T/run/socket' status | grep -q hooked=1"
	lines=$(wc -l <"$T/log")
	ok "$backend: nothing changes: nobody is asked" not_in_a_second true
	ok "$backend: more rules, as of a foreign restore: root has a look" in_a_second iptables-legacy -A INPUT -p udp --dport 7 -j DROP
	is "$backend: but nothing is said of it" "$lines" "$(wc -l <"$T/log")"
	ok "$backend: a table in which nothing of ours stands is none of our business" not_in_a_second iptables-legacy -t mangle -A INPUT -p udp --dport 7
	kill -STOP "$(guard)"
	ok "$backend: mutant: blind: not asked" not_in_a_second iptables-legacy -D INPUT 1
	kill -CONT "$(guard)"
	ok "$backend: seeing again: asked" within 1000 asked

	stop # a fresh one, for it asks ever more slowly
	start
	# the firewall changes it while it holds the guard: that is no loss
	rm -f "$T/held"
	python3 "$(dirname "$0")/hold.py" "$T/run/hold" 60 >"$T/held" &
	holder=$!
	started $holder
	wait_for 3 grep -q held "$T/held"
	lines=$(wc -l <"$T/log")
	in_server iptables-legacy -t raw -A PREROUTING -p udp --dport 9 -j ACCEPT
	in_server ip6tables-legacy -t raw -F
	sleep 1
	kill $holder
	wait $holder 2>/dev/null
	sleep 0.7
	is "$backend: a change by who holds the guard: not a word" "$lines" "$(wc -l <"$T/log")"
	ok "$backend: but what stands then is what is looked after" in_a_second iptables-legacy -t raw -F
	# without a hold: the file is written anew
	lines=$(wc -l <"$T/log")
	rm "$T/run/ruleset/legacy"
	in_server iptables-legacy -F
	sleep 0.6
	printf '\011' >"$T/run/ruleset/legacy"
	sleep 0.6
	is "$backend: a change by the firewall: not a word" "$lines" "$(wc -l <"$T/log")"
	stop

	# mutants: the same two changes, with the guard not looking but neither held nor told of: both are losses
	start
	for change in "ip6tables-legacy -t raw -F" "iptables-legacy -F"; do
		rules 2>/dev/null
		sleep 0.7
		rm -f "$T/run/ruleset/lost"
		lines=$(wc -l <"$T/log")
		kill -STOP "$(guard)"
		in_server $change
		kill -CONT "$(guard)"
		ok "$backend, mutant: $change, without a hold or a new file: asked" within 1000 asked
		ok "$backend, mutant: $change: and said" within 1000 eval '[ "$(wc -l <"$T/log")" -gt '"$lines"' ]'
	done
	stop

	rm "$T/run/ruleset/legacy"
	in_server iptables-legacy -t raw -A PREROUTING -p udp --dport 9 -j ACCEPT
	start
	d ban 600 203.0.113.7
	ok "$backend: no base ruleset of iptables-legacy: nobody looks" not_in_a_second iptables-legacy -t raw -F
	stop
	in_server nft flush ruleset
	in_server ipset destroy 2>/dev/null
	for t in iptables-legacy ip6tables-legacy; do
		for table in filter raw mangle; do
			in_server $t -t $table -F
			in_server $t -t $table -X
		done
	done
done
