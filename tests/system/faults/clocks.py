# SPDX-License-Identifier: GPL-2.0-or-later
# The wall clock is set, forward and back, by minutes and by a year, while the service runs and while it does not; and
# local time changes by an hour. Bans last as long as they were to last, in list and kernel; no line is lost.
import json
import os
import struct
import time
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from lab import BANTIME, SRC, TOP, KnownLog, Service, claim, inside, judge, ok, rounds_of, run, wait_for

HOUR, YEAR = 3600, 365 * 86400


class Clock:
    def __init__(self, offset=0.0):
        self.shim = os.path.join(TOP, "clock-shim.so")
        if not os.path.exists(self.shim):
            run("cc", "-shared", "-fPIC", "-O1", "-o", self.shim, os.path.join(SRC, "tests/system/faults/clock-shim.c"), "-ldl")
        self.file = os.path.join(TOP, "clock")
        self.slept = 0.0
        self.set(offset)

    def set(self, offset):
        self.offset = offset
        fd = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o644)
        os.pwrite(fd, struct.pack("qq", int(offset * 1e6), int(self.slept * 1e6)), 0)
        os.close(fd)

    def sleep(self, seconds):
        """As after a suspend: wall clock and boot time are further on, nothing that counts time awake is."""
        self.slept += seconds
        self.set(self.offset)

    def now(self):
        return time.time() + self.offset + self.slept


def kernel_left(service, backend="ipset"):
    """address -> seconds that the kernel will still ban it"""
    left = {}
    if backend == "nftables":
        for o in json.loads(inside("nft", "-j", "list", "set", "inet", "pptpban", "ban4"))["nftables"]:
            left.update({e["elem"]["val"]: e["elem"]["expires"] for e in o.get("set", {}).get("elem", [])})
        return left
    for line in inside("ipset", "list", "pptpban4").split("Members:\n")[1].splitlines():
        words = line.split()
        if "timeout" in words:
            left[words[0]] = int(words[words.index("timeout") + 1])
    return left


def lasting(service, clock, banned, made, what, anew=False, backend="ipset"):
    """Each of them is in list and kernel and has as much left as it ought to. made: address -> monotonic time.
    anew: nobody could know how much of it had passed, so it may begin anew."""
    bad = []

    def look():
        bad.clear()
        listed = {b["addr"]: b["until"] - clock.now() for b in service.ask("list") if "addr" in b}
        kernel = kernel_left(service, backend)
        for a in banned:
            ought = BANTIME - (time.monotonic() - made[a])
            for place, left in (("list", listed.get(a)), ("kernel", kernel.get(a))):
                if anew and left is not None and ought < left <= BANTIME + 2:
                    made[a], ought = time.monotonic() - (BANTIME - left), left
                if left is None or abs(left - ought) > 15:
                    bad.append("%s: %s s left in the %s, %d would be right" % (a, left, place, ought))
        bad.extend("%s is still in the kernel" % a for a in set(kernel) - set(banned))
        return not bad
    wait_for(look, 8, 0.2)
    return ok("%s: %d bans have as much left as before" % (what, len(banned)), not bad, "\n".join(bad))


def jumps(rng, long):
    clock = Clock()
    service = Service("clocks")
    service.clean_kernel()
    service.env = {"LD_PRELOAD": clock.shim, "PB_CLOCK": clock.file}
    service.start()
    wait_for(service.enforced)
    jumps = [600, -600, YEAR, -YEAR, -YEAR, YEAR, HOUR, -HOUR]
    rounds, losses, made, old = rounds_of(long, 200, 5), 0, {}, set()
    order = [600, YEAR, -YEAR, -YEAR, YEAR]
    for i in range(rounds):
        log = KnownLog(service.log, rng, ["11.%d.%d.%d" % (20 + i, i, a) for a in range(1, 40)])
        log.clock = clock.now
        log.finish_all()
        losses += len(judge("round %d" % (i + 1), service, log, also=old, kernel=False, quiet=True))
        made.update({a: time.monotonic() for a in log.banned()})
        old |= set(log.banned())
        by = order[i] if i < len(order) else rng.choice(jumps)
        down = long and rng.random() < 0.3
        if down and by < 0:
            service.kill("launcher", "watcher", "enforcer", "connguard")
        clock.set(clock.offset + by)
        if service.process.poll() is not None:
            service.start()
        service.answers()  # the clock is looked at
        time.sleep(0.1)
        what = "clock set %s by %d s%s" % ("forward" if by > 0 else "back", abs(by), ", while the service was down" if down and by < 0 else "")
        losses += not lasting(service, clock, old, made, what, anew=down)
        os.close(log.fd)
    claim("the clock set forward and back, by up to a year: bans last as long as they were to, no line lost", rounds, losses)
    service.end_all()


def suspend(rng, long):
    """The machine sleeps while bans last: afterwards they have less left, in list and kernel, or none."""
    clock = Clock()
    rounds, losses = 20 if long else 1, 0
    for backend in ("ipset", "nftables"):
        service = Service("suspend-" + backend)
        service.clean_kernel()
        service.configure(backend=backend)
        service.env = {"LD_PRELOAD": clock.shim, "PB_CLOCK": clock.file}
        service.start()
        wait_for(service.enforced)
        made, old = {}, set()
        for i in range(rounds):
            log = KnownLog(service.log, rng, ["11.%d.%d.%d" % (60 + i, i, a) for a in range(1, 40)])
            log.clock = clock.now
            log.finish_all()
            fresh = set(log.banned())
            made.update({a: time.monotonic() for a in fresh})
            old |= fresh
            wait_for(lambda: service.status()["bans"] == len(old))
            for seconds in (rng.uniform(600, 1200), rng.uniform(600, 1200)):
                clock.sleep(seconds)
                made = {a: t - seconds for a, t in made.items()}
                old = {a for a in old if time.monotonic() - made[a] < BANTIME}
                service.answers()  # the clock is looked at
                losses += not lasting(service, clock, old, made, "%s, slept for %d s" % (backend, seconds), backend=backend)
            os.close(log.fd)
        clock.sleep(BANTIME)
        service.answers()
        gone = wait_for(lambda: service.status()["bans"] == 0 and not kernel_left(service, backend), 10)
        losses += not ok("%s: slept until they were over: nobody is banned any more" % backend, gone, kernel_left(service, backend))
        service.end_all()
    claim("the machine sleeps: bans last no longer than they were to, in list and kernel", 2 * rounds * 2 + 2, losses)


# --- summer and winter time

ZONE = "Europe/Berlin"
TURNS = {"back": datetime(2026, 10, 25, 1, tzinfo=timezone.utc), "forward": datetime(2027, 3, 28, 1, tzinfo=timezone.utc)}


class LocalLog(KnownLog):
    """Stamps in local time that do not say which: an hour comes twice in autumn."""

    def line(self, ident, text):
        t = self.stamp()
        local = datetime.fromtimestamp(t // 1000000, ZoneInfo(ZONE))
        when = local.strftime("%Y-%m-%dT%H:%M:%S") + ".%06d" % (t % 1000000) if self.form == "iso" else local.strftime("%b %e %H:%M:%S")
        self.lines += 1
        return "%s host %s: %s\n" % (when, ident, text)


def season(rng, turn, form, down, number):
    """The clocks are changed while lines are read, or while the service is down, for longer than an hour if it is "late";
    then it is killed and reads again."""
    lead = 1.5
    clock = Clock(TURNS[turn].timestamp() - time.time() - lead - 1.5)
    service = Service("season-%d" % number)
    service.clean_kernel()
    service.configure(bantime=86400)
    service.env = {"LD_PRELOAD": clock.shim, "PB_CLOCK": clock.file, "TZ": ZONE}
    log = LocalLog(service.log, rng, form=form)
    log.clock = clock.now
    service.start()
    clock.set(TURNS[turn].timestamp() - time.time() - lead)  # however long the start took
    service.answers()
    until = lambda t: max(0.0, TURNS[turn].timestamp() + t - clock.now())
    log.write_for(0.05)
    if down:
        service.stop() if rng.random() < 0.5 else service.kill_all()
    while until(0.7) > 0:
        log.write(rng.randrange(1, 20))
        time.sleep(0.02)
    if down == "late":
        clock.set(clock.offset + 2 * HOUR)
    if down:
        service.start()
    log.write_for(0.05)
    what = "clocks put %s, stamps %s, %s" % (turn, form, {"late": "long ago", True: "while it was down"}.get(down, "live"))
    wait_for(service.read_all)
    service.kill_all()  # the marks are a second old at most: some of it is read again
    log.write_for(0.02)
    service.start()
    log.finish()
    losses = judge(what, service, log)
    service.end_all()
    return losses


def seasons(rng, long):
    kinds = [(turn, form, down) for turn in TURNS for form in ("iso", "traditional") for down in (False, True, "late")]
    chosen = kinds * 10 if long else [kinds[0], kinds[5], kinds[7]]
    losses = [x for i, kind in enumerate(chosen) for x in season(rng, *kind, i)]
    claim("clocks put forward and back, stamps of local time, live and down: each line once, at its time", len(chosen), len(losses))


scenarios = {"jumps": jumps, "suspend": suspend, "seasons": seasons}
