#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who is connected to a real pptpd, and ending it: the account from the log, interface, address and traffic from the kernel,
# traffic of GRE from conntrack where there is no interface; and that nobody else's process is ever touched. pppd is a
# stand-in, for want of PPP in most kernels that tests run on.
. "$(dirname "$0")/service.inc"
need_commands pptpd
[ -c /dev/net/tun ] || skip_all "needs /dev/net/tun"
export PYTHONDONTWRITEBYTECODE=1

netns_new outside
netns_new server
ip link add v0 netns "$server" type veth peer v0 netns "$outside"
ip -n "$server" address add 11.0.0.10/24 dev v0
ip -n "$server" link set v0 up
ip -n "$server" route add default via 11.0.0.1
ip -n "$outside" address add 11.0.0.1/24 dev v0
ip -n "$outside" link set v0 up
ip -n "$outside" route add local 11.16.0.0/16 dev lo
ip netns exec "$server" sysctl -qw net.netfilter.nf_conntrack_acct=1
ip netns exec "$server" nft 'add table ip watch; add chain ip watch in { type filter hook prerouting priority 0; }
	add rule ip watch in ct state new counter'

install -m 755 "$PB_SRC/tests/system/session-pppd.py" "$T/pppd"
printf '%s\n' '11.16.0.1 alice' '11.16.0.2 alice' '11.16.0.3 bob' '11.16.0.4 carol bare' >"$T/accounts"
printf 'localip 10.9.0.1\nremoteip 10.9.0.10-90\nconnections 50\n' >"$T/pptpd.conf"
: >"$T/options"
ip netns exec "$server" pptpd --fg --conf "$T/pptpd.conf" --option "$T/options" --ppp "$T/pppd" --pidfile "$T/pid" >"$T/pptpd.log" 2>&1 &
started $!
group=daemon configure
: >"$T/log"
chmod 666 "$T/log"
service_start
wait_for 5 sh -c "ip netns exec $server ss -ltn | grep -q :1723"
here() { # like ask, on the server
	verb=$1
	shift
	ip netns exec "$server" "$pptpban" "$verb" --runtime "$T/run" --config "$T/pptpban.conf" "$@"
}
is "nobody is connected" "nobody is connected" "$(here sessions)"

mkfifo "$T/hold"
python3 "$PB_SRC/tests/system/sessions.py" "$outside" 11.0.0.10 "$T/log" 11.16.0.1 11.16.0.2 11.16.0.3 11.16.0.4 <"$T/hold" >"$T/clients" 2>&1 &
started $!
exec 8>"$T/hold"
four() { [ "$(here sessions --json | jq '[.sessions[] | select(.inner)] | length')" = 4 ]; }
ok "four clients" wait_for 10 grep -q ready "$T/clients"
ok "are connected" wait_for 10 four
is "who they are" "alice 11.16.0.1 10.9.0.10 ppp0 1000
alice 11.16.0.2 10.9.0.11 ppp1 1000
bob 11.16.0.3 10.9.0.12 ppp2 1000
carol 11.16.0.4 10.9.0.13 null null" \
	"$(here sessions --json --sort address | jq -r '.sessions[] | "\(.account) \(.addr) \(.inner) \(.interface) \(if .counted == "interface" then .in else null end)"')"
is "traffic of GRE, where there is no interface" "flow true" \
	"$(here sessions --json 11.16.0.4 | jq -r '.sessions[] | "\(.counted) \(.in >= 500)"')"
is "the keys" "account addr counted host in inner interface jails origin out pid since" "$(here sessions --json | jq -r '.sessions[0] | keys | join(" ")')"
ok "as a table" sh -c "ip netns exec $server '$pptpban' sessions --runtime '$T/run' | grep -Eq '^bob +11.16.0.3 +10.9.0.12 +ppp2 +20[0-9-]+ [0-9:]+ +1[.]0K +[0-9]+'"
ok "a flow's figure is marked" sh -c "ip netns exec $server '$pptpban' sessions --runtime '$T/run' | grep -Eq '^carol .* ~[0-9]+'"
is "filtered" "bob" "$(here sessions --plain 11.16.0.3 | cut -f 1)"
is "of the jail whose filter told of them" "4 [\"pptpd\"]" "$(here sessions --plain --jail pptpd | wc -l) $(here sessions --json | jq -c '.sessions[0].jails')"
is "of another jail" "no session fits (4 in all)" "$(here sessions --jail other)"
is "sorted" "carol bob alice alice " "$(here sessions --plain --sort account --reverse | cut -f 1 | tr '\n' ' ')"
is "none fits" "no session fits (4 in all)" "$(here sessions 192.0.2.1)"

# ending
pid_of() { here sessions --json | jq -r --arg a "$1" '.sessions[] | select(.addr == $a) | .pid'; }
bob=$(pid_of 11.16.0.3)
is "kick --dry-run" "would end alice from 11.16.0.1 (ppp0): pppd, pid $(pid_of 11.16.0.1)
would end alice from 11.16.0.2 (ppp1): pppd, pid $(pid_of 11.16.0.2)" "$(here kick --dry-run alice | sort)"
is "ends nobody" 4 "$(here sessions --plain | wc -l)"
is "kick by the account: all of its sessions" "ended alice from 11.16.0.1 (ppp0)
ended alice from 11.16.0.2 (ppp1)
not banned; pptpban ban ADDR keeps an address out" "$(here kick alice | sort)"
two() { [ "$(here sessions --plain | cut -f 1 | sort | tr '\n' ' ')" = "bob carol " ]; }
ok "and no other" wait_for 3 two
ok "bob's pppd is the same" kill -0 "$bob"
here kick alice >"$T/out" 2>"$T/err"
is "again: exit code 3" 3 $?
is "and what to do" "pptpban kick: nobody is connected as alice; pptpban sessions shows who is" "$(cat "$T/err")"
here kick 192.0.2.1 2>/dev/null
is "an address of nobody: exit code 3" 3 $?
here kick "" 2>/dev/null
is "nobody in particular: exit code 2" 2 $?
setpriv --reuid 65534 --regid daemon --clear-groups "$pptpban" kick --runtime "$T/run" bob >"$T/out" 2>"$T/err"
is "not as root: exit code 1" 1 $?
ok "and why" grep -q "^bob from 11.16.0.3.* is not ended: Operation not permitted; only root may" "$T/err"
ok "bob is still there" kill -0 "$bob"

# Whoever can write to the log can name any process there.
install -m 755 /bin/sleep "$T/sleep"
cp "$T/sleep" "$T/uplink"
mkdir "$T/other"
cp "$T/sleep" "$T/other/pppd"
ip netns exec "$server" "$T/other/pppd" 1000 &
uplink=$!
started $uplink
"$T/other/pppd" 1000 &
elsewhere=$! # in another network namespace, as in a container
started $elsewhere
"$T/sleep" 1000 &
bystander=$!
started $bystander
forge() { # PID ACCOUNT
	now=$(date -u +%FT%T.%6N+00:00)
	for text in "pppd 2.4.9 started by root, uid 0" "peer from calling number 192.0.2.9 authorized" "Peer $2 authenticated with CHAP"; do
		echo "$now $(hostname) pppd[$1]: $text"
	done >>"$T/log"
}
forge $elsewhere oscar
forge $uplink mallory
forge $bystander trent
ok "a forged session of somebody else's pppd" wait_for 3 sh -c "ip netns exec $server '$pptpban' sessions --runtime '$T/run' | grep -q ^mallory"
here kick mallory >"$T/out" 2>"$T/err"
is "is not ended: exit code 1" 1 $?
ok "and why" grep -q "neither pptpd nor xl2tpd started its pppd, pid $uplink: that is not touched" "$T/err"
here kick trent >"$T/out" 2>"$T/err"
is "one of a process that is no pppd is none: exit code 3" 3 $?
here kick oscar >"$T/out" 2>"$T/err"
is "nor one of a pppd elsewhere: exit code 3" 3 $?
ok "all live" kill -0 $uplink $elsewhere $bystander

# A service that began later knows no accounts; the kernel tells the rest.
service_stop
: >"$T/log"
service_start
is "without the log, what the kernel tells" "null 11.16.0.3 10.9.0.12 ppp2 null" \
	"$(here sessions --json | jq -r '.sessions[] | "\(.account) \(.addr) \(.inner) \(.interface) \(.since)"')"
is "ended by the address inside" "ended somebody from 11.16.0.3 (ppp2)" "$(here kick 10.9.0.12 | head -n 1)"
is "nobody is left" "nobody is connected" "$(here sessions)"
service_stop
here sessions >"$T/out" 2>"$T/err"
is "without the service: exit code 4" 4 $?
exec 8>&-
