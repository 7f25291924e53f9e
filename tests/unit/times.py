# SPDX-License-Identifier: GPL-2.0-or-later
# Reads the rulesets that "pptpban firewall show" prints as a kernel would (nftables: spans of seconds since 1970;
# iptables: xt_time's dates, times and days of the week, in UTC, bounds included) and asks at many moments whether the door
# is open. What is right is said by the wall clock of the zone, from Python's own zoneinfo.
import random
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns",
         "Africa/Casablanca", "Pacific/Apia", "UTC"]
TIMES = [
    ("Mon-Fri 08:00-18:00", [(range(5), 480, 1080)]),
    ("daily 22:00-06:00", [(range(7), 1320, 1800)]),
    ("Sun 01:15-03:45, Sat 23:59-00:01", [([6], 75, 225), ([5], 1439, 1441)]),
    ("daily 00:00-24:00", [(range(7), 0, 1440)]),
]
INSTANTS = 200


def right(spec, local):
    """Whether the wall clock shows a time that is open; what begins on a day goes on into the next."""
    minute, day = local.hour * 60 + local.minute, local.weekday()
    return any((day in days and start <= minute < end) or ((day - 1) % 7 in days and start <= minute + 1440 < end)
               for days, start, end in spec)


def read_nft(text):
    body = re.search(r"add element inet pptpban_fw times \{\n(.*?)\n\}", text, re.S).group(1)
    spans = [tuple(map(int, s)) for s in re.findall(r"^\s*(\d+)-(\d+)", body, re.M)]
    assert spans and "meta time != @times" in text
    assert all(a < b for a, b in spans) and all(p[1] < q[0] for p, q in zip(spans, spans[1:])), "spans overlap"
    return lambda t: any(a <= t < b for a, b in spans)


def read_iptables(text):
    lines = re.findall(r"^-A PPTPBAN-control-closed -m time (.*) -j RETURN$", text, re.M)
    assert lines and re.search(r"^-A PPTPBAN-control-closed .*-g PPTPBAN-log-refused$", text, re.M)
    half = len(lines) // 2  # once for each family, and alike
    assert lines[:half] == lines[half:]
    windows = []
    for line in lines[:half]:
        word = dict(re.findall(r"--(\w+) (\S+)", line))
        assert set(word) == {"datestart", "datestop", "timestart", "timestop", "weekdays"}, line
        date = [datetime.fromisoformat(word[k]).replace(tzinfo=timezone.utc).timestamp() for k in ("datestart", "datestop")]
        time = [sum(int(n) * f for n, f in zip(word[k].split(":"), (3600, 60, 1))) for k in ("timestart", "timestop")]
        assert time[0] <= time[1], line
        windows.append((*date, *time, {DAYS.index(d) for d in word["weekdays"].split(",")}))
    return lambda t: any(a <= t <= b and begin <= t % 86400 <= end and (t // 86400 + 3) % 7 in days
                         for a, b, begin, end, days in windows)


def moments(zone, chance):
    """Any, and those around each change of the zone's offset and around midnights."""
    year = datetime.now(timezone.utc).year
    first = int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp())
    last = int(datetime(year + 3, 1, 1, tzinfo=timezone.utc).timestamp())
    found = [chance.randrange(first, last) for _ in range(INSTANTS)]
    offset = None
    for t in range(first, last, 1800):
        now = datetime.fromtimestamp(t, zone).utcoffset()
        if offset is not None and now != offset:
            found += [t + d for d in range(-7200, 7201, 300)] + [t - 1, t + 1]
        offset = now
    for _ in range(10):
        midnight = datetime.fromtimestamp(chance.randrange(first + 86400, last - 86400), zone).replace(hour=0, minute=0, second=0)
        found += [int(midnight.timestamp()) + d for d in (-60, -1, 0, 1, 59, 60)]
    return [t for t in found if first <= t < last]


def show(program, form, config):
    return subprocess.run([program, "firewall", "show", "--format", form, "--config", config], check=True,
                          capture_output=True, text=True).stdout


def main():
    chance = random.Random(1723)
    asked = wrong = 0
    for name in ZONES:
        for text, spec in TIMES:
            with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
                f.write(f"[firewall]\nenabled = yes\nopen = {text}\ntimezone = {name}\n")
                f.flush()
                judges = {form: read(show(sys.argv[1], form, f.name))
                          for form, read in (("nftables", read_nft), ("iptables", read_iptables))}
            zone = ZoneInfo(name)
            for t in moments(zone, chance):
                wanted = right(spec, datetime.fromtimestamp(t, zone))
                for form, judge in judges.items():
                    asked += 1
                    if judge(t) != wanted:
                        wrong += 1
                        if wrong <= 20:
                            print(f"{form}, {name}, {text}: {t} ({datetime.fromtimestamp(t, zone)}) is "
                                  f"{'closed' if wanted else 'open'}")
    print(f"{asked} answers, {wrong} of them wrong")
    return wrong > 0 or asked < len(ZONES) * len(TIMES) * 2 * INSTANTS


sys.exit(main())
