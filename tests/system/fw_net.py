# SPDX-License-Identifier: GPL-2.0-or-later
# What the firewall tests send and see: sockets in several network namespaces from one process, PPTP's control
# connection (RFC 2637) from either end, GRE both ways, and the kernel's log. Judges nothing.
import contextlib
import ctypes
import os
import random
import select
import socket
import struct
import threading
import time

TCP, UDP, GRE = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW
PATIENCE = 0.6  # seconds after which a packet on a veth is not slow but lost

_libc = ctypes.CDLL(None, use_errno=True)
_home = os.open("/proc/self/ns/net", os.O_RDONLY)
_lock = threading.Lock()


class Namespace:
    def __init__(self, name):
        self.name = name
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY)

    def socket(self, kind, source=None, port=0, device=None):
        """A socket belongs to the namespace in which it was made, wherever it is used. An IPv6 one if source is."""
        v6 = ":" in (source or "")
        with _lock:
            _setns(self.fd)
            try:
                s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind, socket.IPPROTO_GRE if kind == GRE else 0)
            finally:
                _setns(_home)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if device:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        if source or port:
            if v6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.setsockopt(socket.IPPROTO_IP, 15, 1)  # IP_FREEBIND
            s.bind((source or "", port))
        return s


def _setns(fd):
    if _libc.setns(fd, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def connect(space, source, target, port, patience=PATIENCE):
    """An open connection, or None."""
    s = space.socket(TCP, source)
    s.settimeout(patience)
    try:
        s.connect((target, port))
        return s
    except OSError:
        s.close()
        return None


# --- PPTP

MAGIC = 0x1A2B3C4D
START, STARTED, CALL, CALLED, ECHO, ECHOED = 1, 2, 7, 8, 5, 6


def control(kind, body):
    return struct.pack(">HHIHH", 12 + len(body), 1, MAGIC, kind, 0) + body


def start_message(kind, result=0):
    return control(kind, struct.pack(">HBBIIHH64s64s", 0x100, result, 0, 3, 3, 1, 1, b"test", b"test"))


def call_request(call):
    return control(CALL, struct.pack(">HHIIIIHHHH64s64s", call, 1, 300, 100000000, 3, 3, 64, 0, 0, 0, b"", b""))


def call_reply(call, peer):
    return control(CALLED, struct.pack(">HHBBHIHHI", call, peer, 1, 0, 0, 100000000, 64, 0, 0))


def read_control(s):
    """(kind, body) of the next message, or None at the end."""
    data = b""
    while len(data) < 12 or len(data) < struct.unpack(">H", data[:2])[0]:
        more = s.recv(4096 if len(data) < 12 else struct.unpack(">H", data[:2])[0] - len(data))
        if not more:
            return None
        data += more
    return struct.unpack(">H", data[8:10])[0], data[12:]


class Call:
    """A client with an open control connection and a call; None of it is real but the packets."""

    def __init__(self, space, source, server, patience=2.0):
        self.source, self.server = source, server
        self.mine, self.theirs = random.randrange(1, 65535), 0
        self.s = connect(space, source, server, 1723)
        if not self.s:
            raise OSError("no control connection")
        self.s.settimeout(patience)
        self.s.sendall(start_message(START))
        if read_control(self.s)[0] != STARTED:
            raise OSError("not started")
        self.s.sendall(call_request(self.mine))
        kind, body = read_control(self.s)
        if kind != CALLED:
            raise OSError("not called")
        self.theirs = struct.unpack(">H", body[:2])[0]

    def close(self):
        self.s.close()


class Server:
    """Listens in a namespace; on 1723 it answers as a PPTP server does, elsewhere it echoes. Remembers who came."""

    def __init__(self, space, ports):
        self.peers, self.last_mss = {}, None  # calls by peer, what the last one can take at once
        for port, address in [(port, address) for port in ports for address in ("0.0.0.0", "::")]:
            s = space.socket(TCP, address, port)
            s.listen(128)
            threading.Thread(target=self._accept, args=(s, port), daemon=True).start()

    def _accept(self, listening, port):
        while True:
            s, peer = listening.accept()
            self.last_mss = s.getsockopt(socket.IPPROTO_TCP, 2)  # TCP_MAXSEG
            threading.Thread(target=self._serve, args=(s, peer[0], port), daemon=True).start()

    def _serve(self, s, peer, port):
        with contextlib.suppress(OSError), s:
            while port != 1723:
                data = s.recv(4096)
                if not data:
                    return
                s.sendall(data)
            while message := read_control(s):
                kind, body = message
                if kind == START:
                    s.sendall(start_message(STARTED, 1))
                elif kind == CALL:
                    call = random.randrange(1, 65535)
                    self.peers[peer] = (call, struct.unpack(">H", body[:2])[0])
                    s.sendall(call_reply(call, self.peers[peer][1]))
                elif kind == ECHO:
                    s.sendall(control(ECHOED, body[:4] + struct.pack(">BBH", 1, 0, 0)))


def echoes(s):
    """Whether an open connection still carries bytes both ways."""
    s.settimeout(PATIENCE)
    try:
        s.sendall(b"x")
        return s.recv(10) != b""
    except OSError:
        return False


def control_echoes(s):
    """The same of a control connection."""
    s.settimeout(PATIENCE)
    try:
        s.sendall(control(ECHO, struct.pack(">I", random.randrange(1 << 32))))
        return read_control(s) is not None
    except OSError:
        return False


# --- GRE and UDP: one way at a time

def gre(call, sequence, payload):
    return struct.pack(">HHHHI", 0x3001, 0x880B, len(payload), call, sequence) + payload


def _arrives(receiving, token, seconds):
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([receiving], [], [], left)[0] and token in receiving.recv(65536):
            return True
    return False


def gre_passes(sender, source, receiver, target, call, patience=PATIENCE):
    """Whether one GRE packet comes in through the receiver's INPUT."""
    token = os.urandom(12)
    with receiver.socket(GRE) as r, sender.socket(GRE, source) as s:
        try:
            s.sendto(gre(call, 1, token), (target, 0))
        except OSError:  # the firewall says so on the way out
            return False
        return _arrives(r, token, patience)


def udp_passes(sender, source, receiver, target, port, device=None):
    """Whether one datagram arrives. Where it could be answered does not matter."""
    token = os.urandom(12)
    with receiver.socket(UDP, "::" if ":" in target else None, port) as r, sender.socket(UDP, source, 0, device) as s:
        try:
            s.sendto(token, (target, port))
        except OSError:
            return False
        return _arrives(r, token, PATIENCE)


def multicast_passes(sender, out, receiver, device, port):
    """Whether one datagram to all on an IPv6 link arrives, from the address of the link that the sender has."""
    token = os.urandom(12)
    with receiver.socket(UDP, "::", port, device) as r, sender.socket(UDP, "::", 0, out) as s:
        s.sendto(token, ("ff02::1", port))
        return _arrives(r, token, PATIENCE)


def udp_source(sender, source, receiver, target, port):
    """The source with which a datagram arrives, or None."""
    with receiver.socket(UDP, None, port) as r, sender.socket(UDP, source) as s:
        s.sendto(b"who", (target, port))
        if not select.select([r], [], [], PATIENCE)[0]:
            return None
        return r.recvfrom(100)[1][0]


# --- what the kernel logs

class KernelLog:
    """Lines of the kernel's log from now on. Other namespaces' lines need net.netfilter.nf_log_all_netns = 1."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)
        self.text = ""

    def has(self, *words):
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                while True:
                    self.text += os.read(self.fd, 8192).decode(errors="replace")
            if any(all(w in line for w in words) for line in self.text.split("\n")):
                return True
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
