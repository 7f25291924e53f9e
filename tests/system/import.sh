#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban import-fail2ban beside the real fail2ban: its installed configuration, what its own reader makes of the folders
# in tests/import, and the bans of a running fail2ban-server, in the kernel with the time that is left. (What is printed
# and what is said of mistakes: tests/unit/import.sh.)
. "$(dirname "$0")/service.inc"
need_commands fail2ban-client fail2ban-server
netns_new server
import() { "$pptpban" import-fail2ban --config "$T/base.conf" "$@"; }
tree() { (cd "$1" && find . -type f -printf '%p %s %T@ %m\n' | sort && find . -type f -exec sha256sum {} + | sort); }
printf '[pptpban]\nfilter_dirs = %s\n' "$T/shipped-filters" >"$T/base.conf"
nobody() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }

# --- Debian's configuration as it is installed, read by somebody who may write nothing
tree /etc/fail2ban >"$T/before"
cp "$pptpban" "$T/pptpban"
nobody "$T/pptpban" import-fail2ban --config "$T/base.conf" >"$T/installed.conf"
is "Debian's jails, as nobody" 0 $?
ok "are a configuration" "$pptpban" check --config "$T/installed.conf"
import --all --write "$T/all" >/dev/null
is "all jails there are, with their filters" 0 $?
ok "are one too" "$pptpban" check --config "$T/all/pptpban.conf.d/fail2ban.conf"
sed -i 's/^enabled = no.*/enabled = yes/' "$T/all/pptpban.conf.d/fail2ban.conf"
ok "and every one of them works" "$pptpban" check --config "$T/all/pptpban.conf.d/fail2ban.conf"
is "/etc/fail2ban is as it was" "" "$(tree /etc/fail2ban | diff "$T/before" -)"

# --- what fail2ban itself reads
cp -R "$PB_SRC/tests/import/web" "$T/web"
cp -R /etc/fail2ban/action.d "$T/web/"
sed -i 's/ office.example.org/ 192.0.2.99/' "$T/web/jail.local"
sed -i '/office.example.org/s/.*/           192.0.2.99/' "$T/web/jail.local"
cp -R /etc/fail2ban "$T/debian"
for jail in apache-auth postfix dovecot nginx-http-auth recidive; do printf '[%s]\nenabled = true\n' $jail; done >"$T/debian/jail.local"
for d in web debian; do
	cp /etc/fail2ban/fail2ban.conf "$T/$d/" 2>/dev/null
	fail2ban-client -c "$T/$d" -d >"$T/$d.dump" 2>"$T/$d.dump.err"
	import "$T/$d" --json >"$T/$d.json" 2>/dev/null
	python3 - "$T/$d.dump" "$T/$d.json" >"$T/$d.differ" <<'END'
import ast, json, sys
sys.path.append("/usr/lib/python3/dist-packages")
from fail2ban.server.mytime import MyTime
theirs = {}
for line in open(sys.argv[1]):
    try:
        words = ast.literal_eval(line)
    except (ValueError, SyntaxError):
        continue
    if words[0] == "add":
        theirs[words[1]] = {}
    elif words[0] == "set" and words[1] in theirs:
        theirs[words[1]].setdefault(words[2], words[3:])
plan = json.load(open(sys.argv[2]))
ours = {j["name"]: {o["option"]: o for o in j["options"] if o["key"]} for j in plan["jails"] if j["enabled"]}
if set(theirs) != set(ours):
    print("jails:", sorted(theirs), sorted(ours))
units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
def seconds(text):
    return -1 if text == "forever" else sum(int(w[:-1]) * units[w[-1]] for w in text.split())
n = 0
for name in set(theirs) & set(ours):
    t, o = theirs[name], ours[name]
    pairs = [("maxretry", t["maxretry"][0], int(o["maxretry"]["here"]))]
    pairs += [(k, MyTime.str2seconds(t[k][0]), seconds(o[k]["here"])) for k in ("findtime", "bantime")]
    if "bantime.increment" in t:
        pairs.append(("increment", str(t["bantime.increment"][0]) == "True", o["bantime.increment"]["here"] == "yes"))
    if "addignoreip" in t:
        pairs.append(("ignoreip", len(t["addignoreip"]), len(o["ignoreip"]["here"].split())))
    if "usedns" in t:
        value = [x for j in plan["jails"] if j["name"] == name for x in j["options"] if x["option"] == "usedns"][0]["value"]
        pairs.append(("usedns", t["usedns"][0], value))
    for what, a, b in pairs:
        n += 1
        if a != b:
            print(name, what, a, b)
print("compared", n)
END
	is "$d: fail2ban reads the same values" 1 "$(wc -l <"$T/$d.differ")"
	sed 's/^/# /' "$T/$d.differ"
	is "$d: there were some" yes "$([ "$(sed -n 's/^compared //p' "$T/$d.differ")" -ge 15 ] && echo yes)"
done

# --- a fail2ban-server of our own, which bans nobody by itself
F=$T/f2b
mkdir -p "$F/action.d" "$F/filter.d"
cat >"$F/fail2ban.conf" <<END
[Definition]
loglevel = INFO
logtarget = $F/log
syslogsocket = auto
socket = $F/sock
pidfile = $F/pid
dbfile = $F/db.sqlite3
dbpurgeage = 1d
END
cat >"$F/jail.conf" <<END
[DEFAULT]
bantime = 600
action = nothing
backend = polling
logpath = $F/empty
filter = x
[sshd]
enabled = true
[web]
enabled = true
bantime = 2h
[always]
enabled = true
bantime = -1
[names]
enabled = true
END
printf '[Definition]\nactionban =\nactionunban =\n' >"$F/action.d/nothing.conf"
printf '[Definition]\nfailregex = ^fail <HOST>$\n' >"$F/filter.d/x.conf"
: >"$F/empty"
f2b() { fail2ban-client -c "$F" -s "$F/sock" -p "$F/pid" "$@"; }
ok "a fail2ban-server of our own" f2b start
started "$(cat "$F/pid")"
f2b set sshd banip 203.0.113.1 203.0.113.2 198.51.100.7 2001:db8::1 >/dev/null
f2b set web banip 203.0.113.1 203.0.113.3 192.0.2.0/24 >/dev/null
f2b set always banip 203.0.113.4 >/dev/null
f2b set sshd banip 203.0.113.9 >/dev/null
rows() { python3 -c 'import sqlite3, sys; print(sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True).execute("select count(*) from bips").fetchone()[0])' "$F/db.sqlite3"; }
all_there() { [ "$(rows)" = 9 ]; }
ok "with bans in its database" wait_for 10 all_there

: >"$T/log"
group=nogroup configure "ignoreip = 198.51.100.0/24"
sed -i 's/^backend = .*/&\nwidest4 = 24/' "$T/pptpban.conf"
service_start
bans() { "$pptpban" import-fail2ban "$F" --bans --config "$T/pptpban.conf" "$@"; }
fate() { jq -r --arg a "$1" '.bans[] | select(.addr == $a) | .fate' "$2"; }

# what would be
tree "$F" >"$T/before"
bans --json >"$T/plan"
is "the plan: exit code" 0 $?
is "the plan: each address once" 8 "$(jq '.bans | length' "$T/plan")"
is "the plan: the jail that bans longest" web "$(jq -r '.bans[] | select(.addr == "203.0.113.1") | .jail' "$T/plan")"
is "the plan: who is let alone" refused "$(fate 198.51.100.7 "$T/plan")"
is "the plan: who is not" ban "$(fate 203.0.113.2 "$T/plan")"
is "the plan: one without end" null "$(jq -r '.bans[] | select(.addr == "203.0.113.4") | .until' "$T/plan")"
is "nobody is banned by it" 0 "$(ask list --json | jq '.bans | length')"

# the group may ask for bans, but not take over others'
nobody "$T/pptpban" import-fail2ban "$F" --bans --config "$T/pptpban.conf" >/dev/null 2>"$T/err"
is "who may not read the database" 1 $?
ok "is told so" grep -q 'become root' "$T/err"
cp "$F/db.sqlite3" "$T/copy.sqlite3"
chmod 644 "$T/copy.sqlite3"
setpriv --reuid daemon --regid nogroup --clear-groups "$T/pptpban" import-fail2ban "$F" --bans --apply --database "$T/copy.sqlite3" --config "$T/pptpban.conf" >"$T/group" 2>&1
is "a member of the group may not take over bans" 1 $?
ok "and is told why" grep -q 'only root may take bans over' "$T/group"
is "still nobody is banned" 0 "$(ask list --json | jq '.bans | length')"

# for good
ask ban 203.0.113.9 --for 5h >/dev/null
bans --apply --json >"$T/applied"
is "taking over: exit code, as one is refused" 1 $?
is "fail2ban's files are as they were" "" "$(tree "$F" | diff "$T/before" - | grep -v '\./log ')"
is "the refused one" refused "$(fate 198.51.100.7 "$T/applied")"
ok "and why" sh -c "jq -r '.bans[] | select(.addr == \"198.51.100.7\") | .why' '$T/applied' | grep -q allowlist"
is "one with a longer ban is kept" kept "$(fate 203.0.113.9 "$T/applied")"
is "and has its time" yes "$(ask list --plain | awk '$1 == "203.0.113.9" { print ($4 - $3 > 17000) ? "yes" : "no" }')"
is "the others are banned" 6 "$(jq '.banned' "$T/applied")"
in_set() { ip netns exec "$server" ipset list "$2" | awk -v a="$1" '$1 == a { for (i = 2; i < NF; i++) if ($i == "timeout") print $(i + 1) }'; }
near() { # SECONDS WANTED
	[ "$1" != "" ] && [ $(($1 - $2)) -ge -5 ] && [ $(($1 - $2)) -le 5 ] && echo yes || echo "$1, not $2"
}
left() { python3 -c '
import sqlite3, sys, time
row = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True).execute(
    "select max(timeofban + bantime) from bips where ip = ?", (sys.argv[2],)).fetchone()
print(int(row[0] - time.time()))' "$F/db.sqlite3" "$1"; }
for a in 203.0.113.1 203.0.113.2 203.0.113.3 192.0.2.0/24; do
	is "in the kernel for the time that is left: $a" yes "$(near "$(in_set $a pptpban4)" "$(left $a)")"
done
is "and 2001:db8::1" yes "$(near "$(in_set 2001:db8::1 pptpban6)" "$(left 2001:db8::1)")"
ok "one without end is in it too" in_kernel 203.0.113.4
is "one that is let alone is not" "" "$(in_set 198.51.100.7 pptpban4)"
ok "why names the jail" sh -c "'$pptpban' why --runtime '$T/run' 203.0.113.3 | grep -q 'import-fail2ban web'"
ok "the log too" grep -q 'banned by hand of user 0: import-fail2ban web' "$T/service.log"
bans --apply --json >"$T/again" 2>&1
is "again: all are kept" 7 "$(jq '.kept' "$T/again")"
service_stop
service_start
ok "a restart keeps why" sh -c "'$pptpban' why --runtime '$T/run' 203.0.113.3 | grep -q 'import-fail2ban web'"
bans --apply sshd --json >"$T/one"
is "of one jail only" "sshd" "$(jq -r '[.bans[].jail] | unique | join(" ")' "$T/one")"

# while it is written to, in WAL mode too, and with what a crash leaves
python3 - "$F/db.sqlite3" <<'END' &
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=20)
end = time.time() + 4
while time.time() < end:
    with db:
        db.execute("update bips set bancount = bancount + 1")
    time.sleep(0.005)
END
writer=$!
started $writer
good=0
for _ in 1 2 3 4 5 6 7 8 9 10; do bans --json >"$T/busy" && [ "$(jq '.bans | length' "$T/busy")" = 8 ] && good=$((good + 1)); done
is "ten readings while somebody writes" 10 $good
wait $writer
mkdir "$T/wal"
cp "$F/db.sqlite3" "$T/wal/db"
cat >"$T/wal.py" <<'END'
import os, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma journal_mode = wal")
db.execute("pragma wal_autocheckpoint = 0")
db.execute("insert into bips(ip, jail, timeofban, bantime) values('203.0.113.77', 'sshd', ?, 900)", (int(time.time()),))
db.execute("begin")
db.execute("insert into bips(ip, jail, timeofban, bantime) values('203.0.113.78', 'sshd', ?, 900)", (int(time.time()),))
open(sys.argv[1] + ".ready", "w").close()
time.sleep(60)
END
python3 "$T/wal.py" "$T/wal/db" &
started $!
wait_for 10 test -e "$T/wal/db.ready"
tree "$T/wal" >"$T/before"
bans --database "$T/wal/db" --json >"$T/plan"
is "WAL: what was committed" ban "$(fate 203.0.113.77 "$T/plan")"
is "WAL: not what was not" "" "$(fate 203.0.113.78 "$T/plan")"
is "WAL: nothing is touched" "" "$(tree "$T/wal" | diff "$T/before" -)"
mkdir "$T/crash"
cp "$T/copy.sqlite3" "$T/crash/db"
python3 - "$T/crash/db" <<'END'
import os, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma cache_size = 1")
db.execute("pragma cache_spill = 1")
db.execute("begin")
for i in range(3000):
    db.execute("insert or replace into bips(ip, jail, timeofban, bantime, data) values(?, 'sshd', ?, 900, ?)",
               ("203.0.%d.%d" % (i // 250, i % 250), int(time.time()), "x" * 200))
os._exit(0)
END
ok "a crash leaves a journal" test -s "$T/crash/db-journal"
tree "$T/crash" >"$T/before"
bans --database "$T/crash/db" --json >"$T/plan"
is "a crash: what was before the change" 8 "$(jq '.bans | length' "$T/plan")"
is "a crash: nothing is touched" "" "$(tree "$T/crash" | diff "$T/before" -)"
is "no copy is left over" "" "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'pptpban-import-??????' -newer "$T/before")"

# what is no database, one of a fail2ban too old, and a full list
python3 - "$T/old" <<'END'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("create table bans(jail text not null, ip text, timeofban integer not null, data json)")
END
bans --database "$T/old" >/dev/null 2>"$T/err"
is "too old" 1 $?
ok "what is wanted is said" grep -q 'fail2ban 0.11 or later' "$T/err"
head -c 5000 /dev/urandom >"$T/noise"
bans --database "$T/noise" >/dev/null 2>"$T/err"
is "no database" 1 $?
ok "is said" grep -q 'noise: no SQLite database' "$T/err"
bans --database "$T/nothing" >/dev/null 2>"$T/err"
is "none there" 1 $?
service_stop
rm -rf "$T/state"
ip netns exec "$server" nft flush ruleset
ip netns exec "$server" ipset destroy 2>/dev/null
configure
sed -i 's/^backend = .*/&\nmax_bans = 3/' "$T/pptpban.conf"
: >"$T/service.log"
service_start
bans --apply --json >"$T/full"
is "max_bans: as many as there is room for" "3 5" "$(jq -r '"\(.banned) \(.refused)"' "$T/full")"
ok "max_bans: and why" grep -q 'max_bans' "$T/full"
bans --apply --runtime "$T/nowhere" >/dev/null 2>&1
is "no service" 4 $?
service_stop

# one more than are taken
python3 - "$T/million" <<'END'
import sqlite3, sys, time
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("create table bips(ip text not null, jail text not null, timeofban integer, bantime integer, bancount integer)")
    db.execute("with recursive n(i) as (select 0 union all select i + 1 from n where i < 1048576) insert into bips "
               "select '10.' || (i >> 16) || '.' || (i >> 8 & 255) || '.' || (i & 255), 'j', ?, 9999, 1 from n", (int(time.time()),))
END
bans --database "$T/million" --json >"$T/bound"
is "a million and one: the first million, and the rest is counted" '"banned":1048576,"kept":0,"refused":0,"over":0,"strange":0,"beyond":1' \
	"$(tail -c 120 "$T/bound" | grep -o '"banned".*[0-9]')"
bans --database "$T/million" >"$T/bound"
is "as a table: the first of them" "10000" "$(grep -c '^10\.' "$T/bound")"
rm "$T/million" "$T/bound"

# many
configure
: >"$T/service.log"
rm -rf "$T/state"
service_start
python3 - "$T/copy.sqlite3" <<'END'
import sqlite3, sys, time
with sqlite3.connect(sys.argv[1]) as db:
    now = int(time.time())
    db.executemany("insert or replace into bips(ip, jail, timeofban, bantime) values(?, 'sshd', ?, 3600)",
                   [("198.18.%d.%d" % (i // 250, i % 250), now) for i in range(10000)])
END
began=$(date +%s%N)
bans --apply --database "$T/copy.sqlite3" --json >"$T/many"
echo "# 10000 bans taken over in $((($(date +%s%N) - began) / 1000000)) ms"
is "ten thousand" yes "$(jq '.banned >= 10000' "$T/many" | sed 's/true/yes/')"
full() { [ "$(ip netns exec "$server" ipset list pptpban4 | grep -c '^198\.18\.')" = 10000 ]; }
ok "are in the kernel" wait_for 10 full
service_stop
