#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes numbered lines at full speed into log files, rotates them in every way that is in use, stops, kills and
# starts source-dump meanwhile, and says of each scenario whether every line came exactly once.
#   rotate.py SOURCE-DUMP DIRECTORY [SCENARIO...]      PB_SEED=N: what happens when; PB_ROUNDS=N: how often
import gzip, json, lzma, os, random, shutil, signal, subprocess, sys, threading, time

dump, base = sys.argv[1], sys.argv[2]
rng = random.Random(int(os.environ.get("PB_SEED", "1")))


class Log:
    """A log writer: keeps its descriptor through a rename until it is told, as rsyslog does."""

    def __init__(self, path, start=0):
        self.path, self.n, self.times = path, start, {}
        self.open()

    def open(self):
        self.fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def line(self):
        t = time.time()
        self.times[self.n] = t
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + ".%06dZ" % (t % 1 * 1000000)
        text = "%s lab pppd[%d]: line %d %s\n" % (stamp, self.n % 30000 + 1, self.n, "x" * rng.randrange(80))
        self.n += 1
        return text.encode()

    def write(self, count):
        left = count
        while left:
            some = min(left, rng.randrange(1, 60))
            data = b"".join(self.line() for _ in range(some))
            cut = rng.randrange(len(data)) if rng.random() < 0.3 else len(data)
            os.write(self.fd, data[:cut])
            if cut < len(data):
                os.write(self.fd, data[cut:])
            left -= some

    def write_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.write(200)

    def shift(self, suffix=""):
        for i in range(200, 0, -1):
            for end in ("", ".gz", ".xz"):
                name = "%s.%d%s" % (self.path, i, end)
                if os.path.exists(name):
                    os.rename(name, "%s.%d%s" % (self.path, i + 1, end))

    def reopen(self):
        os.close(self.fd)
        self.open()

    def rename(self, name=None, unseen=300):
        if not name:
            self.shift()
        os.rename(self.path, name or self.path + ".1")
        self.write(unseen)  # the writer has not noticed
        self.reopen()

    def pack(self, module, end):
        with open(self.path + ".1", "rb") as f, module.open(self.path + ".1" + end, "wb") as g:
            shutil.copyfileobj(f, g)
        shutil.copystat(self.path + ".1", self.path + ".1" + end)
        os.unlink(self.path + ".1")

    def copy_truncate(self):
        self.shift()
        shutil.copy(self.path, self.path + ".1")
        os.truncate(self.path, 0)


class Reader:
    """source-dump, restarted as often as wanted; collects what it printed."""

    def __init__(self, directory, pattern, *options):
        self.directory, self.runs, self.process = directory, 0, None
        self.command = [dump, "-m", os.path.join(directory, "mark"), "-f", pattern, *options]

    def start(self, *options):
        self.runs += 1
        out = os.path.join(self.directory, "out.%d" % self.runs)
        err = os.path.join(self.directory, "err.%d" % self.runs)
        self.process = subprocess.Popen(self.command + list(options), stdout=open(out, "wb"), stderr=open(err, "wb"))
        return self

    def wait_caught_up(self):
        for _ in range(100):
            if b"caught up" in open(os.path.join(self.directory, "err.%d" % self.runs), "rb").read():
                return
            time.sleep(0.05)
        raise SystemExit("the reader never caught up")

    def wait_open(self, path):
        want, fds = os.stat(path), "/proc/%d/fd" % self.process.pid
        for _ in range(500):
            for fd in os.listdir(fds):
                try:
                    st = os.stat(os.path.join(fds, fd))
                except OSError:
                    continue
                if (st.st_dev, st.st_ino) == (want.st_dev, want.st_ino):
                    return
            time.sleep(0.01)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait()

    def mark(self):
        name = os.path.join(self.directory, "mark")
        before = os.stat(name).st_ino if os.path.exists(name) else 0
        self.process.send_signal(signal.SIGUSR1)
        for _ in range(200):
            if os.path.exists(name) and os.stat(name).st_ino != before:
                return
            time.sleep(0.01)

    def records(self, run=None):
        for i in range(1, self.runs + 1) if run is None else [run]:
            with open(os.path.join(self.directory, "out.%d" % i), "rb") as f:
                for line in f:
                    if line.endswith(b"\n"):  # a killed one tore its last line
                        yield i, json.loads(line)

    def status(self):
        with open(os.path.join(self.directory, "err.%d" % self.runs)) as f:
            return dict(w.split("=", 1) for w in f.read().splitlines()[-1].split(" ") if "=" in w)


def number(record):
    words = record["message"].split(" ")
    return int(words[1]) if len(words) == 3 and words[0] == "line" else None


def judge(name, log, reader, again=False, lost=(), ordered=True):
    """again: a line may come again after a kill, then from the same position."""
    seen, twice, strange, order = {}, 0, 0, True
    last = {}
    for run, r in reader.records():
        n, position = number(r), (r["file"], r["offset"])
        if n is None or n >= log.n:
            strange += 1
        elif n in seen:
            twice += 1
            if seen[n] != position:
                strange += 1
        else:
            seen[n] = position
        if n is not None:
            order = order and n > last.get(run, -1)
            last[run] = n
    missing = [n for n in range(log.n) if n not in seen and n not in lost]
    good = not missing and not strange and (order or not ordered) and (again or not twice)
    print("%s %s: %d lines, %d missing%s, %d twice, %d strange, %s order" % (
        "ok" if good else "FAIL", name, log.n, len(missing), " (%d..%d)" % (missing[0], missing[-1]) if missing else "",
        twice, strange, "in" if order else "not in"), flush=True)
    return good


def settle(reader):
    """Until it has had nothing to do for a while, however slow it is."""
    used, since = None, time.monotonic()
    while time.monotonic() - since < 0.3:
        with open("/proc/%d/stat" % reader.process.pid) as f:
            now = f.read().rsplit(")", 1)[1].split()[11:13]
        if now != used:
            used, since = now, time.monotonic()
        time.sleep(0.02)
    reader.stop()


def live(log, reader, rotate, rounds=5):
    for _ in range(rounds):
        log.write_for(0.06)
        rotate(log)
    log.write_for(0.1)


def rename_gz(log):
    log.rename()
    log.write(50)
    log.pack(gzip, ".gz")


def rename_xz(log):
    log.rename()
    log.write(50)
    log.pack(lzma, ".xz")


dates = iter(range(20260101, 20269999))


def rename_date(log):
    log.rename("%s-%d" % (log.path, next(dates)))


def unlink(log):
    log.write(300)
    log.reader.wait_open(log.path)  # what was deleted before is nobody's to read
    os.unlink(log.path)
    log.write(300)
    log.reopen()


def twice_quickly(log):
    log.rename(unseen=0)
    log.write(100)
    log.rename(unseen=0)


def gone_for_a_while(log):
    log.rename(unseen=0)
    os.unlink(log.path)
    time.sleep(0.05)
    log.reopen()


ways = {"rename": Log.rename, "rename, gzip": rename_gz, "rename, xz": rename_xz, "rename to a date": rename_date,
        "copytruncate": Log.copy_truncate, "unlink": unlink, "renamed twice": twice_quickly,
        "missing for a while": gone_for_a_while}


def new(name):
    directory = os.path.join(base, name.replace(" ", "-").replace(",", ""))
    os.mkdir(directory)
    return directory


def live_scenario(name, rotate, *options):
    directory = new("live " + name)
    path = os.path.join(directory, "syslog")
    reader = Reader(directory, path, *options).start()
    reader.wait_caught_up()
    log = Log(path)
    log.reader = reader
    if rotate == Log.copy_truncate:
        def rotate(log):  # what is written between copy and truncation is lost to everybody
            time.sleep(0.05)
            log.copy_truncate()
    live(log, reader, rotate)
    settle(reader)
    return judge("live, " + name, log, reader)


def restart_scenario(name, rotate, kill):
    """The reader is stopped and started at random while lines come and files rotate."""
    directory = new(("kill " if kill else "restart ") + name)
    path = os.path.join(directory, "syslog")
    log = Log(path)
    log.write(1000)
    reader = Reader(directory, path).start()
    done = threading.Event()

    def restarts():
        while not done.is_set():
            time.sleep(rng.uniform(0.02, 0.1))
            if kill:
                reader.mark()
                time.sleep(rng.uniform(0.0, 0.1))
                reader.stop(signal.SIGKILL)
            else:
                reader.stop()
            time.sleep(rng.uniform(0.0, 0.15))
            reader.start()

    thread = threading.Thread(target=restarts)
    thread.start()
    for _ in range(8):
        log.write_for(0.05)
        if rotate == Log.copy_truncate:
            time.sleep(0.02)
        rotate(log)
    log.write_for(0.1)
    done.set()
    thread.join()
    reader.wait_caught_up()
    settle(reader)
    return judge(("killed, " if kill else "restarted, ") + name, log, reader, again=kill)


def while_down(name, rotate, rounds=3):
    directory = new("down %s %d" % (name, rounds))
    path = os.path.join(directory, "syslog")
    log = Log(path)
    reader = Reader(directory, path).start()
    log.write(5000)
    time.sleep(0.2)
    reader.stop()
    for _ in range(rounds):
        log.write(2000)
        rotate(log)
        log.write(1000)
        time.sleep(0.05)
    reader.start()
    reader.wait_caught_up()
    log.write(500)
    settle(reader)
    return judge("%d times while nobody looked, %s" % (rounds, name), log, reader)


def several():
    """A glob over several files, one of which appears late; rotated names are no files of their own."""
    directory = new("glob")
    os.mkdir(os.path.join(directory, "logs"))
    reader = Reader(directory, os.path.join(directory, "logs", "*.log*"), "-l", "line").start()
    reader.wait_caught_up()
    logs = [Log(os.path.join(directory, "logs", n)) for n in ("a.log", "b.log")]
    for i in range(5):
        for log in logs:
            log.write(700)
            log.rename()
        if i == 2:
            logs.append(Log(os.path.join(directory, "logs", "late.log")))
        if i == 3:
            reader.stop()
            reader.start()
    settle(reader)
    total, want = {}, sum(log.n for log in logs)
    for _, r in reader.records():
        key = (r["file"], r["offset"])
        total[key] = total.get(key, 0) + 1
    good = len(total) == want and set(total.values()) == {1}
    print("%s glob: %d of %d lines, %d twice" % ("ok" if good else "FAIL", len(total), want,
                                                 sum(1 for n in total.values() if n > 1)), flush=True)
    return good


def not_after():
    """A mark for everything at or after a time: all of that is read again, at the same positions, and not all."""
    directory = new("not after")
    path = os.path.join(directory, "syslog")
    log = Log(path)
    reader = Reader(directory, path).start()
    for _ in range(4):
        log.write(500)
        time.sleep(1.1)
        log.rename()
    log.write(500)
    time.sleep(0.3)
    wanted = log.times[1200]
    reader.stop(signal.SIGKILL)
    os.path.exists(os.path.join(directory, "mark")) and os.unlink(os.path.join(directory, "mark"))
    reader.start("-n", "%.6f" % wanted)
    time.sleep(0.5)
    reader.stop()
    first = {number(r): (r["file"], r["offset"]) for _, r in reader.records(2)}
    reader.start()
    reader.wait_caught_up()
    settle(reader)
    second = {number(r): (r["file"], r["offset"]) for _, r in reader.records(3)}
    missing = [n for n in range(1200, log.n) if n not in second]
    good = len(first) == log.n and not missing and all(first[n] == second[n] for n in second) and min(second) > 200
    print("%s mark for a time: %d lines, %d from line %d on again, %d missing" % (
        "ok" if good else "FAIL", len(first), len(second), min(second, default=-1), len(missing)), flush=True)
    return good


def first_start():
    """From a time on that lies in a rotated predecessor."""
    good = True
    for pack in (None, "gz"):
        directory = new("since %s" % pack)
        path = os.path.join(directory, "syslog")
        log = Log(path)
        for _ in range(3):
            log.write(20000)
            time.sleep(0.05)
            log.rename(unseen=0)
        if pack:
            log.pack(gzip, ".gz")
        log.write(1000)
        since = log.times[45000] - 0.00001
        reader = Reader(directory, path).start("-e", "-s", "%.6f" % since)
        reader.process.wait()
        got = sorted(number(r) for _, r in reader.records())
        fine = bool(got) and 44990 <= got[0] <= 45000 and got == list(range(got[0], log.n))
        print("%s first start, predecessor %s: lines %d..%d of %d" % (
            "ok" if fine else "FAIL", pack or "plain", got[0] if got else -1, got[-1] if got else -1, log.n), flush=True)
        good = good and fine
    return good


def hostile():
    """A line of a mebibyte, zero bytes, a last line without an end, a file that turns into a directory."""
    directory = new("hostile")
    path = os.path.join(directory, "syslog")
    reader = Reader(directory, path).start()
    log = Log(path)
    log.write(10)
    os.write(log.fd, b"2026-11-22T19:00:00Z lab pppd[1]: " + b"A" * (1 << 20))
    time.sleep(0.1)
    os.write(log.fd, b"A\n\0\0\0\n")
    log.write(10)
    os.write(log.fd, b"2026-11-22T19:00:00Z lab pppd[1]: \0\xff\xfe line\n")
    log.write(10)
    time.sleep(0.2)
    rss = int(open("/proc/%d/statm" % reader.process.pid).read().split()[1]) * 4
    os.write(log.fd, b"no end")
    settle(reader)
    records = [r for _, r in reader.records()]
    cut = [r for r in records if r["flags"] & 4]
    numbers = [number(r) for r in records if number(r) is not None]
    s = reader.status()
    good = (numbers == list(range(30)) and len(cut) == 1 and len(cut[0]["line"]) == 65536 and len(records) == 33 and
            s["truncated"] == "1" and s["behind"] == "6")
    print("%s hostile lines: %d records, %d cut, status %s, %d KiB resident" % (
        "ok" if good else "FAIL", len(records), len(cut), s, rss), flush=True)
    os.rename(path, path + ".1")
    return good


def lost_and_said():
    """Truncated without a copy while the reader was down: what was lost is counted, what came after is read."""
    directory = new("lost")
    path = os.path.join(directory, "syslog")
    log = Log(path)
    log.write(100)
    reader = Reader(directory, path).start()
    reader.wait_caught_up()
    os.kill(reader.process.pid, signal.SIGSTOP)
    log.write(100)
    os.truncate(path, 0)
    after = log.n
    log.write(5)
    os.kill(reader.process.pid, signal.SIGCONT)
    settle(reader)
    s = reader.status()
    good = judge("truncated without a copy", log, reader, lost=range(100, after))
    return good


def whole_between_looks(start=0):
    """Seen to be empty, then filled, copied and truncated twice before the next look; nothing comes after that."""
    directory = new("between-%d" % start)
    path = os.path.join(directory, "syslog")
    log = Log(path)
    log.write(start)
    reader = Reader(directory, path).start()
    reader.wait_caught_up()
    if start:
        time.sleep(0.2)
        log.copy_truncate()
        time.sleep(0.2)  # it reads that there is nothing
    os.kill(reader.process.pid, signal.SIGSTOP)
    for _ in range(2):
        log.write(100)
        log.copy_truncate()
        time.sleep(0.02)
    log.write(5)
    os.kill(reader.process.pid, signal.SIGCONT)
    settle(reader)
    return judge("filled and truncated between two looks, %s" % ("after lines" if start else "new"), log, reader)


def stopped_now_and_then():
    """Copied and truncated some thirty times a second, and the reader stopped between any two of its steps."""
    directory = new("stopped")
    path = os.path.join(directory, "syslog")
    log = Log(path)
    reader = Reader(directory, path).start()
    reader.wait_caught_up()
    for _ in range(int(os.environ.get("PB_ROUNDS", "60"))):
        log.write_for(rng.uniform(0.002, 0.03))
        if rng.random() < 0.3:
            os.kill(reader.process.pid, signal.SIGSTOP)
            for _ in range(rng.randrange(1, 4)):
                log.copy_truncate()
                log.write_for(0.005)
                time.sleep(0.02)
            os.kill(reader.process.pid, signal.SIGCONT)
        log.copy_truncate()
    log.write(5)
    settle(reader)
    return judge("stopped now and then, copytruncate", log, reader)


def access():
    """No permission, mended by chmod; a directory that comes late; a link to another directory."""
    directory = new("access")
    deep = os.path.join(directory, "a", "b")
    path = os.path.join(deep, "syslog")
    os.chmod(directory, 0o777)
    reader = Reader(directory, path)
    if os.getuid() == 0:
        reader.command = ["setpriv", "--reuid=65534", "--clear-groups", "--regid=65534", *reader.command]
    reader.start()
    reader.wait_caught_up()
    os.makedirs(deep)
    log = Log(path)
    log.write(10)
    time.sleep(0.1)
    os.chmod(path, 0o000)
    log.rename(unseen=0)
    os.chmod(path, 0o000)
    log.write(10)
    time.sleep(0.1)
    os.chmod(path, 0o644)
    time.sleep(0.1)
    log.write(10)
    os.chmod(deep, 0o000)
    os.rename(os.path.join(directory, "a"), os.path.join(directory, "old"))
    time.sleep(0.1)
    os.makedirs(deep)
    os.close(log.fd)
    log.open()
    log.write(10)
    time.sleep(0.1)
    settle(reader)
    return judge("permission mended, directories made anew", log, reader)


def link():
    directory = new("link")
    os.mkdir(os.path.join(directory, "real"))
    path = os.path.join(directory, "syslog")
    os.symlink("real/log", path)
    reader = Reader(directory, path).start()
    reader.wait_caught_up()
    log = Log(os.path.join(directory, "real", "log"))
    live(log, reader, Log.rename, 3)
    settle(reader)
    return judge("a link to a file that rotates", log, reader)


def aliases():
    """A glob that means one file by several names: a link, and the name it is rotated to."""
    directory = new("aliases")
    os.mkdir(os.path.join(directory, "logs"))
    path = os.path.join(directory, "logs", "pptp.log")
    os.symlink("pptp.log", os.path.join(directory, "logs", "pptp-now.log"))
    log = Log(path)
    log.write(100)
    reader = Reader(directory, os.path.join(directory, "logs", "pptp*.log")).start()
    reader.wait_caught_up()
    for i in range(3):
        log.write(500)
        log.rename(os.path.join(directory, "logs", "pptp-old%d.log" % i))
        log.write(100)
        time.sleep(0.1)
        if i == 1:
            reader.stop()
            log.write(100)
            reader.start()
    settle(reader)
    # after a restart two names are two files, in no order
    return judge("one file by several names", log, reader, ordered=False)


scenarios = {}
for way, rotate in ways.items():
    scenarios["live " + way] = lambda way=way, rotate=rotate: live_scenario(way, rotate)
for way in ("rename", "rename, gzip", "rename, xz", "rename to a date", "copytruncate", "renamed twice"):
    rotate = ways[way]
    if way != "copytruncate":
        scenarios["restart " + way] = lambda way=way, rotate=rotate: restart_scenario(way, rotate, False)
        scenarios["kill " + way] = lambda way=way, rotate=rotate: restart_scenario(way, rotate, True)
    scenarios["down " + way] = lambda way=way, rotate=rotate: while_down(way, rotate)
scenarios["down for long"] = lambda: while_down("rename", Log.rename, 40)
scenarios["between looks, new"] = whole_between_looks
scenarios["between looks"] = lambda: whole_between_looks(100)
scenarios["stopped now and then"] = stopped_now_and_then
for function in (several, aliases, not_after, first_start, hostile, lost_and_said, access, link):
    scenarios[function.__name__] = function
failed = 0
for name, scenario in scenarios.items():
    if len(sys.argv) <= 3 or name in sys.argv[3:]:
        failed += not scenario()
sys.exit(failed != 0)
