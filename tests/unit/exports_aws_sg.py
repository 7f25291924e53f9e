# SPDX-License-Identifier: GPL-2.0-or-later
"""Security group permissions: checked with botocore's description of the EC2 API, decided as AWS documents it."""
import ipaddress
import json
import re

import exports_aws

VALIDATOR = exports_aws.VALIDATOR


def read(text):
    """A rule for each range, as AWS counts them."""
    rules = []
    for p in json.loads(text)["IpPermissions"]:
        for r in p["IpRanges"] + p["Ipv6Ranges"]:
            rules.append({"protocol": p["IpProtocol"], "first": p.get("FromPort", -1), "last": p.get("ToPort", -1),
                          "net": ipaddress.ip_network(r.get("CidrIp") or r["CidrIpv6"])})
    return rules, decide


def decide(rules, source, protocol, port):
    for r in rules:
        if r["protocol"] in ("-1", str(protocol)) and source.version == r["net"].version and source in r["net"] and \
                (r["first"] == -1 or r["first"] <= port <= r["last"]):
            return 1
    return None


def wish(_policy, packet, _verdict, unspoofed):
    if packet[1] == 17 and packet[2] in (68, 546): # DHCP passes by every group
        return None
    return 1 if unspoofed else None


def key(rule):
    return rule["protocol"], rule["first"], rule["net"].version


def check(text, _path):
    document = json.loads(text)
    assert set(document) == {"Comment", "IpPermissions", "IpPermissionsEgress"}
    for member, call in (("IpPermissions", "AuthorizeSecurityGroupIngress"),
                         ("IpPermissionsEgress", "AuthorizeSecurityGroupEgress")):
        exports_aws.validate(call, {"GroupId": "sg-0123456789abcdef0", "IpPermissions": document[member]})
        seen = set()
        for p in document[member]:
            ports = p["IpProtocol"], p.get("FromPort"), p.get("ToPort")
            assert (p["IpProtocol"] in ("6", "17", "1", "58")) == ("FromPort" in p)
            for r in p["IpRanges"] + p["Ipv6Ranges"]:
                assert (ports, str(r)) not in seen # AWS refuses a duplicate, and with it all of them
                seen.add((ports, str(r)))
                assert len(r["Description"]) <= 255 and re.fullmatch(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*", r["Description"])
