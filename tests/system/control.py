#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# PPTP control connections (RFC 2637), honest and not.
#   control.py login SERVER SOURCE [PATIENCE]    prints the seconds until a Start-Control-Connection-Request is answered
#   control.py slow SERVER SOURCE DELAY...      sends it in as many pieces, each after its delay; "answered" or "ended"
#   control.py idle SERVER SOURCE SECONDS       is answered, then says nothing: "open" or "ended" after that time
#   control.py silent SERVER COUNT SOURCE...    connects and says nothing, from the sources in turn; says "up" when all
#                                               have connected once; comes again when ended, unless --once
#   control.py drip SERVER SOURCE INTERVAL      a byte each interval; prints after how many seconds it was ended
#   control.py serve [ADDRESS]                  answers on port 1723 as a server of many threads does
import asyncio
import socket
import struct
import sys
import time

PORT = 1723
REQUEST = struct.pack("!HHIHHHHIIHH64s64s", 156, 1, 0x1A2B3C4D, 1, 0, 0x100, 0, 3, 3, 0, 0, b"test", b"test")
REPLY_TYPE = 2


def connect(server, source=None, timeout=60):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    s = socket.socket(family)
    s.settimeout(timeout)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if source:
        s.bind((source, 0))
    s.connect((server, PORT))
    return s


def answered(s):
    data = b""
    while len(data) < 156:
        more = s.recv(156 - len(data))
        if not more:
            return False
        data += more
    return struct.unpack_from("!H", data, 8)[0] == REPLY_TYPE


# A client that is refused or reset tries again, as those who dial do; what counts is when somebody is let in.
def login(server, source, patience=60):
    began = time.monotonic()
    while time.monotonic() - began < patience:
        try:
            with connect(server, source, patience) as s:
                s.sendall(REQUEST)
                if answered(s):
                    return time.monotonic() - began
        except OSError:
            pass
        time.sleep(0.05)
    return None


def slow(server, source, delays):
    size = -(-len(REQUEST) // len(delays))
    pieces = [REQUEST[i:i + size] for i in range(0, len(REQUEST), size)]
    try:
        with connect(server, source) as s:
            for delay, piece in zip(delays, pieces):
                time.sleep(delay)
                s.sendall(piece)
            s.settimeout(5)
            return "answered" if answered(s) else "ended"
    except OSError:
        return "ended"


def idle(server, source, seconds):
    try:
        with connect(server, source) as s:
            s.sendall(REQUEST)
            if not answered(s):
                return "never answered"
            s.settimeout(seconds)
            return "ended" if s.recv(1) == b"" else "spoken to"
    except TimeoutError:
        return "open"
    except OSError:
        return "ended"


def drip(server, source, interval):
    began = time.monotonic()
    try:
        with connect(server, source) as s:
            s.settimeout(interval)
            for byte in REQUEST:
                s.sendall(bytes([byte]))
                try:
                    if s.recv(1) == b"":
                        break
                except TimeoutError:
                    pass
    except OSError:
        pass
    return time.monotonic() - began


async def silent(server, count, sources, again):
    loop = asyncio.get_running_loop()
    up = 0
    everybody = asyncio.Event()

    async def one(source):
        nonlocal up
        first = True
        while first or again:
            s = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET)
            s.setblocking(False)
            try:
                s.bind((source, 0))
                await loop.sock_connect(s, (server, PORT))
                if first:
                    up += 1
                    first = False
                    if up == count:
                        everybody.set()
                await loop.sock_recv(s, 1)
            except OSError:
                await asyncio.sleep(0.1)
            s.close()

    tasks = [asyncio.create_task(one(sources[i % len(sources)])) for i in range(count)]
    await everybody.wait()
    print("up", flush=True)
    await asyncio.gather(*tasks)


async def serve(address):
    async def one(reader, writer):
        try:
            await reader.readexactly(len(REQUEST))
            writer.write(REQUEST[:8] + struct.pack("!H", REPLY_TYPE) + REQUEST[10:])
            await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    async with await asyncio.start_server(one, address, PORT, backlog=8192) as server:
        await server.serve_forever()


def main(verb, *a):
    if verb == "login":
        took = login(a[0], a[1], *map(float, a[2:]))
        print("never" if took is None else f"{took:.2f}")
    elif verb == "slow":
        print(slow(a[0], a[1], [float(d) for d in a[2:]]))
    elif verb == "idle":
        print(idle(a[0], a[1], float(a[2])))
    elif verb == "drip":
        print(f"{drip(a[0], a[1], float(a[2])):.1f}")
    elif verb == "silent":
        again = "--once" not in a
        a = [x for x in a if x != "--once"]
        asyncio.run(silent(a[0], int(a[1]), a[2:], again))
    elif verb == "serve":
        asyncio.run(serve(a[0] if a else "0.0.0.0"))


main(*sys.argv[1:])
