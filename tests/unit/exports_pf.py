# SPDX-License-Identifier: GPL-2.0-or-later
"""pf: a reader for the part of pf.conf(5)'s grammar that the anchor uses, and an interpreter of its rules."""
import ipaddress
import re

VALIDATOR = "grammar of pf.conf(5)"
PROTOCOLS = {"tcp": 6, "udp": 17, "gre": 47, "icmp": 1, "icmp6": 58}


def lines(text):
    """Tokens, a statement each; a brace goes on over line ends."""
    out, depth = [[]], 0
    text = re.sub(r"#[^\n]*", "", text)
    for token in re.findall(r'"[^"\n]*"|[A-Za-z0-9_./:$-]+|[<>{}(),=]|\n|[^\s]', text):
        if token == "\n":
            if depth == 0 and out[-1]:
                out.append([])
            continue
        depth += (token == "{") - (token == "}")
        out[-1].append(token)
    assert depth == 0, "an open brace"
    return [o for o in out if o]


class Statement:
    """One line, taken from the left."""

    def __init__(self, tokens):
        self.tokens = list(tokens)

    def maybe(self, *words):
        if self.tokens[:len(words)] == list(words):
            del self.tokens[:len(words)]
            return True
        return False

    def need(self, *words):
        assert self.maybe(*words), "%r expected at %r" % (words, self.tokens)

    def word(self, pattern):
        assert self.tokens and re.fullmatch(pattern, self.tokens[0]), "%r expected at %r" % (pattern, self.tokens)
        return self.tokens.pop(0)

    def table(self):
        self.need("<")
        name = self.word(r"[a-zA-Z][a-zA-Z0-9_-]{0,30}")
        self.need(">")
        return name


def parse_table(s, tables):
    name = s.table()
    assert name not in tables, "twice: " + name
    nets = []
    while s.tokens and s.tokens[0] in ("persist", "const", "counters"):
        s.tokens.pop(0)
    if s.maybe("{"):
        while not s.maybe("}"):
            nets.append(ipaddress.ip_network(s.word(r"[0-9a-f.:/]+")))
            s.maybe(",")
    assert not s.tokens
    tables[name] = nets


def parse_limits(s):
    while not s.maybe(")"):
        if s.maybe("max-src-conn"):
            s.word(r"[1-9]\d*")
        elif s.maybe("max-src-conn-rate"):
            s.word(r"[1-9]\d*/[1-9]\d*")
        else:
            s.need("overload")
            assert s.table() == "pptpban_offenders"
        assert s.maybe(",") or s.tokens[0] == ")"


def parse_rule(s, action, macros, tables):
    rule = {"action": action, "family": 0, "protocol": 0, "ports": None}
    s.need("in")
    s.maybe("log")
    s.need("quick")
    s.need("on")
    assert s.word(r"\$[a-z_]+")[1:] in macros
    rule["family"] = 4 if s.maybe("inet") else 6 if s.maybe("inet6") else 0
    if s.maybe("proto"):
        rule["protocol"] = PROTOCOLS[s.word("[a-z0-9]+")]
    s.need("from")
    rule["from"] = "any" if s.maybe("any") else "urpf-failed" if s.maybe("urpf-failed") else s.table()
    s.need("to")
    assert s.table() == "pptpban_server"
    if s.maybe("port"):
        assert rule["protocol"] in (6, 17)
        first, _, last = s.word(r"\d+(:\d+)?").partition(":")
        rule["ports"] = range(int(first), int(last or first) + 1)
    if s.maybe("flags"):
        assert rule["protocol"] == 6 and action == "pass"
        s.need("S/SA")
    if s.maybe("keep", "state"):
        assert action == "pass"
        if s.maybe("("):
            parse_limits(s)
    assert not s.tokens, s.tokens
    assert rule["from"] in ("any", "urpf-failed") or rule["from"] in tables, "no table " + rule["from"]
    rule["nets"] = tables.get(rule["from"], [])
    return rule


def read(text):
    macros, tables, rules = {}, {}, []
    for tokens in lines(text):
        s = Statement(tokens)
        if len(tokens) > 1 and tokens[1] == "=":
            macros[s.word("[a-z_]+")] = tokens[2]
            assert len(tokens) == 3 and tokens[2].startswith('"')
        elif s.maybe("table"):
            parse_table(s, tables)
        else:
            rules.append(parse_rule(s, s.word("pass|block"), macros, tables))
    return [r for r in rules if r["from"] not in ("urpf-failed", "pptpban_offenders")], decide


def decide(rules, source, protocol, port):
    for r in rules:
        if r["family"] not in (0, source.version) or r["protocol"] not in (0, protocol):
            continue
        if r["ports"] is not None and port not in r["ports"]:
            continue
        if r["from"] == "any" or any(source.version == n.version and source in n for n in r["nets"]):
            return int(r["action"] == "pass")
    return None


def key(rule):
    return rule["action"], rule["protocol"], rule["from"], rule["ports"] and rule["ports"].start


def check(text, _path):
    read(text)
    assert "unvalidated" in text
    assert max(map(len, text.split("\n"))) < 4096
    assert "proto gre" in text and "keep state" in text and "<pptpban_offenders>" in text
