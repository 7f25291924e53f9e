#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples of the shipped filters: what each line of a log must come to, and that no pattern is there for nothing.

usage: stacks.py [--program PPTPBAN] [--write] [--seed N] [NAME[/SAMPLE]...]

stacks/NAME/ holds samples for filters/NAME.conf: SAMPLE.log (lines of a log file) or SAMPLE.jsonl (journal entries, one
JSON object a line, MESSAGE an array of bytes where it is no UTF-8), and SAMPLE.expect beside it. Comments ("# ...") at
the head of a sample say where it comes from and how sure that is; they are taken off. One of them may name users that
can change places without changing the outcome: "# users: alice bob"; another one parameters for the filter:
"# filter: NAME[parameter=value]".

SAMPLE.expect: one outcome a line in the order in which they are told, the user as a JSON string, then the totals:

    2026-11-22T18:58:00.893877Z 203.0.113.5 auth link "alice"     failure: address, class, how the address is known
    2026-11-22T18:58:01.000000Z - auth - "bob"                    failure from nobody knows where
    2026-11-22T18:58:02.000000Z 203.0.113.6 success - "alice"
    total failures=1 successes=1 unattributed=1 faulted=0 limit_hits=0

Every sample goes through "pptpban replay" with its filter, with and without the literal gate (the same bytes are
wanted), as it is and with pids, hosts, users, addresses and times permuted. Then each pattern is taken out of the filter
in turn: some sample must notice. Patterns whose absence none can notice stand in stacks/NAME/uncovered, as in the filter
("key = pattern"), each followed by an indented reason. --write writes the .expect files from what comes out: read them.
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "replay"))
import detect

SOURCE = os.path.join(HERE, "..", "..")
FILTERS = os.path.join(SOURCE, "filters")
STACKS = os.path.join(HERE, "stacks")
TOTALS = ("failures", "successes", "unattributed", "faulted", "limit_hits")
STAMPS = (  # of logs that are not syslog's: the date is group 1
    (rb"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\]", "%Y-%m-%d %H:%M:%S"),
    (rb"^(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})\b", "%a %b %e %H:%M:%S %Y"),
    (rb"^(\d\d/\d\d/\d{4}-\d\d:\d\d:\d\d)\.", "%m/%d/%Y-%H:%M:%S"),
    (rb"^\{\"timestamp\": ?\"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", "%Y-%m-%dT%H:%M:%S"),
    (rb"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z", "%Y-%m-%dT%H:%M:%S"),
    (rb"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\b", "%Y-%m-%d %H:%M:%S"),
)

# OpenWrt's: date, facility.priority, program[pid]:
LOGREAD = re.compile(rb"^(\w{3} \w{3} [ \d]\d \S+ \d{4} \w+\.\w+ [^ \[]+\[)(\d+)(\]:)")


def shifted(line, seconds):
    """(line with its date so much later, that time) where it begins with one of STAMPS, else (line, None)."""
    for pattern, form in STAMPS:
        m = re.match(pattern, line)
        if m:
            t = datetime.strptime(m[1].decode(), form.replace("%e", "%d")).replace(tzinfo=timezone.utc)
            t += timedelta(seconds=seconds)
            return line[:m.start(1)] + t.strftime(form).encode() + line[m.end(1):], t.timestamp()
    return line, None


def form_of(line):
    for form, pattern in detect.FORMS.items():
        m = re.match(pattern, line, re.S)
        if m:
            try:
                return form, detect.stamp_time(form, m["stamp"]).timestamp()
            except ValueError:
                continue
    return None, None


class Sample:
    def __init__(self, path):
        self.path = path
        self.name = os.path.relpath(path, STACKS)
        self.expect = os.path.splitext(path)[0] + ".expect"
        with open(path, "rb") as f:
            lines = f.read().split(b"\n")
        head = 0
        while head < len(lines) and lines[head].startswith(b"#"):
            head += 1
        self.comment = b"\n".join(lines[:head])
        self.data = b"\n".join(lines[head:])
        users = re.search(rb"^# users: (.*)$", self.comment, re.M)
        self.users = users[1].split() if users else []
        spec = re.search(rb"^# filter: (.*)$", self.comment, re.M)
        self.spec = spec[1].decode() if spec else None
        self.journal = path.endswith(".jsonl")

    def permutation(self, seed):
        return detect.Permutation(seed, self.users) if seed else detect.Identity()

    def replay(self, replay, per, keep=None):
        """keep: a directory for the journal, where it will be used again."""
        if self.journal:
            path = os.path.join(keep or "", self.name.replace("/", "-") + ".journal")
            export = detect.to_export(per.entry(e) for e in detect.jsonl_entries(self.data))
            if not keep:
                return replay.journal(export)
            if not os.path.exists(path):
                detect.make_journal(path, export)
            return replay.run(["--journal", path])
        out, latest = [], None
        for line in self.data.split(b"\n"):
            form, t = form_of(line)
            if form:
                line, t = per.line(form, line), t + per.shift
            else:
                line, t = shifted(LOGREAD.sub(lambda m: m[1] + per.pid(m[2]) + m[3], per.text(line)), per.shift)
            latest = max(t or 0, latest or 0) or None
            out.append(line)
        if latest is None:
            raise ValueError("no line begins with a date that this program knows; add its form to STAMPS")
        return replay.text(b"\n".join(out), latest + 60)


def stamp(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def outcomes(events):
    """The lines of an .expect file."""
    out = []
    for e in events:
        if e["type"] in ("failure", "unattributed"):
            out.append((e["time"], e.get("addr", "-"), e["class"], e.get("origin", "-"), e["user"]))
        elif e["type"] == "success":
            out.append((e["time"], e.get("addr", "-"), "success", "-", e["user"]))
        elif e["type"] == "summary":
            out.append(tuple(e[k] for k in TOTALS))
    return out


def write_outcome(o):
    if len(o) == len(TOTALS) and isinstance(o[1], int):
        return "total " + " ".join("%s=%d" % x for x in zip(TOTALS, o))
    return "%s %s %s %s %s" % (stamp(o[0]), *o[1:4], json.dumps(o[4], ensure_ascii=False))


def read_expect(path):
    out = []
    with open(path, encoding="utf-8") as f:
        for line in f.read().split("\n"):
            if not line or line.startswith("#"):
                continue
            if line.startswith("total "):
                got = dict(x.split("=") for x in line.split()[1:])
                out.append(tuple(int(got[k]) for k in TOTALS))
            else:
                t, addr, kind, origin, user = line.split(" ", 4)
                t = datetime.strptime(t, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc).timestamp()
                out.append((t, addr, kind, origin, json.loads(user)))
    return out


def permuted(expect, per):
    return [o if isinstance(o[1], int) else
            (o[0] + per.shift, per.ip(o[1]) if o[1] != "-" else "-", *o[2:4],
             per.text(o[4].encode()).decode()) for o in expect]


def pattern_lines(text):
    """(line number, key, pattern) of every pattern of a filter file: failregex, ignoreregex and what [Session] holds."""
    section = key = None
    for n, line in enumerate(text.split("\n")):
        head = re.match(r"^\[(.*)\]", line)
        option = re.match(r"^([\w.]+)\s*[=:]\s*(.*)$", line)
        if head:
            section, key = head[1], None
            continue
        if re.match(r"^\s*[#;]", line) or not line.strip():
            continue
        if option:
            key, pattern = option[1], option[2]
        elif line[0].isspace():
            pattern = line.strip()
        else:
            continue
        if pattern and (section == "Session" or (section == "Definition" and key in ("failregex", "ignoreregex"))):
            yield n, key, pattern


class Suite:
    def __init__(self, program, seeds):
        self.program, self.seeds = program, seeds
        self.dir = tempfile.TemporaryDirectory()
        self.bad = self.skipped = self.samples = self.outcomes = self.patterns = 0

    def complain(self, text):
        print("not ok - " + text)
        self.bad += 1

    def replay(self, name, filters, spec=None):
        config = os.path.join(self.dir.name, "%s.conf" % name)
        with open(config, "w") as f:
            f.write("[pptpban]\nfilter_dirs = %s\n[pptpd]\nenabled = no\n[sample]\nenabled = yes\nfilter = %s\n"
                    "count = auth=1 refused=1 probe=1 fault=1\nmaxretry = 1000\n" % (filters, spec or name))
        return detect.Replay(self.program, config)

    def own_replay(self, replay, sample, filters):
        """replay, or where the sample wants parameters, one with them."""
        if not sample.spec:
            return replay
        own = self.replay(re.sub(r"\W", "-", sample.name), filters, sample.spec)
        own.gates, own.quiet = replay.gates, replay.quiet
        return own

    def diff(self, name, expect, got, label):
        e, g = [write_outcome(o) for o in expect], [write_outcome(o) for o in got]
        if e == g:
            return True
        self.complain("%s%s" % (name, label))
        for a, b in zip(e + ["nothing"] * (len(g) - len(e)), g + ["nothing"] * (len(e) - len(g))):
            if a != b:
                print("    wanted %s\n    got    %s" % (a, b))
        return False

    def runnable(self, sample):
        if not sample.journal or os.path.exists(detect.REMOTE):
            return True
        print("skipped - %s: systemd-journal-remote is needed" % sample.name)
        self.skipped += 1
        return False

    def judge(self, replay, sample, write):
        if not self.runnable(sample):
            return
        if write:
            replay = self.own_replay(replay, sample, FILTERS)
            with open(sample.expect, "w", encoding="utf-8") as f:
                f.writelines(write_outcome(o) + "\n" for o in outcomes(sample.replay(replay, detect.Identity())))
        if not os.path.exists(sample.expect):
            return self.complain("%s has no .expect" % sample.name)
        if b"source:" not in sample.comment.lower():
            return self.complain("%s: its head says no \"Source:\"" % sample.name)
        expect = read_expect(sample.expect)
        replay = self.own_replay(replay, sample, FILTERS)
        for seed in [None] + self.seeds:
            per = sample.permutation(seed)
            try:
                got = outcomes(sample.replay(replay, per))
            except (ValueError, detect.ReplayError) as e:
                return self.complain("%s: %s" % (sample.name, e))
            if not self.diff(sample.name, permuted(expect, per), got, " permuted, seed %s" % seed if seed else ""):
                return
        self.samples += 1
        self.outcomes += len(expect) - 1
        print("ok - %s: %d outcomes" % (sample.name, len(expect) - 1))

    def notices(self, replay, samples, filters):
        for sample in samples:
            try:
                got = outcomes(sample.replay(self.own_replay(replay, sample, filters), detect.Identity(), self.dir.name))
            except detect.ReplayError: # nothing is left without it
                return True
            if [write_outcome(o) for o in got] != [write_outcome(o) for o in read_expect(sample.expect)]:
                samples.insert(0, samples.pop(samples.index(sample))) # it may well notice the next one too
                return True
        return False

    def coverage(self, name, samples):
        with open(os.path.join(FILTERS, name + ".conf"), encoding="utf-8") as f:
            text = f.read()
        excused = {}
        path = os.path.join(STACKS, name, "uncovered")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                for line in f.read().split("\n"):
                    if line and line[0] not in "# ":
                        excused[line] = ""
                    elif line.strip() and line[0] == " " and excused:
                        excused[list(excused)[-1]] += line.strip()
        samples = [s for s in samples if os.path.exists(s.expect) and (not s.journal or os.path.exists(detect.REMOTE))]
        mutants = os.path.join(self.dir.name, "mutants")
        os.makedirs(mutants, exist_ok=True)
        for n, key, pattern in pattern_lines(text):
            lines = text.split("\n")
            lines[n] = key + " =" if re.match(r"^[\w.]+\s*[=:]", lines[n]) else ""
            with open(os.path.join(mutants, name + ".conf"), "w", encoding="utf-8") as f:
                f.write("\n".join(lines))
            entry = "%s = %s" % (key, pattern)
            reason = excused.pop(entry, None)
            # unchanged includes are still found beside the original
            quiet = self.replay("%s" % name, "%s %s" % (FILTERS, mutants))
            quiet.gates, quiet.quiet = ([],), True
            noticed = self.notices(quiet, samples, "%s %s" % (FILTERS, mutants))
            self.patterns += noticed
            if not noticed and reason is None:
                self.complain("%s.conf:%d: no sample needs %s" % (name, n + 1, entry))
            elif not noticed and not reason:
                self.complain("%s/uncovered: no reason for %s" % (name, entry))
            elif noticed and reason is not None:
                self.complain("%s/uncovered: a sample does need %s" % (name, entry))
        for entry in excused:
            self.complain("%s/uncovered: the filter has no %s" % (name, entry))

    def filter(self, name, only, write):
        samples = [Sample(p) for p in sorted(glob.glob(os.path.join(STACKS, name, "*.log")) +
                                             glob.glob(os.path.join(STACKS, name, "*.jsonl")))]
        if not os.path.exists(os.path.join(FILTERS, name + ".conf")):
            return self.complain("stacks/%s is of no shipped filter" % name)
        if not samples:
            return self.complain("filters/%s.conf has no samples in stacks/%s" % (name, name))
        for expect in glob.glob(os.path.join(STACKS, name, "*.expect")):
            if expect not in [s.expect for s in samples]:
                self.complain("%s has no sample" % os.path.relpath(expect, STACKS))
        replay = self.replay(name, FILTERS)
        for sample in samples:
            if not only or sample.name in only:
                self.judge(replay, sample, write)
        if not only:
            self.coverage(name, samples)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--program", default="./pptpban")
    args.add_argument("--write", action="store_true")
    args.add_argument("--seed", type=int, action="append")
    args.add_argument("only", nargs="*", metavar="NAME[/SAMPLE]")
    args = args.parse_args()
    suite = Suite(args.program, args.seed or [1, 2])
    shipped = [os.path.basename(p)[:-5] for p in glob.glob(os.path.join(FILTERS, "*.conf"))]
    folders = [d for d in os.listdir(STACKS) if os.path.isdir(os.path.join(STACKS, d))]
    wanted = {}
    for x in args.only or set(shipped + folders):
        name, _, sample = x.strip("/").partition("/")
        wanted.setdefault(name, []).extend([x] if sample else [])
    for name in sorted(wanted):
        suite.filter(name, wanted[name], args.write)
    print("%d samples with %d outcomes, %d patterns that samples need, %d complaints, %d samples skipped" %
          (suite.samples, suite.outcomes, suite.patterns, suite.bad, suite.skipped))
    sys.exit(1 if suite.bad else 77 if suite.skipped else 0)


if __name__ == "__main__":
    main()
