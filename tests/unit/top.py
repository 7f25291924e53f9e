# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs pptpban top in a pseudo-terminal against a made-up service, which may be hostile or slow, and looks at every byte that
comes: nothing that an attacker wrote steers the terminal, colours follow the rule, signals leave the terminal as it was,
keys work whatever the service does, a hundred thousand bans take little memory.

usage: top.py PPTPBAN SRCDIR"""
import fcntl
import json
import os
import pty
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import xml.etree.ElementTree

PROGRAM, SRC = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, f"{SRC}/tests/corpus/hostile")
import hostile  # noqa: E402

T = tempfile.TemporaryDirectory(prefix="pptpban-top-")
NOW = int(time.time())
failures = []


def wants(what, good, text=""):
    print("ok  " if good else "FAIL", what)
    if not good:
        failures.append(what)
        print(repr(text)[:3000])


# Two ways in which bytes that are no UTF-8 could become characters of JSON, which knows no others.
TEXTS = [t.decode(how, "replace").replace("\0", "")[:300] for _, t in hostile.written() for how in ("utf-8", "latin-1")]
TEXTS += ["\x1b[31mred", "\x1b]0;title\x07", "\x9b31m", "\x1bP+q\x1b\\", "\x1b[?1049l", "\x1bc", "\u202ecod.exe", "a\r\nb", "\u0301" * 40, "e\u0301"]
TEXTS = list(dict.fromkeys(t for t in TEXTS if t.strip()))


class Service:
    """Answers as told; `stop` lists verbs that it does not answer."""

    def __init__(self, bans, names):
        self.dir = tempfile.mkdtemp(dir=T.name)
        self.stop, self.asked, self.pid = set(), [], 1
        text = iter(names * 20)
        self.answers = {
            "status": [{"ok": True, "version": 1, "program": next(text), "pid": 1, "since": NOW - 9, "mode": "ban", "bans": bans,
                        "enforcer": {"connected": True, "backend": next(text), "hooked": False, "entries": 1, "problem": next(text)},
                        "connguard": {"running": True, "mode": "ends", "timeout": 1.0, "problem": ""},
                        "jails": [{"name": next(text), "problem": next(text)}],
                        "sources": [{"name": next(text), "problem": next(text), "lines": 1}],
                        "engine": {"failures": 1, "bans": bans}, "state": next(text)}],
            "list": [{"ok": True}] + [{"addr": f"203.{i >> 16}.{i >> 8 & 255}.{i & 255}", "jail": "pptpd", "since": NOW - i % 999,
                                       "until": NOW + 3600 + i, "count": 5} for i in range(bans)] + [{"end": True}],
            "users": [{"ok": True}] + [{"account": n, "failures": 9, "addresses": 1, "banned": 0, "last": NOW - i,
                                        "latest": [f"192.0.2.{i % 250}"]} for i, n in enumerate(names[:500])] + [{"end": True}],
            "why": [{"ok": True, "version": 1, "addr": next(text), "ban": None, "spared": {"by": next(text), "reason": next(text)},
                     "windows": [{"jail": next(text), "count": 2, "maxretry": 3, "findtime": 600}],
                     "uncounted": {next(text): 1}, "kernel": {"error": next(text)},
                     "evidence": [{"time": NOW, "jail": "pptpd", "class": next(text), "origin": next(text), "user": n, "line": n}
                                  for n in names]}],
            "unban": [{"ok": False, "exit": 3, "error": next(text)}],
        }
        self.bytes = {v: "".join(json.dumps(a, ensure_ascii=False) + "\n" for a in self.answers[v]).encode() for v in self.answers}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.dir}/control.sock")
        self.listener.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.listener.accept()
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        with peer, peer.makefile("rb") as f:
            try:
                for line in f:
                    verb = json.loads(line)["verb"]
                    self.asked.append(verb)
                    while verb in self.stop:
                        time.sleep(0.01)
                    peer.sendall(self.bytes[verb])
            except OSError:
                pass


class Terminal:
    def __init__(self, service, w=80, h=24, **env):
        self.out = b""
        settings = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM", "LINES", "COLUMNS")}
        settings.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "TZ": "UTC"})
        settings.update(env)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.execve(PROGRAM, [PROGRAM, "top", "--runtime", service.dir], settings)
        self.resize(w, h)

    def resize(self, w, h):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", h, w, 0, 0))

    def read(self, seconds):
        """What comes until nothing has for so long, or ten times that is over."""
        new, end = b"", time.time() + 10 * seconds
        while time.time() < end and select.select([self.fd], [], [], seconds)[0]:
            try:
                got = os.read(self.fd, 65536)
            except OSError:
                break
            if not got:
                break
            new += got
            if len(new) > 4 << 20:
                break
        self.out += new
        return new

    def until(self, text, seconds=20):
        end, seen = time.time() + seconds, b""
        while text not in seen and time.time() < end:
            seen += self.read(0.05)
        return text in seen, seen

    def keys(self, text):
        os.write(self.fd, text.encode())

    def end(self, seconds=10):
        """How it ended: its exit code, or -signal; None when it did not."""
        for _ in range(seconds * 50):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.read(0.01)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?[34][0-9](?:[;m])")
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"

# --- where it cannot draw
small = Service(3, ["alice", "bob"])
for env in ({}, {"TERM": "dumb"}, {"TERM": ""}, {"TERM": "no-such-terminal"}):
    t = Terminal(small, **env) if env else None
    if t:
        code, said = t.end(), t.out
    else:
        done = subprocess.run([PROGRAM, "top", "--runtime", small.dir], stdin=subprocess.DEVNULL, capture_output=True)
        code, said = done.returncode, done.stderr
    wants(f"no screen with {env or 'a pipe'}: an error that names pptpban list", code == 1 and b"pptpban list" in said and b"\x1b" not in said, said)

# --- colours
for env, colours in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "vt100"}, False)):
    t = Terminal(Service(3, ["alice"]), **env)
    there, seen = t.until(b"LATEST BANS")
    seen += t.read(0.3)
    t.keys("q")
    code = t.end()
    wants(f"{'colours' if colours else 'no colours'} with {env}", there and bool(COLOUR.search(seen)) == colours, seen)
    wants("q ends it well and gives the screen back", code == 0 and (env.get("TERM") == "vt100" or t.out.count(LEFT) == 1), (code, t.out[-200:]))

# --- hostile texts, on every screen
s = Service(3, TEXTS)
t = Terminal(s, NO_COLOR="1")
t.until(b"LATEST BANS")
t.keys("3")
t.read(0.3)
for _ in range(len(TEXTS) // 15 + 2):
    t.keys("\x1b[6~")
    t.read(0.05)
t.keys("w")
t.until(b"WHY")
for _ in range(60):
    t.keys(" ")
    t.read(0.05)
t.keys("q")
t.keys("uy")
t.read(0.5)
t.keys("q")
code = t.end()
plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b\([B0]|\x1b[=>78M]|\x1b\[!p|[\r\n\b\t\x0e\x0f]", b"", t.out)
wants(f"{len(TEXTS)} hostile texts: it ends well", code == 0, t.out[-300:])
try:
    shown = plain.decode("utf-8")
except UnicodeDecodeError as e:
    shown = ""
    wants(f"all is UTF-8: {e}", False, plain)
steers = [c for c in shown if ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0 or c in "\u061c\ufeff" or 0x200b <= ord(c) <= 0x200f
          or 0x2028 <= ord(c) <= 0x202e or 0x2060 <= ord(c) <= 0x206f or 0x300 <= ord(c) < 0x370 or 0xe0000 <= ord(c) < 0xe1000]
wants("no character that steers a terminal", shown and not steers, steers)
wants("no colour that somebody else chose", not COLOUR.search(t.out), COLOUR.findall(t.out))
wants("the screen was entered and left once", t.out.count(ENTERED) == 1 and t.out.count(LEFT) == 1, t.out[-200:])
wants("what they wrote is shown all the same", "\\x1b[31mred" in shown and "\\xe2\\x80\\xaecod.exe" in shown, shown[-3000:])

# --- a locale without UTF-8: nothing but ASCII
t = Terminal(Service(3, TEXTS[:40] + ["Ã¤"]), LC_ALL="C")
t.until(b"LATEST BANS")
t.keys("3")
t.read(0.5)
t.keys("q")
code = t.end()
wants("ASCII alone in a locale without UTF-8", code == 0 and max(t.out) < 0x80, t.out)

# --- signals
for what, number in (("SIGTERM", signal.SIGTERM), ("SIGHUP", signal.SIGHUP), ("SIGQUIT", signal.SIGQUIT)):
    t = Terminal(small)
    t.until(b"LATEST BANS")
    os.kill(t.pid, number)
    code = t.end()
    wants(f"{what} ends it and gives the screen back", code == -number and t.out.count(LEFT) == 1, (code, t.out[-200:]))
t = Terminal(small)
t.until(b"LATEST BANS")
t.keys("\x03")
wants("Ctrl-C ends it well", t.end() == 0)
t = Terminal(small)
t.until(b"LATEST BANS")
os.close(t.fd)  # the connection of ssh is gone
gone = None
for _ in range(500):
    pid, status = os.waitpid(t.pid, os.WNOHANG)
    if pid:
        gone = status
        break
    time.sleep(0.02)
wants("it ends when its terminal is gone", gone is not None)

# --- a service that does not answer
t = Terminal(small)
t.until(b"LATEST BANS")
small.stop.add("status")
there, seen = t.until(b"service does not answer", 10)
wants("silence is said", there, seen)
t.keys("?")
there, seen = t.until(b"Near a ban are", 5)  # it stays silent all the while
wants("keys work meanwhile", there, seen)
t.keys("x2")
there, seen = t.until(b"newest first", 5)
wants("and what was known is there", there, seen)
small.stop.clear()
t.read(0.2)
time.sleep(1)
t.read(0.2)
t.resize(100, 30)
there, seen = t.until(b"203.0.0.2", 5)
wants("another size is drawn anew, and the silence is over", there and b"does not answer" not in seen, seen)
t.keys("q")
t.end()

# --- a hundred thousand
many = Service(100000, ["alice"])
t = Terminal(many, TERM="vt220")  # which cannot repeat a character
there, _ = t.until(b"100000", 60)
t.keys("2")
there = there and t.until(b"100000 banned", 20)[0]
t.keys("/203.0.7.\r")
wants("a hundred thousand bans are listed and filtered", there and t.until(b'first, only "203.0.7."', 20)[0], t.out[-2000:])
status = open(f"/proc/{t.pid}/status").read()
peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1])
time.sleep(3)
wants(f"in {peak} KiB", peak < 48 * 1024 or "ASAN_OPTIONS" in os.environ)
wants("which are asked for once, while nothing changes", many.asked.count("list") == 1, many.asked)
t.keys("q")
t.end()

# --- a screen as a picture
made = subprocess.run([sys.executable, f"{SRC}/tools/terminal-svg", "--title", "<b>&"], capture_output=True, text=True,
                      input="\x1b[1;31mred <script>\x1b[0m &amp; \"'\x07\n\x1b[7m\u6f22\u5b57\x1b[27m \u2581\u2588\n").stdout
picture = xml.etree.ElementTree.fromstring(made)
words = [e.text for e in picture.iter() if e.tag.endswith("text")]
wants("a picture has the words of the screen, and nothing else that acts", words == ["<b>&", "red <script>", "&amp; \"'", "\u6f22\u5b57"]
      and {e.tag.split("}")[1] for e in picture.iter()} <= {"svg", "title", "rect", "circle", "text"}, made)
wants("and its colours", 'fill="#ff6b6b" font-weight="bold"' in made, made)
for name in ("demo", "top"):
    xml.etree.ElementTree.parse(f"{SRC}/docs/{name}.svg")
    wants(f"docs/{name}.svg needs nothing from elsewhere", not re.search("href|url\\(|@import|<script", open(f"{SRC}/docs/{name}.svg").read()))

print(f"{len(failures)} failures")
sys.exit(bool(failures))
