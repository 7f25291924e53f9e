#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long the kernel takes to be told of 100,000 networks, for the first time and again, with each back end; and that a
# set which is replaced is never empty in between.
# alone: it measures time
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip nft ipset iptables-nft-restore iptables-legacy-restore awk python3
n=${PB_NETWORKS:-100000}

# networks FIRST: half of n networks of 256 addresses, none beside another, so that none can be put together
networks() {
	awk -v n=$((n / 2)) -v first="$1" 'BEGIN { for (i = first; i < first + n; i++)
		printf " %d.%d.%d.0/24\n", 11 + i / 32768, i / 128 % 256, 2 * i % 256 }'
}
policy() { # FILE FIRST
	mkdir -p "$T/policy.conf.d"
	printf '[firewall]\nenabled = yes\naddress = 203.0.113.10\n' >"$T/policy.conf"
	{ printf '[firewall]\nallow_from =\n'; networks "$2"; } >"$T/policy.conf.d/allow.conf"
	{ printf '[firewall]\ndeny_from =\n'; networks $((1000000 + $2)); } >"$T/policy.conf.d/deny.conf"
	"$PB_BUILD/pptpban" firewall show --config "$T/policy.conf" --format "$format" >"$1"
}
# spent COMMAND...: seconds of processor time, since a busy machine makes everything take long
spent() {
	local TIMEFORMAT='%3U %3S' t
	t=$({ time "$@" >"$T/spent.log" 2>&1 || echo failed >>"$T/failed"; } 2>&1)
	awk "BEGIN { printf \"%.2f\", ${t% *} + ${t#* } }"
}
# What is installed first is only the table and its empty sets, as nft 1.0 is slow in making and filling sets at once.
load() {
	case $backend in
	nftables)
		[ "$2" = again ] || sed '/^flush/,$d' "$1" | ip netns exec "$server" nft -f -
		ip netns exec "$server" nft -f "$1"
		;;
	*) IPTABLES=$backend IP6TABLES=ip6${backend#ip} ip netns exec "$server" sh "$1" ;;
	esac
}
installed() {
	for set in allow4 deny4; do
		if [ "$backend" = nftables ]; then
			ip netns exec "$server" nft list set inet pptpban_fw $set | grep -o '/24'
		else
			ip netns exec "$server" ipset list pptpban-$set | grep -o '/24'
		fi
	done | wc -l
}
has() {
	if [ "$backend" = nftables ]; then
		ip netns exec "$server" nft get element inet pptpban_fw allow4 "{ $1 }"
	else
		ip netns exec "$server" ipset test pptpban-allow4 "$1"
	fi >/dev/null 2>&1 && echo yes || echo no
}

# A second is what is wanted, and the figures are printed. A test can only tell a slow machine from a wrong algorithm.
limit=10

least() { printf '%s\n' "$@" | sort -n | head -n 1; }
for backend in nftables iptables-nft iptables-legacy; do
	[ $backend = nftables ] && format=nftables || format=iptables
	rendered=$(spent policy "$T/first" 0)
	policy "$T/second" 1
	first='' again=''
	for _ in 1 2 3 4; do
		netns_new server
		first="$first $(spent load "$T/first" first)"
		again="$again $(spent load "$T/second" again)"
	done
	is "$backend: everything was taken" "" "$(cat "$T/failed" "$T/spent.log" 2>/dev/null)"
	first=$(least $first) again=$(least $again)
	is "$backend: all networks are in" "$n" "$(installed)"
	is "$backend: the new ones, not the old ones" "yes no" "$(has 11.0.2.1) $(has 11.0.0.1)"
	echo "# $backend: $n networks rendered in $rendered s, loaded in $first s, replaced in $again s of processor time"
	# The kernel builds a notice for each element as soon as anybody on the machine listens, in whatever namespace.
	if [ $backend = nftables ]; then
		ip netns exec "$server" nft monitor >/dev/null 2>&1 &
		listener=$!
		started $listener
		sleep 0.5
		echo "# $backend: replaced in $(spent load "$T/first" again) s while somebody listens to nftables' events, as the enforcer does"
		kill $listener
	fi
	ok "$backend: less than $limit s" awk "BEGIN { exit !($first < $limit && $again < $limit) }"
done
