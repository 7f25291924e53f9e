#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban top under tmux, in 80x24 and other sizes: what it shows is what list says and the kernel has; keys ban and unban
# there; it survives a service that is killed and replaced, and Ctrl-Z; a hostile account name stays text.
# TOP_MANY=100000 lists so many bans instead, and tells what that takes; minutes.
. "$(dirname "$0")/service.inc"
need_commands tmux
export LC_ALL=C.UTF-8
netns_new server
configure
touch "$T/log"
service_start
ok "the enforcer is there" wait_for 5 enforced
attack "$T/log" 192.0.2.66 3 alice
attack "$T/log" 192.0.2.68 3 bob
attack "$T/log" 192.0.2.67 2 $'\e[31mev\u202eil'
ok "two are banned" wait_for 5 banned 192.0.2.68

screen() { tmux -S "$T/tmux" "$@"; }
screen -f /dev/null new-session -d -x 80 -y 24 "env -u NO_COLOR TERM=screen-256color bash --norc -i" 2>"$T/tmux.log" || cat "$T/tmux.log"
started "$(screen display -p '#{pid}')"
screen send-keys "PS1='> '; $pptpban top --runtime $T/run" Enter
keys() { screen send-keys "$@"; }
shown() { screen capture-pane -p "$@"; }
sees() { shown | grep -qE -e "$1"; }
misses() { ! sees "$1"; }
not_in_kernel() { ! in_kernel "$1"; }

if [ -n "${TOP_MANY:-}" ]; then
	python3 - "$T/run/control.sock" "$TOP_MANY" <<-'E2'
	import json, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	f, n = s.makefile("rw"), int(sys.argv[2])
	for begin in range(0, n, 200):
	    for i in range(begin, min(begin + 200, n)):
	        f.write(json.dumps({"verb": "ban", "net": f"20.{i >> 16}.{i >> 8 & 255}.{i & 255}", "for": 3600 + i % 600}) + "\n")
	    f.flush()
	    for i in range(begin, min(begin + 200, n)):
	        f.readline()
	E2
	keys 2
	ok "$TOP_MANY bans are listed" wait_for 60 sees "^$((TOP_MANY + 2)) banned"
	p=$(pgrep -n -x pptpban)
	ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }
	spent() { # WHAT: in half a minute
		local own other
		own=$(ticks "$p") other=$(ticks "$(watcher)")
		sleep 30
		echo "# $1: $(($(ticks "$p") - own)) ticks of its own, $(($(ticks "$(watcher)") - other)) of the watcher in 30 s"
	}
	spent "nothing changes"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		attack "$T/log" 203.0.113.$i 3 last
		sleep 1.5
	done &
	spent "a ban each second or two"
	wait $!
	ok "the last one is shown" wait_for 20 sees '^203\.0\.113\.20 '
	echo "# $(awk '/VmHWM/ { print $2 }' "/proc/$p/status") KiB at most"
	keys q
	service_stop
	exit
fi

ok "the latest bans in 80x24" wait_for 5 sees '^192\.0\.2\.68 +pptpd '
ok "hook and entries" sees '^enforcer +ipset, hooked, 2 in the kernel, 2 banned'
ok "what is read" sees "^reads +$T/log: no lag, "
ok "who is near a ban" wait_for 5 sees '^192\.0\.2\.67 +2 of 3 +pptpd'
ok "accounts" wait_for 5 sees '^bob +3 +1 +1 '
ok "the keys, in the last row" sh -c "tmux -S '$T/tmux' capture-pane -p | tail -n 1 | grep -q '^Tab next .* q quit'"
ok "colours" sh -c "tmux -S '$T/tmux' capture-pane -ep | grep -q \"\$(printf '\\033')\\[32m\""
keys 3
ok "a name that would steer a terminal is text" wait_for 5 sees '^\\x1b\[31mev\\xe2\\x80\\xaeil '

keys 2
ok "all bans" wait_for 5 sees '^2 banned, newest first'
keys b
keys -l 192.0.2.99
keys Enter
keys -l 5m
keys Enter
ok "b bans" wait_for 5 sees '^192\.0\.2\.99 is banned for 5m'
ok "in the kernel" wait_for 5 in_kernel 192.0.2.99
ok "and shows it" wait_for 5 sees '^192\.0\.2\.99 +manual .* 4m 5[0-9]s +hand'
keys /
keys -l 192.0.2.68
keys Enter
ok "only that one" wait_for 5 sees '^1 of 3 banned'
keys u
ok "u asks" wait_for 5 sees '^end the ban of 192\.0\.2\.68\? y/n'
ok "and has done nothing yet" in_kernel 192.0.2.68
keys y
ok "y: it is done" wait_for 5 sees '^1 ban ended'
ok "in the kernel, too" wait_for 5 not_in_kernel 192.0.2.68
ok "and no longer shown" wait_for 5 sees '^0 of 2 banned'
keys / C-u Enter
keys 3 Home u y
ok "u on an account ends its bans" wait_for 5 not_in_kernel 192.0.2.66
keys 2 b
keys -l 127.0.0.1
keys Enter Enter
ok "what the service refuses is told" wait_for 5 sees '127\.0\.0\.1 is not banned: loopback'

agrees() { # the addresses on the screen are those of the kernel's set
	[ "$(shown | sed -n 's/^\([0-9]*\.[0-9.]*\) \+\(pptpd\|manual\) .*/\1/p' | sort)" = "$(ip netns exec "$server" ipset list pptpban4 | sed -n 's/^\([0-9.]*\) timeout .*/\1/p' | sort)" ]
}
for i in 1 2 3 4 5 6 7; do attack "$T/log" 198.51.100.$i 3 user$i; done
ok "the screen and the kernel's set agree" wait_for 5 agrees
keys /
keys -l 198.51.100.4/30
keys Enter
ok "a network as filter" wait_for 5 sees '^4 of 8 banned, newest first, only "198.51.100.4/30"'
keys /  C-u Enter s
ok "sorted" wait_for 5 sees '^8 banned, ending soonest'
keys Home w
ok "w tells why" wait_for 5 sees '^192\.0\.2\.99 is banned by manual since'
keys x

screen resize-window -x 200 -y 50
keys 1
ok "200x50: side by side" wait_for 5 sees '^LATEST BANS .* NEAR A BAN '
screen resize-window -x 30 -y 6
ok "30x6: what fits" wait_for 5 sees '\[1 Over'
screen resize-window -x 1 -y 1
screen resize-window -x 80 -y 24
ok "and back" wait_for 5 sees '^ACCOUNTS UNDER ATTACK '

keys C-z
ok "Ctrl-Z: the shell is there, the screen as it was" wait_for 5 sees 'Stopped .*pptpban top'
ok "without a trace" misses 'LATEST BANS'
keys -l fg
keys Enter
ok "fg: all is drawn anew" wait_for 5 sees '^LATEST BANS '

kill -STOP "$(watcher)"
ok "a service that does not answer" wait_for 8 sees '^the service does not answer, since 20'
keys 2
ok "keys work, and what was known is there" wait_for 3 sees '^192\.0\.2\.99 '
kill -CONT "$(watcher)"
ok "it answers again" wait_for 5 misses 'does not answer'
service_stop
ok "a service that ended" wait_for 5 sees '^the service does not answer, since 20.*: it (does not run|hung up)'
service_start
ok "and one that was started anew" wait_for 5 misses 'does not answer'
ok "with its bans" wait_for 5 sees '^8 banned'
keys q
ok "q: the screen as it was" wait_for 5 misses ' banned, '
keys -l 'echo left with $?'
keys Enter
ok "and all went well" wait_for 5 sees '^left with 0'
service_stop
