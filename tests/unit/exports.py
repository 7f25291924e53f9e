#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what pptpban exports with readers of its own, asks it about packets, and compares with the model's verdict.

Each format is a module tests/unit/exports_NAME.py with
    read(text) -> (rules, decide): a list of rules, and a function of (rules, source, protocol, port) that returns
                  1 let in, 0 refused, None left to others
    check(text, path): raises when a validator refuses the text
    wish(policy, packet, verdict, unspoofed): what this platform has to say where the model says verdict, and unspoofed
                  if no source were spoofed; Ellipsis: anything
    extra(rules, policy): decisions about more than packets that enter; asserts with a policy
    key(rule), needless(key): rules that are alike; those that others make needless in every policy
and every rule is taken out once: some packet of some policy must then go another way.
"""
import importlib
import importlib.util
import ipaddress
import os
import subprocess
import sys
import tempfile

PPTPBAN, JUDGE, SRCDIR = sys.argv[1:4]
sys.path.insert(0, os.path.join(SRCDIR, "tests/unit"))

COMMON = "interface = eth0\naddress = 11.1.0.1 2a00:1::1\n"
POLICIES = {
    "default": "",
    "address": COMMON,
    "allow": COMMON + "allow_from = 11.2.0.0/16 10.5.0.0/16 2a00:2::/32\n",
    "deny": COMMON + "deny_from = 11.3.0.0/24 12.0.0.0/7 2a00:3::/32\n",
    "windows": COMMON + "open = Mon-Fri 08:00-18:00\ntimezone = UTC\noutside = end\n",
    "drop": COMMON + "default = drop\nmanagement = 22/tcp 161/udp 6000-6100/tcp\nadmin_from = 11.4.0.0/24 2a00:4::/64\n"
            "deny_from = 11.2.3.0/24\noutbound = drop\noutbound_ports = 80/tcp 123/udp\n",
    "manage": COMMON + "management = 22/tcp 161/udp 6000-6100/tcp\nadmin_from = 11.4.0.0/24 2a00:4::/64\n",
    # names that a configuration may have and that mean something to some shell, XML, JSON or pf
    "odd": "interface = eth0 e.1-_x+ table any\naddress = 11.1.0.1\nallow_from = 11.2.0.0/16\n",
    "countries": COMMON + "database = {mmdb}\ndeny_countries = DE\n",
    "countrymen": COMMON + "database = {mmdb}\nallow_countries = DE\ndeny_from = 10.200.0.0/16 20.0.0.0/8\nspoofed = 100.64.0.0/10\n",
}
SOURCES = """11.1.0.9 11.2.0.1 11.2.3.4 11.3.0.255 11.3.1.0 11.4.0.9 11.4.1.0 12.0.0.0 13.255.255.255 14.0.0.0 10.5.1.1
10.6.0.0 10.200.0.1 100.64.0.1 192.0.2.1 20.1.2.3 21.1.2.3 1.1.1.1 224.0.0.5 2a00:2::1 2a00:3::1 2a00:4::1 2a00:5::1 2001:db8::7
2a01:de::1 fc00::1""".split()
TRAFFIC = [(6, 1723), (47, 0), (6, 22), (17, 161), (6, 6000), (6, 6100), (6, 6101), (1, 0), (58, 0), (17, 68), (17, 546), (17, 53),
           (6, 80)]
SPOOF = "Not here: spoof"
WRITER = """use MaxMind::DB::Writer::Tree;
my %t = (country => 'map', iso_code => 'utf8_string');
my $tree = MaxMind::DB::Writer::Tree->new(ip_version => 6, record_size => 24, database_type => 'Test-Country',
    languages => ['en'], description => {en => 'test'}, map_key_type_callback => sub {$t{$_[0]}},
    remove_reserved_networks => 0);
$tree->insert_network($_, {country => {iso_code => 'DE'}}) for qw(20.0.0.0/7 10.200.0.0/13 2a01:de::/32);
open my $out, '>:raw', $ARGV[0] or die;
$tree->write_tree($out);"""

failures = 0


def fail(*what):
    global failures
    failures += 1
    print("FAIL:", *what)


def run(*argv, stdin=""):
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=True).stdout


def packets(policy=""):
    for source in SOURCES:
        for protocol, port in TRAFFIC:
            v6 = ":" in source
            if (v6 and policy == "odd") or (protocol == 1 and v6) or (protocol == 58 and not v6):
                continue
            yield source, protocol, port


def verdicts(name, conf):
    """What the model says; GRE is let in from where the control channel is, since no front knows more."""
    asked = "".join("%d %d %s\n" % ((6, 1723, s) if p == 47 else (p, q, s)) for s, p, q in packets(name))
    answers = [int(line) for line in run(JUDGE, conf, stdin=asked).split()]
    return dict(zip(packets(name), (None if a < 0 else a for a in answers)))


def compare(fmt, module, name, text, wanted, unspoofed, killed):
    rules, decide = module.read(text)
    wish = getattr(module, "wish", lambda policy, packet, verdict, unspoofed: verdict) # what a platform makes of the verdict
    for packet, verdict in wanted.items():
        got = decide(rules, ipaddress.ip_address(packet[0]), *packet[1:])
        if wish(name, packet, verdict, unspoofed[packet]) not in (got, Ellipsis):
            fail(fmt, name, packet, "the model says", verdict, "and this", got)
            return
    extra = getattr(module, "extra", lambda rules, policy=None: None) # what else it decides about
    extra(rules, name)
    before = {packet: decide(rules, ipaddress.ip_address(packet[0]), *packet[1:]) for packet in wanted}
    for i, rule in enumerate(rules):
        rest = rules[:i] + rules[i + 1:]
        hit = extra(rest) != extra(rules) or any(decide(rest, ipaddress.ip_address(p[0]), *p[1:]) != v for p, v in before.items())
        key = module.key(rule)
        killed[key] = killed.get(key, False) or hit


def formats_in_front():
    """All that pptpban knows but those for the server's own kernel, which tests/system/firewall.sh asks."""
    told = subprocess.run([PPTPBAN, "firewall", "show", "--format", ""], capture_output=True, text=True, check=False).stderr
    known = [line.split()[0] for line in told.splitlines() if line.startswith("  ")]
    if not known:
        fail("pptpban firewall show --format '' lists no formats:", told)
    return [f for f in known if f not in ("nftables", "iptables")]


def main(formats):
    with tempfile.TemporaryDirectory(prefix="pptpban-exports-") as top:
        mmdb = os.path.join(top, "test.mmdb")
        perl = subprocess.run(["perl", "-e", WRITER, mmdb], capture_output=True, check=False)
        wanted, confs = {}, {}
        for name, text in POLICIES.items():
            if "{mmdb}" in text and perl.returncode != 0:
                print("no libmaxmind-db-writer-perl: not tried:", name)
                continue
            confs[name] = os.path.join(top, name + ".conf")
            with open(confs[name], "w", encoding="ascii") as f:
                f.write("[firewall]\n" + text.replace("{mmdb}", mmdb))
            wanted[name] = verdicts(name, confs[name])
            unspoofed = confs[name] + ".unspoofed" # for those who say that they leave them out
            with open(unspoofed, "w", encoding="ascii") as f:
                f.writelines(line for line in open(confs[name], encoding="ascii") if not line.startswith("spoofed"))
                f.write("spoofed =\n")
            wanted[name, SPOOF] = verdicts(name, unspoofed)
        for fmt in formats:
            reader = "exports_" + fmt.replace("-", "_")
            if importlib.util.find_spec(reader) is None:
                fail(fmt, "nobody reads what it says: there is no tests/unit/%s.py" % reader)
                continue
            module = importlib.import_module(reader)
            killed = {}
            for name, conf in confs.items():
                text = run(PPTPBAN, "firewall", "show", "--config", conf, "--format", fmt)
                if text != run(PPTPBAN, "firewall", "show", "--config", conf, "--format", fmt):
                    fail(fmt, name, "another text for the same policy")
                path = os.path.join(top, fmt + "-" + name)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
                try:
                    module.check(text, path)
                except Exception as e: # pylint: disable=broad-except
                    fail(fmt, name, "is not valid:", e)
                    continue
                if "control-closed" not in text and name == "windows":
                    fail(fmt, "does not say what it leaves out")
                compare(fmt, module, name, text, wanted[(name, SPOOF) if SPOOF in text else name], wanted[name, SPOOF], killed)
            survivors = [k for k, dead in killed.items() if not dead and not getattr(module, "needless", lambda k: False)(k)]
            if survivors:
                fail(fmt, "these rules can be taken out and nobody notices:", survivors)
            print("%s: %d policies, %d packets each, %d mutants, %s" % (
                fmt, len(confs), len(list(packets())), len(killed), module.VALIDATOR))
    return 1 if failures else 0


sys.exit(main(sys.argv[4:] or formats_in_front()))
