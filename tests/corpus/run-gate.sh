#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With and without the literal gate the same comes of the same lines: pptpd's filter together with dozens of fail2ban's,
# some of which must see every line, over all captured logs and over all of fail2ban's samples put together.
# CORPUS_LOGS and CORPUS_FILTERS as for run-corpus.sh.
set -eu
export LC_ALL=C TZ=UTC
src=${srcdir:-.}
logs=${CORPUS_LOGS:-/usr/lib/python3/dist-packages/fail2ban/tests/files/logs}
filters=${CORPUS_FILTERS:-/etc/fail2ban/filter.d}
pptpban=${PPTPBAN:-./pptpban}
if [ ! -d "$logs" ] || [ ! -d "$filters" ]; then
	echo "fail2ban with its tests is not installed (apt-get install fail2ban): no foreign filters to run"
	exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Four sets of filters, each with pptpd's: a set holds up to 64.
i=0
for f in "$filters"/*.conf; do
	name=$(basename "$f" .conf)
	case $name in *common*) continue ;; esac
	printf '[%s]\nenabled = yes\nmaxretry = 2\nfilter = %s\nsource = /none\n' "$name" "$name" >>"$dir/jails.$((i++ % 4))"
done
for set in 0 1 2 3; do
	{
		printf '[pptpban]\nfilter_dirs = %s/filters %s\n[pptpd]\nenabled = yes\n' "$(cd "$src" && pwd)" "$filters"
		cat "$dir/jails.$set"
	} >"$dir/$set.conf"
done

# What a line of a sample means does not matter here; each begins with the date that its filter wants.
for f in "$logs"/*; do
	[ ! -f "$f" ] || grep -avE '^#+ ?(failJSON|fileOptions|filterOptions|addFILE):' "$f" || :
done >"$dir/samples.log"
for f in "$src"/tests/captures/*/*.xz; do
	case $f in *journal*) continue ;; esac
	xz -dc "$f" >"$dir/$(basename "$f" .xz)"
done
printf 'Nov 22 19:13:30 lab pppd[1]: nothing of interest\n%.0s' {1..2000} >"$dir/quiet.log"

# The journals too, where there is a tool that makes a file of them.
remote=
for r in /lib/systemd/systemd-journal-remote /usr/lib/systemd/systemd-journal-remote; do [ ! -x "$r" ] || remote=$r; done
if [ -n "$remote" ]; then
	xz -dc "$src/tests/captures/lab/journal.export.xz" | "$remote" -o "$dir/lab.journal" - >/dev/null 2>&1
	for f in "$src"/tests/captures/fixtures/*.journal.jsonl.xz; do
		xz -dc "$f" | "$src/tests/tools/jsonl2export" | "$remote" -o "$dir/$(basename "$f" .journal.jsonl.xz).journal" - >/dev/null 2>&1
	done
fi

status=0 events=0 runs=0
for set in 0 1 2 3; do
	for log in "$dir"/*.log "$dir"/syslog.* "$dir"/*.journal; do
		[ -e "$log" ] || continue
		from=("$log")
		[[ $log != *.journal ]] || from=(--journal "$log")
		"$pptpban" replay --config "$dir/$set.conf" --jsonl "${from[@]}" >"$dir/gate" 2>"$dir/errors" || { cat "$dir/errors"; exit 1; }
		"$pptpban" replay --config "$dir/$set.conf" --jsonl --no-gate "${from[@]}" >"$dir/no-gate"
		runs=$((runs + 1)) events=$((events + $(grep -c '"type":"failure"' "$dir/gate" || :)))
		if ! cmp -s "$dir/gate" "$dir/no-gate"; then
			echo "$(basename "$log"): the gate changes what set $set finds"
			diff "$dir/gate" "$dir/no-gate" | head -n5 || :
			status=1
		fi
	done
done
echo "$runs logs and sets of filters, $events failures"
[ "$events" -gt 1000 ] || status=1
exit $status
