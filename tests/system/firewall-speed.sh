#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long pptpban firewall apply takes with 100,000 networks: for the first time, with the same lists again, with one
# network of a hundred changed, with all of them changed, and with another rule besides; with each back end, and while
# nobody, our own service, or nft monitor listens to what nf_tables announces. All of them are in the kernel then, and
# nothing else. PB_NETWORKS, PB_ROUNDS (1; the best of them counts, as the work of others can only make it slower),
# PB_LISTENERS="nobody service monitor" (those for nftables, nobody for iptables, whose sets make no announcements).
# alone: it measures time
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip nft ipset iptables-nft-restore iptables-legacy-restore awk python3
n=${PB_NETWORKS:-100000}
drive=$PB_BUILD/enforce-drive

# networks FIRST: half of n networks of 256 addresses, none beside another, so that none can be put together
networks() {
	awk -v n=$((n / 2)) -v first="$1" 'BEGIN { for (i = first; i < first + n; i++)
		printf " %d.%d.%d.0/24\n", 11 + i / 32768, i / 128 % 256, 2 * i % 256 }'
}
policy() { # FIRST [LINE]
	printf '%s\n' '[pptpban]' "state_dir = $T/state" "runtime_dir = $T/run" '[firewall]' 'enabled = yes' \
		"backend = $backend" 'address = 203.0.113.10' "${2:-}" >"$T/policy.conf"
	mkdir -p "$T/policy.conf.d"
	{ printf '[firewall]\nallow_from =\n'; networks "$1"; } >"$T/policy.conf.d/allow.conf"
	{ printf '[firewall]\ndeny_from =\n'; networks $((1000000 + $1)); } >"$T/policy.conf.d/deny.conf"
}
# apply WANTED: prints seconds by the clock, and of processor time
apply() {
	local TIMEFORMAT='%R %U %S' t
	t=$({ time in_server "$PB_BUILD/pptpban" firewall apply --no-confirm --config "$T/policy.conf" >"$T/out" 2>&1 ||
		[ $? = "$1" ] || cat "$T/out" >>"$T/failed"; } 2>&1)
	awk '{ printf "%.2f %.2f", $1, $2 + $3 }' <<<"$t"
}
installed() {
	for set in allow4 deny4; do
		if [ $backend = nftables ]; then in_server nft list set inet pptpban_fw $set; else in_server ipset list pptpban-$set; fi
	done | grep -o '/24' | wc -l
}
has() {
	if [ $backend = nftables ]; then
		in_server nft get element inet pptpban_fw allow4 "{ ${1%/*} }"
	else
		in_server ipset test pptpban-allow4 "${1%/*}"
	fi >/dev/null 2>&1 && echo yes || echo no
}
listen() {
	listener=''
	case $1 in
	service)
		mkdir -p "$T/run-enforcer"
		"$drive" limits "$T/run-enforcer/limits" uid="$(id -u daemon)" backend=$([ $backend = nftables ] && echo nftables || echo ipset)
		in_server "$PB_BUILD/pptpban-hookguard" --limits "$T/run-enforcer/limits" --socket "$T/run-enforcer/socket" --user nobody 2>"$T/enforcer.log" &
		listener=$!
		wait_for 5 timeout 2 "$drive" "$T/run-enforcer/socket" status
		;;
	monitor)
		in_server nft monitor >/dev/null 2>&1 &
		listener=$!
		sleep 0.5
		;;
	esac
	[ -z "$listener" ] || started $listener
}
# others: how many sockets of other namespaces listen; the kernel asks whether anybody does, in whatever namespace
others() {
	python3 - "$(stat -Lc %i "/run/netns/$server")" <<'END'
import glob, os, sys
seen, n = {int(sys.argv[1])}, 0
for process in glob.glob("/proc/[0-9]*"):
    try:
        space = os.stat(process + "/ns/net").st_ino
        if space not in seen:
            seen.add(space)
            rows = [line.split() for line in open(process + "/net/netlink")][1:]
            n += sum(r[1] == "12" and int(r[3], 16) & 1 << 6 != 0 for r in rows)  # NETLINK_NETFILTER, NFNLGRP_NFTABLES
    except OSError:
        pass
print(n)
END
}
best() { # "A B" "C D" ...: the fastest by the clock
	printf '%s\n' "$@" | sort -n | head -n 1
}

# A second is what is wanted, and the figures are printed. A test can only tell a slow machine from a wrong algorithm, and
# by the clock not even that.
limit=10
steps='first again few all rules'
for backend in nftables iptables-nft iptables-legacy; do
	[ $backend = nftables ] && listeners='nobody service monitor' || listeners=nobody
	for who in ${PB_LISTENERS:-$listeners}; do
		for step in $steps; do eval "$step=()"; done
		for ((round = 0; round < ${PB_ROUNDS:-1}; round++)); do
			netns_new server
			listen $who
			rm -rf "$T/state-firewall" "$T/run-firewall"
			policy 0
			elsewhere=$(others)
			first+=("$(apply 0)")
			again+=("$(apply 3)") # nothing to be done
			policy $((n / 200))
			few+=("$(apply 0)")
			[ $round -gt 0 ] || is "$backend, $who listens: the new ones, not the old ones" "yes no $n" \
				"$(has "$(networks $((n / 200)) | tail -n 1 | tr -d ' ')") $(has 11.0.0.1) $(installed)"
			policy $((2 * n))
			all+=("$(apply 0)")
			policy $((2 * n + n / 200)) "rate = 3/minute"
			rules+=("$(apply 0)")
			[ $round -gt 0 ] || is "$backend, $who listens: all of them, and no other" "$n" "$(installed)"
			[ -z "$listener" ] || kill $listener
			ip netns pids "$server" | xargs -r kill 2>/dev/null
			wait $listener 2>/dev/null
		done
		row="$backend	$who	$elsewhere"
		worst=0
		for step in $steps; do
			eval "t=\$(best \"\${$step[@]}\")"
			row="$row	${t% *} (${t#* })"
			worst=$(awk -v a="$worst" -v b="${t#* }" 'BEGIN { print (a > b ? a : b) }')
		done
		echo "$row" >>"$T/table"
		ok "$backend, $who listens: less than $limit s of processor time ($worst)" awk "BEGIN { exit !($worst < $limit) }"
	done
done
is "all of it was taken" "" "$(cat "$T/failed" 2>/dev/null)"
{
	printf '%s networks\tlistens\telsewhere\tfirst\tthe same\t1%% other\tall other\t1%% and a rule\n' "$n"
	cat "$T/table"
} | column -t -s "$(printf '\t')" | sed 's/^/# /'
echo "# seconds by the clock, and in brackets of its processor time; best of ${PB_ROUNDS:-1}; load $(cut -d' ' -f1 /proc/loadavg)"
echo "# elsewhere: sockets in other namespaces that listened, too, which costs as much"
