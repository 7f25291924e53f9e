#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Enforcer and guard die, each alone, by kill -9 at any moment while bans come in: the kernel goes on, both are back, no ban
# that was confirmed is lost, and the new ones know all of them: a flush right afterwards costs none either.
# Five times each; PB_LONG=1: twenty.
# alone: back within 300 ms
. "$(dirname "$0")/lib.sh"
need_root
need_commands ip nft ipset python3 pgrep
drive=$PB_BUILD/enforce-drive
rounds=$([ -n "${PB_LONG:-}" ] && echo 20 || echo 5)
netns_new server
in_server() { ip netns exec "$server" "$@"; }
d() { timeout 5 "$drive" "$T/run/socket" "$@"; }
ms() { echo $(($(date +%s%N) / 1000000)); }
within() { # MILLISECONDS COMMAND...
	_limit=$(($(ms) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(ms)" -lt $_limit ] || return 1
		sleep 0.01
	done
}
hooked() {
	if [ "$backend" = ipset ]; then
		in_server nft list table ip pptpban 2>/dev/null | grep -q 'xt match.*drop'
	else
		[ "$(in_server nft list table inet pptpban 2>/dev/null | grep -c 'saddr @.*drop')" = 4 ]
	fi
}
in_kernel() { # how many of 198.51.100.0/24 and 203.0.113.0/24
	if [ "$backend" = ipset ]; then in_server ipset list pptpban4; else in_server nft list set inet pptpban ban4; fi | grep -oE '(198\.51\.100|203\.0\.113)\.[0-9]+' | sort -u | wc -l
}
enforcer() { pgrep -P $manager -x pptpban-enforce; }
guard() { pgrep -P "$(enforcer)" -x pptpban-hookgua; }
both() { [ -n "$(enforcer)" ] && [ -n "$(guard)" ] && d status | grep -q hooked=1; }

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
	: >"$T/log"
	"$drive" limits "$T/run/limits" uid=0 backend=$backend
	ip netns exec "$server" "$T/manager" "$PB_BUILD/pptpban-hookguard" --limits "$T/run/limits" --socket "$T/run/socket" --user nobody 2>>"$T/log" &
	manager=$!
	started $manager
	wait_for 5 both
	d ban 3600 $(for i in $(seq 100); do echo 198.51.100.$i; done)
	wanted=100 lost=0 open=0 gone=0 alive=0 slowest=0
	for round in $(seq "$rounds"); do
		for victim in guard enforcer; do
			before="$(enforcer) $(guard)" address=203.0.113.$((wanted - 99))
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
	kill $manager
	wait $manager 2>/dev/null
	ok "$backend: both end when they are told to" wait_for 2 eval '! ip netns pids "$server" | grep -q .'
	in_server nft flush ruleset
	in_server ipset destroy 2>/dev/null
done
