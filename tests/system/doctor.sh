#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban doctor beside the real service: all links whole; then one after the other is broken, and it is that one that
# is named first. --fix adds what pppd and rsyslog do not tell, after showing it, and nothing twice.
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
. "$(dirname "$0")/service.inc"
netns_new server
good=$PB_SRC/tests/unit/audit/good

# The machine: its files over the real ones, in this mount namespace.
cp -R "$good/etc" "$T/etc"
rm -rf "$T/etc/pptpban" "$T/etc/accel-ppp.conf" "$T/etc/systemd/system"
mkdir -p "$T/journal"
chown -R root:root "$T/etc"
chmod 0600 "$T/etc/ppp/"*-secrets
over() { # WHAT WHERE: made if it is not there
	[ -e "$2" ] || if [ -d "$1" ]; then mkdir -p "$2"; else : >"$2"; fi
	mount --bind "$1" "$2"
}
sed -i "s|/var/log/syslog|$T/log|" "$T/etc/rsyslog.conf"
over "$T/etc/ppp" /etc/ppp
over "$T/etc/pptpd.conf" /etc/pptpd.conf
over "$T/etc/rsyslog.conf" /etc/rsyslog.conf
over "$T/etc/rsyslog.d" /etc/rsyslog.d
over "$T/etc/systemd/journald.conf" /etc/systemd/journald.conf

configure
touch "$T/log"
service_start
ok "the enforcer is there" wait_for 5 enforced
doctor() { ip netns exec "$server" "$pptpban" doctor --config "$T/pptpban.conf" --runtime "$T/run" "$@"; }
broken() { doctor --json 2>/dev/null | jq -r .broken; }
verdict() { doctor --json 2>/dev/null | jq -r --arg l "$1" '[.links[] | select(.link == $l) | .verdict] | first'; }

is "nobody has called yet: a warning" warn "$(verdict lines)"
attack "$T/log" 192.0.2.66 3
ok "somebody is banned" wait_for 5 banned 192.0.2.66
doctor >"$T/out" 2>&1
is "all is whole: exit code 0" 0 $?
ok "and that is said" grep -q "A failed login on this machine becomes a ban." "$T/out"
is "the day's lines are there" pass "$(verdict lines)"
is "the enforcer's part" pass "$(verdict enforcer)"
is "the hook, in the kernel itself" pass "$(verdict ban-hook)"
is "nothing is changed" "" "$(ls "$T/etc/rsyslog.d" | grep pptpban)"

# Break them from behind, each before the one before is mended: the first one counts.
ip netns exec "$server" nft delete table ip pptpban 2>/dev/null
kill -STOP "$(hookguard)"
ip netns exec "$server" nft flush ruleset
is "no hook" ban-hook "$(broken)"
kill -CONT "$(hookguard)"
ok "it is mended" wait_for 5 enforced
service_stop
is "no service" service "$(broken)"
doctor >"$T/out" 2>&1
is "exit code 1" 1 $?
ok "and in words, with the command that mends it" grep -q "^The first broken link: the service" "$T/out"
python3 - "$T/log" <<'E2'
import sys
# failures in several calls of one control connection: nobody can say whose the first was
import datetime
now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds")
with open(sys.argv[1], "w", encoding="utf-8") as f:
    for i in range(4):
        f.write(f"{now} host pppd[{500 + i}]: pppd 2.4.9 started by root, uid 0\n"
                f"{now} host pppd[{500 + i}]: Peer alice failed CHAP authentication\n"
                f"{now} host pppd[{500 + i}]: Exit.\n")
E2
is "failures without an address" lines "$(broken)"
is "a log that is not there" lines "$(rm "$T/log"; broken)"
touch "$T/log"
sed 's|^\*\.\*;auth|*.info;auth|' "$T/etc/rsyslog.conf" >"$T/rsyslog.info"
cat "$T/rsyslog.info" >/etc/rsyslog.conf # in place: it is mounted
sed -i '/^dump$/d' "$T/etc/ppp/pptpd-options"
is "debug lines do not get there, and pppd has no dump" syslog-debug "$(broken)"
sed -i 's/^enabled.*/enabled = no/' "$T/pptpban.conf"
is "no jail" watch "$(broken)"
sed -i 's/^enabled.*/enabled = yes/' "$T/pptpban.conf"

# --fix, in a copy: a file that is mounted over another cannot be replaced.
mkdir -p "$T/root/var/log" "$T/root/run"
cp -R "$T/etc" "$T/root/etc"
chmod 0640 "$T/root/etc/ppp/pptpd-options"
fix() { "$pptpban" doctor --config "$T/pptpban.conf" --root "$T/root" --fix "$@"; }
fix >"$T/out" 2>"$T/err" </dev/null
is "nobody to ask: exit code 1" 1 $?
ok "what would be added is shown" sh -c "grep -q '^+dump$' '$T/out' && grep -q '^+daemon.=debug;local2.=debug' '$T/out'"
is "and nothing is" "0 0" "$(grep -c '^dump$' "$T/root/etc/ppp/pptpd-options") $(find "$T/root/etc/rsyslog.d" -name '*pptpban*' | wc -l)"
fix --force >"$T/out"
is "without a question" 0 $?
is "dump is there, once" 1 "$(grep -c '^dump$' "$T/root/etc/ppp/pptpd-options")"
is "the file is as open as before" 640 "$(stat -c %a "$T/root/etc/ppp/pptpd-options")"
is "rsyslog writes what was missing, and nothing twice" "daemon.=debug;local2.=debug	-$T/log" \
	"$(grep -v '^#' "$T/root/etc/rsyslog.d/10-pptpban.conf")"
ok "rsyslogd itself takes it" rsyslogd -N1 -f "$T/root/etc/rsyslog.d/10-pptpban.conf"
is "what else is to be done is said" 1 "$(grep -c 'now: systemctl restart rsyslog' "$T/out")"
is "a second time there is nothing to add" "There is nothing that could be added." "$(fix --force)"
is "the link is whole" pass \
	"$("$pptpban" doctor --config "$T/pptpban.conf" --root "$T/root" --json "$T/log" 2>/dev/null | jq -r '[.links[] | select(.link == "syslog-debug") | .verdict] | first')"
