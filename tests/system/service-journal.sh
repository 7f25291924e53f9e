#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The whole service on the journal of a real journald: who failed is told by the command line that journald saw, not
# by what anybody writes.
. "$(dirname "$0")/service.inc"
private_mounts "$@"
need_commands setpriv logger
journald_start || skip_all "needs systemd-journald"
journald_stop # as systemd-tmpfiles has it: those who may read logs may read the journal
chgrp -R systemd-journal /run/log/journal && chmod -R g+rXs /run/log/journal
journald_start
netns_new server
pppd() { python3 "$here/fake-pppd.py" "$2" remotenumber "$1"; }

configure
sed -i "s|^source.*|source = auto|" "$T/pptpban.conf"
pppd 203.0.113.9 early # before the service is there: the first start reads back one findtime
service_start
ok "the enforcer is there" wait_for 5 enforced
is "auto is the journal" journal "$(ask status --json | jq -r '.sources[0].name')"
pppd 203.0.113.5 alice
pppd 203.0.113.5 bob
pppd 203.0.113.9 late
sleep 1
is "below the threshold nobody is banned" '{"version":1,"bans":[]}' "$(ask list --json)"
is "what was there before the start counts" 2 "$(ask why 203.0.113.9 --json | jq '.windows[0].count')"
pppd 203.0.113.5 'eve from 192.0.2.66 remotenumber 192.0.2.66'
ok "the third failure bans" wait_for 3 banned 203.0.113.5
ok "in the kernel too" wait_for 2 in_kernel 203.0.113.5
is "nobody else" 1 "$(ask list --plain | wc -l)"
is "told by journald" cmdline "$(ask why 203.0.113.5 --json | jq -r '.evidence[0].origin')"

# anybody may write into the journal
cp "$here/fake-pppd.py" "$T/fake-pppd.py"
for i in 1 2 3 4; do
	PATH=/usr/bin:/bin setpriv --reuid=65534 --clear-groups python3 "$T/fake-pppd.py" mallory remotenumber 198.51.100.1
done
sleep 1
is "somebody who is not root lies in the journal" 4 \
	"$(journalctl -q -o cat -t pppd _UID=65534 | grep -c '^Peer mallory failed')"
is "and is not believed" 1 "$(ask list --plain | wc -l)"

# a user by his name, whom only those can look up who are not locked in yet
cat >"$T/shipped-filters/named.conf" <<-'E'
	[Definition]
	failregex = : no entry for <HOST>$
	journalmatch = SYSLOG_IDENTIFIER=named _UID=nobody
E
printf '%s\n' '[named]' 'enabled = yes' 'source = journal' 'maxretry = 2' >>"$T/pptpban.conf"
ask reload >/dev/null
for user in 65534 65533; do
	for i in 1 2; do setpriv --reuid=$user --clear-groups logger -t named "no entry for 203.0.113.$((user - 65500))"; done
done
ok "what he logs counts" wait_for 3 banned 203.0.113.34
is "what another one does is not believed" 2 "$(ask list --plain | wc -l)"
ask unban 203.0.113.34 >/dev/null

# killed and started while the log goes on
kill -9 "$(watcher)"
pppd 203.0.113.9 last
ok "what came meanwhile counts" wait_for 5 banned 203.0.113.9
service_stop
pppd 203.0.113.7 one
pppd 203.0.113.7 two
kill -USR2 "$JOURNALD" # and the journal is rotated
sleep 0.5
pppd 203.0.113.7 three
service_start
ok "what came while it was stopped counts" wait_for 5 banned 203.0.113.7
is "each ban was said once" "" "$(grep -o ' ban 203[^ ]*' "$T/service.log" | sort | uniq -d)"
is "all three are known" 3 "$(ask list --plain | wc -l)"

ask unban --all >/dev/null # while there are bans the enforcer looks after them
is_idle
service_stop

# The service's own bans, which recidive reads: told by the unit that journald saw, which is the control group's. Whoever
# else logs as pptpband is nobody.
unit=
for root in /sys/fs/cgroup/unified /sys/fs/cgroup /sys/fs/cgroup/systemd; do # where journald looks, too
	[ -w "$root/cgroup.procs" ] && [ ! -e "$root/system.slice/pptpban.service" ] || continue
	mkdir -p "$root/system.slice/pptpban.service" 2>/dev/null && unit=$root/system.slice/pptpban.service && break
done
leave() { # a group can go when nobody is in it
	sleep 0.2
	rmdir "$unit" && rmdir --ignore-fail-on-non-empty "${unit%/*}"
}
says_ban() { # ADDR PROCS: as the service says it, from the control group of PROCS; stays until journald has asked for it
	python3 -c 'import os, sys, syslog, time
open(sys.argv[2], "w").write(str(os.getpid()))
syslog.openlog("pptpband")
syslog.syslog("ban " + sys.argv[1] + " for 1h by pptpd: 5 failures in 40s, last user \"x\"")
time.sleep(0.3)' "$1" "$2"
}
if [ -z "$unit" ]; then
	echo "# no control group to be had: recidive from the journal is not tried"
else
	printf '[recidive]\nenabled = yes\nsource = journal\nmaxretry = 2\nfindtime = 1d\nbantime = 1w\n' >>"$T/pptpban.conf"
	service_start
	for _ in 1 2; do says_ban 203.0.113.31 "$unit/cgroup.procs"; done
	for _ in 1 2; do says_ban 192.0.2.66 /dev/null; done
	is "journald knows the unit" 2 "$(journalctl -q -o cat _SYSTEMD_UNIT=pptpban.service | grep -c '^ban 203.0.113.31')"
	ok "two bans that the service told of ban again" wait_for 5 banned 203.0.113.31
	ok "for a week, in the kernel" in_kernel 203.0.113.31
	is "not two that somebody else told of" 1 "$(ask list --plain | wc -l)"
	service_stop
	leave
fi
