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
two_hosts 192.0.2.66 192.0.2.67
port_answers
touch "$T/log"
configure
service_start
ok "the enforcer is there" wait_for 5 enforced
ask ban 192.0.2.66 >/dev/null
wait_for 2 kernel_has 192.0.2.66

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
