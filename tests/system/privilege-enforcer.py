#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Speaks to the enforcer as its watcher's user, with ill will. Prints checks: WHAT <tab> WANTED <tab> GOT.
#   privilege-enforcer.py malformed|judge|lax|space|flood SOCKET ENFORCER-PID PROTOCOL.H [HOW-MANY]
# lax: what judge tries, where the limits forbid nothing: all of it must be done, else judge proves nothing.
import array
import errno
import ipaddress
import os
import re
import resource
import socket
import struct
import sys
import time

PATH, PID = sys.argv[2], int(sys.argv[3])
VERSION = int(re.search(r"MSG_VERSION = (\d+)", open(sys.argv[4]).read()).group(1))
MANY = int(sys.argv[5]) if len(sys.argv) > 5 else 100000
MAGIC, MAX = 0x6e616270, 1024
HELLO, BAN, UNBAN, SYNC_BEGIN, SYNC_ENTRIES, SYNC_END, QUERY, GET_STATUS = range(1, 9)
RESULT, STATE, STATUS = 64, 65, 66
REASONS = ["done", "malformed", "unbannable", "too wide", "allowlist", "own", "gateway", "full", "extent", "kernel", "not there"]
USER = 64901


def check(what, wanted, got):
    print("%s\t%s\t%s" % (what, wanted, got), flush=True)


def as_user(uid, work):
    """connect() of that user: the kernel notes who it was."""
    os.setresuid(uid, uid, 0)
    try:
        return work()
    finally:
        os.setresuid(0, 0, 0)


def connect(uid=USER):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    as_user(uid, lambda: s.connect(PATH)) # waits for its turn
    s.settimeout(5)
    return s


def header(kind, n, seq=1, magic=MAGIC, version=VERSION):
    return struct.pack("<IHHII", magic, version, kind, seq, n)


def net(text, bits=None, pad=b"\0\0\0"):
    n = ipaddress.ip_network(text, strict=False)
    address = n.network_address.packed
    if n.version == 4:
        address = b"\0" * 10 + b"\xff\xff" + address
    return address + bytes([n.prefixlen + (96 if n.version == 4 else 0) if bits is None else bits]) + pad


def entry(where, seconds=600, jail=b"pptpd", count=3, until=None):
    where = net(where) if isinstance(where, str) else where
    until = int((time.time() + seconds) * 1e6) if until is None else until
    return where + struct.pack("<Iq", count, until) + jail.ljust(32, b"\0")


def ban(*entries, kind=BAN):
    return header(kind, len(entries)) + b"".join(entries)


def unban(*nets):
    return header(UNBAN, len(nets)) + b"".join(nets)


def answer(s):
    """The next answer that was asked for; None when the enforcer hangs up."""
    while True:
        try:
            data = s.recv(200000)
        except ConnectionResetError:
            return None
        if not data:
            return None
        if struct.unpack_from("<I", data, 8)[0]:
            return data


def ask(s, packet):
    try:
        s.send(packet)
    except (BrokenPipeError, ConnectionResetError):
        return None
    return answer(s)


def verdicts(data):
    """Reasons of what was not done, in the order of the entries."""
    n = struct.unpack_from("<I", data, 12)[0]
    return [REASONS[struct.unpack_from("<I", data, 16 + i * 28 + 20)[0]] for i in range(n)]


def verdict(s, e):
    data = ask(s, ban(e))
    return "hung up" if data is None else (verdicts(data) or ["done"])[0]


def status(s):
    data = ask(s, header(GET_STATUS, 0))
    names = ("bans", "unbans", "refused", "failed", "malformed", "strangers")
    return dict(zip(names, struct.unpack_from("<6Q", data, 16 + 8 + 144)), entries=struct.unpack_from("<I", data, 16 + 4)[0],
                hooked=struct.unpack_from("<I", data, 16 + 8)[0])


def memory():
    return sum(int(line.split()[1]) for line in open("/proc/%d/smaps_rollup" % PID) if line.startswith("Private_Dirty"))


def files():
    return len(os.listdir("/proc/%d/fd" % PID))


def malformed():
    good = entry("203.0.113.1")
    packets = {"empty": b"", "one byte": b"\0", "15 bytes": header(HELLO, 0)[:15], "a byte too many": header(HELLO, 0) + b"\0",
               "no magic": header(HELLO, 0, magic=0), "magic of the other order": header(HELLO, 0, magic=0x7062616e),
               "n = 1, nothing follows": header(BAN, 1), "n = 1, one byte missing": ban(good)[:-1], "n = 1, one too many": ban(good) + b"\0",
               "n = 0, an entry follows": header(BAN, 0) + good, "n = 1, two follow": header(BAN, 1) + good * 2,
               "n = 1025": header(BAN, 1025) + good * 1025, "n = 2^32 - 1": header(BAN, 0xffffffff) + good,
               "n * 64 is 0 in 32 bits": header(BAN, 1 << 26), "n * 64 is 64 in 32 bits": header(BAN, (1 << 26) + 1) + good,
               "longer than any message": header(BAN, 1024) + good * 1024 + b"\0" * 60000, "junk": os.urandom(2000),
               "query of nothing": header(QUERY, 0), "query of two": header(QUERY, 2) + net("203.0.113.1") * 2,
               "status with a tail": header(GET_STATUS, 1) + b"\0" * 20, "hello of one": header(HELLO, 1),
               "sync's entries without its begin": ban(good, kind=SYNC_ENTRIES), "sync's end without its begin": header(SYNC_END, 0)}
    for v in (0, 1, VERSION + 1, 0xffff):
        packets["version %d" % v] = header(HELLO, 0, version=v)
    for t in (0, 9, 10, 63, RESULT, STATE, STATUS, 67, 68, 69, 255, 256, 0xffff):
        packets["type %d" % t] = header(t, 0)
    before, descriptors = status(connect()), files()
    for name, packet in packets.items():
        check("malformed: " + name, "closed", "closed" if ask(connect(), packet) is None else "answered")
    after = status(connect())
    # an empty packet looks like an end
    check("each is counted", len(packets) - 1, after["malformed"] - before["malformed"])
    check("none of them banned anybody", before["entries"], after["entries"])
    s = connect()
    nets = {"bits behind the length": net("203.0.113.1", 120), "length 0": net("::/0"), "length 129": net("2001:db8::1", 129),
            "length 255": net("2001:db8::1", 255), "padding": net("203.0.113.1", pad=b"\0\1\0"), "IPv4, length 95": net("0.0.0.0/0", 95),
            "IPv4, length 80": net("0.0.0.0", 80), "IPv4, length 1": net("0.0.0.0", 1)}
    for name, where in nets.items():
        check("a network: " + name, "malformed", verdict(s, entry(where)))
    jails = {"empty": b"", "a quote": b'a"b', "a newline": b"a\nb", "a space": b"a b", "no end": b"a" * 32, "something behind the end": b"a\0b",
             "a slash": b"a/b", "not ASCII": "ä".encode(), "a percent sign": b"%s", "an escape": b"\x1b[2J", "the last byte": b"a" * 31 + b"\xff"}
    for name, jail in jails.items():
        check("a jail: " + name, "malformed", verdict(s, entry("203.0.113.1", jail=jail)))
    for name, until in {"now": int(time.time() * 1e6), "the past": 1, "zero": 0, "negative": -1, "the least": -(1 << 63)}.items():
        verdict(s, entry("203.0.113.2", until=until))
        check("until %s: nobody is banned" % name, before["entries"], status(s)["entries"])
    for name, until in {"the largest": (1 << 63) - 1, "one less": (1 << 63) - 2, "half": 1 << 62}.items():
        check("until %s" % name, "done", verdict(s, entry("203.0.113.3", until=until)))
        ask(s, unban(net("203.0.113.3")))
    check("count: the largest", "done", verdict(s, entry("203.0.113.4", count=0xffffffff)))
    ask(s, unban(net("203.0.113.4")))
    # files sent along
    for _ in range(2000):
        s.sendmsg([header(GET_STATUS, 0)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2] * 20))])
        answer(s)
    s.close()
    time.sleep(0.1)
    check("files that were sent along are not kept", True, files() <= descriptors + 1)
    check("the same enforcer goes on", True, os.path.exists("/proc/%d" % PID) and status(connect())["hooked"] == 1)


FORBIDDEN = {
    "allowlist": ["198.51.100.0/24", "198.51.100.7", "198.51.100.128/25", "10.1.2.3", "10.1.2.0/24", "10.1.2.2/31", "2001:db8:99::/48",
                  "2001:db8:99::1", "2001:db8:99:5::/64", "2001:db8:99:ffff:ffff:ffff:ffff:ffff"],
    "own": ["192.0.2.10", "192.0.2.10/31", "192.0.2.0/28", "2001:db8:1::10", "2001:db8:1::/64", "2001:db8:1::10/127"],
    "gateway": ["192.0.2.129", "192.0.2.128/25", "2001:db8:1:1::1", "2001:db8:1:1::/64"],
    "too wide": ["203.0.113.0/23", "16.0.0.0/8", "16.0.0.0/7", "32.0.0.0/3", "2001:db8::/47", "2400::/12", "4000::/2"],
}
NEVER = ["127.0.0.1", "127.0.0.0/24", "127.255.255.255", "0.0.0.0", "224.0.0.1", "239.255.255.250", "255.255.255.255", "::1", "::", "ff02::1",
         "::/64", "224.0.0.0/24", "0.0.0.0/24"]


def judge():
    s = connect()
    before = status(s)
    for reason, nets in FORBIDDEN.items():
        for where in nets:
            got = verdict(s, entry(where))
            # whatever it touches first
            check("%s: %s" % (reason, where), "refused", "refused" if got in FORBIDDEN or got == "unbannable" else got)
    for where in NEVER:
        check("never: %s" % where, "unbannable", verdict(s, entry(where)))
    # by way of the list as well, and many at once
    everything = [entry(w) for nets in FORBIDDEN.values() for w in nets] + [entry(w) for w in NEVER]
    ask(s, header(HELLO, 0))
    s.send(header(SYNC_BEGIN, 0))
    check("in a list: all are refused", len(everything), len(verdicts(ask(s, ban(*everything, kind=SYNC_ENTRIES)))))
    ask(s, header(SYNC_END, 0))
    check("nobody was banned by all that", 0, status(s)["entries"])
    check("each was counted", len(everything) * 2, status(s)["refused"] - before["refused"])


def lax():
    s = connect()
    for reason, nets in FORBIDDEN.items():
        for where in nets:
            got = verdict(s, entry(where))
            check("mutant: no limits, no addresses: %s" % where, "done", got)
            ask(s, unban(net(where)))


def networks(first, step, n):
    base = int(ipaddress.ip_address(first))
    kind = ipaddress.IPv4Address if ":" not in first else ipaddress.IPv6Address
    return (kind(base + i * step) for i in range(n))


def fill(s, nets):
    """How many were taken."""
    taken, batch = 0, []
    for n in list(nets) + [None]:
        if n is not None:
            batch.append(entry(net(str(n))))
        if batch and (n is None or len(batch) == MAX):
            taken += len(batch) - len(verdicts(ask(s, ban(*batch))))
            batch = []
    return taken


def space():
    """As much of the address space as the limits allow: 2^24 IPv4 addresses, 2^32 IPv6 /64; then again."""
    s = connect()
    s.settimeout(60)
    for turn in ("", " once more"):
        check("thousands of IPv4 /24: a 256th of the space" + turn, 65536, fill(s, ("%s/24" % a for a in networks("16.0.0.0", 256, 70000))))
        check("then not one address more" + turn, "extent", verdict(s, entry("120.0.0.1")))
        check("nor one inside what is covered" + turn, "extent", verdict(s, entry("16.0.0.1")))
        check("thousands of IPv6 /48" + turn, 65536, fill(s, ("%s/48" % a for a in networks("2600::", 1 << 80, 66000))))
        s.send(header(SYNC_BEGIN, 0))
        ask(s, header(SYNC_END, 0))
        check("an empty list ends them all" + turn, 0, status(s)["entries"])
    # what is taken back twice does not count twice
    for _ in range(50):
        ask(s, ban(*[entry("16.0.%d.0/24" % i) for i in range(256)]))
        ask(s, unban(*[net("16.0.%d.0/24" % i) for i in range(256)] * 2))
        ask(s, ban(*[entry("16.0.0.0/24", until=1)] * 100))
    check("bans and unbans in turn add nothing to the space", 65536, fill(s, ("%s/24" % a for a in networks("16.0.0.0", 256, 66000))))
    s.send(header(SYNC_BEGIN, 0))
    ask(s, header(SYNC_END, 0))


def root_is_answered():
    """Root asks: how long that takes. Whoever was connected is told that he is replaced, which is what he gets for it."""
    began = time.monotonic()
    s = connect(0)
    good = status(s)["hooked"] == 1
    s.close()
    return good, time.monotonic() - began


def pour(s, packets, n, read):
    """n messages; with read, answers are taken as they come. How many went through."""
    s.setblocking(False)
    sent, end = 0, time.monotonic() + 120
    while sent < n and time.monotonic() < end:
        try:
            s.send(packets[sent % len(packets)])
            sent += 1
        except BlockingIOError:
            if not read:
                return sent
        except (BrokenPipeError, ConnectionResetError):
            return -sent
        if read:
            try:
                while True:
                    s.recv(200000)
            except BlockingIOError:
                pass
    return sent


def flood():
    kinds = {"bans of one address": [ban(entry("203.0.113.1"))], "status": [header(GET_STATUS, 0)], "queries": [header(QUERY, 1) + net("203.0.113.1")],
             "unbans of nobody": [unban(net("203.0.113.99"))], "bans and unbans": [ban(entry("203.0.113.7")), unban(net("203.0.113.7"))],
             "beginnings and ends of lists": [header(SYNC_BEGIN, 0), header(SYNC_END, 0)],
             "full messages that are refused": [ban(*[entry("198.51.100.7")] * MAX)]}
    connect().send(header(HELLO, 0))
    before, worst, total = memory(), 0, 0
    for name, packets in kinds.items():
        n = MANY // (200 if "full" in name else 1) // len(kinds) + 1
        s = connect()
        sent = pour(s, packets, n, True)
        good, took = root_is_answered()
        check("flood: %s: taken, and root is answered" % name, (n, True), (sent, good))
        worst, total = max(worst, took), total + sent
        s.close()
        s = connect()
        stuck = pour(s, packets, 1000000, False)
        good, took = root_is_answered()
        check("flood: %s, no answer taken: it waits, and root is answered" % name, True, 0 <= stuck < 1000000 and good)
        worst = max(worst, took)
        s.close()
    for _ in range(MANY // 50):
        connect().close()
    good, took = root_is_answered()
    check("%d connections: root is answered" % (MANY // 50), True, good)
    strangers = status(connect())["strangers"]
    for _ in range(MANY // 50):
        connect(64904).close()
    good, took = root_is_answered()
    check("%d connections of a stranger: root is answered" % (MANY // 50), True, good)
    check("each is counted", MANY // 50, status(connect())["strangers"] - strangers)
    check("root was answered within a second each time", True, max(worst, took) < 1)
    check("memory grew by less than 1 MiB", True, memory() - before < 1024)
    check("nobody is left banned but the one", True, status(connect())["entries"] <= 1)
    print("# %d messages, %d connections; root was answered within %.0f ms; memory grew by %d KiB" %
          (total, MANY // 25, max(worst, took) * 1000, memory() - before))


resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
{"malformed": malformed, "judge": judge, "lax": lax, "space": space, "flood": flood}[sys.argv[1]]()
