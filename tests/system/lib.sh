# SPDX-License-Identifier: GPL-2.0-or-later
# What system tests share. A test is an executable tests/system/NAME.sh that begins with
#     . "$(dirname "$0")/lib.sh"
# and prints one TAP line a check. PB_BUILD is where the programs were built, PB_SRC the source tree. Everything made
# through these functions is removed at the end, also after a failure: $T (a directory), namespaces, processes.
set -u
export LC_ALL=C TZ=UTC
export SSH_CONNECTION= # tests are run from no session, whoever runs them
PB_SRC=${PB_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
: "${PB_BUILD:?the directory where pptpban was built}"
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-test-XXXXXX")
chmod 755 "$T"
checks=0 failures=0 namespaces='' processes=''

clean_up() {
	status=$?
	trap - EXIT INT TERM
	for p in $processes; do kill "$p" 2>/dev/null; done
	for p in $processes; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done
		kill -9 "$p" 2>/dev/null
	done
	for n in $namespaces; do
		ip netns pids "$n" 2>/dev/null | xargs -r kill -9 2>/dev/null
		ip netns del "$n" 2>/dev/null
	done
	rm -rf "$T"
	[ $status -ne 0 ] || [ $checks -eq 0 ] || echo "1..$checks"
	[ $status -ne 0 ] || [ $failures -eq 0 ] || status=1
	exit $status
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# is WHAT WANTED GOT
is() {
	checks=$((checks + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $checks - $1"
	else
		failures=$((failures + 1))
		echo "not ok $checks - $1"
		printf '%s\n' "wanted: $2" "got:    $3" | sed 's/^/# /'
	fi
}

# ok WHAT COMMAND...: the command must succeed
ok() {
	what=$1
	shift
	if "$@" >"$T/.ok" 2>&1; then
		is "$what" 0 0
	else
		is "$what" 0 $?
		sed 's/^/# /' "$T/.ok"
	fi
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 77
}

need_root() { [ "$(id -u)" = 0 ] || skip_all "needs root"; }

need_commands() {
	for c in "$@"; do command -v "$c" >/dev/null || skip_all "needs $c"; done
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	tenths=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $tenths -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}


ms() { echo $(($(date +%s%N) / 1000000)); }

# within MILLISECONDS COMMAND...: like wait_for, for what is fast
within() {
	_limit=$(($(ms) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(ms)" -lt $_limit ] || return 1
		sleep 0.01
	done
}

in_server() { ip netns exec "$server" "$@"; }
in_outside() { ip netns exec "$outside" "$@"; }

# netns_new VARIABLE: a network namespace of its own with loopback up; its name goes into the variable
netns_new() {
	_n=pb-$$-$(printf '%s' "$namespaces" | wc -w)
	ip netns add "$_n" || skip_all "needs network namespaces"
	namespaces="$namespaces $_n"
	ip -n "$_n" link set lo up
	eval "$1=$_n"
}

# started PID: to be ended with the test
started() { processes="$processes $1"; }

# private_mounts "$@": goes on in a mount namespace of its own; to be called first
private_mounts() {
	[ -z "${PB_PRIVATE_MOUNTS:-}" ] || return 0
	need_root
	need_commands unshare
	rm -rf "$T"
	PB_PRIVATE_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
}

# journald_start [SETTING=VALUE...]: the real journald as an ordinary process, with directories, sockets and /dev/log
# of its own, after private_mounts. Everything in the namespace that asks for "the journal" gets this one, empty.
# Its process id is in $JOURNALD. Fails where there is none.
journald_start() {
	for j in /usr/lib/systemd/systemd-journald /lib/systemd/systemd-journald; do [ -x "$j" ] && break; done
	[ -x "$j" ] && [ -s /etc/machine-id ] || return 1
	if [ ! -e "$T/dev" ]; then
		mkdir -p "$T/dev" /run/systemd /run/log
		mount -t tmpfs tmpfs /run/systemd && mount -t tmpfs tmpfs /run/log || return 1
		[ ! -d /var/log/journal ] || mount -t tmpfs tmpfs /var/log/journal || return 1
		# a /dev without kmsg, so that the kernel's own messages stay out, and with /dev/log
		mount -t tmpfs -o mode=755 tmpfs "$T/dev" || return 1
		for d in null zero full random urandom tty ptmx; do cp -a "/dev/$d" "$T/dev/" 2>/dev/null; done
		mkdir "$T/dev/pts" "$T/dev/shm"
		mount --bind /dev/pts "$T/dev/pts" 2>/dev/null
		mount -t tmpfs tmpfs "$T/dev/shm"
		ln -s /proc/self/fd "$T/dev/fd"
		ln -s /run/systemd/journal/dev-log "$T/dev/log"
		mount --rbind "$T/dev" /dev && umount -R -l "$T/dev" || return 1
	fi
	mkdir -p /run/systemd/journald.conf.d /run/log/journal
	{
		printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\nForwardToSyslog=no\n'
		[ $# = 0 ] || printf '%s\n' "$@"
	} >/run/systemd/journald.conf.d/test.conf
	"$j" >"$T/journald.log" 2>&1 &
	JOURNALD=$!
	started $JOURNALD
	wait_for 5 test -S /run/systemd/journal/dev-log
}

journald_stop() {
	kill "$JOURNALD" 2>/dev/null
	wait "$JOURNALD" 2>/dev/null
	rm -f /run/systemd/journal/dev-log
}

# journal_import FILE.export FILE.journal: what "journalctl -o export" gave, as a journal again
journal_import() {
	for j in /usr/lib/systemd/systemd-journal-remote /lib/systemd/systemd-journal-remote; do [ -x "$j" ] && break; done
	"$j" --output="$2" "$1" >"$T/import.log" 2>&1
}
