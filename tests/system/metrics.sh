#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban metrics beside a service that bans: both formats as their own readers see them, figures that are those of
# status, a file that is there whole or not at all, and a dashboard that asks for nothing that does not exist.
. "$(dirname "$0")/service.inc"
need_commands promtool
netns_new server

configure
touch "$T/log"
"$pptpban" metrics --runtime "$T/run" >"$T/down" 2>"$T/err"
is "nobody answers: exit code 4" 4 $?
is "and that is a figure" "pptpban_up 0" "$(grep '^[^#]' "$T/down")"

service_start
ok "the enforcer is there" wait_for 5 enforced
attack "$T/log" 192.0.2.66 3
attack "$T/log" 192.0.2.67 1
ok "somebody is banned" wait_for 5 banned 192.0.2.66
ok "all is read" wait_for 5 caught_up
ask metrics >"$T/open"
is "exit code" 0 $?
ask metrics --format prometheus >"$T/text"
ok "promtool takes the text format without a word" sh -c "promtool check metrics <'$T/text' >'$T/lint' 2>&1 && ! test -s '$T/lint'"
sed '/^# HELP pptpban_bans /d' "$T/text" >"$T/mutant"
ok "it has something to say about one without its help" sh -c "! promtool check metrics <'$T/mutant' >/dev/null 2>&1"
openmetrics() {
	/usr/bin/python3 - "$1" <<-'E'
	import sys
	from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
	print(sum(len(f.samples) for f in families(open(sys.argv[1]).read())))
	E
}
is "a strict reader takes OpenMetrics, every sample of it" "$(grep -c '^[^#]' "$T/open")" "$(openmetrics "$T/open" 2>&1)"
sed '/^# EOF/d' "$T/open" >"$T/mutant"
is "but none that is cut off" "ValueError: Missing # EOF at end" "$(openmetrics "$T/mutant" 2>&1 | tail -n 1)"
is "the two differ in heads alone" "$(grep '^[^#]' "$T/open" | cut -d' ' -f1)" "$(grep '^[^#]' "$T/text" | cut -d' ' -f1)"

figure() { awk -v m="$1" '$1 == m { print $2 }' "$T/text"; }
figures() { ask metrics --format prometheus >"$T/text"; ask status --json >"$T/status"; }
figures
for pair in pptpban_up:1 pptpban_bans:1 pptpban_failures_total:4 pptpban_decided_bans_total:1 \
	pptpban_enforcer_hooked:1 pptpban_enforcer_entries:1 "pptpban_source_lines_total{source=\"$T/log\"}:$(wc -l <"$T/log")"; do
	is "${pair%:*}" "${pair##*:}" "$(figure "${pair%:*}")"
done
is "the start, as status has it" "$(jq .since "$T/status")" "$(figure pptpban_start_time_seconds)"
is "no metric of the table is unknown to the service" "" \
	"$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$T/text" | while read -r m; do grep -q "^$m[ {]" "$T/text" || echo "$m"; done)"

mkdir "$T/textfile"
ok "into a file" ask metrics --format prometheus --output "$T/textfile/pptpban.prom"
is "whole, and nothing beside it" "pptpban.prom" "$(ls "$T/textfile")"
is "readable for its collector" 644 "$(stat -c %a "$T/textfile/pptpban.prom")"
ok "promtool takes it" sh -c "promtool check metrics <'$T/textfile/pptpban.prom' >/dev/null 2>&1"
ask metrics --output "$T/no/such/dir" 2>"$T/err"
is "a file that cannot be written: exit code 1" 1 $?
ok "which names it" grep -q "$T/no/such/dir: No such file" "$T/err"
ask metrics --format xml 2>"$T/err"
is "an unknown format: exit code 2" 2 $?
ok "and those that are known" grep -q "openmetrics and prometheus are known" "$T/err"

is "every metric of the dashboard is there" "" \
	"$(jq -r '.. | .expr? // empty' "$PB_SRC/etc/grafana-dashboard.json" | grep -o 'pptpban_[a-z_]*' | sort -u |
		while read -r m; do grep -q "^$m[ {]" "$T/text" || echo "$m"; done)"
service_stop
