#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Notify actions: the real service bans, pptpban-notify tells a web server, a mail server and a program; a flood becomes
# one message, a server that hangs holds nobody up, nothing is ever a shell's, secrets that everybody may read are not used.
. "$(dirname "$0")/service.inc"
netns_new server
ip -n "$server" link set lo up
inside() { ip netns exec "$server" "$@"; }
mkdir "$T/got" "$T/actions" "$T/run-notify"
inside python3 "$here/notify-servers.py" 8080 2525 "$T/got" &
started $!
wait_for 5 test -e "$T/got/ready"
http() { jq -c "$@" "$T/got/http.jsonl" 2>/dev/null; }
lines() { [ "$(cat "$1" 2>/dev/null | wc -l)" -ge "$2" ]; }

action() { # NAME LINES...
	name=$1
	shift
	printf '[Action]\nenabled = yes\n' >"$T/actions/$name.conf"
	printf '%s\n' "$@" >>"$T/actions/$name.conf"
}
printf 'very secret\nsecond line\n' >"$T/secret"
chmod 0600 "$T/secret"
printf '#!/bin/sh\nfor a; do printf "[%%s]" "$a"; done >>%s/args\necho >>%s/args\nenv | sort >%s/env\ncat >%s/stdin\n' "$T" "$T" "$T" "$T" >"$T/program"
chmod 0755 "$T/program"
action hook 'type = webhook' 'events = ban unban hook' 'digest = 0' 'url = http://127.0.0.1:8080/hook' "secret_file = $T/secret"
action mail 'type = mail' 'digest = 0' 'to = root@vpn.example second@vpn.example' 'from = pptpban@vpn.example' 'url = smtp://127.0.0.1:2525'
action program 'type = exec' 'digest = 0' "command = $T/program <addr> \"<user> of <jail>\" <unknown> \$(id) |id <event>"
action feed 'type = feed' 'digest = 0' 'rate = 100000/1h' "file = $T/banned.txt"
action other 'type = exec' 'jails = other' 'digest = 0' "command = $T/program other"
action hang 'type = webhook' 'digest = 0' 'timeout = 1s' 'retries = 0' 'url = http://127.0.0.1:8080/hang'
action broken 'rate = often'

notify_start() {
	ip netns exec "$server" "$PB_BUILD/pptpban-notify" --socket "$T/run-notify/events.sock" --sender "$(ps -o user= -p "$(watcher)")" \
		--actions "$T/actions" >>"$T/notify.log" 2>&1 &
	notify=$!
	started $notify
	wait_for 5 test -S "$T/run-notify/events.sock"
}
configure
touch "$T/log"
service_start
ok "the enforcer is there" wait_for 5 enforced
attack "$T/log" 192.0.2.60 3
ok "bans need nobody who listens" wait_for 5 banned 192.0.2.60
is "and nothing is lost then" '{"told":0,"lost":0}' "$(ask status --json | jq -c .notify)"
notify_start
ok "an action whose file is wrong is told of" grep -q "broken.conf:3: rate = often: cannot be read; accepted: a number of messages" "$T/notify.log"

attack "$T/log" 192.0.2.66 3 'al"ice$(id)'
ok "the ban" wait_for 5 banned 192.0.2.66
ok "reaches the web server" wait_for 5 lines "$T/got/http.jsonl" 1
wait_for 5 sh -c "grep -q '\"/hook\"' '$T/got/http.jsonl'"
event() { http 'select(.path == "/hook") | .body | fromjson'; }
is "as JSON of version 1" '[1,"hook",1,0]' "$(event | jq -c '[.version, .action, (.events | length), .more]' | head -n 1)"
is "with what is known of it" '["ban","192.0.2.66","pptpd",3,"al\"ice$(id)",true]' \
	"$(event | jq -c '.events[0] | [.event, .addr, .jail, .count, .user, (.until - .time | . > 3590 and . <= 3600)]' | head -n 1)"
is "and the first line of the secret" '"Bearer very secret"' "$(http 'select(.path == "/hook") | .headers.Authorization' | head -n 1)"
ok "reaches the mail server" wait_for 5 lines "$T/got/mail.jsonl" 1
is "for both" '["RCPT TO:<root@vpn.example>","RCPT TO:<second@vpn.example>"]' "$(jq -c .to "$T/got/mail.jsonl")"
ok "with a subject" sh -c "jq -r .data '$T/got/mail.jsonl' | grep -q '^Subject: \[pptpban\] .*: ban 192.0.2.66 for 1h by pptpd: 3 failures'"
ok "reaches the program" wait_for 5 lines "$T/args" 1
is "word by word, never a shell's" '[192.0.2.66][al"ice$(id) of pptpd][<unknown>][$(id)][|id][ban]' "$(head -n 1 "$T/args")"
is "with nothing in its environment but this" "LANG PATH PPTPBAN_ACTION PPTPBAN_ADDR PPTPBAN_COUNT PPTPBAN_EVENT PPTPBAN_HOST PPTPBAN_JAIL PPTPBAN_N PPTPBAN_TEXT PPTPBAN_TIME PPTPBAN_UNTIL PPTPBAN_USER" \
	"$(cut -d= -f1 "$T/env" | grep -v -e '^PWD$' -e '^_$' -e SHLVL | tr '\n' ' ' | sed 's/ $//')"
is "and the message on its standard input" "192.0.2.66" "$(jq -r '.events[0].addr' "$T/stdin")"
feed() { grep -v '^#' "$T/banned.txt" | cut -d' ' -f1 | tr '\n' ' '; }
fed() { [ "$(feed)" = "$1" ]; }
ok "is in the feed, beside the ban that was there before anybody listened" wait_for 5 fed "192.0.2.60 192.0.2.66 "
is "the other jail's action hears nothing" 0 "$(grep -c '^\[other\]' "$T/args")"
ask unban 192.0.2.66 >/dev/null
ok "an unban takes it out of the feed" wait_for 5 fed "192.0.2.60 "
ok "a server that hangs is given up after its timeout" wait_for 15 grep -q "action hang: took longer than its timeout.*given up" "$T/notify.log"

# While it hangs on every ban, bans are as fast as ever.
began=$(date +%s%N)
attack "$T/log" 192.0.2.67 3
ok "beside one that hangs" wait_for 5 banned 192.0.2.67
is "a ban takes less than two seconds" yes "$([ $((($(date +%s%N) - began) / 1000000)) -lt 2000 ] && echo yes)"
is "nothing was lost" 0 "$(ask status --json | jq .notify.lost)"

# Others at the kernel.
ip netns exec "$server" nft flush ruleset
ok "a hook that was taken away is told of, with who did it" wait_for 5 sh -c "jq -r .body '$T/got/http.jsonl' | grep -q '\"event\":\"hook\".*by nft'"

# A flood: one message, which says how many there were; the feed has them all.
kill $notify
wait $notify 2>/dev/null
rm -f "$T/actions/"*.conf "$T/got/http.jsonl"
action feed 'type = feed' 'digest = 0' 'rate = 100000/1h' "file = $T/banned.txt"
action hook 'type = webhook' 'events = ban' 'digest = 1s' 'rate = 2/1h' 'url = http://127.0.0.1:8080/hook'
notify_start
for i in $(seq 1 60); do attack "$T/log" "192.0.10.$i" 3; done
all_banned() { [ "$(ask list --json | jq '.bans | length')" -ge 60 ]; }
ok "60 bans" wait_for 60 all_banned
whole() { [ "$(feed | wc -w)" = "$(ask list --json | jq '.bans | length')" ]; }
ok "are all in the feed, whatever was lost on the way" wait_for 10 whole
told() { [ "$(http 'select(.path == "/hook") | .body | fromjson | (.events | length) + .more' | awk '{ s += $1 } END { print s + 0 }')" -ge "$1" ]; }
ok "make a message" wait_for 20 told 1
sleep 2
is "or two: the rate allows no more" yes "$([ "$(lines "$T/got/http.jsonl" 3 && echo more)" != more ] && echo yes)"
is "the first of them tells of several" yes "$([ "$(http '.body | fromjson | .events | length' | head -n 1)" -gt 1 ] && echo yes)"

# A reload does not wait for what the rate holds back: it takes it along to the action as it is then.
sent() { http 'select(.path == "/hook") | .body | fromjson | (.events | length) + .more' | awk '{ s += $1 } END { print s + 0 }'; }
for i in 1 2 3; do
	attack "$T/log" "192.0.11.$i" 3
	wait_for 5 banned "192.0.11.$i"
	sleep 1.1
done
before=$(sent)
sed -i 's|^rate.*|rate = 30/1h|' "$T/actions/hook.conf"
kill -HUP $notify
waited() { [ "$(sent)" -ge 63 ]; }
ok "what the rate held back goes out when a reload raises it ($before of 63 were sent)" wait_for 10 waited
is "it did hold some back" yes "$([ "$before" -lt 63 ] && echo yes)"
rm "$T/actions/hook.conf"
kill -HUP $notify
fewer() { [ "$(grep ' enabled$' "$T/notify.log" | tail -n 1)" = "pptpban-notify: 1 action enabled" ]; }
ok "a reload that takes an action away is done" wait_for 5 fewer

# What cannot be delivered is tried again, and a secret that everybody may read is not used.
kill $notify
wait $notify 2>/dev/null
rm -f "$T/actions/"*.conf "$T/got/http.jsonl"
chmod 0644 "$T/secret"
action fail 'type = webhook' 'digest = 0' 'retries = 0' 'url = http://127.0.0.1:8080/fail'
action redirect 'type = webhook' 'digest = 0' 'retries = 0' 'url = http://127.0.0.1:8080/redirect'
action secret 'type = webhook' 'digest = 0' 'retries = 0' 'url = http://127.0.0.1:8080/secret' "secret_file = $T/secret"
notify_start
attack "$T/log" 192.0.2.70 3
ok "an error is told" wait_for 5 grep -q "action fail: not delivered: http://127.0.0.1:8080/fail: answered 500; 200 to 299 were wanted; given up" "$T/notify.log"
ok "a redirection is one" wait_for 5 grep -q "action redirect: not delivered: .*answered 302" "$T/notify.log"
ok "a secret for everybody, too" wait_for 5 grep -q "action secret: not delivered: $T/secret: everybody may read it" "$T/notify.log"
is "and nothing went to where it was redirected, or without the secret" "/fail /redirect" "$(http -r .path | sort -u | tr '\n' ' ' | sed 's/ $//')"

# Nobody else may tell anything; what the service never sends is refused.
is "the socket is the service's alone" "$(ps -o user= -p "$(watcher)") 600" "$(stat -c '%U %a' "$T/run-notify/events.sock")"
python3 -c "
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for text in (b'{\"event\":\"ban\",\"text\":\"a\\\\nb\"}', b'x' * 5000, b''):
    s.sendto(text, '$T/run-notify/events.sock')"
ok "what the service never sends is refused" wait_for 5 grep -q "an event that the service does not send was refused" "$T/notify.log"
ok "and it goes on" kill -0 $notify

# pptpban action
"$pptpban" action list --actions "$T/actions" >"$T/out"
is "action list" "fail webhook enabled ban" "$(head -n 1 "$T/out" | tr '\t' ' ')"
chmod 0755 "$T" "$T/actions"
inside "$pptpban" action test fail --actions "$T/actions" 2>"$T/err"
is "action test of one that fails: exit code 1" 1 $?
ok "and why" grep -q "answered 500" "$T/err"
action good 'type = webhook' 'url = http://127.0.0.1:8080/good'
ok "action test of one that arrives" inside "$pptpban" action test good --actions "$T/actions"
is "with a made-up event" '"test"' "$(http 'select(.path == "/good") | .body | fromjson | .events[0].event')"
"$pptpban" action test none --actions "$T/actions" 2>"$T/err"
is "action test of one that is not there: exit code 1" 1 $?
mkdir "$T/bare" && cp "$PB_SRC/actions/mail.conf" "$T/bare/"
is "action test of one that is not filled in yet says what it needs" "it needs to; pptpban-notify(8) tells all keys" \
	"$("$pptpban" action test mail --actions "$T/bare" 2>&1 | tail -n 1)"
ok "names those that are" grep -q "there is no action none; there are fail good redirect secret" "$T/err"
"$pptpban" action 2>/dev/null
is "action without a word: exit code 2" 2 $?
kill $notify
service_stop

# Without systemd the service itself starts it, and ends it.
rm -f "$T/actions/"*.conf "$T/run-notify/events.sock"
printf '#!/bin/sh\nexec "%s" "$@" --actions "%s"\n' "$PB_BUILD/pptpban-notify" "$T/actions" >"$T/pptpban-notify"
cp "$PB_BUILD/pptpband" "$T/pptpband"
for p in watcher enforcer hookguard connguard; do ln -sf "$PB_BUILD/pptpban-$p" "$T/pptpban-$p"; done
chmod 0755 "$T/pptpban-notify"
action hook 'type = exec' 'digest = 0' "command = /usr/bin/touch $T/touched/<addr>"
mkdir -m 1777 "$T/touched"
pptpband=$T/pptpband service_start --notify --watcher "$PB_BUILD/pptpban-watcher" --enforcer "$PB_BUILD/pptpban-hookguard" \
	--connguard "$PB_BUILD/pptpban-connguard"
runner() { pgrep -P "$service" -x pptpban-notify; }
ok "pptpband --notify starts it" wait_for 5 runner
wait_for 5 test -S "$T/run-notify/events.sock"
is "never as root" yes "$([ "$(ps -o uid= -p "$(runner)")" -gt 0 ] && echo yes)"
attack "$T/log" 192.0.12.1 3
ok "and it is told" wait_for 5 test -e "$T/touched/192.0.12.1"
kill -9 "$(runner)"
ok "one that dies is started again" wait_for 5 runner
ok "and listens" wait_for 5 sh -c "[ \$(grep -c 'action.* enabled' '$T/service.log') -ge 2 ]"
attack "$T/log" 192.0.12.2 3
ok "and is told" wait_for 5 test -e "$T/touched/192.0.12.2"
mine=$(runner)
service_stop
is "it ends with the service" no "$(kill -0 "$mine" 2>/dev/null && echo yes || echo no)"
