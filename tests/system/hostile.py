#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends the hostile corpus through a real log writer, and judges who was banned.

usage: hostile.py send WAY TRUTH [--socket PATH] [--port N] [--seed N] [--share N]
       hostile.py judge TRUTH BANS [--believed ADDR]
       hostile.py harmless FILE...
       hostile.py log FILE

send: each text of tests/corpus/hostile/texts (or --share of them) is the name of somebody who fails three times (CHAP, PAP,
EAP, a Terminate-Request, the raw line of EAP-TLS), as pppd would log it; somebody else fails before, in the middle of that
and afterwards, with an ordinary name. Between them other programs log the same text. TRUTH is written: who attacked, and when
each of them had earned his ban. WAYs: syslog (datagrams to PATH), udp and tcp (to localhost:N; tcp with octet counting),
native and devlog (journald's two sockets; each process is a real one), forged-... (as the user nobody, in anybody's name;
TRUTH stays as it is).

judge: prints one line for the table; BANS is what "pptpban list --json" gave. Wrong are: bans of anybody else, attackers who
are not banned, bans more than two seconds late. --believed: this innocent must be banned, since here nobody can know better.

harmless: fails where what the program printed holds anything that steers a terminal, turns the direction of writing, or
is no UTF-8. log: FILE is the service's own log; prints it as a syslog daemon writes it, for the filter recidive.
"""
import _strptime  # noqa: F401  strptime() would load it when this is nobody, who may not read it
import argparse
import json
import os
import random
import re
import socket
import sys
import time
from datetime import datetime, timezone

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "corpus", "hostile"))
import hostile  # noqa: E402

NOBODY, LONGEST, OTHERS = 65534, 1023, (b"sshd", b"su", b"xpppd", b"pppd-x", b"named", b"a")


def today(text):
    now = datetime.now(timezone.utc)
    trad = ("%s %2d %s" % (now.strftime("%b"), now.day, now.strftime("%H:%M:%S"))).encode()
    iso = now.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00").encode()
    text = text.replace(b"@TRAD", trad).replace(b"@ISO", iso)
    text = re.sub(rb"\w{3} \d\d 18:55:40|Dec 31 23:59:59", trad, text)
    return re.sub(rb"2026-11-22T[\d:.]+(?:Z|\+00:00)?", iso, text)


class Datagrams:
    """A syslog daemon's local socket, or UDP."""

    def __init__(self, path=None, port=None, trad=False):
        self.sock = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect(path or ("127.0.0.1", port))
        self.host = b"" if path else b"host "

    def frame(self, ident, pid, message):
        return b"<%d>%s %s%s[%d]: %s" % (148 if ident == b"pppd" else 30, today(b"@TRAD"), self.host, ident, pid, message)

    def say(self, ident, pid, message):
        self.sock.send(self.frame(ident, pid, message)[:60000])
        if self.host:
            time.sleep(0.0002) # nobody holds UDP back

    def life(self):
        return Life(self)


class Counted(Datagrams):
    """TCP with octet counting (RFC 6587), in which a newline ends nothing."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.host = b"host "

    def say(self, ident, pid, message):
        frame = self.frame(ident, pid, message)[:7000]
        self.sock.sendall(b"%d %s" % (len(frame), frame))


class Life:
    """A process that logs; here it is a number."""
    next_pid = 40000

    def __init__(self, way):
        Life.next_pid += 1
        self.way, self.pid = way, Life.next_pid

    def say(self, ident, message):
        self.way.say(ident, self.pid, message)

    def end(self):
        pass


class Process:
    """A process of its own, since journald asks the kernel who it is. It says what comes through a pipe."""

    def __init__(self, way):
        self.way = way
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            if way.uid:
                os.setgid(way.uid)
                os.setuid(way.uid)
            while data := theirs.recv(1 << 17):
                way.sock.send(data)
                theirs.send(b".")
            os._exit(0)
        theirs.close()
        self.pipe = ours

    def say(self, ident, message):
        self.pipe.send(self.way.frame(ident, self.pid, message))
        self.pipe.recv(1)

    def end(self):
        self.pipe.send(b"") # later processes hold a copy of this end
        self.pipe.close()
        os.waitpid(self.pid, 0)


class Journal:
    def __init__(self, native, uid=0):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.connect("/run/systemd/journal/socket" if native else "/dev/log")
        self.native, self.uid, self.own = native, uid, None

    def frame(self, ident, pid, message):
        if not self.native:
            return (b"<148>%s[%d]: %s" % (ident, pid, message))[:60000]
        fields = ((b"MESSAGE", message[:60000]), (b"SYSLOG_IDENTIFIER", ident), (b"SYSLOG_PID", b"%d" % pid),
                  (b"_UID", b"0"), (b"_PID", b"1"), (b"_CMDLINE", b"/usr/sbin/pppd remotenumber 192.0.2.66"),
                  (b"_HOSTNAME", b"other"), (b"_SYSTEMD_UNIT", b"pptpban.service"), (b"_TRANSPORT", b"kernel"))
        return b"".join(k + b"\n" + len(v).to_bytes(8, "little") + v + b"\n" for k, v in fields)

    def say(self, ident, pid, message):
        """Of a stranger, who has one process for all he says."""
        if self.own is None:
            stranger = Journal(self.native, NOBODY)
            self.own = Process(stranger)
        self.own.say(ident, message)

    def life(self):
        return Process(self)


def failure_lines(name, role):
    q = lambda begin: hostile.pppd(name, begin)  # noqa: E731
    if role == "pap":
        return [b"no PAP secret found for " + q(b"no PAP secret"), b"PAP peer authentication failed for " + q(b"PAP peer")]
    if role == "eap":
        return [b'EAP: unauthenticated peer name "' + q(b"EAP: ") + b'"', b"EAP: MSCHAPv2 failure for peer " + q(b"EAP: ")]
    if role == "tls":
        return [b'EAP: unauthenticated peer name "' + q(b"EAP: ") + b'"',
                b'EAP-TLS: Cannot get secret/password for client "' + q(b"EAP-TLS: ") + b'", server "pptpd"']
    first = [b"LCP terminated by peer (" + hostile.conv_v(name, 900) + b")"] if role == "terminate" else []
    return first + [b"No CHAP secret found for authenticating " + q(b"Peer "), b"Peer " + q(b"Peer ") + b" failed CHAP authentication"]


def session(way, addr, name, role):
    """One failed login, as a generator that stops before each line."""
    control, call = way.life(), way.life()
    addr = addr.encode()
    for life, ident, text in [(control, b"pptpd", b"CTRL: Client %s control connection started" % addr),
                              (control, b"pptpd", b"CTRL: Starting call (launching pppd, opening GRE)"),
                              (call, b"pppd", b"Plugin /usr/lib/pptpd/pptpd-logwtmp.so loaded."),
                              (call, b"pppd", b"pppd 2.4.9 started by root, uid 0"),
                              *((call, b"pppd", text) for text in failure_lines(name, role)),
                              (call, b"pppd", b"Exit."),
                              (control, b"pptpd", b"CTRL: Reaping child PPP[%d]" % call.pid),
                              (control, b"pptpd", b"CTRL: Client %s control connection finished" % addr)]:
        yield
        life.say(ident, text[:LONGEST])
    call.end()
    control.end()


def run(*sessions):
    """The sessions, their lines alternating."""
    running = list(sessions)
    while running:
        for s in list(running):
            if next(s, running) is running:
                running.remove(s)


def send(way, texts, rng):
    roles = ["chap", "pap", "eap", "tls", "terminate"]
    truth, nets = {}, ("100.%d" % rng.randrange(64, 128), "198.%d" % rng.randrange(18, 20))
    for i, (_, text) in enumerate(texts):
        hostile_one, attacker = ("%s.%d.%d" % (net, i // 200, i % 200 + 1) for net in nets)
        text = today(text)
        rng.shuffle(roles)
        run(session(way, attacker, b"alice", "chap"))
        run(session(way, hostile_one, text, roles[0]))
        way.say(rng.choice(OTHERS), rng.randrange(1, 30000), text)
        run(session(way, hostile_one, text, "tls"), session(way, attacker, b"bob", "chap"))
        way.say(rng.choice(OTHERS), rng.randrange(1, 30000), b"x\n" + text)
        run(session(way, attacker, b"carol", "pap"))
        truth[attacker] = time.time()
        run(session(way, hostile_one, text, roles[1]))
        truth[hostile_one] = time.time()
    return truth


def forge(way):
    """Somebody who is not root tells of attacks of the innocent's."""
    for _ in range(3):
        run(session(way, hostile.VICTIM.decode(), b"mallory", "chap"))
    stranger = way.life()
    for name in hostile.filters(): # what any filter knows, under the names that it knows
        for sample in hostile.samples(name):
            for ident, message, line in hostile.messages(sample):
                text = re.sub(hostile.detect.ADDR, hostile.VICTIM, line if message is None else message)
                for _ in range(3):
                    stranger.say(ident or name.split("-")[0].encode(), today(text)[:8000])
    stranger.end()


def harmless(path):
    with open(path, "rb") as f:
        data = f.read()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        print("# %s: no UTF-8: %r" % (path, data[max(0, e.start - 60):e.start + 20]))
        return False
    bad = re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
                    "\U000e0000-\U000e0fff]", text)
    if bad:
        print("# %s: %r" % (path, text[max(0, bad.start() - 60):bad.start() + 20]))
    return len(text) > 0 and not bad


def own_log(path):
    with open(path, "rb") as f:
        for n, line in enumerate(f.read().split(b"\n")):
            name, colon, text = line.partition(b": ")
            if colon:
                stamp = datetime.fromtimestamp(1795374835 + n, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+00:00")
                sys.stdout.buffer.write(b"%s host pptpband[812]: %s\n" % (stamp.encode(), text))


def judge(truth, bans, believed):
    banned = {b["addr"]: b for b in bans}
    innocent = sorted(set(banned) - set(truth) - set(believed))
    missed = sorted(set(truth) - set(banned))
    late = sorted(a for a, t in truth.items() if a in banned and banned[a]["since"] > t + 2)
    unheard = sorted(set(believed) - set(banned))
    print("%5d attackers: %5d banned, %3d missed, %3d late; %3d innocents banned" %
          (len(truth), len(truth) - len(missed), len(missed), len(late), len(innocent) + len(believed) - len(unheard)))
    for what, addrs in (("missed", missed), ("late", late), ("innocent", innocent), ("not believed any more", unheard)):
        if addrs:
            print("# %s: %s" % (what, " ".join(addrs[:20])))
    return not (innocent or missed or late or unheard)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("what", choices=("send", "judge", "harmless", "log"))
    args.add_argument("first")
    args.add_argument("second", nargs="?")
    args.add_argument("more", nargs="*")
    args.add_argument("--socket")
    args.add_argument("--port", type=int)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--share", type=int, default=0)
    args.add_argument("--believed", action="append", default=[])
    args = args.parse_args()
    if args.what == "judge":
        with open(args.first) as f, open(args.second) as g:
            sys.exit(0 if judge(json.load(f), json.load(g)["bans"], args.believed) else 1)
    if args.what == "harmless":
        sys.exit(0 if all([harmless(f) for f in [args.first, args.second or args.first, *args.more]]) else 1)
    if args.what == "log":
        return own_log(args.first)
    ways = {"syslog": lambda: Datagrams(path=args.socket), "udp": lambda: Datagrams(port=args.port),
            "tcp": lambda: Counted(args.port), "native": lambda: Journal(True), "devlog": lambda: Journal(False),
            "forged-native": lambda: Journal(True, NOBODY), "forged-devlog": lambda: Journal(False, NOBODY),
            "forged-syslog": lambda: Datagrams(path=args.socket)}
    rng = random.Random(args.seed)
    texts = hostile.written()
    forged = [t for t in texts if t[0].startswith("forged-")]
    if args.share: # those that matter most are always there
        texts = forged + rng.sample([t for t in texts if t not in forged], args.share - len(forged))
    rng.shuffle(texts)
    way = ways[args.first]()
    if args.first.startswith("forged"):
        if args.first == "forged-syslog":
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        return forge(way)
    Life.next_pid = rng.randrange(31000, 60000)
    truth = send(way, texts, rng)
    with open(args.second, "w") as f:
        json.dump(truth, f)


if __name__ == "__main__":
    main()
