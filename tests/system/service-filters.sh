#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Filters in fail2ban's manner in the living service: dates of their own, at the beginning and in the middle of lines,
# count at the time they tell; and a filter that cannot be used holds up nobody else.
. "$(dirname "$0")/service.inc"
netns_new server
mkdir "$T/filters"
cat >"$T/filters/web.conf" <<'EOT2'
[Definition]
failregex = ^<ADDR> - \S+ \[\] "GET /login\S* HTTP/[\d.]+" 401\b
datepattern = ^[^\[]*\[({DATE})
EOT2
cat >"$T/filters/sql.conf" <<'EOT2'
[Definition]
failregex = ^\s+\d+ \[Warning\] Access denied for user '<F-USER>[^']*</F-USER>'@'<HOST>'
datepattern = ^%%Exy%%Exm%%Exd\s+%%H:%%M:%%S
EOT2
cat >"$T/filters/game.conf" <<'EOT2'
[Definition]
failregex = ^: \S+ from <ADDR> used a wrong password$
            ^\S+ <ADDR> \d+$
datepattern = ^L %%d/%%m/%%Y - %%H:%%M:%%S
EOT2
# jails FILTER...: pptpd's and one for each filter named, on a log of its own
jails() {
	configure
	sed -i "s|^filter_dirs.*|filter_dirs = $T/shipped-filters $T/filters|" "$T/pptpban.conf"
	for f; do
		printf '[%s]\nenabled = yes\nfilter = %s\nsource = %s\nmaxretry = 3\nfindtime = 10m\nbantime = 1h\n' "$f" "$f" "$T/$f.log"
		touch "$T/$f.log"
	done >>"$T/pptpban.conf"
}
touch "$T/log"
jails web sql game
service_start
wait_for 5 enforced

# --- dates
now=$(date +%s)
web() { printf '%s - - [%s] "GET /login?%s HTTP/1.1" 401 12\n' "$1" "$(date -d "@$2" '+%d/%b/%Y:%H:%M:%S %z')" "$RANDOM"; }
sql() { printf "%s %u [Warning] Access denied for user 'root'@'%s' (using password: YES)\n" "$(date -d "@$2" '+%y%m%d %k:%M:%S')" $RANDOM "$1"; }
game() { printf 'L %s: somebody from %s used a wrong password\n' "$(date -d "@$2" '+%d/%m/%Y - %H:%M:%S')" "$1"; }
since() { ask list --json | jq --arg a "$1" '.bans[] | select(.addr == $a) | .since'; }
for f in web sql game; do
	case $f in web) n=1 ;; sql) n=2 ;; game) n=3 ;; esac
	printf 'something else\n%s\n' "$($f 192.0.2.9 "$now" | tr '[:digit:]' x)" >>"$T/$f.log"
	# three within findtime by their dates, though written at once; the newest is two minutes old
	for ago in 400 300 120; do $f 198.51.100.$n $((now - ago)); done >>"$T/$f.log"
	# three that are not
	for ago in 2000 1000 100; do $f 203.0.113.$n $((now - ago)); done >>"$T/$f.log"
	ok "$f: failures within findtime by their own dates ban" wait_for 5 banned 198.51.100.$n
	is "$f: at the time of the third" $((now - 120)) "$(since 198.51.100.$n)"
	read_all() { [ "$(ask status --json | jq --arg f "$T/$f.log" '.sources[] | select(.name == $f).lines')" -eq 8 ]; }
	ok "$f: all lines are read" wait_for 5 read_all
	is "$f: failures too far apart do not" no "$(banned 203.0.113.$n && echo yes || echo no)"
done
is "each filter says what its lines are looked for by" \
	"pptpd true, web true, sql true, game false" \
	"$(ask status --json | jq -r '[.filters[] | "\(.filter) \(.sees_every_line == "")"] | join(", ")')"
ok "and who must see each line says where the reason is" \
	sh -c "'$pptpban' status --runtime '$T/run' | grep -q 'game (file): sees every line because .*game.conf:3'"
is "all patterns are compiled to machine code" "0" "$(ask status --json | jq '[.filters[].interpreted] | add')"

# a restart remembers what was counted, and decides nothing twice
for ago in 50 40; do sql 198.51.100.20 $((now - ago)); done >>"$T/sql.log"
read_two() { [ "$(ask status --json | jq --arg f "$T/sql.log" '.sources[] | select(.name == $f).lines')" -eq 10 ]; }
ok "two failures" wait_for 5 read_two
service_stop
service_start
wait_for 5 enforced
sql 198.51.100.20 $((now - 30)) >>"$T/sql.log"
ok "and a third after a restart ban" wait_for 5 banned 198.51.100.20
is "at its time" $((now - 30)) "$(since 198.51.100.20)"
for n in 1 2 3; do is "the ban of 198.51.100.$n is the old one" $((now - 120)) "$(since 198.51.100.$n)"; done
is "nobody else is banned" 4 "$(ask list --json | jq '.bans | length')"

# --- a filter that cannot be used
cp "$T/filters/web.conf" "$T/web.good"
sed -i 's/^failregex.*/failregex = ^<ADDR> (- /' "$T/filters/web.conf"
before=$(watcher)
ask reload 2>"$T/err"
is "reload with a bad filter: exit code 1" 1 $?
ok "with file and line" grep -q "web.conf:2: .* is no regular expression" "$T/err"
is "all go on as before" "$before" "$(watcher)"
for ago in 30 20 10; do web 198.51.100.11 $((now - ago)); done >>"$T/web.log"
ok "with the old filter" wait_for 5 banned 198.51.100.11
service_stop

"$pptpban" check --config "$T/pptpban.conf" >"$T/check" 2>"$T/err"
is "check: exit code 1" 1 $?
ok "it names file and line" grep -q "^error: jail \[web\]: $T/filters/web.conf:2: " "$T/err"
: >"$T/service.log"
service_start
ok "the service starts" wait_for 5 enforced
ok "and says loudly what it leaves out" grep -q 'jail \[web\] is left out' "$T/service.log"
ok "with file and line" grep -q "jail \[web\]: $T/filters/web.conf:2: " "$T/service.log"
is "status: the jail and why" "web $T/filters/web.conf:2" \
	"$(ask status --json | jq -r '.jails[] | select(.problem != "") | .name + " " + (.problem | split(": ")[0])')"
ok "in words too" sh -c "'$pptpban' status --runtime '$T/run' | grep -q 'web is not watched: .*web.conf:2: '"
for ago in 30 20 10; do sql 198.51.100.12 $((now - ago)); done >>"$T/sql.log"
for ago in 30 20 10; do game 198.51.100.13 $((now - ago)); done >>"$T/game.log"
attack "$T/log" 198.51.100.14 3
for n in 12 13 14; do ok "the other jails ban: 198.51.100.$n" wait_for 5 banned 198.51.100.$n; done
cp "$T/web.good" "$T/filters/web.conf"
is "when it is mended a reload takes it in" "reloaded" "$(ask reload)"
for ago in 9 8 7; do web 198.51.100.15 $((now - ago)); done >>"$T/web.log"
ok "and it bans" wait_for 5 banned 198.51.100.15
is "nothing is left out" 0 "$(ask status --json | jq '[.jails[] | select(.problem != "")] | length')"
service_stop

# none is left
jails
sed -i "s/^\[pptpd\]/[pptpd]\nfilter = nowhere/" "$T/pptpban.conf"
ip netns exec "$server" "$pptpband" --config "$T/pptpban.conf" >"$T/out" 2>&1
is "no jail that could be watched: no service" 1 $?
ok "and it says why" grep -q "nowhere" "$T/out"
