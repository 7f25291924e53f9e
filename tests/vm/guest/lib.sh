# SPDX-License-Identifier: GPL-2.0-or-later
# Common parts of the scenarios, run inside the test machine. The server is the root namespace (systemd, pptpd, logs as
# on a real host); a namespace "inet" routes between it and clients' namespaces with public-looking addresses.
export LC_ALL=C
S=192.0.2.10             # server
OUT=/vmtest/out          # what the host gets
W=/run/vmtest            # work files: local, the share is slow
mkdir -p $OUT/clients $W/ppp
declare -A ADDR          # client namespace -> address the server sees
FAILED=0

say() { echo "[$(cut -d' ' -f1 /proc/uptime)] $*"; }

# check NAME WANTED GOT: one line of checks.jsonl; any FAIL fails the run
check() {
	local ok=ok
	[ "$2" = "$3" ] || { ok=FAIL; FAILED=1; }
	say "$ok: $1: $3"
	printf '{"check":"%s","want":"%s","got":"%s","ok":"%s"}\n' "$1" "$2" "${3//[\"\\]/}" $ok >>$OUT/checks.jsonl
}
note() { say "note: $*"; echo "$*" >>$OUT/notes.txt; }

# within SECONDS COMMAND...: tries until it succeeds
within() {
	local end=$((SECONDS + $1)); shift
	until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep .1; done
}

net_up() {
	modprobe -a ppp_async ppp_mppe gre nf_conntrack_pptp nf_nat_pptp
	cp /usr/sbin/pppd /usr/local/sbin/client-pppd # clients' pppd has another name than the server's
	: >$W/ppp/options
	ip link set lo up
	ip netns add inet
	ip -n inet link set lo up
	ip netns exec inet sysctl -qw net.ipv4.ip_forward=1
	ip link add wan0 type veth peer name srv netns inet
	ip addr add $S/24 dev wan0; ip link set wan0 up
	ip -n inet addr add 192.0.2.1/24 dev srv; ip -n inet link set srv up
	ip route add default via 192.0.2.1
}

# client NAME ADDRESS
client() {
	ip netns add "$1"
	ip -n "$1" link set lo up
	ip link add eth0 netns "$1" type veth peer name "r$1" netns inet
	ip -n inet addr add 100.64.0.1/32 peer "$2" dev "r$1"; ip -n inet link set "r$1" up
	ip -n "$1" addr add "$2"/32 peer 100.64.0.1 dev eth0; ip -n "$1" link set eth0 up
	ip -n "$1" route add default via 100.64.0.1 src "$2"
	ADDR[$1]=$2
}

# nat NAME ADDRESS INNER...: a home router; the INNER namespaces share its ADDRESS
nat() {
	local n=$1 a=$2 i k=2; shift 2
	client "$n" "$a"
	ip netns exec "$n" sysctl -qw net.ipv4.ip_forward=1
	ip netns exec "$n" iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
	ip netns exec "$n" iptables -t raw -A PREROUTING -p tcp --dport 1723 -j CT --helper pptp
	for i; do
		ip netns add "$i"; ip -n "$i" link set lo up
		ip link add eth0 netns "$i" type veth peer name "l$k" netns "$n"
		ip -n "$n" addr add 10.9.$k.1/24 dev l$k; ip -n "$n" link set l$k up
		ip -n "$i" addr add 10.9.$k.2/24 dev eth0; ip -n "$i" link set eth0 up
		ip -n "$i" route add default via 10.9.$k.1
		ADDR[$i]=$a; k=$((k + 1))
	done
}

# in_ns NAME COMMAND...: the client's own /run and /etc/ppp, so it cannot reach the server's syslog
in_ns() {
	local n=$1; shift
	exec ip netns exec "$n" sh -c "mount --bind $W/ppp /etc/ppp; mount -t tmpfs tmpfs /run; exec \"\$@\"" - "$@"
}

# server: Debian's files as they are, addresses and users added, pptpd (re)started
server() {
	[ -e $W/pptpd.conf ] || cp /etc/pptpd.conf $W/
	cp $W/pptpd.conf /etc/pptpd.conf
	printf 'localip 10.8.0.1\nremoteip 10.8.0.100-199\n' >>/etc/pptpd.conf
	printf '%s\n' 'alice * "alice pw" *' 'bob * bobpw *' 'carol * carolpw *' 'dave * davepw *' >/etc/ppp/chap-secrets
	chmod 600 /etc/ppp/chap-secrets
	systemctl restart pptpd.service
	within 10 eval 'ss -Hltn sport = :1723 | grep -q .'
}

# vpn CLIENT LOGNAME USER PASSWORD: a real pptp client; waits until it is up or has ended. Sets PID and RES
# (up | exit-N | stuck). pppd's exit-19 is "failed to authenticate ourselves". VPN_OPTIONS: more options of pppd.
vpn() {
	local n=$1 log=$OUT/clients/$2.log user=$3 pass=$4 i rc
	(in_ns "$n" client-pppd pty "pptp $S --nolaunchpppd --nohostroute" user "$user" password "$pass" \
		nodetach noauth noipdefault nodefaultroute nobsdcomp nodeflate novj lcp-max-configure 4 require-mppe-128 ${VPN_OPTIONS:-}) \
		>"$log" 2>&1 &
	PID=$! RES=stuck
	for ((i = 0; i < ${VPN_WAIT:-900}; i++)); do
		if grep -qs 'remote IP address' "$log"; then RES=up; return 0; fi
		if ! kill -0 $PID 2>/dev/null; then rc=0; wait $PID || rc=$?; RES=exit-$rc; return 1; fi
		sleep .1
	done
	return 1
}
vpn_down() { kill "$1" 2>/dev/null; wait "$1" 2>/dev/null; }

# attack CLIENT LOGNAME USER PASSWORD: one login that the server refuses
attack() { if vpn "$@"; then vpn_down $PID; fi; }

# raw CLIENT MODE [USER [SECONDS]]: the hand-made client; USER in Python escapes
raw() {
	ip netns exec "$1" python3 -S -E /vmtest/pptpraw.py $S "${ADDR[$1]}" "$2" "${3:-}" "${4:-10}" 2>&1 | tail -1
}

# syn CLIENT [PORT]: can its SYN reach pptpd?  yes | dropped | refused
syn() {
	local rc=0
	ip netns exec "$1" timeout 3 bash -c 'exec 3<>/dev/tcp/'$S/"${2:-1723}" 2>/dev/null || rc=$?
	case $rc in 0) echo yes ;; 124) echo dropped ;; *) echo refused ;; esac
}

# attack_until_banned CLIENT TAG USER MAX: prints how many logins were tried
attack_until_banned() {
	local k
	for ((k = 1; k <= $4; k++)); do
		VPN_WAIT=150 attack "$1" "$2-$k" "$3" guess$k
		sleep 1
		[ "$(syn "$1")" = yes ] || { echo $k; return; }
	done
	echo never
}
