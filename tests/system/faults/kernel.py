# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's side: announcements lost (ENOBUFS) under thousands of changes, sets destroyed, flushed, full, or of another
# type in our place. What is banned is in the set again.
import os
import signal

from lab import KnownLog, Service, claim, inside, judge, ok, rounds_of, run, wait_for


def batch(lines):
    inside("ipset", "restore", "-exist", stdin="\n".join(lines) + "\n")


def nft(text):
    inside("nft", "-f", "-", stdin=text)


def announcements(rng, long):
    """The enforcer stands still while more changes are announced than its socket takes, ours among them."""
    for backend in ("ipset", "nftables"):
        service = Service("enobufs-" + backend)
        service.clean_kernel()
        service.configure(backend=backend)
        service.start()
        wait_for(service.enforced)
        log = KnownLog(service.log, rng, ["11.3.0.%d" % a for a in range(1, 100)])
        log.finish_all()
        in_kernel = service.in_kernel if backend == "ipset" else lambda: nft_set(service)
        wait_for(lambda: in_kernel() == set(log.banned()))
        losses, rounds = 0, rounds_of(long, 100, 1)
        enough = "\n".join("add element inet noise s { %s }" % ", ".join(
            "10.%d.%d.%d" % (i, k, m) for k in range(8) for m in range(250)) for i in range(48))
        for i in range(rounds):
            nft("add table inet noise\nadd set inet noise s { type ipv4_addr; }")
            service.kill("enforcer", "hookguard", how=signal.SIGSTOP)
            for _ in range(2):
                nft(enough)
                nft("flush set inet noise s")
            lost = overrun(service)  # and from now on all, so that nobody tells that ours is gone
            nft("flush ruleset\nadd table inet noise\nadd set inet noise s { type ipv4_addr; }")
            service.kill("enforcer", "hookguard", how=signal.SIGCONT)
            losses += not ok("%s: announcements were lost (%d)" % (backend, lost), lost > 0)
            good = wait_for(lambda: service.enforced() and in_kernel() == set(log.banned()), 10)
            losses += not ok("%s: hook and entries are back, round %d" % (backend, i + 1), good)
            nft("delete table inet noise")
        claim("netlink ENOBUFS (%s): hook and entries come back" % backend, rounds, losses)
        service.end_all()


def nft_set(service):
    """The table's name is the configuration's."""
    out = inside("nft", "-j", "list", "ruleset", check=False)
    import json
    found = set()
    for o in json.loads(out)["nftables"]:
        for e in o.get("set", {}).get("elem", []) if o.get("set", {}).get("family") in ("inet", "ip", "netdev") else []:
            v = e["elem"]["val"] if isinstance(e, dict) and "elem" in e else e
            if isinstance(v, str) and ":" not in v:
                found.add(v)
    return found


def overrun(service):
    """Drops of the netlink sockets of the enforcer, as the kernel counts them."""
    ports = {service.pid("enforcer"), service.pid("hookguard")}
    inodes = set()
    for pid in ports - {None}:
        for fd in os.listdir("/proc/%d/fd" % pid):
            try:
                link = os.readlink("/proc/%d/fd/%s" % (pid, fd))
            except OSError:
                continue
            if link.startswith("socket:"):
                inodes.add(link[8:-1])
    pid = service.pid("enforcer")
    drops = 0
    with open("/proc/%d/net/netlink" % pid) as f:
        for line in f:
            fields = line.split()
            if fields[-1] in inodes:
                drops += int(fields[-2])
    return drops


def sets(rng, long):
    """Set destroyed, flushed, of another type in our place, under load; and a set that is full."""
    service = Service("sets")
    service.clean_kernel()
    service.start()
    wait_for(service.enforced)
    log = KnownLog(service.log, rng)
    rounds, losses = rounds_of(long, 200, 4), 0
    for i in range(rounds):
        log.write_for(0.02)
        what = ("flush", "destroy", "foreign", "del")[i % 4]
        if what == "flush":
            inside("ipset", "flush", "pptpban4")
        elif what == "del":
            for a in list(service.in_kernel())[:5]:
                inside("ipset", "del", "pptpban4", a, check=False)
        else:  # while the enforcer stands still, or it would be quicker
            service.kill("enforcer", "hookguard", how=signal.SIGSTOP)
            inside("nft", "flush", "ruleset")  # as long as a rule refers to it a set cannot be destroyed
            inside("ipset", "destroy", "pptpban4")
            if what == "foreign":
                inside("ipset", "create", "pptpban4", "bitmap:port", "range", "0-1000")
            service.kill("enforcer", "hookguard", how=signal.SIGCONT)
        log.write_for(0.02)
        if what == "foreign":
            losses += not ok("a set of another type in our place: said", wait_for(
                lambda: "another type" in service.status()["enforcer"]["problem"], 10), service.status()["enforcer"])
            inside("nft", "flush", "ruleset")
            inside("ipset", "destroy", "pptpban4")
        losses += not ok("set %s: repaired" % what, wait_for(service.enforced, 15), service.status()["enforcer"])
        wait_for(lambda: service.sets(log), 12)
    log.finish()
    wait_for(lambda: service.sets(log), 15)
    losses += len(judge("sets taken away %d times" % rounds, service, log))
    claim("sets flushed, destroyed, of another type: said, and all bans are back", rounds, losses)
    service.end_all()


def full(rng, long):
    """More bans than max_bans: the list says which, the kernel has as many as agreed, it is said."""
    rounds, losses = rounds_of(long, 100, 1), 0
    for i in range(rounds):
        most = 100 if i == 0 else rng.randrange(1, 150)  # of some two hundred
        service = Service("full-%d" % i)
        service.clean_kernel()
        service.configure(top="max_bans = %d" % most)
        service.start()
        wait_for(service.enforced)
        log = KnownLog(service.log, rng, ["11.4.%d.%d" % divmod(a, 250) for a in range(600)])
        log.finish_all()
        wait_for(service.read_all)
        refused = len(log.banned()) - most
        def holds():
            s = service.status()
            return s["bans"] == most and s["engine"]["bans_refused"] == refused > 0 and len(service.in_kernel()) == most
        losses += not ok("a full list: %d bans, %d refused and counted" % (most, refused), wait_for(holds, 10), service.status())
        losses += not ok("and said", wait_for(lambda: "the ban list is full (max_bans = %d)" % most in service.said(), 3),
                         service.said()[-500:])
        losses += not ok("nobody is in the kernel who is not in the list",
                         service.in_kernel() == {b["addr"] for b in service.ask("list") if "addr" in b})
        service.end_all()
    claim("ban list full: the bound holds, the rest is counted and said", rounds, losses)


scenarios = {"announcements": announcements, "sets": sets, "full": full}
