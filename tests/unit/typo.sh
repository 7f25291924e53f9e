#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One mistyped password never bans: one refused login as each kind of server logs it, before every jail that the shipped
# configuration has or shows. It weighs exactly one: maxretry = 2 does not ban either, and maxretry = 1 does, with a warning
# that says where.
set -u
export LC_ALL=C TZ=UTC
source=${srcdir:-$(dirname "$0")/../..}
source=$(cd "$source" && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-typo-test-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0 attempts=0
is() { [ "$2" = "$3" ] || { echo "$1: wanted \"$2\", got \"$3\""; status=1; }; }

# what is shown behind "#   " is switched on
sed 's/^#   //' "$source/etc/pptpban.conf" >"$T/pptpban.conf"
jails=$(sed -n 's/^\[\(.*\)\]$/\1/p' "$T/pptpban.conf" | grep -vx 'pptpban\|DEFAULT\|firewall')
mkdir "$T/pptpban.conf.d"
printf '[pptpban]\nfilter_dirs = %s\n[probe]\nenabled = yes\n' "$source/filters" >"$T/pptpban.conf.d/1.conf"

bans() { # MAXRETRY ("" for the shipped ones): who bans
	rm -f "$T/pptpban.conf.d/2.conf"
	[ -z "$1" ] || for j in $jails; do printf '[%s]\nmaxretry = %s\n' "$j" "$1"; done >"$T/pptpban.conf.d/2.conf"
	./pptpban replay --config "$T/pptpban.conf" --jsonl "$T/log" 2>"$T/err" | sed -n 's/.*"type":"ban".*"jail":"\([^"]*\)".*/\1/p' | tr '\n' ' '
}

# typo WHAT JAIL SAMPLE FIRST LAST: these lines of the sample, comments not counted, are one refused login
typo() {
	attempts=$((attempts + 1))
	grep -av '^#' "$source/tests/corpus/stacks/$3.log" | sed -n "$4,$5p" >"$T/log"
	is "$1: as shipped" "" "$(bans '')"
	is "$1: maxretry = 2" "" "$(bans 2)"
	is "$1: maxretry = 1" "$2 " "$(bans 1)"
	grep -q "2.conf:[0-9]*: maxretry = 1: in \[$2\] one failure bans" "$T/err" || is "$1: the warning" "file and line" "$(cat "$T/err")"
}

typo "pppd, a wrong password" pptpd pptpd/passwords 1 13
typo "pppd, an unknown name (two lines)" pptpd pptpd/passwords 14 26
typo "pppd 2.5, EAP" pptpd pptpd/pppd-2.5 41 52
typo "pppd, RADIUS" pptpd pptpd/radius 20 34
typo "accel-ppp" accel-ppp accel-ppp/cases 17 19
typo "xl2tpd" xl2tpd xl2tpd/calls 1 9
typo "xl2tpd, an unknown name" xl2tpd xl2tpd/calls 10 18
typo "mpd5" mpd5 mpd5/phys3 1 30
typo "FreeRADIUS" freeradius freeradius/3.2 10 10
typo "FreeRADIUS, twice in the log" freeradius freeradius/3.2 15 16
typo "RouterOS" mikrotik mikrotik/routeros 11 11
typo "SoftEther" softether softether/security_log 4 6
is "kinds of refused logins" 12 $attempts
exit $status
