# SPDX-License-Identifier: GPL-2.0-or-later
# Common parts of the benchmarks: results, the log to read, peers. Sourced by tests/bench/bench-*.
set -u
export LC_ALL=C
: "${PB_BUILD:?is set by make bench}" "${PB_SRC:?is set by make bench}"
: "${PB_RESULTS:=/dev/stdout}" "${PB_BENCH_DIR:=$PB_BUILD/bench-tmp}"
mkdir -p "$PB_BENCH_DIR"

# result GROUP WHAT VALUE UNIT [TARGET [NOTE]]: one line of the table. TARGET: ">= N", "<= N" or nothing. VALUE may be
# "not run", with the reason as NOTE.
result() {
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "${5:-}" "${6:-}" | tee -a "$PB_RESULTS" >&2
}

# median of the numbers on standard input
median() { sort -g | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }

calc() { awk "BEGIN { printf \"%.${2:-3}f\\n\", $1 }"; }

# seconds COMMAND...: processor time (user and system) of one run, its output thrown away; pinned to the last core. Not
# wall time: on a quiet machine it is the same, and on a busy one only this says what the command costs.
core=$(($(nproc) - 1))
seconds() {
	local TIMEFORMAT='%3U %3S' t
	t=$({ time taskset -c "$core" "$@" >/dev/null 2>&1; } 2>&1) || return
	calc "${t% *} + ${t#* }" 6
}

# times N COMMAND...: median of N runs
times() {
	local n=$1 i; shift
	for ((i = 0; i < n; i++)); do seconds "$@" || return; done | median
}

# bench_log LINES [KIND]: the log of so many lines (generated once a build); KIND as in gen-log.c
bench_log() {
	local f=$PB_BENCH_DIR/log-$1-${2:-pptpd}
	[ -s "$f" ] || { "$PB_BUILD/bench-gen-log" "$1" 1 "${2:-pptpd}" >"$f.new" && mv "$f.new" "$f"; }
	echo "$f"
}

# in_private COMMAND...: in a network and mount namespace of its own, loopback up
in_private() {
	unshare --net --mount --propagation private sh -c 'ip link set lo up; exec "$@"' - "$@"
}

need_root() {
	[ "$(id -u)" = 0 ] && return
	result "$1" "$2" "not run" "" "" "needs root"
	exit 0
}

# failed_logins N [TIMES]: TIMES (1) failed logins of each of N addresses, one control connection each, now
failed_logins() {
	awk -v n="$1" -v times="${2:-1}" -v now="$(date -u +%Y-%m-%dT%H:%M:%S)" 'BEGIN {
		pid = 5000000
		for (k = 0; k < times; k++) for (i = 0; i < n; i++) {
			a = sprintf("%d.%d.%d.%d", 11 + int(i / 65536) % 80, int(i / 256) % 256, i % 256, 1 + (i * 7) % 250)
			h = sprintf("%s.%06d+00:00 vpn ", now, (k * n + i) % 1000000)
			printf "%spptpd[%d]: CTRL: Client %s control connection started\n", h, pid, a
			printf "%spppd[%d]: Peer alice failed CHAP authentication\n", h, pid + 1
			printf "%spptpd[%d]: CTRL: Reaping child PPP[%d]\n", h, pid, pid + 1
			printf "%spptpd[%d]: CTRL: Client %s control connection finished\n", h, pid, a
			pid += 2
		}
	}'
}

# fail2ban_start LOGFILE SET [keep]: Debian's fail2ban-server with one jail that bans at the third line "control connection
# finished" (it cannot tie pppd's lines to an address) into an ipset; sets F2B
fail2ban_start() {
	local d=$PB_BENCH_DIR/fail2ban
	command -v fail2ban-server >/dev/null || return 1
	[ "${3:-}" = keep ] || rm -rf "$d"
	mkdir -p "$d/filter.d" "$d/action.d"
	: >>"$1"
	cat >"$d/fail2ban.conf" <<-EOT
	[Definition]
	loglevel = WARNING
	logtarget = $d/log
	syslogsocket = auto
	socket = $d/sock
	pidfile = $d/pid
	dbfile = $d/db
	dbpurgeage = 1d
	EOT
	cat >"$d/filter.d/pptp.conf" <<-EOT
	[Definition]
	failregex = pptpd\[\d+\]: CTRL: Client <HOST> control connection finished$
	EOT
	cat >"$d/action.d/set.conf" <<-EOT
	[Definition]
	actionstart = ipset -exist create $2 hash:ip timeout 0 maxelem 300000
	actionstop =
	actioncheck =
	actionban = ipset -exist add $2 <ip> timeout <ipset-timeout>
	actionunban = ipset -exist del $2 <ip>
	[Init]
	ipset-timeout = 3600
	EOT
	cat >"$d/jail.conf" <<-EOT
	[pptp]
	enabled = true
	filter = pptp
	action = set
	logpath = $1
	maxretry = 3
	findtime = 600
	bantime = 3600
	backend = auto
	EOT
	fail2ban-server -f -c "$d" -s "$d/sock" -p "$d/pid" start >"$d/out" 2>&1 &
	F2B=$!
	for _ in {1..100}; do
		fail2ban-client -c "$d" -s "$d/sock" ping >/dev/null 2>&1 && return 0
		kill -0 $F2B 2>/dev/null || return 1
		sleep .1
	done
	return 1
}
fail2ban_stop() { kill "$F2B" 2>/dev/null; wait "$F2B" 2>/dev/null; }

# product_configure SOURCE [LINES OF THE JAIL...]: a configuration of its own in $PB_BENCH_DIR/product, nothing of the
# machine's; PB_BACKEND (ipset) chooses the sets
product_configure() {
	product=$PB_BENCH_DIR/product
	rm -rf "$product"; mkdir -p "$product"
	{
		echo "[pptpban]"
		echo "backend = ${PB_BACKEND:-ipset}"
		echo "state_dir = $product/state"
		echo "runtime_dir = $product/run"
		echo "filter_dirs = $PB_SRC/filters"
		echo "[pptpd]"
		echo "source = $1"; shift
		printf '%s\n' "$@"
	} >"$product/pptpban.conf"
}
# the set that bans are in, as kset_open() names it
product_set() {
	case ${PB_BACKEND:-ipset} in
	ipset) echo ipset:pptpban4 ;;
	nftables) echo nft:inet:pptpban:pptpban4 ;;
	esac
}
# product_start: the service as root starts it without systemd; sets PRODUCT (its pid). 1: it did not come up.
product_start() {
	"$PB_BUILD/pptpband" --config "$product/pptpban.conf" >>"$product/log" 2>&1 &
	PRODUCT=$!
	for _ in {1..200}; do
		product_ask status >/dev/null 2>&1 && return 0
		kill -0 $PRODUCT 2>/dev/null || return 1
		sleep .05
	done
	return 1
}
product_ask() { local v=$1; shift; "$PB_BUILD/pptpban" "$v" --runtime "$product/run" "$@"; }
product_stop() { kill "$PRODUCT" 2>/dev/null; wait "$PRODUCT" 2>/dev/null; }

# processes_of PID: it and all below it
processes_of() {
	local p
	echo "$1"
	for p in $(pgrep -P "$1"); do processes_of "$p"; done
}

# journald_start: the real journald as an ordinary process; in a mount namespace of its own only (in_private). Sets
# JOURNALD.
journald_start() {
	local j
	for j in /lib/systemd/systemd-journald /usr/lib/systemd/systemd-journald; do [ -x "$j" ] && break; done
	[ -x "$j" ] || return 1
	mkdir -p /run/systemd /run/log "$PB_BENCH_DIR/etc" || return 1
	mount -t tmpfs tmpfs /run/systemd && mount -t tmpfs tmpfs /run/log || return 1
	[ ! -d /var/log/journal ] || mount -t tmpfs tmpfs /var/log/journal || return 1
	[ -s /etc/machine-id ] || return 1
	mkdir -p /run/systemd/journald.conf.d
	printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\nForwardToSyslog=no\n' >/run/systemd/journald.conf.d/bench.conf
	mkdir -p /run/log/journal
	chgrp systemd-journal /run/log/journal && chmod 2755 /run/log/journal # as systemd-tmpfiles does
	"$j" >"$PB_BENCH_DIR/journald.log" 2>&1 &
	JOURNALD=$!
	for _ in {1..50}; do
		[ -S /run/systemd/journal/dev-log ] && return 0
		kill -0 $JOURNALD 2>/dev/null || return 1
		sleep .1
	done
	return 1
}
journald_stop() { kill "$JOURNALD" 2>/dev/null; wait "$JOURNALD" 2>/dev/null; }
