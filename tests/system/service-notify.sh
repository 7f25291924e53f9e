#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the service manager hears: ready, reloading, alive, stopping, and all from the main process alone. Without a
# watcher that lives it hears nothing of being alive.
# alone: it measures time
. "$(dirname "$0")/service.inc"
netns_new server
configure
touch "$T/log"
python3 "$here/notify-listen.py" "$T/notify" "$T/heard" &
started $!
wait_for 5 test -S "$T/notify"
export NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=2000000
service_start
heard() { grep -q "^$service: $1" "$T/heard"; }
ok "ready, when it can be asked" wait_for 5 heard 'READY=1;STATUS=0 banned, reading 1 source'
alive() { grep -c "^$service: WATCHDOG=1" "$T/heard"; }
sleep 5
n=$(alive)
is "alive, every second when it has two" yes "$([ "$n" -ge 4 ] && [ "$n" -le 6 ] && echo yes || echo "$n")"
ask reload >/dev/null
ok "reloading, since when" grep -qE "^$service: RELOADING=1;MONOTONIC_USEC=[0-9]+;STATUS=reloading" "$T/heard"
twice() { [ "$(grep -c "^$service: READY=1" "$T/heard")" = 2 ]; }
ok "ready again" wait_for 5 twice
sed -i 's/^maxretry.*/maxretry = x/' "$T/pptpban.conf"
ask reload 2>/dev/null
ok "ready too when it goes on as before, and why" wait_for 5 heard 'READY=1;STATUS=reload failed: .*maxretry = x'
sed -i 's/^maxretry.*/maxretry = 3/' "$T/pptpban.conf"
is "all comes from the main process" "$service" "$(cut -d: -f1 "$T/heard" | sort -u)"

kill -STOP "$(watcher)"
sleep 1.5
n=$(alive)
sleep 3
is "a watcher that hangs is not said to live" "$n" "$(alive)"
kill -9 "$(watcher)"
more() { [ "$(alive)" -gt "$n" ]; }
ok "its successor is" wait_for 5 more
service_stop
is "it ends well" 0 $?
ok "stopping" heard 'STOPPING=1'

# A first start that cannot work ends, with the reason.
sed -i 's/^maxretry.*/maxretry = x/' "$T/pptpban.conf"
: >"$T/service.log"
ip netns exec "$server" "$pptpband" --config "$T/pptpban.conf" 2>>"$T/service.log"
is "a bad configuration at the start: exit code 1" 1 $?
ok "and file and line" grep -q "pptpban.conf:[0-9]*: maxretry = x" "$T/service.log"
"$pptpband" --nonsense 2>/dev/null
is "a bad option: exit code 2" 2 $?

# Two on the same state would count everything twice.
sed -i 's/^maxretry.*/maxretry = 3/' "$T/pptpban.conf"
unset NOTIFY_SOCKET WATCHDOG_USEC
service_start
ip netns exec "$server" "$pptpband" --config "$T/pptpban.conf" --runtime "$T/other" 2>"$T/err"
is "a second one on the same state ends: exit code 1" 1 $?
ok "and says why" grep -q "another pptpband works on $T/state" "$T/err"
ok "the first one still answers" ask list
service_stop

# Without root: it runs, and says that it only observes.
chmod 644 "$T/log"
cp "$PB_BUILD/pptpband" "$PB_BUILD/pptpban-watcher" "$T"
cp -R "$PB_SRC/filters" "$T/filters"
sed -i "s|^filter_dirs.*|filter_dirs = $T/filters|" "$T/pptpban.conf"
install -d -o daemon "$T/mine" "$T/mine/run" "$T/mine/run-enforcer"
python3 -c "import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).bind(sys.argv[1])" "$T/mine/run-enforcer/enforcer.sock" # of one that is gone
setpriv --reuid=daemon --regid=daemon --clear-groups --inh-caps=-all "$T/pptpband" --config "$T/pptpban.conf" \
	--state "$T/mine/state" --runtime "$T/mine/run" >"$T/mine/log" 2>&1 &
plain=$!
started $plain
as_plain() { setpriv --reuid=daemon --regid=daemon --clear-groups "$pptpban" "$@" --runtime "$T/mine/run"; }
cp "$pptpban" "$T/pptpban" && pptpban=$T/pptpban
ok "without root it runs" wait_for 5 as_plain status
ok "and says that it observes" grep -q "only observing, nobody is blocked: not started as root" "$T/mine/log"
attack "$T/log" 203.0.113.77 3
ok "and whom it would ban" wait_for 5 grep -q "would ban 203.0.113.77 for 1h" "$T/mine/log"
as_plain ban 203.0.113.78 2>"$T/err"
is "a ban by hand is refused" 1 $?
kill $plain
