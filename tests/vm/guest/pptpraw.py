# SPDX-License-Identifier: GPL-2.0-or-later
"""A PPTP client made by hand, for what the real one cannot send.

pptpraw.py SERVER SOURCE MODE USER SECONDS; the last line printed says what came of it.
MODE: connect, hold, garbage, http, zeros, badmagic, partial, sccrq, nogre (call, then silence),
nochap (LCP up, challenge never answered), nolcp (GRE open, LCP refused), chap (wrong MS-CHAPv2 response),
race (the same, and closes at once), stop (clean Stop-Control-Connection), rst (close with RST).
USER is decoded as a Python bytes literal: a\\nb, \\x00, \\xff ...
"""
import os, socket, struct, sys, time

server, source, mode, user, limit = sys.argv[1:6]
user = user.encode('latin-1', 'surrogateescape').decode('unicode_escape').encode('latin-1') if user else b''
deadline = time.time() + float(limit)


def done(text):
    print(text)
    sys.exit(0)


def ctrl(kind, body, magic=0x1A2B3C4D):
    return struct.pack('>HHIHH', 12 + len(body), 1, magic, kind, 0) + body


SCCRQ = ctrl(1, struct.pack('>HHIIHH64s64s', 0x100, 0, 3, 3, 0, 0, b'test', b'test'))
CALL = os.getpid() & 0xffff
OCRQ = ctrl(7, struct.pack('>HHIIIIHHHH64s64s', CALL, 1, 300, 100000000, 3, 3, 64, 0, 0, 0, b'', b''))

tcp = socket.socket()
tcp.bind((source, 0))
tcp.settimeout(float(limit))
try:
    tcp.connect((server, 1723))
except OSError as e:
    done('connect: %s' % e)


def drain():
    """Wait until the server closes, or the time is over."""
    try:
        while time.time() < deadline:
            tcp.settimeout(max(0.01, deadline - time.time()))
            if not tcp.recv(4096):
                done('closed by server after %.1f s' % (float(limit) - deadline + time.time()))
    except socket.timeout:
        pass
    except OSError as e:
        done('%s' % e)
    done('still open')


if mode == 'connect':
    tcp.close(); done('closed')
if mode == 'rst':
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); tcp.close(); done('reset')
send = {'hold': b'', 'garbage': os.urandom(200), 'http': b'GET / HTTP/1.0\r\n\r\n', 'zeros': bytes(600),
        'badmagic': ctrl(1, SCCRQ[12:], 0xDEADBEEF), 'partial': SCCRQ[:100]}.get(mode)
if send is not None:
    tcp.sendall(send); drain()

tcp.sendall(SCCRQ)
tcp.recv(156)
if mode == 'sccrq':
    tcp.close(); done('closed after SCCRQ')
if mode == 'stop':
    tcp.sendall(ctrl(3, b'\1\0\0\0')); drain()

gre = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
gre.bind((source, 0))
tcp.sendall(OCRQ)
reply = tcp.recv(32)
if len(reply) < 20:
    done('no call reply')
peer = struct.unpack('>H', reply[12:14])[0]
if mode == 'nogre':
    drain()
seq = 0


def ppp(proto, code, ident, data):
    global seq
    frame = struct.pack('>HHBBH', 0xff03, proto, code, ident, 4 + len(data)) + data
    gre.sendto(struct.pack('>HHHHI', 0x3001, 0x880B, len(frame), peer, seq) + frame, (server, 0))
    seq += 1


ppp(0xc021, 1, 1, b'\x05\x06' + os.urandom(4))
gre.settimeout(1)
tcp.settimeout(0)
answered = False
while time.time() < deadline:
    try:
        if not tcp.recv(4096):
            done('control closed' + (' after response' if answered else ''))
    except BlockingIOError:
        pass
    except OSError as e:
        done('control: %s' % e)
    try:
        packet = gre.recv(4096)
    except socket.timeout:
        continue
    packet = packet[(packet[0] & 15) * 4:]
    flags, proto, size, call = struct.unpack('>HHHH', packet[:8])
    if proto != 0x880B or call != CALL or not flags & 0x1000:
        continue
    frame = packet[12 + (4 if flags & 0x80 else 0):][:size]
    if frame[:2] == b'\xff\x03':
        frame = frame[2:]
    kind, frame = (frame[0], frame[1:]) if frame[0] & 1 else (frame[0] << 8 | frame[1], frame[2:])
    code, ident, length = struct.unpack('>BBH', frame[:4])
    data = frame[4:length]
    if kind == 0xc021 and code == 1:
        ppp(0xc021, 4 if mode == 'nolcp' else 2, ident, data)
    elif kind == 0xc021 and code == 5:
        ppp(0xc021, 6, ident, b'')
    elif kind == 0xc223 and code == 1 and mode in ('chap', 'race'):
        ppp(0xc223, 2, ident, b'\x31' + os.urandom(16) + bytes(8) + os.urandom(24) + b'\0' + user)
        answered = True
        if mode == 'race':
            tcp.close(); done('closed right after the response')
    elif kind == 0xc223 and code == 4:
        print('refused: %r' % data)
done('time over')
