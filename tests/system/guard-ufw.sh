#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The real ufw beside us: whatever it enables, reloads, disables and resets, hook and bans are there 100 ms later, and
# the banned one stays cut off.
# alone: it measures time
. "$(dirname "$0")/lib.sh"
need_commands ufw
private_mounts "$@"
cp -a /etc/ufw "$T/ufw" && mount --bind "$T/ufw" /etc/ufw || skip_all "needs mount"
. "$(dirname "$0")/service.inc"
group=games
netns_new server
netns_new outside
ip link add name v0 netns "$server" type veth peer name v0 netns "$outside"
ip -n "$server" address add 192.0.2.10/24 dev v0
for a in 66 67; do ip -n "$outside" address add 192.0.2.$a/24 dev v0; done
for n in "$server" "$outside"; do ip -n "$n" link set v0 up; done
in_server() { ip netns exec "$server" "$@"; }
ip netns exec "$server" python3 "$here/echo.py" serve 1723 &
started $!
reaches() { ip netns exec "$outside" python3 "$here/echo.py" try 192.0.2.10 1723 "$1"; }
cut_off() { ! reaches "$1"; }
touch "$T/log"
configure
service_start
ok "the enforcer is there" wait_for 5 enforced
ask ban 192.0.2.66 >/dev/null
wait_for 2 in_kernel 192.0.2.66
hooked() { in_server nft list table ip pptpban 2>/dev/null | grep -q 'xt match.*drop'; }

in_server ufw allow 1723/tcp >/dev/null
in_server ufw --force enable >"$T/ufw.log" 2>&1
if ! in_server ufw status | grep -q 'Status: active'; then
	sed 's/^/# /' "$T/ufw.log"
	skip_all "needs an ufw that works in a namespace"
fi
ok "ufw is in force" test "$(in_server iptables-save 2>/dev/null | grep -c 'ufw-')" -gt 20
for command in reload "deny 99/tcp" disable "--force enable" "--force reset" "--force enable" disable; do
	in_server ufw $command >>"$T/ufw.log" 2>&1
	sleep 0.1
	ok "ufw $command: the hook is there" hooked
	ok "ufw $command: the banned one is cut off" cut_off 192.0.2.66
done
ok "ufw disable: others are not cut off" reaches 192.0.2.67
repaired=$(ask status --json | jq -r '.enforcer | "\(.repairs) repairs, last by \(.last_repair.culprit // "nobody")"')
echo "# seven commands of ufw: $repaired"
service_stop
