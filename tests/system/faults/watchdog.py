# SPDX-License-Identifier: GPL-2.0-or-later
# The service manager's watchdog: it hears of us in time as long as the loops go round, whatever else goes wrong, and
# hears nothing when one of them hangs, wherever.
import os
import signal
import socket
import subprocess
import threading
import time

from lab import BUILD, NETNS, TOP, KnownLog, Service, claim, judge, ok, wait_for



class Manager(threading.Thread):
    """Listens where NOTIFY_SOCKET points; remembers when it heard of whom."""

    def __init__(self, name, wanted):
        super().__init__(daemon=True)
        self.wanted = wanted  # seconds within which it wants to hear something
        self.path = os.path.join(TOP, name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self.alive, self.words = [], []
        self.start()

    def run(self):
        while True:
            text = self.socket.recv(4096).decode(errors="replace")
            self.words.append(text)
            if "WATCHDOG=1" in text:
                self.alive.append(time.monotonic())

    def environment(self):
        return {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": str(int(self.wanted * 1e6))}

    def longest(self, since):
        times = [since] + [t for t in self.alive if t > since] + [time.monotonic()]
        return max(b - a for a, b in zip(times, times[1:]))

    def silent(self):
        """Nothing more is heard, but for what was under way, in the time in which it wants to."""
        time.sleep(self.wanted * 0.2)
        heard = len(self.alive)
        time.sleep(self.wanted)
        return len(self.alive) == heard

    def again(self):
        heard = len(self.alive)
        return wait_for(lambda: len(self.alive) > heard, 3 * self.wanted)


def hang(managers, pids, what):
    """They stand still; whoever speaks for them must not."""
    losses = 0
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    losses += not ok("watchdog: %s that hangs is not said to live" % what, all([m.silent() for m in managers]))
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    losses += not ok("watchdog: and again when it goes on", all([m.again() for m in managers]))
    return losses


def through_faults(rng, long, wanted):
    manager = Manager("manager", wanted)
    service = Service("watchdog")
    service.clean_kernel()
    service.env = manager.environment()
    service.start()
    log = KnownLog(service.log, rng)
    wait_for(lambda: manager.alive, 5)
    rounds, losses, worst = 100 if long else 4, 0, 0.0
    faults = ("watcher", "reload", "enforcer stopped", "broken reload", "enforcer")
    for i in range(rounds):
        what = faults[i % len(faults)]
        began = manager.alive[-1]
        time.sleep(max(0.0, began + wanted * 0.45 - time.monotonic()))  # shortly before it says so again
        log.write_for(0.02)
        if what in ("watcher", "enforcer"):
            service.kill(what)
            service.kills += what == "watcher"
        elif what == "enforcer stopped":
            service.kill("enforcer", "hookguard", how=signal.SIGSTOP)
            time.sleep(wanted)
            service.kill("enforcer", "hookguard", how=signal.SIGCONT)
        else:
            if what == "broken reload":
                service.configure(top="max_bans = none")
            os.kill(service.process.pid, signal.SIGHUP)
            time.sleep(0.3)
            service.configure()
        time.sleep(wanted * 0.7)
        worst = max(worst, manager.longest(began))
        if service.kills >= 3:  # it waits ever longer between starts, up to half of the unit's WatchdogSec=
            service.stop()
            service.kills = 0
            service.start()
            manager.again()
    losses += not ok("watchdog: heard at least every %.1f s through %d faults (at worst after %.2f s)" % (
        wanted, rounds, worst), worst < wanted)
    log.finish()
    losses += len(judge("watchdog: %d faults" % rounds, service, log))
    for _ in range(20 if long else 1):
        if long:  # as shipped: service-notify.sh
            losses += hang([manager], [service.pid("watcher")], "a watcher")
        losses += hang([manager], [service.process.pid], "a launcher")
    service.end_all()
    claim("watchdog of the service: fed through every fault, never by one that hangs", rounds + (40 if long else 1), losses)
    return service


def start_unit(service, manager, program, option, place):
    """As a service manager does, with limits that were written before; what is the guard at first becomes the enforcer."""
    command = [os.path.join(BUILD, program), option, os.path.join(service.enforcer_dir, place), "--limits",
               os.path.join(service.enforcer_dir, "limits")]
    return subprocess.Popen(["ip", "netns", "exec", NETNS, *command], stdout=open(service.out, "ab"), stderr=subprocess.STDOUT,
                            env=dict(os.environ, **manager.environment()))


def guards(rng, long, wanted, service):
    """Enforcer, its guard, and the guard of silent connections, as units of their own."""
    managers = [Manager("manager-enforcer", wanted), Manager("manager-connguard", wanted)]
    units = [start_unit(service, managers[0], "pptpban-hookguard", "--socket", "enforcer.sock"),
             start_unit(service, managers[1], "pptpban-connguard", "--stats", "connguard")]
    losses, rounds = 0, 20 if long else 1
    for m in managers:
        ready = wait_for(lambda: any("READY=1" in w for w in m.words) and m.alive, 10)
        losses += not ok("watchdog: enforcer and guards are ready and said to live", ready, m.words)
    service.process = units[0]
    hookguard = service.pid("hookguard")
    for _ in range(rounds):
        losses += hang(managers, [units[0].pid, units[1].pid], "an enforcer or a guard of silent connections")
        losses += hang(managers[:1], [hookguard], "a guard of the hook")
    for u in units:
        u.terminate()
        u.wait(10)
    claim("watchdog of enforcer and guards: fed by none that hangs", 3 * rounds, losses)


def watchdog(rng, long):
    wanted = 2.0 if long else 1.0
    service = through_faults(rng, long, wanted)
    guards(rng, long, wanted, service)


scenarios = {"watchdog": watchdog}
