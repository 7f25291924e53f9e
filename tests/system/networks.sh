#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Networks that keep sending new offenders are banned as a whole: in the kernel, where a neighbour's packets stop; not
# while one of ours is in there; explained; counted on over a restart; and single bans go on where the enforcer refuses.
# And who tries one account from many addresses: banned, explained, the same after a restart, and nobody for one typo.
. "$(dirname "$0")/service.inc"
private_mounts "$@"
: >"$T/log"

netns_new server
netns_new outside
ip link add name v0 netns "$server" type veth peer name v0 netns "$outside"
for n in "$server" "$outside"; do
	ip -n "$n" link set v0 up
	ip -n "$n" link set lo up
done
ip -n "$server" address add 192.0.2.10/24 dev v0
ip -n "$outside" address add 192.0.2.66/24 dev v0
ip -n "$server" route add default via 192.0.2.66
for a in 203.0.113.5 203.0.113.99; do ip -n "$outside" address add "$a/32" dev v0; done
reaches() { ip netns exec "$outside" python3 "$here/echo.py" ping 192.0.2.10 "$1"; }
stopped() { ! reaches "$1"; }
guess() { for a in "$@"; do attack "$T/log" "$a" 3; done; }
login() { python3 "$here/attack.py" login "$T/log" "$@"; } # ADDR USER
why_says() { ask why "$1" | grep -q -- "$2"; }
logged() { grep -q -- "$1" "$T/service.log"; }
restart() {
	service_stop
	service_start
	wait_for 5 enforced
}

backend=nftables
configure "aggregate = 3" "aggregate.bantime = 1h" "ignoreip = 198.18.7.7"
service_start
ok "the enforcer is there" wait_for 5 enforced
ok "a neighbour reaches the server" reaches 203.0.113.99
guess 203.0.113.5 203.0.113.6
ok "two addresses are banned" wait_for 5 banned 203.0.113.6
ok "and nobody else" sh -c "! '$pptpban' list --runtime '$T/run' --plain | grep -q /24"
ok "why tells a neighbour how far it is" why_says 203.0.113.99 "203.0.113.0/24 by pptpd: 2 of 3 banned addresses within 1d"

# --- a restart in between: what an attacker has done counts on
restart
ok "after a restart too" why_says 203.0.113.99 "2 of 3 banned addresses"
guess 203.0.113.7
ok "the third takes the network with it" wait_for 5 banned 203.0.113.0/24
ok "the neighbour's packets stop" wait_for 5 stopped 203.0.113.99
ok "the log says because of whom" logged "ban 203.0.113.0/24 for 1h by pptpd: 3 of its addresses were banned in .*: 203.0.113.5 203.0.113.6 203.0.113.7"
ok "why says so to a neighbour" why_says 203.0.113.99 "banned as a whole since"
is "with their addresses" 3 "$(ask why 203.0.113.99 --json | jq '.networks[0].addresses | length')"
is "in the list, with how many" 3 "$(ask list --json | jq '.bans[] | select(.addr == "203.0.113.0/24") | .count')"
is "counted" 1 "$(ask metrics | awk '/^pptpban_network_bans_total / { print $2 }')"
restart
ok "it is banned after a restart" banned 203.0.113.0/24
ok "and why still knows" why_says 203.0.113.99 "banned as a whole since"
is "unbanning one address tells of the network" "1 ban ended
203.0.113.5 is still banned with its network: pptpban unban 203.0.113.0/24" "$(ask unban 203.0.113.5)"
is "unbanning the network ends all of it" "3 bans ended" "$(ask unban 203.0.113.0/24)"
ok "why tells that its next ban is longer" why_says 203.0.113.6 "banned 1 time before (one is forgotten after each 4w without): the next ban lasts 2h"
ok "a neighbour reaches the server again" wait_for 5 reaches 203.0.113.99
guess 203.0.113.8
ok "its addresses are banned one by one again" wait_for 5 banned 203.0.113.8
ok "counted from nothing" why_says 203.0.113.99 "1 of 3 banned addresses"

# --- somebody of ours
guess 198.18.7.1 198.18.7.2 198.18.7.3
ok "an allowlisted address keeps its network" wait_for 5 logged "198.18.7.0/24 is not banned as a whole by pptpd, though 3 of its addresses were: 198.18.7.7: it is on the allowlist"
login 198.18.8.80 anna
guess 198.18.8.1 198.18.8.2
wait_for 5 banned 198.18.8.2
restart
guess 198.18.8.3
ok "a good login does, also of before a restart" wait_for 5 logged "198.18.8.0/24 is not banned as a whole by pptpd, though 3 of its addresses were: 198.18.8.80: somebody logged in well from there"
ok "why names it" why_says 198.18.8.200 "198.18.8.80: somebody logged in well from there"
ok "its single addresses are banned" banned 198.18.8.3
python3 -c 'import time
open("/proc/self/comm", "w").write("pppd")
print(flush=True)
time.sleep(60)' 10.0.0.1:10.0.0.9 remotenumber 198.18.9.80 >"$T/pppd" &
started $!
wait_for 5 test -s "$T/pppd"
guess 198.18.9.1 198.18.9.2 198.18.9.3
ok "an open tunnel does" wait_for 5 logged "198.18.9.0/24 is not banned as a whole by pptpd, though 3 of its addresses were: 198.18.9.80: a tunnel from there is open"

# --- the enforcer refuses: of native sets, a network that is banned by hand already overlaps it
ask ban 198.18.5.0/25 >/dev/null
guess 198.18.5.130 198.18.5.131 198.18.5.132
ok "a refusal is said" wait_for 5 logged "the enforcer did not ban 198.18.5.0/24"
ok "the network is not taken for banned" wait_for 5 sh -c "! '$pptpban' list --runtime '$T/run' --plain | grep -q '198.18.5.0/24'"
guess 198.18.5.133
ok "single bans go on" wait_for 5 banned 198.18.5.133
is "it is not tried again at once" 1 "$(grep -c 'the enforcer did not ban 198.18.5.0/24' "$T/service.log")"
service_stop

# --- one account from many addresses
configure "[spray]" "enabled = yes" "source = $T/log" "maxretry = 4"
service_start
ok "the enforcer is there" wait_for 5 enforced
try() { for a in "${@:2}"; do attack "$T/log" "$a" 1 "$1"; done; }
login 198.18.60.1 bert
try anna 198.18.50.1 198.18.51.1 198.18.52.1
restart
try anna 198.18.53.1
ok "that an account is sprayed is said, also when a restart lies between" wait_for 5 logged 'account "anna" is tried from 4 addresses within 1h (spray)'
try anna 198.18.51.1 198.18.54.1 198.18.60.1 198.18.60.1
ok "who tries it twice is banned" wait_for 5 banned 198.18.51.1
ok "the log says what for" logged 'ban 198.18.51.1 for 1h by spray: 2 failures in .*, last user "anna"; . addresses try "anna"'
ok "why does" why_says 198.18.51.1 "account anna was tried from . addresses; this one 2 times"
ok "and tells another one how far it is" why_says 198.18.54.1 "spray: 1 of 2 within 1h, as accounts that 4 addresses or more try"
wait_for 5 caught_up
ok "nobody is banned for one typo" sh -c "! '$pptpban' list --runtime '$T/run' --plain | grep -E '198.18.5[0234].1'"
ok "nor where somebody had logged in" sh -c "! '$pptpban' list --runtime '$T/run' --plain | grep 198.18.60.1"
ok "as why says" why_says 198.18.60.1 "somebody logged in well from there at"
service_stop
