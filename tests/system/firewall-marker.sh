#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guard is told when the base ruleset stands in iptables-legacy, which announces nothing: by a file that is there as long
# as such a ruleset is, and new after each change of it.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip ipset iptables-legacy nft
id daemon >/dev/null || skip_all "needs a user daemon"
netns_new server
fw() { ip netns exec "$server" "$PB_BUILD/pptpban" firewall "$@" --config "$T/conf" >>"$T/out" 2>&1; }
marker=$T/run-enforcer/ruleset/legacy
configure() { # BACKEND [LINE]
	printf '%s\n' '[pptpban]' "state_dir = $T/state" "runtime_dir = $T/run" '[firewall]' 'enabled = yes' "backend = $1" "${2:-}" >"$T/conf"
}
told() { if [ -e "$marker" ]; then od -An -tx1 "$marker" | tr -d ' '; else echo no; fi; }
born() { stat -c '%i %y' "$marker"; }

configure iptables-legacy
fw apply --no-confirm
is "no guard: applied" 0 $?
ok "no guard: nothing is made" test ! -e "$T/run-enforcer"
# the enforcer's start: root writes its limits, in a directory that is its user's
mkdir "$T/run-enforcer" && chown daemon: "$T/run-enforcer"
"$PB_BUILD/pptpban" compile-limits --user daemon --config "$T/conf" >>"$T/out" 2>&1
is "a guard is about to start: told" 0f "$(told)"
is "the directory is its own" daemon "$(stat -c %U "$T/run-enforcer/ruleset")"
is "everybody may read it" 644 "$(stat -c %a "$marker")"
was=$(born)
fw restore
is "restore, when it stands, changes nothing" "$was" "$(born)"
rm "$marker"
fw restore
is "but puts back what was lost" 0f "$(told)"
was=$(born)
configure iptables-legacy 'rate = 3/minute'
fw apply --confirm 60s --no-wait
is "a change: told" 0f "$(told)"
is "anew" no "$([ "$was" = "$(born)" ] && echo yes || echo no)"
was=$(born)
fw rollback
is "rolled back: told" 0f "$(told)"
is "anew" no "$([ "$was" = "$(born)" ] && echo yes || echo no)"
fw remove
is "removed: told no more" no "$(told)"
fw apply --confirm 60s --no-wait
is "from nothing: told" 0f "$(told)"
fw rollback
is "back to nothing: told no more" no "$(told)"
ip netns exec "$server" iptables-legacy -F
configure nftables
fw apply --no-confirm
is "nftables: applied" 0 $?
is "which announces what happens: not told" no "$(told)"
fw remove

# what the directory's owner puts there is not followed
configure iptables-legacy
mkdir "$T/elsewhere"
echo theirs >"$T/elsewhere/legacy"
rm -r "$T/run-enforcer/ruleset"
ln -s "$T/elsewhere" "$T/run-enforcer/ruleset"
fw apply --no-confirm
is "a link in the place of the directory: applied" 0 $?
is "and not followed" theirs "$(cat "$T/elsewhere/legacy")"
rm "$T/run-enforcer/ruleset"
mkdir "$T/run-enforcer/ruleset"
ln -s "$T/elsewhere/legacy" "$marker"
fw restore
is "a link in the place of the file is not followed either" theirs "$(cat "$T/elsewhere/legacy")"
fw remove
