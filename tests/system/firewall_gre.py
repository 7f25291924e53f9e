#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# GRE through the base ruleset to and from a real pptpd: a client that calls, and sends and gets PPP frames.
# firewall_gre.py BACKEND DIRECTORY OUTSIDE SERVER. DIRECTORY holds "pppd", which answers each frame.
import os
import random
import select
import subprocess
import sys
import time

from fw_backend import BUILD, backend_of
from fw_net import GRE, PATIENCE, Call, Namespace, control_echoes, gre, gre_passes

VPN = "11.0.0.10"
name, directory = sys.argv[1:3]
outside, server = (Namespace(n) for n in sys.argv[3:5])
backend = backend_of(name, server.name)
wrong = []
_next = iter(range(1, 250))


def fresh():
    return f"11.16.0.{next(_next)}"


def policy(**keys):
    values = {"enabled": "yes", "interface": "v0", "address": VPN, "backend": name, "spoofed": "", "reverse_path": "no", **keys}
    path = f"{directory}/policy.conf"
    with open(path, "w") as f:
        f.write(f"[pptpban]\nstate_dir = {directory}/state\nruntime_dir = {directory}/run\n[firewall]\n")
        f.writelines(f"{k} = {v}\n" for k, v in values.items())
    return path


class Tunnel(Call):
    """A call to the real pptpd, whose frames come back when GRE passes both ways."""

    def __init__(self):
        super().__init__(outside, fresh(), VPN, patience=5)
        self.sequence = 0
        self.gre = outside.socket(GRE, self.source)

    def frame(self):
        """"both ways", "in" (pppd got it, its answer did not come), or "refused"."""
        token = os.urandom(8)
        for _ in range(3):  # the first may come before pptpd has begun to listen
            self.gre.sendto(gre(self.theirs, self.sequence, token), (VPN, 0))
            self.sequence += 1
            until = time.monotonic() + PATIENCE
            while (left := until - time.monotonic()) > 0:
                if select.select([self.gre], [], [], left)[0] and b"echo:" + token in self.gre.recv(65536):
                    return "both ways"
        with open(f"{directory}/frames", encoding="ascii") as f:
            return "in" if token.hex() in f.read() else "refused"


def check(what, wanted, got):
    if wanted != got:
        wrong.append(f"{what}: {got}, wanted {wanted}")
    print(f"LINE\t{backend.name}\t{what}\t{got if wanted == got else got + '!'}")


def unsolicited(source=None):
    passed = gre_passes(outside, source or fresh(), server, VPN, random.randrange(1, 65535))
    return "passes" if passed else "refused"


def container(address):
    """Somebody's pppd in another network namespace, by its command line; until its stdin is closed."""
    os.mkdir(f"{directory}/container")
    path = f"{directory}/container/pppd"
    with open(path, "w") as f:
        f.write("#!/bin/sh\necho\nread end\n")
    os.chmod(path, 0o755)
    pppd = subprocess.Popen(["ip", "netns", "exec", outside.name, path, "remotenumber", address],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    pppd.stdout.readline()
    return pppd


def pptpban(*arguments):
    done = subprocess.run(backend.inside + [f"{BUILD}/pptpban", "firewall", *arguments], capture_output=True, text=True)
    return f"exit {done.returncode}" + (f": {done.stderr.strip()}" if done.returncode else "")


open(f"{directory}/frames", "w").close()
old = Tunnel()
check("without a ruleset: a frame to the real pptpd", "both ways", old.frame())
check("without a ruleset: GRE of nobody", "passes", unsolicited())

# Applied by pptpban itself while a tunnel is up, of which connection tracking has never seen a packet. Another is up in a
# container, which is nothing to this ruleset.
others = fresh()
pppd = container(others)
check("apply while a tunnel is up", "exit 0", pptpban("apply", "--no-confirm", "--config", policy()))
check("the tunnel that was up", "both ways", old.frame())
check("GRE of who calls a container", "refused", unsolicited(others))
pppd.communicate()
check("its control connection", "answers", "answers" if control_echoes(old.s) else "silent")
new = Tunnel()
check("a new call: a frame to pptpd and back", "both ways", new.frame())
counted = backend.packets("gre-unsolicited")
check("GRE of nobody", "refused", unsolicited())
check("GRE of nobody, as part of somebody's call", "refused",
      "passes" if gre_passes(outside, fresh(), server, VPN, new.theirs) else "refused")
check("packets counted as unsolicited", "2", str(backend.packets("gre-unsolicited") - counted))
check("the call, afterwards", "both ways", new.frame())
backend.without(["helper"])
check("a new call without the rule that assigns the helper", "refused", Tunnel().frame())
check("the call that the helper has seen already", "both ways", new.frame())
backend.without(["gre-tunnels"])
check("the tunnel that was up, without the rule of older tunnels", "refused", old.frame())
new.close()

# Without the helper: addresses whose control connection lives.
check("apply with gre = peers", "exit 0", pptpban("apply", "--no-confirm", "--config", policy(gre="peers")))
peer = Tunnel()
check("gre = peers: a frame to pptpd and back", "both ways", peer.frame())
check("gre = peers: GRE of nobody", "refused", unsolicited())
check("gre = peers: the tunnel from before the ruleset", "both ways", old.frame())
backend.without(["control-alive"])
check("gre = peers: a new call, without the rule that notes its address", "refused", Tunnel().frame())
peer.close()
old.close()
for text in wrong:
    print(f"BAD\t{text}")
