# SPDX-License-Identifier: GPL-2.0-or-later
# What both tests share. A line each: ok, or not ok and the end.
export LC_ALL=C
attack=$(dirname "$0")/../../etc/demo/attack.syslog # recorded at a real server; three who guess passwords
attackers='203.0.113.21 203.0.113.22 203.0.113.24'
neighbour=198.51.100.11 # logs in, and calls while they do

ok() { # WHAT COMMAND...
	what=$1
	shift
	if "$@" >"$T/ok.log" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		sed 's/^/    /' "$T/ok.log"
		[ ! -e "$T/log" ] || sed 's/^/    log: /' "$T/log"
		exit 1
	fi
}

# within SECONDS COMMAND...
within() {
	tries=$(($1 * 10))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

play() { sed "s/^[^ ]*/$(date +%Y-%m-%dT%H:%M:%S.000000%:z)/" "$attack" >>"$1"; }

# Whichever back end chose itself.
banned() {
	for a; do
		ipset test pptpban4 "$a" 2>/dev/null || nft get element inet pptpban ban4 "{ $a }" >/dev/null 2>&1 || return 1
	done
}
not_banned() { ! banned "$1"; }
hooked() { nft list table ip pptpban 2>/dev/null | grep -q drop || nft list table inet pptpban 2>/dev/null | grep -q drop; }
