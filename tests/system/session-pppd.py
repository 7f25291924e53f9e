#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
# Stands in for pppd where the kernel has no PPP: lets everybody in. Has a tun interface under the name of a ppp one, and
# logs what pppd does into the file "log" beside it, as the account that the file "accounts" there names for the calling
# address ("ADDRESS ACCOUNT", one a line; behind it "bare": without an interface). Reads 1000 bytes from each who is let
# in. To be installed under the name pppd.
import datetime
import fcntl
import os
import signal
import struct
import subprocess
import sys

here = os.path.dirname(os.path.abspath(sys.argv[0]))
outer = sys.argv[sys.argv.index("remotenumber") + 1]
local, inner = next(word for word in sys.argv if word.count(":") == 1).split(":")
with open(f"{here}/accounts", encoding="ascii") as f:
    account, *flags = next(line.split()[1:] for line in f if line.split()[0] == outer)


def log(*texts):
    with open(f"{here}/log", "a", encoding="ascii") as f:
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds")
        f.write("".join(f"{now} {os.uname().nodename} pppd[{os.getpid()}]: {text}\n" for text in texts))


def leave(*_):
    log("Terminating on signal 15", "Exit.")
    os._exit(0)


def interface():
    """A new one, whose other end is the client."""
    tun = os.open("/dev/net/tun", os.O_RDWR)
    name = fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH14x", b"ppp%d", 0x1001))[:16].rstrip(b"\0").decode()
    subprocess.run(["/sbin/ip", "address", "add", local, "peer", inner, "dev", name], check=True)
    subprocess.run(["/sbin/ip", "link", "set", name, "up"], check=True)
    return tun, name


signal.signal(signal.SIGTERM, leave)
log("pppd 2.4.9 started by root, uid 0")
if "bare" not in flags:
    tun, name = interface()
    log(f"Using interface {name}", f"Connect: {name} <--> /dev/pts/1")
log(f"peer from calling number {outer} authorized", f"Peer {account} authenticated with CHAP",
    f"local  IP address {local}", f"remote IP address {inner}")
if "bare" not in flags:
    packet = bytes([0x45, 0, 0, 100]) + bytes(96)
    for _ in range(10):
        os.write(tun, packet)
os.write(0, b"\x7e\xff\x03\xc0\x21\x7e")  # pptpd looks at no GRE before its pppd has said something
while True:
    try:
        if not os.read(0, 4096):
            break
    except OSError:
        break
leave()
