# SPDX-License-Identifier: GPL-2.0-or-later
"""Single packets and silent connections, for what no real client does. The last line printed says what came of it.

packets.py gre SOURCE SERVER CALL     five GRE packets of PPTP (RFC 2637), of a call that may not exist
packets.py hear-gre FROM SECONDS      how many GRE packets from that address the machine's own sockets get
packets.py syn-mss INTERFACE SECONDS  the MSS of the first TCP SYN that is seen there
packets.py silent SERVER SECONDS SOURCE...  a connection from each, without a word, for so long; each comes again when it
                                      is ended (with one source: says after how many seconds, and ends)
"""
import select, socket, struct, sys, time

mode, args = sys.argv[1], sys.argv[2:]

if mode == 'gre':
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
    s.bind((args[0], 0))
    for n in range(5):
        body = b'\xff\x03\xc0\x21\x01\x01\x00\x04'
        s.sendto(struct.pack('>BBHHHI', 0x30, 0x01, 0x880b, len(body), int(args[2]), n) + body, (args[1], 0))
        time.sleep(0.02)
    print('sent')

elif mode == 'hear-gre':
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
    end, n = time.time() + float(args[1]), 0
    print('ready', flush=True)
    while select.select([s], [], [], max(0, end - time.time()))[0]:
        n += s.recvfrom(2048)[1][0] == args[0]
    print(n)

elif mode == 'syn-mss':
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    s.bind((args[0], 0x0800))
    end = time.time() + float(args[1])
    print('ready', flush=True)
    while select.select([s], [], [], max(0, end - time.time()))[0]:
        p, (_, _, kind, _, _) = s.recvfrom(2048)
        tcp = p[(p[0] & 15) * 4:]
        if kind == 4 or p[9] != 6 or tcp[13] & 0x12 != 2:  # PACKET_OUTGOING; not a SYN
            continue
        options = tcp[20:(tcp[12] >> 4) * 4]
        while options and options[0] != 2:
            options = options[1 if options[0] == 1 else options[1]:]
        print(struct.unpack('>H', options[2:4])[0] if options else 'none')
        sys.exit()
    print('no SYN')

elif mode == 'silent':
    server, end, sources = args[0], time.time() + float(args[1]), args[2:]
    poll, open_ = select.poll(), {}

    def connect(source):
        s = socket.socket()
        s.bind((source, 0))
        s.setblocking(False)
        s.connect_ex((server, 1723))
        open_[s.fileno()] = (s, source)
        poll.register(s, select.POLLIN)

    began, ended = time.time(), 0
    for source in sources:
        connect(source)
    print('ready', flush=True)
    while time.time() < end:
        for fd, _ in poll.poll(200):
            s, source = open_.pop(fd)
            poll.unregister(fd)
            s.close()
            ended += 1
            if len(sources) == 1:
                print('%.1f' % (time.time() - began))
                sys.exit()
            connect(source)
    print('never' if len(sources) == 1 else ended)
