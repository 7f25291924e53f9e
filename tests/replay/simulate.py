#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Detection on simulated PPTP servers: what the replay counts against what the simulated visitors did.

usage: simulate.py PPTPBAN CONFIG [--seeds A..B] [--keep DIR] [-v]

Each seed is a world of its own: one or several hosts with their versions, options, form of log and visitors. Processes
(manager, pptpctrl, pppd, those of other services) print what the real ones print; lines keep their order within a
process and their causes, everything else interleaves as the seed says. Exit status 1 when anything was charged that
was no failure, charged twice or to somebody else, or when a failure was missed although the log tells whose it is.
"""
import collections
import heapq
import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from detect import VICTIM, Replay, to_export  # noqa: E402

START = 1795374835  # 2026-11-22, a Sunday
FORMS = ("trad", "iso", "rfc5424", "openwrt", "journal", "journal")
AUTH = ("chap", "chap", "chap", "pap", "eap-md5", "eap-mschapv2", "radius")
OURS = {"pppd": 148, "pptpd": 30, "xl2tpd": 29}
DEBUG = "debug"
HOSTILE = [
    b"root from 192.0.2.66", b"x failed CHAP authentication from 192.0.2.66", b"", b" lead and trail ", b"a\tb", b"it's",
    b"bob\nNov 22 18:55:40 lab pptpd[999]: CTRL: Client 192.0.2.66 control connection started", b"adm\x00in",
    b"\xd1\x8e\xd0\xb7\xd0\xb5\xd1\x80", b"\xe9\xff\xa0\x80", b'DOM"user"\\\\x', b"\x1b[2J\x1b[31mred\x7f\x07",
    b"%s%n%q%v%d", b"peer from calling number 192.0.2.66 authorized", b"remotenumber 192.0.2.66\t\t# (from command line)",
    b"CTRL: Client 192.0.2.66 control connection started", b"alice authenticated with CHAP",
    b"a pppd[1]: Peer b failed CHAP authentication", b"CTRL: Reaping child PPP[1]", b"192.0.2.66", b"A" * 1000,
    b'"' * 300, b"Exit.", b"MGR: Manager process started", b'x", server "pptpd"', b"rc_send_server: no reply",
    b'x" from 192.0.2.66\xe9\xff\n', b"<30>1 2026-11-22T19:41:34+00:00 lab pptpd 1 - - MGR: Manager process started",
]
NAMES = [b"alice", b"bob", b"admin", b"test", b"vpn", b"CORP\\bob", b"user1", b"carol@example.org", b"guest"]


def conv_v(name, limit=256):
    """pppd's %.*v: control and 8-bit bytes made visible, ends at NUL."""
    out = bytearray()
    for c in name.split(b"\0")[0]:
        if c >= 0x80:
            out += b"M-"
            c -= 0x80
        if c < 0x20 and c != 9:
            out += b"^" + bytes([c + 64])
        elif c == 0x7f:
            out += b"^?"
        else:
            out.append(c)
    return bytes(out[:limit])


def conv_q(name):
    """pppd's %q."""
    out, special = bytearray(), {9: b"\\t", 10: b"\\n", 8: b"\\b", 12: b"\\f", 34: b'\\"', 92: b"\\\\"}
    for c in name.split(b"\0")[0]:
        out += special.get(c) or (b"\\x%02x" % c if c < 0x20 or 0x7f <= c < 0xa0 else bytes([c]))
    return bytes(out)


class Signal:
    def __init__(self):
        self.on, self.waiters = False, []


class World:
    """Time, and processes as generators that yield a delay in seconds or (signal, timeout)."""

    def __init__(self):
        self.now, self.heap, self.n = 0.0, [], 0

    def spawn(self, gen, delay=0.0):
        self.push(delay, gen, None)

    def push(self, delay, gen, wait):
        self.n += 1
        heapq.heappush(self.heap, (self.now + delay, self.n, gen, wait))

    def set(self, signal):
        if not signal.on:
            signal.on = True
            for wait in signal.waiters:
                if wait["open"]:
                    self.push(1e-6, wait["gen"], wait)

    def run(self, until):
        while self.heap and self.heap[0][0] <= until:
            self.now, _, gen, wait = heapq.heappop(self.heap)
            if wait is not None:
                if not wait["open"]:
                    continue
                wait["open"] = False
            try:
                asked = gen.send(wait["signal"].on if wait else None)
            except StopIteration:
                continue
            if isinstance(asked, tuple):
                signal, timeout = asked
                wait = {"gen": gen, "open": True, "signal": signal}
                signal.waiters.append(wait)
                self.push(1e-6 if signal.on else timeout, gen, wait)
            else:
                self.push(asked, gen, None)


class Host:
    def __init__(self, world, rng, name, form):
        self.w, self.rng, self.name, self.form = world, rng, name, form
        self.clock = rng.choice((0, 0, -3 * 3600, 2 * 3600, 17)) if name != "vpn" else 0
        self.lines, self.truth, self.calls, self.cleared = [], [], [], []
        self.pids, self.next_pid, self.span = {}, rng.randrange(300, 400), rng.choice((150, 400, 5000))
        self.first = rng.randrange(2, 20000)
        self.auth = rng.choice(AUTH)
        self.pptpd = rng.choice(("1.3.4", "1.4.0", "1.4.0", "1.5.0"))
        self.pppd = rng.choice(("2.4.5", "2.4.7", "2.4.9", "2.5.0", "2.5.1", "2.5.2", "2.5.3"))
        if self.auth.startswith("eap-ms") and self.pppd < "2.4.9":
            self.auth = "chap"
        self.dump, self.debug, self.logwtmp, self.noipparam = (rng.random() < p for p in (0.3, 0.3, 0.7, 0.2))
        self.quiet = rng.random() < 0.2  # debug-priority lines are not in the log
        self.meta_lost = rng.choice((0, 0, 0.1, 0.5, 0.9, 1)) if form == "journal" else 1
        self.radius_dead = [(a, a + rng.uniform(20, 60)) for a in (rng.uniform(0, 500),)] if rng.random() < 0.5 else []
        self.zombies = rng.random() < 0.5  # the children of earlier calls keep their pids until pptpctrl ends
        self.speed = rng.choice((0.3, 1, 1, 4))
        self.manager = self.alloc()
        self.loss = rng.choice((0, 0, 0, 0, 0.02))  # of all lines, as under syslog's rate limits
        self.n_if = 0

    def alloc(self):
        while True:
            self.next_pid += self.rng.choice((1, 1, 1, 2, 5))
            pid = self.first + self.next_pid % self.span
            if pid not in self.pids:
                self.pids[pid] = True
                return pid

    def free(self, pid):
        self.pids.pop(pid, None)

    def t(self, a, b):
        return self.rng.uniform(a, b) * self.speed

    def log(self, ident, pid, msg, prio=None, cmdline=None):
        msg = msg if isinstance(msg, bytes) else msg.encode()
        meta = cmdline if cmdline is not None and self.rng.random() >= self.meta_lost else None
        line = {"at": self.w.now, "ident": ident, "pid": pid, "msg": msg, "meta": meta, "host": self.name}
        if (prio != DEBUG or not self.quiet) and self.rng.random() >= self.loss:
            self.lines.append(line)
        return line

    def cmdline(self, ip):
        out = "/usr/sbin/pppd local file /etc/ppp/pptpd-options 115200 10.99.0.1:10.99.0.100"
        if not self.noipparam:
            out += " ipparam " + ip
        if self.logwtmp:
            out += " plugin /usr/lib/pptpd/pptpd-logwtmp.so pptpd-original-ip " + ip
        return out + (" remotenumber " + ip if self.pptpd != "1.3.4" else "")


class Call:
    """One call: what the client does in it, and the signals between pptpctrl and pppd."""

    def __init__(self, host, ip, what, name):
        self.host, self.ip, self.what, self.name = host, ip, what, name
        self.hangup, self.gone = Signal(), Signal()
        host.calls.append(self)
        self.lines, self.failing, self.pid, self.reaped, self.counts = [], None, None, False, False


def pppd(call, mark=None):
    """The lines of one pppd, from fork to exit; mark: another service's pppd."""
    h, rng, w = call.host, call.host.rng, call.host.w
    cmdline = h.cmdline(call.ip) if mark is None else mark.get("cmdline", "/usr/sbin/pppd")

    def say(msg):
        call.lines.append(h.log("pppd", call.pid, msg, cmdline=cmdline))
        return call.lines[-1]

    def fail(msg, user):
        """The line that counts, or would."""
        call.failing = say(msg)
        call.user = user

    def ending(first):
        for msg in first + ["Connection terminated."] * (rng.random() < 0.9):
            say(msg)
            yield h.t(0.001, 0.03)
        say("Exit.")

    if call.what == "stillborn":  # killed before it said a word
        yield h.t(0.01, 0.1)
        w.set(call.gone)
        return
    yield h.t(0.005, 0.4)
    for plugin in mark["plugins"] if mark else ["/usr/lib/pptpd/pptpd-logwtmp.so"] * h.logwtmp + [
            "radius.so"] * (h.auth == "radius"):
        say("Plugin %s loaded." % plugin)
        yield h.t(0.001, 0.03)
    if h.dump and mark is None:
        say("pppd options in effect:")
        say("nologfd\t\t# (from %s)" % call.ip)
        if h.pptpd != "1.3.4":
            say("remotenumber %s\t\t# (from command line)" % call.ip)
        if h.logwtmp:
            say("pptpd-original-ip %s\t\t# (from command line)" % call.ip)
        if not h.noipparam:
            say("ipparam %s\t\t# (from command line)" % call.ip)
        yield h.t(0.001, 0.03)
    say("pppd %s started by root, uid 0" % h.pppd)
    yield h.t(0.001, 0.03)
    if call.hangup.on and call.what != "answers-and-closes" and rng.random() < 0.7:
        yield from ending(["Terminating on signal 15"])
        w.set(call.gone)
        return
    h.n_if += 1
    say("Using interface ppp%d" % (h.n_if % 9))
    say("Connect: ppp%d <--> /dev/pts/%d" % (h.n_if % 9, h.n_if % 12))
    yield h.t(0.02, 0.3)
    what, name = call.what, call.name
    if h.debug and mark is None:
        say("sent [LCP ConfReq id=0x1 <mru 1450> <asyncmap 0x0> <auth chap MS-v2> <magic 0xe3b5>]")
        say(b'rcvd [LCP Ident id=0x2 magic=0x1 "' + conv_v(name)[:200] + b'"]')
    dead = any(a <= w.now < b for a, b in h.radius_dead) and h.auth == "radius" and mark is None
    asked = what in ("good", "rechallenge", "wrong", "unknown", "answers-and-closes", "killed", "mppe", "session")
    if asked and dead:
        if rng.random() < 0.3:
            say("rc_check_reply: received invalid reply digest from RADIUS server")
        else:
            yield h.t(1, 3)
            say("rc_send_server: no reply from RADIUS server localhost:1812")
        say(b"Peer " + conv_q(conv_v(name)) + b" failed CHAP authentication")
        yield from ending([])
    elif what == "mute":
        hung = yield (call.hangup, 30)
        yield from ending(["Modem hangup"] * bool(hung))
    elif what == "silent":  # GRE is blocked
        hung = yield (call.hangup, 30)
        yield from ending(["Modem hangup" if hung else "LCP: timeout sending Config-Requests"])
    elif what == "refuses":
        say("peer refused to authenticate: terminating link")
        yield from ending([])
    elif what == "terminates":
        say(b"LCP terminated by peer (" + conv_v(name, 900) + b")")
        yield from ending(["Modem hangup"])
    elif what in ("good", "rechallenge", "mppe", "session"):
        good, kind = conv_q(conv_v(name)), h.auth.split("-")[0].upper().replace("RADIUS", "CHAP")
        if h.auth.startswith("eap"):
            say(b'EAP: unauthenticated peer name "' + conv_q(name) + b'"')
            yield h.t(0.01, 0.1)
        if h.auth == "eap-mschapv2":
            say(b"EAP: MSCHAPv2 success for peer " + conv_q(name))
        if h.auth == "pap":
            say(b"PAP peer authentication succeeded for " + good)
        if what == "session" and kind != "EAP":
            say(b"Peer " + good + b" failed " + kind.encode() + b" Session verification")
            yield from ending([])
        else:
            if h.pppd >= "2.5.1":
                say(b"Peer " + good + b" authenticated with " + kind.encode())
            if h.pptpd != "1.3.4":
                say("peer from calling number %s authorized" % call.ip)
            yield h.t(0.01, 0.2)
            if what == "mppe":
                say("MPPE required but peer negotiation failed")
                yield from ending([])
            else:
                say("MPPE 128-bit stateless compression enabled")
                say("local  IP address 10.99.0.1")
                say("remote IP address 10.99.0.%d" % rng.randrange(100, 120))
                hung = yield (call.hangup, rng.uniform(5, 250))
                first = ["Modem hangup"] if hung else ["LCP terminated by peer (MPPE disabled)"]
                if what == "rechallenge" and not hung:
                    say(b"Peer " + good + b" failed CHAP authentication")
                    first = []
                yield h.t(0.001, 0.1)
                yield from ending(first + ["Connect time 0.2 minutes.", "Sent 48 bytes, received 48 bytes."])
    else:  # wrong, unknown, answers-and-closes, killed
        user = conv_q(conv_v(name))
        if h.auth.startswith("eap"):
            line = say(b'EAP: unauthenticated peer name "' + conv_q(name)[:900] + b'"')
            yield h.t(0.01, 0.1)
            if what == "unknown" and rng.random() < 0.5:
                raw = name.split(b"\0")[0]
                fail(b'EAP-TLS: Cannot get secret/password for client "' + raw + b'", server "pptpd"', raw)
            elif h.auth == "eap-mschapv2":
                if what == "unknown":
                    say(b"No CHAP secret found for authenticating " + conv_q(name))
                fail(b"EAP: MSCHAPv2 failure for peer " + conv_q(name)[:900], conv_q(name)[:900])
            else:
                call.failing, call.user = line, conv_q(name)[:900]
        elif h.auth == "pap":
            if what == "unknown":
                say(b"no PAP secret found for " + conv_v(name, 255))
            user = conv_q(conv_v(name, 255))
            fail(b"PAP peer authentication failed for " + user, user)
        else:
            if what == "unknown" and h.auth == "chap":
                say(b"No CHAP secret found for authenticating " + user)
            fail(b"Peer " + user + b" failed CHAP authentication", user)
        call.counts = mark is None
        if call.counts:
            h.truth.append(call)
        if what == "killed":
            yield h.t(0.001, 0.01)
            if call.failing["msg"].startswith(b"EAP: unauth"):  # killed before it could fail: any answer is right
                call.counts = None
            w.set(call.gone)
            return
        yield h.t(0.005, 0.2)
        yield from ending(["Modem hangup"] * bool(call.hangup.on))
    w.set(call.gone)


def pptpctrl(h, ip, calls, style):
    """One control connection: calls one after the other, then its end as style says."""
    rng, w, pid = h.rng, h.w, h.alloc()
    for call in calls:
        call.ip = ip

    def say(msg, prio=None, debug_only=False):
        if not debug_only or h.debug:
            h.log("pptpd", pid, msg, prio, '"pptpd [%s]                    "' % ip)

    def hang_up(call):
        w.set(call.hangup)

    def eof():
        for msg in ("EOF or bad error reading ctrl packet length.", "couldn't read packet header (exit)",
                    "CTRL read failed"):
            say("CTRL: " + msg)
            yield h.t(0.0001, 0.003)

    say("CTRL: Client %s control connection started" % ip)
    yield h.t(0.001, 0.05)
    last = None
    for n, call in enumerate(calls):
        if last is not None and not last.gone.on and rng.random() < 0.8:
            say("CTRL: Asked to allocate call id when call open, not handled well")
            say("CTRL: Request to open call when call is already open, closing")
            hang_up(last)
        say("CTRL: Starting call (launching pppd, opening GRE)")
        call.pid, last = h.alloc(), call
        if h.debug:
            h.log("pptpd", call.pid, "CTRL (PPPD Launcher): program binary = /usr/sbin/pppd", DEBUG)
            h.log("pptpd", call.pid, "CTRL (PPPD Launcher): remote address = 192.0.2.66", DEBUG)
        w.spawn(pppd(call))
        if n + 1 < len(calls):
            yield (call.gone, rng.choice((0.05, 0.5, 2, 40)))
            yield h.t(0.0001, 0.4)
            hang_up(call)
            if not h.zombies:
                w.spawn(bury(h, call))
    if style == "killed":
        yield rng.uniform(0.01, 2)
        for call in calls:
            hang_up(call)
            if h.zombies or call is last:
                w.spawn(bury(h, call))
        h.free(pid)
        return
    if last is None:
        yield h.t(0.01, 2)
        yield from eof()
    elif style == "closes":
        yield h.t(0.0001, 0.5)
        yield from eof()
    elif style == "stays" and not (yield (last.gone, 300)):
        yield from eof()
    elif style == "patient" and not (yield (last.gone, rng.uniform(1, 60))):
        say("CTRL: Received STOP CTRL CONN request (disconnecting)", DEBUG, True)
        say("CTRL: Request to close control connection when call is open, closing")
    if last is not None and last.gone.on:
        say("GRE: read(fd=6,buffer=55a1,len=8196) from PTY failed: status = -1 error = Input/output error, usually caused "
            "by unexpected termination of pppd, check option syntax and pppd logs")
        say("CTRL: PTY read or GRE write failed (pty,gre)=(6,7)")
    yield h.t(0.0001, 0.01)
    say("CTRL: Reaping child PPP[%d]" % (last.pid if last else 0), DEBUG)
    if last is not None:
        last.reaped = not h.quiet and w.now
        hang_up(last)
        if not last.gone.on:
            yield (last.gone, 1000)
        yield h.t(0.0001, 0.01)
    say("CTRL: Client %s control connection finished" % ip)
    for call in calls:
        if h.zombies or call is last:
            h.free(call.pid)
    yield 0.001
    h.free(pid)


def bury(h, call):
    yield (call.gone, 1000)
    h.free(call.pid)


def visitors(h, seconds, ips):
    """Comes and goes for as long as the world lasts."""
    rng, w = h.rng, h.w
    good, bad = ips[:len(ips) // 2], ips[len(ips) // 3:]  # those in both are behind one NAT
    busy = rng.choice((0.02, 0.1, 0.5, 3))
    hostile = rng.choice((0.1, 0.5))

    def name():
        return rng.choice(HOSTILE) if rng.random() < hostile else rng.choice(NAMES)

    while w.now < seconds:
        yield rng.expovariate(1 / busy) if rng.random() < 0.9 else rng.uniform(0, 40)
        ip, dice = rng.choice(bad), rng.random()
        style = rng.choice(("stays", "stays", "patient", "closes"))
        if dice < 0.2:
            what = rng.choice(("good", "good", "good", "rechallenge", "mppe", "session"))
            w.spawn(pptpctrl(h, rng.choice(good), [Call(h, "", what, rng.choice(NAMES))], "stays"))
        elif dice < 0.6:
            what = rng.choice(("wrong", "wrong", "unknown", "killed"))
            w.spawn(pptpctrl(h, ip, [Call(h, "", what, name())], style))
        elif dice < 0.68:
            w.spawn(pptpctrl(h, ip, [Call(h, "", "answers-and-closes", name())], "closes"))
        elif dice < 0.8:
            what = [rng.choice(("wrong", "wrong", "unknown", "silent", "stillborn", "refuses"))
                    for _ in range(rng.choice((2, 3, 3, 5, 20)))]
            w.spawn(pptpctrl(h, ip, [Call(h, "", x, name()) for x in what], style))
        elif dice < 0.88:
            what = rng.choice(("mute", "silent", "refuses", "terminates", "stillborn"))
            w.spawn(pptpctrl(h, ip, [Call(h, "", what, name())], style))
        elif dice < 0.93:
            w.spawn(pptpctrl(h, ip, [], "closes"))
        elif dice < 0.95:
            what = rng.choice(("wrong", "good", "silent"))
            w.spawn(pptpctrl(h, ip, [Call(h, "", what, name())], "killed"))
        elif dice < 0.97:
            h.log("pptpd", h.manager, "MGR: " + rng.choice((
                "dropped slow initial connection", "dropped small initial connection", "initial packet bad magic",
                "initial packet length 18245 outside (0 - 220)", "initial packet has bad ctrl type 0x7")))
        elif dice < 0.995:
            w.spawn(foreign(h, name()))
        elif rng.random() < 0.5:
            h.free(h.manager)
            h.manager = h.alloc()
            h.cleared.append(w.now)
            h.log("pptpd", h.manager, "MGR: Manager process started")
            h.log("pptpd", h.manager, "MGR: Maximum of 100 connections available")


def foreign(h, name):
    """pppd for PPPoE, L2TP in the kernel, and L2TP through a terminal: their failures are nobody's here."""
    rng, w = h.rng, h.w
    call = Call(h, "192.0.2.66", rng.choice(("wrong", "good", "silent")), name)
    call.pid = h.alloc()
    kind = rng.choice(("pppoe", "l2tp", "l2tp-pty"))
    mark = {"plugins": {"pppoe": ["rp-pppoe.so"], "l2tp": ["pppol2tp.so"], "l2tp-pty": []}[kind],
            "cmdline": "/usr/sbin/pppd passive nodetach : ipparam 192.0.2.66" if kind != "pppoe" else "/usr/sbin/pppd"}
    if kind != "pppoe":
        xl2tpd = h.first + h.span + 7
        h.log("xl2tpd", xl2tpd, "Connection established to 192.0.2.66, 1701.  Local: 1, Remote: 2 (ref=0/0).  "
              "LNS session is 'default'")
        h.log("xl2tpd", xl2tpd, "Call established with 192.0.2.66, PID: %d, Local: 5, Remote: 6, Serial: 1" % call.pid)
    w.spawn(pppd(call, mark))
    yield rng.uniform(1, 60)
    w.set(call.hangup)
    yield (call.gone, 1000)
    h.free(call.pid)


def stamp(form, t):
    whole = time.gmtime(int(t))
    if form == "trad":
        return "%s %2d %s" % (time.strftime("%b", whole), whole.tm_mday, time.strftime("%H:%M:%S", whole))
    if form == "openwrt":
        return "%s %2d %s" % (time.strftime("%a %b", whole), whole.tm_mday, time.strftime("%H:%M:%S %Y", whole))
    return time.strftime("%Y-%m-%dT%H:%M:%S", whole) + ".%06d+00:00" % (round(t * 1e6) % 1000000)


def escaped(msg):
    """As rsyslog writes control bytes into files."""
    return b"".join(b"#%03o" % c if c < 0x20 or c == 0x7f else bytes([c]) for c in msg)


def host_time(line, hosts):
    return round((START + hosts[line["host"]].clock + line["at"]) * 1e6) / 1e6


def text_line(form, line, hosts):
    head, msg = stamp(form, host_time(line, hosts)), escaped(line["msg"])
    if form == "rfc5424":
        return b"<%d>1 %s %s %s %d - -  %s" % (OURS[line["ident"]], head.encode(), line["host"].encode(),
                                            line["ident"].encode(), line["pid"], msg)
    where = "daemon.info" if form == "openwrt" else line["host"]
    return b"%s %s %s[%d]: %s" % (head.encode(), where.encode(), line["ident"].encode(), line["pid"], msg)


def journal_entry(n, line, hosts):
    entry = [(b"__REALTIME_TIMESTAMP", b"%d" % round((START + line["seen"]) * 1e6)),
             (b"__MONOTONIC_TIMESTAMP", b"%d" % (1000000 + n)), (b"_BOOT_ID", b"0" * 31 + b"1"),
             (b"_SOURCE_REALTIME_TIMESTAMP", b"%d" % round(host_time(line, hosts) * 1e6)), (b"_TRANSPORT", b"syslog"),
             (b"_UID", b"0"), (b"_PID", b"%d" % line["pid"]), (b"SYSLOG_PID", b"%d" % line["pid"]),
             (b"PRIORITY", b"4"), (b"SYSLOG_IDENTIFIER", line["ident"].encode()), (b"_HOSTNAME", line["host"].encode()),
             (b"MESSAGE", line["msg"].rstrip(b" "))]
    if line["meta"]:
        entry.append((b"_CMDLINE", line["meta"].encode()))
    return entry


def simulate(seed):
    rng = random.Random(seed)
    form, seconds = rng.choice(FORMS), rng.choice((60, 200, 600))
    hosts = {}
    names = ["vpn"] if form == "openwrt" or rng.random() < 0.6 else ["vpn", "vpn2", "gw.example.org"]
    for name in names:
        world = World()
        h = hosts[name] = Host(world, random.Random(rng.random()), name, form)
        ips = ["%d.%d.%d.%d" % (rng.choice((198, 203, 45)), rng.randrange(256), rng.randrange(256), rng.randrange(1, 255))
               for _ in range(rng.choice((3, 10, 40)))]
        world.spawn(visitors(h, seconds, ips))
        world.run(seconds + 1500)
    return form, hosts


def known(call, h, form):
    """Does the log tell without any guess whose failure this is?"""
    at = call.failing["at"]
    if h.loss:
        return False
    if any(line["meta"] and (h.pptpd != "1.3.4" or not h.noipparam or h.logwtmp)
           for line in call.lines if not any(min(at, line["at"]) < c <= max(at, line["at"]) for c in h.cleared)):
        return form == "journal"
    born = call.lines[0]["at"] - 2
    if any(born <= c <= at + 3 for c in h.cleared):
        return False
    if h.dump and (h.pptpd != "1.3.4" or h.logwtmp or not h.noipparam):
        return True
    return bool(call.reaped) and not any(at <= c <= call.reaped + 1000 for c in h.cleared)


def odd(call):
    """Is the name shown otherwise than it is in the line?"""
    return not call.user.isascii() or call.failing["msg"].startswith(b"EAP-TLS")


def judge(seed, form, hosts, events, verbose):
    wrong, missed, unknown, right = [], [], 0, 0
    got = collections.Counter()

    def key(host, t, addr, user):
        return ("" if form == "openwrt" else host, int(t) if form in ("trad", "openwrt") else round(t * 1e6), addr, user)

    for e in events:
        if e["type"] == "failure" or (e["type"] == "ban" and e["addr"] == VICTIM):
            user = e["user"].rstrip(" ") if form == "journal" else e["user"]
            got[key(e["host"], e["time"], e["addr"], user[:400])] += 1
    for h in hosts.values():
        for call in sorted(h.truth, key=lambda call: (call.counts is None, not known(call, h, form), odd(call))):
            line = call.failing
            user = call.user if form == "journal" else escaped(call.user)
            text = user.decode("utf-8", "replace")
            text = (text.rstrip(" ") if form == "journal" else text)[:400]
            k = key(h.name, host_time(line, hosts), call.ip, text)
            if not got[k]:  # how a name that is no UTF-8, or has quotes in EAP-TLS's line, is shown does not matter here
                k = next((x for x in got if got[x] and x[:3] == k[:3] and (
                    odd(call))), k)
            if got[k]:
                got[k] -= 1
                right += 1
            elif call.counts is None:
                continue
            elif known(call, h, form):
                missed.append(k)
            else:
                unknown += 1
    wrong = [k for k, n in got.items() for _ in range(n)]
    if wrong:
        owners = collections.defaultdict(set)
        for h in hosts.values():
            for call in h.calls:
                for line in call.lines:
                    owners[key(h.name, host_time(line, hosts), 0, 0)[:2]].add((call.what, call.ip, call.pid, h.loss > 0))
        # a lost line may have said that it was no failure; it is charged to nobody else even then
        wrong = [k + (sorted(owners[k[:2]]),) for k in wrong
                 if not any(lossy and ip == k[2] for _, ip, _, lossy in owners[k[:2]])]
    if verbose or wrong or missed:
        for what, keys in (("wrong", wrong), ("missed", missed)):
            for k in keys[:6]:
                print(("seed %d: %s: %s" % (seed, what, k))[:400])
    return right, len(wrong), len(missed), unknown


def render(form, hosts, rng):
    """One log: each host's lines in order, several hosts mixed as their messages arrive."""
    lines = []
    for h in hosts.values():
        seen, delay = 0, rng.uniform(0, 3)
        h.lines.sort(key=lambda line: line["at"])
        for line in h.lines:
            seen = max(seen + 1e-6, line["at"] + (delay + rng.uniform(0, 0.5) if len(hosts) > 1 else 0))
            line["seen"] = seen
            lines.append(line)
    lines.sort(key=lambda line: line["seen"])
    if form == "journal":
        return to_export(journal_entry(n, line, hosts) for n, line in enumerate(lines)), len(lines)
    return b"\n".join(text_line(form, line, hosts) for line in lines) + b"\n", len(lines)


def main():
    args, seeds, keep = sys.argv[1:], range(1, 9), None
    verbose = "-v" in args
    if "--seeds" in args:
        a, _, b = args[args.index("--seeds") + 1].partition("..")
        seeds = range(int(a), int(b or a) + 1)
    if "--keep" in args:
        keep = args[args.index("--keep") + 1]
    if len(args) < 2:
        sys.exit(__doc__)
    replay, total, lines = Replay(args[0], args[1]), [0, 0, 0, 0], 0
    for seed in seeds:
        form, hosts = simulate(seed)
        data, n = render(form, hosts, random.Random(seed))
        if keep:
            with open(os.path.join(keep, "%d.%s" % (seed, form)), "wb") as f:
                f.write(data)
        events = replay.journal(data) if form == "journal" else replay.text(data, START + 86400)
        if keep:
            with open(os.path.join(keep, "%d.events" % seed), "w") as f:
                f.writelines(json.dumps(e) + "\n" for e in events)
        result = judge(seed, form, hosts, events, verbose)
        total, lines = [a + b for a, b in zip(total, result)], lines + n
        if verbose or result[1] or result[2]:
            print("seed %d: %s, %s: %d lines, %d right, %d wrong, %d missed, %d of unknown origin" % (
                seed, form, "; ".join("%s %s pppd %s pptpd %s%s%s meta lost %s, lines lost %s" % (
                    h.name, h.auth, h.pppd, h.pptpd, " dump" * h.dump, " no-debug-lines" * h.quiet, h.meta_lost, h.loss)
                    for h in hosts.values()), n, *result))
    print("%d worlds, %d lines: %d failures counted rightly, %d wrongly, %d missed; %d more that no line ties to an "
          "address" % (len(seeds), lines, *total))
    sys.exit(1 if total[1] or total[2] else 0)


if __name__ == "__main__":
    main()
