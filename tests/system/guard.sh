#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who takes the ban hook away gets it back within 100 ms and is named, in the log and in pptpban status; who does it again
# and again is answered slowly, told of, and never given up on. Mutant: a deaf guard.
# alone: it measures time
. "$(dirname "$0")/service.inc"
group=games
two_hosts 192.0.2.66
touch "$T/log"

last_repair() { ask status --json | jq -r ".enforcer.last_repair$1"; }
ticks() { for p; do awk '{ print $14 + $15 }' "/proc/$p/stat"; done | awk '{ s += $1 } END { print s }'; } # hundredths of a second
repairs() { ask status --json | jq .enforcer.repairs; }

for backend in ipset nftables; do
	rm -rf "$T/state"
	configure
	: >"$T/service.log"
	service_start
	ok "$backend: the enforcer is there" wait_for 5 enforced
	ask ban 192.0.2.66 >/dev/null
	ok "$backend: banned" wait_for 2 kernel_has 192.0.2.66
	is "$backend: nothing was repaired yet" null "$(last_repair '')"
	in_server nft flush ruleset
	ok "$backend: nft flush ruleset: hook and ban are back within 100 ms" within 100 eval 'hooked && kernel_has 192.0.2.66'
	wait_for 2 eval '[ "$(last_repair .what)" = hook ]'
	is "$backend: status names nft" yes "$(last_repair .culprit | grep -q '^nft (pid [0-9]*)$' && echo yes)"
	is "$backend: and for how long it was missing: less than 100 ms" true "$(last_repair '.missing < 0.1')"
	is "$backend: and when" true "$(last_repair ".time >= $(date +%s) - 10")"
	ok "$backend: in words" sh -c "'$pptpban' status --runtime '$T/run' | grep -q 'last repair .*: hook, taken away by nft (pid [0-9]*), missing for [0-9]* ms'"
	ok "$backend: the log says so" grep -q "hook was taken away and is back.*nft" "$T/service.log"

	# other firewalls, really run. They may sweep away anything, or leave us alone: we are there 100 ms later.
	if command -v iptables-nft >/dev/null; then
		before=$(repairs)
		in_server iptables-nft -A INPUT -p tcp --dport 9 -j DROP
		for command in "iptables-nft -F" "iptables-nft -X" "iptables-nft -t raw -F" "ip6tables-nft -F"; do
			in_server $command
			ok "$backend: $command: hook and ban are there 100 ms later" within 100 eval 'hooked && kernel_has 192.0.2.66'
		done
	fi
	sleep 11 # so much peace ends any suspicion of a fight

	# somebody deletes it as fast as he can
	e="$(enforcer) $(hookguard)"
	fight() {
		while :; do
			in_server nft flush ruleset
		done
	}
	before=$(repairs) put_off=$(ask status --json | jq .enforcer.put_off) cpu=$(ticks $e)
	lines=$(wc -l <"$T/service.log")
	fight 2>/dev/null &
	fighter=$!
	started $fighter
	sleep 8
	ask ban 203.0.113.9 >/dev/null
	named() { ask status --json | jq -r .enforcer.problem | grep -q 'keeps removing the hook; repairs are slowed down; it is nft (pid'; }
	named=$(within 5000 named && echo yes)
	cpu=$(($(ticks $e) - cpu)) lines=$(($(wc -l <"$T/service.log") - lines)) n=$(($(repairs) - before))
	kill $fighter
	wait $fighter 2>/dev/null
	is "$backend, a fight: repaired a few times, not a hundred ($n)" yes "$([ $n -ge 5 ] && [ $n -le 40 ] && echo yes)"
	is "$backend, a fight: repairs were put off" true "$(ask status --json | jq ".enforcer.put_off > $put_off")"
	is "$backend, a fight: the enforcer took ${cpu}0 ms of CPU in 8 s: less than 400" yes "$([ $cpu -lt 40 ] && echo yes)"
	is "$backend, a fight: $lines lines of log, less than 40" yes "$([ $lines -lt 40 ] && echo yes)"
	is "$backend, a fight: status says who" yes "$named"
	ok "$backend, a fight: the log says who" grep -q 'taken away again and again.*nft' "$T/service.log"
	ok "$backend, a fight: it is never given up" within 5000 eval 'hooked && kernel_has 192.0.2.66'
	ok "$backend, a fight: a ban of that time is in the kernel, too" within 1000 kernel_has 203.0.113.9
	ok "$backend, a fight: and status has no problem" within 4000 enforced

	# mutant: nobody listens to the kernel, so nothing comes back (a stopped process hears nothing)
	kill -STOP $e
	in_server nft flush ruleset
	ok "$backend, mutant: a deaf guard: not back within 100 ms" eval '! within 100 hooked'
	kill -CONT $e
	ok "$backend: listening again: back" within 4000 hooked
	if [ "$backend" = ipset ]; then # never announced
		sleep 11
		in_server ipset flush
		ok "ipset flush: back within a second" within 1000 kernel_has 192.0.2.66
		wait_for 2 eval '[ "$(last_repair .what)" = entries ]'
		is "ipset flush: nobody can be named" "" "$(last_repair .culprit)"
		kill -STOP $e
		in_server nft flush ruleset
		in_server ipset destroy
		kill -CONT $e
		ok "ipset destroy: back within a second" within 1000 eval 'hooked && kernel_has 192.0.2.66'
		if in_server iptables-legacy -t raw -S >/dev/null 2>&1; then
			in_server iptables-legacy -t raw -A PREROUTING -p udp -j ACCEPT
			in_server iptables-legacy -t raw -F
			in_server iptables-legacy -t raw -X
			ok "iptables-legacy -F: the ban hook is none of its rules" within 10 eval 'hooked && kernel_has 192.0.2.66'
		fi
	fi
	service_stop
	in_server nft flush ruleset
	in_server ipset destroy 2>/dev/null
done
