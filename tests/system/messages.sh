#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the service tells the journal: one entry for each thing that happened, with a message id and fields, through its
# sandbox, by the real journald; nothing twice; bans do not wait for a journal that stands still; the catalog is one.
. "$(dirname "$0")/service.inc"
private_mounts "$@"
need_commands systemd-cat journalctl
journald_start || skip_all "needs systemd-journald"
netns_new server
configure
touch "$T/log"
id() { sed -n "s/.*{\"$1\", \"\([0-9a-f]*\)\".*/\1/p" "$PB_SRC/src/base/news.c"; }
entries() { journalctl -q -o json MESSAGE_ID="$(id "$1")"; }
count() { entries "$1" | wc -l; }
some() { [ "$(count "$1")" -ge "$2" ]; }
printf '#!/bin/sh\n[ ! -e %s/away ] || exit 1\nexec %s "$@"\n' "$T" "$PB_BUILD/pptpban-hookguard" >"$T/enforcer"
chmod 0755 "$T/enforcer"

# As the service manager starts it: standard error is a stream of the journal's, which JOURNAL_STREAM names.
journal_service_start() {
	ip netns exec "$server" systemd-cat -t pptpband bash -c \
		'JOURNAL_STREAM=${stream:-$(stat -Lc %d:%i /proc/self/fd/2)} exec "$@"' - "$pptpband" --config "$T/pptpban.conf" --enforcer "$T/enforcer" &
	service=$!
	started $service
	wait_for 10 answers
	wait_for 5 enforced
}
journal_service_start
fails() { for _ in $(seq "$2"); do attack "$T/log" "$1" 1 "${3:-alice}"; done; }
for i in 1 2 3; do fails 192.0.2.$i 3; done
ok "three bans" wait_for 5 banned 192.0.2.3
ok "and their entries" wait_for 5 some ban 3
is "exactly those" "192.0.2.1 192.0.2.2 192.0.2.3 " "$(entries ban | jq -r .PPTPBAN_ADDRESS | sort | tr '\n' ' ')"
is "with fields" '["ban","192.0.2.1","pptpd","3","1","3600","alice","5","pptpband","3"]' "$(entries ban | head -n 1 |
	jq -c '[.PPTPBAN_EVENT, .PPTPBAN_ADDRESS, .PPTPBAN_JAIL, .PPTPBAN_COUNT, .PPTPBAN_TIMES, .PPTPBAN_BANTIME, .PPTPBAN_USER, .PRIORITY, .SYSLOG_IDENTIFIER, .SYSLOG_FACILITY]')"
is "and their ends" yes "$(entries ban | jq -r 'if (.PPTPBAN_UNTIL | tonumber) - (.__REALTIME_TIMESTAMP | tonumber) / 1e6 | . > 3500 and . <= 3600 then "yes" else "no" end' | sort -u)"
is "from the watcher, as journald itself saw it" "$(watcher)" "$(entries ban | jq -r ._PID | sort -u)"
is "each is said once in the whole journal" 1 "$(journalctl -q -o cat | grep -c 'ban 192.0.2.1 for 1h by pptpd')"
is "the text is what recidive reads" "ban 192.0.2.1 for 1h by pptpd: 3 failures in 0s" "$(entries ban | head -n 1 | jq -r .MESSAGE | sed 's/ in [0-9]*s,.*/ in 0s/')"
is "by hand" '["192.0.2.99","0","60"]' "$(ask ban 192.0.2.99 --for 1m >/dev/null; wait_for 5 some ban 4; entries ban | tail -n 1 | jq -c '[.PPTPBAN_ADDRESS, .PPTPBAN_COUNT, .PPTPBAN_BANTIME]')"
ask unban 192.0.2.1 >/dev/null
ok "an unban" wait_for 5 some unban 1
is "of whom" 192.0.2.1 "$(entries unban | jq -r .PPTPBAN_ADDRESS)"
fails 192.0.2.4 3 'x PPTPBAN_ADDRESS=192.0.2.66\\012PPTPBAN_ADDRESS=192.0.2.67'
wait_for 5 some ban 5
is "what a client calls itself makes no second field" "" "$(journalctl -q -o cat PPTPBAN_ADDRESS=192.0.2.66 + PPTPBAN_ADDRESS=192.0.2.67)"
ok "and stands in its own" sh -c "journalctl -q -o json PPTPBAN_ADDRESS=192.0.2.4 | jq -r .PPTPBAN_USER | grep -q '^x PPTPBAN_ADDRESS=192.0.2.66'"

# others at the kernel
ip netns exec "$server" nft flush ruleset
ok "a hook that others took away" wait_for 5 some hook 1
is "names them" 1 "$(entries hook | jq -r .MESSAGE | grep -c 'by nft')"

# a log that cannot be read, and an enforcer that stays away
touch "$T/away"
kill -9 "$(enforcer)"
mv "$T/log" "$T/log.1"
install -m 0600 /dev/null "$T/log"
lost=$(date +%s)
ok "a log that cannot be read is told of" wait_for 15 some source 1
is "after five seconds" yes "$([ $(($(date +%s) - lost)) -ge 5 ] && echo yes)"
is "which one" "$T/log" "$(entries source | jq -r .PPTPBAN_SOURCE)"
ok "an enforcer that stays away" wait_for 10 some degraded 1
is "by name" enforcer "$(entries degraded | jq -r .PPTPBAN_PART)"
rm "$T/away"
chmod 0644 "$T/log"
ok "the log is back" wait_for 10 some source-back 1
ok "the enforcer is back" wait_for 20 some degraded-over 1
kill -9 "$(watcher)"
is "a watcher that died" "enforcer watcher " "$(wait_for 5 some degraded-over 2; entries degraded | jq -r .PPTPBAN_PART | tr '\n' ' ')"
is "each once" "1 1 2 2" "$(count source) $(count source-back) $(count degraded) $(count degraded-over)"
is "a restart says no ban again" 5 "$(count ban)"

# a journal that stands still: no ban waits for it
kill -STOP "$JOURNALD"
began=$(date +%s%N)
for i in $(seq 40); do echo "192.0.3.$i"; done | while read -r a; do attack "$T/log" "$a" 3; done
wrote=$((($(date +%s%N) - began) / 1000000))
ok "40 bans while the journal stands still" wait_for 10 in_kernel 192.0.3.40
took=$((($(date +%s%N) - began) / 1000000 - wrote))
echo "# the last ban came $took ms after its line, with a journal that takes nothing"
is "within two seconds of the last line" yes "$([ $took -lt 2000 ] && echo yes)"
kill -CONT "$JOURNALD"
all_told() { [ "$(journalctl -q -o cat _COMM=pptpban-watcher | grep -c '^ban 192.0.3.')" -ge 40 ]; }
ok "all are told when it goes on" wait_for 10 all_told
is "each once" 40 "$(journalctl -q -o cat | grep -c '^ban 192.0.3.')"
kill "$service"
wait "$service"

# where standard error is not the journal, the text goes there and nowhere else
before=$(count ban)
ip netns exec "$server" env JOURNAL_STREAM=1:1 "$pptpband" --config "$T/pptpban.conf" >>"$T/service.log" 2>&1 &
service=$!
started $service
wait_for 10 answers
fails 192.0.2.7 3
ok "elsewhere it is text" wait_for 5 grep -q '^<5>ban 192.0.2.7 for 1h by pptpd' "$T/service.log"
is "and no entry" "$before" "$(count ban)"
service_stop

# the catalog
mkdir -p "$T/root/usr/lib/systemd/catalog" "$T/root/var/lib/systemd/catalog"
cp "$PB_SRC/etc/pptpban.catalog" "$T/root/usr/lib/systemd/catalog/"
is "the catalog is one" "" "$(journalctl --root="$T/root" --update-catalog 2>&1)"
is "with an entry for each" "$(grep -c "\"[0-9a-f]\{32\}\"" "$PB_SRC/src/base/news.c")" "$(journalctl --root="$T/root" --list-catalog 2>/dev/null | grep -c pptpban)"
mount -t tmpfs tmpfs /var/lib/systemd && mkdir /var/lib/systemd/catalog && cp "$T/root/var/lib/systemd/catalog/database" /var/lib/systemd/catalog/
is "journalctl -x explains with it" 1 "$(journalctl -q -x MESSAGE_ID="$(id ban)" PPTPBAN_ADDRESS=192.0.2.2 | grep -c 'pptpban why 192.0.2.2')"
