#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
# Stands in for pppd where the kernel has no PPP: keeps pptpd's pty busy. Each PPP frame that comes (RFC 1662) is noted in
# the file "frames" beside the program and goes back with "echo:" before it. To be installed under the name pppd.
import os
import select
import signal
import sys
import termios
import tty

FLAG, ESCAPE = 0x7E, 0x7D


def checksum(data):
    fcs = 0xFFFF
    for byte in data:
        fcs ^= byte
        for _ in range(8):
            fcs = fcs >> 1 ^ (0x8408 if fcs & 1 else 0)
    return fcs


def framed(payload):
    fcs = checksum(payload) ^ 0xFFFF
    out = bytearray([FLAG])
    for byte in payload + bytes([fcs & 255, fcs >> 8]):
        out += bytes([ESCAPE, byte ^ 0x20]) if byte < 0x20 or byte in (FLAG, ESCAPE) else bytes([byte])
    return bytes(out) + bytes([FLAG])


def unframed(data):
    """The whole frames in data, and what is left of it."""
    *frames, rest = data.split(bytes([FLAG]))
    found = []
    for frame in frames:
        plain, escaped = bytearray(), False
        for byte in frame:
            if escaped or byte != ESCAPE:
                plain.append(byte ^ 0x20 if escaped else byte)
            escaped = byte == ESCAPE and not escaped
        if len(plain) > 2 and checksum(plain) == 0xF0B8:
            found.append(bytes(plain[:-2]))
    return found, rest


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
tty.setraw(0, termios.TCSANOW)
log = os.open(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "frames"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
os.write(0, framed(b"hello"))  # pptpd looks at no GRE before its pppd has said something
rest = b""
while True:
    select.select([0], [], [])
    try:
        more = os.read(0, 4096)
    except OSError:
        break
    if not more:
        break
    frames, rest = unframed(rest + more)
    for frame in frames:
        os.write(log, frame.hex().encode() + b"\n")
        os.write(0, framed(b"echo:" + frame))
