#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Reload: the new configuration holds or the old one goes on; ten in a row keep compiled patterns and read new logs.
. "$(dirname "$0")/service.inc"
netns_new server
configure
touch "$T/log"
service_start
wait_for 5 enforced
launcher=$service

attack "$T/log" 203.0.113.1 2
wait_for 5 caught_up
first=$(watcher)
is "reload" "reloaded" "$(ask reload)"
is "there is another watcher" yes "$([ "$(watcher)" != "$first" ] && echo yes)"
attack "$T/log" 203.0.113.1 1
ok "failures from before count on" wait_for 5 banned 203.0.113.1

cp "$T/pptpban.conf" "$T/good.conf"
sed -i 's/^maxretry.*/maxretry = many/' "$T/pptpban.conf"
line=$(grep -n '^maxretry' "$T/pptpban.conf" | cut -d: -f1)
second=$(watcher)
ask reload 2>"$T/err"
is "a bad configuration: exit code 1" 1 $?
ok "with file and line" grep -q "pptpban.conf:$line: maxretry = many" "$T/err"
is "the old watcher goes on" "$second" "$(watcher)"
attack "$T/log" 203.0.113.2 3
ok "and bans" wait_for 5 banned 203.0.113.2
ok "it is in the log" grep -q "not reloaded, going on as before" "$T/service.log"
cp "$T/good.conf" "$T/pptpban.conf"
mkdir "$T/filters"
cp "$PB_SRC/filters/pptpd.conf" "$T/filters"
sed -i "s|^filter_dirs.*|filter_dirs = $T/filters|" "$T/pptpban.conf"
sed -i 's|^failregex = .*|failregex = <@pppd>^Peer (|' "$T/filters/pptpd.conf"
ask reload 2>"$T/err"
is "a bad filter: exit code 1" 1 $?
ok "with file and line" grep -q "filters/pptpd.conf:[0-9]" "$T/err"
is "the old watcher still goes on" "$second" "$(watcher)"

for i in $(seq 10); do
	cp "$T/good.conf" "$T/pptpban.conf"
	sed -i "s|^source.*|source = $T/log $T/log.$i|" "$T/pptpban.conf"
	touch "$T/log.$i"
	kill -HUP "$launcher"
	new_source() { ask status --json | jq -e --arg f "$T/log.$i" 'any(.sources[]; .name == $f)' >/dev/null; }
	wait_for 5 new_source || is "reload $i is through" yes no
done
is "the launcher is the same" "$launcher" "$service"
ok "and lives" kill -0 "$launcher"
one_watcher() { [ "$(watcher | wc -l)" = 1 ]; }
ok "one watcher, when the old one has ended" wait_for 5 one_watcher
attack "$T/log.10" 203.0.113.3 3
ok "a newly added log is read" wait_for 5 banned 203.0.113.3
ok "patterns are compiled to machine code" grep -qE '^[0-9a-f-]+ r.xp 00000000 00:00 0 *$' "/proc/$(watcher)/maps"
ok "bans are still there" banned 203.0.113.1
ok "the kernel has them" in_kernel 203.0.113.1
is "it is locked in" true "$(ask status --json | jq .locks.complete)"

# neither the file nor its directory is there yet, and one that nobody but root may read
sed -i "s|^source.*|source = $T/log $T/later/on/*.log $T/secret|" "$T/pptpban.conf"
touch "$T/secret"
chmod 600 "$T/secret"
ask reload >/dev/null
is "an unreadable log is told in the status" 1 "$(ask status --json | jq '[.sources[] | select(.problem != "")] | length')"
ok "and holds nothing up" wait_for 5 sh -c "'$pptpban' status --json --runtime '$T/run' | jq -e .caught_up"
mkdir -p "$T/later/on"
sleep 0.5
attack "$T/later/on/pppd.log" 203.0.113.5 3
ok "a log in a directory that came later is read" wait_for 5 banned 203.0.113.5

sed -i "s/^maxretry.*/maxretry = 1/" "$T/pptpban.conf"
ask reload >/dev/null
attack "$T/log" 203.0.113.4 1
ok "the new configuration holds" wait_for 5 banned 203.0.113.4
service_stop
