# SPDX-License-Identifier: GPL-2.0-or-later
# The whole service under attack, for tests that break something meanwhile: starts it in a network namespace, writes a
# log whose truth is known (who failed how often, and when), and compares with it what the service came to believe.
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from datetime import datetime, timezone

BUILD, SRC, TOP = os.environ["PB_BUILD"], os.environ["PB_SRC"], os.environ["PB_FAULTS_DIR"]
NETNS = os.environ["PB_FAULTS_NETNS"]
KEEP = os.environ.get("PB_FAULTS_KEEP")  # a directory where what failed is kept
MAXRETRY = 6
BANTIME = 3600

checks = failures = 0
table = []  # of what was shown: claim, repetitions, losses


def ok(what, good, detail=""):
    global checks, failures
    checks += 1
    failures += not good
    print("%s %d - %s" % ("ok" if good else "not ok", checks, what), flush=True)
    if not good and detail:
        for line in str(detail).splitlines()[:8]:
            print("# " + line)
    return good


def note(text):
    print("# " + text, flush=True)


def rounds_of(long, many, few):
    """How often: few times in CI; many times in a long run, where PB_FAULTS_ROUNDS=N says otherwise."""
    return int(os.environ.get("PB_FAULTS_ROUNDS", many)) if long else few


def claim(what, repetitions, losses):
    table.append((what, repetitions, losses))
    note("%s: %d repetitions, %d losses" % (what, repetitions, losses))


def wait_for(what, seconds=20.0, step=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if what():
                return True
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(step)
    return False


def run(*command, check=True, stdin=None):
    r = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if check and r.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(command), r.stdout))
    return r.stdout


def inside(*command, **kw):
    return run("ip", "netns", "exec", NETNS, *command, **kw)


def usec(t):
    return int(round(t * 1e6))


class KnownLog:
    """What pptpd and pppd log under attack, many calls interleaved; remembers who failed and when."""

    def __init__(self, path, rng, addresses=(), form="rfc3339", torn=0.2):
        self.path, self.rng, self.torn, self.form = path, rng, torn, form
        self.endless, self.next = not addresses, 0  # without addresses: new ones come as long as it is written
        self.truth = {}  # address: the microseconds of its failures
        self.bans_before = {}  # that were ended by hand
        self.lines = 0
        self.calls, self.control = [], 1000
        self.left = []
        self.add(list(addresses))
        self.last = 0
        self.clock = time.time
        self.open()

    def add(self, addresses):
        """They will fail so often, in any order, some of them below the threshold, some of them just at it."""
        self.left += [a for a in addresses for _ in range(self.rng.choice((1, 2, 3, 4, 5, 5, 6, 7, 9)))]
        self.rng.shuffle(self.left)

    def open(self):
        self.fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def reopen(self):
        os.close(self.fd)
        self.open()

    def stamp(self):
        t = max(usec(self.clock()), self.last + 1)  # each line at a time of its own
        self.last = t
        return t

    def line(self, ident, text):
        t = self.stamp()
        when = datetime.fromtimestamp(t // 1000000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + ".%06d+00:00" % (t % 1000000)
        self.lines += 1
        return "%s host %s: %s\n" % (when, ident, text)

    def call(self, address):
        control = self.control
        self.control = control + 2 if control < 30000 else 1000  # numbers come again
        pppd, pptpd, user = "pppd[%d]" % (control + 1), "pptpd[%d]" % control, "user%d" % control
        yield self.line(pptpd, "CTRL: Client %s control connection started" % address)
        yield self.line(pptpd, "CTRL: Starting call (launching pppd, opening GRE)")
        yield self.line(pppd, "Plugin /usr/lib/pptpd/pptpd-logwtmp.so loaded.")
        yield self.line(pppd, "pppd 2.4.9 started by root, uid 0")
        line, failed = self.line(pppd, "Peer %s failed CHAP authentication" % user), self.last
        yield line
        reaped = self.line(pptpd, "CTRL: Reaping child PPP[%d]" % (control + 1))
        self.truth.setdefault(address, []).append(failed)  # only now it is known whose it was
        yield reaped
        yield self.line(pppd, "Exit.")
        yield self.line(pptpd, "CTRL: Client %s control connection finished" % address)

    def some(self, count):
        out = []
        while len(out) < count and (self.left or self.calls or self.endless):
            if not self.left and self.endless:
                self.next += 100
                self.add(["11.%d.%d.%d" % (n >> 16, n >> 8 & 255, n & 255) for n in range(self.next, self.next + 100)])
            if self.left and len(self.calls) < 12:
                self.calls.append(self.call(self.left.pop()))
            one = self.rng.choice(self.calls)
            line = next(one, None)
            if line is None:
                self.calls.remove(one)
            else:
                out.append(line)
        return "".join(out).encode()

    def write(self, count):
        data = self.some(count)
        cut = self.rng.randrange(len(data)) if data and self.rng.random() < self.torn else len(data)
        os.write(self.fd, data[:cut])
        if cut < len(data):
            os.write(self.fd, data[cut:])
        return len(data)

    def done(self):
        return not self.left and not self.calls and not self.endless

    def finish(self):
        """The calls that are open end, and no more are begun."""
        self.endless, self.left = False, []
        self.finish_all()

    def finish_all(self):
        while not self.done():
            self.write(500)

    def write_for(self, seconds, pause=0.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.done():
            self.write(self.rng.randrange(1, 60))
            if pause:
                time.sleep(pause)

    def forgive(self, address):
        self.truth[address] = []
        self.bans_before[address] = self.bans_before.get(address, 0) + 1

    def failed(self):
        return sum(len(v) for v in self.truth.values())

    def banned(self):
        return {a: t for a, t in self.truth.items() if len(t) >= MAXRETRY}


class Service:
    def __init__(self, name, **settings):
        self.dir = os.path.join(TOP, name)
        os.makedirs(self.dir)
        os.chmod(self.dir, 0o755)
        self.log, self.state, self.run = (os.path.join(self.dir, n) for n in ("log", "state", "run"))
        self.enforcer_dir = self.run + "-enforcer"
        self.out = os.path.join(self.dir, "service.log")
        self.process, self.kills = None, 0
        self.env = {}
        self.prefix = []
        self.configure(**settings)

    def configure(self, source=None, top="", jail="", maxretry=MAXRETRY, backend="ipset", bantime=BANTIME):
        with open(os.path.join(self.dir, "pptpban.conf"), "w") as f:
            f.write("[pptpban]\nstate_dir = %s\nruntime_dir = %s\nfilter_dirs = %s\nbackend = %s\n%s\n"
                    "[pptpd]\nenabled = yes\nsource = %s\nmaxretry = %d\nfindtime = 1d\nbantime = %d\n"
                    "bantime.increment = no\n%s\n" % (
                        self.state, self.run, os.path.join(TOP, "filters"), backend, top, source or self.log, maxretry,
                        bantime, jail))

    def clean_kernel(self):
        inside("nft", "flush", "ruleset")
        inside("ipset", "destroy", check=False)

    def start(self, wait=True, options=()):
        command = ["ip", "netns", "exec", NETNS, *self.prefix, os.path.join(BUILD, "pptpband"), "--config",
                   os.path.join(self.dir, "pptpban.conf"), *options]
        self.process = subprocess.Popen(command, stdout=open(self.out, "ab"), stderr=subprocess.STDOUT, cwd=TOP,
                                        env=dict(os.environ, **self.env))
        if wait and not wait_for(self.answers, 30):
            note("the service does not answer:\n" + self.said()[-2000:])
            raise SystemExit(1)
        return self

    def said(self):
        with open(self.out, errors="replace") as f:
            return f.read()

    def forget_said(self):
        os.truncate(self.out, 0)

    def children(self):
        """name -> pid, of everything below the launcher"""
        found, todo = {}, [self.process.pid]
        while todo:
            pid = todo.pop()
            try:
                with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
                    kids = [int(p) for p in f.read().split()]
                for kid in kids:
                    with open("/proc/%d/comm" % kid) as f:
                        found[f.read().strip().replace("pptpban-", "")] = kid
                todo += kids
            except OSError:
                pass
        return found

    def pid(self, name):  # the kernel cuts names at 15 bytes
        return self.children().get(name[:7])

    def kill(self, *names, how=signal.SIGKILL):
        kids, done = self.children(), []
        for n in names:
            pid = self.process.pid if n == "launcher" else kids.get(n[:7])
            if pid:
                try:
                    os.kill(pid, how)
                    done.append(n)
                except ProcessLookupError:
                    pass
        if "launcher" in done and how == signal.SIGKILL:
            self.process.wait()
        return done

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                note("the service does not end")
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def end_all(self):
        """Nothing of it is left, whatever became of the launcher."""
        self.stop()
        self.kill_all()

    def kill_all(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in run("ip", "netns", "pids", NETNS).split():
            try:
                with open("/proc/%s/comm" % pid) as f:
                    name = f.read()
                if name.startswith("pptpba"):
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass

    def ask(self, verb, timeout=10, **keys):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout)
            s.connect(os.path.join(self.run, "control.sock"))
            s.sendall(json.dumps(dict(verb=verb, **keys)).encode() + b"\n")
            s.shutdown(socket.SHUT_WR)
            data = b""
            while chunk := s.recv(1 << 16):
                data += chunk
        answers = [json.loads(line) for line in data.splitlines()]
        return answers if verb == "list" else answers[0]

    def status(self):
        return self.ask("status")

    def answers(self):
        return self.status()["pid"] in self.children().values()  # not one that was left over

    def read_all(self):
        s = self.status()
        return s["caught_up"] and all(x["behind"] == 0 for x in s["sources"])

    def enforced(self):
        e = self.status()["enforcer"]
        return e["connected"] and e["hooked"]

    def in_kernel(self, name="pptpban4"):
        lines = inside("ipset", "list", name, check=False).split("Members:\n")
        return {line.split()[0] for line in lines[1].splitlines() if line.strip()} if len(lines) == 2 else set()

    def sets(self, log):
        return self.in_kernel() == set(log.banned())


def judge(name, service, log, quiet=False, kernel=True, also=()):
    """Everything the service believes, against the truth. also: who else is banned. Returns the losses as lines of text."""
    bad = []
    banned = log.banned()
    wait_for(service.read_all, 30)
    known = lambda: service.status()["bans"] == len(banned) + len(also)
    wait_for(known, 5)
    for address, times in log.truth.items():
        w = service.ask("why", net=address)
        window, ban = w["windows"][0]["count"], w["ban"]
        if address in banned:
            if not ban:
                bad.append("%s failed %d times and is not banned (window %d)" % (address, len(times), window))
            elif ban["count"] != MAXRETRY or ban["times"] != 1 + log.bans_before.get(address, 0):
                bad.append("%s: ban of %d failures, for the %d. time" % (address, ban["count"], ban["times"]))
            elif ban["since"] != times[MAXRETRY - 1] // 1000000:
                bad.append("%s: banned at %d, not %d" % (address, ban["since"], times[MAXRETRY - 1] // 1000000))
        elif ban:
            bad.append("%s failed %d times and is banned" % (address, len(times)))
        elif window != len(times):
            bad.append("%s failed %d times, counted %d" % (address, len(times), window))
    listed = {b["addr"] for b in service.ask("list") if "addr" in b}
    bad += ["%s is in the list" % a for a in listed - set(banned) - set(also)] + ["%s is not in the list" % a for a in set(banned) - listed]
    if kernel and not wait_for(lambda: service.sets(log), 10):
        got = service.in_kernel()
        bad.append("kernel: %d missing, %d too many" % (len(set(banned) - got), len(got - set(banned))))
    if bad and KEEP:
        shutil.copytree(service.dir, os.path.join(KEEP, os.path.basename(service.dir)), dirs_exist_ok=True, symlinks=True,
                        ignore=shutil.ignore_patterns("*.sock", "hold*"))
    if not quiet or bad:
        ok("%s: %d lines, %d failures of %d addresses, %d bans, exactly" % (
            name, log.lines, log.failed(), len(log.truth), len(banned)), not bad, "\n".join(bad))
    return bad


def judge_state(name, service, log):
    """The database of a service that was stopped: each ban once, to the microsecond, with its lines and its history."""
    db = sqlite3.connect("file:%s/state.db?mode=ro" % service.state, uri=True)
    pack = lambda a: bytes(10) + b"\xff\xff" + socket.inet_aton(a) + b"\x80"
    bad = []
    for address, times in log.banned().items():
        row = db.execute("SELECT since,until,count,times FROM bans WHERE net=?", (pack(address),)).fetchone()
        at = times[MAXRETRY - 1]
        times_banned = 1 + log.bans_before.get(address, 0)
        if row != (at, at + BANTIME * 1000000, MAXRETRY, times_banned):
            bad.append("%s: row %s, failed at %s" % (address, row, at))
        history = db.execute("SELECT times FROM history WHERE net=?", (pack(address),)).fetchone()
        if history != (times_banned,):
            bad.append("%s: history %s" % (address, history))
        lines = db.execute("SELECT lines FROM evidence WHERE net=?", (pack(address),)).fetchone()
        stored = [int(x.split("\t")[0]) for x in lines[0].splitlines()] if lines else []
        if len(stored) != len(set(stored)) or not set(times[:MAXRETRY]) <= set(stored) or not set(stored) <= set(times):
            bad.append("%s: evidence of %s, failed at %s" % (address, sorted(stored), times))
    for table_name, wanted in (("bans", len(log.banned())), ("history", len(set(log.banned()) | set(log.bans_before)))):
        n = db.execute("SELECT count(*) FROM " + table_name).fetchone()[0]
        if n != wanted:
            bad.append("%d rows in %s, not %d" % (n, table_name, wanted))
    db.close()
    ok("%s: the database has them to the microsecond, with evidence and history" % name, not bad, "\n".join(bad))
    return bad
