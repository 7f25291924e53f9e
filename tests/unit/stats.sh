#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban stats: the figures of report of the last day, in words and as JSON, of one jail, country or network alone, with and
# without a service.
set -u
for c in python3 jq; do
	command -v $c >/dev/null || { echo "$c is not installed"; exit 77; }
done
perl -MMaxMind::DB::Writer::Tree -e1 2>/dev/null || { echo "libmaxmind-db-writer-perl is not installed"; exit 77; }
export TZ=UTC LC_ALL=C
srcdir=$(cd "${srcdir:-.}" && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-stats-XXXXXX")
mkdir "$T/run" "$T/answers"
python3 "$srcdir/tests/unit/lists.py" "$T/run/control.sock" "$T/answers" &
service=$!
trap 'kill $service 2>/dev/null; rm -rf "$T"' EXIT
status=0 now=$(date +%s)
is() { [ "$2" = "$3" ] || { printf '%s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"; status=1; }; }
ask() { ./pptpban stats --runtime "$T/run" --config "$T/conf" "$@"; }
refused() { # WHAT EXIT TEXT ARGUMENTS...
	what=$1 wanted=$2 text=$3
	shift 3
	ask "$@" >"$T/out" 2>"$T/err"
	is "$what: exit code" "$wanted" $?
	grep -qF -- "$text" "$T/err" || is "$what: the reason" "$text" "$(cat "$T/err")"
}

perl "$srcdir/tests/unit/countries.pl" "$T/countries.mmdb" 6 1 || exit 1
cat >"$T/conf" <<END
[pptpban]
filter_dirs = $srcdir/filters
[pptpd]
enabled = yes
source = $T/log
maxretry = 3
[probe]
enabled = yes
source = $T/log
maxretry = 2
[watched]
enabled = yes
filter = pptpd
source = $T/log
maxretry = 2
mode = observe
[firewall]
database = $T/countries.mmdb
END
printf '{"ok":true,"since":%s,"bans":2,"observed":4,"mode":"ban"}\n' $((now - 7300)) >"$T/answers/status"

# attempt SECONDS-AGO ADDR USER HOW: each a pptpd and a pppd of its own
pid=1000
attempt() {
	pid=$((pid + 2))
	at="$(date -u -d "@$((now - $1))" +%FT%T)+00:00 vpn"
	echo "$at pptpd[$pid]: CTRL: Client $2 control connection started"
	if [ "$4" = probe ]; then
		echo "$at pptpd[$pid]: CTRL: Reaping child PPP[0]"
	else
		echo "$at pptpd[$pid]: CTRL: Starting call (launching pppd, opening GRE)"
		echo "$at pppd[$((pid + 1))]: pppd 2.4.9 started by root, uid 0"
		[ "$4" = good ] || echo "$at pppd[$((pid + 1))]: Peer $3 failed CHAP authentication"
		[ "$4" != good ] || printf '%s\n' "$at pppd[$((pid + 1))]: Peer $3 authenticated with CHAP" "$at pppd[$((pid + 1))]: peer from calling number $2 authorized"
		echo "$at pppd[$((pid + 1))]: Exit."
		echo "$at pptpd[$pid]: CTRL: Reaping child PPP[$((pid + 1))]"
	fi
	echo "$at pptpd[$pid]: CTRL: Client $2 control connection finished"
}
{
	attempt 180000 203.0.113.200 old bad
	for s in 40000 39998 39990; do attempt $s 203.0.113.7 alice bad; done
	attempt 30000 203.0.113.8 bob bad
	for s in 20005 20004 20003; do attempt $s 10.0.0.5 alice bad; done
	attempt 10000 198.51.100.9 x probe
	attempt 9999 198.51.100.9 x probe
	attempt 100 192.0.2.200 alice good
} >"$T/log"
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -S "$T/run/control.sock" ] && break; sleep 0.2; done

ask >"$T/text" 2>"$T/err"
is "exit code" 0 $?
is "nothing is wrong" "" "$(cat "$T/err")"
shown() { sed -n "$1" "$T/text" | tr -s ' '; }
is "the service" "service running for 2h 1m, 2 banned now, 4 would be" "$(shown 1p)"
is "since a day ago" "since $(date -u -d "@$((now - 86400))" '+%F %H') by $T/log" "$(shown 2p | sed 's/:.*, by/ by/')"
is "failures" "failures 9 logins from 4 addresses, as 2 accounts" "$(shown 3p)"
is "logins" "logins 1 good one" "$(shown 4p)"
is "bans, and how fast they came" "bans 3| after the first failure that counted: under 10 s 2, under 1 min 1| back after the ban: not so far 3|" "$(shown 5,7p | tr '\n' '|')"
part() { tr -s ' ' <"$T/text" | awk -v head="$1" '$1 == head { on = 1; next } on && NF == 0 { exit } on' | cut -d ' ' -f "$2" | tr '\n' '|'; }
is "by jail; what only observes bans nobody" "pptpd 2 2|probe 1 1|" "$(part JAIL 1-3)"
is "by country" "US 4 1 2|DE 3 1 1|AQ 2 1 1|" "$(part COUNTRY 1-4)"
is "accounts" "alice 6 2 1|bob 1 1 0|" "$(part ACCOUNT 1-4)"
is "addresses" "10.0.0.5 3 1 1|203.0.113.7 3 1 1|198.51.100.9 2 1 0|203.0.113.8 1 0 1|" "$(part ADDRESS 1-4)"
is "networks of several" "203.0.113.0/24 4 1 2|" "$(part NETWORK 1-4)"

sorted() { head=$1; shift; ask --all "$@" | tr -s ' ' | awk -v head="$head" '$1 == head { on = 1; next } on && NF == 0 { exit } on { print $1 }' | tr '\n' ' '; }
is "by name" "10.0.0.5 198.51.100.9 203.0.113.7 203.0.113.8 " "$(sorted ADDRESS --sort name)"
is "by name, the other way round" "US DE AQ " "$(sorted COUNTRY --sort name --reverse)"
is "by the last time" "203.0.113.7 203.0.113.8 10.0.0.5 198.51.100.9 " "$(sorted ADDRESS --sort last)"
is "by accounts, those that tried most; equal ones as ever" "10.0.0.5 203.0.113.7 203.0.113.8 198.51.100.9 " "$(sorted ADDRESS --sort accounts)"
is "countries have no accounts: as ever" "US DE AQ " "$(sorted COUNTRY --sort accounts)"
is "the fewest addresses first, and of these the fewest failures" "AQ DE US " "$(sorted COUNTRY --sort addresses --reverse)"
is "the least first" "203.0.113.8 198.51.100.9 10.0.0.5 203.0.113.7 " "$(sorted ADDRESS --reverse)"
is "in JSON too" "203.0.113.8" "$(ask --json --reverse | jq -r '.figures.by_address[0].addr')"
figures() { ask --json "$@" 2>/dev/null | jq -r '.figures | "\(.failures) \(.bans) \(.logins) \(.addresses)"'; }
is "JSON: the same figures as report's" \
	"$(./pptpban report --config "$T/conf" --json --since 1d | jq -c 'del(.created)')" "$(ask --json | jq -c '.figures | del(.created)')"
is "and the service" "1 $((now - 7300)) 2 4 ban" "$(ask --json | jq -r '"\(.version) \(.service.since) \(.service.bans) \(.service.observed) \(.service.mode)"')"
is "of all times" "10 3 1 5" "$(figures --since forever)"
is "of three hours" "2 1 1 1" "$(figures --since 3h)"
is "of a country" "3 1 0 1" "$(figures --country DE)"
is "of networks" "6 2 1 3" "$(figures 203.0.113.0/24 198.51.100.9 192.0.2.0/24)"
is "of one jail" "2 1 1 1" "$(figures --jail probe)"
is "a would-be ban is none" "7 0 1 3" "$(figures --jail watched)"
for n in 1 2 3 4 5 6; do attempt 60 "203.0.113.1$n" "user$n" bad; done >>"$T/log"
ask >"$T/text"
is "the first five" "5 and 5 more addresses" "$(part ADDRESS 1 | tr '|' '\n' | grep -c '\.') $(grep 'more addresses' "$T/text")"
ask --all >"$T/text"
is "--all: all ten" 10 "$(part ADDRESS 1 | tr '|' '\n' | grep -c '\.')"

refused "no such jail" 2 "there is no such jail that is enabled; accepted: pptpd probe watched" --jail sshd
refused "no such column" 2 "one of name, failures, bans, addresses, accounts, logins, last would be accepted" --sort colour
refused "no stretch of time" 2 "--since today is no stretch of time" --since today
refused "no address" 2 '"x" is no address or network' x
kill $service
rm "$T/run/control.sock"
ask >"$T/text" 2>"$T/err"
is "without a service: the figures, all the same" "0 service does not answer" "$? $(shown 1p)"
grep -q "pptpband does not run" "$T/err" || is "which is said" "pptpband does not run" "$(cat "$T/err")"
is "and null in JSON" null "$(ask --json 2>/dev/null | jq .service)"
exit $status
