#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban firewall countries, and a ruleset of countries, with a database that is written here.
set -u
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-countries-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0
write=${srcdir:-.}/tests/unit/countries.pl

if ! perl -MMaxMind::DB::Writer::Tree -e1 2>/dev/null; then
	echo "libmaxmind-db-writer-perl is not installed"
	exit 77
fi

perl "$write" "$T/six.mmdb" 6 50000 && perl "$write" "$T/four.mmdb" 4 10 || exit 1

expect() { # WHAT EXPECTED-STATUS FILE-OF-EXPECTED COMMAND...
	what=$1 wanted=$2 file=$3
	shift 3
	"$@" >"$T/out" 2>&1
	got=$?
	if [ $got != "$wanted" ] || ! diff -u "$file" "$T/out"; then
		echo "$what: exit $got, not $wanted"
		cat "$T/out"
		status=1
	fi
}

cat >"$T/all" <<'END'
COUNTRY  NETWORKS  ADDRESSES  IPV6 NETWORKS         /64
AQ              1        256              0           0
DE              2   16777217              1  4294967296
FR          50000   12800000              0           0
US              1        256              1       65536
END
expect "all countries" 0 "$T/all" ./pptpban firewall countries --all --database "$T/six.mmdb"
cat >"$T/four" <<'END'
COUNTRY  NETWORKS  ADDRESSES  IPV6 NETWORKS  /64
DE              2   16777217              0    0
END
expect "a tree of IPv4 alone" 0 "$T/four" ./pptpban firewall countries DE --database "$T/four.mmdb"
echo "$T/six.mmdb has nothing of 1 of these" >"$T/none"
./pptpban firewall countries FR XX --database "$T/six.mmdb" >/dev/null 2>"$T/err"
[ $? = 3 ] && diff -u "$T/none" "$T/err" || { echo "a country that is not there"; status=1; }

conf() { printf '[firewall]\ndatabase = %s\n%s\n' "$1" "$2" >"$T/conf"; }
conf "$T/six.mmdb" "allow_countries = DE AQ"
./pptpban firewall show --config "$T/conf" >"$T/out" || status=1
for net in 10.0.0.0/8 192.0.2.1 198.51.100.0/24 2001:db8::/32; do
	grep -q "[ {]$net[, }]*\$\|[ {]$net[, }]" "$T/out" || { echo "$net is not in the ruleset"; status=1; }
done
grep -q "10.128.0.0" "$T/out" && { echo "neighbours were left apart"; status=1; }

# What is wrong with a database is said, and nothing is rendered.
bad() { # WHAT PATTERN
	if ./pptpban firewall show --config "$T/conf" >"$T/out" 2>"$T/err" || [ -s "$T/out" ] || ! grep -q "$2" "$T/err"; then
		echo "$1:"
		cat "$T/err"
		status=1
	fi
}
conf "$T/six.mmdb" "deny_countries = DE KP"
bad "a country without networks" "has no network of KP"
conf "$T/missing.mmdb" "deny_countries = DE"
bad "no database" "cannot be opened"
for n in 0 10 1000 100000; do
	head -c $n "$T/six.mmdb" >"$T/cut.mmdb"
	conf "$T/cut.mmdb" "deny_countries = DE"
	bad "a database cut off at $n bytes" "database = .*cut.mmdb"
done
# the tree points beyond its end
{ head -c 200 "$T/six.mmdb"; head -c 300000 /dev/zero | tr '\0' '\377'; tail -c 2000 "$T/six.mmdb"; } >"$T/wild.mmdb"
conf "$T/wild.mmdb" "deny_countries = DE"
bad "a database of wild pointers" "database = .*wild.mmdb"
# each node leads to the next one twice: 2^64 ways to its end
if ! timeout 20 ./pptpban firewall countries --all --database "${srcdir:-.}/tests/fuzz/seeds/mmdb/shared-nodes.mmdb" 2>&1 |
	grep -q "shared-nodes.mmdb: damaged"; then
	echo "a tree that never ends is read on and on"
	status=1
fi
exit $status
