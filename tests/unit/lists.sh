#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What lists leave out and how they sort: list, users and sessions, against a service that answers from files and a database of
# countries that is written here.
set -u
for c in python3 jq; do
	command -v $c >/dev/null || { echo "$c is not installed"; exit 77; }
done
perl -MMaxMind::DB::Writer::Tree -e1 2>/dev/null || { echo "libmaxmind-db-writer-perl is not installed"; exit 77; }
export TZ=UTC LC_ALL=C
srcdir=${srcdir:-.}
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-lists-XXXXXX")
mkdir "$T/run" "$T/answers"
python3 "$srcdir/tests/unit/lists.py" "$T/run/control.sock" "$T/answers" &
service=$!
trap 'kill $service; rm -rf "$T"' EXIT
status=0 now=$(date +%s)

printf '[pptpban]\n[firewall]\ndatabase = %s\n' "$T/countries.mmdb" >"$T/pptpban.conf"
perl "$srcdir/tests/unit/countries.pl" "$T/countries.mmdb" 6 1 || exit 1
cat >"$T/answers/list" <<END
{"ok":true}
{"addr":"203.0.113.9","jail":"pptpd","since":$((now - 7200)),"until":$((now + 600)),"count":5}
{"addr":"10.0.0.0/24","jail":"manual","since":$((now - 600)),"until":null,"count":0}
{"addr":"2001:db8::7","jail":"pptpd","since":$((now - 60)),"until":$((now + 9000)),"count":12}
{"addr":"9.9.9.9","jail":"recidive","since":$((now - 90000)),"until":$((now + 86400)),"count":7}
{"addr":"198.51.100.4","jail":"Probe","since":$((now - 300)),"until":$((now + 60)),"count":5}
{"end":true}
END
cat >"$T/answers/list-observed" <<END
{"ok":true}
{"addr":"203.0.113.77","jail":"probe","since":$((now - 10)),"until":$((now + 600)),"count":3,"observed":true}
{"end":true}
END
cat >"$T/answers/users" <<END
{"ok":true}
{"account":"bob","failures":3,"addresses":1,"more":false,"banned":1,"observed":0,"latest":["203.0.113.9"],"first":$((now - 900)),"last":$((now - 800)),"logins":0,"jails":["probe"]}
{"account":"Alice","failures":90,"addresses":2,"more":true,"banned":1,"observed":1,"latest":["9.9.9.9","10.0.0.3"],"first":$((now - 9000)),"last":$((now - 10)),"logins":2,"jails":["pptpd","probe"]}
{"account":"zoe","failures":4,"addresses":0,"more":false,"banned":0,"observed":0,"latest":[],"first":$((now - 90000)),"last":$((now - 80000)),"logins":1,"guessed":{"time":$((now - 70000)),"addr":"9.9.9.9","failures":3}}
{"end":true}
END
cat >"$T/answers/sessions" <<END
{"ok":true}
{"account":"bob","addr":"203.0.113.9","origin":"link","host":"vpn2","here":false,"pid":77,"begin":$((now - 500)).5,"since":$((now - 499)),"interface":"ppp0","inner":"10.8.0.9","jails":["pptpd"]}
{"account":"Alice","addr":"2001:db8::5","origin":"line","host":"vpn3","here":false,"pid":null,"begin":$((now - 9000)).25,"since":$((now - 8999)),"interface":null,"inner":"10.8.0.10"}
{"account":"bob","addr":null,"origin":"","host":"vpn2","here":false,"pid":78,"begin":$((now - 100)),"since":$((now - 99)),"interface":"ppp1","inner":null,"jails":["pptpd"]}
{"account":"bob","addr":null,"origin":"","host":"vpn2","here":false,"pid":78,"begin":$((now - 100)),"since":$((now - 99)),"interface":"ppp1","inner":null,"jails":["probe"]}
{"account":"carol","addr":"198.51.100.3","origin":"line","host":"here","here":true,"pid":2147483646,"begin":$((now - 100)),"since":$((now - 99)),"interface":"ppp9","inner":null}
{"end":true}
END
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -S "$T/run/control.sock" ] && break; sleep 0.2; done

ask() { verb=$1; shift; ./pptpban "$verb" --runtime "$T/run" --config "$T/pptpban.conf" "$@"; }
is() { [ "$2" = "$3" ] || { echo "$1: wanted \"$2\", got \"$3\""; status=1; }; }
first() { ask "$@" --plain | cut -f 1 | tr '\n' ' '; }
refused() { # WHAT EXIT TEXT ARGUMENTS...
	what=$1 wanted=$2 text=$3
	shift 3
	ask "$@" >"$T/out" 2>"$T/err"
	is "$what: exit code" "$wanted" $?
	grep -qF -- "$text" "$T/err" || is "$what: the reason" "$text" "$(cat "$T/err")"
}

is "the oldest first" "9.9.9.9 203.0.113.9 10.0.0.0/24 198.51.100.4 2001:db8::7 " "$(first list)"
is "--reverse" "2001:db8::7 198.51.100.4 10.0.0.0/24 203.0.113.9 9.9.9.9 " "$(first list --reverse)"
is "by address: numbers, not texts; IPv6 behind" "9.9.9.9 10.0.0.0/24 198.51.100.4 203.0.113.9 2001:db8::7 " "$(first list --sort address)"
is "by count: the largest first" "2001:db8::7 9.9.9.9 203.0.113.9 198.51.100.4 10.0.0.0/24 " "$(first list --sort count)"
is "by end: what has none comes last" "198.51.100.4 203.0.113.9 2001:db8::7 9.9.9.9 10.0.0.0/24 " "$(first list --sort ends)"
is "in reverse too" "9.9.9.9 2001:db8::7 203.0.113.9 198.51.100.4 10.0.0.0/24 " "$(first list --sort ENDS --reverse)"
is "by jail, whatever the case" "10.0.0.0/24 203.0.113.9 2001:db8::7 198.51.100.4 9.9.9.9 " "$(first list --sort jail)"
is "by country" "198.51.100.4 10.0.0.0/24 2001:db8::7 203.0.113.9 9.9.9.9 " "$(first list --sort country)"
is "of one jail" "203.0.113.9 2001:db8::7 " "$(first list --jail pptpd)"
is "of the last hour" "10.0.0.0/24 198.51.100.4 2001:db8::7 " "$(first list --since 1h)"
is "of a country" "10.0.0.0/24 2001:db8::7 " "$(first list --country de)"
is "of two" "203.0.113.9 10.0.0.0/24 2001:db8::7 " "$(first list --country US,DE)"
is "where it is registered" "198.51.100.4 " "$(first list --country AQ)"
is "an address within a banned network" "10.0.0.0/24 " "$(first list 10.0.0.8)"
is "those within networks" "203.0.113.9 2001:db8::7 " "$(first list 203.0.113.0/24 2001:db8::/32)"
is "all of it together" "2001:db8::7 " "$(first list --jail pptpd --since 1h --country DE 2000::/3)"
is "none is left" "no ban fits (5 in all)" "$(ask list 192.0.2.1)"
is "would-be bans" "203.0.113.77 true US" "$(ask list --observed --json | jq -r '.bans[] | "\(.addr) \(.observed) \(.country)"')"
is "are asked for" '{"observed": true, "verb": "list"}' "$(tail -n 1 "$T/answers/requests")"
is "plain: six fields" "9.9.9.9 recidive $((now - 90000)) $((now + 86400)) 7 " "$(ask list --plain 9.9.9.9 | tr '\t' ' ')"
is "a table with countries" "ADDRESS JAIL SINCE ENDS IN COUNT COUNTRY" "$(ask list | head -n 1 | tr -s ' ')"
is "in JSON the countries that are known" "1 9.9.9.9:null 10.0.0.0/24:DE" \
	"$(ask list --json 9.9.9.9 10.0.0.1 | jq -r '"\(.version) " + ([.bans[] | "\(.addr):\(.country)"] | join(" "))')"

refused "a column that there is not" 2 "--sort colour: there is no such column; one of address, country, jail, since, ends, count would be accepted" list --sort colour
refused "no country" 2 "--country UK: that is no country; up to 32 codes of ISO 3166" list --country UK
refused "an empty one" 2 "that is no country" list --country DE,,US
refused "no stretch of time" 2 "--since yesterday is no stretch of time; 30d, 12h" list --since yesterday
refused "no address" 2 '"vpn.example" is no address or network; 192.0.2.1, 192.0.2.0/24' list vpn.example
refused "too many" 2 "at most 64 addresses and networks" list $(seq -f '192.0.2.%g' 65)
refused "a database that is none" 1 "/dev/null: " list --database /dev/null
is "64 are taken" "no ban fits (5 in all)" "$(ask list $(seq -f '192.0.2.%g' 64))"

is "users: guessed ones first, then the most tried" "zoe Alice bob " "$(first users)"
is "by account" "Alice bob zoe " "$(first users --sort account)"
is "by the last time" "zoe bob Alice " "$(first users --sort last)"
is "counted by a jail" "Alice " "$(first users --jail pptpd)"
is "by another" "Alice bob " "$(first users --jail probe)"
is "tried by an address" "Alice " "$(first users 9.9.9.9)"
is "from a country" "Alice " "$(first users --country DE)"
is "lately" "Alice " "$(first users --since 1m)"
is "nobody" "no account fits (3 in all)" "$(ask users 192.0.2.1)"
is "as a table" "Alice 90 2+ 1 (1 observed)" "$(ask users 9.9.9.9 | sed -n 2p | tr -s ' ' | cut -d ' ' -f 1-6)"
refused "columns of users" 2 "one of account, failures, addresses, banned, since, last, logins would be accepted" users --sort ""

# on other machines: as their logs say; carol is of this one, and her process is gone
is "sessions: who came first" "Alice bob bob " "$(first sessions)"
is "by address inside" "bob Alice bob " "$(first sessions --sort inner)"
is "since when" "Alice bob bob " "$(first sessions --sort since)"
is "of a country" "Alice " "$(first sessions --country DE)"
is "of a jail" "bob bob " "$(first sessions --jail pptpd)"
is "one that two jails read is one" "1 pptpd,probe" "$(ask sessions --json --jail probe | jq -r '.sessions | "\(length) \(.[0].jails | join(","))"')"
is "of the last minutes" "bob bob " "$(first sessions --since 10m)"
is "from an address" "bob " "$(first sessions 203.0.113.9)"
is "sessions, plain: ten fields" "bob,203.0.113.9,US,10.8.0.9,ppp0,$((now - 499)),,,77,vpn2" "$(ask sessions --plain 203.0.113.9 | tr '\t' ,)"
is "sessions as a table" "bob - - - ppp1 " "$(ask sessions | sed -n 4p | tr -s ' ' | cut -d ' ' -f 1-5) "
is "with the host where there are others" "vpn2" "$(ask sessions | sed -n 4p | awk '{ print $NF }')"
is "what is unknown is null" "null null null" "$(ask sessions --json | jq -r '.sessions[2] | "\(.addr) \(.in) \(.counted)"')"
is "and nothing of the joining is told" "1 false" "$(ask sessions --json | jq -r '"\(.version) \(.sessions[0] | has("begin") or has("here"))"')"
refused "columns of sessions" 2 "one of account, address, country, inner, interface, since, in, out, host would be accepted" sessions --sort user
refused "kick of somebody elsewhere" 1 "bob from 203.0.113.9 (ppp0) is not ended: it is on vpn2; end it there" kick bob
is "all of them are told" 2 "$(wc -l <"$T/err")"
refused "kick of nobody" 3 "nobody is connected as carol; pptpban sessions shows who is" kick carol
refused "nor from an address" 3 "nobody is connected from 192.0.2.9" kick 192.0.2.9
refused "an empty name" 2 "an account or an address is wanted" kick ""
refused "nobody named" 2 "an argument is missing" kick

printf '[pptpban]\n[firewall]\ndatabase = %s\n' "$T/none.mmdb" >"$T/pptpban.conf"
is "without a database nothing is said of countries" "ADDRESS JAIL SINCE ENDS IN COUNT" "$(ask list 2>&1 | head -n 1 | tr -s ' ')"
refused "but when it is asked for" 1 "$T/none.mmdb is not there; --database FILE names a database of countries" list --country DE
is "which --database does" "10.0.0.0/24 2001:db8::7 " "$(first list --country DE --database "$T/countries.mmdb")"
echo broken >"$T/none.mmdb"
ask list --plain >"$T/out" 2>"$T/err"
is "a broken one hinders nobody" "0 5" "$? $(wc -l <"$T/out")"
grep -q "none.mmdb: " "$T/err" || is "but is told" "none.mmdb: ..." "$(cat "$T/err")"
refused "where countries are wanted, it does" 1 "none.mmdb: " list --country DE
exit $status
