#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Holds a guard as src/enforce/hold.h says: hold.py SOCKET SECONDS [USER]. Prints "held" or "refused", and "over" when the guard
# ends it.
import os
import socket
import sys

s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(2)
if len(sys.argv) > 3:
    os.setgroups([])
    os.setuid(int(sys.argv[3]))
try:
    s.connect(sys.argv[1])
    held = s.recv(1) == b"\0"
except (PermissionError, FileNotFoundError, ConnectionError, TimeoutError):
    held = False
print("held" if held else "refused", flush=True)
if held:
    s.settimeout(float(sys.argv[2]))
    try:
        if s.recv(1) == b"":
            print("over", flush=True)
    except TimeoutError:
        pass
