#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The networks in the kernel's sets are those of the configuration, whatever was there before: lists that grow, shrink
# and change, at the edges of the address space, sets that somebody else has altered. Where only lists change, rules stay
# and go on counting; where somebody has altered the rules, they do not.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip nft python3
netns_new server
fw() { in_server "$PB_BUILD/pptpban" firewall "$@" --config "$T/conf"; }
configure() { # ALLOW DENY [LINE...]
	{
		printf '%s\n' '[pptpban]' "state_dir = $T/state" "runtime_dir = $T/run" '[firewall]' 'enabled = yes' \
			'backend = nftables' 'address = 192.0.2.1' "allow_from =" " ${1// /$'\n' }" "deny_from =" " ${2// /$'\n' }"
		shift 2
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$T/conf"
}

# wrong SET NETWORKS: what the kernel has too much (+) or too little (-); as nft(8) lists it, so ranges are taken apart
wrong() {
	in_server nft -j list set inet pptpban_fw "$1" | python3 -c '
import ipaddress, json, sys
wanted, there = {str(ipaddress.ip_network(n)) for n in sys.argv[1].split()}, set()
for e in json.load(sys.stdin)["nftables"][-1]["set"].get("elem", []):
    e = e.get("elem", {}).get("val", e) if isinstance(e, dict) else e
    if isinstance(e, dict) and "prefix" in e:
        there.add("%s/%d" % (e["prefix"]["addr"], e["prefix"]["len"]))
    elif isinstance(e, dict):
        there.update(map(str, ipaddress.summarize_address_range(*map(ipaddress.ip_address, e["range"]))))
    else:
        there.add(str(ipaddress.ip_network(e)))
bad = ["+" + n for n in sorted(there - wanted)] + ["-" + n for n in sorted(wanted - there)]
print(*bad[:9], len(bad) if len(bad) > 9 else "")' "$2" | xargs
}
handles() { in_server nft -a list table inet pptpban_fw | grep -v -e revision -e pptpban-rules | grep -o 'comment.*handle.*'; }
count() { in_server nft list chain inet pptpban_fw input | sed -n 's/.*packets \([0-9]*\).*"loopback"/\1/p'; }
ip -n "$server" address add 192.0.2.1/24 dev lo

# networks FIRST N [SKIP]: N networks of IPv4 and N of IPv6, none beside another
networks() { python3 -c '
import sys
first, n = map(int, sys.argv[1:3])
print(*["%d.%d.%d.0/24" % (11 + i // 32768, i // 128 % 256, 2 * i % 256) for i in range(first, first + n)],
      *["2a00:%x:%x::/48" % (1 + (i >> 15), 2 * i & 0xffff) for i in range(first, first + n)])' "$@"; }
v4() { tr ' ' '\n' <<<"$*" | grep -v : | tr '\n' ' '; }
v6() { tr ' ' '\n' <<<"$*" | grep : | tr '\n' ' '; }
# holds WHAT ALLOW DENY: all four sets
holds() {
	is "$1" "" "$(wrong allow4 "$(v4 "$2")")$(wrong allow6 "$(v6 "$2")")$(wrong deny4 "$(v4 "$3")")$(wrong deny6 "$(v6 "$3")")"
}

# --- lists that change; 6,000 networks of a family are more than one message and more than one part
first=$(networks 0 6000) second=$(networks 60 6000)
edges="0.0.0.0/1 192.0.2.0/25 192.0.2.129/32 192.0.2.130/31 255.255.255.255/32 2001:db8::/127 2001:db8::2/128 8000::/1"
configure "$first" "$edges"
fw apply --no-confirm >/dev/null
is "first: applied" 0 $?
holds "first: the kernel has all" "$first" "$edges"
before=$(handles)
in_server bash -c ': <>/dev/tcp/192.0.2.1/9' 2>/dev/null
counted=$(count)
ok "rules count" [ "$counted" -gt 0 ]
configure "$second" "$edges"
fw apply --no-confirm >/dev/null
is "some go and some come: applied" 0 $?
holds "some go and some come: the kernel has those" "$second" "$edges"
is "some go and some come: the rules are the same" "$before" "$(handles)"
ok "some go and some come: and go on counting" [ "$(count)" -ge "$counted" ]
configure "$(networks 60 20)" "$edges"
fw apply --no-confirm >/dev/null
holds "nearly all go" "$(networks 60 20)" "$edges"
configure "$second" ""
fw apply --no-confirm >/dev/null
is "they come back, and another list goes" "" "$(wrong allow4 "$(v4 "$second")")$(wrong allow6 "$(v6 "$second")")"
is "with its rules" 0 "$(in_server nft list chain inet pptpban_fw input | grep -c '"control-deny"')"
configure "$edges" "$first"
fw apply --no-confirm >/dev/null
holds "each in the other's place" "$edges" "$first"
configure "10.0.0.0/8 ::/0" "0.0.0.0/0"
fw apply --no-confirm >/dev/null
holds "everybody" "10.0.0.0/8 ::/1 8000::/1" "0.0.0.0/1 128.0.0.0/1"
configure "10.0.0.0/9 10.128.0.0/10 10.192.0.0/10" "0.0.0.0/1"
fw apply --no-confirm >/dev/null
holds "half of everybody, and neighbours" "10.0.0.0/8" "0.0.0.0/1"
configure "10.0.0.0/9 10.128.0.0/10" "10.128.0.0/9"
fw apply --no-confirm >/dev/null
holds "neighbours of several sizes" "10.0.0.0/9 10.128.0.0/10" "10.128.0.0/9"
configure "10.0.0.0/9 10.192.0.0/10" "128.0.0.0/1 8000::/1"
fw apply --no-confirm >/dev/null
holds "the last half" "10.0.0.0/9 10.192.0.0/10" "128.0.0.0/1 8000::/1"

# --- the way back restores lists, too
configure "$second" "$edges"
fw apply --confirm 60s --no-wait >/dev/null
holds "a change that waits" "$second" "$edges"
fw rollback >/dev/null
holds "is taken back" "10.0.0.0/9 10.192.0.0/10" "128.0.0.0/1 8000::/1"

# --- sets that somebody else has altered hold the wanted after any change of theirs
configure "$first" "$edges"
fw apply --no-confirm >/dev/null
in_server nft "delete element inet pptpban_fw allow4 { 11.0.6.0/24 }; add element inet pptpban_fw allow4 { 9.9.9.0/24 }; \
	flush set inet pptpban_fw allow6"
configure "$first" "$edges 198.51.100.7/32"
fw apply --no-confirm >/dev/null
holds "altered by somebody, and mended" "$first" "$edges 198.51.100.7/32"

# --- rules that somebody else has altered do not stay
before=$(handles)
in_server nft insert rule inet pptpban_fw input tcp dport 4711 drop
configure "$second" "$edges"
fw apply --no-confirm >/dev/null
is "a rule of somebody else's in our chain is gone" 0 "$(in_server nft list table inet pptpban_fw | grep -c 4711)"
holds "and the lists are the new ones" "$second" "$edges"
handle=$(in_server nft -a list chain inet pptpban_fw input | sed -n 's/.*"control-deny".*handle \([0-9]*\)/\1/p' | head -n 1)
in_server nft delete rule inet pptpban_fw input handle "$handle"
configure "$first" "$edges"
fw apply --no-confirm >/dev/null
is "a rule that somebody took out is there again" 2 "$(in_server nft list table inet pptpban_fw | grep -c '"control-deny"')"
holds "and the lists, too" "$first" "$edges"
fw status >"$T/out"
is "status" 0 $?
ok "status: applied and confirmed" grep -q "applied and confirmed" "$T/out"

# --- lists and rules at once, and a snapshot of it all that nft(8) reads
configure "$second" "198.51.100.7/32" "rate = 3/minute"
fw apply --no-confirm >/dev/null
holds "lists and rules change" "$second" "198.51.100.7/32"
in_server nft list table inet pptpban_fw >"$T/listing"
ok "the kernel's listing can be loaded" in_server nft -c -f "$T/listing"
