#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Changing the base ruleset: with a way back that survives the command, its session and the guard's end, a confirmation
# that proves something, a start of the machine that knows only what was confirmed, and nothing of anybody else touched.
# lane: the locks and modules of iptables, and what all namespaces share
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
need_root
need_commands nft ipset iptables-nft iptables-legacy python3 cc
pptpban=$PB_BUILD/pptpban
backends="nftables iptables-nft iptables-legacy"

# place NAME BACKEND: a namespace $NAME of a server, with an administrator at 192.0.2.7 and a stranger at 192.0.2.9, and
# a configuration $T/NAME.conf in which only the first may reach tcp/22
place() {
	netns_new ns
	netns_new client
	eval "$1=$ns; $1_client=$client"
	ip -n "$ns" link add v0 type veth peer name v0 netns "$client"
	ip -n "$ns" addr add 192.0.2.1/24 dev v0
	ip -n "$client" addr add 192.0.2.7/24 dev v0
	ip -n "$client" addr add 192.0.2.9/24 dev v0
	ip -n "$ns" link set v0 up
	ip -n "$client" link set v0 up
	cat >"$T/$1.conf" <<END
[pptpban]
state_dir = $T/$1.state
runtime_dir = $T/$1.run
[firewall]
enabled = yes
backend = $2
address = 192.0.2.1
management = 22/tcp
admin_from = 192.0.2.0/29
END
	ip netns exec "$ns" python3 "$PB_SRC/tests/system/echo.py" serve 22 >/dev/null 2>&1 &
	started $!
	ip netns exec "$ns" python3 "$PB_SRC/tests/system/echo.py" serve 1723 >/dev/null 2>&1 &
	started $!
	wait_for 5 ip netns exec "$client" nc -z -w 1 192.0.2.1 22
}

# fw PLACE VERB...: of that place's server
fw() {
	eval "_n=\$$1"
	_c=$T/$1.conf
	shift
	ip netns exec "$_n" "$pptpban" firewall "$@" --config "$_c"
}

# reaches PLACE FROM PORT
reaches() {
	eval "_n=\$$1_client"
	ip netns exec "$_n" nc -z -w 1 -s "$2" 192.0.2.1 "$3"
}
cut_off() { ! reaches "$@"; }

# all PLACE: the rules and sets that packet filters have there; iptables leaves its empty tables behind
all() {
	eval "_n=\$$1"
	ip netns exec "$_n" sh -c 'nft list ruleset; iptables-legacy-save; ip6tables-legacy-save; ipset save' 2>/dev/null |
		sed 's/packets [0-9]* bytes [0-9]*//; s/\(expires\|timeout\) [0-9smh]*//g; s/^[ \t]*//' |
		grep -v -e '^[#:*}]' -e '^COMMIT' -e '^$' -e '^chain ' -e '^table ip6\? ' -e '^type '
}

# --- nobody is locked out by the end of a command: HUP, TERM and KILL to its whole process group, all at once
for backend in $backends; do
	for signal in HUP TERM KILL; do
		p=wait_${backend//-/_}_$signal
		place "$p" "$backend"
		all "$p" >"$T/$p.before"
	done
done
# mutant: whoever takes it back stays in the command's session
printf 'int setsid(void) { return 0; }\n' | cc -shared -fPIC -x c - -o "$T/no-setsid.so"
place mutant nftables
for backend in $backends; do
	for signal in HUP TERM KILL; do
		p=wait_${backend//-/_}_$signal
		eval "_n=\$$p"
		setsid ip netns exec "$_n" "$pptpban" firewall apply --confirm 15s --config "$T/$p.conf" >"$T/$p.out" 2>&1 &
		eval "${p}_pid=$!"
	done
done
for backend in $backends; do
	for signal in HUP TERM KILL; do
		p=wait_${backend//-/_}_$signal
		wait_for 5 grep -q "NEW session" "$T/$p.out"
		ok "$backend, $signal: it is applied" cut_off "$p" 192.0.2.9 22
		fw "$p" status >/dev/null
		is "$backend, $signal: and waits" 4 $?
		fw "$p" apply >/dev/null 2>&1
		is "$backend, $signal: a second change is refused" 4 $?
		eval "kill -$signal -- -\$${p}_pid"
	done
done
setsid env ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD="$T/no-setsid.so" ip netns exec "$mutant" "$pptpban" firewall apply --confirm 10s \
	--config "$T/mutant.conf" >"$T/mutant.out" 2>&1 &
mutant_pid=$! mutant_over=$(($(date +%s) + 16))
wait_for 5 grep -q "NEW session" "$T/mutant.out"
kill -KILL -- -$mutant_pid
ok "mutant, no session of its own: it is applied" cut_off mutant 192.0.2.9 22
# All of them were applied at about the same time: who is not taken back by then never is, and nobody is waited for alone.
then=$(($(date +%s) + 40))
by_then() {
	until "$@"; do
		[ "$(date +%s)" -lt $then ] || return 1
		sleep 0.1
	done
}
for backend in $backends; do
	for signal in HUP TERM KILL; do
		p=wait_${backend//-/_}_$signal
		eval "wait \$${p}_pid" 2>/dev/null
		ok "$backend, $signal: it is taken back" by_then reaches "$p" 192.0.2.9 22
		ok "$backend, $signal: and waits no more" by_then grep -q "^rolled back" "$T/$p.run-firewall/outcome"
		is "$backend, $signal: and all is as it was" "" "$(all "$p" | diff "$T/$p.before" -)"
	done
done

while [ "$(date +%s)" -lt $mutant_over ]; do sleep 0.2; done
ok "mutant, no session of its own: it is never taken back" cut_off mutant 192.0.2.9 22

for backend in $backends; do
	p=one_${backend//-/_}
	place "$p" "$backend"
	eval "n=\$$p"
	# rules of others, which nobody may touch
	ip netns exec "$n" nft -f - <<'END'
table inet theirs { chain c { type filter hook input priority 5; tcp dport 4711 drop; }; }
END
	ip netns exec "$n" iptables-nft -A INPUT -p tcp --dport 4712 -j DROP
	[ $backend != iptables-legacy ] || ip netns exec "$n" iptables-legacy -A INPUT -p tcp --dport 4713 -j DROP
	ip netns exec "$n" ipset create theirs hash:ip
	all "$p" >"$T/before"

	fw "$p" plan >"$T/plan" 2>&1
	is "$backend: a plan" 0 $?
	ok "$backend: tells what is new" grep -q "^+ .*control-new" "$T/plan"
	is "$backend: and changes nothing" "" "$(all "$p" | diff "$T/before" -)"
	fw "$p" check >/dev/null 2>&1
	is "$backend: the kernel would take it" 0 $?
	fw "$p" status >"$T/out" 2>&1
	is "$backend: nothing is applied" 3 $?

	# a policy that would cut the caller's own session
	SSH_CONNECTION="192.0.2.9 50000 192.0.2.1 22" fw "$p" apply --no-wait >"$T/out" 2>&1
	is "$backend: who would be locked out is refused" 1 $?
	ok "$backend: and told by which rule" grep -q "192.0.2.9 to port 22 would be CUT by the rule management" "$T/out"
	is "$backend: and nothing is changed" "" "$(all "$p" | diff "$T/before" -)"
	SSH_CONNECTION="192.0.2.9 50000 192.0.2.1 22" fw "$p" apply --no-wait --force --confirm 60s >/dev/null 2>&1
	is "$backend: with --force it waits" 4 $?
	ok "$backend: and spares him meanwhile" reaches "$p" 192.0.2.9 22

	SSH_CONNECTION="192.0.2.9 50000 192.0.2.1 22" fw "$p" confirm >/dev/null 2>&1
	is "$backend: the same session proves nothing" 1 $?
	fw "$p" rollback >/dev/null
	is "$backend: taken back by hand" 0 $?
	fw "$p" rollback >/dev/null 2>&1
	is "$backend: once" 3 $?
	is "$backend: all is as it was" "" "$(all "$p" | diff "$T/before" -)"

	SSH_CONNECTION="192.0.2.7 50000 192.0.2.1 22" fw "$p" apply --no-wait >/dev/null 2>&1
	SSH_CONNECTION="192.0.2.7 50001 192.0.2.1 22" fw "$p" confirm >"$T/out"
	is "$backend: a new session confirms" 0 $?
	ok "$backend: and is told what happens when the machine starts" grep -Eq "^confirmed.* when(ever)? the machine starts" "$T/out"
	fw "$p" status >"$T/out"
	is "$backend: confirmed" 0 $?
	ok "$backend: says status" grep -q "applied and confirmed" "$T/out"
	fw "$p" apply >/dev/null 2>&1
	is "$backend: applied again, nothing is to be done" 3 $?
	ok "$backend: the administrator comes in" reaches "$p" 192.0.2.7 22
	ok "$backend: a stranger does not" cut_off "$p" 192.0.2.9 22
	ok "$backend: but into the VPN" reaches "$p" 192.0.2.9 1723

	# a dry run of something else
	all "$p" >"$T/applied"
	cp "$T/$p.conf" "$T/$p.kept"
	echo 'deny_from = 192.0.2.9 198.51.100.0/24' >>"$T/$p.conf"
	fw "$p" check >/dev/null 2>&1
	is "$backend: the kernel would take something else" 0 $?
	ok "$backend: which is not applied by asking" reaches "$p" 192.0.2.9 1723
	is "$backend: nor is anything else" "" "$(all "$p" | diff "$T/applied" -)"
	cp "$T/$p.kept" "$T/$p.conf"

	# the machine starts anew while a change waits: only what was confirmed comes back
	echo 'deny_from = 192.0.2.9' >>"$T/$p.conf"
	fw "$p" apply --no-wait --confirm 60s >/dev/null 2>&1
	is "$backend: another change waits" 4 $?
	ok "$backend: and holds" cut_off "$p" 192.0.2.9 1723
	cp "$T/$p.state-firewall/last-good" "$T/kept"
	fw "$p" remove >/dev/null
	rm -rf "$T/$p.run-firewall"
	mv "$T/kept" "$T/$p.state-firewall/last-good"
	ok "$backend: nothing of it is left" reaches "$p" 192.0.2.9 22
	fw "$p" restore >"$T/out" 2>&1
	is "$backend: the start of the machine" 0 $?
	ok "$backend: brings back what was confirmed" cut_off "$p" 192.0.2.9 22
	ok "$backend: and not what was not" reaches "$p" 192.0.2.9 1723
	fw "$p" restore >/dev/null
	is "$backend: and does nothing when it stands" 3 $?

	# somebody takes a rule out
	if [ $backend = nftables ]; then
		handle=$(ip netns exec "$n" nft -a list chain inet pptpban_fw input | sed -n 's/.*"management".*handle \([0-9]*\)/\1/p')
		ip netns exec "$n" nft delete rule inet pptpban_fw input handle "$handle"
	else
		rule=$(ip netns exec "$n" "iptables-${backend#*-}" -S PPTPBAN-IN | sed -n 's/^-A \(.*--comment "\?management"\? .*\)/\1/p' | head -1)
		eval "ip netns exec $n iptables-${backend#*-} -D $rule"
	fi
	fw "$p" status >"$T/out"
	ok "$backend: status sees that a rule is gone" grep -q "altered by somebody else" "$T/out"
	fw "$p" restore >/dev/null
	ok "$backend: and restore brings it back" cut_off "$p" 192.0.2.9 22

	# a dry run changes no list that is in force
	cp "$T/$p.conf" "$T/kept"
	sed -i 's/^admin_from = .*/admin_from = 192.0.2.9/' "$T/$p.conf"
	fw "$p" check >/dev/null 2>&1
	ok "$backend: a check of another list" cut_off "$p" 192.0.2.9 22
	mv "$T/kept" "$T/$p.conf"

	fw "$p" remove >/dev/null
	is "$backend: removed" 0 $?
	ok "$backend: everybody comes in" reaches "$p" 192.0.2.9 22
	is "$backend: and nothing of ours is left" "" "$(all "$p" | grep -i "pptpban")"
	ok "$backend: theirs is" sh -c "ip netns exec $n nft list table inet theirs | grep -q 4711 && ip netns exec $n iptables-nft -S | grep -q 4712 && ip netns exec $n ipset list theirs >/dev/null"
	fw "$p" restore >/dev/null 2>&1
	is "$backend: the next start applies nothing" 3 $?
done

# --- the guard itself is killed: the change stays (so the guard it is), until the next command takes it back
place orphan nftables
fw orphan apply --no-wait --confirm 10s >/dev/null 2>&1
sleep 0.3
guards=$(ip netns pids "$orphan" | while read -r pid; do grep -lz "firewall" "/proc/$pid/cmdline" 2>/dev/null; done | cut -d/ -f3)
ok "a guard is there" test -n "$guards"
kill -9 $guards
sleep 11
ok "without a guard nothing is taken back" cut_off orphan 192.0.2.9 22
fw orphan plan >/dev/null 2>&1
fw orphan confirm >"$T/out" 2>&1
is "but the next command does it: too late to confirm" 3 $?
ok "and says so" grep -q "nobody confirmed in time is taken back" "$T/out"
ok "the stranger comes in again" reaches orphan 192.0.2.9 22

# --- a failure half way is taken back at once: the second family's program fails
place half iptables-nft
all half >"$T/before"
mkdir "$T/sbin"
target=$(readlink -f /usr/sbin/ip6tables-nft-restore)
cp "$target" "$T/sbin/multi"
cat >"$T/sbin/fails" <<END
#!/bin/sh
# of all its names, only that of the restore of IPv6 fails, and only when it is no test
case "\$0 \$*" in
*ip6tables-nft-restore*--test*) ;;
*ip6tables-nft-restore*) [ -e $T/mend ] || { echo "no such luck" >&2; exit 4; } ;;
esac
exec -a "\$(basename "\$0")" $T/sbin/multi "\$@"
END
sed -i '1s/.*/#!\/bin\/bash/' "$T/sbin/fails"
chmod 755 "$T/sbin/fails"
mount --bind "$T/sbin/fails" "$target"
fw half apply --no-wait >"$T/out" 2>&1
is "a failure half way" 1 $?
ok "is told" grep -q "no such luck" "$T/out"
touch "$T/mend"
ok "and everybody comes in as before" reaches half 192.0.2.9 22
umount "$target"
fw half status >/dev/null
is "nothing waits" 3 $?

# --- a tool that says it did all, and did not: the look afterwards finds it
place lossy iptables-nft
all lossy >"$T/before"
cat >"$T/sbin/fails" <<END
#!/bin/bash
exec -a "\$(basename "\$0")" $T/sbin/multi "\$@" < <(case "\$0 \$*" in
	*ip6tables-nft-restore*--test*) cat ;;
	*ip6tables-nft-restore*) sed '/--comment "management"/d' ;;
	*) cat ;;
	esac)
END
mount --bind "$T/sbin/fails" "$target"
fw lossy apply --no-wait >"$T/out" 2>&1
is "a rule that is lost on the way" 1 $?
ok "is told" grep -q "the kernel does not have what it was given: management is missing" "$T/out"
umount "$target"
is "and all is as it was" "" "$(all lossy | diff "$T/before" -)"

# --- what is in the way is said, and nothing is changed
place bad nftables
ip netns exec "$bad" nft -f - <<'END'
table inet pptpban_fw { chain theirs { tcp dport 4711 drop; }; }
END
fw bad apply --no-wait >"$T/out" 2>&1
is "a table of the same name" 1 $?
ok "is told" grep -q "is not ours" "$T/out"
fw bad remove >"$T/out" 2>&1
is "nor is it removed" 1 $?
ok "which is told, and it is there" sh -c "grep -q 'is not ours' '$T/out' && ip netns exec $bad nft list table inet pptpban_fw | grep -q 4711"
ip netns exec "$bad" nft delete table inet pptpban_fw
fw bad apply --confirm 3s >"$T/out" 2>&1
is "a time too short to confirm in" 2 $?
ok "is told" grep -q "from 10s to 1d" "$T/out"
sed 's/^enabled = yes/enabled = no/' "$T/bad.conf" >"$T/off.conf"
ip netns exec "$bad" "$pptpban" firewall plan --config "$T/off.conf" >"$T/out" 2>&1
ok "that the next start would apply nothing is told" grep -q "enabled = yes is not set" "$T/out"
chmod 777 "$T/bad.state-firewall"
fw bad apply --no-wait >"$T/out" 2>&1
is "a directory that others can write to" 1 $?
ok "is told, too" grep -q "somebody else can write there" "$T/out"
chmod 700 "$T/bad.state-firewall"
sed -i 's/^\[pptpban\]/&\nnetns = nowhere-at-all/' "$T/bad.conf"
fw bad apply --no-wait >"$T/out" 2>&1
is "a namespace that is not there" 1 $?
ok "is told, too" grep -q "netns = nowhere-at-all" "$T/out"
sed -i "s/^netns = .*/netns = $bad/" "$T/bad.conf"
"$pptpban" firewall apply --no-confirm --config "$T/bad.conf" >/dev/null
is "one that is there is entered" 0 $?
ok "and gets the ruleset" cut_off bad 192.0.2.9 22
is "the one of the command does not" "" "$(nft list table inet pptpban_fw 2>/dev/null)"

# --- a configuration that cannot be carried out any more hides nothing of what is in the kernel
place gone nftables
fw gone apply --no-confirm >/dev/null
printf 'deny_countries = DE\ndatabase = %s/none.mmdb\n' "$T" >>"$T/gone.conf"
fw gone status >"$T/out" 2>&1
is "status without the database" 1 $?
ok "says what is wrong" grep -q "none.mmdb: cannot be opened" "$T/out"
ok "and what is applied" grep -q "applied, but the configuration cannot be carried out" "$T/out"
fw gone apply --no-confirm >/dev/null 2>&1
is "nothing is applied then" 1 $?
ok "and what was stays" cut_off gone 192.0.2.9 22

# --- times: closed now, open by an override that ends by itself
place times nftables
hour=$(($(date -u +%-H) + 6))
printf 'open = daily %02d:00-%02d:30\ntimezone = UTC\n' $((hour % 24)) $((hour % 24)) >>"$T/times.conf"
fw times apply --no-confirm >/dev/null
ok "outside of the times nobody gets in" cut_off times 192.0.2.9 1723
fw times override 3s >/dev/null
ok "an override lets him in" reaches times 192.0.2.9 1723
sleep 3.2
ok "and ends by itself" cut_off times 192.0.2.9 1723
fw times override 1m --from 192.0.2.7 >/dev/null
ok "an override for one" reaches times 192.0.2.7 1723
ok "is for nobody else" cut_off times 192.0.2.9 1723
fw times override off >/dev/null
ok "and can be ended" cut_off times 192.0.2.7 1723

# --- what the rules of others let in is asked of a packet, and who drops it is named with what mends it
place way nftables
fw way plan >"$T/out" 2>&1
ok "nobody is in the way" grep -q "the rules of others let tcp/1723 in" "$T/out"
ip netns exec "$way" ipset create blocked hash:net
ip netns exec "$way" ipset add blocked 9.0.0.0/8
ip netns exec "$way" nft -f - <<'END'
table inet theirs {
	chain wall {
		type filter hook input priority 0; policy drop;
		ct state established,related accept
		tcp dport 22 accept
	}
}
table ip harmless { chain c { type filter hook input priority 7; tcp dport 4711 drop; }; }
END
fw way plan >"$T/out" 2>&1
ok "a table of others that drops it" grep -q "rules of others DROP tcp/1723" "$T/out"
ok "is named with what mends it" grep -q "table inet theirs; .*nft insert rule inet theirs wall tcp dport 1723 accept" "$T/out"
ok "and no other is" sh -c "! grep -q harmless '$T/out'"
ip netns exec "$way" nft insert rule inet theirs wall tcp dport 1723 accept
fw way plan >"$T/out" 2>&1
ok "which mends it" grep -q "the rules of others let tcp/1723 in" "$T/out"
ip netns exec "$way" iptables-nft -A INPUT -p tcp --dport 1723 -m set --match-set blocked src -j DROP
fw way plan >"$T/out" 2>&1
ok "a rule of iptables-nft with a set" grep -q "  iptables; .*iptables-nft -I INPUT" "$T/out"
ip netns exec "$way" iptables-nft -F
ip netns exec "$way" iptables-legacy -N ufw-user-input
ip netns exec "$way" iptables-legacy -A INPUT -j ufw-user-input
ip netns exec "$way" iptables-legacy -P INPUT DROP
sed -i 's/^backend = .*/backend = nftables/' "$T/way.conf"
fw way plan >"$T/out" 2>&1
ok "ufw, by its chains" grep -q "iptables-legacy (ufw); .*ufw allow 1723/tcp" "$T/out"
ok "that both kinds are there is told, too" grep -q "iptables-legacy and of nftables" "$T/out"
is "and nothing is changed by looking" "" "$(ip netns exec "$way" nft list tables | grep pptpban)"

# --- 100,000 networks
for backend in $backends; do
	p=many_${backend//-/_}
	place "$p" "$backend"
	{
		printf 'allow_from =\n'
		awk 'BEGIN { for (i = 0; i < 50000; i++) printf "    %d.%d.%d.0/24\n", 20 + int(i / 32768), int(i / 128) % 256, i % 128 * 2 }'
		printf 'deny_from =\n'
		awk 'BEGIN { for (i = 0; i < 50000; i++) printf "    %d.%d.%d.0/24\n", 60 + int(i / 32768), int(i / 128) % 256, i % 128 * 2 }'
	} >>"$T/$p.conf"
	start=$(date +%s%N)
	fw "$p" apply --no-confirm >/dev/null
	is "$backend: 100,000 networks are applied" 0 $?
	echo "# $backend: 100,000 networks in $((($(date +%s%N) - start) / 1000000)) ms"
	start=$(date +%s%N)
	fw "$p" apply --no-confirm >/dev/null
	is "$backend: and nothing is to be done afterwards" 3 $?
	echo "# $backend: nothing to do in $((($(date +%s%N) - start) / 1000000)) ms"
done
