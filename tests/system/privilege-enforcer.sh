#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The enforcer, whose watcher is in an attacker's hands: malformed messages, forbidden networks in every notation, too
# much of the address space, floods. FLOOD=1000000: so many messages instead of 20000 (3 minutes).
# alone: it floods
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
need_commands ip nft ipset python3 setpriv jq
here=$(cd "$(dirname "$0")" && pwd)
. "$here/privilege.inc"
machine
netns_new server
ip -n "$server" link add v0 type veth peer name v1
for l in v0 v1; do ip -n "$server" link set $l up; done
ip -n "$server" address add 192.0.2.10/24 dev v0
ip -n "$server" address add 2001:db8:1::10/48 dev v0 nodad
ip -n "$server" route add default via 192.0.2.129
ip -n "$server" -6 route add default via 2001:db8:1:1::1
pptpban_conf "ignoreip = 198.51.100.0/24 10.1.2.3 2001:db8:99::/48"
taken_start

part() { # NAME
	python3 "$here/privilege-enforcer.py" "$1" "$T/run-enforcer/enforcer.sock" "$enforcer" "$PB_SRC/src/enforce/protocol.h" \
		"${FLOOD:-20000}" >"$T/$1" 2>"$T/$1.err" || is "$1" 0 "$? $(cat "$T/$1.err")"
	while IFS='	' read -r what wanted got; do
		case $what in \#*) echo "$what" ;; *) is "$what" "$wanted" "$got" ;; esac
	done <"$T/$1"
}

wait_for 5 grep -q "^Seccomp:.2" "/proc/$enforcer/status" # it takes connections before it is locked in, and serves them afterwards
is "the enforcer is its user, with CAP_NET_ADMIN alone, behind seccomp" "64902 0000000000001000 0000000000000000 1 2" \
	"$(awk '/^Uid|^CapEff|^CapBnd|^NoNewPrivs|^Seccomp:/ { printf "%s%s", s, $2; s = " " }' /proc/$enforcer/status)"
is "so is the guard of silent connections" "64902 0000000000001000 0000000000000000 1 2" \
	"$(awk '/^Uid|^CapEff|^CapBnd|^NoNewPrivs|^Seccomp:/ { printf "%s%s", s, $2; s = " " }' /proc/$connguard/status)"
kill -STOP "$watcher" # we are it
part malformed
part judge
part space
part flood
# The mutant: the same enforcer held to nothing takes what it refused.
for a in 192.0.2.10/24 2001:db8:1::10/48; do ip -n "$server" address del $a dev v0; done
ip -n "$server" route flush default 2>/dev/null
ip -n "$server" -6 route flush default 2>/dev/null
"$PB_BUILD/enforce-drive" limits "$T/run-enforcer/limits" uid=64901 backend=ipset widest4=1 widest6=1 extent4=99999999999 extent6=9999999999999999999
kill -HUP "$enforcer"
sleep 0.5
part lax
kill -CONT "$watcher"
taken_stop
