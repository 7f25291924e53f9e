#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who is spared while a change of the base ruleset waits: authenticated sessions and the peers of real tunnels, and nobody
# who merely holds a connection open or calls a process of his own pppd.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
need_root
need_commands nft python3 nc
pptpban=$PB_BUILD/pptpban

netns_new server
netns_new client
ip link add v0 netns "$server" type veth peer v0 netns "$client"
ip -n "$server" addr add 192.0.2.1/24 dev v0
for a in 192.0.2.7 192.0.2.9; do ip -n "$client" addr add $a/24 dev v0; done
for n in $server $client; do ip -n "$n" link set v0 up; done
cat >"$T/conf" <<END
[pptpban]
state_dir = $T/state
runtime_dir = $T/run
[firewall]
enabled = yes
backend = nftables
management = 22/tcp
admin_from = 192.0.2.0/29
END
ip netns exec "$server" python3 "$PB_SRC/tests/system/echo.py" serve 22 >/dev/null 2>&1 &
started $!
fw() { ip netns exec "$server" "$pptpban" firewall "$@" --config "$T/conf"; }
set_has() { ip netns exec "$server" nft list set inet pptpban_fw "$1" | grep -qE "[ {]$2[ ,/]"; }
set_lacks() { ! set_has "$@"; }
reaches() { ip netns exec "$client" nc -z -w 1 -s "$1" 192.0.2.1 22; }
# waits SESSION: applied from there, to be confirmed
waits() {
	fw rollback >/dev/null 2>&1
	SSH_CONNECTION=$1 fw apply --no-wait --force --confirm 60s >"$T/out" 2>&1
	is "a change from \"$1\" waits" 4 $?
}
# pppd NAMESPACE REAL EFFECTIVE ARGUMENT...: a process of these users that calls itself so
pppd() {
	where=$1
	shift
	ip netns exec "$where" python3 -c 'import os, sys, time
open("/proc/self/comm", "w").write("pppd")
os.setresuid(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[2]))
print(flush=True)
time.sleep(120)' "$@" >"$T/pppd.$3" &
	started $!
	wait_for 5 test -s "$T/pppd.$3"
}
wait_for 5 reaches 192.0.2.7
pppd "$server" 0 0 10.0.0.1:10.0.0.7 local remotenumber 203.0.113.5
pppd "$server" 0 0 10.0.0.1:10.0.0.6 local remotenumber 203.0.113.4
pppd "$client" 0 0 10.0.0.1:10.0.0.5 local remotenumber 203.0.113.9
pppd "$server" 65534 65534 10.0.0.1:10.0.0.8 local remotenumber 203.0.113.6
pppd "$server" 65534 0 10.0.0.1:10.0.0.9 local remotenumber 203.0.113.8

# an attacker who holds a connection to the management port
ip netns exec "$client" sh -c 'sleep 100 | nc -s 192.0.2.9 192.0.2.1 22' >/dev/null 2>&1 &
started $!
ok "an attacker holds a connection" wait_for 5 sh -c "ip netns exec $server ss -Htn state established src 192.0.2.1:22 | grep -q 192.0.2.9"
waits "192.0.2.7 50000 192.0.2.1 22"
ok "who logged in is spared" set_has admin4 192.0.2.7
ok "who holds a connection is not" set_lacks admin4 192.0.2.9
ok "and gets no new one" sh -c "! ip netns exec $client nc -z -w 1 -s 192.0.2.9 192.0.2.1 22"
ok "the administrator does" reaches 192.0.2.7

# tunnels: pptpd's pppd is root's; one that a user started, setuid or not, tells nothing
ok "the peer of a tunnel stays" set_has tunnels4 203.0.113.5
ok "and that of his neighbour, with whom he makes a network" set_has tunnels4 203.0.113.4
ok "not one that a user made up" set_lacks tunnels4 203.0.113.6
ok "nor with a pppd that is setuid" set_lacks tunnels4 203.0.113.8
ok "nor with a container's" set_lacks tunnels4 203.0.113.9
waits "10.0.0.7 50000 10.0.0.1 22"
ok "who comes through a tunnel is spared inside" set_has admin4 10.0.0.7
ok "and outside" set_has admin4 203.0.113.5
waits "10.0.0.8 50000 10.0.0.1 22"
ok "but not by a tunnel that a user made up" set_lacks admin4 203.0.113.6
waits "fe80::9%v0 50000 fe80::1%v0 22"
ok "IPv6 with its zone" set_has admin6 fe80::9

# logind's sessions
mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/sessions
printf 'UID=0\nACTIVE=1\nSTATE=active\nREMOTE=1\nREMOTE_HOST=192.0.2.77\nCLASS=user\nTYPE=tty\n' >/run/systemd/sessions/7
printf 'UID=0\nACTIVE=1\nSTATE=active\nREMOTE=0\nCLASS=user\nTYPE=tty\n' >/run/systemd/sessions/8
waits ""
ok "who logind says is logged in from afar" set_has admin4 192.0.2.77
umount /run/systemd
fw rollback >/dev/null

# sudo and su take the variable away, and the session is still there
session="192.0.2.9 50000 192.0.2.1 22"
under_sudo() { SSH_CONNECTION=$session sh -c 'env -u SSH_CONNECTION "$@"; exit $?' sh ip netns exec "$server" "$pptpban" firewall "$@" --config "$T/conf"; }
under_sudo apply --no-wait >"$T/out" 2>&1
is "under sudo, who would be locked out is refused, too" 1 $?
ok "and told" grep -q "192.0.2.9 to port 22 would be CUT" "$T/out"
under_sudo apply --no-wait --force --confirm 60s >/dev/null 2>&1
is "with --force it waits" 4 $?
ok "and spares him" set_has admin4 192.0.2.9
under_sudo confirm >"$T/out" 2>&1
is "the same session proves nothing" 1 $?
session="192.0.2.9 50001 192.0.2.1 22"
under_sudo confirm >/dev/null
is "a new one does" 0 $?
ok "and who was spared is no longer" set_lacks admin4 192.0.2.9
fw remove >/dev/null

# --- the README's five commands, with what they print there: where systemd is, and the units are enabled
mkdir -p /run/systemd /etc/systemd/system
mount -t tmpfs tmpfs /run/systemd && mount -t tmpfs tmpfs /etc/systemd/system
mkdir -p /run/systemd/system /etc/systemd/system/sysinit.target.wants
: >/etc/systemd/system/sysinit.target.wants/pptpban-firewall.service
sed '/^\[firewall\]/,$d' "$T/conf" >"$T/readme"
sed -n '/^## The firewall/,/^## [^T]/p' "$PB_SRC/README.md" >"$T/section"
sed -n 's/^    \(\[firewall\]\|enabled = .*\|management = .*\|admin_from = [^ ]*\).*/\1/p' "$T/section" >>"$T/readme"
mv "$T/readme" "$T/conf"
for verb in plan apply confirm status remove; do
	[ $verb = confirm ] && port=50001 || port=50000
	SSH_CONNECTION="192.0.2.7 $port 192.0.2.1 22" fw $verb $([ $verb = apply ] && echo --no-wait) 2>&1 | sed 's/[0-9a-f]\{16\}/REVISION/' >"$T/$verb"
	sed -n "/^    \\\$ sudo pptpban firewall $verb /,/^\$/s/^    //p" "$T/section" | sed '1d; s/[0-9a-f]\{16\}/REVISION/; /^ *\.\.\.$/d' >"$T/$verb.wanted"
	ok "the README knows what $verb prints" test -s "$T/$verb.wanted"
	is "and it is so" "" "$(grep -vxFf "$T/$verb" "$T/$verb.wanted")"
done
