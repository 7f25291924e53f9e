#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The base ruleset, judged by packets: real TCP, UDP and GRE between namespaces, before and after it is installed and
# with the rule taken out that each probe is about; for nftables and both kinds of iptables. Prints the table.
# PB_FIREWALL="nftables iptables-nft" tries these alone.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip nft ipset iptables-nft-restore iptables-legacy-restore python3 perl
perl -MMaxMind::DB::Writer::Tree -e 1 2>/dev/null || skip_all "needs libmaxmind-db-writer-perl"

# Lines that packet filters log in a namespace reach the kernel's log only when this is set.
logs=/proc/sys/net/netfilter/nf_log_all_netns
logged=$(cat $logs) && echo 1 >$logs || skip_all "needs $logs"
trap 'echo "$logged" >$logs; clean_up' EXIT

perl - "$T/countries.mmdb" <<'EOF' || skip_all "no database of countries"
use MaxMind::DB::Writer::Tree;
my %types = (country => 'map', iso_code => 'utf8_string');
my $tree = MaxMind::DB::Writer::Tree->new(ip_version => 6, record_size => 24, database_type => 'GeoLite2-Country',
	languages => ['en'], description => {en => 'test'}, map_key_type_callback => sub { $types{$_[0]} });
$tree->insert_network('11.21.0.0/16', {country => {iso_code => 'KP'}});
$tree->insert_network('11.22.0.0/16', {country => {iso_code => 'CH'}});
open my $file, '>:raw', $ARGV[0] or die;
$tree->write_tree($file);
EOF

# The Internet (any address of 11.16/12 and of private networks), the VPN server with two tunnels and a network behind
# it. Tunnels are named ppp0 and ppp1; what they are made of does not matter to a firewall.
new_world() {
	netns_new outside
	netns_new server
	netns_new lan
	netns_new client1
	netns_new client2
	ip link add v0 netns "$server" type veth peer v0 netns "$outside"
	ip link add e0 netns "$server" type veth peer e0 netns "$lan"
	ip link add ppp0 netns "$server" type veth peer t0 netns "$client1"
	ip link add ppp1 netns "$server" type veth peer t0 netns "$client2"
	ip netns exec "$server" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'
	ip -n "$server" address add 11.0.0.10/24 dev v0
	ip -n "$server" address add 12.20.0.1/24 dev e0
	ip -n "$server" address add 10.9.0.1 peer 10.9.0.2 dev ppp0
	ip -n "$server" address add 10.9.0.1 peer 10.9.0.3 dev ppp1
	for i in v0 e0 ppp0 ppp1; do ip -n "$server" link set $i up; done
	ip -n "$server" link set ppp0 mtu 1400
	ip -n "$server" address add 2a00:1::10/64 dev v0 nodad
	ip -n "$server" route add default via 11.0.0.1
	ip -n "$server" route add default via 2a00:1::1
	ip -n "$server" route add 12.30.0.0/24 via 12.20.0.2
	ip -n "$server" route add 14.0.0.0/24 dev ppp0

	ip -n "$outside" address add 11.0.0.1/24 dev v0
	ip -n "$outside" link set v0 up
	for n in 11.16.0.0/12 11.60.0.0/16 10.98.0.0/16 10.99.0.0/16 12.20.0.64/26; do
		ip -n "$outside" route add local $n dev lo
	done
	ip -n "$outside" route add 10.9.0.0/24 via 11.0.0.10
	ip -n "$outside" address add 2a00:1::1/64 dev v0 nodad
	for n in 2a00:16::/32 2a00:17::/32 2a00:19::/32 fd00:16::/32; do ip -n "$outside" route add local $n dev lo; done

	ip -n "$lan" address add 12.20.0.2/24 dev e0
	ip -n "$lan" link set e0 up
	ip -n "$lan" address add 12.30.0.2/32 dev lo
	ip -n "$lan" route add default via 12.20.0.1

	n=2
	for c in "$client1" "$client2"; do
		ip -n "$c" address add 10.9.0.$n peer 10.9.0.1 dev t0
		ip -n "$c" link set t0 up
		ip -n "$c" route add default via 10.9.0.1
		n=$((n + 1))
	done
	# of IPv6 the first tunnel's client knows more than the server's end, as right after a call has come up
	ip -n "$client1" address add fe80::9/64 dev t0 nodad
	ip -n "$server" address add 2a00:9::1/128 dev ppp0 nodad
	ip -n "$client1" route add 2a00:9::1 dev t0
	ip -n "$client1" route add local 2a00:77::/64 dev lo
	ip -n "$client1" neighbour add 2a00:9::1 dev t0 lladdr "$(ip -o -n "$server" link show ppp0 | sed 's/.*ether \([^ ]*\).*/\1/')"
	ip -n "$server" -6 route del fe80::/64 dev ppp0
	ip -n "$client1" route add local 10.9.0.99/32 dev lo
	ip -n "$client1" route add local 14.0.0.0/24 dev lo
}

# Side by side: most of the time is spent waiting for what must not come.
backends=${PB_FIREWALL:-nftables iptables-nft iptables-legacy}
export PYTHONDONTWRITEBYTECODE=1
for backend in $backends; do
	new_world
	mkdir "$T/$backend"
	cp "$T/countries.mmdb" "$T/$backend"
	chmod 755 "$T/$backend"
	python3 "$PB_SRC/tests/system/firewall.py" "$backend" "$T/$backend" "$outside" "$server" "$lan" "$client1" "$client2" \
		>"$T/$backend/out" 2>"$T/$backend/err" &
	started $!
	eval "pid_${backend#*-}=$!"
done
for backend in $backends; do
	eval "wait \$pid_${backend#*-}"
	is "$backend: the probes ran to their end" 0 $?
	[ ! -s "$T/$backend/err" ] || sed 's/^/# /' "$T/$backend/err"
	grep '^TABLE' "$T/$backend/out" >>"$T/table"
	is "$backend: every probe is as wanted, before, after and without its rule" "" "$(sed -n 's/^BAD\t//p' "$T/$backend/out")"
	sed -n 's/^CHECK\t/# /p' "$T/$backend/out"
done

# Where all back ends did the same, one line stands for them.
awk -F'\t' -v all="$(echo "$backends" | wc -w)" 'BEGIN { OFS = "\t" }
	{
		key = $2 FS $4
		if (!(key in at)) at[key] = ++rows
		r = at[key]
		row[r] = $2; what[r] = $4
		for (k = 1; k <= n[r]; k++) if (words[r, k] == $5 OFS $6 OFS $7) { names[r, k] = names[r, k] ", " $3; many[r, k]++; next }
		words[r, ++n[r]] = $5 OFS $6 OFS $7; names[r, n[r]] = $3; many[r, n[r]] = 1
	}
	END {
		print "row", "back end", "probe", "before", "after", "without its rule"
		for (r = 1; r <= rows; r++) for (k = 1; k <= n[r]; k++)
			print row[r], (many[r, k] == all && all > 1 ? "all " all : names[r, k]), what[r], words[r, k]
	}' "$T/table" | column -t -s "$(printf '\t')" | sed 's/^/# /'
echo "# back ends: $backends"
