#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban import-fail2ban on folders like those that people have (tests/import): what it prints is a configuration that
# pptpban itself accepts, what is wrong is said with file and line, and nothing of fail2ban's is touched.
set -u
srcdir=$(cd "${srcdir:-.}" && pwd)
export LC_ALL=C
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-import-test-XXXXXX")
trap 'chmod -R u+w "$T"; rm -rf "$T"' EXIT
status=0

bad() { echo "$*"; status=1; }
is() { [ "$2" = "$3" ] || bad "$1: wanted \"$2\", got \"$3\""; }
has() { grep -qF -- "$2" "$T/$1" || { bad "$1 has not: $2"; sed 's/^/  | /' "$T/$1"; }; }
hasnot() { ! grep -qF -- "$2" "$T/$1" || bad "$1 has: $2"; }

printf '[pptpban]\nfilter_dirs = %s\n' "$srcdir/filters" >"$T/base.conf"
take() { # NAME ARGUMENTS: into NAME.conf and NAME.err
	name=$1
	shift
	./pptpban import-fail2ban --config "$T/base.conf" "$@" >"$T/$name.conf" 2>"$T/$name.err"
	code=$?
}
# as a file of pptpban.conf.d
accepted() {
	mkdir -p "$T/etc/pptpban.conf.d"
	cp "$T/base.conf" "$T/etc/pptpban.conf"
	cp "$T/$1.conf" "$T/etc/pptpban.conf.d/fail2ban.conf"
	./pptpban check --config "$T/etc/pptpban.conf" >"$T/check" 2>&1 || { bad "$1.conf is not accepted:"; cat "$T/check"; }
}
section() { sed -n "/^\[$2\]/,/^\$/p" "$T/$1.conf" >"$T/section"; }
tree() { (cd "$1" && find . -type f -printf '%p %s %T@ %m\n' | sort && find . -type f -exec sha256sum {} + | sort); }

# a copy that cannot be written to
cp -R "$srcdir/tests/import" "$T/in"
chmod -R a-w "$T/in"
tree "$T/in" >"$T/before"

# recipes for pptpd: the first becomes the jail pptpd, with why
take pptp "$T/in/pptp"
is "pptp: exit code" 0 $code
accepted pptp
section pptp pptpd
has section 'filter = pptpd'
has section 'maxretry = 3'
has section 'counts everybody who connects'
has pptp.conf 'takes the user name that the client sends for its address'
has pptp.conf 'counts good logins'
is "pptp: one jail" 1 "$(grep -c '^\[' "$T/pptp.conf")"

# a web server's and more; what needs files of its own needs --write
take web "$T/in/web"
is "web: exit code" 1 $code
accepted web
section web sshd
has section 'filter = sshd[mode=aggressive]'
has section 'source = journal'
has section 'maxretry = 4'
has section 'bantime = 1h'
has section 'bantime.factor = 2'
has section 'bantime.maximum = 2d 16h'
has section '10.0.0.0/16'
has section 'left out: office.example.org'
section web apache-auth
has section 'enabled = no'
has section 'which --write makes'
has section '/var/log/apache2/other?vhosts.log'
has section 'findtime = 1d 12h'
has section 'bantime = forever'
has section 'unsupported: ignorecommand = /usr/local/bin/ask'
has section 'unsupported: action = sendmail-whois-lines'
has section 'different: logencoding = latin1'
is "web: a path that is said twice" 1 "$(grep -c '^    /var/log/apache2/other?vhosts.log' "$T/section")"
section web recidive
has section 'enabled = yes'
has section 'filter = recidive'
has section 'source = auto'
has section "own filter recidive is used instead"
section web knock
has section 'lets addresses in'
section web slow
has section 'bantime.maximum = 5w'
has section 'was maxretry meant?'

./pptpban import-fail2ban "$T/in/web" --config "$T/base.conf" --write "$T/out" >"$T/wrote" 2>&1
is "web: exit code of --write" 1 $?
cp "$T/out/pptpban.conf.d/fail2ban.conf" "$T/written.conf"
accepted written
is "the enabled jails, and pptpd" "6 jails: all right" "$(tail -n1 "$T/check")"
section written newline
has section 'a pattern that ends with'
section written apache-auth
has section 'filter = fail2ban-apache-auth[mode=normal]'
printf '%s\n' 'x [client 203.0.113.7] user eve: authentication failure' '[client 203.0.113.7] user eve: authentication failure' \
	'203.0.113.8 - 100% wrong' '203.0.113.8 - 50% wrong' '[client 203.0.113.9] user eve: authentication failure from 192.0.2.1' |
	sed 's/^/2026-01-02T03:04:05Z /' >"$T/log"
sed -i 's/^maxretry = 2/maxretry = 1/' "$T/written.conf"
./pptpban replay --config "$T/written.conf" --jsonl "$T/log" | sed -n 's/.*"type":"ban".*"jail":"\([^"]*\)","addr":"\([^"]*\)".*/\1 \2/p' |
	grep ^apache | sort >"$T/bans"
is "its own patterns and the filter's, and what it ignores" "apache-auth 203.0.113.7 apache-auth 203.0.113.8" "$(xargs <"$T/bans")"

# again: nothing to do; over something else: not without --force
./pptpban import-fail2ban "$T/in/web" --config "$T/base.conf" --write "$T/out" >"$T/wrote" 2>&1
is "nothing is written twice" 0 "$(grep -c ^wrote "$T/wrote")"
echo '# mine' >>"$T/out/filters.d/sshd.conf"
./pptpban import-fail2ban "$T/in/web" --config "$T/base.conf" --write "$T/out" >"$T/wrote" 2>&1
is "what was changed is not replaced" 1 $?
has wrote 'filters.d/sshd.conf is there already'
is "and still there" 1 "$(grep -c '# mine' "$T/out/filters.d/sshd.conf")"
./pptpban import-fail2ban "$T/in/web" --config "$T/base.conf" --write "$T/out" --force >"$T/wrote" 2>&1
is "with --force it is" 0 "$(grep -c '# mine' "$T/out/filters.d/sshd.conf")"
is "no file is left over" "" "$(find "$T/out" -name '*.conf.*' -type f)"

# a filter that has the name of one of ours is another filter
mkdir "$T/ours"
printf '[Definition]\nfailregex = ours <HOST>$\n' >"$T/ours/sshd.conf"
printf '[pptpban]\nfilter_dirs = %s %s\n' "$srcdir/filters" "$T/ours" >"$T/clash.conf"
printf '[pptpban]\nfilter_dirs = %s\n' "$T/ours" >"$T/few.conf"
./pptpban import-fail2ban "$T/in/web" recidive --config "$T/few.conf" >"$T/few" 2>/dev/null
has few 'unsupported: enabled = true: it reads fail2ban'
./pptpban import-fail2ban "$T/in/web" sshd --config "$T/clash.conf" >"$T/name.conf" 2>/dev/null
is "a name of ours: exit code" 1 $?
has name.conf 'pptpban has another filter sshd of its own'
./pptpban import-fail2ban "$T/in/web" sshd --config "$T/clash.conf" --write "$T/renamed" >/dev/null 2>&1
is "a name of ours: exit code of --write" 0 $?
sed 's/^source = .*/source = auto/' "$T/renamed/pptpban.conf.d/fail2ban.conf" >"$T/renamed.conf"
./pptpban check --config "$T/renamed.conf" >"$T/check" 2>&1 || { bad "renamed:"; cat "$T/check"; }
has renamed.conf 'filter = fail2ban-sshd[mode=aggressive]'
ok=$(printf '2026-01-02T03:04:05Z x sshd[1]: Failed password for eve from 203.0.113.5 port 22 ssh2\n' |
	./pptpban replay --config "$T/renamed.conf" --jsonl - | grep -c '"type":"failure".*"jail":"sshd"')
is "a name of ours: it is theirs that matches" 1 "$ok"

# mistakes: said with file and line, and the rest goes on
take broken "$T/in/broken"
is "broken: exit code" 1 $code
accepted broken
has broken.err 'broken/jail.local:1: enabled stands before any [SECTION]'
has broken.err 'broken/jail.local:4: maxretry stands in [DEFAULT] already, in line 3'
has broken.err 'broken/jail.local:26: %(nowhere)s names no option'
has broken.err "broken/filter.d/bad.conf:3: '^(unclosed"
has broken.err "filter 'missing': no file missing.conf"
section broken good
has section 'enabled = yes'
has section 'maxretry = 5'
for jail in no-such-filter bad-regex bad-value bad-filter-line no-filter; do
	section broken $jail
	has section 'enabled = no'
done
section broken no-such-path
has section 'source = /nowhere/at/all.log'
has section 'relative.log left out'

take loop "$T/in/loop"
is "loop: exit code" 1 $code
accepted loop
has loop.err "a.conf:2: 'jail.conf' includes itself"
has loop.err "jail.conf:3: included file 'absent.conf' is not there"
has loop.err 'jail.conf:13: %(maxretry)s is nested deeper than'
section loop it
has section 'bantime = 20m'

# bounds: a file that is too long, more jails than there may be
mkdir -p "$T/huge/filter.d" "$T/many/filter.d"
{ echo '[x]'; head -c 17000000 /dev/zero | tr '\0' '#'; } >"$T/huge/jail.conf"
printf '[good]\nenabled = true\nfilter = good\nlogpath = /var/log/x\n' >"$T/huge/jail.local"
cp "$T/in/broken/filter.d/good.conf" "$T/huge/filter.d/"
take huge "$T/huge"
is "huge: exit code" 1 $code
accepted huge
has huge.err 'huge/jail.conf: the file is longer than'
has huge.conf '[good]'
for i in $(seq 70); do printf '[j%s]\nenabled = true\nfilter = good\nlogpath = /var/log/x\n' "$i"; done >"$T/many/jail.conf"
cp "$T/in/broken/filter.d/good.conf" "$T/many/filter.d/"
take many "$T/many"
is "many: exit code" 1 $code
accepted many
has many.err '[j62]: left out: pptpban has at most 64 jails'
is "many: as many as there is room for" 61 "$(grep -c '^\[j' "$T/many.conf")"

# nothing into fail2ban's own folder; no secrets into files that everybody reads; no comment that ends before its line
cp -R "$T/in/web" "$T/own"
chmod -R u+w "$T/own"
take own "$T/own" --write "$T/own/new/sub"
is "into its own folder" 2 $code
is "nothing was made there" "" "$(find "$T/own" -name new)"
printf '[sshd]\ncfapikey = hush1\naction = cloudflare[cftoken="hush2"]\n         mail[x=hush3]\n' >"$T/own/jail.d/99.local"
printf '[odd]\nenabled = true\nfilter = x[\n    enabled = maybe\n    [evil]\nlogpath = /x\n' >>"$T/own/jail.local"
take own "$T/own"
accepted own
hasnot own.conf hush
has own.conf '# unsupported: action = cloudflare[...]'
is "a value of many lines" "" "$(grep -n '^\[evil\]\|^enabled = maybe\|^    enabled' "$T/own.conf")"
./pptpban import-fail2ban "$T/own" --config "$T/base.conf" --report 2>&1 | grep hush && bad "secrets in --report"
./pptpban import-fail2ban "$T/own" --config "$T/base.conf" --json 2>&1 | grep hush && bad "secrets in --json"

# neither yes nor no: as fail2ban takes it, and said
mkdir "$T/maybe"
printf '[good]\nenabled = true\nlogpath = /x\nfilter = x\n[odd]\nenabled = perhaps\nlogpath = /x\nfilter = x\n' >"$T/maybe/jail.conf"
take maybe "$T/maybe"
has maybe.err '[odd]: enabled = perhaps: taken for no; yes or no is wanted'

# which jails
take named "$T/in/web" sshd nonsense
is "a jail that is not there" 1 $code
has named.err 'there is no jail nonsense'
is "and one that is" 1 "$(grep -c '^\[sshd\]' "$T/named.conf")"
take none "$T/nowhere"
is "no such folder" 1 $code
has none.err 'there is no jail.conf'
printf '[x]\nenabled = false\n' >"$T/huge/jail.local"
: >"$T/huge/jail.conf"
take none "$T/huge"
is "no jail is enabled" 3 $code
take none --nonsense
is "a wrong option" 2 $code

# other shapes
take report "$T/in/web" --report
has report.conf 'sshd         enabled'
has report.conf 'unsupported'
./pptpban import-fail2ban "$T/in/broken" --config "$T/base.conf" --json 2>/dev/null | python3 -c '
import json, sys
plan = json.load(sys.stdin)
jails = {j["name"]: j for j in plan["jails"]}
assert plan["version"] == 1 and plan["problems"]
assert jails["good"]["filter"]["loads"] and not jails["bad-regex"]["filter"]["loads"]
assert jails["bad-regex"]["filter"]["error"] and jails["bad-regex"]["broken"] and not jails["good"]["broken"]
row = [o for o in jails["good"]["options"] if o["option"] == "maxretry"][0]
assert (row["verdict"], row["key"], row["here"], row["at"]["line"]) == ("same", "maxretry", "5", 3), row
' || bad "--json"

is "nothing in fail2ban's folders was touched" "" "$(tree "$T/in" | diff "$T/before" -)"
exit $status
