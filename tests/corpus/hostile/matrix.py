#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile texts against every shipped filter: none charges anybody who did nothing, none hides anybody who did something.

usage: matrix.py [--program PPTPBAN] [--filters DIR] [--all] [--seed N] [--texts N] [FILTER...]

Every sample of tests/corpus/stacks that holds users' names is replayed with each of them replaced by a hostile text,
quoted as its server quotes names: the same addresses must have failed at the same times, and nobody else. Then lines of
other programs and of another host, which say what this filter knows, are put between all its lines: nothing may change.
Hosts, pids, addresses and times are permuted by the seed. The texts are those of "texts" and of all samples (hostile.py).

Without --all each sample meets --texts of them (default 6), drawn by the seed: seconds, for "make check". With --all
each meets every one: an hour and more. Quoting doubles are held against captured lines of the real programs.
"""
import argparse
import collections
import os
import random
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hostile  # noqa: E402
import detect  # noqa: E402
import stacks  # noqa: E402

OTHERS = [b"sshd", b"dovecot", b"su", b"named", b"xpppd", b"pppd-x", b"pppd2", b"PPPD", b"pptpd.sh", b"pppd/pptpd",
          b"audit", b"pptp-client", b"openvpn", b"CRON", b"\xc3\xa9", b"a"]
EVIL = b"evil.example"


def replaced(sample, users, quote):
    """The sample with each of the users (bytes to bytes) renamed as quote() has it."""
    words = re.compile(rb"(?<![\w.-])(%s)(?![\w.-])" % b"|".join(re.escape(u) for u in users)) if users else None

    def message(m):
        return words.sub(lambda x: quote(users[x[0]], m), m) if words else m
    if sample.journal:
        entries = []
        for entry in detect.jsonl_entries(sample.data):
            entries.append([(k, message(v) if k == b"MESSAGE" else v) for k, v in entry])
        return entries
    lines = []
    for line in sample.data.split(b"\n"):
        form, _ = stacks.form_of(line)
        m = form and re.match(detect.FORMS[form], line, re.S)
        at = m.start("msg") if m else 0
        lines.append(line[:at] + hostile.rsyslog(message(line[at:])).replace(b"#011", b"\t") if words else line)
    return lines


class Matrix:
    def __init__(self, program, rng, texts):
        self.suite = stacks.Suite(program, [])
        self.rng, self.texts = rng, texts
        self.runs = self.names = self.lines = self.charged = self.wrong = self.missed = 0
        self.bad = 0

    def complain(self, text):
        print("not ok - " + text)
        self.bad += 1

    def replay(self, sample, replay, material, per):
        if sample.journal:
            return replay.journal(detect.to_export(per.entry(e) for e in material))
        out, latest = [], None
        for line in material:
            form, t = stacks.form_of(line)
            if form:
                line, t = per.line(form, line), t + per.shift
            else:
                line, t = stacks.shifted(stacks.LOGREAD.sub(lambda m: m[1] + per.pid(m[2]) + m[3], per.text(line)), per.shift)
            latest = max(t or 0, latest or 0) or None
            out.append(line)
        return replay.text(b"\n".join(out), latest + 60)

    def outcomes(self, events):
        """What is charged to whom and when, and who is told to be good, whatever the names."""
        out = collections.Counter((e["type"], round(e["time"], 6), e.get("addr"), e.get("class"), e.get("origin"))
                                  for e in events if e["type"] in ("failure", "success") and e.get("host") != EVIL.decode())
        limits = sum(e["limit_hits"] for e in events if e["type"] == "summary")
        return out, limits

    def expected(self, sample):
        lines = stacks.read_expect(sample.expect)
        out = collections.Counter()
        for t, addr, kind, origin, _ in lines[:-1]:
            if kind == "success":
                out["success", round(t, 6), None if addr == "-" else addr, None, None] += 1
            elif addr != "-":
                out["failure", round(t, 6), addr, kind, origin] += 1
        return out, lines[-1][stacks.TOTALS.index("limit_hits")]

    def compare(self, what, want, got):
        """want, got: as outcomes() has them."""
        self.runs += 1
        self.charged += sum(n for k, n in got[0].items() if k[0] == "failure")
        extra, gone = got[0] - want[0], want[0] - got[0]
        # accel-ppp tells each failure twice: which of the two lines counts may be the client's choice, and that of another
        # client which names this one's session; it is one failure of the same address all the same
        for k in list(gone):
            for x in list(extra):
                if x[0] == k[0] and x[2:] == k[2:] and abs(x[1] - k[1]) < 2 and gone[k] == extra[x]:
                    del gone[k], extra[x]
                    break
        self.wrong += sum(n for k, n in extra.items() if k[0] == "failure")
        self.missed += sum(n for k, n in gone.items() if k[0] == "failure")
        if extra or gone or got[1] > want[1]:
            self.complain(what)
            for sign, side in (("-", gone), ("+", extra)):
                for k, n in list(side.items())[:5]:
                    print("    %s %d of %s" % (sign, n, k))
            if got[1] > want[1]:
                print("    match limits hit: %d" % got[1])
            return False
        return True

    def usable(self, name, sample, replay, want):
        """Users whose name can be another one without changing anything."""
        users = []
        for e in stacks.read_expect(sample.expect):
            if not isinstance(e[1], int) and re.match(r"^[A-Za-z][\w-]{2,}$", e[4]) and e[4].encode() not in users:
                users.append(e[4].encode())
        for word in re.findall(hostile.UNSAID.get(name, b"(?!)"), sample.data):
            if word not in users:
                users.append(word)
        good = []
        for u in users[:12]:
            got = self.outcomes(self.replay(sample, replay, replaced(sample, {u: b"qzx17"}, lambda n, m: n),
                                            detect.Identity()))
            if got == want:
                good.append(u)
        return good

    def permutation(self, sample):
        if sample.users:
            return detect.Permutation(self.rng.randrange(1 << 30), sample.users)
        return detect.Identity()

    def permuted(self, want, per):
        return collections.Counter({(k[0], round(k[1] + per.shift, 6), per.ip(k[2]) if k[2] else None, *k[3:]): n
                                    for k, n in want[0].items()}), want[1]

    def sample(self, name, sample, replay):
        identity = detect.Identity()
        want = self.expected(sample)
        if not self.compare(sample.name, want, self.outcomes(self.replay(sample, replay, replaced(sample, {}, None), identity))):
            return
        users = self.usable(name, sample, replay, want)
        deck = list(self.texts)
        while users and deck:
            batch = {u: deck.pop() for u in users[:len(deck)]}
            per = self.permutation(sample)
            per.words = None # the names are the corpus' now
            per.message = per.text
            names = {u: re.sub(detect.ADDR, lambda x: x[0], text) for u, (_, text) in batch.items()}
            got = self.outcomes(self.replay(sample, replay, replaced(sample, names, hostile.quoting(name)), per))
            self.names += len(batch)
            if not self.compare("%s: names %s" % (sample.name, " ".join(i for i, _ in batch.values())),
                                self.permuted(want, per), got):
                break
        self.others(sample, replay, want)

    def others(self, sample, replay, want):
        """Lines of other programs, and of another host, between all lines."""
        if sample.journal:
            return
        deck, known = list(self.texts), hostile.idents()
        stack = sorted(i for i, _, _ in hostile.messages(sample) if i) or [b"pppd"]
        while deck:
            out = []
            for line in sample.data.split(b"\n"):
                form, _ = stacks.form_of(line)
                m = form and re.match(detect.FORMS[form], line, re.S)
                dates = [x.end() for x in (re.match(p, line) for p, _ in stacks.STAMPS) if x]
                out.append(line)
                if form == "rfc5424" or not (m or dates):
                    continue
                before = line[:m.start("host")] if m else line[:dates[0]] + b" "
                for _ in range(1 + (len(deck) > 200)):
                    if not deck:
                        break
                    text = hostile.rsyslog(deck.pop()[1][:8000])
                    if self.rng.random() < 0.5:
                        ident = self.rng.choice(OTHERS)
                        assert ident not in known
                        head = before + (m["host"] if m else b"vpn") + b" " + ident
                    else:
                        head = before + EVIL + b" " + self.rng.choice(stack)
                    out.append(head + b"[%d]: " % self.rng.randrange(1, 2000) + text)
                    self.lines += 1
            got = self.outcomes(self.replay(sample, replay, out, detect.Identity()))
            if not self.compare("%s: other programs' lines" % sample.name, want, got):
                break

    def filter(self, name):
        replay = self.suite.replay(name, stacks.FILTERS)
        for sample in hostile.samples(name):
            if not self.suite.runnable(sample):
                continue
            own = self.suite.own_replay(replay, sample, stacks.FILTERS)
            if not self.whole:
                own.gates = ([],)
            before = self.bad
            self.rng.shuffle(self.texts)
            everything = self.texts
            self.texts = everything[:self.share] if self.share else everything
            self.sample(name, sample, own)
            self.texts = everything
            if self.bad == before:
                print("ok - %s" % sample.name)


def quoting_is_pppds(matrix):
    """conv_v() and conv_q() against what the real pppd made of the same bytes (captured; shared page of the laboratory)."""
    data = detect.unpack("fixtures", "deb12-hostile-names-pap-chap-eap.syslog.log.xz")
    captured = {  # scenario: the bytes that were sent there
        b"N3": b"bob\nNov 22 18:55:40 lab pptpd[999]: CTRL: Client 192.0.2.66 control connection started",
        b"N3b": b"bob\r\npptpd[999]: CTRL: Client 192.0.2.66 control connection started",
        b"N4": b"adm\0in", b"N5": b"\xd1\x8e\xd0\xb7\xd0\xb5\xd1\x80", b"N5b": b"\xe9\xff\xa0\x80",
        b"N6": b'DOM"user"\\\\x', b"N7": b"A" * 1000, b"N7b": b'"' * 300, b"N8": b"",
        b"N9": b"\x1b[2J\x1b[31mred\x7f\x07", b"N10": b"%s%n%q%v%d", b"N13": b" lead and trail ", b"N13b": b"a\tb",
        b"N17": b"it's",
    }
    for mark, name in captured.items():
        want = b": Peer " + hostile.pppd(name, b"Peer ") + b" failed CHAP authentication\n"
        if want not in data:
            matrix.complain("pppd's quoting of %s is not as captured: %r" % (mark.decode(), want))
    want = b'client "x" from 192.0.2.66\xe9\xff#012", server "pptpd"'
    if hostile.rsyslog(b'client "' + hostile.pppd(b'x" from 192.0.2.66\xe9\xff\n', b"EAP-TLS: ") + b'", server "pptpd"') != want \
            or want not in data:
        matrix.complain("pppd's raw EAP-TLS line is not as captured")
    print("ok - pppd's quoting is as captured: %d names" % (len(captured) + 1))


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--program", default="./pptpban")
    args.add_argument("--filters", default=stacks.FILTERS, help="others than the shipped ones: mutants")
    args.add_argument("--all", action="store_true")
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--texts", type=int, default=6)
    args.add_argument("only", nargs="*", metavar="FILTER")
    args = args.parse_args()
    stacks.FILTERS = os.path.abspath(args.filters)
    texts = hostile.written() + hostile.look_alikes()
    if len(hostile.written()) < 250:
        sys.exit("the corpus has lost entries")
    matrix = Matrix(args.program, random.Random(args.seed), texts)
    matrix.whole, matrix.share = args.all, 0 if args.all else args.texts
    quoting_is_pppds(matrix)
    for name in args.only or hostile.filters():
        matrix.filter(name)
    print("%d texts (%d written, %d look-alikes); %d names and %d lines of others tried in %d runs: %d failures charged, "
          "%d wrongly, %d missed" % (len(texts), len(hostile.written()), len(texts) - len(hostile.written()), matrix.names,
                                     matrix.lines, matrix.runs, matrix.charged, matrix.wrong, matrix.missed))
    sys.exit(1 if matrix.bad else 77 if matrix.suite.skipped else 0)


if __name__ == "__main__":
    main()
