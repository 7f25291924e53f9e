#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban unhook: nothing of ours stays in the kernel, nothing of others goes, and what comes back is said.
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip nft ipset setpriv
drive=$PB_BUILD/enforce-drive
netns_new server
unhook() { in_server "$PB_BUILD/pptpban" unhook "$@" >"$T/out" 2>&1; }
ours() { { in_server nft list tables; in_server ipset list -name; } | grep pptpban | grep -v pptpban_fw | xargs; }

start() { # BACKEND
	"$drive" limits "$T/limits" uid="$(id -u daemon)" backend="$1"
	ip netns exec "$server" "$PB_BUILD/pptpban-hookguard" --limits "$T/limits" --socket "$T/socket" --user nobody >"$T/log" 2>&1 &
	pid=$!
	started $pid
	wait_for 5 timeout 2 "$drive" "$T/socket" status
	"$drive" "$T/socket" ban 600 203.0.113.9 2001:db8:2::9 >/dev/null
}

unhook
is "nothing there: said, with a code of its own" "3 nothing to do: no hook and no set of ours is in the kernel" "$? $(cat "$T/out")"

in_server nft 'add table inet pptpban_fw; add table ip others'
in_server ipset create others hash:net
for backend in ipset nftables; do
	start $backend
	ok "$backend: hook and sets are there" test -n "$(ours)"
	unhook
	is "$backend: an enforcer that runs has all back, which is an error" "1 1" "$? $(grep -c '^error: hook or sets are still there' "$T/out")"
	"$drive" "$T/socket" ban 600 203.0.113.9 2001:db8:2::9 >/dev/null
	kill $pid
	wait $pid
	in_server nft 'add table inet pptpban_connguard'
	unhook
	is "$backend: two bans are taken out" "0 took hook and sets out of the kernel: 2 bans ended there" "$? $(cat "$T/out")"
	is "$backend: nothing of ours is left" "" "$(ours)"
done
is "the base ruleset and others' tables and sets stay" "table inet pptpban_fw table ip others others" \
	"$(in_server nft list tables | xargs) $(in_server ipset list -name | xargs)"

in_server setpriv --reuid=65534 --clear-groups "$PB_BUILD/pptpban" unhook >"$T/out" 2>&1
is "only root may" "1 error: only root can do this: sudo pptpban unhook" "$? $(cat "$T/out")"
