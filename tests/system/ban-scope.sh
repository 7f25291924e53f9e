#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ban_scope = all ends what a banned address has open, TCP and GRE; ban_scope = new lets that go on and refuses what it
# begins anew. Judged by packets, for both back ends.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip nft ipset python3 ss
drive=$PB_BUILD/enforce-drive
echo_py=$(dirname "$0")/echo.py
bad4=192.0.2.66 bad6=2001:db8:1::66 good4=192.0.2.67

netns_new server
netns_new outside
ip link add name v0 netns "$server" type veth peer name v0 netns "$outside"
for n in "$server" "$outside"; do ip -n "$n" link set v0 up; done
ip -n "$server" address add 192.0.2.10/24 dev v0
ip -n "$server" address add 2001:db8:1::10/64 dev v0 nodad
for a in 66 67; do
	ip -n "$outside" address add 192.0.2.$a/24 dev v0
	ip -n "$outside" address add 2001:db8:1::$a/64 dev v0 nodad
done
ip netns exec "$server" python3 "$echo_py" serve 1723 &
started $!
ip netns exec "$server" python3 "$echo_py" gre-serve &
started $!

limits() { "$drive" limits "$T/limits" uid="$(id -u daemon)" backend="$backend" "$@"; }
start() {
	ip netns exec "$server" "$PB_BUILD/pptpban-hookguard" --limits "$T/limits" --socket "$T/socket" --user nobody >>"$T/log" 2>&1 &
	pid=$!
	started $pid
	wait_for 5 timeout 2 "$drive" "$T/socket" status || sed 's/^/# /' "$T/log"
}
stop() {
	kill $pid
	wait $pid 2>/dev/null
}
d() { "$drive" "$T/socket" "$@"; }
to() { case $1 in *:*) echo 2001:db8:1::10 ;; *) echo 192.0.2.10 ;; esac; }
reaches() { in_outside python3 "$echo_py" try "$(to "$1")" 1723 "$1"; }
cut_off() { ! reaches "$1"; }
talkers=
talk() { # NAME SOURCE [gre]: an open connection
	rm -f "$T/$1"
	ip netns exec "$outside" python3 "$echo_py" "${3:-talk}" "$(to "$2")" 1723 "$T/$1" "$2" 2>/dev/null &
	talkers="$talkers $!"
	started $!
	wait_for 5 test -s "$T/$1"
}
hang_up() {
	kill $talkers 2>/dev/null
	wait $talkers 2>/dev/null
	talkers=
}
talks() {
	before=$(cat "$T/$1")
	sleep 0.5
	[ "$(cat "$T/$1")" -gt "$before" ]
}
silent() {
	sleep 0.3
	! talks "$1"
}
clear() {
	in_server nft flush ruleset
	in_server ipset destroy 2>/dev/null
}
wait_for 5 reaches $good4

# What each scope promises, as a word a probe; the test fails when a probe says another.
probes() { # PREFIX
	talks "$1-v4" && printf 'open4 '
	talks "$1-v6" && printf 'open6 '
	talks "$1-gre" && printf 'gre '
	reaches $bad4 && printf 'new4 '
	reaches $bad6 && printf 'new6 '
	reaches $good4 && printf 'others'
}
run() { # SCOPE KEY=VALUE...: how it goes on
	limits "${@:2}"
	start
	talk "$1-v4" $bad4
	talk "$1-v6" $bad6
	talk "$1-gre" $bad4 gre
	is "$backend, $1: before the ban all pass" "open4 open6 gre new4 new6 others" "$(probes "$1")"
	d ban 600 $bad4 $bad6
	sleep 0.3
	probes "$1" >"$T/word" 2>/dev/null
}
for backend in ipset nftables; do
	run all
	is "$backend, all: a ban ends everything" others "$(cat "$T/word")"
	ended() { [ -z "$(in_server ss -Htn state established "sport = 1723 and dst [$1]")" ]; }
	ok "$backend, all: and the sockets at the server" ended $bad4
	stop
	clear
	hang_up

	run new new=1
	is "$backend, new: what is open goes on, what is new does not" "open4 open6 gre others" "$(cat "$T/word")"
	ok "$backend, new: the sockets at the server stay" test -n "$(in_server ss -Htn state established "sport = 1723 and dst [$bad4]")"
	ok "$backend, new: the hook stands behind conntrack" test "$(in_server nft list ruleset | grep -c 'hook prerouting priority mangle')" -gt 0
	in_server nft flush ruleset
	sleep 0.3
	ok "$backend, new: after a foreign flush it is the same hook again" cut_off $bad4
	ok "$backend, new: and the open connection still goes on" talks new-v4
	# mutants: without a look at connections the open one is cut; without the rule the new one passes
	kill -STOP $pid $(pgrep -P $pid)
	table=$(in_server nft list tables 2>/dev/null | sed -n 's/^table \(.*pptpban\)$/\1/p' | head -n 1)
	handle=$(in_server nft -a list chain $table prerouting | sed -n 's/.*handle \([0-9]*\)$/\1/p' | sed 1d | head -n 1)
	in_server nft delete rule $table prerouting handle "$handle"
	ok "$backend, mutant: without the rule the banned one gets in" reaches $bad4
	if [ "$backend" = nftables ]; then
		in_server nft add rule inet pptpban prerouting ip saddr @ban4 drop
	else
		in_server nft insert rule $table prerouting ip saddr $bad4 drop
	fi
	ok "$backend, mutant: a rule that does not look at connections cuts the open one" silent new-v4
	kill -CONT $pid $(pgrep -P $pid)
	stop

	# another scope is another hook, the bans stay
	limits
	start
	ok "$backend, new to all: still banned" cut_off $bad4
	ok "$backend, new to all: and cut now" silent new-v6
	ok "$backend, new to all: hooked before conntrack" test "$(in_server nft list ruleset | grep -c 'hook prerouting priority raw - 10')" -gt 0
	limits new=1
	kill -HUP $pid
	wait_for 3 eval '! kill -0 '$pid
	start
	ok "$backend, all to new by a reload: behind conntrack" test "$(in_server nft list ruleset | grep -c 'hook prerouting priority mangle')" -gt 0
	is "$backend: not before it any more" 0 "$(in_server nft list ruleset | grep -c 'hook prerouting priority raw - 10')"
	ok "$backend: and the ban stands" cut_off $bad4
	stop
	clear
	hang_up
done
