# SPDX-License-Identifier: GPL-2.0-or-later
"""Network ACL entries: checked with botocore's description of the EC2 API, decided as AWS documents it."""
import ipaddress
import json

import exports_aws

VALIDATOR = exports_aws.VALIDATOR


def network(entry):
    assert ("CidrBlock" in entry) != ("Ipv6CidrBlock" in entry)
    net = ipaddress.ip_network(entry.get("CidrBlock") or entry["Ipv6CidrBlock"])
    assert net.version == (4 if "CidrBlock" in entry else 6)
    return net


def read(text):
    entries = sorted(json.loads(text)["NetworkAclEntries"], key=lambda e: e["RuleNumber"])
    return [dict(e, net=network(e)) for e in entries], decide


def first(rules, egress, address, protocol, port):
    for r in rules:
        ports = r.get("PortRange", {"From": 0, "To": 65535})
        if r["Egress"] == egress and r["Protocol"] in ("-1", str(protocol)) and address.version == r["net"].version and \
                address in r["net"] and ports["From"] <= port <= ports["To"]:
            return r["RuleAction"] == "allow"
    return False # the entry * of every ACL


def decide(rules, source, protocol, port):
    """Let in when the packet enters and its answer, to whatever port a client uses, leaves."""
    back = [first(rules, True, source, protocol, p) for p in ((1024, 49152, 65535) if protocol in (6, 17) else (0,))]
    return int(first(rules, False, source, protocol, port) and all(back))


def wish(policy, packet, verdict, _unspoofed):
    _, protocol, port = packet
    if policy == "drop" and (protocol, port) == (6, 6101): # where answers to what the server began arrive
        return 1
    if protocol == 17 and port in (68, 546):
        return ... # DHCP is AWS's own
    return 1 if verdict is None else verdict # what others decide about has to be let in here


def extra(rules, policy=None):
    """What the server begins, and the answers to it."""
    out = {}
    for peer in map(ipaddress.ip_address, ("8.8.8.8", "2a00:9::1")):
        for protocol, port in ((6, 25), (6, 80), (17, 123), (17, 53), (6, 53), (1, 0), (58, 0), (6, 2000)):
            out[str(peer), protocol, port] = first(rules, True, peer, protocol, port) and \
                first(rules, False, peer, protocol, 40000 if protocol in (6, 17) else 0)
    if policy == "drop":
        assert not out["8.8.8.8", 6, 25] and not out["2a00:9::1", 6, 25]
        assert all(out["8.8.8.8", p, q] for p, q in ((6, 80), (17, 123), (17, 53), (6, 53), (1, 0)))
        assert all(out["2a00:9::1", p, q] for p, q in ((6, 80), (17, 123), (17, 53), (6, 53), (58, 0)))
    return out


def needless(k):
    """Who lets everybody in to port 1723 lets in to the ports from 1024 on, too; it is there for who reads it."""
    return k[:4] == (False, "allow", "6", "{'From': 1723, 'To': 1723}") and k[5]


def key(rule):
    return rule["Egress"], rule["RuleAction"], rule["Protocol"], str(rule.get("PortRange")), rule["net"].version, rule["net"].prefixlen == 0


def check(text, _path):
    document = json.loads(text)
    assert set(document) == {"Comment", "NetworkAclEntries"}
    assert all(isinstance(c, str) for c in document["Comment"])
    numbers = [(e["Egress"], e["RuleNumber"]) for e in document["NetworkAclEntries"]]
    assert len(set(numbers)) == len(numbers) and max(n for _, n in numbers) <= 32766
    for e in document["NetworkAclEntries"]:
        exports_aws.validate("CreateNetworkAclEntry", dict(e, NetworkAclId="acl-0123456789abcdef0"))
        assert (e["Protocol"] in ("6", "17")) == ("PortRange" in e)
        assert (e["Protocol"] in ("1", "58")) == ("IcmpTypeCode" in e)
