# SPDX-License-Identifier: GPL-2.0-or-later
# The memory that the units grant (MemoryMax=) is enough for the burst of 100,000 failures from as many addresses, a reload
# with all of them, and what is asked meanwhile: each unit's processes in a control group of their own with the unit's limit.
# Where none can be made, the processes' peaks are added up instead.
import contextlib
import os
import re
import time

from flood import address, burst, peak
from lab import SRC, Service, claim, note, ok, wait_for

UNITS = {"pptpban": ("launcher", "watcher"), "pptpban-enforcer": ("enforcer", "hookguard"), "pptpban-connguard": ("connguard",)}
SUFFIXES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def granted(unit, setting="MemoryMax"):
    with open(os.path.join(SRC, "etc/%s.service.in" % unit)) as f:
        found = re.search(r"^%s=(\d+)([KMG]?)$" % setting, f.read(), re.M)
    return int(found[1]) * SUFFIXES.get(found[2], 1)


class Group:
    """A control group below the one that we are in, so that no limit of ours is left."""

    def __init__(self, name, limit):
        with open("/proc/self/cgroup") as f:
            lines = [line.rstrip("\n").split(":", 2) for line in f]
        own = next((path for _, controllers, path in lines if "memory" in controllers.split(",")), None)
        self.home = "/sys/fs/cgroup/memory" + (own or "")
        if own is None or not os.path.exists(self.home + "/memory.limit_in_bytes"):
            raise OSError("no control group of memory")
        self.path = "%s/pptpban-test-%d-%s" % (self.home, os.getpid(), name)
        os.mkdir(self.path)
        with open(self.path + "/memory.limit_in_bytes", "w") as f:
            f.write(str(limit))

    def add(self, pid, home=False):
        with open((self.home if home else self.path) + "/cgroup.procs", "w") as f:
            f.write(str(pid))

    @contextlib.contextmanager
    def entered(self):
        self.add(os.getpid())
        try:
            yield
        finally:
            self.add(os.getpid(), home=True)

    def number(self, what):
        with open("%s/memory.%s" % (self.path, what)) as f:
            return int(f.read())

    def remove(self):
        wait_for(lambda: os.rmdir(self.path) is None, 5)


def groups_for(limits):
    groups = {}
    try:
        for unit, limit in limits.items():
            groups[unit] = Group(unit, limit)
    except OSError as e:
        note("no control groups here (%s): the processes' peaks are added up" % e)
        for g in groups.values():
            g.remove()
        return {}
    return groups


def one(backend, count, maxretry, limits):
    """Peaks by unit, and whether all went well."""
    service = Service("limits-%s-%d-%d-%d" % (backend, count, maxretry, limits["pptpban"] >> 20))
    service.clean_kernel()
    service.configure(maxretry=maxretry, backend=backend)
    open(service.log, "w").close()
    groups = groups_for(limits)
    peaks = dict.fromkeys(UNITS, 0)
    with groups["pptpban"].entered() if groups else contextlib.nullcontext():
        service.start()
    wait_for(service.enforced)
    first = dict(service.children(), launcher=service.process.pid)
    for unit, names in UNITS.items():
        for name in names:
            if groups and first.get(name[:7]):
                groups[unit].add(first[name[:7]])

    def look():
        for unit, names in UNITS.items():
            pids = [service.process.pid if n == "launcher" else service.pid(n) for n in names]
            peaks[unit] = max(peaks[unit], sum(peak(p) << 10 for p in pids if p))

    good = True
    try:
        burst(service.log, 0, count)
        bans = min(count, 262144) if maxretry == 1 else 0
        good &= wait_for(lambda: service.status()["engine"]["failures"] >= count, 60 + count / 5000, 0.1)
        good &= wait_for(lambda: service.status()["bans"] == bans, 60, 0.1)
        good &= wait_for(lambda: service.status()["enforcer"]["entries"] == bans, 60, 0.1)
        look()
        good &= len(service.ask("list", timeout=30)) >= bans
        watcher = service.pid("watcher")
        good &= bool(service.ask("reload", timeout=60).get("ok"))  # two of them, each with all
        good &= wait_for(lambda: service.pid("watcher") != watcher and service.status()["bans"] == bans, 60, 0.1)
        good &= not bans or bool(service.ask("why", net=address(bans - 1)).get("ban"))
        look()
    except OSError:
        good = False
    last = dict(service.children(), launcher=service.process.pid)
    good &= all(first.get(n) == last.get(n) for n in ("launcher", "enforce", "hookgua", "conngua"))
    service.end_all()
    refused = 0
    for unit, g in groups.items():
        peaks[unit] = g.number("max_usage_in_bytes")
        refused += g.number("failcnt")
        g.remove()
    return peaks, good and not refused and all(peaks[u] <= limits[u] for u in UNITS)


def limits(rng, long):
    granting = {unit: granted(unit) for unit in UNITS}
    runs = [("ipset", 100000, 2)] + ([(b, n, 1) for n in (100000, 1000000) for b in ("ipset", "nftables")] if long else [])
    losses = 0
    for backend, count, maxretry in runs:
        peaks, good = one(backend, count, maxretry, granting)
        losses += not ok("%d %s (%s) stay inside the units' limits: %s" % (count, "failures" if maxretry > 1 else "bans", backend, ", ".join(
            "%s %.1f of %d MiB" % (u, peaks[u] / 1048576, granting[u] >> 20) for u in UNITS)), good)
    if long:
        _, good = one("ipset", 100000, 1, dict(granting, pptpban=16 << 20))
        losses += not ok("a limit that is too low is seen", not good)
    claim("bursts of failures inside MemoryMax= of the units, with a reload and the whole list asked for", len(runs), losses)


scenarios = {"limits": limits}
