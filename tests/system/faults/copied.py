# SPDX-License-Identifier: GPL-2.0-or-later
# copytruncate while somebody writes at full speed: what is written between copy and truncation is in no file any more.
# That is counted; every other line comes once.
import json
import os
import re
import shutil
import signal
import subprocess
import time

from lab import BUILD, TOP, claim, note, ok, wait_for

LINE = re.compile(rb"line (\d{9}) end$")


class Writer:
    """One line a write, as syslog daemons do, appended as fast as it goes, by a process of its own."""

    def __init__(self, path):
        self.told, tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.write(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), tell)
            finally:
                os._exit(1)
        os.close(tell)

    @staticmethod
    def write(fd, tell):
        stop, n = [], 0
        signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
        while not stop:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            os.write(fd, b"%s host pptpd[1]: line %09d end\n" % (stamp.encode(), n))
            n += 1
        os.write(tell, b"%d" % n)
        os._exit(0)

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        return int(os.read(self.told, 20))


def numbers(path):
    with open(path, "rb") as f:
        return {int(m[1]) for m in (LINE.search(line) for line in f.read().splitlines()) if m}


def copied(rng, long):
    directory = os.path.join(TOP, "copied")
    os.mkdir(directory)
    path, out = os.path.join(directory, "log"), os.path.join(directory, "out")
    open(path, "w").close()
    reader = subprocess.Popen([os.path.join(BUILD, "source-dump"), "-m", path + ".mark", "-f", path], stdout=open(out, "wb"),
                              stderr=open(out + ".err", "wb"))
    wait_for(lambda: b"caught up" in open(out + ".err", "rb").read(), 10)
    rounds, kept = 300 if long else 10, set()
    writer = Writer(path)
    for _ in range(rounds):
        time.sleep(rng.uniform(0.005, 0.1))
        behind = rng.random() < 0.3
        if behind:
            reader.send_signal(signal.SIGSTOP)
            time.sleep(0.02)
        for k in range(9, 0, -1):  # so many are kept: a reader that is slower than that has lost them
            if os.path.exists("%s.%d" % (path, k)):
                os.rename("%s.%d" % (path, k), "%s.%d" % (path, k + 1))
        shutil.copy(path, path + ".1")
        os.truncate(path, 0)
        kept |= numbers(path + ".1")
        if behind:
            reader.send_signal(signal.SIGCONT)
    written = writer.end()
    kept |= numbers(path)

    def seen():
        lines, odd = [], 0
        with open(out, "rb") as f:
            for text in f:
                m = LINE.search(json.loads(text)["message"].encode()) if text.endswith(b"\n") else None
                lines += [int(m[1])] if m else []
                odd += m is None
        return lines, odd

    def up_to_date():
        reader.send_signal(signal.SIGUSR1)  # it writes out what it has
        time.sleep(0.1)
        return max(kept) in seen()[0]
    wait_for(up_to_date, 20, 0.1)
    reader.terminate()
    reader.wait()
    lines, odd = seen()
    missing, twice, gone = kept - set(lines), len(lines) - len(set(lines)), written - len(kept | set(lines))
    note("%d lines written; %d (%.2f %%) lie in no file and were read by nobody; %d more lie in no file, but had been read; %d cut" % (
        written, gone, 100 * gone / written, len(set(lines) - kept), odd))
    ok("copytruncate %d times under a writer at full speed: of %d lines that lie in a file %d missing, %d twice" % (
        rounds, len(kept), len(missing), twice), not missing and not twice, sorted(missing)[:20])
    claim("copytruncate under a writer at full speed: every line that lies in a file or copy comes once", rounds, len(missing) + twice)


scenarios = {"copied": copied}
