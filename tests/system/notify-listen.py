#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# A service manager's ear: notify-listen.py SOCKET FILE appends "PID: MESSAGE" for each message to FILE, newlines as ";".
import os
import socket
import struct
import sys

s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
while True:
    message, control, _, _ = s.recvmsg(4096, 1024)
    pid = next(struct.unpack("iii", d)[0] for level, kind, d in control if kind == socket.SCM_CREDENTIALS)
    with open(sys.argv[2], "a") as out:
        print(f"{pid}: {message.decode().replace(chr(10), ';')}", file=out)
