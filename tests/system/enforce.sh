#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The enforcer against the real kernel, with both back ends: packets stop, come back, and stay stopped whatever is
# done to sets, hook and processes.
# alone: it measures time
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip nft ipset python3 setpriv
drive=$PB_BUILD/enforce-drive
enforcer=$PB_BUILD/pptpban-hookguard
echo_py=$(dirname "$0")/echo.py
watcher=$(id -u daemon) # any user: the limits file says which one is the watcher's

is "links nothing that reads text" "" "$(ldd "$PB_BUILD/pptpban-enforcer" "$enforcer" | grep -E 'pcre|systemd|jansson|sqlite|archive')"
is "nor, the enforcer itself, what makes sets and rules" "" "$(ldd "$PB_BUILD/pptpban-enforcer" | grep -E 'ipset|nftnl|nftables')"

netns_new server
netns_new outside
ip link add name v0 netns "$server" type veth peer name v0 netns "$outside"
for n in "$server" "$outside"; do ip -n "$n" link set v0 up; done
ip -n "$server" address add 192.0.2.10/24 dev v0
ip -n "$server" address add 2001:db8:1::10/64 dev v0 nodad
ip -n "$server" route add default via 192.0.2.1
ip -n "$server" -6 route add default via 2001:db8:1::1
for a in 66 67 1; do
	ip -n "$outside" address add 192.0.2.$a/24 dev v0
	ip -n "$outside" address add 2001:db8:1::$a/64 dev v0 nodad
done
in_server python3 "$echo_py" serve 1723 &
started $!
wait_for 5 in_outside python3 "$echo_py" try 192.0.2.10 1723

limits() { "$drive" limits "$T/limits" uid="$watcher" allow=198.51.100.0/24 backend="$backend" "$@"; }
start() {
	ip netns exec "$server" "$enforcer" --limits "$T/limits" --socket "$T/socket" --user nobody >>"$T/log" 2>&1 &
	pid=$!
	started $pid
	if ! wait_for 5 timeout 2 "$drive" "$T/socket" status; then
		is "answers after its start" yes "no: $(tail -n 3 "$T/log"; cat /proc/$pid/syscall /proc/$pid/wchan)"
		[ -z "${PB_STUCK:-}" ] || eval "$PB_STUCK"
	fi
}
stop() {
	kill "${1:--TERM}" $pid
	if ! wait_for 5 eval '! kill -0 '$pid; then
		is "ends when it is told to" yes "no: $(tail -n 3 "$T/log"; cat /proc/$pid/syscall /proc/$pid/wchan)"
		[ -z "${PB_STUCK:-}" ] || eval "$PB_STUCK"
		kill -KILL $pid
	fi
	wait $pid 2>/dev/null
}
guard() { pgrep -P $pid -x pptpban-hookgua; }
freeze() { kill -STOP $pid "$(guard)"; }
thaw() { kill -CONT $pid "$(guard)"; }
d() { "$drive" "$T/socket" "$@"; }
reaches() { # ADDR: can the attacker's ADDR connect?
	case $1 in *:*) to=2001:db8:1::10 ;; *) to=192.0.2.10 ;; esac
	in_outside python3 "$echo_py" try $to 1723 "$1"
}
cut_off() { ! reaches "$1"; }
talk() { # NAME ADDR SOURCE: an open connection
	in_outside python3 "$echo_py" talk "$2" 1723 "$T/$1" "$3" 2>/dev/null &
	started $!
	wait_for 5 test -s "$T/$1"
}
talks() { # NAME: do bytes still come back?
	before=$(cat "$T/$1")
	sleep 0.5
	[ "$(cat "$T/$1")" -gt "$before" ]
}
silent() { # what was on its way when it was banned still comes in
	sleep 0.3
	! talks "$1"
}
present() { d query "$1" | grep -q present=1; }
absent() { d query "$1" | grep -q present=0; }
hooked() {
	if [ "$backend" = ipset ]; then
		in_server nft list table ip pptpban 2>/dev/null | grep -q 'xt match.*drop' &&
			in_server nft list table ip6 pptpban 2>/dev/null | grep -q 'xt match.*drop'
	else
		[ "$(in_server nft list table inet pptpban 2>/dev/null | grep -c 'saddr @.*drop')" = 4 ]
	fi
}
in_kernel() { # ADDR: asked from outside, with the tools everybody has
	if [ "$backend" = ipset ]; then
		in_server ipset test "$(case $1 in *:*) echo pptpban6 ;; *) echo pptpban4 ;; esac)" "$1" 2>/dev/null
	else
		in_server nft get element inet pptpban "$(case $1 in *:*) echo ban6 ;; *) echo ban4 ;; esac)" "{ $1 }" >/dev/null 2>&1
	fi
}

for backend in ipset nftables; do
	: >"$T/log"
	limits keep_open=1 # the hook alone
	start
	for p in $pid $(guard); do
		status=$(cat /proc/$p/status)
		name=$(cat /proc/$p/comm)
		is "$backend: $name runs as nobody" "$(id -u nobody)" "$(echo "$status" | awk '/^Uid/ { print $2 }')"
		is "$backend: $name: with CAP_NET_ADMIN alone" 0000000000001000 "$(echo "$status" | awk '/^CapEff/ { print $2 }')"
		is "$backend: $name: and can get no other" "0000000000000000 1 2" \
			"$(echo "$status" | awk '/^CapBnd|^NoNewPrivs|^Seccomp:/ { printf "%s%s", sep, $2; sep = " " }')"
	done
	is "$backend: hook is in" hooked=1 "$(d status | grep -o 'hooked=.')"

	wakeups() { for p in $pid $(guard); do awk '/^voluntary_ctxt_switches/ { print $2 }' /proc/$p/status; done | tr '\n' ' '; }
	wait_for 5 eval '! ip -n $server -6 address show tentative | grep -q inet6' # new addresses are news to it
	sleep 1
	before=$(wakeups)
	sleep 2
	is "$backend: idle: no wake-ups" "$before" "$(wakeups)"
	pss=$(for p in $pid $(guard); do awk '/^Pss:/ { print $2 }' /proc/$p/smaps_rollup; done | awk '{ s += $1 } END { print s }')
	echo "# $backend: idle enforcer and its guard: $pss KiB PSS"
	ok "$backend: idle: less than 2 MiB" test "$pss" -lt 2048

	# open connections stop, of both families, and new ones do not come to be
	source4=192.0.2.66 source6=2001:db8:1::66 other4=192.0.2.67 other6=2001:db8:1::67
	talk $backend-v4 192.0.2.10 $source4
	talk $backend-v6 2001:db8:1::10 $source6
	ok "$backend: an open IPv4 connection passes" talks $backend-v4
	ok "$backend: an open IPv6 connection passes" talks $backend-v6
	pings() { in_outside python3 "$PB_SRC/tests/system/echo.py" ping 192.0.2.10 "$1"; }
	ok "$backend: and an ICMP echo comes back" pings $source4
	ok "$backend: ban both" d ban 600 "$source4" "$source6"
	ok "$backend: the open IPv4 connection is cut" silent $backend-v4
	ok "$backend: the open IPv6 connection is cut" silent $backend-v6
	ok "$backend: no new IPv4 connection" cut_off "$source4"
	ok "$backend: no new IPv6 connection" cut_off "$source6"
	ok "$backend: others still get through (IPv4)" reaches $other4
	ok "$backend: others still get through (IPv6)" reaches $other6
	ok "$backend: ICMP is dropped too" eval '! pings $source4'
	ok "$backend: but not that of others" pings $other4
	ok "$backend: the drops are counted" test "$(d query "$source4" | sed 's/.*packets=\([0-9]*\).*/\1/')" -gt 0

	# the mutant: without the hook the same checks fail, so they do tell
	freeze
	in_server nft flush ruleset
	ok "$backend: mutant: without the hook the banned one gets through" reaches "$source4"
	thaw
	ok "$backend: and with it back it does not" within 1000 cut_off "$source4"

	ok "$backend: unban" d unban "$source4" "$source6"
	ok "$backend: the cut IPv4 connection goes on" within 8000 talks $backend-v4
	ok "$backend: new connections pass again (IPv6)" reaches "$source6"

	# what must never be banned is not, whoever asks
	refusals=$(d ban 600 198.51.100.7 192.0.2.10 192.0.2.1 2001:db8:1::10 fe80::/10 10.0.0.0/23 127.0.0.1 192.0.2.0/24)
	is "$backend: refuses allowlist, own, gateway, too wide, loopback" \
		"allowlist machine gateway machine widest widest loopback machine" \
		"$(echo "$refusals" | sed 's/.*on the allowlist.*/allowlist/; s/.*of this machine.*/machine/; s/.*default gateway.*/gateway/; s/.*widest network.*/widest/; s/.*loopback.*/loopback/' | paste -sd' ')"
	in_server ip address add 192.0.2.99/24 dev v0
	is "$backend: a new own address is known at once" "refused 192.0.2.99: an address of this machine" "$(sleep 0.1; d ban 600 192.0.2.99)"
	in_server ip address del 192.0.2.99/24 dev v0
	d ban 600 192.0.2.88
	in_server ip address add 192.0.2.88/24 dev v0
	ok "$backend: a banned address that becomes our own is let go" within 500 absent 192.0.2.88
	in_server ip address del 192.0.2.88/24 dev v0
	d ban 600 203.0.113.5
	limits allow=203.0.113.0/24
	kill -HUP $pid
	ok "$backend: SIGHUP: what is allowed now is unbanned" within 500 absent 203.0.113.5
	printf x >>"$T/limits"
	kill -HUP $pid
	sleep 0.1
	is "$backend: an altered limits file changes nothing" "refused 203.0.113.5: on the allowlist" "$(d ban 600 203.0.113.5)"
	limits
	kill -HUP $pid

	# who may ask
	ok "$backend: the watcher's user may" setpriv --reuid "$watcher" --clear-groups "$drive" "$T/socket" status
	ok "$backend: another user may not" test "$(setpriv --reuid 65533 --clear-groups timeout 2 "$drive" "$T/socket" status >/dev/null 2>&1; echo $?)" != 0
	ok "$backend: malformed messages end the connection" d garbage
	ok "$backend: and nothing else" d status

	# a ban ends the sockets of whom it bans, an address or a network, so that the server has its places back
	ended() { [ "$(in_server ss -Htn state established "sport = 1723 and dst [$1]" | wc -l)" = 0 ]; }
	talk $backend-good 192.0.2.10 192.0.2.66
	talk $backend-bad4 192.0.2.10 192.0.2.67
	talk $backend-bad6 2001:db8:1::10 2001:db8:1::67
	is "$backend: before: all are there" "1 1 1" "$(for a in 192.0.2.66 192.0.2.67 2001:db8:1::67; do ended $a; echo $?; done | paste -sd' ')"
	d ban 600 192.0.2.67 2001:db8:1::60/124
	ok "$backend: a ban ends its IPv4 connections at the server" within 300 ended 192.0.2.67
	ok "$backend: a network's IPv6 connections too" within 300 ended 2001:db8:1::67
	ok "$backend: others' are left alone" talks $backend-good
	d unban 192.0.2.67 2001:db8:1::60/124

	# the newest watcher wins; a stuck one blocks nobody
	"$drive" "$T/socket" watch 60 >"$T/stuck" &
	stuck=$!
	started $stuck
	wait_for 5 grep -q connected "$T/stuck"
	kill -STOP $stuck
	ok "$backend: a stuck watcher does not block the next one" d ban 600 203.0.113.9
	kill -CONT $stuck
	kill $stuck

	# repairs, with the culprit's name
	stop # a fresh one, for it slows down when it has to repair too often
	start
	"$drive" "$T/socket" watch 60 >"$T/events" &
	watch=$!
	started $watch
	wait_for 5 grep -q connected "$T/events"
	in_server nft flush ruleset
	ok "$backend: nft flush ruleset: hook back within 100 ms" within 100 hooked
	ok "$backend: and the bans" within 1000 in_kernel 203.0.113.9
	ok "$backend: nft is named" within 1000 grep -q 'hook was taken away and is back; by nft (pid' "$T/events"
	table=$([ $backend = ipset ] && echo ip || echo inet)
	for attack in "flush chain $table pptpban prerouting" "delete table $table pptpban" "insert rule $table pptpban prerouting accept" \
		"add table $table pptpban { flags dormant; }"; do
		lines=$(wc -l <"$T/events")
		sleep 0.1
		in_server nft "$attack"
		ok "$backend: $attack: mended" within 300 eval 'hooked && ! in_server nft list table '$table' pptpban | grep -qE "accept$|dormant"'
		ok "$backend: $attack: said" within 1000 test "$(sleep 0.3; wc -l <"$T/events")" -gt "$lines"
	done
	kill $watch
	stop
	start
	if [ $backend = ipset ]; then
		in_server ipset flush
		ok "$backend: ipset flush: bans back within a second" within 1000 in_kernel 203.0.113.9
		in_server ipset del pptpban4 203.0.113.9
		ok "$backend: ipset del: back within a second" within 1000 in_kernel 203.0.113.9
		freeze
		in_server nft flush ruleset
		in_server ipset destroy
		thaw
		ok "$backend: ipset destroy: set, bans and hook back within a second" within 1000 eval 'hooked && in_kernel 203.0.113.9'
		in_server ipset create other hash:net timeout 60 counters comment
		in_server ipset swap pptpban4 other
		ok "$backend: ipset swap: bans and hook back within a second" within 1000 eval 'hooked && in_kernel 203.0.113.9'
		in_server ipset destroy other 2>/dev/null
	else
		in_server nft flush set inet pptpban ban4
		ok "$backend: flush set: bans back within a second" within 1000 in_kernel 203.0.113.9
		in_server nft delete element inet pptpban ban4 '{ 203.0.113.9 }'
		ok "$backend: delete element: back within a second" within 1000 in_kernel 203.0.113.9
	fi

	# processes die: the kernel goes on, and ends bans by itself
	d ban 4 192.0.2.66
	d ban 600 192.0.2.67
	stop -KILL
	ok "$backend: enforcer killed: still banned" cut_off 192.0.2.66
	ok "$backend: every process dead: the ban ends in the kernel" within 6000 reaches 192.0.2.66
	ok "$backend: and the longer one goes on" cut_off 192.0.2.67
	start
	ok "$backend: started again: took over what was there" grep -q 'took over [1-9]' "$T/log"
	ok "$backend: and the ban stands" cut_off 192.0.2.67
	ok "$backend: sync: the list is the truth" d sync 600 192.0.2.66 2001:db8:1::66
	ok "$backend: sync: what is in it is banned" cut_off 192.0.2.66
	ok "$backend: sync: what is not in it is not" reaches 192.0.2.67
	stop
	ok "$backend: stopping unbans nobody" cut_off 192.0.2.66

	# the other back end's bans go once the first sync has told the new one everything
	before=$backend
	backend=$([ $before = ipset ] && echo nftables || echo ipset)
	limits
	start
	ok "$before to $backend: banned before the sync" cut_off 192.0.2.66
	d sync 600 192.0.2.67
	ok "$before to $backend: the new list counts" cut_off 192.0.2.67
	ok "$before to $backend: the old one does not" reaches 192.0.2.66
	stop
	backend=$before
	in_server nft flush ruleset
	in_server ipset destroy

	# bounds
	limits max=3
	start
	is "$backend: one more than the limits allow" "refused 203.0.113.4: as many bans as the limits allow" \
		"$(d ban 600 203.0.113.1 203.0.113.2 203.0.113.3 203.0.113.4)"
	stop
	in_server nft flush ruleset
	in_server ipset destroy
	limits extent4=256
	start
	is "$backend: more of the address space than the limits allow" \
		"refused 203.0.114.1: all bans together would cover too much of the address space" "$(d ban 600 203.0.113.0/24 203.0.114.1)"
	ok "$backend: a ban for ever is held at the kernel's longest" test "$(d ban forever 203.0.113.0/24; d query 203.0.113.0/24 | grep -o 'left=[0-9]*' | cut -d= -f2)" -gt 2147000
	stop
	in_server nft flush ruleset
	in_server ipset destroy

	if [ $backend = ipset ]; then
		in_server ipset create pptpban4 hash:ip # of another type, in our place
		in_server ipset add pptpban4 203.0.113.200
		limits
		start
		ok "$backend: a foreign set is said" eval 'd status | grep -q "problem=a set of another type"'
		ok "$backend: a foreign set is not touched" in_server ipset test pptpban4 203.0.113.200
		ok "$backend: bans of that family fail, said" eval 'd ban 600 203.0.113.1 | grep -q "refused 203.0.113.1: the kernel refused it"'
		ok "$backend: the other family works" d ban 600 2001:db8:1::66
		ok "$backend: and drops" cut_off 2001:db8:1::66
		in_server ipset destroy pptpban4
		ok "$backend: once it is gone ours takes its place" within 7000 eval 'd status | grep -q hooked=1'
		stop
		in_server nft flush ruleset
		in_server ipset destroy
		# a set that has become smaller behind our back
		limits
		start
		in_server ipset create small hash:net timeout 60 counters comment maxelem 2
		in_server ipset swap small pptpban4
		sleep 1
		is "$backend: a full set is said" "refused 203.0.113.3: the kernel refused it: the set is full" \
			"$(d ban 600 203.0.113.1 203.0.113.2 203.0.113.3 | grep refused)"
		ok "$backend: and hooked all the same" hooked
		stop
		in_server nft flush ruleset
		in_server ipset destroy
	fi

	limits max=100
	start
	d ban 600 192.0.2.66
	stop
	limits max=200
	start
	is "$backend: another size: bans and hook are kept" "1 ok" \
		"$(d status | grep -o 'entries=[0-9]*' | cut -d= -f2) $(cut_off 192.0.2.66 && hooked && echo ok)"
	d ban 600 $(for i in $(seq 1 120); do echo 203.0.113.$i; done)
	ok "$backend: another size: there is more room" present 203.0.113.120
	stop
	in_server nft flush ruleset
	in_server ipset destroy
done

# as systemd starts it: an ordinary user with an ambient capability; READY and watchdog
backend=ipset
limits
install -d -o nobody "$T/own"
cat >"$T/notify.py" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	while True:
	    print(s.recv(4096).decode(), flush=True)
END
python3 "$T/notify.py" "$T/notify" >"$T/notified" &
started $!
wait_for 5 test -S "$T/notify"
chmod 777 "$T/notify"
NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=600000 ip netns exec "$server" setpriv --reuid nobody --clear-groups --no-new-privs \
	--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin \
	"$enforcer" --limits "$T/limits" --socket "$T/own/socket" >>"$T/log" 2>&1 &
pid=$!
started $pid
ok "ambient capability: says that it is ready" wait_for 5 grep -q READY=1 "$T/notified"
ok "ambient capability: bans" "$drive" "$T/own/socket" ban 600 192.0.2.66
ok "ambient capability: for real" cut_off 192.0.2.66
is "ambient capability: nothing but CAP_NET_ADMIN" "0000000000001000 0000000000001000 0000000000001000" \
	"$(awk '/^Cap(Prm|Eff|Bnd)/ { printf "%s%s", sep, $2; sep = " " }' /proc/$pid/status)"
ok "ambient capability: feeds the watchdog" wait_for 5 grep -q WATCHDOG=1 "$T/notified"
stop
ok "ambient capability: says that it ends" wait_for 2 eval '[ "$(tail -n 1 "$T/notified")" = STOPPING=1 ]'

# where there is no nf_tables: a root oneshot hooks the same sets by iptables-legacy
if command -v iptables-legacy >/dev/null && in_server iptables-legacy -t raw -S >/dev/null 2>&1; then
	in_server nft flush ruleset
	ok "legacy: without any hook it gets through" reaches 192.0.2.66
	ok "legacy: needed" in_server sh "$PB_SRC/etc/pptpban-legacy-hook" needed
	is "legacy: it is not, where there is nf_tables" 0 "$(in_server iptables-legacy -t raw -S | grep -c pptpban4)"
	ok "legacy: start" in_server sh "$PB_SRC/etc/pptpban-legacy-hook" start
	ok "legacy: start again changes nothing" in_server sh "$PB_SRC/etc/pptpban-legacy-hook" start
	is "legacy: one rule" 1 "$(in_server iptables-legacy -t raw -S | grep -c pptpban4)"
	ok "legacy: the banned one is cut off" cut_off 192.0.2.66
	ok "legacy: others are not" reaches 192.0.2.67
	ok "legacy: stop" in_server sh "$PB_SRC/etc/pptpban-legacy-hook" stop
	ok "legacy: and gets through again" reaches 192.0.2.66
fi
in_server nft flush ruleset
in_server ipset destroy

# auto: keep out of the way of the ruleset that is there
backend=auto
limits
start
is "auto on an empty machine" backend=ipset "$(d status | grep -o 'backend=[a-z]*')"
stop
in_server nft flush ruleset
in_server ipset destroy
if command -v iptables-nft >/dev/null; then
	in_server iptables-nft -A INPUT -p tcp --dport 9 -j DROP
	start
	is "auto beside iptables-nft" backend=ipset "$(d status | grep -o 'backend=[a-z]*')"
	stop
	in_server nft flush ruleset
	in_server ipset destroy
fi
in_server nft 'add table inet filter; add chain inet filter input { type filter hook input priority 0; }'
start
is "auto beside a native ruleset" backend=nftables "$(d status | grep -o 'backend=[a-z]*')"
stop
