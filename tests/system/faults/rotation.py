# SPDX-License-Identifier: GPL-2.0-or-later
# Log rotation in all its forms while lines come at full speed, and the service reading: no line lost, none twice.
import gzip
import os
import shutil
import signal
import time

from lab import KnownLog, Service, claim, judge, judge_state, ok, rounds_of, wait_for


class Form:
    """One way to rotate."""

    behind = True  # nothing is lost when the reader lags behind

    def __init__(self, rng, service):
        self.rng, self.service, self.n = rng, service, 0
        self.path = service.log
        self.prepare()
        self.log = KnownLog(self.path, rng)

    def prepare(self):
        pass

    def late(self):
        """The writer still writes to the old file, as rsyslog does."""
        self.log.write(self.rng.randrange(0, 300))

    def read_to_end(self):
        wait_for(self.service.read_all)
        wait_for(lambda: self.service.status()["sources"][0]["behind"] == 0)

    def is_open(self):
        """The service has the file that lies there now: what goes before that nobody can read."""
        want, fds = os.fstat(self.log.fd), "/proc/%d/fd" % self.service.pid("watcher")
        for fd in os.listdir(fds):
            try:
                st = os.stat(os.path.join(fds, fd))
            except OSError:
                continue
            if (st.st_dev, st.st_ino) == (want.st_dev, want.st_ino):
                return True
        return False

    def shift(self):
        # all are kept: what lies nowhere any more when the service comes to it, or starts anew, nobody can read or count
        last = next(i for i in range(1, 1000) if not any(os.path.exists("%s.%d%s" % (self.path, i, end)) for end in ("", ".gz")))
        for i in range(last, 0, -1):
            for end in ("", ".gz"):
                if os.path.exists("%s.%d%s" % (self.path, i, end)):
                    os.rename("%s.%d%s" % (self.path, i, end), "%s.%d%s" % (self.path, i + 1, end))


class Rename(Form):
    def rotate(self):
        self.n += 1
        os.rename(self.path, "%s-%d" % (self.path, 20260000 + self.n))
        self.late()
        self.log.reopen()


class Chain(Form):
    def rotate(self):
        self.shift()
        os.rename(self.path, self.path + ".1")
        self.late()
        self.log.reopen()


class Gzip(Form):
    def rotate(self):
        self.shift()
        os.rename(self.path, self.path + ".1")
        self.late()
        self.log.reopen()
        with open(self.path + ".1", "rb") as f, gzip.open(self.path + ".1.gz", "wb", 1) as g:
            shutil.copyfileobj(f, g)
        shutil.copystat(self.path + ".1", self.path + ".1.gz")
        self.log.write(50)
        os.unlink(self.path + ".1")


class CopyTruncate(Form):  # nothing is written between copy and truncation: what is, is lost to everybody (rotate.py)
    def rotate(self):
        self.shift()
        shutil.copy(self.path, self.path + ".1")
        os.truncate(self.path, 0)


class Truncate(Form):  # what has not been read by then is gone
    behind = False

    def rotate(self):
        self.read_to_end()
        os.truncate(self.path, 0)


class Delete(Form):
    behind = False

    def rotate(self):
        wait_for(self.is_open)
        os.unlink(self.path)
        self.late()
        self.log.reopen()


class Link(Form):
    behind = False

    def prepare(self):
        os.symlink("log.a", self.path)

    def rotate(self):
        self.n += 1
        os.symlink("log.%s" % "abc"[self.n % 3], self.path + ".new")
        wait_for(self.is_open)
        if self.n >= 3:  # one of three comes again, empty
            os.unlink(os.path.join(os.path.dirname(self.path), "log.%s" % "abc"[self.n % 3]))
        os.rename(self.path + ".new", self.path)
        self.late()
        if self.n % 2:
            time.sleep(0.02)  # the service sees a link that leads nowhere yet
        self.log.reopen()


class WhileDown(Form):
    behind = False

    def rotate(self):
        self.service.stop()
        for _ in range(self.rng.randrange(1, 4)):
            Chain.rotate(self)
            self.log.write(500)
            time.sleep(0.02)
        self.service.start()


class Directory(Form):  # the directory is moved away with all that is in it, and made anew
    behind = False

    def prepare(self):
        self.directory = os.path.dirname(self.path)

    def rotate(self):
        wait_for(self.is_open)
        self.n += 1
        os.rename(self.directory, "%s.%d" % (self.directory, self.n))
        self.late()
        self.read_to_end()  # where it is now nobody looks for it later
        if self.n % 2:
            time.sleep(0.02)
        os.mkdir(self.directory, 0o755)
        self.log.reopen()


FORMS = {"rename and create": Rename, "a chain .1 .2 .3": Chain, "gzip of the old one": Gzip, "copytruncate": CopyTruncate,
         "truncated in place": Truncate, "deleted": Delete, "a link that is switched": Link,
         "rotated while the service is down": WhileDown, "the directory gone and back": Directory}


def rotation(name, form, rng, long, number=0):
    service = Service("rotate-%s-%d" % (form.__name__, number))
    service.clean_kernel()
    if form == Directory:
        service.log = "/var/log/faults/log"  # what is below /var/log the watcher may read, whenever it came
        os.makedirs(os.path.dirname(service.log))
        service.configure()
    service.start()
    f = form(rng, service)
    rounds = {WhileDown: 5, Directory: 30}.get(form, 100) if long else 5
    for _ in range(rounds):
        f.log.write_for(rng.uniform(0.002, 0.03 if long else 0.06))
        if f.behind and rng.random() < 0.3:  # the reader is far behind: several rotations before it looks again
            service.kill("watcher", how=signal.SIGSTOP)
            for _ in range(rng.randrange(1, 4)):
                f.rotate()
                f.log.write_for(0.005)
                time.sleep(0.02)
            service.kill("watcher", how=signal.SIGCONT)
        f.rotate()
    f.log.finish()
    losses = judge("rotation, %s, %d times" % (name, rounds), service, f.log)
    source = service.status()["sources"][0]
    ok("rotation, %s: nothing skipped, no problem" % name, source["skipped"] == 0 and not source["problem"], source)
    service.stop()
    losses += judge_state("rotation, " + name, service, f.log)
    service.end_all()
    if number == 0 and (form != WhileDown or not long):
        claim("log rotation, %s: no line lost or twice" % name, rounds, len(losses))
    return rounds, len(losses)


def again_and_again(name, rng):
    """A mark names 16 files that are over: what lies further back a new watcher does not read again."""
    results = [rotation(name, WhileDown, rng, True, i) for i in range(20)]
    claim("log rotation, %s: no line lost or twice" % name, sum(r for r, _ in results), sum(n for _, n in results))


def outside(rng, long):
    """A directory elsewhere: the sandbox holds on to the old one, so a new watcher takes over. It cannot read again what
    was moved away, and so forgets counts below the threshold; bans stay, and nothing that comes is missed."""
    service = Service("outside")
    service.clean_kernel()
    service.log = os.path.join(service.dir, "logs", "log")
    os.mkdir(os.path.dirname(service.log))
    service.configure()
    service.start()
    old, losses, rounds = set(), 0, rounds_of(long, 100, 3)
    for i in range(rounds):
        log = KnownLog(service.log, rng, ["11.9.%d.%d" % (i, a) for a in range(1, 60)])
        log.finish_all()
        bad = judge("another directory", service, log, kernel=False, also=old, quiet=True)
        losses += len(bad)
        old |= set(log.banned())
        os.rename(os.path.dirname(service.log), "%s/gone.%d" % (service.dir, i))
        os.mkdir(os.path.dirname(service.log))
        os.close(log.fd)
    ok("a directory that the sandbox does not know: %d bans stay, what comes is counted" % len(old),
       losses == 0 and wait_for(lambda: service.in_kernel() == old))
    service.end_all()
    claim("log directory outside /var/log replaced: bans stay, new lines are read", rounds, losses)


scenarios = {"rotate-" + form.__name__: lambda rng, long, name=name, form=form: rotation(name, form, rng, long)
             for name, form in FORMS.items()}
scenarios["rotate-WhileDown"] = lambda rng, long, name="rotated while the service is down": (
    again_and_again(name, rng) if long else rotation(name, WhileDown, rng, long))
scenarios["rotate-outside"] = outside
