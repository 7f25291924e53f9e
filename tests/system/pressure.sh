#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Lines that come faster than they are read wait in their file or journal, all of them, and status says how far behind
# reading is. Clients that are stuck, half a request, thousands of connections, and a log that nobody reads delay no ban.
# pressure.sh [LINES [BANS [ENTRIES]]]: so many lines (200,000; the long form a million), bans measured beside each kind of
# client (20; 300), journal entries (8000; 50,000).
# alone: it measures time
. "$(dirname "$0")/service.inc"
private_mounts "$@"
lines=${1:-200000} bans=${2:-20} entries=${3:-8000}
press() { python3 "$here/pressure.py" "$@"; }
status_of() { ask status --json | jq -r "$1"; }
netns_new server

# --- a file
configure "bantime.increment = no"
sed -i 's/^maxretry.*/maxretry = 3/' "$T/pptpban.conf"
: >"$T/log"
service_start
ok "the enforcer is there" wait_for 5 enforced
half=$((lines / 16 * 8))
expected=$((half / 32 < 2000 ? half / 32 : 2000)) # addresses, so that each fails four times at least
kill -STOP "$(watcher)"
press write "$T/log" $half $expected 1 $((half / 16 * 8))
is "half of the lines are written while it is stopped" $half "$(cat "$T/log.1" "$T/log" | wc -l)"
backlog=$(cat "$T/log.1" "$T/log" | wc -c)
# who asks now is answered in the midst of reading
press look "$T/run/control.sock" 10 >"$T/look" &
looker=$!
"$pptpban" status --runtime "$T/run" >"$T/words" &
words=$!
sleep 0.5
w=$(watcher)
kill -CONT "$w"
press write "$T/log" $half $expected 2 & # while it is slowed down
writer=$!
all() { [ "$(status_of '.sources[0].lines')" -ge $((2 * half)) ]; }
for _ in $(seq 20); do
	kill -STOP "$w"
	sleep 0.02
	kill -CONT "$w"
	sleep 0.02
done
wait $writer $looker $words
read -r most longest first <"$T/look"
echo "# behind by at most $most bytes and $longest s"
ok "who asks is answered long before all is read (when $((first / 1024)) KiB of $((backlog / 1024)) were left)" test "${first:-0}" -gt $((backlog / 2))
ok "status told how many bytes it was behind" test "${most:-0}" -gt 100000
ok "and for how long" sh -c "echo '$longest' | awk '{ exit !(\$1 > 0.2) }'"
ok "in words, too" grep -q 'behind by [0-9]* bytes; reads what was written [0-9.]* s ago' "$T/words"
wait_for $((lines / 5000)) all
ask status --json >"$T/status"
is "all lines have been read, once" $((2 * half)) "$(jq '.sources[0].lines' "$T/status")"
is "all refused logins are counted, once" $((2 * half / 8)) "$(jq .engine.failures "$T/status")"
is "nothing is lost, cut or unattributed" "0 0 0 0" "$(jq -r '[.sources[0].skipped, .sources[0].truncated, .sources[0].no_header, .engine.unattributed] | join(" ")' "$T/status")"
is "and then it is not behind" "0 0" "$(jq -r '.sources[0] | "\(.behind) \(.behind_seconds)"' "$T/status")"
is "everybody is banned who failed often enough" $((2 * expected)) "$(jq .bans "$T/status")"
is "metrics have the lag as well" 2 "$(ask metrics 2>/dev/null | grep -c '^pptpban_source_behind_\(bytes\|seconds\){')"

# --- clients that do not do what they should
# beside KIND: the latency of bans with such clients
n=0
beside() {
	n=$((n + 1))
	press latency "$T/log" "$T/service.log" "$bans" $n >"$T/latency" 2>&1
	read -r count median p99 max <"$T/latency"
	echo "# beside $1: $(cat "$T/latency") ms (bans, median, 99 %, longest)"
	is "beside $1 no ban is lost" "$bans" "$count"
	ok "nor later than a second" sh -c "echo '${max:-99999}' | awk '{ exit !(\$1 < 1000) }'"
}
beside nobody
socket=$T/run/control.sock
for kind in knock half list storm hammer; do
	python3 "$here/pressure.py" client "$socket" $kind >"$T/client" &
	client=$!
	started $client
	wait_for 5 test -s "$T/client"
	sleep 0.3
	beside "clients that $kind"
	kill $client
	wait $client 2>/dev/null
	ok "and when they are gone it answers" wait_for 5 answers
done
many=$(ip netns exec "$server" ipset list -t pptpban4 | sed -n 's/^Number of entries: //p')
is "the kernel has them all" $((2 * expected + n * bans)) "$many"

# --- a log that nobody reads
service_stop
rm -rf "$T/state" "$T/log.1"
: >"$T/log"
mkfifo "$T/stuck"
exec 8<>"$T/stuck"
ip netns exec "$server" "$pptpband" --config "$T/pptpban.conf" >"$T/stuck" 2>&1 &
service=$!
started $service
ask() { # it may hang
	verb=$1
	shift
	timeout 2 "$pptpban" "$verb" --runtime "$T/run" "$@"
}
wait_for 3 answers
press write "$T/log" 24000 1000 3 # a thousand bans, more than a pipe takes of messages
thousand() { [ "$(status_of .bans)" = 1000 ]; }
ok "nobody reads the log of the service: it bans" wait_for 2 thousand
in_set() { [ "$(ip netns exec "$server" ipset list -t pptpban4 | sed -n 's/^Number of entries: //p')" -ge "$1" ]; }
ok "in the kernel, too" wait_for 5 in_set 1000
timeout 2 cat <&8 >"$T/service.log"
attack "$T/log" 192.0.2.66 3
wait_for 5 banned 192.0.2.66
timeout 1 cat <&8 >"$T/service.log"
ok "and says what was lost when somebody reads again" grep -q 'messages before this one are lost' "$T/service.log"
exec 8>&-
is "it did not get stuck" yes "$(answers >/dev/null && echo yes)"
[ "$failures" = 0 ] || kill -9 "$(watcher)" "$(enforcer)" "$(connguard)" "$service" # else it might never end
service_stop

# --- the journal
if journald_start; then
	journald_stop # as systemd-tmpfiles has it: those who may read logs may read the journal
	chgrp -R systemd-journal /run/log/journal && chmod -R g+rXs /run/log/journal
	journald_start
	configure
	sed -i "s|^source.*|source = journal|" "$T/pptpban.conf"
	rm -rf "$T/state"
	service_start
	wait_for 5 enforced
	w=$(watcher)
	kill -STOP "$w"
	python3 - "$entries" remotenumber 203.0.113.9 <<'END'
import sys, syslog
syslog.openlog("pppd", syslog.LOG_PID, syslog.LOG_LOCAL2)
for i in range(int(sys.argv[1]) // 2):
    syslog.syslog(syslog.LOG_WARNING, "pppd 2.4.9 started by root, uid 0")
    syslog.syslog(syslog.LOG_WARNING, "Peer alice failed CHAP authentication")
syslog.syslog(syslog.LOG_WARNING, "the last one of them")
import time
time.sleep(1)
END
	stored() { [ "$(journalctl -q -t pppd -o cat | grep -c 'failed CHAP')" = $((entries / 2)) ]; }
	ok "journald has all that was logged while the service was stopped" wait_for 20 stored
	kill -CONT "$w"
	every() { [ "$(status_of .engine.failures)" -ge $((entries / 2)) ]; }
	ok "they are read when it goes on" wait_for 20 every
	sleep 0.3
	is "each counted once" $((entries / 2)) "$(status_of .engine.failures)"
	is "nothing lost" "0 0" "$(status_of '[.sources[0].skipped, .engine.unattributed] | join(" ")')"
	service_stop
else
	echo "# no journald here: its part is left out"
fi
