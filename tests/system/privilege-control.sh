#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The control socket: what a stranger, members of the group, the service's own user and root may do, and that none of
# them keeps the others waiting.
# alone: it floods
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
need_commands ip nft ipset python3 setpriv jq
here=$(cd "$(dirname "$0")" && pwd)
. "$here/privilege.inc"
machine
netns_new server
pptpban_conf
taken_start
is "directory and socket are for the service and its group alone" "750 pptpban 660 pptpban" \
	"$(stat -c '%a %G' "$T/run" "$T/run/control.sock" | tr '\n' ' ' | sed 's/ $//')"
is "no abstract socket is listened at" "" "$(ip netns exec "$server" cat /proc/net/unix | grep -F '@' | grep -i pptpban)"

part() {
	watcher=$(pgrep -n -P $launcher -x takeover-watche)
	python3 "$here/privilege-control.py" "$1" "$T/run/control.sock" "$watcher" >"$T/$1" 2>"$T/$1.err" ||
		is "$1" 0 "$? $(cat "$T/$1.err")"
	while IFS='	' read -r what wanted got; do is "$what" "$wanted" "$got"; done <"$T/$1"
}
part verbs
part crowd
part greedy
part junk

# the enforcer's own socket: anyone may knock, one user is let in
strangers() { ask status --json | jq .enforcer.connected; }
for who in stranger member pptpban-enforcer; do
	is "the enforcer does not talk to $who" "hung up" "$(setpriv --reuid $who --regid $who --clear-groups python3 -c '
import socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(3)
s.connect(sys.argv[1])
try:
	s.send(struct.pack("<IHHII", 0x6e616270, 2, 1, 1, 0))
	print("hung up" if s.recv(1000) == b"" else "talks")
except (ConnectionResetError, BrokenPipeError):
	print("hung up")' "$T/run-enforcer/enforcer.sock")"
done
is "and goes on with the watcher" true "$(strangers)"
taken_stop
