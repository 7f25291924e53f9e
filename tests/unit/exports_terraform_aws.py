# SPDX-License-Identifier: GPL-2.0-or-later
"""Terraform: a reader for the part of HCL that is used; the decisions of both resources; and terraform fmt -check where
there is a terraform, terraform validate where PB_TERRAFORM_PLUGINS is a directory that holds the provider hashicorp/aws."""
import ipaddress
import os
import re
import shutil
import subprocess
import tempfile

import exports_aws_nacl as acl
import exports_aws_sg as group

TERRAFORM = shutil.which("terraform")
PLUGINS = os.environ.get("PB_TERRAFORM_PLUGINS")
VALIDATOR = "terraform validate" if TERRAFORM and PLUGINS else "terraform fmt" if TERRAFORM else "a reader of HCL: no terraform here"
TOKEN = re.compile(r'"(?:[^"\\$%\n]|\\["\\])*"|-?\d+|[A-Za-z_][A-Za-z0-9_.]*|[{}\[\]()=,\n]')
NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1"}
VALIDATED = [] # the first policies alone: each costs seconds


def tokens(text):
    text, out, at = re.sub(r"#[^\n]*", "", text), [], 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found:
            out.append(found.group())
        assert found or text[at] == " ", "at %r" % text[at:at + 40]
        at = found.end() if found else at + 1
    return out


def parse_value(t):
    word = t.pop(0)
    if word == "[":
        out = []
        while t[0] != "]":
            if t[0] in (",", "\n"):
                t.pop(0)
            else:
                out.append(parse_value(t))
        t.pop(0)
        return out
    if word == "{":
        return parse_body(t, "}")
    if t and t[0] == "(": # list(string)
        assert t[:3] == ["(", "string", ")"]
        del t[:3]
    return word[1:-1] if word.startswith('"') else int(word) if re.fullmatch(r"-?\d+", word) else word


def parse_body(t, end):
    """Attributes and blocks, in order."""
    out = []
    while t and t[0] != end:
        word = t.pop(0)
        if word == "\n":
            continue
        assert re.fullmatch("[a-z_0-9]+", word), word
        if t[0] == "=":
            t.pop(0)
            assert word not in [name for name, _ in out], word + " twice"
            out.append((word, parse_value(t)))
        else:
            labels = []
            while t[0].startswith('"'):
                labels.append(t.pop(0)[1:-1])
            assert t.pop(0) == "{"
            out.append(("/".join([word] + labels), parse_body(t, "}")))
        assert t[0] in ("\n", end), t[:5]
    if end:
        t.pop(0)
    return out


ACL_KEYS = {"rule_no", "action", "protocol", "from_port", "to_port", "icmp_type", "icmp_code", "cidr_block", "ipv6_cidr_block"}
GROUP_KEYS = {"description", "protocol", "from_port", "to_port", "cidr_blocks", "ipv6_cidr_blocks"}


def read_acl(body):
    for name, v in body:
        if name not in ("ingress", "egress"):
            continue
        e = dict(v)
        assert set(e) <= ACL_KEYS and ("cidr_block" in e) != ("ipv6_cidr_block" in e)
        rule = {"acl": True, "RuleNumber": e["rule_no"], "Egress": name == "egress", "RuleAction": e["action"],
                "Protocol": NUMBERS.get(e["protocol"], e["protocol"]),
                "net": ipaddress.ip_network(e.get("cidr_block") or e["ipv6_cidr_block"])}
        if rule["Protocol"] in ("6", "17"):
            rule["PortRange"] = {"From": e["from_port"], "To": e["to_port"]}
        else:
            assert e["from_port"] == e["to_port"] == 0
        assert (rule["Protocol"] in ("1", "58")) == ("icmp_type" in e)
        yield rule


def read_group(body):
    for name, v in body:
        e = dict(v) if name in ("ingress", "egress") else {}
        assert set(e) <= GROUP_KEYS
        if name != "ingress":
            continue
        protocol = NUMBERS.get(e["protocol"], e["protocol"])
        everywhere = protocol not in ("6", "17")
        for net in e.get("cidr_blocks", []) + e.get("ipv6_cidr_blocks", []):
            yield {"acl": False, "protocol": protocol, "first": -1 if everywhere else e["from_port"],
                   "last": -1 if everywhere else e["to_port"], "net": ipaddress.ip_network(net)}


def read(text):
    blocks = dict(parse_body(tokens(text), None))
    assert set(blocks) == {"terraform", "variable/pptpban_vpc_id", "variable/pptpban_subnet_ids",
                           "resource/aws_security_group/pptpban", "resource/aws_network_acl/pptpban"}
    rules = sorted(read_acl(blocks["resource/aws_network_acl/pptpban"]), key=lambda e: e["RuleNumber"])
    return rules + list(read_group(blocks["resource/aws_security_group/pptpban"])), decide


def of_acl(rules):
    return [r for r in rules if r["acl"]]


def decide(rules, source, protocol, port):
    return (acl.decide(of_acl(rules), source, protocol, port),
            group.decide([r for r in rules if not r["acl"]], source, protocol, port))


def wish(policy, packet, verdict, unspoofed):
    if packet[1] == 17 and packet[2] in (68, 546):
        return ...
    return acl.wish(policy, packet, verdict, unspoofed), group.wish(policy, packet, verdict, unspoofed)


def extra(rules, policy=None):
    return acl.extra(of_acl(rules), policy)


def key(rule):
    return ("acl", acl.key(rule)) if rule["acl"] else ("group", group.key(rule))


def needless(k):
    return k[0] == "acl" and acl.needless(k[1])


def terraform(top, *argv):
    environment = dict(os.environ, CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1")
    done = subprocess.run([TERRAFORM, *argv], cwd=top, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def check(text, _path):
    read(text)
    if not TERRAFORM:
        return
    with tempfile.TemporaryDirectory(prefix="pptpban-terraform-") as top:
        with open(os.path.join(top, "main.tf"), "w", encoding="ascii") as f:
            f.write(text)
        terraform(top, "fmt", "-check", "-diff", "main.tf")
        if PLUGINS and len(VALIDATED) < 3 and text.count("ingress {") not in VALIDATED:
            VALIDATED.append(text.count("ingress {"))
            terraform(top, "init", "-input=false", "-no-color", "-plugin-dir=" + PLUGINS)
            terraform(top, "validate", "-no-color")
