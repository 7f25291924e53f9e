# SPDX-License-Identifier: GPL-2.0-or-later
# Writes a small database of countries in MaxMind's format: perl countries.pl FILE 4|6 MANY, with MANY networks of FR.
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
