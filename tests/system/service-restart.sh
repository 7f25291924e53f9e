#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever dies, and whenever: no line counts twice, none is missed. Watcher, launcher and enforcer are killed again
# and again while a log grows; what was banned in the end is what pptpban replay makes of the same log.
# alone: it measures time
. "$(dirname "$0")/service.inc"
netns_new server
rounds=${PB_RESTART_ROUNDS:-3}

for round in $(seq "$rounds"); do
	rm -rf "$T/state"
	ip netns exec "$server" nft flush ruleset
	ip netns exec "$server" ipset destroy 2>/dev/null
	: >"$T/log"
	configure
	service_start
	python3 "$here/attack.py" storm "$T/log" 6 120 "$round" &
	storm=$!
	started $storm
	kills=0
	while kill -0 $storm 2>/dev/null; do
		sleep "0.$((RANDOM % 6 + 2))"
		case $((RANDOM % 4)) in
		0 | 1) kill -9 $(watcher) 2>/dev/null ;;
		2) kill -9 $(enforcer) 2>/dev/null ;;
		3)
			kill -9 "$service"
			wait "$service" 2>/dev/null
			service_start
			;;
		esac
		kills=$((kills + 1))
	done
	wait_for 10 answers
	wait_for 10 caught_up
	wait_for 10 enforced
	sleep 0.3
	"$pptpban" replay --config "$T/pptpban.conf" --jsonl "$T/log" |
		jq -r 'select(.type == "ban") | "\(.addr) \(.time | floor) \(.count)"' | sort >"$T/wanted"
	ask list --plain | awk -F'\t' '{ print $1, $3, $5 }' | sort >"$T/got"
	is "round $round: $kills kills, $(wc -l <"$T/wanted") bans as replay has them" "" "$(diff "$T/wanted" "$T/got")"
	is "round $round: there were some, and some addresses stayed below" yes \
		"$([ "$(wc -l <"$T/wanted")" -gt 20 ] && [ "$(wc -l <"$T/wanted")" -lt 120 ] && echo yes)"
	in_set() { ip netns exec "$server" ipset list pptpban4 | sed '1,/^Members:/d' | cut -d' ' -f1 | sort; }
	same() { [ "$(in_set)" = "$(cut -d' ' -f1 "$T/wanted")" ]; }
	ok "round $round: the kernel's set has the same" wait_for 5 same
	is "round $round: each ban was said once" "" \
		"$(grep -o ' ban 203[^ ]*' "$T/service.log" | sort | uniq -d)"
	service_stop
	: >"$T/service.log"
done

# the state is damaged, or the disk is full: said, and banning goes on
configure
: >"$T/log"
dd if=/dev/urandom of="$T/state/state.db" bs=4096 count=4 conv=notrunc 2>/dev/null
rm -f "$T/state/state.db-wal"
service_start
ok "a damaged state is set aside" grep -q "kept as state.db.bad-" "$T/service.log"
ok "and kept" sh -c "ls '$T'/state/state.db.bad-*"
attack "$T/log" 203.0.113.200 3
ok "banning goes on" wait_for 5 banned 203.0.113.200
service_stop
mkdir "$T/small"
mount -t tmpfs -o size=160k tmpfs "$T/small" || skip_all "needs mount"
sed -i "s|^state_dir.*|state_dir = $T/small/state|" "$T/pptpban.conf"
: >"$T/log"
: >"$T/service.log"
service_start
for i in $(seq 60); do attack "$T/log" "198.51.100.$i" 3; done
ok "on a full disk banning goes on" wait_for 10 banned 198.51.100.60
ok "and it is said" grep -q "banning goes on, but" "$T/service.log"
# what can be written of few bans may be too much for many: said again only after it was well
is "once each time" "" "$(grep -o -e "banning goes on, but" -e "the state is written again" "$T/service.log" | uniq -d)"
service_stop
umount "$T/small"
