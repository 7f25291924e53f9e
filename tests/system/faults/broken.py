# SPDX-License-Identifier: GPL-2.0-or-later
# The state is broken in every way: damaged, newer, not a file, gone, on a full or read-only disk. It is said, what is
# damaged is kept aside, bans stay in the kernel, and the log tells the rest again.
import glob
import os
import shutil
import sqlite3
import time

from lab import KnownLog, Service, claim, inside, judge, note, ok, rounds_of, run, wait_for

BY_HAND = "192.0.2.77"  # in no log: only the kernel and the state know it


def state_db(service):
    return os.path.join(service.state, "state.db")


def scribble(rng, path, places, longest):
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        for _ in range(places):
            f.seek(rng.randrange(max(size, 1)))
            f.write(rng.randbytes(rng.randrange(1, longest + 1)))


def random_bytes(rng, service):
    scribble(rng, state_db(service), rng.randrange(1, 40), 64)


def random_pages(rng, service):
    scribble(rng, state_db(service), rng.randrange(1, 4), 4096)


def header(rng, service):
    with open(state_db(service), "r+b") as f:
        f.seek(rng.randrange(0, 100))
        f.write(rng.randbytes(16))


def lists(rng, service):
    """Half of it: one of the lists cannot be read to its end, all else can."""
    name, page = rng.choice(("bans", "decisions")), None
    try:
        db = sqlite3.connect("file:%s?mode=ro" % state_db(service), uri=True)
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name=?", (name,)).fetchone()
        db.close()
    except sqlite3.Error:  # damaged before in a way that did no harm
        text(rng, service)
    if page:
        with open(state_db(service), "r+b") as f:
            f.seek((page[0] - 1) * 4096)
            f.write(rng.randbytes(4096))


def truncated(rng, service):
    os.truncate(state_db(service), rng.randrange(1, os.path.getsize(state_db(service))))


def empty(rng, service):
    os.truncate(state_db(service), 0)


def text(rng, service):
    with open(state_db(service), "w") as f:
        f.write("this is no database\n" * rng.randrange(1, 500))


def directory(rng, service):
    os.unlink(state_db(service))
    os.mkdir(state_db(service))


def newer(rng, service):
    db = sqlite3.connect(state_db(service))
    db.execute("PRAGMA user_version=%d" % rng.randrange(3, 1000))
    db.commit()
    db.close()


def foreign(rng, service):
    os.unlink(state_db(service))
    db = sqlite3.connect(state_db(service))
    db.execute("CREATE TABLE somebody_elses(x)")
    db.commit()
    db.close()


def log_of_changes(rng, service):  # of what was killed: SQLite's own checksums decide how much of it counts
    wal = state_db(service) + "-wal"
    if os.path.exists(wal) and os.path.getsize(wal):
        scribble(rng, wal, rng.randrange(1, 10), 64)


def all_gone(rng, service):
    shutil.rmtree(service.state)


# How each shows: it must be set aside, or may pass unnoticed where the bytes hit nothing that matters.
WAYS = {random_bytes: False, random_pages: False, header: False, lists: True, truncated: False, empty: False, text: True,
        directory: True, newer: True, foreign: True, log_of_changes: False, all_gone: False}


def listed(service):
    return {b["addr"] for b in service.ask("list") if "addr" in b}


def corruption(rng, long):
    service = Service("corruption")
    service.clean_kernel()
    log = KnownLog(service.log, rng, ["11.5.0.%d" % a for a in range(1, 60)])
    log.finish_all()
    service.start()
    service.ask("ban", net=BY_HAND, **{"for": 86400})
    judge("before anything is damaged", service, log, also=[BY_HAND], kernel=False, quiet=True)
    rounds, losses, counts, wrong = rounds_of(long, 240, 12), 0, {}, 0
    everybody = set(log.banned()) | {BY_HAND}
    for i in range(rounds):
        way = list(WAYS)[i % len(WAYS)]
        killed = way == log_of_changes or rng.random() < 0.3  # then most of it is in the log of changes
        if killed:
            service.kill_all()
        else:
            service.stop()
        before = service.in_kernel()
        for old in glob.glob(state_db(service) + ".bad-*"):
            run("rm", "-r", old)
        if os.path.exists(state_db(service)):
            way(rng, service)
        service.forget_said()
        service.start()
        bad = []
        if before != everybody:
            bad.append("kernel before: %s" % (before ^ everybody))
        aside = bool(glob.glob(state_db(service) + ".bad-*"))
        said = "kept as state.db.bad-" in service.said()
        counts[way.__name__] = counts.get(way.__name__, 0) + aside
        if aside != said:
            bad.append("kept aside: %s, said: %s" % (aside, said))
        if WAYS[way] and not aside and not killed:
            bad.append("was not set aside")
        wait_for(service.enforced)
        known = {BY_HAND} & listed(service)
        bad += judge("", service, log, also=known, kernel=False, quiet=True)
        if not everybody <= service.in_kernel():
            bad.append("no longer in the kernel: %s" % (everybody - service.in_kernel()))
        if service.in_kernel() - everybody:
            bad.append("banned for nothing: %s" % (service.in_kernel() - everybody))
        if bad:
            ok("%s, round %d" % (way.__name__, i + 1), False, "\n".join(bad) + "\n" + service.said())
            service.stop()
            shutil.rmtree(service.state, ignore_errors=True)
            for a in service.in_kernel() - everybody:
                inside("ipset", "del", "pptpban4", a)
            service.start()
            service.ask("ban", net=BY_HAND, **{"for": 86400})
        losses += bool(bad)
    if not wait_for(lambda: BY_HAND not in listed(service), 0.1):  # it survived the last round
        service.kill_all()
        text(rng, service)
        service.start()
        wait_for(service.enforced)
    still = BY_HAND in service.in_kernel()
    service.ask("unban", net=BY_HAND)
    losses += not ok("whom only the kernel knows is let go by unban", still and wait_for(lambda: BY_HAND not in service.in_kernel(), 5))
    service.kill_all()
    service.start()
    wait_for(service.enforced)
    losses += not ok("and is so after a restart", BY_HAND not in service.in_kernel() | listed(service))
    ok("the state damaged %d times: said, kept aside, bans stay in the kernel, the rest from the log" % rounds, not losses)
    note("set aside: " + ", ".join("%s %d" % c for c in counts.items()))
    claim("database damaged, newer, foreign, no file, gone: kept aside and said, no ban lost", rounds, losses)
    service.end_all()


def fill(path):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(fd, bytes(1024))
    except OSError:
        os.close(fd)


def small_disk(service):
    small = os.path.join(service.dir, "small")
    os.mkdir(small)
    run("mount", "-t", "tmpfs", "-o", "size=32m,mode=755", "tmpfs", small)
    service.state = os.path.join(small, "state")
    service.configure()
    return small


def room(rng, long):
    """There is room on the disk again: all that was decided meanwhile is written, without a restart."""
    if not long:
        return  # it is tried again each 30 s, when there is something to write
    service = Service("room")
    service.clean_kernel()
    small, rounds, losses = small_disk(service), 3, 0
    service.start()
    log = KnownLog(service.log, rng, ["11.8.0.%d" % a for a in range(1, 60)])
    log.finish_all()
    for i in range(rounds):
        wait_for(service.read_all)
        fill(os.path.join(small, "filler"))
        log.add(["11.8.%d.%d" % (i + 1, a) for a in range(1, 60)])
        log.finish_all()
        wait_for(lambda: service.status()["state"] != "", 5)
        os.unlink(os.path.join(small, "filler"))
        time.sleep(31)
        log.add(["11.8.%d.250" % i])
        log.finish_all()
        losses += not ok("there is room again: written again", wait_for(lambda: service.status()["state"] == "", 10))
        wait_for(service.read_all)
        time.sleep(1.5)  # the marks are written as well
        service.kill_all()
        os.truncate(service.log, 0)  # no log tells it again
        service.start()
        missing = lambda: set(log.banned()) - listed(service)
        losses += not ok("and all %d bans with it" % len(log.banned()), wait_for(lambda: not missing(), 5), missing())
    service.end_all()
    run("umount", "-l", small)
    claim("room on the disk again: what was decided meanwhile is written by itself", rounds, losses)


def disk(rng, long):
    """A disk that is full or read-only: banning goes on, it is said once, a restart has it all from the log."""
    service = Service("disk")
    service.clean_kernel()
    small = small_disk(service)
    rounds, losses = rounds_of(long, 200, 2), 0
    log = KnownLog(service.log, rng)
    service.start()
    for i in range(rounds):
        log.write_for(0.01)
        full = i % 2 == 0
        service.forget_said()
        if full:
            fill(os.path.join(small, "filler"))
        else:
            try:
                run("mount", "-o", "remount,ro", small)
            except RuntimeError:  # the service has a file open for writing: only what has none can become read-only
                service.stop()
                run("mount", "-o", "remount,ro", small)
                service.start()
        for _ in range(10):
            log.write(300)
            time.sleep(0.01)
        words = "full disk" if full else "read-only disk"
        losses += len(judge("%s, round %d" % (words, i + 1), service, log))
        said = lambda: [l for l in service.said().splitlines() if "banning goes on, but" in l or "is kept in memory" in l]
        losses += not ok("%s: said, once" % words, wait_for(lambda: len(said()) == 1, 10), "\n".join(said()) or "it was not said")
        losses += not ok("%s: status says it" % words, service.status()["state"] != "", service.status()["state"])
        service.kill("launcher", "watcher")
        if rng.random() < 0.5:
            service.start()
            losses += len(judge("killed and started on a %s" % words, service, log))
            service.stop()
        if full:
            os.unlink(os.path.join(small, "filler"))
        else:
            run("mount", "-o", "remount,rw", small)
        service.start()
        losses += len(judge("started after the %s" % words, service, log))
    log.finish()
    losses += len(judge("full and read-only disks, afterwards", service, log))
    service.end_all()
    run("umount", "-l", small)
    claim("disk full or read-only: banning goes on, said once, nothing lost by a restart", rounds, losses)


scenarios = {"corruption": corruption, "disk": disk, "room": room}
