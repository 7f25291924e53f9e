#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The hostile corpus through real log writers into the whole service: rsyslogd (local socket, UDP, TCP; control characters
# escaped and not) and journald (native protocol, /dev/log), and somebody who forges other programs' lines. Every attacker
# is banned on time, in the kernel too, and nobody else; where nobody can know better, that is shown.
#     PB_HOSTILE=all    all texts in every way (two minutes; else a share, seconds); PB_SEED=N permutes
. "$(dirname "$0")/service.inc"
private_mounts "$@"
need_commands rsyslogd setpriv
seed=${PB_SEED:-1}
share=$([ "${PB_HOSTILE:-}" = all ] && echo 0 || echo 24)
hostile() { python3 "$here/hostile.py" "$@"; }
netns_new server
: >"$T/table"

# rsyslog [SETTING...]: writes $T/log as Debian's does, and as others do beside it
rsyslog() {
	{
		printf '%s\n' "$@"
		echo "module(load=\"imuxsock\" SysSock.Use=\"off\") module(load=\"imudp\") module(load=\"imtcp\")"
		echo "input(type=\"imuxsock\" Socket=\"$T/log.sock\" CreatePath=\"on\" RateLimit.Interval=\"0\" UsePIDFromSystem=\"off\" Annotate=\"on\" ParseTrusted=\"on\")"
		echo "input(type=\"imudp\" port=\"5514\" address=\"127.0.0.1\") input(type=\"imtcp\" port=\"5514\" address=\"127.0.0.1\")"
		echo "\$FileCreateMode 0644"
		echo "if \$!uid == \"\" or \$!uid == \"0\" then { action(type=\"omfile\" file=\"$T/log.root\" template=\"RSYSLOG_FileFormat\") }"
		echo "action(type=\"omfile\" file=\"$T/log\" template=\"RSYSLOG_FileFormat\")"
		echo "action(type=\"omfile\" file=\"$T/log.trad\" template=\"RSYSLOG_TraditionalFileFormat\")"
		echo "action(type=\"omfile\" file=\"$T/log.5424\" template=\"RSYSLOG_SyslogProtocol23Format\")"
	} >"$T/rsyslog.conf"
	rm -f "$T"/log* "$T/rsyslog.pid"
	touch "$T/log"
	ip netns exec "$server" rsyslogd -n -f "$T/rsyslog.conf" -i "$T/rsyslog.pid" >>"$T/rsyslog.out" 2>&1 &
	rsyslog=$!
	started $rsyslog
	wait_for 5 test -S "$T/log.sock"
	chmod 666 "$T/log.sock"
}
rsyslog_stop() {
	kill $rsyslog
	wait $rsyslog 2>/dev/null
}

# verdict WHAT [--believed ADDR]: of the service that runs, against $T/truth
verdict() {
	what=$1
	shift
	wanted=$(($(jq length "$T/truth") + $#/2))
	enough() { [ "$(ask list --json | jq '.bans | length')" -ge "$wanted" ]; }
	wait_for 10 enough
	sleep 1 # and who comes on top
	ask list --json >"$T/bans"
	hostile judge "$T/truth" "$T/bans" "$@" >"$T/verdict"
	status=$?
	printf '%-34s %s\n' "$what" "$(head -n 1 "$T/verdict")" >>"$T/table"
	is "$what: every attacker, nobody else" 0 $status
	tail -n +2 "$T/verdict"
	in_sets() { [ "$(ip netns exec "$server" ipset list pptpban4 | sed '1,/^Members:/d' | cut -d' ' -f1 | sort)" = \
		"$(jq -r '.bans[].addr' "$T/bans" | sort)" ]; }
	ok "$what: the same in the kernel" wait_for 5 in_sets
}

# through WAY WHAT [--believed ADDR]: into the service that runs
through() {
	way=$1 what=$2
	shift 2
	ip netns exec "$server" python3 "$here/hostile.py" send "$way" "$T/truth" --socket "$T/log.sock" --port 5514 \
		--seed "$seed" --share "$share" || is "$what: sent" 0 $?
	verdict "$what" "$@"
}

forget() { # what is in the kernel outlives the service and its database
	ask unban --all >/dev/null
	wait_for 5 eval '[ "$(ip netns exec "$server" ipset list pptpban4 | sed "1,/^Members:/d" | grep -c .)" = 0 ]'
	service_stop
	service=
}

# anew SOURCE: a service that knows nothing yet and reads this
anew() {
	[ -z "${service:-}" ] || forget
	rm -rf "$T/state"
	: >"$T/service.log"
	sed -i "s|^source.*|source = $1|" "$T/pptpban.conf"
	service_start
	wait_for 5 enforced
}

# replayed FILE WHAT: the same log in another form
replayed() {
	"$pptpban" replay --config "$T/pptpban.conf" --jsonl "$1" | jq -s '{bans: [.[] | select(.type == "ban")
		| {addr, since: (.time | floor)}]}' >"$T/bans"
	hostile judge "$T/truth" "$T/bans" >"$T/verdict"
	is "$2: every attacker, nobody else" 0 $?
	printf '%-34s %s\n' "$2" "$(head -n 1 "$T/verdict")" >>"$T/table"
	tail -n +2 "$T/verdict"
}

configure
rsyslog
anew "$T/log"
through syslog "rsyslog, its socket"
replayed "$T/log.trad" "the same, traditional stamps"
replayed "$T/log.5424" "the same, RFC 5424"

# What is shown of all that, to a terminal and to programs.
ask list >"$T/shown.list"
ask list --json >"$T/shown.list.json"
ask list --plain >"$T/shown.list.plain"
ask status >"$T/shown.status"
ask status --json >"$T/shown.status.json"
for a in $(jq -r '.bans[].addr' "$T/bans"); do
	ask why "$a" >>"$T/shown.why"
	ask why "$a" --json >>"$T/shown.why.json"
done
"$pptpban" replay --config "$T/pptpban.conf" "$T/log" >"$T/shown.replay"
"$pptpban" replay --config "$T/pptpban.conf" --jsonl "$T/log" >"$T/shown.replay.json"
cp "$T/service.log" "$T/shown.log"
ok "nothing that is shown steers a terminal" hostile harmless "$T"/shown.*
is "all JSON is JSON" 0 "$(cat "$T"/shown.*json | jq -e . >/dev/null; echo $?)"

# Our own log, which recidive reads: each ban is in it once, and no name has made another.
hostile log "$T/service.log" >"$T/own.log"
{
	printf '[pptpban]\nfilter_dirs = %s\n[pptpd]\nenabled = no\n' "$T/shipped-filters"
	printf '[recidive]\nenabled = yes\nmaxretry = 1000\nfindtime = 1w\n'
} >"$T/recidive.conf"
is "recidive hears of these bans and of no others" "$(jq -r '.bans[].addr' "$T/bans" | sort)" \
	"$("$pptpban" replay --config "$T/recidive.conf" --jsonl "$T/own.log" | jq -r 'select(.type == "failure") | .addr' | sort)"

# Anybody may write to the local socket in anybody's name: in the file nobody can know. rsyslog can: it asks the kernel.
forged() { # WAY WHAT [--believed ADDR]: beside those who were banned before
	way=$1 what=$2
	shift 2
	ip netns exec "$server" python3 "$here/hostile.py" send "forged-$way" "$T/truth" --socket "$T/log.sock" || is "$what: sent" 0 $?
	verdict "$what" "$@"
}
rsyslog_stop
rsyslog
anew "$T/log"
echo '{}' >"$T/truth"
forged syslog "forged, into a file: believed" --believed 192.0.2.66
rsyslog_stop
rsyslog
touch "$T/log.root"
anew "$T/log.root"
through syslog "a file of root's lines alone"
forged syslog "forged, and a file of root's lines"
is "what was forged is in the other file" 6 "$(grep -c mallory "$T/log")"

rsyslog_stop
rsyslog
anew "$T/log"
through udp "rsyslog, udp"
rsyslog_stop
rsyslog
anew "$T/log"
through tcp "rsyslog, tcp with octet counting"

# A writer that writes line ends as they come: whoever may write one, as through EAP-TLS, may write whole lines.
rsyslog_stop
rsyslog 'global(parser.escapeControlCharactersOnReceive="off")'
anew "$T/log"
through syslog "rsyslog, not escaping: believed" --believed 192.0.2.66
rsyslog_stop

# Debian's way: journald hands on to rsyslogd, and who it was with it. The rule is that of docs/sources.md.
forget
journald_start ForwardToSyslog=yes || skip_all "needs systemd-journald"
rm -f "$T"/log*
touch "$T/log"
{
	echo 'module(load="imuxsock" SysSock.Name="/run/systemd/journal/syslog" SysSock.UsePIDFromSystem="off"'
	echo '	SysSock.RateLimit.Interval="0" SysSock.Annotate="on" SysSock.ParseTrusted="on")'
	echo "\$FileCreateMode 0644"
	echo "action(type=\"omfile\" file=\"$T/log.all\" template=\"RSYSLOG_FileFormat\")"
	sed -n "s|^    \\(if .*\\)/var/log/root.log|\\1$T/log|p" "$PB_SRC/docs/sources.md"
} >"$T/rsyslog.conf"
echo 4096 | ip netns exec "$server" tee /proc/sys/net/unix/max_dgram_qlen >/dev/null # journald drops what rsyslog does not take
ip netns exec "$server" rsyslogd -n -f "$T/rsyslog.conf" -i "$T/rsyslog.pid" >>"$T/rsyslog.out" 2>&1 &
rsyslog=$!
started $rsyslog
wait_for 5 test -S /run/systemd/journal/syslog
anew "$T/log"
through devlog "journald, rsyslog, its rule"
cp "$(command -v logger)" "$T/setuid-logger" && chmod 4755 "$T/setuid-logger"
forged devlog "forged through both"
for _ in 1 2 3; do
	setpriv --reuid=65534 --clear-groups "$T/setuid-logger" -t pppd "Peer mallory failed CHAP authentication"
done
sleep 0.5
is "what was forged is in the other file alone, by a program with root's rights too" "9 0" \
	"$(grep -c mallory "$T/log.all") $(grep -c mallory "$T/log")"
rsyslog_stop
forget
journald_stop

# The journal knows who it was, whatever jail asks. The shipped filters are all on; the bans are those of pptpd's.
for f in "$PB_SRC"/filters/*.conf; do
	f=${f##*/} f=${f%.conf}
	[ "$f" = pptpd ] || printf '[%s]\nenabled = yes\nsource = journal\nmaxretry = 3\ncount = auth=1 refused=1 probe=1\n' "$f"
done >>"$T/pptpban.conf"
sed -i '/^\[mikrotik\]/a filter = mikrotik[management=yes, identity=MikroTik]' "$T/pptpban.conf"
for way in devlog native; do
	[ -z "${service:-}" ] || forget
	journald_start || skip_all "needs systemd-journald"
	journald_stop # as systemd-tmpfiles has it: those who may read logs may read the journal
	rm -rf /run/log/journal/*
	journald_start
	journald_stop
	chgrp -R systemd-journal /run/log/journal && chmod -R g+rXs /run/log/journal
	journald_start
	anew journal
	through $way "journal, $way"
	forged $way "journal, $way, forged"
	is "$way: what was forged is in the journal" 6 "$(journalctl -q -o cat _UID=65534 | grep -c mallory)"
	journald_stop
done
sed 's/^/# /' "$T/table"
