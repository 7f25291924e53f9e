#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Launcher and notifier in an attacker's hands. They have no sandbox of their own: what they cannot do they cannot for
# want of privilege, as their units start them (and the notifier by itself). Every attempt is made again as root, where it
# must get through.
# alone: it does what it can to disturb others
. "$(dirname "$0")/lib.sh"
private_mounts "$@"
need_commands ip nft ipset python3 setpriv jq
[ "$(uname -m)" = x86_64 ] || skip_all "knows the system calls of x86-64 only"
here=$(cd "$(dirname "$0")" && pwd)
. "$here/privilege.inc"
machine
echo "pptpban-notify:x:64906:64906::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
echo "pptpban-notify:x:64906:" >>/etc/group
chmod 0600 /etc/shadow /etc/ppp/chap-secrets /root/.ssh/id_ed25519 /var/lib/pptpban-firewall/last-good "$T/secret"
netns_new server
pptpban_conf
install -d -o pptpban -m 0700 "$T/state" "$T/state/own"
install -d -o pptpban-notify -m 0700 "$T/feeds"
install -d -o pptpban "$T/run"
mkdir "$T/run-enforcer" "$T/run-notify"
printf limits >"$T/run-enforcer/limits"
echo theirs >"$T/state/theirs"
echo theirs >"$T/feeds/theirs"
chown pptpban "$T/state/theirs"
chown pptpban-notify "$T/feeds/theirs"
chmod 0600 "$T/state/theirs" "$T/feeds/theirs"
cp -R "$PB_SRC/actions" "$T/actions"
sleep 1000 & # root's
bystander=$!
started $bystander
ip netns exec "$server" setpriv --reuid pptpban-enforcer --clear-groups sleep 1000 &
enforcer=$!
started $enforcer

# start NAME COMMAND...: its pid in $NAME
start() {
	_name=$1
	shift
	PB_TAKEOVER=$takeover ip netns exec "$server" "$@" >>"$T/$_name.log" 2>&1 &
	eval "$_name=$!"
	started $!
	wait_for 5 test -S "$takeover/$!" || sed 's/^/# /' "$T/$_name.log"
	sleep 1 # through with its start
}
run() { # NAME USER-OF-THE-NOTIFIER COMMAND-FOR-THE-LAUNCHER...
	_run=$1 _user=$2
	shift 2
	start launcher "$@" "$PB_BUILD/takeover-launcher" --config "$T/conf/pptpban.conf" --watcher "$PB_BUILD/pptpban-watcher" --observe
	start notify "$PB_BUILD/takeover-notify" --socket "$T/run-notify/events.sock" --actions "$T/actions" $_user
	if [ "$_run" = all ]; then
		for p in $launcher $notify; do
			is "$(cat /proc/$p/comm) has no capability and can get none" "0000000000000000 0000000000000000 1" \
				"$(awk '/^CapPrm|^CapEff|^NoNewPrivs/ { printf "%s%s", s, $2; s = " " }' /proc/$p/status)"
		done
	fi
	jq -n --arg T "$T" --argjson l "$launcher" --argjson n "$notify" --argjson e "$enforcer" --argjson b "$bystander" '{
		plain: ["launcher", "notify"], takeover: ($T + "/takeover"), house: $T, log: ($T + "/logs/log"), enforcer_dir: ($T + "/run-enforcer"),
		own: {launcher: ($T + "/state/own"), notify: ($T + "/feeds")}, others: {launcher: ($T + "/feeds/theirs"), notify: ($T + "/state/theirs")},
		launcher: $l, notify: $n, enforcer: $e, bystander: $b}' >"$T/context.json"
	python3 "$here/privilege.py" try "$T/context.json" "$T/$_run.json" || sed "s,^,# $_run: ," "$T/launcher.log" "$T/notify.log"
	kill $launcher $notify
	wait $launcher $notify 2>/dev/null
}
touch "$T/logs/log"
chown root:adm "$T/logs/log"
chmod 0640 "$T/logs/log"
run all "--user pptpban-notify" setpriv --reuid pptpban --regid pptpban --groups "$(getent group adm | cut -d: -f3)" --no-new-privs --inh-caps=-all --bounding-set=-all
rm -f "$T/state/own/mine" "$T/feeds/mine"
run none ""
python3 "$here/privilege.py" judge "$T/all.json" "$T/none.json" >"$T/checks" || is "the judge" 0 $?
while IFS='	' read -r what wanted got; do
	case $what in \#*) echo "$what" ;; *) is "$what" "$wanted" "$got" ;; esac
done <"$T/checks"
