#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes what pptpd and pppd log under attack, in the present time, as rsyslog's default does.
#   attack.py guess FILE ADDR COUNT [USER]        COUNT failed logins at once
#   attack.py login FILE ADDR USER                a good login
#   attack.py enter FILE ADDR USER VERSION        a good login that stays; pppd 2.4.9 does not say whose, 2.5.2 does
#   attack.py storm FILE SECONDS ADDRESSES SEED   many at a time, interleaved, some of them below the threshold
import random
import sys
import time
from datetime import datetime, timezone


def stamped(identifier, text):
    now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    return f"{now} host {identifier}: {text}\n"


def session(address, user, control, outcome="failed CHAP authentication"):
    call = control + 1
    yield f"pptpd[{control}]", f"CTRL: Client {address} control connection started"
    yield f"pptpd[{control}]", "CTRL: Starting call (launching pppd, opening GRE)"
    yield f"pppd[{call}]", "Plugin /usr/lib/pptpd/pptpd-logwtmp.so loaded."
    yield f"pppd[{call}]", "pppd 2.4.9 started by root, uid 0"
    yield f"pppd[{call}]", f"Peer {user} {outcome}"
    yield f"pptpd[{control}]", f"CTRL: Reaping child PPP[{call}]"
    yield f"pppd[{call}]", "Exit."
    yield f"pptpd[{control}]", f"CTRL: Client {address} control connection finished"


def guess(path, address, count, user="alice"):
    base = random.randrange(1000, 30000)
    with open(path, "a") as log:
        for i in range(count):
            for line in session(address, user, base + 2 * i):
                log.write(stamped(*line))


def login(path, address, user):
    with open(path, "a") as log:
        for line in session(address, user, random.randrange(1000, 30000), "authenticated with CHAP"):
            log.write(stamped(*line))


def enter(path, address, user, version):
    control = random.randrange(30001, 32000)
    call = control + 1
    with open(path, "a") as log:
        for line in session(address, user, control):
            if line[1].startswith("Peer "):
                break
            log.write(stamped(line[0], line[1].replace("2.4.9", version)))
        if version != "2.4.9":
            log.write(stamped(f"pppd[{call}]", f"Peer {user} authenticated with CHAP"))
        log.write(stamped(f"pppd[{call}]", f"peer from calling number {address} authorized"))
        log.write(stamped(f"pppd[{call}]", "MPPE 128-bit stateless compression enabled"))


def storm(path, seconds, addresses, seed):
    rng = random.Random(seed)
    attempts = [f"203.0.113.{a}" for a in range(addresses) for _ in range(rng.choice((1, 2, 3, 7)))]
    rng.shuffle(attempts)
    lines_left = 8 * len(attempts)
    pause = seconds / lines_left
    open_sessions, control = [], 1000
    with open(path, "a") as log:
        while attempts or open_sessions:
            if attempts and len(open_sessions) < 12:
                open_sessions.append(session(attempts.pop(), f"user{control}", control))
                control = control + 2 if control < 30000 else 1000  # pids come again
            one = rng.choice(open_sessions)
            line = next(one, None)
            if line is None:
                open_sessions.remove(one)
                continue
            log.write(stamped(*line))
            log.flush()
            time.sleep(pause)


if sys.argv[1] == "guess":
    guess(sys.argv[2], sys.argv[3], int(sys.argv[4]), *sys.argv[5:])
elif sys.argv[1] == "login":
    login(*sys.argv[2:5])
elif sys.argv[1] == "enter":
    enter(*sys.argv[2:6])
else:
    storm(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
