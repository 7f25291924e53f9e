#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban test on captured logs and small ones: what it counts is what the replay counts, what it shows is what is there.
set -u
srcdir=$(cd "${srcdir:-.}" && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-workbench-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0
TZ=UTC
export TZ

printf '[pptpban]\nfilter_dirs = %s/filters\n[pptpd]\nenabled = yes\nfilter = pptpd\nsource = %s/none\n' "$srcdir" "$T" \
	>"$T/conf"
test_() { ./pptpban test --config "$T/conf" "$@"; }

wants() { # WHAT TEXT: a line of $T/out is it
	grep -qF -e "$2" "$T/out" && return
	echo "$1: no line with: $2; there was:"
	head -20 "$T/out"
	status=1
}
lacks() { # WHAT TEXT
	grep -qF -e "$2" "$T/out" || return
	echo "$1: a line with: $2"
	status=1
}
code() { # WHAT WANTED GOT
	[ "$2" = "$3" ] && return
	echo "$1: exit status $3, not $2"
	status=1
}

# The same failures as in the replay, gated and not, compressed or not.
for log in "$srcdir"/tests/captures/lab/syslog.*.xz "$srcdir"/tests/captures/fixtures/*.log.xz; do
	./pptpban replay --config "$T/conf" --jsonl "$log" >"$T/replay"
	n=$(grep -c '^{"type":"failure".*"class":"auth"' "$T/replay")
	s=$(grep -c '^{"type":"success"' "$T/replay")
	test_ "$log" pptpd >"$T/out"
	grep -q -e "^$n failures\{0,1\}, $s success" -e "^[0-9]* failures ($n auth[^)]*), $s success" "$T/out" || {
		echo "$log: the replay has $n failures and $s successes, the workbench: $(tail -1 "$T/out")"
		status=1
	}
	test_ "$log" pptpd | grep '^[0-9]* line' >"$T/gated"
	test_ --no-gate "$log" pptpd | grep '^[0-9]* line' >"$T/ungated"
	cmp -s "$T/gated" "$T/ungated" || { echo "$log: the gate changes $(cat "$T/ungated") to $(cat "$T/gated")"; status=1; }
done

# A pattern on a line of text; an ignoring one; nothing matched; a wrong pattern; a wrong command line.
line='Nov 22 18:55:40 h fooctl[12]: refused bob from 203.0.113.9'
test_ "$line" 'refused <F-USER>\S+</F-USER> from <ADDR>$' >"$T/out"
code "a line" 0 $?
wants "a line" "1 line: 1 matched, 0 partial, 0 ignored, 0 missed"
wants "a line" 'address 203.0.113.9  user "bob"'
wants "a line" "Nov 22 18:55:40, by the source"
test_ "$line" 'refused <F-USER>\S+</F-USER> from <ADDR>$' 'refused bob ' >"$T/out"
code "an ignored line" 3 $?
wants "an ignored line" "1 line: 0 matched, 0 partial, 1 ignored, 0 missed"
test_ "$line" 'accepted <ADDR>$' >"$T/out"
code "a missed line" 3 $?
wants "a missed line" "1 line: 0 matched, 0 partial, 0 ignored, 1 missed"
test_ "$line" 'refused (<ADDR>$' >"$T/out" 2>&1
code "a bad pattern" 1 $?
wants "a bad pattern" "is no regular expression"
test_ "$line" no-such-filter >"$T/out" 2>&1
code "no such filter" 1 $?
wants "no such filter" "no file no-such-filter.conf"
test_ "$line" >"$T/out" 2>&1
code "no filter" 2 $?
test_ /no/such/file '<ADDR>' >"$T/out" 2>&1
code "no such log" 1 $?
wants "no such log" "/no/such/file: No such file"

# What was meant to be a file, a zone, an option or a line, and is none, is not taken for something else without a word.
program=$PWD/pptpban
printf '[pptpban]\nfilter_dirs = %s/filters\n' "$srcdir" >"$T/conf-absolute"
cd "$T" || exit
told() { # WHAT STATUS TEXT ARGUMENT...
	what=$1 wanted=$2 text=$3
	shift 3
	"$program" test --config "$T/conf-absolute" "$@" >"$T/out" 2>&1
	code "$what" "$wanted" $?
	wants "$what" "$text"
}
echo "$line" >log
mkdir pptpd journal
told "no such log" 3 "there is no file no-such.log: taken to be a line of text" no-such.log '<ADDR>'
told "no such filter file" 1 "./no-such.conf: No such file" log ./no-such.conf
told "a directory as a filter" 1 "$T/journal: Is a directory" log "$T/journal"
told "a filter with a directory of its name" 3 "filters/pptpd.conf, with sessions" log pptpd
told "a directory without a journal" 3 "no entry of the journal in journal is there with SYSLOG_IDENTIFIER=pppd" journal pptpd
told "entries that cannot be asked for" 1 "'pppd' in journalmatch; FIELD=value is wanted" --journalmatch pppd journal pptpd
told "other entries than the filter's" 3 "is there with SYSLOG_IDENTIFIER=x" --journalmatch SYSLOG_IDENTIFIER=x journal pptpd
gzip -c log | head -c 20 >cut.gz
told "a log that is cut" 1 "cut.gz: damaged, or its end is missing" cut.gz '<ADDR>'
told "no such zone" 2 '"Mars/Phobos" is no value' --timezone Mars/Phobos log '<ADDR>'
told "a zone" 0 "1 matched" --timezone EST5 log '<ADDR>'
told "no such line" 3 "there is no line 7, the last is 1" --line 7 log '<ADDR>'
told "no such option" 2 "there is no option -x; see" log '-x <ADDR>'
told "an option without its value" 2 "a value is missing behind --line; see" log '<ADDR>' --line
told "a pattern that begins as an option" 3 "1 missed" log -- '-x <ADDR>'
cd "$OLDPWD" || exit

# A filter file with parameters, a date form of its own, several lines.
cat >"$T/own.conf" <<'EOF'
[Definition]
failregex = ^ <mode> <ADDR>$
[Init]
mode = calm
EOF
printf 'at 2026/11/22-18:55:40 angry 203.0.113.9\n' >"$T/log"
test_ "$T/log" "$T/own.conf[mode=angry]" >"$T/out"
code "without the date" 3 $?
test_ --datepattern '^at %Y/%m/%d-%H:%M:%S' "$T/log" "$T/own.conf[mode=angry]" >"$T/out"
code "with the date" 0 $?
wants "with the date" '1  ^at %Y/%m/%d-%H:%M:%S'
wants "with the date" "own.conf:2 failregex"
printf 'begin bob\nend 203.0.113.9\nbegin eve\n' >"$T/log"
test_ --maxlines 2 "$T/log" '^begin <F-USER>\S+</F-USER><SKIPLINES>end <ADDR>$' >"$T/out"
code "two lines without a date" 3 $?
wants "two lines without a date" "1 line would have matched, but nobody knows when"
printf '2026-11-22 18:55:40 begin bob\n2026-11-22 18:55:41 end 203.0.113.9\n' >"$T/log"
test_ --maxlines 2 "$T/log" 'begin <F-USER>\S+</F-USER><SKIPLINES> *end <ADDR>$' >"$T/out"
code "two lines" 0 $?
wants "two lines" 'address 203.0.113.9  user "bob"'

# What an attacker wrote does not steer the terminal, and only so much of it is shown.
printf 'bad \033[2J from 203.0.113.9\n' >"$T/log"
test_ "$T/log" 'from <ADDR>$' >"$T/out"
wants "an escape" 'bad \x1b[2J from'
i=0
while [ $i -lt 25 ]; do
	echo "line $i"
	i=$((i + 1))
done >"$T/log"
test_ "$T/log" 'from <ADDR>$' >"$T/out"
wants "25 missed lines" "and 15 more: --print-all-missed shows all"
lacks "25 missed lines" "line 24"
test_ --print-all-missed "$T/log" 'from <ADDR>$' >"$T/out"
wants "all missed lines" "line 24"
test_ --print-no-missed "$T/log" 'from <ADDR>$' >"$T/out"
lacks "no missed lines" "line 1"

# What is kept does not grow with the log: more addresses than are counted one by one, lines longer than are kept.
awk 'BEGIN { for (i = 0; i < 5000; i++) print "bad from 10.0." int(i / 250) "." i % 250 + 1
	line = "x"; for (i = 0; i < 12; i++) line = line line; print line }' >"$T/log"
test_ "$T/log" 'bad from <ADDR>$' >"$T/out"
wants "5000 addresses" "5000 failures, 0 successes"
wants "5000 addresses" "1928 of further addresses are not listed; 3072 are remembered"
wants "5000 addresses" "... (4096 bytes)"

# What means nothing is said.
test_ --maxlines 3 "$line" pptpd >"$T/out" 2>&1
wants "maxlines for sessions" "mean nothing to a filter with [Session]"

# A line explained: what the source read, the text at the gate, the pattern that came furthest and where it failed.
line='Nov 22 18:55:40 lab pppd[843]: Peer alice failed CHAP authenticatio'
test_ --explain "$line" pptpd >"$T/out"
code "a line explained" 3 $?
wants "a line explained" 'stamp     "Nov 22 18:55:40" at byte 1: 2026-11-22 18:55:40'
wants "a line explained" 'program   pppd, process 843'
wants "a line explained" 'the service passes it by'
wants "a line explained" '<@pppd>^Peer <F-USER>.*</F-USER> failed CHAP authentication$'
wants "a line explained" '~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~^'
wants "a line explained" ' patterns of other programs'
test_ --explain "${line}n" pptpd >"$T/out"
code "a matched line explained" 0 $?
wants "a matched line explained" 'gate      " failed CHAP authentication" (pptpd.conf:'
wants "a matched line explained" 'user = "alice"'
wants "a matched line explained" 'result    matched, failregex of pptpd.conf:'
printf '%s\n' "$line" "$line" "${line}n" "$line" >"$T/log"
test_ --line 3 "$T/log" pptpd >"$T/out"
wants "line 3 of 4" "line 3  ${line}n"
lacks "line 3 of 4" "line 4"
test_ --line 0 "$T/log" pptpd >"$T/out" 2>&1
code "line 0" 2 $?
cat >"$T/pre.conf" <<'EOF'
[Definition]
prefregex = ^ \S+ food\[\d+\]: <F-CONTENT>.+</F-CONTENT>$
failregex = ^refused <ADDR>$
EOF
test_ --explain 'Nov 22 18:55:40 lab food[1]: refused 192.0.2' "$T/pre.conf" >"$T/out"
wants "behind prefregex" 'content = "refused 192.0.2"'
test_ --explain 'Nov 22 18:55:40 lab barred[1]: refused 192.0.2.1' "$T/pre.conf" >"$T/out"
wants "prefregex" '1 pattern, since prefregex did not match'

# Sessions as they link up.
log=$srcdir/tests/captures/lab/syslog.iso.xz
test_ "$log" pptpd >"$T/out"
wants "sessions" "pptpd[524] on lab, 19:14:22 to 19:14:23, 203.0.113.21 known by line"
wants "sessions" "    pppd[532] on lab, 19:14:23 to 19:14:23, 203.0.113.21 known by link, joined by link at 19:14:23"
wants "sessions" '19:14:23  failure of 203.0.113.21, known by link (auth), user "alice", settled at 19:14:23 after 245ms'
wants "sessions" "and 425 more lives; --verbose shows more"

# Failures alone: as many as the replay has, and the words that fail2ban-regex knows.
./pptpban replay --config "$T/conf" --jsonl "$log" | grep '^{"type":"failure"' |
	sed 's/.*"time":\([0-9.]*\),.*"addr":"\([^"]*\)","user":"alice",.*/\1 \2 alice/' | grep alice$ >"$T/replay"
test_ -o '<time> <ip> <F-USER>' "$log" pptpd | grep ' alice$' >"$T/out"
cmp -s "$T/replay" "$T/out" || { echo "the failures of alice, replay and -o:"; diff "$T/replay" "$T/out"; status=1; }
line='Nov 22 18:55:40 h fooctl[12]: refused bob from 203.0.113.9 port 7'
pattern='refused <F-USER>\S+</F-USER> from <ADDR> port <F-PORT/>$'
for case in 'ip 203.0.113.9' 'id 203.0.113.9' 'user bob' 'host h' "msg $line" '<ip>:<F-PORT>,<F-USER>,<no> 203.0.113.9:7,bob,<no>'; do
	test_ -o "${case%% *}" "$line" "$pattern" >"$T/out"
	[ "$(cat "$T/out")" = "${case#* }" ] || { echo "-o ${case%% *}: $(cat "$T/out"), not ${case#* }"; status=1; }
done
test_ -o row "$line" "$pattern" >"$T/out"
wants "-o row" '"ip4":"203.0.113.9"'

# JSON: whatever is in the log.
if command -v python3 >/dev/null; then
	printf 'bad "\\ \033 \377\001 <x> from 203.0.113.9\nother\n' >"$T/log"
	test_ --json --lint --print-all-missed --explain "$T/log" '<F-USER>\S+</F-USER> from <ADDR>$' >"$T/out"
	code "JSON with findings" 1 $?
	python3 - "$T/out" <<'EOF' || status=1
import json, sys
objects = [json.loads(line) for line in open(sys.argv[1])]
types = [o["type"] for o in objects]
assert types == ["explain", "explain", "line", "result"], types
result = objects[-1]
wanted = {"filter", "log", "lines", "failures", "unattributed", "successes", "seconds", "patterns", "dates", "who",
          "sessions", "examples", "lint", "version"}
assert wanted <= set(result), wanted - set(result)
pattern = {"list", "number", "key", "file", "line", "pattern", "expanded", "asked", "hits", "behind", "limits", "seconds",
           "seconds_each"}
assert pattern <= set(result["patterns"][0]), result["patterns"][0]
assert result["lines"]["matched"] == 1 and result["lines"]["missed"] == 1, result["lines"]
assert result["who"][0]["id"] == "203.0.113.9" and result["who"][0]["user"] == "<x>", result["who"]
assert objects[0]["asked"][0]["groups"] == {"ip4": "203.0.113.9", "user": "<x>"}, objects[0]["asked"][0]
assert objects[0]["asked"][0]["result"] == "matched" and objects[1]["asked"][0]["result"] == "missed"
assert objects[0]["text"] == 'bad "\\ \x1b \xff\x01 <x> from 203.0.113.9', objects[0]["text"]
assert any(f["kind"] == "unanchored" for f in result["lint"]), result["lint"]
EOF
fi

# Lint: ours are clean; what is planted is found, with and without a log.
for filter in "$srcdir"/filters/*.conf; do
	test_ --lint "$filter" >"$T/out" || { echo "lint of $filter:"; cat "$T/out"; status=1; }
done
test_ --lint 'Failed for .* from <ADDR>' >"$T/out"
code "lint" 1 $?
wants "lint" "unanchored  failregex"
wants "lint" "tried:    client says: Failed for u from 192.0.2.66"
wants "lint" "2 findings in 1 pattern"
test_ --lint "$T/log" pptpd >"$T/out"
code "lint with a log" 0 $?
wants "lint with a log" "never matched in this log"
wants "lint with a log" "0 findings in"

# What README shows is what is printed, but for numbers, which other machines and better filters change.
numbers() { sed 's/[0-9][0-9.]*/N/g; s/  */ /g'; }
explained='Nov 22 18:55:40 lab pppd[843]: Peer alice failed CHAP authenticatio'
forged='^Failed password for <F-USER>.*?</F-USER> from <ADDR>'
(
	root=$PWD
	cd "$srcdir" || exit
	for more in --no-gate --verbose; do # --verbose: the times of all patterns
		"$root/pptpban" test $more --color never tests/captures/lab/syslog.iso.xz filters/pptpd.conf
	done
	"$root/pptpban" test tests/captures/lab/syslog.iso.xz filters/pptpd.conf | tail -2
	"$root/pptpban" test --explain "$explained" filters/pptpd.conf
	"$root/pptpban" test --lint "$forged"
) | numbers | sort -u >"$T/is"
sed -n '/^## Trying filters/,/^## /s/^    //p' "$srcdir/README.md" | grep -v -e '^\[\.\.\.\]$' -e '^\$ ' | numbers | sort -u >"$T/should"
[ "$(wc -l <"$T/should")" -ge 30 ] || { echo "README.md no longer shows pptpban test"; status=1; }
if ! comm -13 "$T/is" "$T/should" | diff /dev/null - >"$T/out"; then
	echo "README.md shows what is not printed:"
	cat "$T/out"
	status=1
fi

# Colours where they are wanted and nowhere else.
test_ --color always "$line" '<ADDR>$' | grep -q "$(printf '\033')" || { echo "no colour"; status=1; }
test_ "$line" '<ADDR>$' | grep -q "$(printf '\033')" && { echo "colour in a pipe"; status=1; }
exit $status
