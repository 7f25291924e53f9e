#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Detection on captured logs: what the replay counts against what really happened.

usage: detect.py PPTPBAN CONFIG [SEED...]

Each form of each capture (traditional, ISO, RFC 5424, journal) is replayed as it is and, for each SEED, with pids,
hosts, users, addresses and times permuted. Prints recall, precision and the confusions; exit status 1 when any
failure is missed, counted twice, or charged to somebody else. With a seed, lines are also swapped, lost, and mixed with
those of another host; where lines are lost failures may be missed, but still nobody else may be charged. Every form is also replayed without the literal gate,
which must give the same bytes.
"""
import collections
import json
import lzma
import os
import random
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

CAPTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "captures")
REMOTE = "/lib/systemd/systemd-journal-remote"
VICTIM = "192.0.2.66"
ADDR = rb"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"
FORMS = {  # stamp, host, ident, pid, blank, message
    "trad": rb"(?P<stamp>\w{3} [ \d]\d [\d:]{8}) (?P<host>\S+) (?P<ident>[^ :\[]+)(?:\[(?P<pid>\d+)\])?:(?P<gap> ?)(?P<msg>.*)$",
    "iso": rb"(?P<stamp>\S+)\+00:00 (?P<host>\S+) (?P<ident>[^ :\[]+)(?:\[(?P<pid>\d+)\])?:(?P<gap> ?)(?P<msg>.*)$",
    "rfc5424": rb"(?P<pri><\d+>1) (?P<stamp>\S+)\+00:00 (?P<host>\S+) (?P<ident>\S+) (?P<pid>\d+|-) - -(?P<gap> {0,2})(?P<msg>.*)$",
}


def unpack(*parts):
    with lzma.open(os.path.join(CAPTURES, *parts)) as f:
        return f.read()


def stamp_time(form, stamp):
    if form == "trad":
        return datetime.strptime("2026 " + stamp.decode(), "%Y %b %d %H:%M:%S").replace(tzinfo=timezone.utc)
    return datetime.fromisoformat(stamp.decode()).replace(tzinfo=timezone.utc)


# Journal export format (systemd.io/JOURNAL_EXPORT_FORMATS).

def export_entries(data):
    pos, entry = 0, []
    while pos < len(data):
        end = data.index(b"\n", pos)
        line = data[pos:end]
        pos = end + 1
        if not line:
            if entry:
                yield entry
            entry = []
        elif b"=" in line:
            entry.append(tuple(line.split(b"=", 1)))
        else:
            size = int.from_bytes(data[pos:pos + 8], "little")
            entry.append((line, data[pos + 8:pos + 8 + size]))
            pos += 8 + size + 1
    if entry:
        yield entry


def to_export(entries):
    out = bytearray()
    for entry in entries:
        for name, value in entry:
            if any(c < 0x20 and c != 9 for c in value):
                out += name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
            else:
                out += name + b"=" + value + b"\n"
        out += b"\n"
    return bytes(out)


def jsonl_entries(data):
    for n, line in enumerate(data.splitlines()):
        entry = json.loads(line)
        fields = [(b"__REALTIME_TIMESTAMP", entry["__REALTIME_TIMESTAMP"].encode()),
                  (b"__MONOTONIC_TIMESTAMP", b"%d" % (1000000 + n))]
        fields += [(k.encode(), bytes(v) if isinstance(v, list) else str(v).encode())
                   for k, v in entry.items() if not k.startswith("__")]
        yield fields


class Permutation:
    """Maps pids, addresses, the host, plain user names and all times, each one to one."""

    USERS = b"alice bob admin root carol dave erin nobody1 nobody2 nobody3 user6 administrator multi".split()

    def __init__(self, seed, users=None):
        """users: names that may stand anywhere in a message, permuted among each other; None: USERS, in pppd's lines."""
        self.rng = random.Random(seed)
        self.pids = list(range(2, 32768))
        self.rng.shuffle(self.pids)
        self.addrs = {}
        self.host = b"vpn%d" % self.rng.randrange(1000)
        self.shift = self.rng.randrange(-150, -1) * 86400 - self.rng.randrange(60)
        names = list(self.USERS)
        self.rng.shuffle(names)
        self.users = dict(zip(self.USERS, names))
        self.words = users and dict(zip(users, self.rng.sample(users, len(users))))
        self.hosts = {}

    def pid(self, p):
        return b"%d" % self.pids[int(p) % len(self.pids)] if 1 < int(p) < 32768 else p

    def name(self, host):
        if self.words is None: # the captures are of one machine
            return self.host
        return self.hosts.setdefault(host, self.host if not self.hosts else b"%s-%d" % (self.host, len(self.hosts)))

    def addr(self, a):
        if a not in self.addrs:
            new = a
            while new in self.addrs or new in self.addrs.values():
                new = b"%d.%d.%d.%d" % (self.rng.choice((198, 203, 100, 45)), *(self.rng.randrange(1, 255) for _ in "abc"))
            self.addrs[a] = new
        return self.addrs[a]

    def ip(self, text):
        return self.addr(text.encode()).decode()

    def text(self, m):
        m = re.sub(ADDR, lambda x: self.addr(x.group()), m)
        m = re.sub(rb"(PPP\[|PID: )(\d+)", lambda x: x.group(1) + self.pid(x.group(2)), m)
        return re.sub(rb"\b\w+\b", lambda x: self.words.get(x.group(), x.group()), m) if self.words else m

    def message(self, m):
        m = self.text(m)
        if self.words is not None:
            return m
        return re.sub(rb"^(Peer |No CHAP secret found for authenticating |PAP peer authentication failed for |"
                      rb"no PAP secret found for )(\w+)",
                      lambda x: x.group(1) + self.users.get(x.group(2), x.group(2)), m)

    def line(self, form, line):
        m = re.match(FORMS[form], line, re.S)
        if not m:
            return line
        t = stamp_time(form, m["stamp"]) + timedelta(seconds=self.shift)
        pid = self.pid(m["pid"]) if m["pid"] and m["pid"] != b"-" else m["pid"]
        tail = m["gap"] + self.message(m["msg"])
        if form == "rfc5424":
            stamp = t.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00").encode()
            return b"%s %s %s %s %s - -%s" % (m["pri"], stamp, self.name(m["host"]), m["ident"], pid, tail)
        stamp = ("%s %2d %s" % (t.strftime("%b"), t.day, t.strftime("%H:%M:%S")) if form == "trad"
                 else t.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")).encode()
        return b"%s %s %s%s:%s" % (stamp, self.name(m["host"]), m["ident"], b"[" + pid + b"]" if pid else b"", tail)

    def entry(self, entry):
        out = []
        for name, value in entry:
            if name in (b"__REALTIME_TIMESTAMP", b"_SOURCE_REALTIME_TIMESTAMP"):
                value = b"%d" % (int(value) + self.shift * 1000000)
            elif name in (b"_PID", b"SYSLOG_PID") and value.isdigit():
                value = self.pid(value)
            elif name == b"_HOSTNAME":
                value = self.name(value)
            elif name == b"MESSAGE":
                value = self.message(value)
            elif name == b"_CMDLINE":
                value = re.sub(ADDR, lambda x: self.addr(x.group()), value)
            elif name in (b"__CURSOR", b"SYSLOG_RAW"):
                continue
            out.append((name, value))
        return out


class Identity:
    shift = 0

    def ip(self, text):
        return text

    def text(self, text):
        return text

    def pid(self, p):
        return p

    def line(self, form, line):
        return line

    def entry(self, entry):
        return entry


class ReplayError(Exception):
    pass


def make_journal(path, export):
    subprocess.run([REMOTE, "-o", path, "-"], input=export, check=True, stderr=subprocess.DEVNULL)


class Replay:
    gates, quiet = ([], ["--no-gate"]), False

    def __init__(self, program, config):
        self.command = [program, "replay", "--config", config, "--jsonl"]

    def run(self, args):
        out = []
        for gate in self.gates:
            p = subprocess.run(self.command + gate + args, stdout=subprocess.PIPE, env={**os.environ, "TZ": "UTC"},
                               stderr=subprocess.DEVNULL if self.quiet else None)
            if p.returncode != 0:
                raise ReplayError("replay failed with %d: %s" % (p.returncode, " ".join(args)))
            out.append(p.stdout)
        # a line that the gate holds back spends no effort, so it meets no limit of effort either
        if len({re.sub(rb'"limit_hits":\d+', b"", o) for o in out}) > 1:
            raise ReplayError("the literal gate changes the result of %s" % " ".join(args))
        return [json.loads(line) for line in out[0].splitlines()]

    def text(self, data, mtime):
        with tempfile.NamedTemporaryFile() as f:
            f.write(data)
            f.flush()
            os.utime(f.name, (mtime, mtime))
            return self.run([f.name])

    def journal(self, export):
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "lab.journal")
            make_journal(path, export)
            return self.run(["--journal", path])


class Score:
    def __init__(self):
        self.rows, self.bad = [], 0

    def add(self, name, right, missed, extra, notes, lossy=False):
        """lossy: lines were taken out, so failures may be missed; none may be charged to somebody else."""
        self.rows.append((name, right + missed, right + extra, right, missed, extra))
        for n in notes:
            if not lossy or n.startswith("wrong"):
                print("%s: %s" % (name, n))
        self.bad += extra + (0 if lossy else missed)

    def table(self):
        print("%-66s %8s %8s %8s %9s %6s %5s" % ("capture and form", "failures", "counted", "recall", "precision",
                                                 "missed", "wrong"))
        for name, expected, counted, right, missed, extra in self.rows:
            print("%-66s %8d %8d %7.2f%% %8.2f%% %6d %5d" % (name, expected, counted, 100.0 * right / max(expected, 1),
                                                           100.0 * right / max(counted, 1), missed, extra))


def judge_lab(score, name, events, truth, per, lossy=False):
    """Each refused login once, from its address, in its time; stamps may be as late as journald was."""
    counted = sorted((e for e in events if e["type"] == "failure"), key=lambda e: e["time"])
    used, notes, right, missed = set(), [], 0, 0
    for t in sorted((t for t in truth if t["expect"] in ("auth-fail", "maybe")), key=lambda t: t["t0"]):
        ip, t0, t1 = per.ip(t["ip"]), t["t0"] + per.shift - 1, t["t1"] + per.shift + 15
        hit = next((i for i, e in enumerate(counted) if i not in used and e["addr"] == ip and t0 <= e["time"] <= t1), None)
        if hit is not None:
            used.add(hit)
            right += 1
        elif t["expect"] == "auth-fail":
            missed += 1
            notes.append("missed: %s %s %r at %.0f" % (t["what"], ip, t["user"][:40], t["t0"] + per.shift))
    extra = [e for i, e in enumerate(counted) if i not in used]
    notes += ["wrong: %s %s at %.3f by %s" % (e["addr"], e["user"][:40], e["time"], e["origin"]) for e in extra]
    notes += ["unattributed: %s at %.3f" % (e["user"][:40], e["time"]) for e in events if e["type"] == "unattributed"]
    score.add(name, right, missed, len(extra), notes, lossy)


def judge_fixture(score, name, events, marks, expect, per):
    """marks: (start, scenario) in order. For each scenario and address, the number of failures."""
    got, notes, innocent = collections.Counter(), [], 0
    for e in events:
        if e["type"] in ("failure", "ban") and e["addr"] == per.ip(VICTIM):
            notes.append("the innocent is charged: %s" % e)
            innocent += 1
        if e["type"] == "failure":
            inside = [s for t, s in marks if t <= e["time"] + 0.000001]
            got[(inside[-1] if inside else "?", e["addr"])] += 1
        if e["type"] == "unattributed":
            notes.append("unattributed: %s" % e["user"][:60])
    want = collections.Counter({(x["scenario"], per.ip(ip)): n for x in expect for ip, n in x["fail"].items()})
    missed, extra = want - got, got - want
    notes += ["missed: %d in %s from %s" % (n, *k) for k, n in missed.items()]
    notes += ["wrong: %d in %s from %s" % (n, *k) for k, n in extra.items()]
    score.add(name, sum((want & got).values()), sum(missed.values()), sum(extra.values()) + innocent, notes)


def lab(score, replay, per, label):
    with open(os.path.join(CAPTURES, "lab", "truth.jsonl")) as f:
        truth = [json.loads(line) for line in f]
    mtime = max(t["t1"] for t in truth) + 3600 + per.shift
    for form in FORMS:
        data = unpack("lab", "syslog.%s.xz" % form)
        data = b"\n".join(per.line(form, line) for line in data.split(b"\n"))
        judge_lab(score, "lab %s%s" % (form, label), replay.text(data, mtime), truth, per)
    entries = (per.entry(e) for e in export_entries(unpack("lab", "journal.export.xz")))
    judge_lab(score, "lab journal" + label, replay.journal(to_export(entries)), truth, per)


def line_time(line):
    m = re.match(FORMS["iso"], line, re.S)
    return (stamp_time("iso", m["stamp"]).timestamp(), m["ident"], m["pid"]) if m else None


def swapped(lines, rng):
    """Neighbouring lines of two processes change places when they are less than 5 ms apart."""
    out, i = list(lines), 0
    while i + 1 < len(out):
        a, b = line_time(out[i]), line_time(out[i + 1])
        if a and b and a[1:] != b[1:] and abs(a[0] - b[0]) < 0.005 and rng.random() < 0.5:
            out[i], out[i + 1] = out[i + 1], out[i]
            i += 1
        i += 1
    return out


def disturbed(score, replay, seed):
    """The ISO form with lines of two processes swapped, with lines lost, and two hosts in one central file whose
    clocks differ by hours and whose pids are the same."""
    with open(os.path.join(CAPTURES, "lab", "truth.jsonl")) as f:
        truth = [json.loads(line) for line in f]
    mtime = max(t["t1"] for t in truth) + 86400
    lines, rng = unpack("lab", "syslog.iso.xz").split(b"\n"), random.Random(seed)
    judge_lab(score, "lab iso, neighbours swapped, seed %d" % seed, replay.text(b"\n".join(swapped(lines, rng)), mtime),
              truth, Identity())
    for name, keep in (("no Reaping lines", lambda line: b"CTRL: Reaping" not in line),
                       ("no Exit lines", lambda line: not line.endswith(b": Exit.")),
                       ("5 % lost", lambda line: rng.random() > 0.05), ("20 % lost", lambda line: rng.random() > 0.2)):
        kept = b"\n".join(line for line in lines if keep(line))
        judge_lab(score, "lab iso, %s, seed %d" % (name, seed), replay.text(kept, mtime), truth, Identity(), lossy=True)
    bare = [[f for f in e if f[0] not in (b"_CMDLINE", b"_COMM", b"_EXE", b"_SYSTEMD_UNIT", b"_SYSTEMD_CGROUP")]
            for e in export_entries(unpack("lab", "journal.export.xz"))]
    judge_lab(score, "lab journal, no metadata but _PID and _UID", replay.journal(to_export(bare)), truth, Identity())
    other = Permutation(seed)
    other.pid, other.shift = (lambda p: p), rng.choice((-3, 2, 5)) * 3600
    both = [(line_time(a), a, other.line("iso", a)) for a in lines if line_time(a)]
    late = [(t[0] + rng.random() * 0.01, mine) for t, mine, _ in both] + [(t[0] + 7 + rng.random() * 0.01, theirs)
                                                                         for t, _, theirs in both]
    # keep each host's own order, mix the two
    late.sort(key=lambda x: x[0])
    order = {b"a": iter([m for _, m, _ in both]), b"b": iter([o for _, _, o in both])}
    merged = [next(order[b"b" if (b" " + other.host + b" ") in line else b"a"]) for _, line in late]
    events = replay.text(b"\n".join(merged), mtime)
    judge_lab(score, "central file, this host, seed %d" % seed, [e for e in events if e.get("host") == "lab"], truth, Identity())
    judge_lab(score, "central file, that host, seed %d" % seed, [e for e in events if e.get("host", "lab") != "lab"], truth, other)


def fuzzed(replay, seed):
    """Damaged logs: nothing can be judged but that the gate changes no byte and nothing breaks."""
    rng = random.Random(seed)
    pieces = [b"pppd[", b"]: ", b"Peer ", b" failed CHAP authentication", b"\0", b"\xff", b"CTRL: Client ", b"<30>1 ",
              b"192.0.2.66", b"PPP[", b"  ", b"\t", b"#011", b"MGR: Manager process started", b"Exit."]
    for form in FORMS:
        lines = unpack("lab", "syslog.%s.xz" % form).split(b"\n")[1000:]
        for i in range(len(lines)):
            for _ in range(rng.choice((0, 0, 0, 1, 1, 3))):
                line, at = lines[i], rng.randrange(len(lines[i]) + 1)
                lines[i] = rng.choice((line[:at] + bytes([rng.randrange(256)]) + line[at + 1:], line[:at], line[at:],
                                       line[:at] + rng.choice(pieces) + line[at:], line + rng.choice(lines),
                                       line[:at] + line[at + rng.randrange(9):]))
        replay.text(b"\n".join(lines), 1795410000)


def text_marks(form, lines):
    for line in lines:
        m = re.match(FORMS[form], line, re.S)
        if m and m["ident"] == b"LAB":
            yield stamp_time(form, m["stamp"]).timestamp(), m["msg"][4:].decode("latin1")


def fixtures(score, replay, per, label):
    with open(os.path.join(CAPTURES, "fixtures", "expect.jsonl")) as f:
        expect = [json.loads(line) for line in f]
    for file in sorted(os.listdir(os.path.join(CAPTURES, "fixtures"))):
        if not file.endswith(".xz"):
            continue
        capture, data = file.split(".")[0], unpack("fixtures", file)
        mine = [x for x in expect if x["capture"] == capture]
        if "journal" in file:
            form = "journal"
            entries = [dict(per.entry(e)) for e in jsonl_entries(data)]
            marks = [(int(e[b"__REALTIME_TIMESTAMP"]) / 1e6, e[b"MESSAGE"][4:].decode("latin1")) for e in entries
                     if e.get(b"SYSLOG_IDENTIFIER") == b"LAB"]
            events = replay.journal(to_export(e.items() for e in entries))
        else:
            form = "rfc5424" if data[:1] == b"<" else "iso" if data[:2] == b"20" else "trad"
            lines = [per.line(form, line) for line in data.split(b"\n")]
            marks = list(text_marks(form, lines))
            events = replay.text(b"\n".join(lines), 1795410000 + per.shift)
        judge_fixture(score, "%s %s%s" % (capture, form, label), events, marks, mine, per)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if not os.path.exists(REMOTE):
        sys.exit("systemd-journal-remote is needed")
    replay, score = Replay(sys.argv[1], sys.argv[2]), Score()
    for seed in [None] + sys.argv[3:]:
        per = Identity() if seed is None else Permutation(int(seed))
        label = "" if seed is None else " seed %s" % seed
        lab(score, replay, per, label)
        fixtures(score, replay, per, label)
        if seed is not None:
            disturbed(score, replay, int(seed))
            fuzzed(replay, int(seed))
    score.table()
    print("%d failures missed or wrongly charged in all" % score.bad)
    sys.exit(1 if score.bad else 0)


if __name__ == "__main__":
    try:
        main()
    except ReplayError as e:
        sys.exit(str(e))
