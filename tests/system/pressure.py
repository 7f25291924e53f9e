#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# What presses on the service.
#   pressure.py write FILE LINES ADDRESSES FIRST [ROTATE]   LINES lines of refused logins at full speed, 8 a login, from
#                                    ADDRESSES addresses in turn from 10.FIRST.0.0 on; renamed to FILE.1 after ROTATE lines
#   pressure.py client SOCKET KIND   knock: connects, half: sends half a request, list: asks for the list and reads nothing,
#                                    as many as the socket takes; storm: connects and hangs up; hammer: asks for the status
#                                    again and again. Says "up", goes on until it is killed
#   pressure.py look SOCKET COUNT    asks for the status so often on one connection; "BYTES SECONDS FIRST" that the first source
#                                    was behind at most, and in the first answer
#   pressure.py latency FILE LOG COUNT FIRST    one login after the other that bans 11.FIRST.x.y: "COUNT MEDIAN P99 MAX" in
#                                    milliseconds from the write of the line to the message of the ban; "lost" after 10 s
import json
import os
import socket
import sys
import time
from datetime import datetime, timezone

LOGIN = """{0} host pptpd[{1}]: CTRL: Client {3} control connection started
{0} host pptpd[{1}]: CTRL: Starting call (launching pppd, opening GRE)
{0} host pppd[{2}]: Plugin /usr/lib/pptpd/pptpd-logwtmp.so loaded.
{0} host pppd[{2}]: pppd 2.4.9 started by root, uid 0
{0} host pppd[{2}]: Peer alice failed CHAP authentication
{0} host pptpd[{1}]: CTRL: Reaping child PPP[{2}]
{0} host pppd[{2}]: Exit.
{0} host pptpd[{1}]: CTRL: Client {3} control connection finished
"""
CLIENTS = 1500


def stamp():
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def login(i, address):
    control = 1000 + 2 * (i % 14000)
    return LOGIN.format(stamp(), control, control + 1, address)


def address(network, first, i):
    return f"{network}.{first}.{i // 250 % 250}.{i % 250 + 1}"


def write(path, lines, addresses, first, rotate=0):
    out, written = open(path, "a"), 0
    for i in range(lines // 8):
        out.write(login(i, address(10, first, i % addresses)))
        written += 8
        if written == rotate:
            out.close()
            os.rename(path, path + ".1")
            out = open(path, "a")
            os.chmod(path, 0o644)
    out.close()


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    s.connect(path)
    return s


def client(path, kind):
    first = {"knock": b"", "half": b'{"verb":"sta', "list": b'{"verb":"list"}\n{"verb":"list"}\n', "hammer": b'{"verb":"status"}\n'}
    held = []
    print("up", flush=True)
    while True:
        try:
            s = connect(path)
        except BlockingIOError:  # its queue is full
            time.sleep(0.05)
            continue
        except OSError:
            time.sleep(0.01)
            continue
        if kind == "storm":
            s.close()
            continue
        if first[kind]:
            try:
                s.send(first[kind])
            except OSError:
                continue
        if kind == "hammer":
            s.settimeout(5)
            try:
                while s.recv(65536)[-1:] != b"\n":
                    pass
            except OSError:
                pass
            s.close()
            continue
        held.append(s)
        if len(held) > CLIENTS:
            held.pop(0).close()


def look(path, count):
    most, longest, first = 0, 0.0, None
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        answers = s.makefile("r")
        for _ in range(count):
            s.send(b'{"verb":"status"}\n')
            source = json.loads(answers.readline())["sources"][0]
            most, longest = max(most, source["behind"]), max(longest, source["behind_seconds"])
            first = source["behind"] if first is None else first
    print(most, longest, first)


def latency(path, log, count, first):
    told, took = open(log, errors="replace"), []
    told.seek(0, os.SEEK_END)
    rest = ""
    with open(path, "a") as out:
        for i in range(count):
            who = address(11, first, i)
            for attempt in range(3):
                text = login(3 * i + attempt, who)
                began = time.monotonic()
                out.write(text)
                out.flush()
            wanted = f" ban {who} "
            while wanted not in rest:
                if time.monotonic() - began > 10:
                    print("lost", who)
                    sys.exit(1)
                more = told.read()
                rest = rest[-200:] + more
                if not more:
                    time.sleep(0.0002)
            took.append((time.monotonic() - began) * 1000)
            rest = ""
    took.sort()
    print(count, *(f"{took[int(p * (count - 1))]:.1f}" for p in (0.5, 0.99, 1)))


if sys.argv[1] == "write":
    write(sys.argv[2], *map(int, sys.argv[3:]))
elif sys.argv[1] == "client":
    client(*sys.argv[2:4])
elif sys.argv[1] == "look":
    look(sys.argv[2], int(sys.argv[3]))
else:
    latency(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
