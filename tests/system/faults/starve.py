# SPDX-License-Identifier: GPL-2.0-or-later
# No descriptors, no inotify watches, processes that stand still, an enforcer left over: the service waits without
# spinning, loses nothing and goes on by itself.
import os
import signal
import socket
import time

from lab import KnownLog, Service, claim, judge, ok, rounds_of, run, wait_for

HZ = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / HZ


def state(pid):
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def limit_files(pid, n):
    with open("/proc/%d/status" % pid) as f:  # as its own user: nobody else may without CAP_SYS_RESOURCE
        ids = {line.split()[0]: line.split()[1] for line in f if line.startswith(("Uid:", "Gid:"))}
    run("setpriv", "--reuid=" + ids["Uid:"], "--regid=" + ids["Gid:"], "--clear-groups", "prlimit", "--pid", str(pid),
        "--nofile=%d:" % n)


def lowest_free(pid):
    used = {int(fd) for fd in os.listdir("/proc/%d/fd" % pid)}
    return next(n for n in range(len(used) + 1) if n not in used)


def knock(service, n):
    clients = []
    for _ in range(n):
        s = socket.socket(socket.AF_UNIX)
        s.setblocking(False)
        try:
            s.connect(os.path.join(service.run, "control.sock"))
        except OSError:
            pass  # its queue is full
        clients.append(s)
    return clients


def descriptors(rng, long):
    """The watcher's limit is taken down to what it has open; clients knock, the log rotates, the enforcer dies."""
    service = Service("descriptors")
    service.clean_kernel()
    service.start()
    log = KnownLog(service.log, rng)
    rounds, losses, busiest = rounds_of(long, 200, 2), 0, 0.0
    for i in range(rounds):
        log.write_for(0.02)
        pid = service.pid("watcher")
        wait_for(service.read_all)
        time.sleep(0.05)
        limit_files(pid, 3)  # whatever is closed meanwhile: no new one fits
        clients = knock(service, 40)
        for _ in range(rng.randrange(1, 4)):
            os.rename(service.log, "%s.%d" % (service.log, 1000 + int(time.monotonic() * 1000)))
            log.write(50)
            log.reopen()
            log.write_for(0.01)
        if i % 2:
            service.kill("enforcer")
        began, used = time.monotonic(), cpu(pid)
        time.sleep(1.0)
        busiest = max(busiest, (cpu(pid) - used) / (time.monotonic() - began))
        log.write_for(0.01)
        limit_files(pid, 1024)
        for c in clients:
            c.close()
        losses += not ok("no descriptors, round %d: answers again within 3 s" % (i + 1), wait_for(service.answers, 3))
    log.finish()
    wait_for(service.enforced, 10)
    losses += len(judge("no descriptors, %d times, with clients, rotations and an enforcer that dies" % rounds, service, log))
    losses += not ok("no descriptors: the watcher does not spin (%.0f %% of a processor)" % (busiest * 100), busiest < 0.3)
    claim("descriptors used up: no spin, no line lost, back by itself", rounds, losses)
    service.end_all()


def deaf(rng, long):
    """Enforcer and guards have no descriptor left for those who knock: they do not spin, bans go on meanwhile, and
    afterwards who waited is let in."""
    service = Service("deaf")
    service.clean_kernel()
    service.start()
    wait_for(service.enforced)
    wait_for(lambda: os.path.exists(os.path.join(service.enforcer_dir, "hold-connguard")))
    log = KnownLog(service.log, rng, ["11.6.0.1"])
    rounds, losses, busiest = rounds_of(long, 200, 2), 0, {}
    doors = {"enforcer": "enforcer.sock", "hookguard": "hold", "connguard": "hold-connguard"}
    for i in range(rounds):
        pids = {name: service.pid(name) for name in doors}
        for pid in pids.values():
            limit_files(pid, lowest_free(pid))  # no lower: poll() refuses more than that
        knocking = []
        for name in doors.values():
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            os.seteuid(1 if name == "enforcer.sock" else 0)  # a stranger there: root would take the watcher's line over
            s.connect(os.path.join(service.enforcer_dir, name))
            os.seteuid(0)
            s.settimeout(5)
            knocking.append(s)
        awake = dict.fromkeys(doors, 0)
        for _ in range(50):  # who spins is running or about to, however busy the machine is
            time.sleep(0.01)
            for name, pid in pids.items():
                awake[name] += state(pid) == "R"
        busiest = {name: max(busiest.get(name, 0), n * 2) for name, n in awake.items()}
        log.add(["11.6.%d.%d" % (i + 1, a) for a in range(1, 40)])  # the watcher's line is open, and heard
        log.finish_all()
        heard = wait_for(lambda: service.read_all() and service.sets(log), 5)
        losses += not ok("no descriptors for who knocks, round %d: bans go on" % (i + 1), heard)
        for pid in pids.values():
            limit_files(pid, 64)  # their own
        answers = []
        for s in knocking:
            try:
                answers.append(s.recv(1))
            except OSError as e:
                answers.append(str(e))
            s.close()
        losses += not ok("and then the stranger is sent away, and the holds begin", answers == [b"", b"\0", b"\0"], answers)
    log.finish()
    losses += len(judge("no descriptors for who knocks, %d times" % rounds, service, log))
    losses += not ok("no descriptors: neither enforcer nor guards spin (awake: %s)" % ", ".join(
        "%s %d %%" % b for b in busiest.items()), max(busiest.values()) < 50)
    claim("enforcer and guards without descriptors: no spin, bans go on, who waited is let in", rounds, losses)
    service.end_all()


def watches(rng, long):
    """The user's inotify watches are used up: files are looked at each second then."""
    if not long:
        return  # they are all namespaces' and all processes': not where other tests may run
    service = Service("watches")
    service.clean_kernel()
    service.start()
    log = KnownLog(service.log, rng)
    log.write_for(0.02)
    wait_for(service.read_all)
    knob, losses, rounds = "/proc/sys/fs/inotify/max_user_watches", 0, 5
    with open(knob) as f:
        before = f.read()
    for _ in range(rounds):
        try:
            with open(knob, "w") as f:
                f.write("1\n")
            for _ in range(2):
                os.rename(service.log, "%s.%d" % (service.log, 1000 + int(time.monotonic() * 1000)))
                log.reopen()
                log.write_for(0.02)
                time.sleep(0.1)
            said = wait_for(lambda: "max_user_watches" in service.status()["sources"][0]["problem"], 5)
            losses += not ok("no inotify watches: said", said, service.status()["sources"])
            log.write_for(0.02)
            losses += len(judge("no inotify watches: what comes is read all the same", service, log))
        finally:
            with open(knob, "w") as f:
                f.write(before)
        good = wait_for(lambda: not service.status()["sources"][0]["problem"], 5)
        losses += not ok("no inotify watches: and over when there are some again", good)
    log.finish()
    losses += len(judge("no inotify watches, afterwards", service, log))
    claim("inotify watches used up: said, looked at each second, no line lost", rounds, losses)
    service.end_all()


def stopped(rng, long):
    """SIGSTOP of watcher, enforcer or both for a while, under load."""
    service = Service("stopped")
    service.clean_kernel()
    service.start()
    log = KnownLog(service.log, rng)
    rounds = rounds_of(long, 200, 4)
    for i in range(rounds):
        names = (("watcher",), ("enforcer",), ("watcher", "enforcer"))[i % 3]
        log.write_for(0.01)
        service.kill(*names, how=signal.SIGSTOP)
        log.write_for(0.03)
        time.sleep(rng.uniform(0.05, 3.0 if long else 0.3))
        log.write_for(0.01)
        service.kill(*names, how=signal.SIGCONT)
    log.finish()
    losses = judge("watcher, enforcer or both stopped, %d times" % rounds, service, log)
    claim("SIGSTOP for up to 3 s under load: nothing lost", rounds, len(losses))
    service.end_all()


def leftover(rng, long):
    """A launcher that was killed leaves its enforcer behind; the next one must not wait for it."""
    service = Service("leftover")
    service.clean_kernel()
    service.start()
    log = KnownLog(service.log, rng)
    rounds, worst, losses = rounds_of(long, 200, 5), 0.0, 0
    wait_for(service.enforced)
    for _ in range(rounds):
        log.write_for(0.01)
        service.kill("launcher", *(("watcher",) if rng.random() < 0.5 else ()))
        began = time.monotonic()
        service.start()
        good = wait_for(service.enforced, 5)
        worst = max(worst, time.monotonic() - began)
        losses += not good
    for _ in range(5 if long else 2):  # somebody else takes the line to the enforcer, as a watcher left over may
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other:
            other.connect(os.path.join(service.enforcer_dir, "enforcer.sock"))
        time.sleep(0.1)
        log.write_for(0.01)
        losses += not ok("the line to the enforcer taken over by another: back within 20 s", wait_for(service.enforced, 20))
    ok("an enforcer left over, %d times: the next has taken over within 5 s (at worst %.2f s)" % (rounds, worst), not losses)
    log.finish()
    losses += len(judge("enforcers left over", service, log))
    claim("enforcer left over from a killed launcher: the next takes over within 5 s", rounds, losses)
    service.end_all()


scenarios = {"descriptors": descriptors, "deaf": deaf, "watches": watches, "stopped": stopped, "leftover": leftover}
