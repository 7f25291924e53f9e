#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The main job, end to end: failed logins in a log file, a ban in the kernel, TCP connections that stop passing, and
# pass again; asked and told by pptpban, by root, by a member of the group and by a stranger.
# alone: it measures time
. "$(dirname "$0")/service.inc"
group=games
netns_new server
netns_new outside
ip link add name v0 netns "$server" type veth peer name v0 netns "$outside"
ip -n "$server" address add 192.0.2.10/24 dev v0
for a in 66 67; do ip -n "$outside" address add 192.0.2.$a/24 dev v0; done
for n in "$server" "$outside"; do ip -n "$n" link set v0 up; done
ip netns exec "$server" python3 "$here/echo.py" serve 1723 &
started $!
reaches() { ip netns exec "$outside" python3 "$here/echo.py" try 192.0.2.10 1723 "$1"; }
cut_off() { ! reaches "$1"; }
ok "the server can be reached" wait_for 5 reaches 192.0.2.66

configure
touch "$T/log"
"$pptpban" list --runtime "$T/run" >/dev/null 2>"$T/err"
is "nobody answers: exit code 4" 4 $?
ok "and it is said" grep -q "pptpband does not run" "$T/err"
service_start
ok "the enforcer is there" wait_for 5 enforced
is "an empty list" '{"version":1,"bans":[]}' "$(ask list --json)"
is "no process but launcher and enforcer is root's" "" \
	"$(ps -o user= -p "$(watcher)" | grep -x root)"

attack "$T/log" 192.0.2.66 2
attack "$T/log" 192.0.2.67 1
ok "below the threshold nobody is banned" wait_for 5 caught_up
ok "really" reaches 192.0.2.66
attack "$T/log" 192.0.2.66 1 'mal"lory'
ok "the third failure bans" wait_for 2 banned 192.0.2.66
ok "in the kernel too" wait_for 2 in_kernel 192.0.2.66
ok "its packets are dropped" cut_off 192.0.2.66
ok "others' are not" reaches 192.0.2.67
ok "one clear line in the log" \
	grep -q 'ban 192.0.2.66 for 1h by pptpd: 3 failures in [0-9]*s, last user "mal\\"lory"' "$T/service.log"

is "list --json has exactly these keys" "addr count country jail rule schedule since threshold until" \
	"$(ask list --json | jq -r '.bans[0] | keys | join(" ")')"
is "list --plain is tab-separated" "192.0.2.66 pptpd 3" "$(ask list --plain | cut -f1,2,5 | tr '\t' ' ')"
ok "the table has it" sh -c "'$pptpban' list --runtime '$T/run' | grep -q '^192.0.2.66 *pptpd'"
is "list --jail of another jail is empty" "no ban fits (1 in all)" "$(ask list --jail other)"
ask why 192.0.2.66 --json >"$T/why"
is "why: three lines of evidence" 3 "$(jq '.evidence | length' "$T/why")"
is "why: tied by the link line" link "$(jq -r '.evidence[0].origin' "$T/why")"
is "why: the kernel has dropped packets" true "$(jq '.kernel.present and .kernel.packets > 0' "$T/why")"
is "why: the window of one not banned" 1 "$(ask why 192.0.2.67 --json | jq '.windows[0].count')"
ask why 192.0.2.67 >"$T/why"
is "why: exit code 3 for one who is not banned" 3 $?
ok "and in words" grep -q "window *pptpd: 1 of 3 within 10m" "$T/why"

is "unban" "1 ban ended" "$(ask unban 192.0.2.66)"
ok "its packets pass again" wait_for 2 reaches 192.0.2.66
ask unban 192.0.2.66 2>/dev/null
is "nothing to unban: exit code 3" 3 $?
attack "$T/log" 192.0.2.66 2
wait_for 5 caught_up
ok "its old failures are forgotten" reaches 192.0.2.66

is "ban by hand" "192.0.2.66 is banned for 2h" "$(ask ban 192.0.2.66 --for 2h)"
ok "is dropped" wait_for 2 cut_off 192.0.2.66
is "a network by hand" "198.51.100.0/24 is banned for 1h" "$(ask ban 198.51.100.77/24)"
ask ban 198.51.0.0/16 2>"$T/err"
is "too wide a network: exit code 1" 1 $?
ok "and the bound is told" grep -q "/24 is the widest" "$T/err"
ask ban 192.0.2.10 2>"$T/err"
is "the machine's own address is not banned" 1 $?
ask ban 127.0.0.1 2>"$T/err"
is "nor is loopback" 1 $?
ip -n "$server" address add 192.0.2.20/24 dev v0
own() { ask why 192.0.2.20 --json | jq -e '.windows[0].ignored' >/dev/null; }
ok "an address that the machine gets is its own at once" wait_for 2 own
ask unban 198.51.100.7 2>"$T/err"
ok "an address inside a banned network: told which" grep -q "unban 198.51.100.0/24" "$T/err"
is "unban --all" "2 bans ended" "$(ask unban --all)"
is "all are gone from the kernel" 0 "$(ip netns exec "$server" ipset list pptpban4 | sed '1,/^Members:/d' | grep -c .)"

# who may ask
cp "$pptpban" "$T/pptpban"
gid=$(getent group games | cut -d: -f3)
as() { # GROUPS COMMAND...
	groups=$1
	shift
	setpriv --reuid=daemon --regid=daemon --groups="$groups" --inh-caps=-all "$T/pptpban" "$@" --runtime "$T/run"
}
is "a member of the group lists without root" '{"version":1,"bans":[]}' "$(as "$gid" list --json)"
is "bans" "203.0.113.99 is banned for 1h" "$(as "$gid" ban 203.0.113.99)"
is "and unbans" "1 ban ended" "$(as "$gid" unban 203.0.113.99)"
as "$gid" reload 2>/dev/null
is "but does not reload" 1 $?
as "$(id -g daemon)" list >/dev/null 2>"$T/err"
is "a stranger is refused: exit code 4" 4 $?
ok "and told how to become a member" grep -q "adduser" "$T/err"

# nothing happens: nobody wakes up
is_idle

# stopping unbans nobody, starting takes over
attack "$T/log" 192.0.2.66 3
wait_for 5 banned 192.0.2.66
service_stop
is "SIGTERM ends it well" 0 $?
ok "the ban stays" cut_off 192.0.2.66
service_start
ok "and is known again" banned 192.0.2.66
is "with its evidence" yes "$([ "$(ask why 192.0.2.66 --json | jq '.evidence | length')" -ge 3 ] && echo yes)"
service_stop

# a ban ends in time, and the file is read on from where it was
configure "bantime = 2s" "bantime.increment = no"
rm -rf "$T/state"
: >"$T/log"
service_start --show-bans
attack "$T/log" 192.0.2.67 3
ok "a short ban" wait_for 2 cut_off 192.0.2.67
ok "ends by itself" wait_for 5 reaches 192.0.2.67
ok "in the list too" wait_for 3 sh -c "! '$pptpban' list --plain --runtime '$T/run' | grep -q ."
ok "--show-bans shows both" sh -c "grep -q '  ban 192.0.2.67 for 2s' '$T/service.log' &&
	grep -q '  unban 192.0.2.67 (pptpd): its time is over' '$T/service.log'"
service_stop

# observing
configure "mode = observe"
rm -rf "$T/state"
: >"$T/log"
service_start --observe
attack "$T/log" 192.0.2.67 3
ok "--observe says who would be banned" wait_for 3 grep -q "would ban 192.0.2.67 for 1h" "$T/service.log"
ok "and bans nobody" reaches 192.0.2.67
is "and says so" observe "$(ask status --json | jq -r .mode)"
is "list is empty" "nobody is banned" "$(ask list)"
is "list --observed has it" "192.0.2.67 pptpd true" "$(ask list --observed --json | jq -r '.bans[] | "\(.addr) \(.jail) \(.observed)"')"
ask why 192.0.2.67 >"$T/why"
ok "why tells it" grep -q "observed   jail pptpd only observes: it would have banned it at .*, after 3 failures" "$T/why"
is "and its JSON" pptpd "$(ask why --json 192.0.2.67 | jq -r .observed.jail)"
ok "users does" sh -c "'$pptpban' users --runtime '$T/run' | grep -q ' 0 (1 observed) '"
ok "and status" sh -c "'$pptpban' status --runtime '$T/run' | grep -q '^bans  *0, and 1 that jails which only observe would have made'"
service_stop
