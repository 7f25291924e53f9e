#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban audit against a real kernel: what it says of packets is what happens to packets, with rules of others before
# and behind ours, in nftables and both kinds of iptables; the command that it prints mends it; nobody but root sees
# less, and says so; no password is ever told.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
need_commands ip nft jq python3 pptpd setpriv

netns_new server
netns_new client
ip -n "$server" link add eth0 type veth peer name eth0 netns "$client"
ip -n "$server" addr add 203.0.113.1/24 dev eth0
ip -n "$client" addr add 203.0.113.9/24 dev eth0
ip -n "$server" link set eth0 up
ip -n "$client" link set eth0 up

# The machine: its own files over the real ones, in this mount namespace.
mkdir "$T/ppp" "$T/log"
cp "$PB_SRC/tests/unit/audit/good/etc/ppp/"* "$T/ppp/"
chmod 0644 "$T/ppp/"*
chmod 0600 "$T/ppp/"*-secrets
cp "$PB_SRC/tests/unit/audit/good/etc/pptpd.conf" "$T/pptpd.conf"
chown -R root:root "$T/ppp" "$T/pptpd.conf"
mount --bind "$T/ppp" /etc/ppp
[ -e /etc/pptpd.conf ] || : >/etc/pptpd.conf
mount --bind "$T/pptpd.conf" /etc/pptpd.conf
cat >"$T/pptpban.conf" <<EOF
[pptpban]
state_dir = $T/state
runtime_dir = $T/run
filter_dirs = $PB_SRC/filters
[firewall]
enabled = yes
spoofed =
management = 22/tcp
admin_from = 192.0.2.0/24
[pptpd]
enabled = yes
source = $T/log/syslog
EOF

audit() { in_server "$PB_BUILD/pptpban" audit --config "$T/pptpban.conf" "$@"; }
# verdict CHECK: the worst of it
verdict() {
	audit --json | jq -r --arg c "$1" '[.findings[] | select(.check == $c) | .verdict] |
		if index("fail") then "fail" elif index("warn") then "warn" elif index("unknown") then "unknown"
		elif index("pass") then "pass" else "n/a" end'
}
remedy() { audit --json | jq -r --arg c "$1" '[.findings[] | select(.check == $c and .remedy != "") | .remedy][0]'; }
reason() { audit --json | jq -r --arg c "$1" '[.findings[] | select(.check == $c) | .reason] | join("; ")'; }

for port in 1723 22 8080; do
	in_server python3 -c "
import socket
s = socket.create_server(('203.0.113.1', $port), backlog=64)
while True: s.accept()[0].close()" &
	started $!
done
# connects PORT: yes or no, by a real SYN
connects() {
	ip netns exec "$client" python3 -c "
import socket, sys
try: socket.create_connection(('203.0.113.1', $1), 1).close()
except OSError: print('no')
else: print('yes')"
}
ok "the servers listen" wait_for 10 sh -c "[ \$(ip netns exec $server ss -Hltn | wc -l) = 3 ]"

# --- nothing in the kernel
is "without a ruleset it fails" 1 "$(audit >/dev/null 2>&1; echo $?)"
is "and says which" fail "$(verdict ruleset)"
is "no ban is in force" fail "$(verdict ban-hook)"
is "GRE gets in" fail "$(verdict gre)"
is "nobody keeps clients out" pass "$(verdict foreign)"
is "and they do get in" yes "$(connects 1723)"
is "all ports are told" yes "$(reason open-ports | grep -q 'tcp/22 (ssh), tcp/8080 (http)' && echo yes)"

# --- the real ruleset, by each tool
each_tool() { # TOOL BACKEND FLUSH...
	tool=$1 backend=$2
	shift 2
	printf '[firewall]\nbackend = %s\n' "$backend" >"$T/backend.conf"
	mkdir -p "$T/pptpban.conf.d" && cp "$T/backend.conf" "$T/pptpban.conf.d/"
	ok "$tool: the ruleset is applied" in_server "$PB_BUILD/pptpban" firewall apply --no-confirm --force --config "$T/pptpban.conf"
	is "$tool: it is found" pass "$(verdict ruleset | sed 's/warn/pass/')"
	for check in ruleset-order foreign gre helper limits mss; do
		is "$tool: $check" pass "$(verdict $check)"
	done
	is "$tool: tcp/22 is shut, tcp/8080 is not" yes "$(reason open-ports | grep -q 'reach tcp/8080' && echo yes)"
	is "$tool: and so it is" "yes no yes" "$(connects 1723) $(connects 22) $(connects 8080)"
	printf 'address = 203.0.113.1\n' >>"$T/pptpban.conf.d/backend.conf"
	ok "$tool: the ruleset of one address is applied" in_server "$PB_BUILD/pptpban" firewall apply --no-confirm --force --config "$T/pptpban.conf"
	for check in ruleset-order foreign gre helper limits mss; do
		is "$tool: $check of one address" pass "$(verdict $check)"
	done
	rm -f "$T/state-firewall/last-good"
	is "$tool: what was never confirmed" warn "$(verdict ruleset)"
	"$@"
}
flush_nft() {
	# a foreign table that drops wins over our accept
	in_server nft -f - <<-EOF
		table inet host {
			chain in {
				type filter hook input priority 10; policy drop;
				ct state established,related accept
				tcp dport { 22, 8080 } accept
			}
		}
	EOF
	is "nftables: a foreign drop is found" fail "$(verdict foreign)"
	is "nftables: by its place" yes "$(reason foreign | grep -q 'table inet host, chain in, by its policy' && echo yes)"
	is "nftables: and it drops" no "$(connects 1723)"
	remedy foreign | sed "s/;.*//" >"$T/mend"
	ok "nftables: the command mends it" in_server sh "$T/mend"
	is "nftables: found mended" pass "$(verdict foreign)"
	is "nftables: and it is" yes "$(connects 1723)"
	in_server "$PB_BUILD/pptpban" firewall remove --config "$T/pptpban.conf" >/dev/null 2>&1
	in_server nft flush ruleset
}
foreign_iptables() { # TOOL PROGRAM
	# their accept before our jump makes our limits void; their drop before it makes our accept void
	in_server "$2" -I INPUT 1 -p tcp -m multiport --dports 1700:1800 -j ACCEPT
	is "$1: an early accept is found" fail "$(verdict ruleset-order)"
	remedy ruleset-order >"$T/mend"
	case $1 in iptables-nft) sed -i 's/\biptables /iptables-nft /g' "$T/mend" ;; esac
	ok "$1: the command mends it" in_server sh "$T/mend"
	is "$1: found mended" pass "$(verdict ruleset-order)"
	in_server "$2" -I INPUT 1 -p tcp --dport 1000:2000 -j REJECT
	is "$1: a foreign drop is found" fail "$(verdict foreign)"
	is "$1: and it drops" no "$(connects 1723)"
	remedy foreign | sed "s/;.*//" >"$T/mend"
	case $1 in iptables-nft) sed -i 's/\biptables /iptables-nft /g' "$T/mend" ;; esac
	ok "$1: the command mends it" in_server sh "$T/mend"
	is "$1: found mended" pass "$(verdict foreign)"
	is "$1: and it is" yes "$(connects 1723)"
	in_server "$2" -F INPUT
	in_server "$PB_BUILD/pptpban" firewall remove --config "$T/pptpban.conf" >/dev/null 2>&1
	in_server "$2" -P INPUT DROP
	is "$1: a policy is found" fail "$(verdict foreign)"
	is "$1: and it drops" no "$(connects 1723)"
	in_server "$2" -P INPUT ACCEPT
}
each_tool nftables nftables flush_nft
if command -v iptables-nft >/dev/null && in_server iptables-nft -L -n >/dev/null 2>&1; then
	if [ "$(readlink -f "$(command -v iptables)")" = "$(readlink -f "$(command -v iptables-nft)")" ]; then
		in_server iptables-nft -A INPUT -p udp --dport 9 -j ACCEPT
		each_tool iptables-nft iptables foreign_iptables iptables-nft iptables-nft
		in_server nft flush ruleset
	fi
fi
if command -v iptables-legacy >/dev/null && in_server iptables-legacy -t raw -L -n >/dev/null 2>&1; then
	# as on a machine where somebody uses it already
	in_server iptables-legacy -A INPUT -p udp --dport 9 -j ACCEPT
	in_server iptables-legacy -I INPUT 1 -p tcp --dport 1000:2000 -j DROP
	is "iptables-legacy: a foreign drop is found" fail "$(verdict foreign)"
	is "iptables-legacy: and it drops" no "$(connects 1723)"
	remedy foreign | sed "s/;.*//" >"$T/mend"
	ok "iptables-legacy: the command mends it" in_server sh "$T/mend"
	is "iptables-legacy: found mended" pass "$(verdict foreign)"
	is "iptables-legacy: and it is" yes "$(connects 1723)"
	in_server iptables-legacy -F
fi

# --- who sees what
sed -i 's/zR5pWq8eXv3kMb7t/CANARYpw/' "$T/ppp/chap-secrets"
audit >"$T/root.txt" 2>&1
audit --json >"$T/root.json" 2>&1
is "root sees the bad password" yes "$(grep -q 'less than 12 characters: carol' "$T/root.txt" && echo yes)"
is "and does not see it" 0 "$(cat "$T/root.txt" "$T/root.json" | grep -c CANARY)"
is "the JSON is whole" true "$(jq '(.findings | length) > 30 and (.counts.fail > 0) and .version == 1' "$T/root.json")"
is "nothing is coloured into a file" 0 "$(grep -c "$(printf '\033')" "$T/root.txt")"
python3 -c "
import pty, os, sys
os.environ['TERM'] = 'xterm'
pty.spawn(['ip', 'netns', 'exec', '$server', '$PB_BUILD/pptpban', 'audit', '--config', '$T/pptpban.conf'])" >"$T/tty.txt" </dev/null
is "on a terminal it is" yes "$(grep -q "$(printf '\033')" "$T/tty.txt" && echo yes)"
in_server setpriv --reuid=65534 --regid=65534 --clear-groups "$PB_BUILD/pptpban" audit --json >"$T/nobody.json" 2>"$T/nobody.err"
is "nobody is told that root sees more" unknown "$(jq -r '.findings[] | select(.check == "ruleset") | .verdict' "$T/nobody.json")"
is "of passwords too" unknown "$(jq -r '.findings[] | select(.check == "secrets-passwords") | .verdict' "$T/nobody.json")"
is "and sees what is not secret" pass "$(jq -r '[.findings[] | select(.check == "ppp-auth") | .verdict][0]' "$T/nobody.json")"
is "without noise" 0 "$(wc -c <"$T/nobody.err")"

# --- exit codes
code() { "$@" >/dev/null 2>&1; echo $?; }
is "an option that does not exist" 2 "$(code audit --nonsense)"
is "a root that does not exist" 2 "$(code audit --root /nonexistent)"
good=$T/good
mkdir "$good" && cp -R "$PB_SRC/tests/unit/audit/good/." "$good/" && chmod 0600 "$good"/etc/ppp/*-secrets && chown -R root:root "$good"
cp "$good/etc/pptpban/pptpban.conf" "$T/good.conf"
is "a directory where all is well, but for what only a kernel tells" 0 \
	"$(code "$PB_BUILD/pptpban" audit --config "$T/good.conf" --root "$good")"
is "which --strict does not forgive" 1 "$(code "$PB_BUILD/pptpban" audit --config "$T/good.conf" --strict --root "$good")"
before=$(cd "$good" && find . -type f -exec sha256sum {} + | sort)
"$PB_BUILD/pptpban" audit --root "$good" >/dev/null
is "and nothing was changed" "$before" "$(cd "$good" && find . -type f -exec sha256sum {} + | sort)"
