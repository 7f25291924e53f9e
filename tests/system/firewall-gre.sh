#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# GRE with a real pptpd: a call's packets pass both ways by the kernel's helper or by its fallback, nobody else's do,
# and tunnels that are up when the ruleset is applied stay up.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip nft ipset iptables-nft-restore iptables-legacy-restore python3 pptpd
export PYTHONDONTWRITEBYTECODE=1

for backend in nftables iptables-nft iptables-legacy; do
	d=$T/$backend
	mkdir "$d"
	netns_new outside
	netns_new server
	ip link add v0 netns "$server" type veth peer v0 netns "$outside"
	ip -n "$server" address add 11.0.0.10/24 dev v0
	ip -n "$server" link set v0 up
	ip -n "$server" route add default via 11.0.0.1
	ip -n "$outside" address add 11.0.0.1/24 dev v0
	ip -n "$outside" link set v0 up
	ip -n "$outside" route add local 11.16.0.0/16 dev lo

	install -m 755 "$PB_SRC/tests/system/busy-pppd.py" "$d/pppd"
	printf 'localip 10.9.0.1\nremoteip 10.9.0.10-90\nconnections 50\n' >"$d/pptpd.conf"
	: >"$d/options"
	ip netns exec "$server" pptpd --fg --conf "$d/pptpd.conf" --option "$d/options" --ppp "$d/pppd" --pidfile "$d/pid" >"$d/pptpd.log" 2>&1 &
	started $!
	wait_for 5 sh -c "ip netns exec $server ss -ltn | grep -q :1723"
	python3 "$PB_SRC/tests/system/firewall_gre.py" "$backend" "$d" "$outside" "$server" >"$d/out" 2>"$d/err"
	is "$backend: ran to its end" 0 $?
	[ ! -s "$d/err" ] || sed 's/^/# /' "$d/err"
	is "$backend: all as wanted" "" "$(sed -n 's/^BAD\t//p' "$d/out")"
	grep '^LINE' "$d/out" >>"$T/lines"
done
awk -F'\t' '{ if (!($3 in at)) { at[$3] = ++n; what[n] = $3 } got[at[$3]] = got[at[$3]] "\t" $4 }
	END { print "\tnftables\tiptables-nft\tiptables-legacy"; for (i = 1; i <= n; i++) print what[i] got[i] }' "$T/lines" |
	column -t -s "$(printf '\t')" | sed 's/^/# /'
