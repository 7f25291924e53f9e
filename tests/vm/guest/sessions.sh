# SPDX-License-Identifier: GPL-2.0-or-later
# Scenario "sessions": who is connected to a real pptpd with real pppds, and ending their sessions: accounts from the
# journal, interfaces, addresses and traffic from the kernel; an administrator's own ppp uplink is not touched.
. /vmtest/lib.sh
. /vmtest/install.sh

net_up
for i in 1 2; do client c$i 198.51.100.$((10 + i)); done
nat home 203.0.113.50 n1 n2
server
product_install >$OUT/install.log 2>&1; check "installed" 0 $?
product_configure journal
systemctl enable --now pptpban.service >>$OUT/install.log 2>&1; check "the service starts" 0 $?
check "nobody is connected" "nobody is connected" "$(pptpban sessions)"

row() { # ADDRESS ACCOUNT: account address inner interface pid, as sessions tells
	pptpban sessions --plain | awk -F'\t' -v a="$1" -v u="$2" '$2 == a && $1 == u { print $1, $2, $4, $5, $9 }'
}
vpn c1 c1 alice 'alice pw'; P1=$!; K1=$PID; check "alice is in" up $RES
vpn c2 c2 bob bobpw; K2=$PID; check "bob is in" up $RES
vpn n1 n1 alice 'alice pw'; K3=$PID; check "alice is in from home, too" up $RES
vpn n2 n2 dave davepw; K4=$PID; check "dave is in from the same address" up $RES
ip netns exec c1 ping -q -c 5 -i 0.2 -s 1000 10.8.0.1 >/dev/null
within 10 eval '[ "$(pptpban sessions --plain | wc -l)" = 4 ]'
pptpban sessions >$OUT/sessions.txt; pptpban sessions --json >$OUT/sessions.json; ls -l /run/ppp* /run/pppd >$OUT/run.txt 2>&1; cat $OUT/sessions.txt
for n in 0 1 2 3; do # what pppd itself says
	[ -e /sys/class/net/ppp$n ] || continue
	pid=$(head -n 1 /run/ppp$n.pid)
	inner=$(ip -o -4 addr show dev ppp$n | sed -n 's/.* peer \([0-9.]*\).*/\1/p')
	check "ppp$n is the session of its pppd and its peer" "$inner ppp$n $pid" \
		"$(pptpban sessions --plain | awk -F'\t' -v i=ppp$n '$5 == i { print $4, $5, $9 }')"
done
check "alice, from outside and from home" "198.51.100.11 203.0.113.50 " "$(pptpban sessions --plain | awk -F'\t' '$1 == "alice" { print $2 }' | sort | tr '\n' ' ')"
check "at home there are two" "alice dave " "$(pptpban sessions --plain 203.0.113.50 | cut -f 1 | sort | tr '\n' ' ')"
in=$(pptpban sessions --json 198.51.100.11 | tr ',' '\n' | sed -n 's/"in"://p')
note "traffic in of 198.51.100.11: $in bytes (five pings of 1000)"
check "its traffic is the pings and little more" yes "$([ "$in" -ge 5140 ] && [ "$in" -lt 20000 ] && echo yes || echo "$in")"

check "kick --dry-run ends nobody" 4 "$(pptpban kick --dry-run alice >/dev/null; pptpban sessions --plain | wc -l)"
pptpban kick alice >$OUT/kick.txt 2>&1; check "kick alice" 0 $?
cat $OUT/kick.txt
check "both are told" 2 "$(grep -c '^ended alice from ' $OUT/kick.txt)"
within 10 eval '! kill -0 $K1 2>/dev/null && ! kill -0 $K3 2>/dev/null'; check "her clients are gone" 0 $?
kill -0 $K2 && kill -0 $K4; check "the others are not" 0 $?
check "sessions knows" "bob dave " "$(pptpban sessions --plain | cut -f 1 | sort | tr '\n' ' ')"
check "she is not banned" "nobody is banned" "$(pptpban list)"
vpn c1 again alice 'alice pw'; K1=$PID; check "and may come again" up $RES

systemctl restart pptpban.service; within 20 pptpban status >/dev/null
pptpban sessions >$OUT/sessions-restart.txt; cat $OUT/sessions-restart.txt
check "after a restart of the service: three tunnels" 3 "$(pptpban sessions --plain | wc -l)"
inner=$(pptpban sessions --plain 198.51.100.12 | cut -f 4)
pptpban kick "$inner" >$OUT/kick-inner.txt 2>&1; check "kick by the address inside" 0 $?
within 10 eval '! kill -0 $K2 2>/dev/null'; check "ends that one" 0 $?
pptpban stats >$OUT/stats.txt 2>&1; check "stats" 0 $?
check "stats counts the logins" 5 "$(sed -n 's/^logins  *\([0-9]*\) .*/\1/p' $OUT/stats.txt)"
cat $OUT/stats.txt
vpn_down $K1; vpn_down $K4
within 20 eval '[ "$(pptpban sessions)" = "nobody is connected" ]'; check "all have hung up" 0 $?
product_logs >$OUT/service.log
journalctl -b -t pptpd -t pppd -o short-precise >$OUT/server.log
exit $FAILED
