#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which threshold decided: every ban of a replay against the policy as pptpban.conf(5) tells it, worked out anew here.

usage: threshold.py PPTPBAN FILTERS [SEED...]

For each SEED a log of a month with a change of the clocks in it (pppd 2.5, which names who logged in) under a configuration
of its own, and the captured log with pids, users, addresses and times permuted. What replay counts is taken from it; who is
banned by that, when, how long, at which count and by which rule of which schedule and country is worked out from the counted
failures and good logins alone. Exit status 1 when one ban differs. Then the country database is taken away, cut and
filled with nonsense, each of which must leave maxretry as it was and be said.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import detect

DAY, HOUR = 86400, 3600
BERLIN = ZoneInfo("Europe/Berlin")


# --- a database of countries: 0.0.0.0/1 is RU, 128.0.0.0/2 is DE, the rest nobody's (maxmind.github.io/MaxMind-DB)

def database():
    def text(s):
        return bytes([2 << 5 | len(s)]) + s.encode()

    def number(kind, size, v):
        head = bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])
        return head + v.to_bytes(size, "big")

    def table(*pairs):
        return bytes([7 << 5 | len(pairs)]) + b"".join(text(k) + v for k, v in pairs)

    ru = table(("country", table(("iso_code", text("RU")))))
    de = table(("registered_country", table(("iso_code", text("DE")))))
    nodes = 2
    records = [nodes + 16, 1, nodes + 16 + len(ru), nodes]  # node 0: 0 | 1, node 1: 10 | 11
    meta = table(("node_count", number(6, 4, nodes)), ("record_size", number(5, 2, 24)), ("ip_version", number(5, 2, 4)),
                 ("database_type", text("Test-Country")), ("languages", bytes([0, 4])),
                 ("binary_format_major_version", number(5, 2, 2)), ("binary_format_minor_version", number(5, 2, 0)),
                 ("build_epoch", number(9, 8, 1795000000)), ("description", table(("en", text("test")))))
    return b"".join(r.to_bytes(3, "big") for r in records) + bytes(16) + ru + de + b"\xab\xcd\xefMaxMind.com" + meta


def country_of(addr):
    first = int(addr.split(".")[0]) if "." in addr else 255
    return "RU" if first < 128 else "DE" if first < 192 else ""


# --- the policy, by the manual

class Oracle:
    def __init__(self, c, countries=True):
        self.c, self.countries = c, countries
        self.windows, self.bans, self.known, self.trusted, self.latest = {}, {}, {}, {}, float("-inf")
        self.everybody, self.decided = None, []

    def values(self, t):
        local = datetime.fromtimestamp(t, timezone.utc).astimezone(BERLIN)
        v, name = dict(self.c), ""
        for schedule in self.c["schedules"]:
            begin, end = schedule["when"]
            hour = local.hour
            days = schedule["days"]
            today, yesterday = local.weekday() in days, (local.weekday() - 1) % 7 in days
            if today and begin <= hour < end if begin < end else (today and hour >= begin) or (yesterday and hour < end):
                v, name = {**self.c, **{k: x for k, x in schedule.items() if k not in ("name", "when", "days")}}, schedule["name"]
        return v, name

    def holds(self, t, addr):
        v, name = self.values(t)
        country = country_of(addr) if self.countries else ""
        table = v["country"] if self.countries else {}
        number = table.get(country, table.get("other"))
        total = ("maxretry.country", number, country) if number else ("maxretry", v["maxretry"], "")
        login = self.trusted.get(addr)
        if v["trust"] and login is not None and t - login <= v["trust"]:
            if v["trusted"] > total[1]:
                total = ("trust.maxretry", v["trusted"], "")
            return v, name, total, 0
        learned = self.everybody and t - self.everybody[0] >= v["learn_for"] and t - self.everybody[1] <= v["known_for"]
        return v, name, total, v["unknown"] if learned else 0

    def old(self, then, t):
        return int(then * 1000) / 1000 + self.c["findtime"] < int(t * 1000) / 1000

    def success(self, e):
        t, addr, user = e["time"], e.get("addr"), e["user"]
        w = self.windows.get(addr)
        if w and user:
            if w["forgiven"] and self.old(w["pardon"], t):
                w["forgiven"] = 0
            kept = []
            for slot in w["slots"]:
                if slot[1] != user or slot[0] > t or w["forgiven"] == self.c["maxretry"]:
                    kept.append(slot)
                    continue
                if w["forgiven"] == 0:
                    w["pardon"] = t
                w["forgiven"] += 1
            w["slots"] = kept
        if user:
            if not self.everybody or t - self.everybody[1] > self.c["known_for"]:
                self.everybody = [t, t]
            self.everybody[1] = max(self.everybody[1], t)
            self.known[user] = max(self.known.get(user, 0), t)
        if addr:
            self.trusted[addr] = max(self.trusted.get(addr, 0), t)

    def failure(self, e):
        t, addr, user = e["time"], e["addr"], e["user"]
        v, name, total, unknown = self.holds(t, addr)
        ban = self.bans.get((addr, v["observe"]))
        if ban and ban[0] <= t < ban[1]:
            return
        self.latest = max(self.latest, t)
        if self.old(t, self.latest):
            return
        w = self.windows.setdefault(addr, {"slots": [], "pardon": 0, "forgiven": 0})
        w["slots"] = [s for s in w["slots"] if not self.old(s[0], t)]
        stranger = bool(unknown and user and t - self.known.get(user, float("-inf")) > v["known_for"])
        w["slots"].append((t, user, stranger))
        reason = total
        if len(w["slots"]) < total[1]:
            if not unknown or sum(s[2] for s in w["slots"]) < unknown:
                return
            reason = ("maxretry.unknown", unknown, "")
        self.decided.append((round(t, 3), addr, len(w["slots"]), *reason, name, v["bantime"], v["observe"]))
        self.bans[(addr, v["observe"])] = (t, t + v["bantime"])
        del self.windows[addr]


# --- logs and configurations

def make_config(rng):
    maxretry = rng.randrange(4, 8)
    c = {"maxretry": maxretry, "unknown": rng.choice((0, 2, 3)), "known_for": rng.choice((2, 10)) * DAY,
         "learn_for": rng.choice((0, 1, 3)) * DAY, "trust": rng.choice((0, 1, 5)) * DAY, "trusted": 0, "findtime": rng.choice((600, 7200)),
         "bantime": rng.choice((600, 7200)), "observe": False, "country": rng.choice(({}, {"RU": 2}, {"RU": 3, "DE": 9}, {"DE": 3, "other": 6})),
         "schedules": []}
    if c["trust"]:
        c["trusted"] = maxretry + rng.randrange(1, 5)
    for name in ("night", "week.end")[:rng.randrange(3)]:
        s = {"name": name, "when": rng.choice(((22, 6), (2, 3), (8, 18))), "days": rng.choice(((0, 1, 2, 3, 4, 5, 6), (5, 6), (6,)))}
        s.update(rng.choice(({"maxretry": 3}, {"bantime": 900, "maxretry": 9}, {"observe": True}, {"country": {"RU": 4, "other": 5}},
                             {"unknown": 2, "maxretry": 5}, {"unknown": 0, **({"trusted": 30} if c["trust"] else {})})))
        c["schedules"].append(s)
    return c


def write_config(c, filters, mmdb):
    def country(table):
        return " ".join("%s:%d" % x for x in table.items())

    lines = ["[pptpban]", "filter_dirs = " + filters, "[firewall]", "timezone = Europe/Berlin", "database = " + mmdb, "[pptpd]",
             "enabled = yes", "bantime.increment = no"]
    keys = {"maxretry": "maxretry", "unknown": "maxretry.unknown", "known_for": "known_for", "learn_for": "learn_for", "trust": "trust",
            "trusted": "trust.maxretry", "findtime": "findtime", "bantime": "bantime", "country": "maxretry.country"}
    lines += ["%s = %s" % (keys[k], country(v) if k == "country" else v) for k, v in c.items() if k in keys]
    for s in c["schedules"]:
        days = ",".join("Mon Tue Wed Thu Fri Sat Sun".split()[d] for d in s["days"])
        lines += ["[pptpd@%s]" % s["name"], "when = %s %02d:00-%02d:00" % (days, *s["when"])]
        lines += ["%s = %s" % (keys[k], country(v) if k == "country" else v) for k, v in s.items() if k in keys]
        lines += ["mode = observe"] if s.get("observe") else []
    return "\n".join(lines) + "\n"


def make_log(rng):
    t, pid, out = datetime(2026, 10, 4, tzinfo=timezone.utc).timestamp(), 300, []
    users, addrs = ["alice", "bob", "carol", "dave"], ["5.9.0.%d" % i for i in range(4)] + ["150.0.0.%d" % i for i in range(3)] + \
        ["203.0.113.%d" % i for i in range(4)]

    def line(at, ident, number, text):
        stamp = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
        out.append("%s vpn %s[%d]: %s" % (stamp, ident, number, text))

    while t < datetime(2026, 11, 2, tzinfo=timezone.utc).timestamp():
        addr, burst = rng.choice(addrs), rng.randrange(1, 14)
        for _ in range(burst):
            good = rng.random() < 0.08
            user = rng.choice(users) if good or rng.random() < 0.6 else "nobody%d" % rng.randrange(50)
            pid = 300 + (pid + 2) % 30000
            line(t, "pptpd", pid, "CTRL: Client %s control connection started" % addr)
            line(t + 0.01, "pptpd", pid, "CTRL: Starting call (launching pppd, opening GRE)")
            line(t + 0.02, "pppd", pid + 1, "pppd 2.5.0 started by root, uid 0")
            if good:
                line(t + 0.03, "pppd", pid + 1, "Peer %s authenticated with CHAP" % user)
                line(t + 0.04, "pppd", pid + 1, "peer from calling number %s authorized" % addr)
            else:
                line(t + 0.03, "pppd", pid + 1, "Peer %s failed CHAP authentication" % user)
            line(t + 0.05, "pppd", pid + 1, "Exit.")
            line(t + 0.06, "pptpd", pid, "CTRL: Reaping child PPP[%d]" % (pid + 1))
            line(t + 0.07, "pptpd", pid, "CTRL: Client %s control connection finished" % addr)
            t += rng.choice((1, 30, 400))
        t += rng.randrange(HOUR, 6 * HOUR)
    return "\n".join(out).encode() + b"\n"


class Check:
    def __init__(self, program, filters, place):
        self.program, self.filters, self.place = program, filters, place
        self.mmdb, self.config = os.path.join(place, "countries.mmdb"), os.path.join(place, "pptpban.conf")
        self.seen, self.bad = {}, 0
        with open(self.mmdb, "wb") as f:
            f.write(database())

    def replay(self, c, log):
        """The events, and what was said beside them."""
        path = os.path.join(self.place, "log")
        with open(path, "wb") as f:
            f.write(log)
        with open(self.config, "w") as f:
            f.write(write_config(c, self.filters, self.mmdb))
        p = subprocess.run([self.program, "replay", "--config", self.config, "--jsonl", path], capture_output=True,
                           env={**os.environ, "TZ": "America/New_York"})
        if p.returncode != 0:
            raise SystemExit("replay failed with %d: %s" % (p.returncode, p.stderr.decode()))
        return [json.loads(line) for line in p.stdout.splitlines()], p.stderr.decode()

    def compare(self, name, c, log, countries=True):
        events, said = self.replay(c, log)
        oracle = Oracle(c, countries)
        for e in events:
            if e["type"] == "success":
                oracle.success(e)
            elif e["type"] == "failure":
                oracle.failure(e)
        got = [(round(e["time"], 3), e["addr"], e["count"], e["rule"], e["threshold"], e["country"], e["schedule"],
                round(e["until"] - e["time"]), e.get("observe", False)) for e in events if e["type"] == "ban"]
        for ban in got:
            self.seen[ban[3]] = self.seen.get(ban[3], 0) + 1
            self.seen["schedule"] = self.seen.get("schedule", 0) + bool(ban[6])
        wrong = next(((a, b) for a, b in zip(got + [None], oracle.decided + [None]) if a != b), None)
        print("%-28s %5d counted, %4d bans%s" % (name, sum(e["type"] == "failure" for e in events), len(got),
                                                 "" if wrong is None else "; replay %s, wanted %s" % wrong))
        if wrong is not None:
            self.bad += 1
            print(open(self.config).read())
        return said


def main():
    program, filters, seeds = sys.argv[1], sys.argv[2], [int(s) for s in sys.argv[3:]] or list(range(1, 9))
    with tempfile.TemporaryDirectory() as place:
        check = Check(program, filters, place)
        captured = detect.unpack("lab", "syslog.iso.xz")
        for seed in seeds:
            rng = random.Random(seed)
            said = check.compare("made, seed %d" % seed, make_config(rng), make_log(rng))
            check.bad += "database" in said
            if seed > seeds[0] + 3:
                continue
            per = detect.Permutation(seed)
            check.compare("captured, seed %d" % seed, make_config(rng), b"\n".join(per.line("iso", x) for x in captured.split(b"\n")))
        missing = {"maxretry", "maxretry.country", "maxretry.unknown", "trust.maxretry", "schedule"} - {k for k, n in check.seen.items() if n}
        if missing and len(seeds) >= 8:
            print("nothing was decided by", *sorted(missing))
            check.bad += 1
        rng = random.Random(0)
        c, log = {**make_config(rng), "country": {"RU": 2, "other": 3}, "schedules": []}, make_log(rng)
        whole = database()
        for name, damaged in (("no database", None), ("an empty one", b""), ("one that was cut", whole[:len(whole) - 60]), ("another file", b"x" * 4096)):
            os.unlink(check.mmdb)
            if damaged is not None:
                with open(check.mmdb, "wb") as f:
                    f.write(damaged)
            else:
                open(check.mmdb + ".gone", "w").close()
                check.mmdb += ".not-there"
            said = check.compare(name, c, log, countries=False)
            if "maxretry.country does not hold, maxretry does" not in said or check.mmdb not in said:
                print("%s: not said: %s" % (name, said))
                check.bad += 1
            if damaged is None:
                check.mmdb = check.mmdb[:-len(".not-there")]
                open(check.mmdb, "w").close()
        # damage inside is met by a lookup: it says nothing of the address, and nobody falls over it
        for at in range(0, len(whole), 3):
            with open(check.mmdb, "wb") as f:
                f.write(whole[:at] + bytes([whole[at] ^ 0xff]) + whole[at + 1:])
            check.replay(c, log[:20000])
    print("decided by", ", ".join("%s %d" % x for x in sorted(check.seen.items())))
    return 1 if check.bad else 0


if __name__ == "__main__":
    sys.exit(main())
