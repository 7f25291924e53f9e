#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The base ruleset stays in force: whoever flushes it is seen by the enforcer, which asks root, who restores what was
# confirmed; and fresh, as to countries and times, but for what somebody has yet to decide.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
need_root
need_commands nft ipset iptables-nft iptables-legacy jq faketime
perl -MMaxMind::DB::Writer::Tree -e1 2>/dev/null || skip_all "needs libmaxmind-db-writer-perl"
pptpban=$PB_BUILD/pptpban
drive=$PB_BUILD/enforce-drive
netns_new server
netns_new outside
ip link add name v0 netns "$server" type veth peer name v0 netns "$outside"
ip -n "$server" address add 192.0.2.1/24 dev v0
for a in 7 9; do ip -n "$outside" address add 192.0.2.$a/24 dev v0; done
for n in "$server" "$outside"; do ip -n "$n" link set v0 up; done
ip netns exec "$server" python3 "$PB_SRC/tests/system/echo.py" serve 22 >/dev/null 2>&1 &
started $!
reaches() { ip netns exec "$outside" python3 "$PB_SRC/tests/system/echo.py" try 192.0.2.1 22 "$1"; }
cut_off() { ! reaches "$1"; }
fw() { in_server "$pptpban" firewall "$@" --config "$T/conf"; }

cat >"$T/write.pl" <<'END'
use MaxMind::DB::Writer::Tree;
my ($file, @nets) = @ARGV;
my %types = (country => 'map', iso_code => 'utf8_string');
my $tree = MaxMind::DB::Writer::Tree->new(ip_version => 4, record_size => 24, database_type => 'Test-Country',
	languages => ['en'], description => { en => 'test' }, map_key_type_callback => sub { $types{ $_[0] } },
	remove_reserved_networks => 0);
for (@nets) { my ($net, $code) = split /=/; $tree->insert_network($net, { country => { iso_code => $code } }) }
open my $out, '>:raw', $file or die;
$tree->write_tree($out);
END
database() { perl "$T/write.pl" "$T/db.new" "$@" && mv "$T/db.new" "$T/db"; }
configure() { # BACKEND LINES...
	cat >"$T/conf" <<-END
		[pptpban]
		state_dir = $T/state
		runtime_dir = $T/run
		[firewall]
		enabled = yes
		backend = $1
		address = 192.0.2.1
		management = 22/tcp
		admin_from = 192.0.2.7
		database = $T/db
	END
	shift
	printf '%s\n' "$@" >>"$T/conf"
}
rules() { # as the kernel has them, without counters and elements
	in_server sh -c 'nft -s list table inet pptpban_fw; iptables-nft-save; iptables-legacy-save' 2>/dev/null | grep -i pptpban-revision
}
times() { # the years in which it is open
	if [ "$backend" = nftables ]; then
		in_server nft list set inet pptpban_fw times
	else
		in_server iptables-${backend#*-}-save | grep -o -e '--date[a-z]* [0-9]*'
	fi
}
country() { # NETWORK: is it in the set?
	if [ "$backend" = nftables ]; then in_server nft get element inet pptpban_fw countries4 "{ $1 }"; else in_server ipset test pptpban-countries4 "$1"; fi
}

start_enforcer() {
	ip netns exec "$server" "$PB_BUILD/pptpban-hookguard" --limits "$T/run-enforcer/limits" --socket "$T/socket" --user nobody 2>>"$T/log" &
	enforcer=$!
	started $enforcer
	wait_for 5 timeout 2 "$drive" "$T/socket" status
	: >"$T/restored"
}
# A restore by iptables-nft makes the enforcer ask once more, as it cannot be told from others'. Begin with peace.
settle() {
	sleep 1
	kill $enforcer
	wait $enforcer 2>/dev/null
	sleep 0.5
	start_enforcer
}

for backend in ${PB_FIREWALL:-nftables iptables-nft iptables-legacy}; do
	rm -rf "$T/state-firewall" "$T/run-firewall" "$T/run-enforcer"
	database 203.0.113.0/24=DE 198.51.100.0/24=FR
	configure $backend "allow_countries = DE" "open = Mon-Sun 00:00-24:00" "timezone = UTC"
	fw restore 2>"$T/err"
	is "$backend: nothing was confirmed yet: restore does nothing" 3 $?
	fw refresh 2>"$T/err"
	is "$backend: nor does refresh" 3 $?
	ok "$backend: apply" fw apply --no-confirm
	ok "$backend: the stranger is refused" cut_off 192.0.2.9
	ok "$backend: the administrator is not" reaches 192.0.2.7
	fw restore >"$T/out"
	is "$backend: it stands: restore does nothing" 3 $?

	# the enforcer asks; a loop stands in for pptpban-firewall.path and its service
	mkdir -p "$T/run-enforcer"
	"$drive" limits "$T/run-enforcer/limits" uid="$(id -u daemon)" backend=$([ $backend = nftables ] && echo nftables || echo ipset)
	: >"$T/log"
	start_enforcer
	(
		while :; do
			if [ -e "$T/run-enforcer/ruleset/lost" ]; then fw restore >>"$T/restored" 2>&1; else sleep 0.02; fi
		done
	) &
	path=$!
	started $path
	before=$(rules)
	whole() { [ "$(rules)" = "$before" ] && cut_off 192.0.2.9; }
	sleep 0.2
	is "$backend: nobody is asked without a reason" "" "$(cat "$T/restored")"
	if [ $backend = iptables-legacy ]; then
		# nothing announces this: while there are bans it is looked for, where the firewall says that it stands there
		settle
		printf '\017' >"$T/run-enforcer/ruleset/legacy"
		"$drive" "$T/socket" ban 600 203.0.113.200
		sleep 0.7
		for attack in "iptables-legacy -F" "iptables-legacy -F INPUT" "iptables-legacy -t raw -F"; do
			: >"$T/restored"
			began=$(ms)
			in_server $attack
			ok "$backend: $attack: restored" wait_for 5 eval 'grep -q "applied what was confirmed last" "$T/restored" && [ "$(rules)" = "$before" ]'
			echo "# $backend: $attack: back after $(($(ms) - began)) ms"
			ok "$backend: $attack: the stranger is refused again" cut_off 192.0.2.9
		done
		# and else the daily refresh, the next start or a restore by hand see it
		"$drive" "$T/socket" unban 203.0.113.200
		sleep 1
		in_server iptables-legacy -F
		sleep 1
		ok "$backend: mutant: unseen, the stranger gets in" reaches 192.0.2.9
		fw refresh >"$T/out"
		is "$backend: refresh finds it and restores" "0 applied what was confirmed last" "$? $(cat "$T/out")"
		ok "$backend: the stranger is refused again" cut_off 192.0.2.9
	else
		tool=nft
		attacks=("nft flush ruleset" "nft delete table inet pptpban_fw" "nft flush chain inet pptpban_fw input")
		if [ $backend = iptables-nft ]; then
			tool=iptables-nft
			attacks=("nft flush ruleset" "iptables-nft -F" "iptables-nft -F INPUT" "iptables-nft -t raw -F")
		fi
		for attack in "${attacks[@]}"; do
			settle
			began=$(ms)
			in_server $attack
			ok "$backend: $attack: restored" wait_for 5 eval 'grep -q "applied what was confirmed last" "$T/restored" && [ "$(rules)" = "$before" ]'
			echo "# $backend: $attack: back after $(($(ms) - began)) ms"
			ok "$backend: $attack: the stranger is refused again" cut_off 192.0.2.9
			program=$(echo "$attack" | cut -c1-12)
			ok "$backend: $attack: and who it was is known to root" grep -q "since ${program%% *}.* (pid [0-9]*) had taken rules out" "$T/restored"
			ok "$backend: $attack: and to the log" grep -q "rules were taken out of the base ruleset.*${program%% *}" "$T/log"
		done
		ok "$backend: and to firewall status" sh -c "ip netns exec $server '$pptpban' firewall status --config '$T/conf' | grep -q 'restored after'"
		settle
		in_server nft 'add table inet other; add chain inet other c; add rule inet other c accept; delete table inet other'
		in_server iptables-nft -A INPUT -p udp --dport 9 -j DROP
		in_server iptables-nft -D INPUT -p udp --dport 9 -j DROP
		sleep 0.5
		is "$backend: rules of others are nothing to ask about" "" "$(cat "$T/restored")"

		# a change that waits is not undone by it
		settle
		configure $backend "allow_countries = FR" "open = Mon-Sun 00:00-24:00" "timezone = UTC"
		fw apply --confirm 60s --no-wait >/dev/null
		is "$backend: a change waits" 4 $?
		in_server nft flush ruleset
		ok "$backend: what waits for confirmation is not replaced" wait_for 5 grep -q "a change waits" "$T/restored"
		fw rollback >/dev/null
		ok "$backend: rolled back" wait_for 5 whole
		configure $backend "allow_countries = DE" "open = Mon-Sun 00:00-24:00" "timezone = UTC"

		# a fight: asked ever more slowly
		settle
		for i in $(seq 60); do
			in_server nft flush ruleset
			sleep 0.05
		done
		n=$(grep -c "applied what" "$T/restored")
		is "$backend: a fight of 60 flushes: restored a few times at most ($n)" yes "$([ "$n" -le 20 ] && echo yes)"
		ok "$backend: a fight: and at last" wait_for 20 whole
	fi
	kill $enforcer $path
	wait $enforcer $path 2>/dev/null

	# a fresh database
	ok "$backend: before: one network" country 203.0.113.5
	fw refresh >"$T/out"
	is "$backend: nothing to refresh" 3 $?
	database 203.0.113.0/24=DE 192.88.99.0/24=DE 198.51.100.0/24=FR
	ok "$backend: another database: refresh" fw refresh
	ok "$backend: the new network is in" country 192.88.99.7
	ok "$backend: the old one still" country 203.0.113.5
	ok "$backend: status: applied and confirmed" sh -c "ip netns exec $server '$pptpban' firewall status --config '$T/conf' | grep -q 'applied and confirmed'"
	database 203.0.113.0/24=DE 198.51.100.0/24=FR
	ok "$backend: and back: refresh twice in a row" fw refresh
	ok "$backend: what is gone from the database is gone" eval '! country 192.88.99.7'
	head -c 300 "$T/db" >"$T/db.cut" && mv "$T/db.cut" "$T/db"
	fw refresh >"$T/out" 2>"$T/err"
	is "$backend: a broken database: exit 1" 1 $?
	ok "$backend: and it is said" grep -q "stay as they were" "$T/err"
	ok "$backend: the last good networks stay" country 203.0.113.5
	rm "$T/db"
	fw refresh >"$T/out" 2>"$T/err"
	is "$backend: no database: exit 1" 1 $?
	ok "$backend: the last good networks still stay" country 203.0.113.5
	ok "$backend: and are what the next start applies" eval 'in_server nft flush ruleset; in_server iptables-legacy -F; fw restore && country 203.0.113.5'
	database 203.0.113.0/24=DE 192.88.99.0/24=DE 198.51.100.0/24=FR
	# what somebody has yet to decide is not decided by a timer
	for change in "allow_countries = DE FR|open = Mon-Sun 00:00-24:00" "allow_countries = DE|open = Mon-Fri 08:00-18:00" \
		"allow_countries = DE|open = Mon-Sun 00:00-24:00|rate = 3/minute" "deny_countries = DE|open = Mon-Sun 00:00-24:00"; do
		configure $backend "timezone = UTC"
		echo "$change" | tr '|' '\n' >>"$T/conf"
		before=$(rules)
		fw refresh >"$T/out" 2>"$T/err"
		is "$backend: $change: is for somebody to apply" 3 $?
		ok "$backend: $change: and that is said" grep -q "pptpban firewall apply" "$T/err"
		is "$backend: $change: nothing was applied" "$before" "$(rules)"
	done
	# another year: the same times
	configure $backend "allow_countries = DE" "open = Mon-Sun 00:00-24:00" "timezone = UTC"
	fw refresh >/dev/null
	before=$(rules)
	ok "$backend: in another year: refresh" in_server faketime '2031-03-01' "$pptpban" firewall refresh --config "$T/conf"
	is "$backend: in another year: other times" no "$([ "$before" = "$(rules)" ] && echo yes || echo no)"
	ok "$backend: in another year: of that year" eval 'times | grep -q 2031'
	is "$backend: in another year: and not of the last one" 0 "$(times | grep -c "$(($(date -u +%Y) - 1))")"
	in_server faketime '2031-03-01' "$pptpban" firewall refresh --config "$T/conf" >/dev/null
	is "$backend: in another year: a second refresh has nothing to do" 3 $?
	ok "$backend: in another year: countries are still there" country 203.0.113.5
	ok "$backend: back in this year" fw refresh
	is "$backend: back in this year: the times are those of before" "$before" "$(rules)"
	sed -i 's/enabled = yes/enabled = no/' "$T/conf"
	fw refresh 2>/dev/null
	is "$backend: not enabled: nothing to refresh" 3 $?
	fw remove >/dev/null
	in_server nft flush ruleset
	in_server ipset destroy 2>/dev/null
done
