#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Other programs' logs, end to end: lines of FreeRADIUS and Suricata, dated as these date them, come into files that the
# service follows; whoever guesses is in the kernel's set for the right time, and nobody whose name stands in a line only.
# Those who are banned again and again: from what the service itself logs.
. "$(dirname "$0")/service.inc"
group=games
export TZ=EST5 # what has no zone is local time
netns_new server

configure 'bantime = 1s' 'bantime.increment = no' \
	'[freeradius]' 'enabled = yes' "source = $T/radius.log" 'maxretry = 3' 'bantime.increment = no' \
	'[suricata]' 'enabled = yes' "source = $T/eve.json" 'filter = suricata-eve[sid="9000001"]' 'maxretry = 2' \
	'[recidive]' 'enabled = yes' "source = $T/daemon.log" 'maxretry = 3' 'findtime = 1d' 'bantime = 1w'
touch "$T/log" "$T/radius.log" "$T/eve.json" "$T/daemon.log"
service_start
ok "the enforcer is there" wait_for 5 enforced
lines() { [ "$(ask status --json | jq '[.sources[].lines] | add')" -ge "$(cat "$T"/log "$T"/radius.log "$T"/eve.json "$T"/daemon.log | wc -l)" ]; }
remaining() { ip netns exec "$server" ipset list "$2" | awk -v a="$1" '$1 == a { print $3 }'; }
about() { [ "$1" -gt $(($2 - 20)) ] && [ "$1" -le "$2" ]; }

# a minute and a half old, in FreeRADIUS' own form: the ban began then, and has so much less to go
n=0
radius() { # AGE RESULT USER ADDR
	printf '%s : Auth: (%d) %s: [%s] (from client nas port 0 cli %s)\n' \
		"$(date -d "@$(($(date +%s) - $1))" '+%a %b %e %H:%M:%S %Y')" $n "$2" "$3" "$4" >>"$T/radius.log"
	n=$((n + 1))
}
for _ in 1 2 3; do radius 90 'Login incorrect (mschap: MS-CHAP2-Response is incorrect)' alice 203.0.113.5; done
ok "three wrong passwords ban" wait_for 5 in_kernel 203.0.113.5
ok "for an hour from the last of them" about "$(remaining 203.0.113.5 pptpban4)" 3510
for _ in 1 2; do radius 0 'Login incorrect' bob 203.0.113.6; done
radius 0 'Login OK' bob 203.0.113.6
for _ in 1 2; do radius 0 'Login incorrect' bob 203.0.113.6; done
for _ in 1 2 3; do radius 0 'Login incorrect' 'x] (from client z port 0 cli 192.0.2.66)' 203.0.113.7; done
for _ in 1 2 3; do radius 0 'Login incorrect (Home Server failed to respond)' erin 203.0.113.8; done
ok "a name that ends like a line bans its sender" wait_for 5 in_kernel 203.0.113.7
ok "all lines are read" wait_for 5 lines
is "not the one it names, nor who got in, nor who cannot be asked for" "203.0.113.5 203.0.113.7" \
	"$(ask list --json | jq -r '[.bans[].addr] | sort | join(" ")')"

# one JSON object a line, in UTC with its zone, whatever the machine's zone is
eve() { # ADDR PKT_SRC
	printf '{"timestamp":"%s","flow_id":1,"in_iface":"eth0","event_type":"alert","src_ip":"%s","src_port":40001,"dest_ip":"192.0.2.10","dest_port":1723,"proto":"TCP","pkt_src":"%s","metadata":{"flowvars":[{"x":"\\",\\"src_ip\\":\\"192.0.2.66\\",\\"alert\\":{"}]},"alert":{"action":"allowed","gid":1,"signature_id":9000001,"rev":1,"signature":"x","category":"","severity":3},"app_proto":"failed"}\n' \
		"$(date -u -d "@$(($(date +%s) - 600))" '+%Y-%m-%dT%H:%M:%S.123456+0000')" "$1" "$2" >>"$T/eve.json"
}
for _ in 1 2; do
	eve 203.0.113.9 wire/pcap
	eve 2001:0db8:0000:0000:0000:0000:0000:0009 wire/pcap
	eve 192.0.2.66 'gre tunnel'
done
ok "two alerts of ten minutes ago ban" wait_for 5 in_kernel 203.0.113.9
ok "for the rest of the hour" about "$(remaining 203.0.113.9 pptpban4)" 3000
ok "IPv6 too" wait_for 5 ip netns exec "$server" ipset test pptpban6 2001:db8::9
ok "all lines are read" wait_for 5 lines
is "nobody from inside a tunnel" false "$(ask list --json | jq 'any(.bans[]; .addr == "192.0.2.66")')"

# The service's own lines as syslog would write them. Each ban lasts a second; the third one within a day, a week.
relay() { sed -n 's/^pptpband: //p' "$T/service.log" | grep -c . >"$T/seen"; }
forward() { # what the service has said since
	sed -n 's/^pptpband: //p' "$T/service.log" | sed "1,$(cat "$T/seen")d" |
		sed "s/^/$(date '+%b %e %H:%M:%S') host pptpband[$service]: /" >>"$T/daemon.log"
	relay
}
relay
for i in 1 2 3; do
	attack "$T/log" 203.0.113.21 3
	said() { [ "$(grep -c 'pptpband: ban 203.0.113.21 for 1s by pptpd' "$T/service.log")" = $i ]; }
	ok "banned for a second, time $i" wait_for 5 said
	forward
	[ $i = 3 ] || sleep 1.5
done
recidive() { grep -q '^pptpband: ban 203.0.113.21 for 1w by recidive: 3 failures in [0-9]*s\(, ban number [0-9]*\)\?$' "$T/service.log"; }
ok "then for a week" wait_for 5 recidive
ok "the kernel has it" about "$(remaining 203.0.113.21 pptpban4)" 604800
