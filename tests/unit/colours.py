# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs every verb of pptpban's table in a pseudo-terminal and into a pipe, with a made-up service that has something to
colour, and holds what comes to the rule: colours on a terminal unless NO_COLOR or TERM says otherwise, in --json and
--plain never, and without them the very same text. A verb that is not in the table below is a failure.

usage: colours.py PPTPBAN SRCDIR"""
import json
import os
import pty
import re
import socket
import subprocess
import sys
import tempfile
import threading

PROGRAM, SRC = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
T = tempfile.TemporaryDirectory(prefix="pptpban-colours-")
SINCE = 1795374878 - 400 * 86400  # "for 400d", whatever second it is

STATUS = {
    "ok": True, "version": 1, "program": "0", "pid": 1, "since": SINCE, "mode": "ban", "caught_up": True, "bans": 1,
    "enforcer": {"connected": True, "backend": "ipset", "hooked": False, "entries": 1, "problem": "no room"},
    "connguard": {"running": False, "mode": "ends"}, "jails": [{"name": "pptpd", "filter": "pptpd", "problem": "no filter"}],
    "filters": [], "sources": [{"name": "/var/log/syslog", "problem": "cannot be opened"}],
    "spare": {"own": {"spared": False, "known": 0, "addresses": []}}, "engine": {"records": 1}, "state": "disk full",
    "notify": {"told": 0, "lost": 0}, "locks": {"landlock": "yes", "seccomp": "yes", "mdwe": "yes", "complete": True}}
BAN = {"addr": "192.0.2.1", "jail": "pptpd", "since": SINCE, "until": None, "count": 5}
ACCOUNT = {"account": "alice", "failures": 4, "addresses": 1, "more": False, "banned": 0, "latest": ["192.0.2.1"],
           "first": SINCE, "last": SINCE, "logins": 1, "guessed": {"time": SINCE, "addr": "192.0.2.1", "failures": 4}}
WHY = {"ok": True, "version": 1, "addr": "192.0.2.1", "ban": dict(BAN, times=1, maxretry=5, findtime=600),
       "windows": [], "uncounted": {}, "spared": None, "kernel": {"present": False, "left": None, "packets": 0, "bytes": 0},
       "evidence": [{"time": SINCE, "jail": "pptpd", "class": "auth", "origin": "link", "user": "alice", "line": "Peer"}]}
SESSION = {"account": "alice", "addr": "192.0.2.1", "origin": "link", "host": "vpn2", "here": False, "pid": 1, "begin": SINCE,
           "since": SINCE, "interface": "ppp0", "inner": "10.0.0.2"}
END = {"end": True}
ANSWERS = {"status": [STATUS], "list": [{"ok": True}, BAN, END], "users": [{"ok": True}, ACCOUNT, END],
           "sessions": [{"ok": True}, SESSION, END], "why": [WHY],
           "ban": [{"ok": True, "addr": "192.0.2.1", "jail": "manual", "until": None, "for": None}],
           "unban": [{"ok": True, "unbanned": 1}], "reload": [{"ok": True}]}


def serve(listener):
    """The service's answers, one client after the other."""
    while True:
        peer, _ = listener.accept()
        with peer, peer.makefile("rw") as f:
            try:
                for line in f:
                    f.write("".join(json.dumps(a) + "\n" for a in ANSWERS[json.loads(line)["verb"]]))
                    f.flush()
            except OSError:
                pass


def path(name, text=None):
    name = os.path.join(T.name, name)
    if text is not None:
        with open(name, "w") as f:
            f.write(text)
    return name


LINE = "Nov 22 18:55:40 lab pppd[843]: Peer alice failed CHAP authentication\n"
LOG = path("log", "".join(LINE.replace("40", str(s)) for s in range(40, 50)))
CONF = path("conf", f"[pptpban]\nfilter_dirs = {SRC}/filters\nruntime_dir = {T.name}\n[pptpd]\nenabled = yes\nsource = {LOG}\n")
ROOT = path("root")
os.mkdir(ROOT)
FAIL2BAN = f"{SRC}/tests/import/web/"
C, ASK = ["--config", CONF], ["--runtime", T.name]
FORMS = ("--json", "--plain", "--jsonl")

# Of each verb: (arguments, whether a terminal gets colours). Those that would change this machine are asked for their help
# and told something wrong only; that is all that others get besides.
RUNS = {
    "list": [(ASK, True), (ASK + ["--json"], False), (ASK + ["--plain"], False)],
    "unban": [(ASK + ["192.0.2.1"], False)],
    "ban": [(ASK + ["192.0.2.1"], False)],
    "top": [(ASK, False)],  # standard input is no terminal; tests/unit/top.py has what is drawn
    "status": [(ASK, True), (ASK + ["--json"], False)],
    "why": [(ASK + ["192.0.2.1"], True), (ASK + ["192.0.2.1", "--json"], False)],
    "action": [(["list", "--actions", f"{SRC}/actions"], False)],
    "metrics": [(ASK, False)],
    "users": [(ASK, True), (ASK + ["--json"], False), (ASK + ["--plain"], False)],
    "stats": [(C + ASK, True), (C + ASK + ["--json"], False)],
    "sessions": [(ASK, True), (ASK + ["--json"], False), (ASK + ["--plain"], False)],
    "kick": [(ASK + ["alice"], False)],
    "reload": [(ASK, False)],
    "replay": [(C + [LOG], False), (C + ["--jsonl", LOG], False)],
    "report": [(C + ["--json", LOG], False), (C + ["--html", "-", LOG], False)],
    "simulate": [(C + ["--against", CONF, LOG], False), (C + ["--against", CONF, "--json", LOG], False)],
    "test": [([LOG, "Peer <F-USER>.*</F-USER> failed on <ADDR>"] + C, True),
             ([LOG, "Peer <F-USER>.*</F-USER> failed on <ADDR>", "--json"] + C, False),
             ([LOG, "x <ADDR>", "--color", "never"] + C, False)],
    "check": [(C, False)],
    "audit": [(C + ["--root", ROOT], True), (C + ["--root", ROOT, "--json"], False)],
    "doctor": [(C + ASK + ["--root", ROOT], True), (C + ASK + ["--root", ROOT, "--json"], False)],
    "compile-limits": [], "unhook": [],
    "import-fail2ban": [([FAIL2BAN, *C], False), ([FAIL2BAN, *C, "--report"], True), ([FAIL2BAN, *C, "--json"], False)],
    "help": [([], False), (["list"], False)], "version": [([], False)],
    "firewall plan": [], "firewall check": [], "firewall apply": [], "firewall confirm": [], "firewall rollback": [],
    "firewall status": [], "firewall override": [], "firewall restore": [], "firewall refresh": [], "firewall remove": [],
    "firewall show": [(C, False)], "firewall countries": [],
}

ENV = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM", "JOURNAL_STREAM")}
ENV.update(LC_ALL="C.UTF-8", TZ="UTC")
XTERM = {"TERM": "xterm-256color"}


def in_pipe(words, env):
    return subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**ENV, **env}).stdout


def in_terminal(words, env):
    master, slave = pty.openpty()
    child = subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env={**ENV, **env})
    os.close(slave)
    out = b""
    while True:
        try:
            got = os.read(master, 65536)
        except OSError:
            break
        if not got:
            break
        out += got
    child.wait()
    os.close(master)
    return out.replace(b"\r\n", b"\n")


def bare(text):
    """What does not change from one run to the next: no colours, no seconds that a run took."""
    return re.sub(rb"[0-9.]+", b"0", re.sub(rb"\x1b\[[0-9;]*m", b"", text))


failures = []


def wants(what, good, text=b""):
    if not good:
        failures.append(what)
        print(f"{what}\n{text[:2000].decode(errors='replace')}")


def judge(words, coloured):
    name = "pptpban " + " ".join(words)
    piped, there = in_pipe(words, XTERM), in_terminal(words, XTERM)
    wants(f"{name}: escape sequences in a pipe", b"\x1b" not in piped, piped)
    wants(f"{name}: it prints nothing", piped, piped)
    wants(f"{name}: {'no colours' if coloured else 'escape sequences'} on a terminal", (b"\x1b[" in there) == coloured, there)
    if set(words) & set(FORMS):
        wants(f"{name}: a terminal gets other bytes than a pipe", bare(there) == bare(piped), there)
    if not coloured:
        return
    wants(f"{name}: more than colours differs from the text in a pipe", bare(there) == bare(piped), there + piped)
    for env, none in (({**XTERM, "NO_COLOR": "1"}, True), ({"TERM": "dumb"}, True), ({}, True), ({**XTERM, "NO_COLOR": ""}, False)):
        out = in_terminal(words, env)
        wants(f"{name}: wrong colours with {env}", (b"\x1b" not in out) == none, out)


def verbs_of(*words):
    return re.findall(r"^  ([a-z][a-z0-9-]*) ", in_pipe(words, {}).decode(), re.M)


listener = socket.socket(socket.AF_UNIX)
listener.bind(path("control.sock"))
listener.listen(8)
threading.Thread(target=serve, args=(listener,), daemon=True).start()

known = [v for v in verbs_of("help") if v != "firewall"] + ["firewall " + v for v in verbs_of("firewall", "--help")]
wants(f"no verbs in: {known}", "list" in known and "firewall plan" in known)
wants(f"verbs without a row here, or rows without a verb: {set(known) ^ set(RUNS)}", set(known) == set(RUNS))
for verb in known:
    words = verb.split()
    judge([*words, "--help"], False)
    if verb not in ("help", "version"):
        judge([*words, "--wrong"], False)
    for arguments, coloured in RUNS.get(verb, ()):
        judge([*words, *arguments], coloured)
        if "--json" in arguments:
            out = in_terminal([*words, *arguments], XTERM)
            try:
                last = json.loads(out.strip().split(b"\n")[-1])
            except ValueError:
                last = None
            wants(f"pptpban {verb} --json: no object with a version", isinstance(last, dict) and "version" in last, out)
print(f"{len(known)} verbs, {len(failures)} failures")
sys.exit(bool(failures))
