#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban users and unban --user: who is tried, from where, who got in after having guessed; the caller who knows his
# account and not his address is freed, also after a restart, and nobody else.
. "$(dirname "$0")/service.inc"
netns_new server
configure
touch "$T/log"
service_start
ok "the enforcer is there" wait_for 5 enforced
is "nobody is tried" "no account is tried" "$(ask users)"
attack "$T/log" 192.0.2.66 3 alice
attack "$T/log" 192.0.2.67 2 alice
attack "$T/log" 192.0.2.68 3 bob
attack "$T/log" 192.0.2.69 2 '<b>"x'
ok "two are banned" wait_for 5 banned 192.0.2.68
ok "all is read" wait_for 5 caught_up
row() { ask users --json | jq -c --arg a "$1" '.accounts[] | select(.account == $a) | [.failures, .addresses, .banned, .logins]'; }
is "alice: five failures from two, one of them banned" "[5,2,1,0]" "$(row alice)"
is "bob" "[3,1,1,0]" "$(row bob)"
is "a name that is none" "[2,1,0,0]" "$(row '<b>"x')"
is "the most tried first" alice "$(ask users --plain | head -n 1 | cut -f1)"
ok "as a table" sh -c "'$pptpban' users --runtime '$T/run' | grep -q '^alice  *5  *2  *1 '"
is "counted by this jail" alice "$(ask users --plain --jail pptpd | head -n 1 | cut -f1)"
is "and by no other" "no account fits (3 in all)" "$(ask users --jail other)"
is "none of the last second, a moment later" "no account fits (3 in all)" "$(sleep 2; ask users --since 1s)"

ask unban --user nobody 2>"$T/err"
is "unban of an account that nobody tried: exit code 3" 3 $?
ok "and what to do" grep -q "pptpban users shows the accounts" "$T/err"
is "unban by the account" "1 ban ended" "$(ask unban --user alice)"
ok "ends that ban" sh -c "! '$pptpban' list --runtime '$T/run' --plain | grep -q 192.0.2.66"
ok "and no other" banned 192.0.2.68
ask unban --user alice 192.0.2.1 2>/dev/null
is "both an account and an address: exit code 2" 2 $?

# Somebody guesses right. pppd's lines of a good login, behind three failures below the threshold of another jail's.
guess() { # ADDR USER
	python3 - "$T/log" "$1" "$2" <<-'E2'
	import sys
	from datetime import datetime, timezone
	now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
	with open(sys.argv[1], "a", encoding="utf-8") as f:
	    for text in (f"pptpd[900]: CTRL: Client {sys.argv[2]} control connection started",
	                 "pptpd[900]: CTRL: Starting call (launching pppd, opening GRE)",
	                 "pppd[901]: pppd 2.4.9 started by root, uid 0",
	                 f"pppd[901]: Peer {sys.argv[3]} authenticated with CHAP",
	                 f"pppd[901]: peer from calling number {sys.argv[2]} authorized"):
	        f.write(f"{now} host {text}\n")
	E2
}
sed -i 's/^maxretry.*/maxretry = 20/' "$T/pptpban.conf"
ask reload >/dev/null
attack "$T/log" 192.0.2.70 4 carol
guess 192.0.2.70 carol
guessed() { ask users --json | jq -e '.accounts[] | select(.account == "carol") | .guessed.addr == "192.0.2.70" and .guessed.failures == 4' >/dev/null; }
ok "who guessed is known" wait_for 5 guessed
is "and stands first" carol "$(ask users --plain | head -n 1 | cut -f1)"
ok "with a warning in the log" grep -q '192.0.2.70 logged in as "carol" after 4 failures as that account' "$T/service.log"
ok "and in words" sh -c "'$pptpban' users --runtime '$T/run' | grep -q 'guessed? carol: 192.0.2.70 logged in at'"

service_stop
: >"$T/log"
service_start
ok "after a restart" wait_for 5 enforced
ok "bob's ban is there" banned 192.0.2.68
is "and ends by his name, though nobody has tried it since" "1 ban ended" "$(ask unban --user bob)"
service_stop

# At every bound at once: as many jails as there may be beside those that are shipped, with the longest names, an account whose every byte is escaped, tried
# from as many addresses as are told. Nobody can make a row so long that it is left out.
{
	for n in $(seq 61); do
		printf '[jail-%02d-%s]\nenabled = yes\nfilter = pptpd\nsource = %s\nmaxretry = 100\n' "$n" xxxxxxxxxxxxxxxxxxxxxxx "$T/log"
	done
} >>"$T/pptpban.conf"
: >"$T/log"
service_start
hostile=$(printf '\\%.0s' $(seq 94))
for n in $(seq 10 27); do attack "$T/log" "2001:db8:1234:5678:9abc:def0:1234:56$n" 1 "$hostile"; done
long_row() { [ "$(ask users --json | jq '.accounts[] | select(.addresses == 18) | (.latest | length) == 16 and (.jails | length) == 62 and (.account | length) >= 94')" = true ]; }
ok "a row of every bound at once" wait_for 10 long_row
service_stop
