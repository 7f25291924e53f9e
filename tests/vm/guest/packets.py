# SPDX-License-Identifier: GPL-2.0-or-later
"""Single packets and silent connections, for what no real client does. The last line printed says what came of it.

packets.py gre SOURCE SERVER CALL     five GRE packets of PPTP (RFC 2637), of a call that may not exist
packets.py hear-gre FROM SECONDS      how many GRE packets from that address the machine's own sockets get
packets.py syn-mss INTERFACE SECONDS  the MSS of the first TCP SYN that is seen there
packets.py gap TABLE SECONDS          milliseconds from the end of that table of nftables to its next rule, as the kernel
                                      tells them
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

elif mode == 'gap':
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.bind((0, 1 << 6))  # NFNLGRP_NFTABLES
    wanted, end, gone = args[0].encode() + b'\0', time.time() + float(args[1]), None
    print('ready', flush=True)
    while select.select([s], [], [], max(0, end - time.time()))[0]:
        try:
            data = s.recv(1 << 16)
        except OSError:  # too many at once; others follow
            continue
        while len(data) >= 20:
            size, kind = struct.unpack('=IH', data[:6])
            at, name = 20, b''
            while at + 4 <= size and not name:
                length, attribute = struct.unpack('=HH', data[at:at + 4])
                if attribute & 0x3fff == 1:  # NFTA_TABLE_NAME, NFTA_RULE_TABLE
                    name = data[at + 4:at + length]
                at += max(4, (length + 3) & ~3)
            if kind == 0x0a02 and name == wanted:  # NFT_MSG_DELTABLE
                gone = time.time()
            elif kind == 0x0a06 and name == wanted and gone:  # NFT_MSG_NEWRULE
                print('%.1f' % ((time.time() - gone) * 1000))
                sys.exit()
            data = data[(size + 3) & ~3:]
    print('never' if gone else 'nobody took it away')

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
