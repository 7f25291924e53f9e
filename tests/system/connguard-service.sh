#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The whole service beside a real pptpd and a real journald: pptpband starts the guard, those whom it ends become probes
# and are banned in the kernel, a ban ends open control connections, and logins come through a crowd.
# alone: it measures time
. "$(dirname "$0")/service.inc"
private_mounts "$@"
journald_start || skip_all "needs systemd-journald"
journald_stop # as systemd-tmpfiles has it: those who may read logs may read the journal
chgrp -R systemd-journal /run/log/journal && chmod -R g+rXs /run/log/journal
journald_start
. "$(dirname "$0")/connguard.inc"
configure
printf '%s\n' '[DEFAULT]' 'ignoreip = 10.9.1.220' '[pptpd]' 'source = journal' '[probe]' 'enabled = yes' 'source = journal' \
	'maxretry = 5' >>"$T/pptpban.conf"
sed -i '/^source = \/.*/d' "$T/pptpban.conf"
pptpd_fresh
service_start
ok "the enforcer is there" wait_for 5 enforced
guarded() { ask status --json | jq -e '.connguard.running and .connguard.mode == "ends"' >/dev/null; }
ok "and the guard" wait_for 5 guarded
is "the launcher's child" 1 "$(connguard | wc -l)"

# a few times is no ban, then it is
client slow 10.9.0.1 10.9.1.50 2 >/dev/null
ok "a silent connection is a probe" wait_for 3 sh -c "'$pptpban' why 10.9.1.50 --json --runtime '$T/run' |
	jq -e '[.windows[] | select(.jail == \"probe\")][0].count == 1'"
ok "not banned yet" eval '! banned 10.9.1.50'
ip netns exec "$outside" timeout 60 python3 "$control" silent 10.9.0.1 2 10.9.1.51 >/dev/null 2>&1 &
offender=$!
started $offender
ok "who comes again and again is banned" wait_for 20 banned 10.9.1.51
ok "in the kernel" wait_for 2 in_kernel 10.9.1.51
ok "for these lines" eval 'ask why 10.9.1.51 --json | jq -r ".evidence[].line" | grep -q "silent connection from 10.9.1.51 ended"'
kill $offender
is "the honest is not" "answered" "$(client slow 10.9.0.1 $honest 0.3)"
ok "status tells what was ended" eval 'ask status | grep -q "^connguard .*silent for 1 s: [1-9]"'

ip netns exec "$outside" python3 "$control" silent 10.9.0.1 1 10.9.1.220 --once >/dev/null &
spared=$!
started $spared
sleep 3
ok "whom ignoreip names is not touched" kill -0 $spared
kill $spared

# anybody may write into the journal
for i in 1 2 3 4 5 6 7; do
	setpriv --reuid=65533 --clear-groups logger -t pptpban-connguard "silent connection from 198.51.100.1 ended after 1.0 s"
done
sleep 1
is "who is not the guard is not believed" 7 "$(journalctl -q -o cat -t pptpban-connguard _UID=65533 | grep -c 198.51.100.1)"
ok "nobody is banned for it" eval '! banned 198.51.100.1'

# a ban ends the offender's call at the server at once
ip netns exec "$outside" python3 "$control" idle 10.9.0.1 10.9.1.60 30 >"$T/idle" &
idle=$!
started $idle
calls() { pgrep -f '^pptpd \[10\.9\.1\.60' | wc -l; }
ok "a control connection is open" wait_for 5 eval '[ "$(calls)" -ge 1 ]'
began=$(date +%s%N)
ask ban 10.9.1.60 >/dev/null
wait_for 5 eval '[ "$(calls)" = 0 ]'
ms=$((($(date +%s%N) - began) / 1000000))
ok "a ban ends its process at the server at once ($ms ms)" test $ms -lt 1000
wait_for 3 eval '! kill -0 '$idle
is "and its peer sees it" ended "$(cat "$T/idle")"

# a crowd: everybody in it is banned sooner or later
# shellcheck disable=SC2086
crowd_start 100 $many
# each from another address: a login without a call is a probe as well
logins=$(for i in $(seq 201 207); do client login 10.9.0.1 10.9.1.$i 25; sleep 2; done | sed 's/never/99/' | sort -n | paste -sd' ')
echo "# seconds until a login is answered beside 100 silent from 100 addresses, with the whole service: $logins"
ok "half of the logins within 5 s" at_most "$(echo "$logins" | cut -d' ' -f4)" 5
in_sets() { ask list --plain | wc -l; }
ok "those who come again are banned ($(in_sets) so far)" wait_for 30 eval '[ "$(in_sets)" -ge 6 ]' # others wait for ever at a full queue

is "a login then" yes "$(at_most "$(client login 10.9.0.1 10.9.1.208 25)" 2 && echo yes)"
is "nor the honest" "" "$(ask list --plain | cut -f1 | grep '10\.9\.1\.2[0-9][0-9]')"
crowd_stop

# it comes back, and goes with the service
old=$(connguard)
kill -9 "$old"
ok "killed: it is started again" wait_for 5 eval '[ -n "$(connguard)" ] && [ "$(connguard)" != '"$old"' ] && guarded'
new=$(connguard)
kill -9 "$service"
wait "$service" 2>/dev/null
service_start
ok "the launcher killed: one guard, a new one" wait_for 10 eval 'guarded && ! kill -0 '"$new"
ask unban --all >/dev/null
in_outside ss -K 'dport = 1723' >/dev/null 2>&1 # what is left of the crowd still says goodbye, which wakes the guard
is_idle
service_stop
is "stopped with the service" "" "$(ip netns pids "$server" | xargs -r ps -o comm= -p | grep conngua)"
is "its rule is gone" "" "$(in_server nft list tables | grep connguard)"
