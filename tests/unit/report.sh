#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban report on captured logs: the figures of replay, the same page from the same log, logs that are found by
# themselves with their rotated predecessors, countries, and what is said when something is wrong.
set -u
srcdir=${srcdir:-.}
srcdir=$(cd "$srcdir" && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-report-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0
is() { # WHAT WANTED GOT
	[ "$2" = "$3" ] && return
	printf '%s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
	status=1
}
TZ=UTC
export TZ

cat >"$T/conf" <<E2
[pptpban]
filter_dirs = $srcdir/filters
[pptpd]
enabled = yes
source = $T/log/syslog
E2
log=$srcdir/tests/captures/lab/syslog.iso.xz
./pptpban replay --config "$T/conf" --jsonl "$log" >"$T/replay"
./pptpban report --config "$T/conf" --json "$log" >"$T/json"
is "exit status" 0 $?
for pair in failures:failure bans:ban logins:success unattributed:unattributed; do
	is "${pair%:*} as in replay" "$(grep -c "^{\"type\":\"${pair#*:}\"" "$T/replay")" "$(jq ".${pair%:*}" "$T/json")"
done
is "the first offender as in replay" \
	"$(jq -r 'select(.type == "failure") | .addr' "$T/replay" | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2, $1 }')" \
	"$(jq -r '.by_address[0] | "\(.addr) \(.failures)"' "$T/json")"
is "every failure is in a slot" "$(jq .failures "$T/json")" "$(jq '[.slots[].failures] | add' "$T/json")"
is "every ban is in a bucket of time" "$(jq .bans "$T/json")" "$(jq '[.time_to_ban[]] | add' "$T/json")"

./pptpban report --config "$T/conf" --html "$T/page.html" "$log"
is "exit status of the page" 0 $?
is "it is well-formed" "" "$(sed 's/<meta \([^>]*\)>/<meta \1\/>/' "$T/page.html" | xmllint --noout - 2>&1)"
is "its figures are those" "$(jq .failures "$T/json")" \
	"$(sed -n 's/.*<dt>failed logins<\/dt><dd>\([0-9]*\)<.*/\1/p' "$T/page.html")"
is "nothing is fetched" 0 "$(grep -ciE '(src|href)=|url\(|<script|<link|@import' "$T/page.html")"
./pptpban report --config "$T/conf" --html - "$log" >"$T/page2.html"
is "the same page again" "$(sed '/<footer>/,$d' "$T/page.html" | cksum)" "$(sed '/<footer>/,$d' "$T/page2.html" | cksum)"

# Found by itself, in three parts of which two are rotated.
mkdir "$T/log"
xz -dc "$log" >"$T/all"
n=$(wc -l <"$T/all")
head -n $((n / 3)) "$T/all" | gzip >"$T/log/syslog.2.gz"
sed -n "$((n / 3 + 1)),$((2 * n / 3))p" "$T/all" >"$T/log/syslog.1"
tail -n +$((2 * n / 3 + 1)) "$T/all" >"$T/log/syslog"
touch -d '2026-11-20' "$T/log/syslog.2.gz"
touch -d '2026-11-21' "$T/log/syslog.1"
./pptpban report --config "$T/conf" --json --since forever >"$T/found"
is "what the service reads, with its predecessors" "$(jq -c 'del(.created, .source)' "$T/json")" "$(jq -c 'del(.created, .source)' "$T/found")"
is "and it says what that was" "$T/log/syslog" "$(jq -r .source "$T/found")"
middle=$(jq '(.from + .to) / 2 | floor' "$T/json")
./pptpban report --config "$T/conf" --json --since $(($(date +%s) - middle)) "$log" >"$T/later"
is "--since leaves out what is older" yes "$([ "$(jq .from "$T/later")" -ge $((middle - 5)) ] &&
	[ "$(jq .failures "$T/later")" -lt "$(jq .failures "$T/json")" ] && [ "$(jq .failures "$T/later")" -gt 0 ] && echo yes)"

wrong() { # CODE WORDS ARGUMENTS...
	code=$1 words=$2
	shift 2
	./pptpban report --config "$T/conf" "$@" >"$T/out" 2>"$T/err"
	is "exit status of report $*" "$code" $?
	grep -qF -- "$words" "$T/err" || is "report $*" "$words" "$(cat "$T/err")"
}
wrong 2 "either --html FILE or --json is wanted"
wrong 2 "either --html FILE or --json is wanted" --html x --json
wrong 2 "30d, 12h or forever would be" --json --since yesterday
wrong 2 "either files or --journal PATH" --json --journal "$T" "$log"
wrong 1 "$T/no-log: No such file" --json "$T/no-log"
wrong 1 "$T/no/page: No such file" --html "$T/no/page" "$log"
wrong 1 "a database of countries in MaxMind's format is wanted" --json --database "$log" "$log"
rm -r "$T/log"
wrong 1 "$T/log/syslog: there is no such log" --json
exit $status
