# SPDX-License-Identifier: GPL-2.0-or-later
# What system tests share. A test is an executable tests/system/NAME.sh that begins with
#     . "$(dirname "$0")/lib.sh"
# and prints one TAP line a check. PB_BUILD is where the programs were built, PB_SRC the source tree. Everything made
# through these functions is removed at the end, also after a failure: $T (a directory), namespaces, processes.
set -u
export LC_ALL=C TZ=UTC
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
