#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Enforcer and guard die, each alone, by kill -9 at any moment while bans come in: the kernel goes on, both are back, no ban
# that was confirmed is lost, and the new ones know all of them: a flush right afterwards costs none either.
# Five times each; PB_LONG=1: twenty.
# alone: back within 300 ms
. "$(dirname "$0")/service.inc"
rounds=$([ -n "${PB_LONG:-}" ] && echo 20 || echo 5)
netns_new server
in_kernel() { # how many of 198.51.100.0/24 and 203.0.113.0/24
	if [ "$backend" = ipset ]; then in_server ipset list pptpban4; else in_server nft list set inet pptpban ban4; fi | grep -oE '(198\.51\.100|203\.0\.113)\.[0-9]+' | sort -u | wc -l
}
enforcer() { pgrep -P $pid -x pptpban-enforce; }
both() { [ -n "$(enforcer)" ] && [ -n "$(hookguard)" ] && d status | grep -q hooked=1; }

# stands in for the service manager: Restart=always, RestartSec=100ms
cat >"$T/manager" <<'END'
#!/bin/bash
trap '[ -z "$pid" ] || kill $pid; exit' TERM
while :; do
	"$@" &
	pid=$!
	wait $pid
	sleep 0.1
done
END
chmod +x "$T/manager"

for backend in ipset nftables; do
	rm -rf "$T/run"
	mkdir -p "$T/run"
	"$drive" limits "$T/run/limits" uid=0 backend=$backend
	enforcer_alone "$T/manager"
	wait_for 5 both
	d ban 3600 $(for i in $(seq 100); do echo 198.51.100.$i; done)
	wanted=100 lost=0 open=0 gone=0 alive=0 slowest=0
	for round in $(seq "$rounds"); do
		for victim in hookguard enforcer; do
			before="$(enforcer) $(hookguard)" address=203.0.113.$((wanted - 99))
			(until d ban 3600 $address >/dev/null 2>&1; do sleep 0.02; done) &
			banning=$!
			sleep 0.0$((RANDOM % 30))
			kill -9 "$($victim)"
			began=$(ms)
			hooked || open=$((open + 1)) # while nobody is there
			wait $banning
			wanted=$((wanted + 1))
			within 5000 both || gone=$((gone + 1))
			took=$(($(ms) - began))
			slowest=$((took > slowest ? took : slowest))
			for p in $before; do [ ! -e "/proc/$p" ] || [ "$(awk '/^State/ { print $2 }' "/proc/$p/status")" = Z ] || alive=$((alive + 1)); done
			[ "$(in_kernel)" = $wanted ] || lost=$((lost + 1))
			in_server nft flush ruleset
			within 300 eval 'hooked && [ "$(in_kernel)" = $wanted ]' || lost=$((lost + 1))
		done
	done
	is "$backend, $((2 * rounds)) kills: the hook was always there" 0 $open
	is "$backend, $((2 * rounds)) kills: both were back (the slowest after $slowest ms)" 0 $gone
	is "$backend, $((2 * rounds)) kills: neither was left behind by the other" 0 $alive
	is "$backend, $((2 * rounds)) kills: no ban was lost, nor by a flush afterwards" 0 $lost
	is "$backend, $((2 * rounds)) kills: all $wanted bans are in the kernel" $wanted "$(in_kernel)"
	# mutant: a guard that does not end with the enforcer, and nobody who starts them anew: the same checks say so
	victims="$(enforcer) $(hookguard)"
	kill -STOP $pid ${victims#* }
	kill -9 ${victims% *}
	ok "$backend, mutant: nobody is back" eval '! within 1000 both'
	is "$backend, mutant: one was left behind" T "$(awk '/^State/ { print $2 }' /proc/${victims#* }/status)"
	in_server nft flush ruleset
	ok "$backend, mutant: a flush takes hook and bans" eval '! within 300 hooked'
	kill -CONT $pid ${victims#* }
	wait_for 5 both
	enforcer_alone_stop
	ok "$backend: both end when they are told to" wait_for 2 eval '! ip netns pids "$server" | grep -q .'
	in_server nft flush ruleset
	in_server ipset destroy 2>/dev/null
done
