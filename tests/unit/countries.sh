#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pptpban firewall countries, and a ruleset of countries, with a database that is written here.
set -u
T=$(mktemp -d "${TMPDIR:-/tmp}/pptpban-countries-XXXXXX")
trap 'rm -rf "$T"' EXIT
status=0

if ! perl -MMaxMind::DB::Writer::Tree -e1 2>/dev/null; then
	echo "libmaxmind-db-writer-perl is not installed"
	exit 77
fi

cat >"$T/write.pl" <<'END'
use MaxMind::DB::Writer::Tree;
my ($file, $version, $many) = @ARGV;
my %types = (country => 'map', registered_country => 'map', iso_code => 'utf8_string');
my $tree = MaxMind::DB::Writer::Tree->new(
	ip_version => $version, record_size => 24, database_type => 'Test-Country', languages => ['en'],
	description => { en => 'test' }, map_key_type_callback => sub { $types{ $_[0] } }, remove_reserved_networks => 0);
sub add { my ($net, $key, $code) = @_; $tree->insert_network($net, { $key => { iso_code => $code } }) }
add('10.0.0.0/9', 'country', 'DE');
add('10.128.0.0/9', 'country', 'DE');              # the other half of 10.0.0.0/8
add('192.0.2.1/32', 'country', 'DE');
add('198.51.100.0/24', 'registered_country', 'AQ'); # where it is nobody knows
add('203.0.113.0/24', 'country', 'US');
if ($version == 6) {
	add('2001:db8::/32', 'country', 'DE');
	add('2001:db9::/48', 'country', 'US');
}
for my $i (0 .. $many - 1) { # every second /24: none has a neighbour
	add(sprintf('%d.%d.%d.0/24', 20 + ($i >> 15), ($i >> 7) & 255, ($i & 127) * 2), 'country', 'FR');
}
open my $out, '>:raw', $file or die;
$tree->write_tree($out);
END
perl "$T/write.pl" "$T/six.mmdb" 6 50000 && perl "$T/write.pl" "$T/four.mmdb" 4 10 || exit 1

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
