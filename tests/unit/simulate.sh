#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban simulate on a captured log: what replay says under each of two configurations, compared; the same one twice
# differs in nothing.
set -u
srcdir=${srcdir:-.}
srcdir=$(cd "$srcdir" && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-simulate-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0
is() { # WHAT WANTED GOT
	[ "$2" = "$3" ] && return
	printf '%s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
	status=1
}
log=$srcdir/tests/captures/lab/syslog.iso.xz
conf() { printf '[pptpban]\nfilter_dirs = %s/filters\n[pptpd]\nenabled = yes\n%s\n' "$srcdir" "$1"; }
conf '' >"$T/old"
conf 'maxretry = 3' >"$T/strict"
conf 'maxretry = 50' >"$T/mild"
for c in old strict mild; do ./pptpban replay --config "$T/$c" --jsonl "$log" >"$T/$c.jsonl"; done
bans() { grep -c '"type":"ban"' "$T/$1.jsonl"; }
who() { jq -r 'select(.type == "ban") | .addr' "$T/$1.jsonl" | sort -u; }

for c in strict mild; do
	./pptpban simulate --against "$T/old" --config "$T/$c" --json "$log" >"$T/json"
	is "exit status" 0 $?
	is "bans, before and after" "$(bans old) $(bans $c)" "$(jq -r '"\(.before.bans) \(.after.bans)"' "$T/json")"
	is "who is banned before" "$(who old)" "$(jq -r '.addresses[] | select(.before > 0) | .addr' "$T/json" | sort)"
	is "who is banned after" "$(who $c)" "$(jq -r '.addresses[] | select(.after > 0) | .addr' "$T/json" | sort)"
done
is "more are banned by the strict one" yes "$([ "$(who strict | wc -l)" -gt "$(who old | wc -l)" ] && echo yes)"
is "fewer by the mild one" yes "$([ "$(who mild | wc -l)" -lt "$(who old | wc -l)" ] && echo yes)"
# What happened while its address was banned, by replay's own lines.
while_banned() { # CONFIG KIND
	jq -rs --arg kind "$2" '[.[] | select(.type == "ban")] as $bans | [.[] | select(.type == $kind) as $s | $bans[] |
		select(.addr == $s.addr and $s.time > .time and (.until == null or $s.time < .until))] | length' "$T/$1.jsonl"
}
shut_out() { while_banned "$1" success; }
./pptpban simulate --against "$T/mild" --config "$T/strict" --json "$log" >"$T/json"
is "good logins shut out" "$(shut_out mild) $(shut_out strict)" \
	"$(jq -r '"\(.before.logins_shut_out) \(.after.logins_shut_out)"' "$T/json")"
is "there are some" yes "$([ "$(shut_out strict)" -gt 0 ] && echo yes)"
is "and whose they were is said" "$(jq -r '[.addresses[] | select(.logins_shut_out > 0)] | length' "$T/json")" \
	"$(./pptpban simulate --against "$T/mild" --config "$T/strict" "$log" | sed -n '/meanwhile/,$p' | grep -c 'shut out')"
is "guesses come through" $(($(grep -c '"type":"failure"' "$T/mild.jsonl") - $(while_banned mild failure))) "$(jq .before.guesses "$T/json")"

./pptpban simulate --against "$T/old" --config "$T/old" --json "$log" >"$T/json"
is "the same twice differs in nothing" "true 0" \
	"$(jq -r '"\(.before == .after) \([.addresses[] | select(.before != .after)] | length)"' "$T/json")"

wrong() { # CODE WORDS ARGUMENTS...
	code=$1 words=$2
	shift 2
	./pptpban simulate "$@" >"$T/out" 2>"$T/err"
	is "exit status of simulate $*" "$code" $?
	grep -qF -- "$words" "$T/err" || is "simulate $*" "$words" "$(cat "$T/err")"
}
wrong 2 "--config FILE, the configuration to be tried, is wanted" "$log"
wrong 2 "standard input cannot be read twice" --config "$T/old" -
wrong 2 "30d, 12h or forever would be" --config "$T/old" --since x "$log"
wrong 1 "$T/none" --against "$T/old" --config "$T/none" "$log"
exit $status
