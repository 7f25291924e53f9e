#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While a large ruleset goes into the kernel, by apply, rollback or restore, the guards are asked not to listen, from
# before the first network until the rules are in; who does not answer, or is not there, holds nobody up for long.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip nft python3
netns_new server
fw() { in_server "$PB_BUILD/pptpban" firewall "$@" --config "$T/conf"; }
configure() { # NETWORKS BACKEND
	{
		printf '%s\n' '[pptpban]' "state_dir = $T/state" "runtime_dir = $T/run" '[firewall]' 'enabled = yes' "backend = $2" \
			'address = 192.0.2.1' 'deny_from = 203.0.113.0/25'
		[ "$1" = 0 ] || awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf " %d.%d.%d.0/24\n", 11 + i / 32768, i / 128 % 256, 2 * i % 256 }'
	} >"$T/conf"
}

# A guard that writes down who held it: what the kernel had when it was asked, and when it was let go.
cat >"$T/guard.py" <<'END'
import os, socket, subprocess, sys
path, how, log = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
if os.path.exists(path):
    os.unlink(path)
listener.bind(path)
listener.listen(4)
def there():
    text = subprocess.run(["nft", "list", "table", "inet", "pptpban_fw"], capture_output=True, text=True).stdout
    return "%d %s" % (text.count("/24"), "rules" if "control-new" in text else "none")
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    before = there()
    if how == "answers":
        client.send(b"\0")
    elif how == "refuses":
        client.close()
    if how != "refuses":
        client.recv(1)
    with open(log, "a") as f:
        print(before, "->", there(), file=f)
END
guard() { # NAME HOW: as one of enforce/hold.h, which stays until the test ends
	in_server python3 "$T/guard.py" "$T/run-enforcer/$1" "$2" "$T/log.$1" >"$T/ready" &
	guard=$!
	started $guard
	wait_for 5 grep -q ready "$T/ready"
}
log() { # NAME: what is new in its log
	sleep 0.3
	cat "$T/log.$1" 2>/dev/null
	rm -f "$T/log.$1"
}
mkdir -p "$T/run-enforcer"

guard hold answers
first=$guard
guard hold-connguard answers
configure 4000 nftables
fw apply --no-confirm >/dev/null
is "apply: applied" 0 $?
is "apply: held from before the first network until the rules are in" "0 none -> 4000 rules" "$(log hold)"
is "apply: and so is the other guard" "0 none -> 4000 rules" "$(log hold-connguard)"
configure 3900 nftables
fw apply --confirm 60s --no-wait >/dev/null
is "a change that waits" "4000 rules -> 3900 rules" "$(log hold)"
fw rollback >/dev/null
is "rollback" "3900 rules -> 4000 rules" "$(log hold)"
in_server nft delete table inet pptpban_fw
fw restore >/dev/null
is "restore" "0 none -> 4000 rules" "$(log hold)"
fw restore >/dev/null
is "restore, when nothing is to be done, disturbs nobody" "" "$(log hold)"
fw remove >/dev/null
configure 0 nftables
fw apply --no-confirm >/dev/null
is "nor does a small ruleset" "" "$(log hold)"
fw remove >/dev/null
if command -v iptables-nft-restore >/dev/null && command -v ipset >/dev/null; then
	configure 4000 iptables-nft
	fw apply --no-confirm >/dev/null
	is "nor does ipset, which announces no elements" "" "$(log hold)"
	fw remove >/dev/null
fi

configure 4000 nftables
kill $first
guard hold silent
before=$(ms)
fw apply --no-confirm >/dev/null
is "a guard that does not answer: applied" 0 $?
took=$(($(ms) - before))
is "a guard that does not answer: after half a second and no more ($took ms)" yes "$([ $took -ge 500 ] && [ $took -lt 5000 ] && echo yes)"
is "a guard that does not answer: and held all the same" "0 none -> 4000 rules" "$(log hold)"
fw remove >/dev/null
kill $guard
wait $guard 2>/dev/null
guard hold refuses
fw apply --no-confirm >/dev/null
is "a guard that refuses: applied" 0 $?
fw remove >/dev/null
kill $guard
wait $guard 2>/dev/null
fw apply --no-confirm >/dev/null # its socket is still there
is "a guard that died: applied" 0 $?
fw remove >/dev/null
