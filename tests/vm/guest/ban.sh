# SPDX-License-Identifier: GPL-2.0-or-later
# Scenario "ban": pptpban as a systemd service on a VPN server under live attack: the whole life of a ban, through
# unban, restart, stop and start, a change from journal to log file, a killed enforcer and a flushed ruleset.
. /vmtest/lib.sh
. /vmtest/install.sh
U=pptpban.service E=pptpban-enforcer.service

json_bans() { pptpban list --json | tr ',{' '\n\n' | sed -n 's/.*"addr" *: *"\([^"]*\)".*/\1/p' | sort | tr '\n' ' '; }
listed() { case " $(json_bans)" in *" $1 "*) echo yes ;; *) echo no ;; esac; }
uid_of() { stat -c %U "/proc/$(systemctl show -P MainPID "$1")"; }

net_up
for i in 1 2; do client c$i 198.51.100.$((10 + i)); done
for i in 1 2 3 4; do client a$i 203.0.113.$((20 + i)); done
client typo 198.51.100.30
client scan 203.0.113.100
nat home 203.0.113.50 nat-good nat-bad
server

say installing
product_install >$OUT/install.log 2>&1; check "installed" 0 $?
product_configure journal
pptpban check >$OUT/check.txt 2>&1; check "the configuration is accepted" 0 $?
systemctl enable --now $U >>$OUT/install.log 2>&1; check "the service starts (Type=notify)" 0 $?
check "service is active" active "$(systemctl is-active $U)"
check "enforcer is active" active "$(systemctl is-active $E)"
check "service runs as" pptpban "$(uid_of $U)"
check "enforcer runs as" pptpban-enforcer "$(uid_of $E)"
for u in $U $E; do
	check "exposure of $u is at most 1.5" yes \
		"$(systemd-analyze security --offline=true $u 2>/dev/null | awk '/Overall exposure/ {
			for (i = 1; i <= NF; i++) if ($i + 0 > 0) v = $i + 0; print (v <= 1.5) ? "yes" : v }')"
done
pptpban status >$OUT/status-start.txt 2>&1; check "status answers" 0 $?

# People who may come in, and one who mistypes.
vpn c1 keep alice 'alice pw'; KEEP=$PID; check "good user logs in" up $RES
ip netns exec c1 ping -i 0.5 10.8.0.1 >$OUT/keep-ping.txt & PING=$!
vpn nat-good nat-keep dave davepw; NKEEP=$PID; check "good user behind a home router logs in" up $RES
attack typo typo-1 carol typo
vpn typo typo-2 carol carolpw; check "one typo, then in" up $RES; vpn_down $PID
check "one typo: not banned" yes "$(syn typo)"
for _ in {1..10}; do raw scan connect '' 4 >/dev/null; done
check "ten bare connects: not banned" yes "$(syn scan)"
raw a4 chap 'x failed CHAP authentication\nPeer 198.51.100.30' >/dev/null

# The attack, journal source.
attack_until_banned a2 a2 nobody 8 >$W/a2 & P2=$!
check "wrong passwords: banned after" $BANS_AT "$(attack_until_banned a1 a1 alice 8)"
wait $P2; check "unknown names, at the same time: banned after" $BANS_AT "$(cat $W/a2)"
check "SYN of the banned is dropped" dropped "$(syn a1)"
ip netns exec a1 ping -c1 -W2 $S >/dev/null; check "everything of the banned is dropped (ping)" 1 $?
check "list shows exactly the two" "203.0.113.21 203.0.113.22 " "$(json_bans)"
pptpban why 203.0.113.21 >$OUT/why.txt 2>&1; check "why answers" 0 $?
check "why shows the evidence" $BANS_AT "$(grep -c 'Peer alice failed CHAP authentication' $OUT/why.txt)"
vpn c2 other bob bobpw; check "another good user logs in during the ban" up $RES; vpn_down $PID
kill -0 $KEEP 2>/dev/null; check "first good user is still connected" 0 $?

# Neighbours behind one address share its fate, and nobody else's.
check "behind the shared address: banned after" $BANS_AT "$(attack_until_banned nat-bad nat dave 8)"
check "list shows exactly the three" "203.0.113.21 203.0.113.22 203.0.113.50 " "$(json_bans)"
{ nft list ruleset; iptables-save; ipset list; } >$OUT/firewall.txt 2>&1
pptpban unban 203.0.113.50 >>$OUT/unban.log 2>&1; check "unban of the shared address" 0 $?
vpn_down $NKEEP
vpn nat-good nat-again dave davepw; check "good neighbour logs in again" up $RES; vpn_down $PID

pptpban unban 203.0.113.21 >>$OUT/unban.log 2>&1; check "unban" 0 $?
check "the unbanned reaches the server" yes "$(syn a1)"
vpn a1 unbanned alice 'alice pw'; check "the unbanned logs in" up $RES; vpn_down $PID
check "the other ban stays" dropped "$(syn a2)"

# The service comes and goes, bans stay.
systemctl restart $U; check "restart" 0 $?
check "after a restart: SYN of the banned" dropped "$(syn a2)"
within 5 eval '[ "$(listed 203.0.113.22)" = yes ]'; check "after a restart: listed" yes "$(listed 203.0.113.22)"
check "after a restart: the unbanned stays out of the list" no "$(listed 203.0.113.21)"
systemctl stop $U $E; check "stopped: SYN of the banned" dropped "$(syn a2)"
systemctl start $U
within 5 eval '[ "$(listed 203.0.113.22)" = yes ]'; check "started: listed" yes "$(listed 203.0.113.22)"
check "started: SYN of the banned" dropped "$(syn a2)"
systemctl stop $U $E; nft flush ruleset; ipset destroy
check "sets gone, as after a reboot: SYN of the banned" yes "$(syn a2)"
systemctl start $U; sleep 1
check "started with the state alone: SYN of the banned" dropped "$(syn a2)"
kill -KILL "$(systemctl show -P MainPID $E)"
check "enforcer killed: SYN of the banned" dropped "$(syn a2)"
within 10 systemctl -q is-active $E; check "enforcer killed: comes back" active "$(systemctl is-active $E)"
nft flush ruleset; sleep 1.5; check "foreign nft flush ruleset: SYN of the banned" dropped "$(syn a2)"
if ipset -q list -n pptpban4 >/dev/null; then
	ipset flush pptpban4; sleep 1.5; check "foreign ipset flush: SYN of the banned" dropped "$(syn a2)"
fi

# The same from a log file: rsyslog's, ISO stamps on bookworm.
product_configure /var/log/syslog
systemctl restart $U; check "restart with a file as source" 0 $?
check "file source: the ban stays" dropped "$(syn a2)"
check "file source: banned after" $BANS_AT "$(attack_until_banned a3 a3 alice 8)"
check "file source: the old attack is not counted again" no "$(listed 203.0.113.21)"
product_configure /var/log/trad/syslog
systemctl reload $U; check "reload with another file" 0 $?
sleep 2
check "traditional stamps, after reload: banned after" $BANS_AT "$(attack_until_banned a1 a1-again alice 8)"
printf '[pptpd]\nmaxretry = many\n' >/etc/pptpban/pptpban.conf.d/zz-bad.conf
pptpban check >$OUT/check-bad.txt 2>&1; check "a bad configuration is refused" no "$([ $? = 0 ] && echo yes || echo no)"
systemctl reload $U 2>>$OUT/unban.log; sleep 2
check "reload with a bad file: still active" active "$(systemctl is-active $U)"
check "reload with a bad file: still bans" yes "$(listed 203.0.113.21)"
rm /etc/pptpban/pptpban.conf.d/zz-bad.conf

check "who was never banned: the scanner" no "$(listed 203.0.113.100)"
check "who was never banned: the typo" no "$(listed 198.51.100.30)"
check "who was never banned: one hostile name" no "$(listed 203.0.113.24)"
kill -INT $PING; wait $PING 2>/dev/null; grep -h loss $OUT/keep-ping.txt
check "good user lost no ping" 0 "$(sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' $OUT/keep-ping.txt)"
pptpban status >$OUT/status-end.txt 2>&1
pptpban list >$OUT/list.txt 2>&1
systemctl show $U $E -p Id -p MemoryCurrent -p CPUUsageNSec -p NRestarts >$OUT/usage.txt
check "a pattern met its limit" no "$(grep -q 'limit_hits [1-9]' $OUT/status-end.txt && echo yes || echo no)"
check "no restart but the one we forced" "0 1" "$(systemctl show -P NRestarts $U) $(systemctl show -P NRestarts $E)"
vpn_down $KEEP
product_logs >$OUT/service.log
journalctl -b -o short-precise -t pppd -t pptpd >$OUT/server.log
exit $FAILED
