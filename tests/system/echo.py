#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# TCP for the system tests: `serve PORT` echoes on both families; `talk ADDR PORT FILE SOURCE` keeps one connection
# open, sends a byte every 20 ms and writes to FILE how many have come back; `try ADDR PORT [SOURCE]` connects once.
# `ping ADDR SOURCE` asks once for an ICMP echo, which the kernel there answers.
# `gre-serve` sends back all GRE (of version 0), `gre ADDR 0 FILE SOURCE` talks so. As root.
import os
import selectors
import socket
import sys
import time


def serve(port):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    chooser = selectors.DefaultSelector()
    chooser.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in chooser.select():
            if key.fileobj is listener:
                chooser.register(listener.accept()[0], selectors.EVENT_READ)
                continue
            try:
                data = key.fileobj.recv(4096)
                key.fileobj.send(data)
            except OSError:
                data = b""
            if not data:
                chooser.unregister(key.fileobj)
                key.fileobj.close()


def talk(address, port, path, source):
    back = 0
    s = socket.create_connection((address, port), timeout=5, source_address=(source, 0))
    s.settimeout(0.02)
    while True:
        try:
            s.send(b"x")
            back += len(s.recv(64))
        except TimeoutError:
            pass
        with open(path + ".new", "w") as f:
            print(back, file=f)
        os.replace(path + ".new", path)
        time.sleep(0.02)


def gre_serve():
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
    while True:
        data, peer = s.recvfrom(4096)
        s.sendto(data[(data[0] & 15) * 4:], peer)


def gre_talk(address, path, source):
    back = 0
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
    s.bind((source, 0))
    s.connect((address, 0))
    s.settimeout(0.02)
    while True:
        try:
            s.send(b"\0\0\x08\0tunnel")
            back += len(s.recv(64)) > 0
        except OSError:
            pass
        with open(path + ".new", "w") as f:
            print(back, file=f)
        os.replace(path + ".new", path)
        time.sleep(0.02)


def ping(address, source):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.bind((source, 0))
    s.connect((address, 0))
    body = b"\x12\x34\0\1"
    words = (0x0800, 0x1234, 0x0001)
    total = sum(words)
    check = ~((total & 0xffff) + (total >> 16)) & 0xffff
    s.send(b"\x08\0" + check.to_bytes(2, "big") + body)
    until = time.monotonic() + 0.6
    while (left := until - time.monotonic()) > 0:
        s.settimeout(left)
        data = s.recv(256)
        if data[(data[0] & 15) * 4] == 0 and data[(data[0] & 15) * 4 + 4:][:4] == body:
            return
    raise TimeoutError


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
elif sys.argv[1] == "gre-serve":
    gre_serve()
elif sys.argv[1] == "gre":
    gre_talk(sys.argv[2], sys.argv[4], sys.argv[5])
elif sys.argv[1] == "talk":
    talk(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5])
elif sys.argv[1] == "ping":
    try:
        ping(sys.argv[2], sys.argv[3])
    except OSError:
        sys.exit(1)
else:
    try:
        source = (sys.argv[4], 0) if len(sys.argv) > 4 else None
        socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=0.6, source_address=source).close()
    except OSError:
        sys.exit(1)
