#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An honest user and a guesser behind one NAT address, through the whole service, with ban_scope = new: the honest one's
# mistakes are forgiven as pptpban.conf(5) says, his logins wash away no guesses, the guesser is banned, and the tunnel that
# is open goes on. Judged by packets, for both back ends, with the log of pppd 2.4.9, which does not name who logs in, and
# of 2.5.2, which does.
# lane: what all namespaces share
. "$(dirname "$0")/service.inc"
group=games
two_hosts 192.0.2.61 192.0.2.62 192.0.2.63 192.0.2.64 192.0.2.69
port_answers
ip netns exec "$server" python3 "$here/echo.py" gre-serve &
started $!
tunnel() { # NAME ADDR: TCP and GRE, both ways, all the time
	for kind in talk gre; do
		rm -f "$T/$1.$kind"
		ip netns exec "$outside" python3 "$here/echo.py" $kind 192.0.2.10 1723 "$T/$1.$kind" "$2" 2>/dev/null &
		talkers="${talkers:-} $!"
		started $!
		wait_for 5 test -s "$T/$1.$kind"
	done
}
lives() { # NAME: which of the two
	before="$(cat "$T/$1.talk") $(cat "$T/$1.gre")"
	sleep 0.6
	set -- $before "$(cat "$T/$1.talk")" "$(cat "$T/$1.gre")"
	[ "$3" -gt "$1" ] && printf 'control '
	[ "$4" -gt "$2" ] && printf 'GRE'
}
wrong() { attack "$T/log" "$1" "$3" "$2"; } # ADDR USER TIMES
right() { python3 "$here/attack.py" enter "$T/log" "$1" "$2" "$version"; } # ADDR USER
state() { # what has become of an address
	wait_for 5 caught_up
	if wait_for 1 banned "$1"; then echo banned; else echo free; fi
}
after() { # WHAT ADDR NAME: the ban is one for new connections alone
	wait_for 2 kernel_has "$2"
	is "$1: the honest user's open tunnel goes on" "control GRE" "$(lives "$3")"
	ok "$1: nothing new comes from that address" cut_off "$2"
	ok "$1: others get in" reaches 192.0.2.69
}
wait_for 5 reaches 192.0.2.69

for backend in ipset nftables; do
	rm -rf "$T/state"
	: >"$T/log"
	configure "[firewall]" "ban_scope = new"
	service_start
	wait_for 5 enforced

	version=2.5.2 nat=192.0.2.61
	right $nat alice
	tunnel $backend-1 $nat
	wrong $nat alice 2
	right $nat alice
	wrong $nat bob 2
	is "$backend: two mistakes and a login, then two guesses at another account: nobody is banned" free "$(state $nat)"
	right $nat alice
	wrong $nat bob 1
	is "$backend: the third guess bans, whoever logged in meanwhile" banned "$(state $nat)"
	after "$backend, guesses at another account" $nat $backend-1

	# the log's side is the same for both
	if [ $backend = ipset ]; then
		nat=192.0.2.62
		right $nat alice
		tunnel $backend-2 $nat
		for _ in 1 2; do
			wrong $nat alice 2
			right $nat alice
		done
		wrong $nat alice 1
		is "$backend: guesses at the very account that logs in: five of them, three forgiven" free "$(state $nat)"
		right $nat alice
		wrong $nat alice 1
		is "$backend: the sixth bans: twice maxretry, and no more" banned "$(state $nat)"
		after "$backend, guesses at his own account" $nat $backend-2

		version=2.4.9 nat=192.0.2.63
		right $nat alice
		tunnel $backend-3 $nat
		wrong $nat alice 2
		right $nat alice
		is "$backend, pppd 2.4.9: two mistakes and a login" free "$(state $nat)"
		wrong $nat bob 1
		is "$backend, pppd 2.4.9: nothing was forgiven, a guess bans" banned "$(state $nat)"
		after "$backend, pppd 2.4.9" $nat $backend-3
	fi

	service_stop
	kill $talkers 2>/dev/null
	talkers=
	in_server nft flush ruleset
	in_server ipset destroy 2>/dev/null

	# mutant: a ban for all packets, and the same checks say so
	: >"$T/log"
	rm -rf "$T/state"
	configure
	service_start
	wait_for 5 enforced
	tunnel $backend-4 192.0.2.64
	wrong 192.0.2.64 bob 3
	is "$backend, mutant: with ban_scope = all he is banned" banned "$(state 192.0.2.64)"
	wait_for 2 kernel_has 192.0.2.64
	is "$backend, mutant: and the honest user's tunnel is cut" "" "$(lives $backend-4)"
	service_stop
	kill $talkers 2>/dev/null
	talkers=
	in_server nft flush ruleset
	in_server ipset destroy 2>/dev/null
done
