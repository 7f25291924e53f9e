#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The real firewalld beside us, on nftables and on iptables: whatever it reloads, starts and stops, hook and bans are there
# 100 ms later, and the banned one stays cut off.
# alone: it measures time
. "$(dirname "$0")/lib.sh"
need_commands firewalld firewall-cmd dbus-daemon
private_mounts "$@"
mkdir -p /run/dbus "$T/dbus" "$T/fwrun" /run/firewalld && mount --bind "$T/dbus" /run/dbus && mount --bind "$T/fwrun" /run/firewalld &&
	cp -a /etc/firewalld "$T/firewalld" && mount --bind "$T/firewalld" /etc/firewalld || skip_all "needs mount"
. "$(dirname "$0")/service.inc"
group=games
two_hosts 192.0.2.66 192.0.2.67
port_answers
dbus-daemon --system --nofork --nopidfile --address=unix:path=/run/dbus/system_bus_socket >"$T/dbus.log" 2>&1 &
started $!
ok "there is a bus" wait_for 5 test -S /run/dbus/system_bus_socket
touch "$T/log"
configure
service_start
ok "the enforcer is there" wait_for 5 enforced
ask ban 192.0.2.66 >/dev/null
wait_for 2 kernel_has 192.0.2.66
still() { # WHAT
	sleep 0.1
	ok "$1: the hook is there" hooked
	ok "$1: the banned one is cut off" cut_off 192.0.2.66
}
running() { in_server firewall-cmd --state; }

for back in nftables iptables; do
	echo "FirewallBackend=$back" >/etc/firewalld/firewalld.conf # ours, in this mount namespace
	in_server firewalld --nofork --nopid >"$T/firewalld.log" 2>&1 &
	firewalld=$!
	started $firewalld
	wait_for 20 running || { sed 's/^/# /' "$T/firewalld.log"; skip_all "needs a firewalld that works in a namespace"; }
	still "$back: firewalld starts"
	in_server firewall-cmd -q --permanent --add-port=1723/tcp
	in_server firewall-cmd -q --zone=public --change-interface=v0
	for command in --reload --complete-reload "--add-port=99/tcp" --reload; do
		in_server firewall-cmd -q $command >>"$T/firewalld.log" 2>&1
		still "$back: firewall-cmd $command"
	done
	if [ $back = nftables ]; then
		ok "$back: it is in force" in_server nft list table inet firewalld
	else
		ok "$back: it is in force" test "$(in_server iptables-save 2>/dev/null | grep -c 'IN_public')" -gt 5
	fi
	in_server firewall-cmd -q --reload
	ok "$back: others are let in" wait_for 3 reaches 192.0.2.67
	kill $firewalld
	wait $firewalld 2>/dev/null
	still "$back: firewalld stops"
done
repaired=$(ask status --json | jq -r '.enforcer | "\(.repairs) repairs, last by \(.last_repair.culprit // "nobody")"')
echo "# firewalld, both back ends: $repaired"
# Mutant: without the guard what a flush takes away stays away.
kill -STOP "$(hookguard)"
in_server nft flush ruleset
sleep 0.5
ok "mutant: a guard that is stopped leaves the banned one in" reaches 192.0.2.66
kill -CONT "$(hookguard)"
ok "and back it is" wait_for 3 cut_off 192.0.2.66
service_stop
