#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What pptpban-filters(5), COMPATIBILITY, says is different from fail2ban is different: the same lines and the same files
# go to the installed fail2ban and to pptpban. Rows about what a jail does to a packet or a mail cannot be tried here.
set -u
srcdir=$(cd "${srcdir:-.}" && pwd)
export LC_ALL=C.UTF-8 TZ=UTC
command -v fail2ban-regex >/dev/null || { echo "fail2ban is not installed"; exit 77; }
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-differences-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0 rows=0

# row TEXT: the next checks are about this row of the table
row() {
	row=$1
	rows=$((rows + 1))
	grep -qF -- ".It $1" "$srcdir/man/pptpban-filters.5" || { echo "no such row in pptpban-filters(5): $1"; status=1; }
}
is() { # WHO WANTED GOT
	[ "$2" = "$3" ] || { echo "$row: $1: wanted \"$2\", got \"$3\""; status=1; }
}
line() { printf '%s\n' "$@" | sed "s/^/2026-01-02T03:04:05Z /" >"$T/log"; }
filter() { printf '%s\n' '[Definition]' "$@" >"$T/f.conf"; }
theirs() { # matched lines, or "error"
	n=$(fail2ban-regex "$@" 2>/dev/null | sed -n 's/^Lines: .* \([0-9]*\) matched.*/\1/p')
	echo "${n:-error}"
}
ours() {
	n=$(./pptpban test "$@" 2>/dev/null | sed -n 's/^[0-9]* lines*: \([0-9]*\) matched.*/\1/p')
	echo "${n:-error}"
}
both() { # FILTER THEIRS OURS
	is fail2ban "$2" "$(theirs "$T/log" "$1")"
	is pptpban "$3" "$(ours "$T/log" "$1")"
}

row 'a missing include is ignored'
line 'fail 203.0.113.5'
printf '[INCLUDES]\nbefore = absent.conf\n[Definition]\nfailregex = fail <HOST>$\n' >"$T/f.conf"
both "$T/f.conf" 1 error
printf '[INCLUDES]\nbefore = absent.local\n[Definition]\nfailregex = fail <HOST>$\n' >"$T/f.conf"
both "$T/f.conf" 1 1

row 'a mistake in jail.local: no start'
mkdir -p "$T/etc/filter.d" "$T/etc/action.d"
: >"$T/etc/x.log"
cp /etc/fail2ban/fail2ban.conf "$T/etc/"
printf '[Definition]\nfailregex = fail <HOST>$\n' >"$T/etc/filter.d/x.conf"
printf '[Definition]\n' >"$T/etc/action.d/n.conf"
jail() { printf '%s\n' '[x]' 'enabled = true' 'filter = x' 'action = n' "$@" >"$T/etc/jail.local"; }
loads() { fail2ban-client -c "$T/etc" -t >/dev/null 2>&1 && echo yes || echo no; }
jail "logpath = $T/etc/x.log"
is fail2ban yes "$(loads)"
jail "logpath = $T/etc/x.log" 'maxretry = 3' 'maxretry = 4'
is fail2ban no "$(loads)"

row 'logpath: a file must be there'
jail "logpath = $T/etc/y.log"
is fail2ban no "$(loads)"
printf '[pptpban]\nfilter_dirs = %s\n%s\n' "$T/etc/filter.d" "$srcdir/filters" | sed '3s/^/    /' >"$T/base.conf"
{ cat "$T/base.conf"; printf '[x]\nenabled = yes\nsource = %s/etc/y.log\n' "$T"; } >"$T/x.conf"
is pptpban 0 "$(./pptpban check --config "$T/x.conf" >/dev/null 2>&1; echo $?)"

row "Python's expressions"
line 'fail 203.0.113.5'
both '\u0066ail <HOST>$' 1 error
both '\N{LATIN SMALL LETTER F}ail <HOST>$' 1 error
both '(?<=a|ai)l <HOST>$' error 1 # what PCRE2 has and Python not
both '(?P<x>f)ail(?(x) |y)<HOST>$' 1 1

row 'letters of all scripts'
line 'aéb 203.0.113.5'
both 'a.b <HOST>$' 1 0
both 'a\wb <HOST>$' 1 0
both 'aéb <HOST>$' 1 1
both '\S+ <HOST>$' 1 1
line 'AÉB 203.0.113.5'
both '(?i)aéb <HOST>$' 1 0

row 'lines end with \en: \es matches it'
line 'fail 203.0.113.5'
both 'fail <HOST>\s$' 1 0
both 'fail <HOST>\s*$' 1 1
both 'fail <HOST>(?:\s|$)' 1 1

row 'usedns: names may be looked up'
line 'fail localhost'
is fail2ban 127.0.0.1 "$(fail2ban-regex --usedns yes -o ip "$T/log" 'fail <HOST>$' 2>/dev/null | grep -o '127\.0\.0\.1' | head -1)"
is pptpban '' "$(./pptpban test --usedns yes --print-all-matched "$T/log" 'fail <HOST>$' 2>&1 | grep -o '127\.0\.0\.1' | head -1)"

row 'maxlines: any number'
line 'fail 203.0.113.5'
filter 'failregex = fail <HOST>$' 'maxlines = 101'
both "$T/f.conf" 1 error
filter 'failregex = fail <HOST>$' 'maxlines = 100'
both "$T/f.conf" 1 1

cat >"$T/times.py" <<'END'
import sys, time
sys.path.append("/usr/lib/python3/dist-packages")
import logging
logging.disable(logging.CRITICAL)
from fail2ban.server.failmanager import FailManager
from fail2ban.server.filter import Filter
from fail2ban.server.ticket import FailTicket
now = int(time.time())
def stamp(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime(t))
def age(f, line):
    return max(0, int(now - f.processLine(line)[0][2]))
def new():
    f = Filter(None)
    f.addFailRegex("fail <HOST>$")
    return f
if sys.argv[1] == "undated":
    f = new()
    print(age(f, stamp(now - 30) + "fail 203.0.113.5"), age(f, "fail 203.0.113.6"))
elif sys.argv[1] == "late":
    print(age(new(), stamp(now - 90) + "fail 203.0.113.5"))
else:
    m = FailManager()
    m.setMaxTime(600)
    print(*[m.addFailure(FailTicket("203.0.113.5", t, [])) for t in map(int, sys.argv[2:])])
END
{ cat "$T/base.conf"; printf '[pptpd]\nenabled = no\n[x]\nenabled = yes\nmaxretry = 3\nfindtime = 10m\nsource = %s/log\n' "$T"; } >"$T/x.conf"
replayed() { ./pptpban replay --config "$T/x.conf" --jsonl "$T/log" 2>/dev/null; }

row 'no date: that of the line before'
is fail2ban '30 30' "$(/usr/bin/python3 "$T/times.py" undated)"

row 'read over a minute late: as of now'
is fail2ban 0 "$(/usr/bin/python3 "$T/times.py" late)"
echo '2026-01-02T03:04:05Z fail 203.0.113.5' >"$T/log"
is pptpban 1767323045 "$(replayed | sed -n 's/.*"failure","time":\([0-9]*\).*/\1/p')"

row 'findtime: estimated from the rate'
is fail2ban '1 2 3' "$(/usr/bin/python3 "$T/times.py" findtime 0 599 650)" # never three within 600 s
bans() {
	for t in "$@"; do echo "$(date -u -d "@$((1767323045 + t))" +%Y-%m-%dT%H:%M:%SZ) fail 203.0.113.5"; done >"$T/log"
	replayed | grep -c '"type":"ban"'
}
is pptpban 0 "$(bans 0 599 650)"
is pptpban 0 "$(bans 0 599 601)"
is pptpban 1 "$(bans 0 599 600)"

row 'bantime.increment: else no'
jail "logpath = $T/etc/x.log"
is fail2ban 0 "$(fail2ban-client -c "$T/etc" -d 2>/dev/null | grep -c bantime.increment)"
dump() { ./pptpban check --config "$T/x.conf" --dump 2>/dev/null | sed -n '/^\[x\]/,/^$/p' | sed -n "s/^$1 = //p"; }
is pptpban yes "$(dump bantime.increment)"
row 'bantime.maxtime: else none'
is pptpban 1w "$(dump bantime.maximum)"

row 'ignoreip: also names'
jail "logpath = $T/etc/x.log" 'ignoreip = localhost'
is fail2ban yes "$(loads)"
sed 's/^source.*/&\nignoreip = localhost/' "$T/x.conf" >"$T/y.conf"
is pptpban 1 "$(./pptpban check --config "$T/y.conf" >/dev/null 2>&1; echo $?)"

row 'failregex in the jail'
jail "logpath = $T/etc/x.log" 'failregex = other <HOST>$'
is fail2ban 1 "$(fail2ban-client -c "$T/etc" -d 2>/dev/null | grep -c 'other <HOST>')"
sed 's/^source.*/&\nfailregex = other <HOST>$/' "$T/x.conf" >"$T/y.conf"
is pptpban 1 "$(./pptpban check --config "$T/y.conf" >/dev/null 2>&1; echo $?)"

echo "$rows rows tried"
exit $status
