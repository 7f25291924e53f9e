# SPDX-License-Identifier: GPL-2.0-or-later
"""pfSense and OPNsense: a schema of what of their configuration files is written, and an interpreter of the rules."""
import ipaddress
import os
import shutil
import subprocess
import xml.etree.ElementTree as tree

XMLLINT = shutil.which("xmllint")
VALIDATOR = "xmllint with a schema of our own" if XMLLINT else "NOT validated: no xmllint"
PROTOCOLS = {"tcp": 6, "udp": 17, "gre": 47, None: 0}
FAMILIES = {"inet": 4, "inet6": 6, "inet46": 0}


def read(text):
    root = tree.fromstring(text)
    aliases = {}
    for a in root.iter("alias"):
        content = a.find("address") if root.tag == "pfsense" else a.find("content")
        assert a.find("name").text not in aliases
        aliases[a.find("name").text] = [ipaddress.ip_network(n) for n in (content.text or "").split()]
    rules = []
    for r in root.find("filter"):
        protocol, source, port = r.findtext("protocol"), r.find("source"), r.findtext("destination/port")
        family = FAMILIES[r.findtext("ipprotocol")]
        if protocol in ("icmp", "ipv6-icmp"):
            assert family and (protocol == "icmp" or family == 6)
        first, _, last = (port or "0-65535").partition("-")
        assert r.findtext("destination/address") == "pptpban_server" and (port is None or protocol in ("tcp", "udp"))
        rules.append({"pass": r.findtext("type") == "pass", "family": family, "name": source.findtext("address"),
                      "protocol": PROTOCOLS.get(protocol, 58 if family == 6 else 1),
                      "ports": range(int(first), int(last or first) + 1), "tracker": r.findtext("tracker") or r.get("uuid"),
                      "nets": aliases[source.findtext("address")] if source.find("any") is None else None})
    assert len({r["tracker"] for r in rules}) == len(rules)
    return rules, decide


def decide(rules, source, protocol, port):
    for r in rules:
        if r["family"] in (0, source.version) and r["protocol"] in (0, protocol) and port in r["ports"] and \
                (r["nets"] is None or any(source.version == n.version and source in n for n in r["nets"])):
            return int(r["pass"])
    return None


def key(rule):
    return rule["pass"], rule["protocol"], rule["name"], rule["ports"].start


def check(text, path):
    assert "unvalidated" in text
    if XMLLINT:
        schema = os.path.join(os.path.dirname(os.path.abspath(__file__)), "exports-sense.xsd")
        done = subprocess.run([XMLLINT, "--noout", "--schema", schema, path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
