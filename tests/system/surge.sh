#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Surges: a history is taken over from the state's directory and shown, a damaged one is not believed, nobody looks with
# surge = 0. PB_SURGE=long also waits for the minutes in which a real flood is told of, once, and survives a reload: eight minutes.
. "$(dirname "$0")/service.inc"
netns_new server
configure
sed -i 's/^maxretry.*/maxretry = 1000/; s/^group.*/&\nsurge.connections = 20\nsurge.failures = 10\nsurge.mib = 1/' "$T/pptpban.conf"
touch "$T/log"
surge() { ask status --json | jq -r ".surges[] | select(.name == \"$1\") | .$2"; }
today=$(($(date +%s) / 86400))
history() { # DAYS
	for series in connections failures bytes; do
		for day in $(seq $((today - $1)) $((today - 1))); do
			for hour in $(seq 0 23); do echo "hour $series $hour $day 2"; done
		done
	done
}
service_start
is "what is usual is learned first" "true 0 0" "$(surge failures learning) $(surge failures days) $(surge failures limit)"
ok "and status says so" sh -c "'$pptpban' status --runtime '$T/run' | grep -q '^surge  *learning what is usual at this hour, 0 of 7 days'"
service_stop
history 8 >"$T/state/surge"
chown --reference="$T/state" "$T/state/surge"
service_start
is "a history is taken over" "false 8 10 20 1048576" \
	"$(surge failures learning) $(surge failures days) $(surge failures limit) $(surge connections limit) $(surge bytes limit)"
ok "and metrics tell of it" sh -c "'$pptpban' metrics --runtime '$T/run' | grep -q '^pptpban_surge_limit{series=\"failures\"} 10\$'"
ask reload >/dev/null
is "it survives a reload" 8 "$(surge failures days)"
if [ "${PB_SURGE:-}" = long ]; then
	told() { [ "$(grep -c "$1" "$T/service.log")" -ge "$2" ]; }
	sleep 130 # two whole minutes, so that the counters have a base
	is "quiet minutes are none" 0 "$(grep -c 'a surge of' "$T/service.log")"
	began=$(date +%s)
	for i in $(seq 100); do attack "$T/log" "198.51.100.$i" 8; sleep 1; done &
	started $!
	ip netns exec "$server" python3 -c "
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(1000):
    s.sendto(bytes(30000), ('127.0.0.1', 9))
    time.sleep(0.1)" &
	ok "a flood is told of" wait_for 120 told 'a surge of failures: [0-9]* in the last minute; more than 10 is not usual' 1
	echo "# told after $(($(date +%s) - began)) s"
	ok "and of connections" wait_for 90 told 'a surge of connections' 1
	ok "and of bytes" wait_for 90 told 'a surge of bytes: [0-9.]* MiB in the last minute; more than 1.0 MiB' 1
	is "status has it" true "$(surge failures surge)"
	ask reload >/dev/null
	is "and after a reload, too" true "$(surge failures surge)"
	wait_for 420 told 'the surge of failures is over after' 1
	ok "its end is told" told 'the surge of failures is over after [0-9m]*: at most [0-9]* in a minute' 1
	is "it was told once" "1 1 1" "$(grep -c 'a surge of failures' "$T/service.log") $(grep -c 'a surge of connections' "$T/service.log") $(grep -c 'a surge of bytes' "$T/service.log")"
fi
service_stop
printf 'hour failures 77 %s 5\n' "$today" >"$T/state/surge"
service_start
ok "one that is damaged is not believed, and that is said" grep -q "$T/state/surge: not as it was written" "$T/service.log"
is "and learned anew" 0 "$(surge failures days)"
sed -i 's/^surge.connections/surge = 0\n&/' "$T/pptpban.conf"
ask reload >/dev/null
is "surge = 0: nobody looks" '[]' "$(ask status --json | jq -c .surges)"
service_stop
