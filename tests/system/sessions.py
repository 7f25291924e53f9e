#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Clients of a real pptpd that stay: sessions.py NAMESPACE SERVER LOG ADDRESS... calls from each address, each when LOG has let
# the one before in, prints "ready", and hangs up at the end of standard input. From the last address GRE is sent as well: five packets.
import sys
import time

from fw_net import GRE, Call, Namespace, gre

outside, server, log = Namespace(sys.argv[1]), sys.argv[2], sys.argv[3]
calls = []
for address in sys.argv[4:]:
    calls.append(Call(outside, address, server, patience=5))
    for _ in range(100):
        with open(log, encoding="ascii") as f:
            if f.read().count("remote IP address") == len(calls):
                break
        time.sleep(0.05)
if calls:
    tunnel = outside.socket(GRE, calls[-1].source)
    for number in range(5):
        tunnel.sendto(gre(calls[-1].theirs, number, bytes(100)), (server, 0))
print("ready", flush=True)
sys.stdin.read()
