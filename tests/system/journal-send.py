#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Sends numbered messages "line N" to journald by its own protocol.
#   journal-send.py FIRST COUNT FIELD=VALUE...    each as given; pid of this process
#   HOLD=1: stays until it is killed, so that journald can look who it was.
import os, signal, socket, sys

first, count = int(sys.argv[1]), int(sys.argv[2])
fields = "".join(f + "\n" for f in sys.argv[3:])
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("/run/systemd/journal/socket")
for n in range(first, first + count):
    s.send(("MESSAGE=line %d\n%s" % (n, fields)).encode())
if os.environ.get("HOLD"):
    signal.pause()
