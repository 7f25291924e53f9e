#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netns = NAME: started outside as root, the service puts its bans into the named namespace and nowhere else, and says so
# when the enforcer is elsewhere.
. "$(dirname "$0")/service.inc"
group=games
netns_new server
netns_new outside
netns_new host
real=$server
ip link add name v0 netns "$real" type veth peer name v0 netns "$outside"
ip -n "$real" address add 192.0.2.10/24 dev v0
for a in 66 67; do ip -n "$outside" address add 192.0.2.$a/24 dev v0; done
for n in "$real" "$outside"; do ip -n "$n" link set v0 up; done
ip netns exec "$real" python3 "$here/echo.py" serve 1723 &
started $!
reaches() { ip netns exec "$outside" python3 "$here/echo.py" try 192.0.2.10 1723 "$1"; }
cut_off() { ! reaches "$1"; }
touch "$T/log"
named() { # NAME: the configuration with that namespace
	configure
	sed -i "1a netns = $1" "$T/pptpban.conf"
}
problem() { ask status --json | jq -r .enforcer.problem; }
space() { stat -Lc %i "/proc/$1/ns/net"; }

server=$host # where the service is started
named "$real"
service_start
ok "the enforcer is there" wait_for 5 enforced
is "in the named namespace" "$(stat -Lc %i "/run/netns/$real")" "$(space "$(enforcer)")"
wait_for 5 eval '[ -n "$(connguard)" ]'
is "so is the guard of silent connections" "$(stat -Lc %i "/run/netns/$real")" "$(space "$(connguard)")"
is "the watcher is where it was started" "$(stat -Lc %i "/run/netns/$host")" "$(space "$(watcher)")"
is "and no root" "" "$(ps -o user= -p "$(watcher)" | grep -x root)"
is "the enforcer can do nothing but CAP_NET_ADMIN there" 0000000000001000 "$(awk '/^CapEff/ { print $2 }' "/proc/$(enforcer)/status")"
is "status finds nothing wrong" "" "$(problem)"
attack "$T/log" 192.0.2.66 3
ok "a ban" wait_for 5 banned 192.0.2.66
ok "is in the named namespace" wait_for 2 ip netns exec "$real" ipset test pptpban4 192.0.2.66
ok "and not outside of it" sh -c "! ip netns exec '$host' ipset test pptpban4 192.0.2.66"
ok "its packets are dropped" cut_off 192.0.2.66
ok "others' are not" reaches 192.0.2.67
kill -KILL "$(enforcer)"
ok "an enforcer that died is started there again" wait_for 5 eval '[ -n "$(enforcer)" ] && [ "$(space "$(enforcer)")" = "$(stat -Lc %i "/run/netns/$real")" ]'

# another namespace by a reload
configure
kill -HUP "$service"
ok "reload without netns: the enforcer comes to where the service is" \
	wait_for 10 eval 'enforced && [ "$(space "$(enforcer)")" = "$(stat -Lc %i "/run/netns/$host")" ]'
service_stop

# an enforcer that somebody else started elsewhere, as a unit without its drop-in does
named "$real"
service_start
wait_for 5 enforced
kill -STOP "$service" # so that it starts no other one
kill -TERM "$(enforcer)"
sleep 0.3
ip netns exec "$host" "$PB_BUILD/pptpban-hookguard" --limits "$T/run-enforcer/limits" --socket "$T/run-enforcer/enforcer.sock" --user nobody 2>/dev/null &
stray=$!
started $stray
ok "an enforcer in another namespace is told" wait_for 5 eval 'problem | grep -q "another network namespace"'
ok "in words" sh -c "'$pptpban' status --runtime '$T/run' | grep -q 'another network namespace'"
kill $stray
wait $stray 2>/dev/null
kill -CONT "$service"
ok "and the right one comes back" wait_for 10 eval '[ -z "$(problem)" ] && enforced'
service_stop

# one that is not there: said, and nothing is banned elsewhere
named pptpban-no-such-namespace
: >"$T/service.log"
service_start
ok "a namespace that is not there is said" wait_for 5 grep -q 'netns = pptpban-no-such-namespace.*cannot be entered' "$T/service.log"
is "and no enforcer runs anywhere else" "" "$(enforcer)"
service_stop
