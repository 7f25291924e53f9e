#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Asks the control socket as several users, politely and not. Prints checks: WHAT <tab> WANTED <tab> GOT.
#   privilege-control.py verbs|crowd|greedy|junk SOCKET WATCHER-PID
import json
import os
import random
import socket
import sys
import time

PATH, WATCHER = sys.argv[2], int(sys.argv[3])
USERS = {"root": (0, 0, []), "the service's own user": (64901, 64901, []), "a member of the group": (64903, 64903, [64901]),
         "another member": (64905, 64905, [64901]), "a stranger": (64904, 64904, [])}


def check(what, wanted, got):
    print("%s\t%s\t%s" % (what, wanted, got), flush=True)


def as_user(name, work):
    """What work() returns in a process of that user."""
    out, into = os.pipe()
    if os.fork() == 0:
        uid, gid, groups = USERS[name]
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        try:
            result = work()
        except OSError as e:
            result = "%s" % e.strerror
        os.write(into, json.dumps(result).encode())
        os._exit(0)
    os.close(into)
    result = os.fdopen(out).read()
    os.wait()
    return json.loads(result) if result else "nothing"


def connect(timeout=5):
    s = socket.socket(socket.AF_UNIX)
    s.connect(PATH) # waits for its turn
    s.settimeout(timeout)
    return s


def ask(s, **request):
    """One question, the whole answer's last line but for lists."""
    s.sendall(json.dumps(request).encode() + b"\n")
    data = b""
    while not data.endswith(b"\n"):
        more = s.recv(65536)
        if not more:
            return "hung up"
        data += more
    first = json.loads(data.split(b"\n")[0])
    return "ok" if first["ok"] else "refused" if "only root" in first["error"] or "may not ask" in first["error"] else first["error"]


def verbs():
    requests = {"list": dict(verb="list"), "status": dict(verb="status"), "why": dict(verb="why", net="203.0.113.9"),
                "ban": dict(verb="ban", net="203.0.113.9"), "unban": dict(verb="unban", net="203.0.113.9"),
                "unban --all": dict(verb="unban", all=True), "take a ban over": dict(verb="ban", net="203.0.113.10", reason="elsewhere"),
                "reload": dict(verb="reload")}
    for name in USERS:
        for what, request in requests.items():
            allowed = "Permission denied" if name == "a stranger" else \
                "refused" if "member" in name and what in ("take a ban over", "reload") else "ok"
            check("%s: %s" % (name, what), allowed, as_user(name, lambda: ask(connect(70), **request)))
            if what == "reload":
                time.sleep(0.3)
    # who is root in a user namespace of his own is who he was
    check("a stranger who is root in a namespace of his own", "Permission denied", as_user("a stranger", lambda: in_namespace(dict(verb="list"))))
    check("a member who is root in a namespace of his own: reload", "refused",
          as_user("a member of the group", lambda: in_namespace(dict(verb="reload"))))
    # what an open connection may is settled when it is made
    check("a connection of root, used by a stranger", "ok", handed_on("root", "a stranger"))
    check("a connection of a member, used by root: reload", "refused", handed_on("a member of the group", "root"))


def in_namespace(request):
    import ctypes
    if ctypes.CDLL(None).unshare(0x10000000) != 0:
        return "no namespace"
    return ask(connect(), **request)


def handed_on(of, to):
    ours, theirs = socket.socketpair()
    as_user(of, lambda: [s := connect(), socket.send_fds(theirs, [b"x"], [s.fileno()])] and None)
    s = socket.socket(fileno=socket.recv_fds(ours, 1, 1)[1][0])
    s.settimeout(5)
    return as_user(to, lambda: ask(s, verb="reload" if to == "root" else "list"))


def memory():
    return sum(int(line.split()[1]) for line in open("/proc/%d/smaps_rollup" % WATCHER) if line.startswith("Private_Dirty"))


def timed(work):
    began = time.monotonic()
    result = work()
    return result, time.monotonic() - began


def crowd():
    """A thousand connections of one member; another member and root want something all the while."""
    patient = hand_over_connection("another member")
    check("another member, first of all", "ok", ask(patient, verb="status"))
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        os.setgroups([64901])
        os.setresgid(64903, 64903, 64903)
        os.setresuid(64903, 64903, 64903)
        held = [connect() for _ in range(1000)]
        theirs.send(b"x")
        time.sleep(20)
        os._exit(0)
    ours.settimeout(20)
    check("a thousand connections of one member are taken", b"x", ours.recv(1))
    root, took = timed(lambda: as_user("root", lambda: status()))
    check("root is answered within a second", True, took < 1 and isinstance(root, dict))
    check("at most eight of them are kept", True, root["clients"]["now"] <= 8 + 3)
    check("the others are counted", True, root["clients"]["dropped"] >= 900)
    result, took = timed(lambda: as_user("a member of the group", lambda: ask(connect(), verb="list")))
    check("a new one of the same member is answered", "ok", result)
    check("the other member's, silent since before, is still there", "ok", ask(patient, verb="list"))
    check("strangers do not get so far", "Permission denied", as_user("a stranger", lambda: ask(connect(), verb="list")))
    os.kill(pid, 9)
    os.wait()


def hand_over_connection(of):
    ours, theirs = socket.socketpair()
    as_user(of, lambda: [s := connect(), socket.send_fds(theirs, [b"x"], [s.fileno()])] and None)
    s = socket.socket(fileno=socket.recv_fds(ours, 1, 1)[1][0])
    s.settimeout(5)
    return s


def status():
    s = connect()
    s.sendall(b'{"verb":"status"}\n')
    data = b""
    while not data.endswith(b"\n"):
        data += s.recv(65536)
    return json.loads(data)


def greedy():
    """Questions without end, and no answer taken."""
    before = memory()
    crowd = [hand_over_connection("a member of the group") for _ in range(8)]
    line = b'{"verb":"status"}\n' * 500
    for s in crowd:
        s.setblocking(False)
    sent, end = 0, time.monotonic() + 3
    while time.monotonic() < end:
        for s in crowd:
            try:
                sent += s.send(line)
            except BlockingIOError:
                pass
        time.sleep(0.01)
    grown = memory() - before
    check("questions without end and no answer taken: less than 4 MiB (%d KiB of questions were taken)" % (sent // 1024), True, grown < 4096)
    root, took = timed(lambda: as_user("root", lambda: ask(connect(), verb="status")))
    check("root is answered meanwhile, within a second", ("ok", True), (root, took < 1))
    for s in crowd:
        s.close()


def junk():
    random.seed(7)
    kinds = [lambda: os.urandom(random.randrange(1, 5000)), lambda: b"\n" * 4000, lambda: b"{" * 4000 + b"\n", lambda: b'["a"]\n',
             lambda: b'{"verb":"ban","net":"0.0.0.0/0"}\n', lambda: b'{"verb":"ban","net":"' + b"1" * 3000 + b'"}\n',
             lambda: b'{"verb":"ban","net":"203.0.113.7","jail":"x\\u0000y"}\n', lambda: b'{"verb":"list","verb":"reload"}\n',
             lambda: b'{"verb":"ban","net":"203.0.113.7","for":1e400}\n', lambda: b'{"verb":"ban","net":"203.0.113.7","for":-1}\n',
             lambda: b'{"verb":"ban","net":"203.0.113.7","reason":"\\u001b[2J"}\n', lambda: b'{"verb":"unban","net":"::/0"}\n',
             lambda: b'{"verb":"status"' , lambda: "{\"verb\":\"why\",\"net\":\"\u202e1.2.3.4\"}\n".encode()]

    def pour():
        for i in range(3000):
            try:
                s = connect()
                text = kinds[i % len(kinds)]()
                s.sendall(text)
                if i % 3 == 0 and text.endswith(b"\n"):
                    s.recv(10)
                s.close()
            except OSError:
                pass
        return "done"

    check("3000 connections with junk", "done", as_user("a member of the group", pour))
    check("the same watcher answers afterwards", WATCHER, as_user("root", status)["pid"])
    check("and has banned nobody", 0, as_user("root", status)["bans"])


{"verbs": verbs, "crowd": crowd, "greedy": greedy, "junk": junk}[sys.argv[1]]()
