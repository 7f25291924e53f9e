#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Replay goes by the dates that a filter finds in its lines, where no source could read them: a ban covers what follows
# within it, and ends.
set -u
export LC_ALL=C TZ=UTC
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-replay-test-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0
is() { [ "$2" = "$3" ] || { echo "$1: wanted \"$2\", got \"$3\""; status=1; }; }

cat >"$T/web.conf" <<'EOT'
[Definition]
failregex = ^<ADDR> - \S+ \[\] "GET /login\S* HTTP/[\d.]+" 401\b
datepattern = ^[^\[]*\[({DATE})
EOT
cat >"$T/pptpban.conf" <<EOT
[pptpban]
filter_dirs = $T
[pptpd]
enabled = no
[web]
enabled = yes
filter = web
source = $T/log
maxretry = 3
findtime = 10m
bantime = 1h
bantime.increment = no
EOT
for t in 10:0{0,1,2,3,4,5,6,7,8} 12:0{0,1,2,3}; do
	echo "198.51.100.1 - - [03/Mar/2025:$t:00 +0000] \"GET /login HTTP/1.1\" 401 12"
done >"$T/log"
for how in "" --no-gate; do
	./pptpban replay --config "$T/pptpban.conf" --jsonl $how "$T/log" >"$T/out" || { echo "replay failed"; status=1; }
	is "one ban for each hour$how" "2025-03-03T10:02:00Z 2025-03-03T12:02:00Z" \
		"$(sed -n 's/.*"type":"ban","time":\([0-9]*\).*/\1/p' "$T/out" | while read -r t; do date -ud "@$t" +%FT%TZ; done | tr '\n' ' ' | sed 's/ $//')"
	is "the time that the log spans$how" 7380 "$(sed -n 's/.*"summary".*"seconds":\([0-9]*\).*/\1/p' "$T/out")"
done
exit $status
