#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The watcher in an attacker's hands: what it can still do, tried by code that runs in it behind its locks. Every
# attempt is made again with single locks closed, and with none, where it must get through.
# alone: it does what it can to disturb others
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
need_commands ip nft ipset python3 setpriv jq
[ "$(uname -m)" = x86_64 ] || skip_all "knows the system calls of x86-64 only"
here=$(cd "$(dirname "$0")" && pwd)
. "$here/privilege.inc"
machine
netns_new server
pptpban_conf
ip netns exec "$server" python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("\0pb-abstract")
s.listen(100)
time.sleep(1000)' &
started $!
setpriv --reuid pptpban --regid pptpban --clear-groups sleep 1000 &
bystander=$!
started $bystander

context() {
	jq -n --arg T "$T" --argjson w "$watcher" --argjson l "$launcher" --argjson e "$enforcer" --argjson h "$hookguard" --argjson c "$connguard" --argjson b "$bystander" '{
		takeover: ($T + "/takeover"), house: $T, logs: ($T + "/logs"), log: ($T + "/logs/log"), state: ($T + "/state"),
		enforcer_dir: ($T + "/run-enforcer"), watcher: $w, launcher: $l, enforcer: $e, hookguard: $h, connguard: $c, bystander: $b, abstract: "pb-abstract"}' \
		>"$T/context.json"
}
replaced() { # the watcher, by another one
	_w=$(pgrep -n -P $launcher -x takeover-watche) && [ "$_w" != "$watcher" ] && ask status && watcher=$_w
}
run() { # NAME LOCKS-LEFT-OUT
	PB_LEAVE_OUT=$2 taken_start
	for f in mine mine2 mine3 junk; do
		printf junk >"$T/state/$f"
		chown pptpban "$T/state/$f"
		chmod 0755 "$T/state/$f"
	done
	echo x >"$T/run-enforcer/victim"
	mkdir -p "$T/empty"
	touch "$T/victim-enforcer" "$T/victim-hookguard" "$T/victim-connguard"
	context
	if [ "$1" = all ]; then
		is "the watcher is its user, without capability, behind seccomp" "64901 0000000000000000 0000000000000000 1 2" \
			"$(awk '/^Uid|^CapEff|^CapBnd|^NoNewPrivs|^Seccomp:/ { printf "%s%s", s, $2; s = " " }' /proc/$watcher/status)"
		is "as status says" "ABI allow-list" "$(ask status --json | jq -r '.locks | [(.landlock | split(" ")[0]), .seccomp] | join(" ")')"
	fi
	python3 "$here/privilege.py" try "$T/context.json" "$T/$1.json" || sed "s,^,# $1: ," "$T/service.log"
	case $1 in
	all)
		is "it opened nothing that others wrote before it was locked in" "" "$(grep takeover: "$T/service.log")"
		ok "the service answers after all that" ask status
		for way in i386 x32; do
			context
			is "a system call of $way is the watcher's end" killed "$(python3 "$here/privilege.py" ends "$T/context.json" $way)"
			ok "and another one takes over" wait_for 10 replaced
		done
		;;
	none) is "mutant: without seccomp it is not" "$watcher" "$(python3 "$here/privilege.py" ends "$T/context.json" i386)" ;;
	esac
	taken_stop
	rm -rf "$T/state" "$T/run-enforcer/ruleset/lost"
}
run all ''
run only-landlock seccomp,mdwe,user
run only-seccomp landlock,mdwe,user
run only-mdwe landlock,seccomp,user
run only-user landlock,seccomp,mdwe
run none landlock,seccomp,mdwe,user
rm -rf /tmp/pptpban-privilege*

# Before it is ready the watcher says where its enforcer is; the launcher, root here, hears that once, before the watcher
# has opened anything that others wrote.
mkdir "$T/evil"
"$PB_BUILD/enforce-drive" limits "$T/evil/limits" uid=64901 widest4=1
PB_FORGE=$T/evil taken_start
sleep 1
is "a watcher cannot choose the enforcer's limits" "$T/run-enforcer/limits" \
	"$(tr '\0' '\n' <"/proc/$hookguard/cmdline" | sed -n '/--limits/{n;p}')"
taken_stop

[ -z "${PRIVILEGE_KEEP:-}" ] || cp "$T"/*.json "$PRIVILEGE_KEEP"
python3 "$here/privilege.py" judge "$T"/all.json "$T"/only-*.json "$T"/none.json >"$T/checks" || is "the judge" 0 $?
while IFS='	' read -r what wanted got; do
	case $what in \#*) echo "$what" ;; *) is "$what" "$wanted" "$got" ;; esac
done <"$T/checks"
