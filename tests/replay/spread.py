#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Those who spread over many addresses, simulated: a botnet that sprays two accounts, a rented network, and the innocent
between them; what the replay makes of it against what they did.

usage: spread.py PPTPBAN FILTERS [SEEDS]

Each seed is another world: addresses, pids, times and who tries what. Exit status 1 when one of the guilty is not banned,
or anybody else is.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

START = 1795374835
CONFIG = """[pptpban]
filter_dirs = {filters}
[DEFAULT]
aggregate = 4
[spray]
enabled = yes
maxretry = 8
"""


class World:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.lines = []
        self.pids = list(range(300, 32000))
        self.rng.shuffle(self.pids)
        self.networks = list(range(256))  # of 198.18.0.0/16, one for each who comes from elsewhere
        self.rng.shuffle(self.networks)

    def elsewhere(self):
        return f"198.18.{self.networks.pop()}.{self.rng.randrange(1, 255)}"

    def call(self, second, address, user, good=False):
        control, call = self.pids.pop(), self.pids.pop()
        t = second + self.rng.random()
        for program, pid, text in (
                ("pptpd", control, f"CTRL: Client {address} control connection started"),
                ("pptpd", control, "CTRL: Starting call (launching pppd, opening GRE)"),
                ("pppd", call, "pppd 2.4.9 started by root, uid 0"),
                ("pppd", call, f"Peer {user} " + ("authenticated with CHAP" if good else "failed CHAP authentication")),
                ("pppd", call, "Exit."),
                ("pptpd", control, f"CTRL: Reaping child PPP[{call}]"),
                ("pptpd", control, f"CTRL: Client {address} control connection finished")):
            t += self.rng.random() * 2  # calls interleave
            self.lines.append((t, f"lab {program}[{pid}]: {text}"))

    def log(self):
        for t, text in sorted(self.lines):
            yield datetime.fromtimestamp(START + t, timezone.utc).isoformat(timespec="microseconds") + " " + text + "\n"


def simulate(seed):
    w = World(seed)
    rng = w.rng
    hour = lambda: rng.randrange(600, 3900)  # noqa: E731
    bots = [w.elsewhere() for _ in range(40)]
    for bot in bots:  # twice to four times an hour: below every threshold of an address
        for _ in range(rng.randrange(2, 5)):
            w.call(hour(), bot, rng.choice(("anna", "bert")))
    for _ in range(30):  # and those who come once, for which no ban would come early enough
        w.call(hour(), w.elsewhere(), rng.choice(("anna", "bert")))
    for owner in ("anna", "bert"):  # on the road: a typo, and then the right one
        address, t = w.elsewhere(), hour()
        w.call(t, address, owner)
        w.call(t + 10, address, owner, good=True)
    carl = w.elsewhere()  # nobody sprays him
    for _ in range(4):
        w.call(hour(), carl, "carl")
    office = w.elsewhere()  # one who had logged in, and another who has forgotten her password
    w.call(0, office, "dora", good=True)
    for _ in range(4):
        w.call(hour(), office, "anna")
    rented = [f"203.0.113.{n}" for n in rng.sample(range(1, 255), 6)]
    shared = [f"198.51.100.{n}" for n in rng.sample(range(1, 255), 7)]
    guest = shared.pop()  # a neighbour of theirs who logs in every day
    w.call(0, guest, "erik", good=True)
    for n, address in enumerate(rented + shared):
        t = rng.randrange(600, 7000)
        for k in range(6):
            w.call(t + 8 * k, address, f"name{n}")
    return w, {"bots": set(bots), "rented": set(rented), "shared": set(shared), "guest": guest}


def replay(pptpban, filters, world):
    with tempfile.TemporaryDirectory(prefix="pptpban-spread-") as directory:
        config, log = os.path.join(directory, "conf"), os.path.join(directory, "log")
        with open(config, "w") as f:
            f.write(CONFIG.format(filters=filters))
        with open(log, "w") as f:
            f.writelines(world.log())
        out = subprocess.run([pptpban, "replay", "--config", config, "--jsonl", log], check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
    return [json.loads(line) for line in out.splitlines()]


def judge(truth, events):
    of = lambda kind: [e for e in events if e["type"] == kind]  # noqa: E731
    bans = of("ban")
    singles = {e["addr"] for e in bans if "/" not in e["addr"]}
    wanted = {
        "sprayed": ({"anna", "bert"}, {e["user"] for e in of("sprayed")}),
        "banned for it": (truth["bots"], {e["addr"] for e in bans if e["jail"] == "spray"}),
        "networks": ({"203.0.113.0/24"}, {e["addr"] for e in bans if "/" in e["addr"]}),
        "networks kept": ({("198.51.100.0/24", truth["guest"])}, {(e["addr"], e["for"]) for e in of("kept")}),
        "one by one": (truth["shared"], singles & truth["shared"]),
        "anybody else": (set(), singles - truth["bots"] - truth["rented"] - truth["shared"]),
    }
    for what, (want, got) in wanted.items():
        if want != got:
            yield f"{what}: missing {sorted(want - got)}, too many {sorted(got - want)}"


def main():
    pptpban, filters, seeds = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 10
    wrong = 0
    for seed in range(1, seeds + 1):
        world, truth = simulate(seed)
        for complaint in judge(truth, replay(pptpban, filters, world)):
            print(f"seed {seed}: {complaint}")
            wrong += 1
    print(f"{seeds} worlds, {wrong} wrong")
    return wrong > 0


sys.exit(main())
