#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Thresholds by what is known of address and account, in the service as a whole: unknown accounts, trusted addresses and
# countries ban at numbers of their own and say so; a country database that is cut while it is in use harms nobody; a
# restart forgets nothing of it.
. "$(dirname "$0")/service.inc"
netns_new server
database() { python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import threshold; open(sys.argv[2], "wb").write(threshold.database())' \
	"$PB_SRC/tests/replay" "$T/countries.mmdb"; }
configure "maxretry.unknown = 2" "learn_for = 0" "trust = 30d" "trust.maxretry = 9" "maxretry.country = DE:3" \
	"[firewall]" "database = $T/countries.mmdb"
sed -i 's/^maxretry = 3/maxretry = 6/' "$T/pptpban.conf"
database
touch "$T/log"
service_start
ok "the enforcer is there" wait_for 5 enforced
login() { # ADDR USER
	python3 - "$T/log" "$1" "$2" <<-'E2'
	import sys
	from datetime import datetime, timezone
	now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
	with open(sys.argv[1], "a", encoding="utf-8") as f:
	    for text in (f"pptpd[900]: CTRL: Client {sys.argv[2]} control connection started",
	                 "pptpd[900]: CTRL: Starting call (launching pppd, opening GRE)",
	                 "pppd[901]: pppd 2.5.0 started by root, uid 0",
	                 f"pppd[901]: Peer {sys.argv[3]} authenticated with CHAP",
	                 f"pppd[901]: peer from calling number {sys.argv[2]} authorized", "pppd[901]: Exit."):
	        f.write(f"{now} host {text}\n")
	E2
}
window() { ask why --json "$1" | jq -c ".windows[0] | [$2]"; }
rule() { ask list --json | jq -r --arg a "$1" '.bans[] | select(.addr == $a) | "\(.rule) \(.threshold) \(.country)"'; }

is "at first nobody is known" '["maxretry",6,null,true,null]' "$(window 192.0.2.10 '.rule, .maxretry, .unknown, .learning, .trusted_until')"
login 192.0.2.10 alice
learned() { [ "$(window 192.0.2.10 '.rule, .maxretry')" = '["trust.maxretry",9]' ]; }
ok "somebody logs in: trusted" wait_for 5 learned
is "how far from a ban" '["trust.maxretry",0,9,false,true]' "$(window 192.0.2.10 '.rule, .count, .more, .learning, .trusted_until > 0')"
attack "$T/log" 192.0.2.66 2 nobody
ok "two guesses at unknown accounts ban" wait_for 5 banned 192.0.2.66
ok "and the log says by which rule" grep -q 'ban 192.0.2.66 for 1h by pptpd: 2 failures in .* (maxretry.unknown = 2)' "$T/service.log"
attack "$T/log" 192.0.2.67 2 alice
counted() { [ "$(window 192.0.2.67 .count)" = '[2]' ]; }
ok "two at a known one do not" wait_for 5 counted
is "what is counted, and what is left" '["maxretry",6,2,{"count":0,"threshold":2}]' \
	"$(window 192.0.2.67 '.rule, .maxretry, .more, (.unknown | del(.oldest))')"
ok "in words" sh -c "'$pptpban' why --runtime '$T/run' 192.0.2.67 | grep -q '^ *2 more as such accounts within 10m would ban$'"
attack "$T/log" 192.0.2.67 1 nemo
counted() { [ "$(window 192.0.2.67 .count)" = '[3]' ]; }
ok "another as an unknown one" wait_for 5 counted
ok "brings that nearer, for as long as it counts" \
	sh -c "'$pptpban' why --runtime '$T/run' 192.0.2.67 | grep -q '^ *1 more as such accounts within .* would ban; the oldest is of '"
attack "$T/log" 150.0.0.1 3 alice
ok "a country with its own number" wait_for 5 banned 150.0.0.1
is "is said" "maxretry.country 3 DE" "$(rule 150.0.0.1)"

: >"$T/countries.mmdb"
attack "$T/log" 150.0.0.2 3 alice
ok "the database is cut while it is in use: it goes on" wait_for 5 banned 150.0.0.2
ask reload
attack "$T/log" 150.0.0.3 3 alice
after_reload() { [ "$(window 150.0.0.3 '.rule, .count')" = '["maxretry",3]' ]; }
ok "after a reload maxretry holds" wait_for 5 after_reload
ok "which is said" grep -q 'maxretry.country does not hold, maxretry does: database in \[firewall\]: .*countries.mmdb: is empty' "$T/service.log"
ok "in the status too" sh -c "'$pptpban' status --runtime '$T/run' | grep -q '^countries .*countries.mmdb: is empty'"
database
ask reload
is "whole again" '["maxretry.country","DE"]' "$(window 150.0.0.3 '.rule, .country')"

service_stop
: >"$T/log"
service_start
ok "after a restart" wait_for 5 enforced
is "the rule of a ban is known" "maxretry.unknown 2 " "$(rule 192.0.2.66)"
is "and that of a country" "maxretry.country 3 DE" "$(rule 150.0.0.1)"
ok "who is trusted" learned
attack "$T/log" 192.0.2.68 2 nobody
ok "and which accounts are known" wait_for 5 banned 192.0.2.68
is "and those that are not" "maxretry.unknown 2 " "$(rule 192.0.2.68)"
service_stop
