# SPDX-License-Identifier: GPL-2.0-or-later
# The journal under the reader's feet: journald killed and restarted, journals rotated, vacuumed, deleted and damaged,
# their directory gone; and the reader killed. Every entry that journald took comes once.
import glob
import json
import os
import re
import signal
import socket
import subprocess
import time

from lab import BUILD, TOP, claim, note, ok, rounds_of, run, wait_for

JOURNALS = "/run/log/journal"
SOCKET = "/run/systemd/journal/socket"


class Journald:
    def __init__(self):
        self.process = None

    def start(self):
        for s in (SOCKET, "/run/systemd/journal/dev-log"):
            if os.path.exists(s):
                os.unlink(s)
        self.process = subprocess.Popen([os.environ["PB_FAULTS_JOURNALD"]], stdout=subprocess.DEVNULL,
                                        stderr=open(os.path.join(TOP, "journald.err"), "ab"))
        if not wait_for(lambda: os.path.exists("/run/systemd/journal/dev-log"), 10):
            raise RuntimeError("journald does not start")

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait()

    def has(self):
        """The numbers of the lines that it holds, from the newest file back."""
        out = run("journalctl", "-q", "-o", "cat", "-t", "pppd", "-n", "4000", check=False)
        return {int(x[5:]) for x in out.splitlines() if re.fullmatch("line [0-9]+", x)}  # damaged ones are none

    def send(self, first, count):
        """Those that could be handed over; a socket whose journald died takes nothing."""
        sent = 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            try:
                s.connect(SOCKET)
                for n in range(first, first + count):
                    s.send(b"MESSAGE=line %d\nSYSLOG_IDENTIFIER=pppd\nPAD=%s\n" % (n, b"x" * 300))
                    sent += 1
            except OSError:
                pass
        return sent


class Reader:
    def __init__(self, directory):
        self.directory, self.runs, self.process = directory, 0, None
        self.since = time.time()
        self.reading, self.at, self.count, self.where, self.moved = 1, 0, {}, {}, set()

    def start(self):
        self.runs += 1
        self.out = os.path.join(self.directory, "out.%d" % self.runs)
        self.err = os.path.join(self.directory, "err.%d" % self.runs)
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "source-dump"), "-m", os.path.join(self.directory, "mark"), "-s", "%.6f" % self.since, "-M",
             "SYSLOG_IDENTIFIER=pppd", "-j"], stdout=open(self.out, "wb"), stderr=open(self.err, "wb"))
        wait_for(lambda: b"caught up" in open(self.err, "rb").read(), 10)

    def mark(self):
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(0.05)

    def end(self, how=signal.SIGTERM):
        if how == signal.SIGKILL:
            self.mark()
        self.process.send_signal(how)
        self.process.wait()

    def seen(self):
        """number -> how often, and those that came from two positions"""
        while self.reading <= self.runs:
            with open(os.path.join(self.directory, "out.%d" % self.reading), "rb") as f:
                f.seek(self.at)
                data = f.read()
            data = data[:data.rfind(b"\n") + 1]
            self.at += len(data)
            for line in data.splitlines():
                r = json.loads(line)
                if re.fullmatch("line [0-9]+", r["message"]):
                    n, position = int(r["message"][5:]), (r["file"], r["offset"])
                    self.count[n] = self.count.get(n, 0) + 1
                    if self.where.setdefault(n, position) != position:
                        self.moved.add(n)
            if self.reading == self.runs:
                break
            self.reading, self.at = self.reading + 1, 0
        return self.count, self.moved

    def flushed(self, wanted):
        """Has handed on everything that is wanted, or does so within some seconds."""
        def all_there():
            self.mark()
            return not wanted - set(self.seen()[0])
        return wait_for(all_there, 20, 0.1)


def archived():
    return [p for p in glob.glob(JOURNALS + "/*/*@*.journal*")]


def journal(rng, long):
    if not os.environ.get("PB_FAULTS_JOURNALD"):
        note("no journald: not tried")
        return
    directory = os.path.join(TOP, "journal")
    os.mkdir(directory)
    j, r = Journald(), Reader(directory)
    j.start()
    r.start()
    wanted, n, done, problems, may_again, story, lost = set(), 0, {}, [], set(), [], set()
    rounds = rounds_of(long, 300, 14)
    events = ("rotate", "restart", "kill", "vacuum", "delete", "damage", "truncate", "directory", "reader", "reader -9",
              "rotate while the reader is down", "delete while the reader is down")
    for i in range(rounds):
        what = events[i % len(events)] if i < len(events) else rng.choice(events)
        done[what] = done.get(what, 0) + 1
        story.append("%s at %d" % (what, n))
        count = rng.randrange(20, 400)
        sent = set(range(n, n + j.send(n, count)))
        n += count
        if what == "rotate":
            j.process.send_signal(signal.SIGUSR2)
        elif what in ("restart", "kill"):
            j.end(signal.SIGTERM if what == "restart" else signal.SIGKILL)  # what stands in its socket dies with it
            j.start()
            sent &= j.has()
        elif what in ("vacuum", "delete", "damage", "truncate", "directory"):
            wait_for(lambda: sent <= j.has(), 5, 0.05)
            j.process.send_signal(signal.SIGUSR2)
            if not r.flushed(wanted | sent):  # what is not read by then is gone for everybody
                gone = sorted((wanted | sent) - set(r.count))
                problems.append("round %d: %d not read: %d..%d, after %s" % (i, len(gone), gone[0], gone[-1], story[-6:]))
                wanted -= set(gone)
                lost |= set(gone)
            if what == "vacuum":
                run("journalctl", "--vacuum-files=1", check=False)
            for path in archived() if what in ("delete", "damage", "truncate") else ():
                if what == "delete":
                    os.unlink(path)
                elif what == "truncate":
                    os.truncate(path, rng.randrange(0, os.path.getsize(path)))
                else:
                    with open(path, "r+b") as f:
                        for _ in range(rng.randrange(1, 20)):
                            f.seek(rng.randrange(os.path.getsize(path)))
                            f.write(rng.randbytes(rng.randrange(1, 64)))
            if what == "directory":
                j.end(signal.SIGTERM)
                for d in glob.glob(JOURNALS + "/*"):
                    run("rm", "-r", d)
                j.start()
        elif what == "delete while the reader is down":  # also the entry that its mark names
            r.flushed(wanted | sent)
            r.end()
            j.process.send_signal(signal.SIGUSR2)
            wait_for(archived, 5)
            time.sleep(0.05)
            for path in archived():
                os.unlink(path)
            count = rng.randrange(1, 400)
            sent |= set(range(n, n + j.send(n, count)))
            n += count
            r.start()
        elif what == "rotate while the reader is down":
            r.end()
            for _ in range(3):
                count = rng.randrange(20, 400)
                sent |= set(range(n, n + j.send(n, count)))
                n += count
                j.process.send_signal(signal.SIGUSR2)
                time.sleep(0.05)
            r.start()
        else:
            if "-9" in what:  # it hands on again what came after its mark, from the same positions
                may_again |= set(range(max(0, n - 1500), n))
            r.end(signal.SIGKILL if "-9" in what else signal.SIGTERM)
            r.start()
        wanted |= sent
    r.flushed(wanted)
    r.end()
    j.end(signal.SIGTERM)
    count, moved = r.seen()
    missing = sorted((wanted | lost) - set(count))
    twice = [x for x, c in count.items() if c > 1]
    note(", ".join("%s %d" % d for d in done.items()))
    losses = len(missing) + len(moved) + len(problems) + len(set(twice) - may_again)
    ok("journal: %d events, %d entries, %d missing, %d again from the same place, %d from another" % (
        rounds, len(wanted), len(missing), len(twice), len(moved)), losses == 0, "%s\n%s" % (problems, missing[:20]))
    claim("journald killed, restarted; journals rotated, vacuumed, deleted, damaged; reader killed: every entry once", rounds, losses)


def machine(rng, long):
    """Another /etc/machine-id, as a disk that was copied gets it: the mark names a journal that is not this machine's any
    more. What this machine's journald takes from then on comes once, nothing of before comes again."""
    if not os.environ.get("PB_FAULTS_JOURNALD"):
        note("no journald: not tried")
        return
    directory, identity = os.path.join(TOP, "machine"), os.path.join(TOP, "machine-id")
    os.mkdir(directory)
    with open(identity, "w") as f:
        f.write("%032x\n" % rng.getrandbits(128))
    run("mount", "--bind", identity, "/etc/machine-id")
    try:
        j, r = Journald(), Reader(directory)
        j.start()
        r.start()
        wanted, n, left, rounds = set(), 0, 0, 50 if long else 3
        for i in range(rounds):
            count = rng.randrange(20, 200)
            wanted |= set(range(n, n + j.send(n, count)))
            n += count
            r.flushed(wanted)
            r.end()  # it keeps where it was
            count = rng.randrange(0, 50)  # nobody reads these any more: they are another machine's when somebody could
            left += j.send(n, count)
            n += count
            j.end(signal.SIGTERM)
            with open(identity, "r+") as f:
                f.write("%032x\n" % rng.getrandbits(128))
            j.start()
            count = rng.randrange(1, 200)
            wanted |= set(range(n, n + j.send(n, count)))
            n += count
            r.start()
        r.flushed(wanted)
        r.end()
        j.end(signal.SIGTERM)
    finally:
        run("umount", "-l", "/etc/machine-id")
    count, _ = r.seen()
    missing, twice = wanted - set(count), [x for x, c in count.items() if c > 1]
    ok("another machine-id, %d times: %d entries, %d missing, %d twice (and %d of %d that lay unread in the old journal)" % (
        rounds, len(wanted), len(missing), len(twice), len(set(count) - wanted), left), not missing and not twice,
        "%s\n%s" % (sorted(missing)[:20], twice[:20]))
    claim("another /etc/machine-id: the journal is read on with this machine's, nothing comes twice", rounds, len(missing) + len(twice))


scenarios = {"journal": journal, "machine": machine}
