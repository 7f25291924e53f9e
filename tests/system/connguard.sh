#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guard of silent connections: whom it ends and whom it leaves alone, what wakes it, what it is bound by. How long
# logins take beside silent connections is in connguard-logins.sh, the whole service in connguard-service.sh.
# alone: it measures time
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/connguard.inc"

# --- the honest ------------------------------------------------------------------------------------------------

guard_start
is "the guard runs as nobody, with CAP_NET_ADMIN alone, locked in" \
	"$(id -u nobody) 0000000000001000 0000000000000000 1 2" \
	"$(awk '/^Uid/ { printf "%s", $2 } /^CapEff|^CapBnd|^NoNewPrivs|^Seccomp:/ { printf " %s", $2 }' /proc/$guard/status)"
pptpd_fresh
is "first packet after 0.8 s" answered "$(client slow 10.9.0.1 10.9.1.210 0.8)"
is "idle after the first packet" open "$(client idle 10.9.0.1 10.9.1.211 4)"
pptpd_stop
ip netns exec "$server" python3 "$control" serve & # pptpd wants the header at once; other servers do not
server_pid=$!
started $server_pid
wait_for 5 listens
is "in two pieces" answered "$(client slow 10.9.0.1 10.9.1.212 0.3 0.5)"
is "in two pieces, the second after the timeout" answered "$(client slow 10.9.0.1 10.9.1.213 0.7 0.7)"
is "in four, more slowly than the timeout in all" answered "$(client slow 10.9.0.1 10.9.1.214 0.6 0.6 0.6 0.6)"
is "first packet after 2 s: too late" ended "$(client slow 10.9.0.1 10.9.1.215 2)"
is "the same address after 0.9 s: it is known now" ended "$(client slow 10.9.0.1 10.9.1.215 0.9)"
is "but at once it is let in" answered "$(client slow 10.9.0.1 10.9.1.215 0)"
seconds=$(client drip 10.9.0.1 10.9.1.216 0.9)
ok "a byte every 0.9 s: ended after ten timeouts ($seconds s)" eval 'at_least $seconds 9 && at_most $seconds 13'
kill $server_pid
wait $server_pid 2>/dev/null

# IPv6, and IPv4 through an IPv6 socket
ip netns exec "$server" python3 "$control" serve :: &
server_pid=$!
started $server_pid
wait_for 5 listens
: >"$T/guard.log"
is "IPv6: an honest one is answered" answered "$(client slow 2001:db8:9::1 2001:db8:9::66 0.5)"
client slow 2001:db8:9::1 2001:db8:9::66 3 >/dev/null
ok "IPv6: a silent one is ended" grep -q 'from 2001:db8:9::66 ended' "$T/guard.log"
kill $server_pid
wait $server_pid 2>/dev/null
in_server sysctl -qw net.ipv6.bindv6only=0
ip netns exec "$server" python3 -c '
import socket, time
s = socket.socket(socket.AF_INET6); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", 1723)); s.listen(100); time.sleep(600)' &
server_pid=$!
started $server_pid
wait_for 5 listens
client slow 10.9.0.1 10.9.1.7 3 >/dev/null
ok "IPv4 on an IPv6 socket: ended, with its IPv4 address" grep -q 'from 10.9.1.7 ended' "$T/guard.log"

# --- its rule --------------------------------------------------------------------------------------------------

wakeups() { awk '/^voluntary_ctxt_switches/ { print $2 }' /proc/$guard/status; }
sleep 3
before=$(wakeups)
sleep 4
is "nobody is connected: no wake-up in four seconds" "$before" "$(wakeups)"
rule_in() { in_server nft list table inet pptpban_connguard 2>/dev/null | grep -q 'dport 1723.*log'; }
for attack in 'flush ruleset' 'flush table inet pptpban_connguard' 'add table inet pptpban_connguard { flags dormant; }' \
	'insert rule inet pptpban_connguard input drop'; do
	in_server nft "$attack"
	ok "nft $attack: the rule is back" wait_for 2 eval 'rule_in && ! in_server nft list table inet pptpban_connguard | grep -qE "dormant|drop"'
	sleep 0.2
done
ok "and who did it is said" grep -q 'was taken away and is back (by nft, pid' "$T/guard.log"
: >"$T/guard.log"
client slow 10.9.0.1 10.9.1.8 3 >/dev/null
ok "and it still wakes" grep -q 'from 10.9.1.8 ended' "$T/guard.log"
if command -v iptables-legacy >/dev/null && in_server iptables-legacy -A INPUT -p tcp --dport 1723 -j ACCEPT 2>/dev/null; then
	client slow 10.9.0.1 10.9.1.9 3 >/dev/null
	ok "beside iptables-legacy too" grep -q 'from 10.9.1.9 ended' "$T/guard.log"
fi
sleep 11
before=$(wakeups)
for i in $(seq 1 50); do in_server nft "add table inet other$i"; done
sleep 1
ok "fifty rulesets of others in a row: few looks ($(($(wakeups) - before)) wake-ups)" test $(($(wakeups) - before)) -lt 130
in_server nft flush ruleset
ok "stopped: it takes its rule away" eval 'guard_stop; ! rule_in'

# --- whom it spares --------------------------------------------------------------------------------------------

guard_start allow=10.9.1.0/28 silent=1000
client slow 10.9.0.1 10.9.1.5 2.5 >/dev/null & # on the allowlist
allowed=$!
client slow 10.9.0.1 10.9.1.50 2.5 >/dev/null
wait $allowed
is "a silent one of the allowlist is not touched, others are" "10.9.1.50" \
	"$(sed -n 's/.*silent connection from \([^ ]*\) ended.*/\1/p' "$T/guard.log" | sort -u | paste -sd' ')"
"$drive" limits "$T/enforcer/limits" uid=1 silent=0
kill -HUP $guard
ok "SIGHUP with silent_timeout = 0: off" wait_for 2 grep -q 'silent connections may stay' "$T/guard.log"
: >"$T/guard.log"
client slow 10.9.0.1 10.9.1.51 2.5 >/dev/null
is "and nobody is ended" 0 "$(grep -c 'silent connection' "$T/guard.log")"
"$drive" limits "$T/enforcer/limits" uid=1
kill -HUP $guard
ok "SIGHUP: on again" wait_for 2 grep -q 'ends whoever is' "$T/guard.log"
client slow 10.9.0.1 10.9.1.52 2.5 >/dev/null
is "and they are" 1 "$(grep -c 'from 10.9.1.52 ended' "$T/guard.log")"
printf x >>"$T/enforcer/limits"
kill -HUP $guard
ok "an altered limits file changes nothing" wait_for 2 grep -q 'the limits stay as they are' "$T/guard.log"
guard_stop

# Those who were silent before it came.
ip netns exec "$outside" timeout 20 python3 "$control" silent 10.9.0.1 3 10.9.1.60 --once >/dev/null 2>&1 &
started $!
sleep 2.5
guard_start
ok "started late: those who are silent already are ended" wait_for 2 grep -q 'from 10.9.1.60 ended after [23]' "$T/guard.log"
is "all of them" 3 "$(grep -c 'from 10.9.1.60 ended' "$T/guard.log")"
guard_stop

# --- where it ends nothing, as with a kernel that cannot --------------------------------------------------------

kill $server_pid
wait $server_pid 2>/dev/null
pptpd_fresh
guard_start backend=none
crowd_start 1 10.9.1.1
sleep 5
crowd_stop
is "backend = none: reported, not ended" "not ended" "$(sed -n 's/.*10.9.1.1 \(.*ended\) after.*/\1/p' "$T/guard.log" | sort -u)"
is "and once" 1 "$(grep -c 'silent connection' "$T/guard.log")"
guard_stop
pptpd_fresh
guard_start first=65535 # as if nobody's first packet were ever complete
is "mutant: without the count of bytes an honest idle client dies" ended "$(client idle 10.9.0.1 $honest 4)"
guard_stop

# --- thousands -------------------------------------------------------------------------------------------------

pptpd_stop
in_server sysctl -qw net.core.somaxconn=16384 net.ipv4.tcp_max_syn_backlog=16384
ip netns exec "$server" sh -c "ulimit -n 20000; exec python3 '$control' serve" 2>/dev/null &
server_pid=$!
started $server_pid
wait_for 5 listens
guard_start silent=3000
began=$SECONDS
: >"$T/crowd" # the word of an earlier one stands there
# shellcheck disable=SC2086
ip netns exec "$outside" sh -c "ulimit -n 20000; exec timeout 60 python3 '$control' silent 10.9.0.1 6000 $many --once" >"$T/crowd" 2>&1 &
crowd=$!
started $crowd
wait_for 20 grep -q up "$T/crowd"
left() { in_server ss -Htn state established 'sport = 1723' | wc -l; }
ok "6000 silent connections: all are ended" wait_for 15 eval 'test "$(left)" = 0'
lines=$(grep -c 'silent connection' "$T/guard.log")
allowed=$((200 + 50 * (SECONDS - began + 2)))
ok "and no more lines were written than may be ($lines of $allowed)" test "$lines" -ge 200 -a "$lines" -le $allowed
echo "# guard after that: $(awk '/^Pss:/ { print $2 }' /proc/$guard/smaps_rollup) KiB PSS"
crowd_stop
guard_stop
kill $server_pid
wait $server_pid 2>/dev/null
true
