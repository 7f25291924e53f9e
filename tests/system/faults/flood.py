# SPDX-License-Identifier: GPL-2.0-or-later
# A burst of 100,000 (and a million) failures from as many addresses within a second: memory stays inside its bound, the
# overflow policy is the manual's, and status is answered all the while.
import os
import threading
import time
from datetime import datetime, timezone

from lab import Service, claim, note, ok, rounds_of, wait_for
from starve import cpu

MAX_ADDRESSES = 131072  # the default


def address(n):
    return "11.%d.%d.%d" % (n >> 16 & 255, n >> 8 & 255, n & 255)


def burst(path, first, count):
    """One failure each, all in one second. Returns the seconds that writing took."""
    t = int(time.time()) - 1
    when = datetime.fromtimestamp(t, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    lines = []
    for i in range(count):
        stamp = "%s.%06d+00:00 host " % (when, i * 1000000 // count)
        n, pid = first + i, 1000 + 2 * (i % 2000000)
        lines.append("%spptpd[%d]: CTRL: Client %s control connection started\n%spppd[%d]: Peer u failed CHAP authentication\n"
                     "%spptpd[%d]: CTRL: Reaping child PPP[%d]\n" % (stamp, pid, address(n), stamp, pid + 1, stamp, pid, pid + 1))
    data = "".join(lines).encode()
    began = time.monotonic()
    with open(path, "ab") as f:
        f.write(data)
    return time.monotonic() - began


def peak(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))


class Asking(threading.Thread):
    """Asks for the status again and again; remembers the worst it had to wait."""

    def __init__(self, service):
        super().__init__()
        self.service, self.worst, self.busiest, self.asked, self.failed, self.done = service, 0.0, 0.0, 0, 0, False

    def run(self):
        pid = self.service.pid("watcher")
        while not self.done:
            began, used = time.monotonic(), cpu(pid)
            try:
                self.service.ask("status")
            except OSError:
                self.failed += 1
            self.worst = max(self.worst, time.monotonic() - began)
            self.busiest = max(self.busiest, cpu(pid) - used)  # of its own time: how busy the machine is says nothing
            self.asked += 1
            time.sleep(0.005)


def one(name, count, maxretry):
    service = Service(name.replace(" ", "-").replace(",", ""))
    service.clean_kernel()
    service.configure(maxretry=maxretry)
    open(service.log, "w").close()
    service.start()
    wait_for(service.enforced)
    idle = peak(service.pid("watcher"))
    asking = Asking(service)
    asking.start()
    began = time.monotonic()
    wrote = burst(service.log, 0, count)
    began = time.monotonic() - wrote
    seen = wait_for(lambda: service.status()["engine"]["failures"] >= count, 600, 0.05)
    took = time.monotonic() - began
    s = service.status()
    e, losses = s["engine"], 0
    losses += not ok("%s: %d failures from as many addresses in %.2f s, all counted %.2f s after the first was written" % (
        name, count, wrote, took), seen and e["failures"] == count, e)
    expected = max(0, count - MAX_ADDRESSES) if maxretry > 1 else 0
    losses += not ok("%s: %d addresses dropped, as many as did not fit, and counted" % (name, expected),
                     e["window_overflow"] == expected, e)
    if maxretry > 1:
        window = lambda n: service.ask("why", net=address(n))["windows"][0]["count"]
        newest = all(window(n) == 1 for n in range(count - min(count, MAX_ADDRESSES), count, 997))
        oldest = not expected or all(window(n) == 0 for n in range(0, expected, 9973))
        losses += not ok("%s: those whose last failure is oldest were dropped, no others" % name, newest and oldest)
    else:
        bans = min(count, 262144)
        losses += not ok("%s: %d bans, in the kernel too" % (name, bans), wait_for(
            lambda: service.status()["bans"] == bans and len(service.in_kernel()) == bans, 300), s["enforcer"])
        note("%s: all in the kernel %.2f s after the first was written" % (name, time.monotonic() - began))
    asking.done = True
    asking.join()
    losses += not ok("%s: status was answered all the while (%d times, at worst after %.0f ms, %.0f of them spent by the watcher)" % (
        name, asking.asked, asking.worst * 1000, asking.busiest * 1000), asking.failed == 0 and asking.busiest < 0.5 and asking.asked > 5)
    # pptpban.conf(5), MEMORY, and the other tables: evidence, ban list, lives; the queue to the enforcer while it lasts
    windows = MAX_ADDRESSES * (32 + 8 * maxretry) + 4 * MAX_ADDRESSES
    bound = idle + (windows + (4096 << 10) + 16384 * 1600) // 1024 + (1 << 10) + (262144 * 300 // 1024 if maxretry == 1 else 0)
    watcher, enforcer = peak(service.pid("watcher")), peak(service.pid("enforcer"))
    losses += not ok("%s: the watcher's memory stays inside its bound (peak %d of %d KiB; enforcer %d KiB)" % (
        name, watcher, bound, enforcer), watcher <= bound)
    service.end_all()
    return losses


def flood(rng, long):
    rounds, losses = rounds_of(long, 200, 1), 0
    for i in range(rounds):
        losses += one("burst %d, %s" % (i + 1, "of bans" if i % 2 else "below the threshold"), 100000, 1 if i % 2 else 2)
    claim("burst of 100,000 addresses in a second: bounded, counted, status answers", rounds, losses)
    if long:
        losses = one("a burst of a million", 1000000, 2) + one("a million bans", 1000000, 1)
        claim("burst of 1,000,000 addresses in a second: bounded, counted, status answers", 2, losses)


scenarios = {"flood": flood}
