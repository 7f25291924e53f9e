# SPDX-License-Identifier: GPL-2.0-or-later
# Scenario "firewall": the base ruleset on a VPN server with real tunnels, for every back end; the way back under
# systemd, through a killed session and a real reboot; the guard of silent connections under its unit; rules flushed by
# somebody else; the audit. The machine starts two or three times: see first_start, second_start, third_start.
. /vmtest/lib.sh
. /vmtest/install.sh
U=pptpban.service E=pptpban-enforcer.service G=pptpban-connguard.service F=pptpban-firewall.service
LAN=10.20.0.0/24 HOST=10.20.0.2 # behind the server
NFT_TABLE=pptpban_fw
again=/vmtest/again

# json EXPRESSION: of the object d on standard input
json() { python3 -S -E -c 'import json, sys; d = json.load(sys.stdin); print('"$1"')' 2>&1 | tail -1; }
fw() { pptpban firewall "$@" >>$OUT/fw.log 2>&1; }
fw_state() { pptpban firewall status --json 2>>$OUT/fw.log | json 'd["state"]'; }
counts() { pptpban firewall status --json >$W/counts-$1 2>>$OUT/fw.log; }
# grew RULE: by how much its counter is larger in "counts after" than in "counts before"
grew() {
	python3 -S -E -c 'import json, sys
a, b = (json.load(open(f))["rules"] for f in sys.argv[2:])
print(b[sys.argv[1]]["packets"] - a[sys.argv[1]]["packets"])' "$1" $W/counts-before $W/counts-after 2>&1 | tail -1
}
counted() { local n; n=$(grew "$1"); [ "$n" -gt 0 ] 2>/dev/null && echo yes || echo "$n"; }
yes_if() { "$@" >/dev/null 2>&1 && echo yes || echo no; }
unit_there() { systemctl cat "$1" >/dev/null 2>&1; }
inner() { ip -n "$1" -4 -o addr show dev ppp0 | awk '{print $4}' | cut -d/ -f1; }

# pings NAMESPACE TARGET [OPTION...]: how many of three come back
pings() {
	local n=$1 to=$2; shift 2
	ip netns exec "$n" ping -n -c3 -i0.3 -W2 "$@" "$to" 2>/dev/null | sed -n 's/.* \([0-9]*\) received.*/\1/p'
}

# login CLIENT LOGNAME USER PASSWORD: and the way to the networks behind the server
login() {
	VPN_OPTIONS='mtu 1400 mru 1400' vpn "$@"
	[ $RES = up ] || return 1
	ip -n "$1" route replace $LAN dev ppp0 advmss 1460
	ip -n "$1" route replace 10.8.0.0/24 dev ppp0
}

# heard FROM COMMAND...: how many of the GRE packets that the command sends get to the sockets of the server
heard() {
	local from=$1; shift
	: >$W/heard
	python3 -S -E /vmtest/packets.py hear-gre "$from" 4 >$W/heard & local pid=$!
	within 5 grep -q ready $W/heard
	"$@" >/dev/null 2>&1
	wait $pid
	tail -1 $W/heard
}
gre() { ip netns exec "$1" python3 -S -E /vmtest/packets.py gre "${ADDR[$1]}" $S "${2:-77}"; }

# mss_in, mss_out: of a SYN from a client into the lan, and the other way, as it arrives
mss_of() { # LISTENER INTERFACE SENDER TARGET
	: >$W/mss
	ip netns exec "$1" python3 -S -E /vmtest/packets.py syn-mss "$2" 5 >$W/mss & local pid=$!
	within 5 grep -q ready $W/mss
	ip netns exec "$3" timeout 2 bash -c "exec 3<>/dev/tcp/$4/9" 2>/dev/null
	wait $pid
	tail -1 $W/mss
}
# what the tunnel of a client carries, by the server's end of it
mtu_of() { ip -o link show dev "$(ip -4 -o addr | awk -v peer="$1/32" '$6 == peer { print $2 }')" | sed 's/.* mtu \([0-9]*\) .*/\1/'; }

lan_up() {
	sysctl -qw net.ipv4.ip_forward=1
	ip netns add lan; ip -n lan link set lo up
	ip link add lan0 type veth peer name eth0 netns lan
	ip addr add 10.20.0.1/24 dev lan0; ip link set lan0 up
	ip -n lan addr add $HOST/24 dev eth0; ip -n lan addr add 10.21.0.2/32 dev eth0; ip -n lan link set eth0 up
	ip -n lan route add default via 10.20.0.1
	ip route add 10.21.0.0/24 via $HOST
}

# configure_firewall BACKEND [LINE...]
configure_firewall() {
	{
		printf '%s\n' '[firewall]' 'enabled = yes' "backend = $1" 'interface = wan0' "address = $S" \
			'spoofed = 10.0.0.0/8 127.0.0.0/8 224.0.0.0/4' "management = ${MANAGEMENT:-22/tcp}" 'admin_from = 198.51.100.7/32' \
			'pool = 10.8.0.0/24' "forward_to = $LAN" 'rate = 60/minute burst 60'
		shift
		printf '%s\n' "$@"
	} >/etc/pptpban/pptpban.conf.d/firewall.conf
}

# who PORT: the environment of an ssh session of the administrator
who() { echo "SSH_CONNECTION=198.51.100.7 $1 $S 22"; }
apply() { env "$(who 50000)" pptpban firewall apply --no-wait "$@" >>$OUT/fw.log 2>&1; }
confirm() { env "$(who "${1:-50001}")" pptpban firewall confirm >>$OUT/fw.log 2>&1; }

audit() { # NAME
	pptpban audit >$OUT/audit-$1.txt 2>$OUT/audit-$1.err
	note "audit $1: exit $?, $(pptpban audit --json 2>/dev/null | json '", ".join("%s %d" % c for c in sorted(d["counts"].items()))')"
}
# verdicts NAME...: of these checks, the worst of each
verdicts() {
	pptpban audit --json 2>/dev/null | json "' '.join(c + '=' + max([f['verdict'] for f in d['findings'] if f['check'] == c],
		key=['n/a', 'pass', 'unknown', 'warn', 'fail'].index, default='none') for c in '$*'.split())"
}

# --- 1. tunnels

# tunnels BACKEND WAY CLIENT: what holds with its ruleset. The client has had no tunnel in this machine's life: those that
# connection tracking remembers count as older than the ruleset.
tunnels() {
	local b=$1 way=$2 c=$3 n m
	counts before
	check "$b: the older tunnel carries on" 3 "$(pings c1 10.8.0.1)"
	check "$b: and its client is the same" 0 "$(kill -0 $KEEP 2>/dev/null; echo $?)"
	login $c "$c-$b" bob bobpw; local new=$PID
	check "$b: a new login" up $RES
	check "$b: carries" 3 "$(pings $c 10.8.0.1)"
	check "$b: GRE of a stranger does not arrive" 0 "$(heard "${ADDR[stranger]}" gre stranger)"
	# a call that goes on, and GRE of the same address that is not part of it
	raw beside nogre '' 15 >/dev/null & n=$!
	sleep 2
	if [ $way = peers ]; then
		check "$b: any GRE of an address with a control connection arrives" 5 "$(heard "${ADDR[beside]}" gre beside 31313)"
	else
		check "$b: nor does GRE of no call, of an address that has one" 0 "$(heard "${ADDR[beside]}" gre beside 31313)"
	fi
	kill $n 2>/dev/null; wait $n 2>/dev/null
	# segments
	m=$(mtu_of "$(inner $c)"); note "$b: the tunnel carries $m"
	check "$b: MSS from a client is clamped to what the tunnel carries" $((m - 40)) "$(mss_of lan eth0 $c $HOST)"
	check "$b: MSS to a client, too" $((m - 40)) "$(mss_of $c ppp0 lan "$(inner $c)")"
	# through the machine
	check "$b: a client reaches forward_to" 3 "$(pings $c $HOST)"
	ip -n $c route replace 10.21.0.2 dev ppp0
	check "$b: and nothing else" 0 "$(pings $c 10.21.0.2)"
	check "$b: no client reaches another" 0 "$(pings c1 "$(inner $c)")"
	ip -n $c addr add 10.8.0.190/32 dev lo
	check "$b: a client with an address of its own choice" 0 "$(pings $c $HOST -I 10.8.0.190)"
	ip -n $c addr del 10.8.0.190/32 dev lo
	ip -n $c addr add "$(inner c1)/32" dev lo
	check "$b: a client with the address of another" 0 "$(pings $c $HOST -I "$(inner c1)")"
	ip -n $c addr del "$(inner c1)/32" dev lo
	counts after
	check "$b: the new tunnel's GRE is that of a control connection" yes "$(counted gre-$way)"
	check "$b: what did not arrive is counted by gre-unsolicited" $([ $way = peers ] && echo 5 || echo 10) "$(grew gre-unsolicited)"
	check "$b: between clients, by forward-clients" 3 "$(grew forward-clients)"
	check "$b: with foreign addresses, by tunnel-source" 6 "$(grew tunnel-source)"
	vpn_down $new
}

first_start() {
net_up
for i in 1 2; do client c$i 198.51.100.$((10 + i)); done
for i in {1..6}; do client new$i 198.51.100.$((20 + i)); done
fresh=0
client stranger 203.0.113.77
client beside 203.0.113.78
client silent 203.0.113.90
client banned 203.0.113.99
client crowd 203.0.113.128
ip -n inet route add 203.0.113.128/27 dev rcrowd
for i in {129..148}; do ip -n crowd addr add 203.0.113.$i/32 dev eth0; done
client admin 198.51.100.7
lan_up
server

say installing
product_install >$OUT/install.log 2>&1; check "installed" 0 $?
product_configure journal
printf '%s\n' '[probe]' 'enabled = yes' 'source = journal' 'maxretry = 20' >/etc/pptpban/pptpban.conf.d/probe.conf
pptpban check >$OUT/check.txt 2>&1; check "the configuration is accepted" 0 $?
systemctl enable --now $U >>$OUT/install.log 2>&1; check "the service starts" 0 $?
audit before
check "the audit without a ruleset" "ban-hook=pass ruleset=fail gre=fail helper=fail" "$(verdicts ban-hook ruleset gre helper)"

# --- 3. who says nothing
within 10 systemctl -q is-active $G
check "the guard of silent connections is active" active "$(systemctl is-active $G)"
pid=$(systemctl show -P MainPID $G)
check "it has CAP_NET_ADMIN and no more" "0000000000001000 0000000000001000 0000000000001000" \
	"$(sed -n 's/^Cap\(Prm\|Eff\|Bnd\):\t//p' /proc/$pid/status | tr '\n' ' ' | sed 's/ $//')"
check "it runs as" pptpban-enforcer "$(stat -c %U /proc/$pid)"
check "exposure of $G is at most 1.5" yes "$(systemd-analyze security --offline=true $G 2>/dev/null | awk '/Overall exposure/ {
	for (i = 1; i <= NF; i++) if ($i + 0 > 0) v = $i + 0; print (v <= 1.5) ? "yes" : v }')"
t=$(ip netns exec silent python3 -S -E /vmtest/packets.py silent $S 12 "${ADDR[silent]}" | tail -1)
note "a silent connection was ended after $t s"
check "a silent connection is ended within 3 s" yes "$(awk -v t="$t" 'BEGIN { print (t != "never" && t < 3) ? "yes" : t }')"
probes() { pptpban why "$1" --json 2>/dev/null | json "max([w['count'] for w in d['windows'] if w['jail'] == 'probe'] or [0])"; }
within 5 eval '[ "$(probes 203.0.113.90)" -ge 1 ]'
check "and its address is counted in the probe jail" 1 "$(probes 203.0.113.90)"
pptpban why 203.0.113.90 >$OUT/why-silent.txt 2>&1
ip netns exec crowd python3 -S -E /vmtest/packets.py silent $S 20 203.0.113.{129..148} >$W/crowd & CROWD=$!
within 5 grep -q ready $W/crowd
t=$EPOCHREALTIME
login c2 beside-crowd bob bobpw; check "an honest login beside 20 silent connections" up $RES
note "login beside 20 silent connections: $(awk -v a="$t" -v b=$EPOCHREALTIME 'BEGIN { printf "%.1f s", b - a }')"
vpn_down $PID
wait $CROWD; note "ended in 20 s beside 20 who come again: $(tail -1 $W/crowd)"
systemctl --no-pager --full status $G >$OUT/connguard-status.txt 2>&1; check "systemctl status of it" 0 $?
check "it complained of nothing" 0 "$(journalctl -b -u $G -p warning -o cat | grep -cv '^silent connection')"
check "nobody of them is banned yet who came less than 20 times" no "$(yes_if eval 'pptpban list --plain | grep -q 203.0.113.90')"
pptpban unban --all >>$OUT/unban.log 2>&1

# --- 1. a tunnel before any ruleset
login c1 keep alice 'alice pw'; KEEP=$PID; check "a tunnel before the ruleset" up $RES
check "carries" 3 "$(pings c1 10.8.0.1)"
login c2 other bob bobpw; check "and another" up $RES; other=$PID
check "without the ruleset: MSS from a client" 1460 "$(mss_of lan eth0 c2 $HOST)"
check "without the ruleset: MSS to a client" 1460 "$(mss_of c2 ppp0 lan "$(inner c2)")"
check "without the ruleset: clients reach each other" 3 "$(pings c1 "$(inner c2)")"
check "without the ruleset: GRE of a stranger arrives" 5 "$(heard "${ADDR[stranger]}" gre stranger)"
vpn_down $other
ip netns exec c1 ping -n -i 0.5 10.8.0.1 >$OUT/keep-ping.txt & PING=$!

backends="nftables iptables-nft"
if iptables-legacy -t raw -L -n >/dev/null 2>&1; then backends+=" iptables-legacy"; else note "no iptables-legacy here"; fi
for b in $backends; do
	configure_firewall $b
	pptpban firewall plan >$OUT/plan-$b.txt 2>&1; check "$b: plan" 0 $?
	apply --confirm 10m; check "$b: applied, and waits" 4 $?
	sleep 1
	check "$b: the older tunnel goes on at once" 3 "$(pings c1 10.8.0.1)"
	confirm; check "$b: confirmed" 0 $?
	check "$b: state" "applied and confirmed" "$(fw_state)"
	tunnels $b related new$((++fresh))
	{ nft list ruleset; iptables-save; iptables-legacy-save; ipset list; } >$OUT/rules-$b.txt 2>&1
	# it is the ruleset's helper that lets GRE in
	if [ $b = nftables ]; then
		nft flush chain inet $NFT_TABLE helper
		sleep 1
		VPN_WAIT=250 login silent no-helper bob bobpw
		check "$b: without the helper's rule no login" no "$([ $RES = up ] && echo yes || echo no)"
		vpn_down $PID
		check "$b: status tells that the rule is gone" "altered by somebody else" "$(fw_state)"
		audit altered
		check "$b: and so does the audit" helper=fail "$(verdicts helper)"
		apply --no-confirm; check "$b: applied again" 0 $?
	fi
	configure_firewall $b 'gre = peers'
	apply --no-confirm; check "$b, gre = peers: applied" 0 $?
	tunnels "$b, gre = peers" peers new$((++fresh))
	fw remove; check "$b: removed" 0 $?
	check "$b: nothing of it is left" 0 "$({ nft list ruleset; iptables-save; iptables-legacy-save; } 2>/dev/null | grep -c pptpban_fw)"
	check "$b: the tunnel carries on" 3 "$(pings c1 10.8.0.1)"
done
kill -INT $PING; wait $PING 2>/dev/null; note "the older tunnel: $(grep -h loss $OUT/keep-ping.txt)"
check "the older tunnel lost at most 2 of its pings" yes "$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' \
	$OUT/keep-ping.txt | awk '{ print $1 - $2 <= 2 ? "yes" : $1 - $2 }')"

# --- 2. the way back under systemd
configure_firewall nftables
check "before: a stranger reaches the management port" refused "$(syn stranger 22)"
systemd-run --quiet --scope --unit=session-77 --slice=user.slice setsid env "$(who 50000)" \
	pptpban firewall apply --confirm 10s >$OUT/session.log 2>&1 & # waits in the session
within 20 grep -q 'NEW session' $OUT/session.log; check "a change from a session: applied" 0 $?
check "a change from a session: in force" dropped "$(syn stranger 22)"
check "a timer of systemd will take it back" yes "$(yes_if eval "systemctl list-timers --all | grep -q 'run-'")"
systemctl list-timers --all --no-pager >$OUT/timers.txt
systemctl kill --signal=KILL session-77.scope; systemctl stop session-77.scope 2>/dev/null
check "the session is gone" 0 "$(pgrep -cf 'firewall apply --confirm')"
check "and the change still there" "waits for confirmation" "$(fw_state)"
within 25 eval '[ "$(fw_state)" = "not applied" ]'
check "it is taken back" "not applied" "$(fw_state)"
check "for want of confirmation" "rolled back: nobody confirmed it in time" "$(cat /run/pptpban-firewall/outcome)"
check "a stranger reaches the management port again" refused "$(syn stranger 22)"

apply --confirm 10s; check "a change with --no-wait: waits" 4 $?
within 25 eval '[ "$(fw_state)" = "not applied" ]'
check "--no-wait: it is taken back" "not applied" "$(fw_state)"
check "the older tunnel carries on after that" 3 "$(pings c1 10.8.0.1)"

apply --confirm 10s; check "a third change: waits" 4 $?
confirm 50000; check "the same session does not confirm" 1 $?
confirm; check "a new one does" 0 $?
sleep 13
check "it stays when its time is over" "applied and confirmed" "$(fw_state)"
check "no unit failed" "" "$(systemctl --failed --plain --no-legend | awk '{print $1}' | paste -sd' ')"
check "the older tunnel carries on" 3 "$(pings c1 10.8.0.1)"
good=$(pptpban firewall status --json | json 'd["confirmed"]')
audit applied
check "the audit passes the ruleset" "ban-hook=pass ruleset-order=pass foreign=pass gre=pass helper=pass limits=pass mss=pass" \
	"$(verdicts ban-hook ruleset-order foreign gre helper limits mss)"
check "and the server's own files" "pptpd-conf=pass ppp-auth=pass ppp-mppe=pass secrets-mode=pass watch=pass forwarding=pass" \
	"$(verdicts pptpd-conf ppp-auth ppp-mppe secrets-mode watch forwarding)"
check "and fails the short passwords" secrets-passwords=fail "$(verdicts secrets-passwords)"

# --- 4. flushed by somebody else
pptpban ban 203.0.113.99 --for 1h >>$OUT/unban.log 2>&1
within 5 eval '[ "$(syn banned)" = dropped ]'; check "banned by hand" dropped "$(syn banned)"
! unit_there pptpban-firewall.path || systemctl enable --now pptpban-firewall.path >>$OUT/install.log 2>&1
missing() { journalctl -b -u $E -o cat | sed -n 's/^the hook was taken away.*missing for \([0-9]*\) ms.*/\1/p'; }
for i in 1 2 3; do
	n=$(missing | wc -l)
	nft flush ruleset
	within 5 eval '[ "$(missing | wc -l)" -gt '$n' ]'
	ms=$(missing | tail -1); note "nft flush ruleset: the ban hook was missing for $ms ms"
	# 100 are wanted of a real machine; this one is emulated
	check "nft flush ruleset $i: the ban hook is back within 250 ms" yes "$([ "${ms:-9999}" -le 250 ] && echo yes || echo "$ms")"
	check "nft flush ruleset $i: the banned is dropped" dropped "$(syn banned)"
	if unit_there pptpban-firewall.path; then
		within 10 eval '[ "$(fw_state)" = "applied and confirmed" ]'
		check "nft flush ruleset $i: the base ruleset is back" "applied and confirmed" "$(fw_state)"
	else
		check "nft flush ruleset $i: status says that the base ruleset is gone" "not applied" "$(fw_state)"
		fw restore; check "nft flush ruleset $i: restored by hand (no path unit)" 0 $?
	fi
	check "nft flush ruleset $i: the older tunnel carries on" 3 "$(pings c1 10.8.0.1)"
done
pptpban status >$OUT/status-flushed.txt 2>&1

# --- a real reboot beside a change that nobody confirmed
MANAGEMENT='22/tcp 8080/tcp' configure_firewall nftables
apply --confirm 10m; check "a candidate before the reboot: waits" 4 $?
check "it is in force" dropped "$(syn stranger 8080)"
echo "$good" >/vmtest/good
vpn_down $KEEP
{ product_logs; journalctl -b -t pptpban -o short-precise; } >$OUT/service.log
journalctl -b -o short-precise -t pppd -t pptpd >$OUT/server.log
journalctl -b -o short-precise >$OUT/journal-1.txt
# the second start is that of an ordinary machine, not of the scenario alone
unit_there $F && systemctl enable $F >>$OUT/install.log 2>&1
systemctl set-default multi-user.target >>$OUT/install.log 2>&1
systemctl add-wants multi-user.target vmtest-scenario.service >>$OUT/install.log 2>&1
start_again second_start
}

# start_again FUNCTION: reboots; it is what goes on then
start_again() {
	cat /proc/sys/kernel/random/boot_id >/vmtest/boot
	echo "$1" >$again
	sync
	systemctl reboot --no-block
	exit 0
}
another_boot() { [ "$(cat /proc/sys/kernel/random/boot_id)" != "$(cat /vmtest/boot)" ]; }

# came_up NAME REVISION: with the ruleset that was confirmed last
came_up() {
	check "$1: another boot" yes "$(yes_if another_boot)"
	if unit_there $F; then
		within 120 eval '[ "$(systemctl show -P ActiveState '$F')" != activating ]'
		check "$1: the boot unit" "success 0" "$(systemctl show -P Result $F) $(systemctl show -P ExecMainStatus $F)"
		journalctl -b -u $F -o short-monotonic >>$OUT/boot-unit.txt
	else
		note "no $F in the product: pptpban firewall restore by hand"
		check "$1: nothing is there" 0 "$(nft list ruleset | grep -c $NFT_TABLE)"
		fw restore; check "$1: restored" 0 $?
	fi
	check "$1: the kernel has what was confirmed" "$2" "$(pptpban firewall status --json | json 'd["revision"]')"
	check "$1: no change waits" no "$(yes_if test -e /run/pptpban-firewall/pending)"
	within 30 systemctl -q is-active $U
	check "$1: the service" active "$(systemctl is-active $U)"
	check "$1: the guard of silent connections" active "$(systemctl is-active $G)"
}

# logs_in NAME: a tunnel, and nothing of strangers
logs_in() {
	login c1 "c1-$1" alice 'alice pw'; check "$1: a login" up $RES
	check "$1: carries" 3 "$(pings c1 10.8.0.1)"
	check "$1: GRE of a stranger does not arrive" 0 "$(heard "${ADDR[stranger]}" gre stranger)"
	vpn_down $PID
}

after_boot() {
	net_up
	client c1 198.51.100.11
	client stranger 203.0.113.77
	client banned 203.0.113.99
	lan_up
	server
}

second_start() {
came_up reboot "$(cat /vmtest/good)"
after_boot
check "reboot: the confirmed rule holds" dropped "$(syn stranger 22)"
check "reboot: the unconfirmed one does not" refused "$(syn stranger 8080)"
check "reboot: the ban holds" dropped "$(syn banned)"
logs_in reboot
audit reboot
check "reboot: no unit failed" "" "$(systemctl --failed --plain --no-legend | awk '{print $1}' | paste -sd' ')"
systemctl --no-pager list-units >$OUT/units.txt
journalctl -b -o short-precise >$OUT/journal-2.txt
iptables-legacy -t raw -L -n >/dev/null 2>&1 || finish
# its modules come only when somebody asks for them by name
fw remove
configure_firewall iptables-legacy
apply --no-confirm; check "iptables-legacy again: applied" 0 $?
pptpban firewall status --json | json 'd["confirmed"]' >/vmtest/good
start_again third_start
}

third_start() {
came_up "reboot, iptables-legacy" "$(cat /vmtest/good)"
after_boot
check "reboot, iptables-legacy: the rule holds" dropped "$(syn stranger 22)"
logs_in "reboot, iptables-legacy"
journalctl -b -o short-precise >$OUT/journal-3.txt
finish
}

finish() {
	! grep -q '"ok":"FAIL"' $OUT/checks.jsonl || FAILED=1
	exit $FAILED
}

if [ -e $again ]; then
	go_on=$(cat $again)
	rm $again
	say "another start: $go_on"
	$go_on
else
	first_start
fi
