#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who is never banned: this machine, its gateways, its DNS servers, who is logged in, also through a tunnel; that it is
# said, counted, and over when its reason is; and that nobody gets there by a connection, a name or a process of his own.
# spare.sh [ROUNDS]: how often a session comes and goes under attack, 3 unless said.
. "$(dirname "$0")/service.inc"
private_mounts "$@"
need_commands nc
rounds=${1:-3}
# a /run, /etc and /var/log of its own: sessions, utmp, resolv.conf
cp -a /etc "$T/etc"
mount --bind "$T/etc" /etc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir -p /run/systemd/sessions /run/systemd/resolve /run/sshd /run/lock
rm -f /etc/resolv.conf
echo "nameserver 192.0.2.53" >/etc/resolv.conf
echo "nameserver 192.0.2.54" >/run/systemd/resolve/resolv.conf

netns_new server
netns_new outside
ip link add name v0 netns "$server" type veth peer name v0 netns "$outside"
for n in "$server" "$outside"; do ip -n "$n" link set v0 up; done
ip -n "$server" address add 192.0.2.10/24 dev v0
ip -n "$server" address add 2001:db8:1::10/64 dev v0 nodad
for a in 66 77; do ip -n "$outside" address add 192.0.2.$a/24 dev v0; done
ip -n "$server" route add default via 192.0.2.1
ip -n "$server" route add default via 2001:db8:1::1
# two tunnels that are up, and who calls whom
ip -n "$server" link add ppp0 type veth peer name ppp0far
ip -n "$server" link set ppp0 up
ip -n "$server" address add 10.0.0.1 peer 10.0.0.7/32 dev ppp0
ip -n "$server" address add 10.0.0.1 peer 10.0.0.8/32 dev ppp0
pppd() { # REAL-UID ARGUMENT...
	python3 -c 'import os, sys, time
open("/proc/self/comm", "w").write("pppd")
os.setresuid(int(sys.argv[1]), int(sys.argv[1]), int(sys.argv[1]))
print(flush=True)
time.sleep(3000)' "$@" >"$T/pppd.$3" &
	started $!
	wait_for 5 test -s "$T/pppd.$3"
}
pppd 0 10.0.0.1:10.0.0.7 remotenumber 192.0.2.88
pppd 0 10.0.0.1:10.0.0.8 remotenumber 192.0.2.89
pppd 65534 10.0.0.1:10.0.0.7 remotenumber 192.0.2.90

session() { # NUMBER HOST [LINE...]: one of logind's, put there whole
	printf '%s\n' UID=0 ACTIVE=1 STATE=active REMOTE=1 "REMOTE_HOST=$2" CLASS=user TYPE=tty SERVICE=sshd "${@:3}" >/run/systemd/.new
	mv /run/systemd/.new "/run/systemd/sessions/$1"
}
ends() { rm -f "/run/systemd/sessions/$1"; }
said() { grep -q "$1 is spared: $2" "$T/service.log"; }
# guessed ADDR COUNT: so many failures of it have been read
failures() { ask why "$1" --json | jq '.evidence | length'; }
guesses() { # ADDR COUNT: and waits until they are read
	before=$(counted)
	attack "$T/log" "$1" "$2"
	wait_for 5 counted_up $((before + $2))
}
counted() { ask status --json | jq .engine.failures; }
counted_up() { [ "$(counted)" -ge "$1" ]; }
free() { ! banned "$1"; }

configure "ignoreself = no"
: >"$T/log"
session 1 192.0.2.77
service_start
ok "the enforcer is there" wait_for 5 enforced
ask status --json >"$T/status"
is "status: who is spared" '192.0.2.10 192.0.2.1 2001:db8:1::1 192.0.2.53 192.0.2.54 192.0.2.77' "$(jq -r \
	'.spare | [(.own.addresses[] | select(startswith("192"))), .gateway.addresses[], .dns.addresses[], .admins.addresses[]] | join(" ")' "$T/status")"
ok "and in words" sh -c "'$pptpban' status --runtime '$T/run' | grep -q '^spared .*gateway 192.0.2.1 2001:db8:1::1, dns 192.0.2.53 192.0.2.54, admins 192.0.2.77; 0 bans not made'"

# --- machine, gateway, DNS servers
for a in "192.0.2.10 it is this machine's own (spare = own)" "192.0.2.1 it is a default gateway of this machine (spare = gateway)" \
	"192.0.2.53 it is a DNS server of this machine (spare = dns)" "192.0.2.54 it is a DNS server of this machine (spare = dns)" \
	"192.0.2.77 somebody is logged in on this machine from there (spare = admins)"; do
	guesses "${a%% *}" 5
	ok "${a%% *} is not banned" free "${a%% *}"
	ok "and it is said why: ${a#* }" said "${a%% *}" "${a#* }"
	is "once for three that would have banned" 1 "$(grep -c "${a%% *} is spared" "$T/service.log")"
	is "its failures are shown" 5 "$(failures "${a%% *}")"
	ask why "${a%% *}" >"$T/out"
	ok "why says it" grep -qF "spared     ${a#* }" "$T/out"
	ask ban "${a%% *}" 2>"$T/err"
	is "nor by hand" 1 $?
	ok "with the reason" grep -qF "${a#* }" "$T/err"
done
is "fifteen bans were not made" 15 "$(ask status --json | jq .engine.spared)"
ask ban 2001:db8:1::1 2>"$T/err"
is "the gateway of the other family neither" 1 $?
ask ban 192.0.2.0/25 2>"$T/err"
is "nor a network with one of them in it" 1 $?
guesses 192.0.2.66 3
ok "anybody else is banned" wait_for 2 banned 192.0.2.66
ask unban 192.0.2.66 >"$T/out"
ip -n "$server" route replace default via 192.0.2.2
guesses 192.0.2.2 3
ok "a new gateway is spared at once" free 192.0.2.2
guesses 192.0.2.1 1
ok "the old one no longer" wait_for 2 banned 192.0.2.1
echo "nameserver 192.0.2.55" >/run/systemd/resolve/.new
mv /run/systemd/resolve/.new /run/systemd/resolve/resolv.conf
guesses 192.0.2.55 3
ok "a new DNS server behind systemd-resolved, too" free 192.0.2.55
guesses 192.0.2.54 1
ok "and not the one before" wait_for 2 banned 192.0.2.54
# changed twice within one tick of the file's time stamp, in place, and no longer than before
echo "nameserver 192.0.2.56" >/etc/resolv.conf
ask status >/dev/null # it is read
touch -r /etc/resolv.conf "$T/tick"
echo "nameserver 192.0.2.57" >/etc/resolv.conf
touch -r "$T/tick" /etc/resolv.conf
guesses 192.0.2.57 3
ok "what was read shortly after a change is read again" free 192.0.2.57
# --- sessions
ends 1
guesses 192.0.2.77 1
ok "when the session ends the next failure bans" wait_for 2 banned 192.0.2.77
session 1 192.0.2.77
guesses 192.0.2.77 1
ok "a session after the ban ends nothing" banned 192.0.2.77
is "unban does" "1 ban ended" "$(ask unban 192.0.2.77)"
guesses 192.0.2.77 4
ok "and then it is spared" free 192.0.2.77
ends 1
n=0
for i in $(seq "$rounds"); do # a session comes and goes, the guesses never stop
	a=192.0.3.$((i % 250 + 1))
	session 2 $a
	guesses $a 4
	free $a && n=$((n + 1))
	ends 2
	attack "$T/log" $a 1
	wait_for 2 banned $a && n=$((n + 1))
done
is "$rounds sessions that come and go: spared and banned as they should be" $((2 * rounds)) $n
session 3 192.0.2.80 STATE=closing
session 4 192.0.2.81 CLASS=greeter
session 5 192.0.2.82 SERVICE=ppp
session 6 192.0.2.83 REMOTE=0
for a in "80 that is closing" "81 of a greeter" "82 of the VPN's own login" "83 of this machine's own console"; do
	guesses "192.0.2.${a%% *}" 3
	ok "a session ${a#* } spares nobody" wait_for 2 banned "192.0.2.${a%% *}"
done
rm -f /run/systemd/sessions/*

# --- a new file in the place of resolv.conf
watcher=$(watcher)
echo "nameserver 192.0.2.56" >/etc/.new
mv /etc/.new /etc/resolv.conf
guesses 192.0.2.67 3
ok "a resolv.conf that was replaced: the service reloads itself" wait_for 10 sh -c "[ \"\$(pgrep -P $service -x pptpban-watcher)\" != $watcher ]"
wait_for 10 answers
guesses 192.0.2.56 3
ok "and knows the server" free 192.0.2.56
is "the locks stay closed" yes "$(ask status --json | jq -r 'if .locks.complete then "yes" else .locks end')"

# --- who comes through a tunnel
session 7 10.0.0.7
guesses 192.0.2.88 4
ok "the outer address of an administrator inside a tunnel is spared" free 192.0.2.88
ok "and so it is said" said 192.0.2.88 "somebody is logged in"
guesses 10.0.0.7 4
ok "and the inner one" free 10.0.0.7
guesses 192.0.2.89 3
ok "another tunnel's is not" wait_for 2 banned 192.0.2.89
guesses 192.0.2.90 3
ok "nor that of a process that a user calls pppd" wait_for 2 banned 192.0.2.90
rm -f /run/systemd/sessions/*
guesses 192.0.2.88 1
ok "when the session ends, it is over" wait_for 2 banned 192.0.2.88

# --- a restart between session and next failure
session 8 192.0.2.91
guesses 192.0.2.91 4
service_stop
ends 8
service_start
all_read() { ask status --json | jq -e .caught_up; }
wait_for 5 all_read
ok "who was spared is not banned by a restart" free 192.0.2.91
guesses 192.0.2.91 2
ok "nor by less than maxretry after it" free 192.0.2.91
guesses 192.0.2.91 1
ok "but by maxretry" wait_for 2 banned 192.0.2.91

# --- mere connections
ip netns exec "$server" python3 "$here/echo.py" serve 2222 >/dev/null 2>&1 &
started $!
listens() { in_server ss -Htln "sport = $1" | grep -q .; }
wait_for 5 listens 2222
ip netns exec "$outside" python3 "$here/echo.py" talk 192.0.2.10 2222 "$T/talk" 192.0.2.66 2>/dev/null &
started $!
ok "an attacker holds a connection" wait_for 5 test -s "$T/talk"
guesses 192.0.2.66 3
ok "and is banned all the same" wait_for 2 banned 192.0.2.66
ask unban 192.0.2.66 >"$T/out"

# --- a real sshd, where there is no logind
if command -v sshd >/dev/null && command -v ssh >/dev/null; then
	rmdir /run/systemd/sessions
	: >/run/utmp
	ssh-keygen -q -t ed25519 -N '' -f "$T/host" && ssh-keygen -q -t ed25519 -N '' -f "$T/key"
	printf '%s\n' "Port 22" "HostKey $T/host" "AuthorizedKeysFile $T/key.pub" "PermitRootLogin yes" "UsePAM no" "StrictModes no" \
		"PidFile none" "PrintMotd no" >"$T/sshd_config"
	service_stop
	service_start # behind the locks what is not there at the start is not there
	ip netns exec "$server" "$(command -v sshd)" -D -e -f "$T/sshd_config" 2>"$T/sshd.log" &
	started $!
	wait_for 5 listens 22
	sleep 30 2>/dev/null | ip netns exec "$outside" nc -s 192.0.2.66 192.0.2.10 22 >"$T/banner" 2>&1 &
	started $!
	ok "a client that only knocks at a real sshd" wait_for 5 grep -q SSH-2.0 "$T/banner"
	ip netns exec "$outside" ssh -tt -b 192.0.2.77 -i "$T/key" -o BatchMode=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null root@192.0.2.10 'echo in; sleep 60' >"$T/ssh" 2>&1 </dev/null &
	ssh=$!
	started $ssh
	ok "a client that logs in" wait_for 5 grep -q in "$T/ssh"
	guesses 192.0.2.66 3
	ok "who knocks is banned" wait_for 2 banned 192.0.2.66
	guesses 192.0.2.77 4
	ok "who is in is spared" free 192.0.2.77
	ok "and stays connected" kill -0 $ssh
	kill $ssh
	gone() { [ "$(ask status --json | jq '.spare.admins.known')" = 0 ]; }
	ok "nobody is left" wait_for 5 gone
	guesses 192.0.2.77 1
	ok "who has left is banned by the next failure" wait_for 2 banned 192.0.2.77
	mkdir /run/systemd/sessions
else
	echo "# no sshd here: its part is left out"
fi
service_stop

# --- nobody is spared when nobody is to be
configure "ignoreself = no"
sed -i 's/^group/spare = none\n&/' "$T/pptpban.conf"
rm -rf "$T/state"
: >"$T/log"
session 9 192.0.2.78
service_start
wait_for 5 enforced
for a in 192.0.2.2 192.0.2.56 192.0.2.78; do
	guesses $a 3
	ok "spare = none: $a is banned" wait_for 2 banned $a
	ok "in the kernel, too" wait_for 2 in_kernel $a
done
ok "and status says so" sh -c "'$pptpban' status --runtime '$T/run' | grep -q 'admins not spared'"
service_stop
