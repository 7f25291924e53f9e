# SPDX-License-Identifier: GPL-2.0-or-later
# Processes of the service are killed at random moments while the log grows: no ban is lost, no line counts twice, none
# is missed.
import os
import time

from lab import KnownLog, Service, claim, judge, judge_state, note, ok, wait_for

# What dies at once. A launcher that is killed takes nobody along by itself: the watcher ends when it notices.
VICTIMS = (("watcher",), ("enforcer",), ("watcher", "enforcer"), ("launcher",), ("launcher", "watcher"),
           ("launcher", "watcher", "enforcer", "connguard"), ("connguard",), ("hookguard",), ("hookguard", "enforcer"))


def kill_one(rng, service, counts):
    """One random kill; a launcher that was killed is started anew, as a service manager does."""
    if service.process.poll() is not None:  # a watcher that died before it was ready for the first time
        service.start(wait=False)
        return False
    if service.kills >= 5:
        victims = ("launcher", "watcher")  # it waits ever longer between starts: not what is tested here
    else:
        victims = rng.choice(VICTIMS)
    done = service.kill(*victims)
    for d in done:
        counts[d] = counts.get(d, 0) + 1
    service.kills += "watcher" in done
    if "launcher" in done:
        service.kills = 0
        service.start(wait=rng.random() < 0.5)
    return len(done) > 0


def unban_one(rng, service, log):
    """Somebody is forgiven: what he did before may not ban him again when it is read again after a kill."""
    if not wait_for(service.read_all, 5):
        return
    try:
        banned = [b["addr"] for b in service.ask("list") if "addr" in b]
        if banned and service.ask("unban", net=(address := rng.choice(banned))).get("ok"):
            log.forgive(address)
    except OSError:
        pass  # it died in between: nobody was told anything


def kill_rounds(rng, rounds, addresses):
    losses, kills, counts = [], 0, {}
    for i in range(rounds):
        service = Service("kill-%d" % i)
        service.clean_kernel()
        log = KnownLog(service.log, rng, ["11.7.%d.%d" % divmod(a, 250) for a in range(addresses)])
        service.start()
        while not log.done():
            next_kill = time.monotonic() + rng.uniform(0.01, 0.25)
            while time.monotonic() < next_kill and not log.done():
                log.write(rng.randrange(1, 40))
                time.sleep(rng.uniform(0, 0.02))
            kills += kill_one(rng, service, counts)
            if rng.random() < 0.2:
                unban_one(rng, service, log)
        wait_for(service.answers, 30)
        wait_for(service.enforced, 30)
        losses += judge("kills, round %d" % (i + 1), service, log)
        service.stop()
        losses += judge_state("kills, round %d" % (i + 1), service, log)
        service.end_all()
    note("killed: %s" % ", ".join("%s %d" % c for c in sorted(counts.items())))
    claim("kill -9 under load: no ban lost, no line twice or missed", kills, len(losses))


def kills(rng, long):
    kill_rounds(rng, 12 if long else 1, 700 if long else 250)


scenarios = {"kills": kills}
