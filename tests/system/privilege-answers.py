# SPDX-License-Identifier: GPL-2.0-or-later
# Stands at the control socket in the place of a watcher that is somebody else's by now, and answers with ill will.
#   privilege-answers.py DIRECTORY KIND
import json
import os
import socket
import sys

ESCAPE = "\x1b[2J\x1b]0;owned\x07\r\nroot\u202e\u009b31m"
STATUS = {
    "ok": True, "version": 1, "program": "x", "pid": 1, "since": 1, "mode": "ban", "caught_up": True, "bans": 1, "state": "s",
    "enforcer": {"connected": True, "backend": "ipset", "hooked": True, "entries": 1, "bans": 1, "unbans": 1, "refused": 0, "failed": 0,
                 "repairs": 1, "put_off": 0, "ruleset_lost": 0, "hook_missing": 0.5, "last_culprit": "a", "problem": "p",
                 "last_repair": {"time": 1, "what": "hook", "culprit": "c", "missing": 1.0}},
    "connguard": {"running": True, "mode": "ends", "timeout": 1.0, "unfinished": 0, "ended": 0, "told": 0, "unsaid": 0, "problem": "p"},
    "jails": [{"name": "j", "filter": "f", "maxretry": 3, "findtime": 1, "bantime": 1, "observe": False, "problem": "p"}],
    "filters": [{"filter": "f", "source": "file", "texts": 1, "sees_every_line": "x", "interpreted": 0, "limit_hits": 0}],
    "sources": [{"name": "n", "lines": 1, "records": 1, "bytes": 1, "truncated": 0, "behind": 0, "last": 0, "problem": "p"}],
    "engine": {"records": 1}, "locks": {"landlock": "l", "seccomp": "s", "mdwe": "m", "complete": True}}
BAN = {"addr": "192.0.2.1", "jail": "j", "since": 1, "until": 1 << 62, "count": 3, "times": 1, "maxretry": 3, "findtime": 600}
WHY = {"ok": True, "version": 1, "addr": "a", "ban": BAN, "windows": [dict(BAN, ignored=False, oldest=1)], "uncounted": {ESCAPE: 1},
       "evidence": [{"time": 1, "jail": "j", "class": "c", "origin": "o", "user": "u", "line": "l"}], "kernel": {"error": "e"}}


def changed(v, by):
    if isinstance(v, dict):
        return {k: changed(x, by) for k, x in v.items()}
    return [changed(x, by) for x in v] if isinstance(v, list) else v if isinstance(v, bool) else by(v)


def escapes(v):
    return ESCAPE if isinstance(v, str) else v


def other_types(v):
    return 7 if isinstance(v, str) else [] if v == 3 else {} if v == 1 else "x"


def lines(*objects):
    return b"".join(json.dumps(o).encode() + b"\n" for o in objects)


ANSWERS = {
    "list-escapes": lambda: lines({"ok": True}, changed(BAN, escapes), {"end": True}),
    "users-escapes": lambda: lines({"ok": True}, {"account": ESCAPE, "guessed": {"addr": ESCAPE}}, {"end": True}),
    "users-types": lambda: lines({"ok": True}, {"account": 1, "guessed": {}}, {"account": []}, {"end": True}),
    "users-less": lambda: lines({"ok": True}, {"account": "a", "guessed": {"addr": 1}}, {"end": True}),
    "list-types": lambda: lines({"ok": True}, changed(BAN, other_types), {}, {"addr": None, "jail": []}, {"end": True}),
    "status-escapes": lambda: lines(changed(STATUS, escapes)), "status-types": lambda: lines(changed(STATUS, other_types)),
    "why-escapes": lambda: lines(changed(WHY, escapes)), "why-types": lambda: lines(changed(WHY, other_types)),
    "error": lambda: lines({"ok": False, "exit": 77777, "error": ESCAPE}), "nothing": lambda: lines({"ok": True}), "empty": lambda: b"\n",
    "deep": lambda: b"[" * 100000 + b"\n", "deep-objects": lambda: b'{"a":' * 2000 + b"1" + b"}" * 2000 + b"\n", "zero": lambda: b'{"ok":true,"\0":1}\n',
    "junk": lambda: os.urandom(5000) + b"\n", "number": lambda: b'{"ok":true,"since":1e999,"pid":99999999999999999999}\n', "silence": lambda: b"",
    "endless": None}

if sys.argv[1] == "kinds":
    print("\n".join(ANSWERS))
    sys.exit()
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + "/control.sock")
s.listen(5)
while True:
    c = s.accept()[0]
    try:
        c.recv(4096)
        if ANSWERS[sys.argv[2]]:
            c.sendall(ANSWERS[sys.argv[2]]())
        else:
            for _ in range(10000):
                c.sendall(b"x" * 100000)
    except OSError:
        pass
    c.close()
