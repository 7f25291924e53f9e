# SPDX-License-Identifier: GPL-2.0-or-later
"""Suricata rules: their grammar; who is told of, by their lists of networks; and, where there is a suricata (PATH, or
SURICATA in the environment), suricata -T and what it alerts of in a capture that is written here."""
import ipaddress
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile

SURICATA = os.environ.get("SURICATA") or shutil.which("suricata")
VALIDATOR = "suricata -T and a capture" if SURICATA else "grammar alone: no suricata here"
BASE = 1723000
HEADER = re.compile(r"alert (tcp|udp|ip) (\S+) (any|\d+) -> (\S+) (any|[\d:]+) \((.*)\)")
OPTIONS = {
    "msg": r'"[A-Za-z0-9 :-]+"', "flow": r"(established,)?to_(server|client)", "content": r'!?"(\|([0-9a-f]{2} ?)+\|)"',
    "offset": r"\d+", "depth": r"\d+", "dsize": r">\d+", "byte_test": r"2,(=|!=|>),\d+,\d+", "flags": r"S,12",
    "flowbits": r"(set|isset|isnotset),pptpban\.[a-z]+", "xbits": r"(set|isnotset),pptpban\.peer,track ip_pair(,expire \d+)?",
    "noalert": None, "ip_proto": "47", "threshold": r"type (limit|both),track by_src,count [1-9]\d*,seconds [1-9]\d*",
    "reference": r"url,[a-z0-9./-]+", "classtype": "[a-z-]+", "sid": r"1[0-9]{6}", "rev": r"[1-9]\d*",
}


def group(text):
    """Networks of an address group, and whether it is what is not in it."""
    if text in ("any", "$HOME_NET"):
        return None, False
    inverse, nets = re.fullmatch(r"(!?)\[([0-9a-f.:/,]+)\]", text).groups()
    return [ipaddress.ip_network(n) for n in nets.split(",")], bool(inverse)


def parse(line):
    protocol, source, _, server, port, rest = HEADER.fullmatch(line).groups()
    options = {}
    for option in re.findall(r' ?((?:[^;"]|"[^"]*")+);', rest):
        name, colon, value = option.strip().partition(":")
        assert name in OPTIONS, "no option " + name
        assert re.fullmatch(OPTIONS[name], value) if OPTIONS[name] else not colon, option
        options[name] = value
    group(server)
    return {"protocol": {"tcp": 6, "udp": 17, "ip": 0}[protocol], "source": group(source), "port": port,
            "sid": int(options["sid"]), "options": options}


def read(text):
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    rules = [parse(line) for line in lines]
    assert len({r["sid"] for r in rules}) == len(rules)
    return [r for r in rules if (r["source"][0] is not None and "noalert" not in r["options"]) or "policy-violation" in str(r["options"])], decide


def decide(rules, source, protocol, port):
    """Whether somebody is told of for where he comes from alone."""
    for r in rules:
        nets, inverse = r["source"]
        first, _, last = (r["port"] if r["port"] != "any" else "0:65535").partition(":")
        if r["protocol"] in (0, protocol) and int(first) <= port <= int(last or first) and \
                (nets is None or any(source.version == n.version and source in n for n in nets) != inverse):
            return 0
    return None


def wish(policy, packet, verdict, _unspoofed):
    """Nobody is told of for knocking at other ports, and GRE is told of by what was said before it."""
    source, protocol, port = packet
    asked = (protocol, port) == (6, 1723) or (policy in ("drop", "manage") and port in (22, 161, 6000, 6100))
    if asked or verdict is None:
        return 0 if verdict == 0 else None
    return ... if verdict == 0 else None


def key(rule):
    return rule["sid"]


# --- a capture

def ip4(source, dest, protocol, payload):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                       ipaddress.ip_address(source).packed, ipaddress.ip_address(dest).packed)
    return head + payload


def tcp(source, dest, sport, dport, seq, ack, flags, payload=b""):
    return ip4(source, dest, 6, struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 65535, 0, 0) + payload)


def control(kind, size, message=1, length=None, version=0x100):
    return struct.pack(">HHIHHH", size if length is None else length, message, 0x1A2B3C4D, kind, 0, version).ljust(size, b"\0")


SERVER = "11.1.0.1"
START, STARTED = ("c", control(1, 156)), ("s", control(2, 156))
CALL, CALLED, ECHO = ("c", control(7, 168)), ("s", control(8, 32)), ("c", control(5, 16))
TALKS = { # client: (what is said, the alerts)
    "8.0.0.1": ([START, STARTED, CALL, CALLED, ECHO, "gre"], set()),
    "8.0.0.2": ([("c", b"GET / HTTP/1.0\r\n\r\n")], {10}),
    "8.0.0.3": ([CALL], {14}),
    "8.0.0.4": ([START, STARTED, START], {15}),
    "8.0.0.5": ([START, STARTED, ("c", control(5, 16, message=2))], {11}),
    "8.0.0.6": ([START, STARTED, ("c", control(16, 16))], {12}),
    "8.0.0.7": ([START, STARTED, ("c", control(0, 16))], {13}),
    "8.0.0.8": ([("c", control(1, 156, length=155))], {16}),
    "8.0.0.9": ([("c", control(1, 156, version=0x200))], {17}),
    "8.0.0.10": ([START, STARTED, ("c", STARTED[1])], {18}),
    "8.0.0.11": ([START, STARTED, CALL, ("c", CALLED[1])], {19}),
    "8.0.0.12": ([START] * 15, set()),     # each a connection of its own
    "8.0.0.13": ([START] * 16, {30}),
    "8.0.0.14": (["gre"], {40}),
    "8.0.0.15": ([START, "gre"], set()),
    "8.0.0.16": ([("c", b"\x16\x03\x01")], {10}),
    "192.168.7.7": ([START], {50}),
    "11.3.0.9": ([START], {100}),
    "11.2.9.9": ([START, STARTED, CALL, CALLED], set()),
}


def packets():
    for client, (said, _) in TALKS.items():
        flood = said.count(START) > 2
        for turn in range(len(said) if flood else 1):
            sport, seq, ack = 20000 + turn, 1000, 5000
            if said != ["gre"]:
                yield tcp(client, SERVER, sport, 1723, seq, 0, 2)
                yield tcp(SERVER, client, 1723, sport, ack, seq + 1, 18)
                yield tcp(client, SERVER, sport, 1723, seq + 1, ack + 1, 16)
                seq, ack = seq + 1, ack + 1
            for words in said[:1] if flood else said:
                if words == "gre":
                    yield ip4(client, SERVER, 47, bytes.fromhex("3081880b000400010000000100000000") + b"\xff\x03\x00\x21")
                elif words[0] == "c":
                    yield tcp(client, SERVER, sport, 1723, seq, ack, 24, words[1])
                    seq += len(words[1])
                    yield tcp(SERVER, client, 1723, sport, ack, seq, 16)
                else:
                    yield tcp(SERVER, client, 1723, sport, ack, seq, 24, words[1])
                    ack += len(words[1])
                    yield tcp(client, SERVER, sport, 1723, seq, ack, 16)


def write_capture(path):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)) # raw IP
        for i, packet in enumerate(packets()):
            f.write(struct.pack("<IIII", 1795392000 + i // 100, i % 100 * 1000, len(packet), len(packet)) + packet)


CONFIG = """%YAML 1.1
---
vars:
  address-groups: {HOME_NET: "[11.1.0.1,2a00:1::1]"}
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [alert]}
"""
CLASSES = "bad-unknown policy-violation protocol-command-decode attempted-dos"


def suricata(top, rules, *mode):
    with open(os.path.join(top, "classes"), "w", encoding="ascii") as f:
        f.writelines("config classification: %s,%s,2\n" % (c, c) for c in CLASSES.split())
    with open(os.path.join(top, "conf.yaml"), "w", encoding="ascii") as f:
        f.write(CONFIG)
    with open(os.path.join(top, "references"), "w", encoding="ascii") as f:
        f.write("config reference: url https://\n")
    open(os.path.join(top, "threshold"), "w", encoding="ascii").close()
    done = subprocess.run([SURICATA, "-c", os.path.join(top, "conf.yaml"), "-S", rules, "-l", top, "-k", "none", "--runmode",
                           "single", "--set", "classification-file=" + os.path.join(top, "classes"),
                           "--set", "threshold-file=" + os.path.join(top, "threshold"),
                           "--set", "reference-config-file=" + os.path.join(top, "references"), *mode],
                          capture_output=True, text=True, check=False)
    out = done.stdout + done.stderr
    assert done.returncode == 0, out
    loaded = [line for line in out.split("\n") if re.search(r"Error|rule \d+|Warning: detect", line)]
    assert not loaded, loaded
    return out


def alerts(top, rules, capture):
    eve = os.path.join(top, "eve.json")
    if os.path.exists(eve):
        os.unlink(eve)
    suricata(top, rules, "-r", capture)
    seen = {client: set() for client in TALKS}
    for line in open(eve, encoding="utf-8"):
        event = json.loads(line)
        if event["event_type"] == "alert":
            seen[event["src_ip"]].add(event["alert"]["signature_id"] - BASE)
    return seen


def replay(path, text):
    """What is said in the capture, as the policy that denies 11.3.0.0/24 sees it; all rules are needed for that."""
    with tempfile.TemporaryDirectory(prefix="pptpban-suricata-") as top:
        capture = os.path.join(top, "talks.pcap")
        write_capture(capture)
        wanted = {client: expected for client, (_, expected) in TALKS.items()}
        seen = alerts(top, path, capture)
        assert seen == wanted, {c: (seen[c], wanted[c]) for c in TALKS if seen[c] != wanted[c]}
        assert {r["sid"] - BASE for r in map(parse, lines_of(text)) if "noalert" not in r["options"]} == set().union(*seen.values())
        for setter in 1, 2, 3: # these tell nothing themselves
            mutant = os.path.join(top, "mutant.rules")
            with open(mutant, "w", encoding="ascii") as f:
                f.writelines(line + "\n" for line in lines_of(text) if "sid:%d;" % (BASE + setter) not in line)
            try:
                seen = alerts(top, mutant, capture)
            except AssertionError: # suricata itself misses it
                continue
            assert seen != wanted, "rule %d can be taken out and nobody notices" % setter


def lines_of(text):
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def check(text, path):
    read(text)
    if SURICATA:
        with tempfile.TemporaryDirectory(prefix="pptpban-suricata-") as top:
            suricata(top, path, "-T")
        if path.endswith("-deny"):
            replay(path, text)
