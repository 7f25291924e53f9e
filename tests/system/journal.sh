#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The journal as a source, with a real journald: what is trusted, matches, rotation and vacuuming while reading,
# restarts and kills, entries that no journald writes, the lab's journal.
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
need_commands python3 setpriv xz journalctl
journald_start || skip_all "needs systemd-journald"

dump="$PB_BUILD/source-dump" runs=0
send="python3 $PB_SRC/tests/system/journal-send.py"
pppd='SYSLOG_IDENTIFIER=pppd _UID=0 + SYSLOG_IDENTIFIER=pptpd _UID=0'

# reader OPTION...: follows the journal in the background as $reader; output in $T/out.N, what it says in $T/err
reader() {
	runs=$((runs + 1))
	"$dump" -m "$T/mark" -M "$pppd" -M 'SYSLOG_IDENTIFIER=other' \
		-M 'SYSLOG_IDENTIFIER=third SYSLOG_IDENTIFIER=other _UID=0' "$@" -j >"$T/out.$runs" 2>"$T/err" &
	reader=$!
	started $reader
	wait_for 10 grep -q 'caught up' "$T/err" || echo "# the reader never caught up"
}
reader_stop() { # [SIGNAL]
	sleep 0.5
	kill "-${1:-TERM}" $reader
	wait $reader 2>/dev/null
}
field() { # NAME FILE: values of all records
	python3 -c 'import json, sys
for line in open(sys.argv[2]):
    print(json.loads(line)[sys.argv[1]])' "$1" "$2"
}

# What is trusted and what is not.
reader
HOLD=1 $send 0 1 SYSLOG_IDENTIFIER=pppd _PID=4711 _UID=4711 _CMDLINE=forged SYSLOG_PID=4712 &
real=$!
started $real
wait_for 10 sh -c "journalctl -q _PID=$real | grep -q 'line 0'"
kill $real
printf 'MESSAGE=forged\nSYSLOG_IDENTIFIER=pppd\n_UID=0\n' | setpriv --reuid=65534 --clear-groups logger --journald
printf 'MESSAGE=other\nSYSLOG_IDENTIFIER=other\n' | setpriv --reuid=65534 --clear-groups logger --journald
$send 0 1 SYSLOG_IDENTIFIER=third
logger -t pptpd --id=4713 'by syslog: pppd[1]: forged'
printf '<4>pppd[4714]: forged pid' | python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect("/dev/log"); s.send(sys.stdin.buffer.read())'
reader_stop
is "who may see what" "1 2 4 1 1" "$(field filters "$T/out.1" | xargs)"
is "the kernel's pid, not the sender's" "$real" "$(field pid "$T/out.1" | head -n1)"
is "no other pid is believed" 0 "$(field pid "$T/out.1" | grep -c -E '^471[1-4]$')"
is "the command line is journald's" 1 "$(field cmdline "$T/out.1" | head -n1 | grep -c 'journal-send.py 0 1 SYSLOG')"
is "identifiers" "pppd other third pptpd pppd" "$(field ident "$T/out.1" | xargs)"
is "the line is rebuilt" 1 "$(field line "$T/out.1" | grep -c -E '^[^ ]+ pptpd\[[0-9]+\]: by syslog: pppd\[1\]: forged$')"
is "flags: trusted, local" 3 "$(field flags "$T/out.1" | sort -u)"

# Rotation and vacuuming under the reader.
rm -f "$T/mark"
reader -s "$(date +%s)"
from=$runs
for i in 0 1 2 3 4; do
	$send $((i * 1000)) 1000 SYSLOG_IDENTIFIER=pppd "PAD=$(head -c 600 /dev/urandom | base64 -w0)"
	kill -USR2 "$JOURNALD"
	[ $i != 3 ] || { sleep 1; journalctl --vacuum-files=1 >"$T/vacuum" 2>&1; }
done
reader_stop
is "rotated under the reader" all\ once "$(python3 "$PB_SRC/tests/system/journal-judge.py" 5000 "$T/out.$from")"
is "journal files were vacuumed" yes "$(grep -q 'Vacuuming done, freed [1-9]' "$T/vacuum" && echo yes || cat "$T/vacuum")"
held=$(ls /run/log/journal/*/*.journal | wc -l)
is "few files are left" yes "$([ "$held" -le 4 ] && echo yes || echo "$held")"

# Stopped and started again, the journal rotating in between.
rm -f "$T/mark"
since=$(date +%s.%N)
n=0
from=$((runs + 1))
for i in 1 2 3 4 5; do
	reader -s "$since"
	$send $n 300 SYSLOG_IDENTIFIER=pptpd
	reader_stop
	kill -USR2 "$JOURNALD"
	$send $((n + 300)) 300 SYSLOG_IDENTIFIER=pptpd
	n=$((n + 600))
done
reader
reader_stop
is "restarted" all\ once "$(python3 "$PB_SRC/tests/system/journal-judge.py" $n $(seq -f "$T/out.%.0f" $from $runs))"

# Killed some time after a mark was written.
rm -f "$T/mark"
since=$(date +%s.%N)
n=0
from=$((runs + 1))
for i in 1 2 3; do
	reader -s "$since"
	$send $n 200 SYSLOG_IDENTIFIER=pptpd
	sleep 0.2
	kill -USR1 $reader
	sleep 0.2
	$send $((n + 200)) 200 SYSLOG_IDENTIFIER=pptpd
	reader_stop KILL
	n=$((n + 400))
done
reader
reader_stop
is "killed" all "$(python3 "$PB_SRC/tests/system/journal-judge.py" $n again $(seq -f "$T/out.%.0f" $from $runs))"

# A mark for a time: all from then on again.
rm -f "$T/mark"
since=$(date +%s.%N)
$send 0 500 SYSLOG_IDENTIFIER=pppd
sleep 11
later=$(date +%s.%N)
sleep 0.1
$send 500 500 SYSLOG_IDENTIFIER=pppd
reader -s "$since" -n "$later"
reader_stop
reader
reader_stop
again=$(wc -l <"$T/out.$runs")
is "a mark for a time" yes "$([ "$again" -ge 500 ] && [ "$again" -lt 1000 ] && echo yes || echo "$again again")"
cut -d, -f5,6 "$T/out.$((runs - 1))" >"$T/positions"
is "positions are the same again" 0 "$(cut -d, -f5,6 "$T/out.$runs" | grep -v -c -x -F -f "$T/positions")"

# journald itself dies and comes back.
rm -f "$T/mark"
reader -s "$(date +%s.%N)"
from=$runs
$send 0 200 SYSLOG_IDENTIFIER=pppd
sleep 0.3
journald_stop
journald_start
$send 200 200 SYSLOG_IDENTIFIER=pppd
reader_stop
is "journald restarted" all\ once "$(python3 "$PB_SRC/tests/system/journal-judge.py" 400 "$T/out.$from")"
journald_stop

# The lab's journal: every message of pptpd and pppd, in order.
xz -dc "$PB_SRC/tests/captures/lab/journal.export.xz" >"$T/lab.export"
journal_import "$T/lab.export" "$T/lab.journal"
"$dump" -M "$pppd" -e -j "$T/lab.journal" >"$T/lab.out" 2>/dev/null
wanted=$(python3 - "$T/lab.export" <<'END'
import sys
n = 0
for entry in open(sys.argv[1], "rb").read().split(b"\n\n"):
    lines = entry.split(b"\n")
    n += any(b"SYSLOG_IDENTIFIER=" + i in lines for i in (b"pppd", b"pptpd")) and b"_UID=0" in lines
print(n)
END
)
is "the lab's journal" "$wanted" "$(wc -l <"$T/lab.out")"
is "in order" yes "$(field offset "$T/lab.out" | sort -n -c 2>/dev/null && echo yes)"
is "with command lines" yes "$([ "$(field cmdline "$T/lab.out" | grep -c remotenumber)" -gt 500 ] && echo yes)"
"$PB_SRC/tests/tools/jsonl2export" "$PB_SRC/tests/captures/fixtures/deb12-hostile-names-pap-chap-eap.journal.jsonl.xz" \
	>"$T/hostile.export"
journal_import "$T/hostile.export" "$T/hostile.journal"
"$dump" -M "$pppd" -e -j "$T/hostile.journal" >"$T/hostile.out" 2>/dev/null
is "a journal from JSON lines" "$(xz -dc "$PB_SRC"/tests/captures/fixtures/deb12-hostile-names*.jsonl.xz |
	grep -c -E '"SYSLOG_IDENTIFIER": "(pppd|pptpd)"')" "$(wc -l <"$T/hostile.out")"
is "with a newline inside a message" 1 "$(grep -c 'x.u0022 from 192.0.2.66.u00e9.u00ff.u000a' "$T/hostile.out")"

# Entries that no journald writes.
python3 - >"$T/odd.export" <<'END'
import sys
out = sys.stdout.buffer
def entry(n, *fields):
    out.write(b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n" % (1795374808000000 + n, n, 1))
    for name, value in fields:
        out.write(name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n")
    out.write(b"\n")
p = (b"SYSLOG_IDENTIFIER", b"pppd"), (b"_UID", b"0")
entry(1, *p, (b"MESSAGE", b"plain"))
entry(2, *p)
entry(4, *p, (b"MESSAGE", b"A" * (1 << 20)))
entry(5, *p, (b"MESSAGE", b"nul\0newline\nend"))
entry(6, *p, (b"MESSAGE", b"pid"), (b"_PID", b"99999999999999999999"), (b"SYSLOG_PID", b"-1"))
entry(7, *p, (b"MESSAGE", b"pid"), (b"_PID", b"12x"), (b"SYSLOG_PID", b"34"))
entry(8, *p, (b"MESSAGE", b"time"), (b"_SOURCE_REALTIME_TIMESTAMP", b"never"))
entry(9, *p, (b"MESSAGE", b"long names"), (b"_HOSTNAME", b"h" * 5000), (b"_CMDLINE", b"c" * 100000))
entry(10, *p, (b"MESSAGE", b"one"), (b"MESSAGE", b"two"))
entry(11, (b"SYSLOG_IDENTIFIER", b"pppd" + b"d" * 3000), (b"_UID", b"0"), (b"MESSAGE", b"other ident"))
entry(12, *p, (b"MESSAGE", b"last"), (b"SYSLOG_IDENTIFIER", b"sshd"))
END
journal_import "$T/odd.export" "$T/odd.journal"
"$dump" -M "$pppd" -e -j "$T/odd.journal" >"$T/odd.out" 2>"$T/odd.err"
is "odd entries end well" 0 $?
is "odd entries" 9 "$(wc -l <"$T/odd.out")"
is "a long message is cut" 65536 "$(field message "$T/odd.out" | sed -n 2p | tr -d '\n' | wc -c)"
is "and says so" 5 "$(field flags "$T/odd.out" | sed -n 2p)"
is "pids that are none" "0 34" "$(python3 -c 'import json, sys
print(*[r["pid"] for r in map(json.loads, open(sys.argv[1])) if r["message"] == "pid"])' "$T/odd.out")"
is "a source time that is none" 1 "$(field message "$T/odd.out" | grep -c -x time)"

# A damaged file: what can be read is read, and nothing hangs.
size=$(stat -c %s "$T/lab.journal")
for part in 3 2; do
	head -c $((size / part)) "$T/lab.journal" >"$T/cut.journal"
	timeout 20 "$dump" -M "$pppd" -e -j "$T/cut.journal" >"$T/cut.out" 2>"$T/cut.err"
	is "cut to 1/$part: ended by itself" yes "$([ $? -lt 124 ] && echo yes)"
done
cp "$T/lab.journal" "$T/holes.journal"
for at in 1 2 3 4 5 6 7; do
	dd if=/dev/urandom of="$T/holes.journal" bs=4096 count=2 seek=$((size / 8 * at / 4096)) conv=notrunc status=none
done
timeout 20 "$dump" -M "$pppd" -e -j "$T/holes.journal" >"$T/holes.out" 2>"$T/holes.err"
is "with holes: ended by itself" yes "$([ $? -lt 124 ] && echo yes)"
