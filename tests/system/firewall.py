#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# The table of probes: what packets do before the base ruleset is installed, after, and when the one rule is taken out
# again that is meant to do it. firewall.py BACKEND DIRECTORY OUTSIDE SERVER LAN CLIENT1 CLIENT2 (namespaces).
# Every probe uses an address of its own, so that no meter and no connection of an earlier one disturbs it.
import itertools
import os
import random
import socket
import subprocess
import sys
import time

from fw_backend import BUILD, backend_of
from fw_net import (PATIENCE, Call, KernelLog, Namespace, Server, connect, control_echoes, echoes, gre_passes, multicast_passes,
                    udp_passes, udp_source)

VPN, VPN6 = "11.0.0.10", "2a00:1::10"
name, directory = sys.argv[1:3]
outside, server, lan, client1, client2 = (Namespace(n) for n in sys.argv[3:8])
backend = backend_of(name, server.name)
at_server = Server(server, [1723, 22, 8080])
at_lan, at_client, at_outside = Server(lan, [80]), Server(client1, [80]), Server(outside, [8081, 443])

# Back ends are tried side by side, and the kernel has one log for all of them.
_next = itertools.count(1 + 5000 * ["nftables", "iptables-nft", "iptables-legacy"].index(name))


def fresh(network="11.16"):
    n = next(_next)
    if ":" in network:
        return f"{network}:{n:x}::1"
    return f"{network}.{n // 250}.{n % 250 + 1}"


# --- what is probed: each gives a word

def passes(good):
    return "passes" if good else "refused"


def tcp(port=1723, network="11.16", source=None):
    source = source or fresh(network)
    s = connect(outside, source, VPN6 if ":" in source else VPN, port)
    if s:
        s.close()
    return passes(s)


def gre_of_call(back=False, network="11.16"):
    """GRE of a client that has a control connection and a call."""
    try:
        call = Call(outside, fresh(network), VPN)
    except OSError:
        return "no call"
    if back:
        result = gre_passes(server, VPN, outside, call.source, call.mine)
    else:
        result = gre_passes(outside, call.source, server, VPN, call.theirs)
    call.close()
    return passes(result)


def gre_unsolicited(source=None, network="11.16"):
    return passes(gre_passes(outside, source or fresh(network), server, VPN, random.randrange(1, 65535)))


def gre_beside_control():
    """From an address that has a control connection, but as part of no call."""
    source = fresh()
    s = connect(outside, source, VPN, 1723)
    result = gre_passes(outside, source, server, VPN, random.randrange(1, 65535))
    s.close()
    return passes(result)


def sixth_in_a_row():
    source = fresh()
    for _ in range(5):
        s = connect(outside, source, VPN, 1723)
        if not s:
            return "refused too early"
        s.close()
        time.sleep(0.03)
    return tcp(source=source)


def sixth_of_a_network():
    """IPv6: each time from another address of one /64, which is what a customer has."""
    network = fresh("2a00:16:0")[:-1]
    for i in range(5):
        if tcp(source=f"{network}{i + 1}") != "passes":
            return "refused too early"
        time.sleep(0.03)
    return tcp(source=f"{network}ffff")


def fourth_at_once():
    source = fresh()
    held = [connect(outside, source, VPN, 1723) for _ in range(3)]
    if not all(held):
        return "refused too early"
    result = tcp(source=source)
    for s in held:
        s.close()
    return result


def one_way(source, port=7777, sender=None, receiver=None, target=VPN):
    return passes(udp_passes(sender or outside, source, receiver or server, target, port))


def link_local():
    """A client of PPP asks for routers before the server's end of the link has an address, and so a route back."""
    return passes(multicast_passes(client1, "t0", server, "ppp0", 7777))


def clamped(sender, source, target, there):
    s = connect(sender, source, target, 80)
    if not s:
        return "refused"
    s.close()
    time.sleep(0.05)
    return "clamped" if there.last_mss == 1348 else "as sent" if there.last_mss == 1448 else f"{there.last_mss}"


def told(prefix, act, *arguments, network="11.16"):
    log, source = KernelLog(), fresh(network)
    act(*arguments, source=source)
    return "told" if log.has(prefix, f"SRC={source} ") else "silent"


def seen_as():
    return {"10.9.0.2": "own address", "12.20.0.1": "the server's"}.get(udp_source(client1, "10.9.0.2", lan, "12.20.0.2", 7000), "lost")


def out_tcp(port):
    s = connect(server, VPN, "11.0.0.1", port)
    if s:
        s.close()
    return passes(s)


def seeded(act, seconds=60):
    """With an address that was put into the set of tunnels when the ruleset was applied."""
    source = fresh()
    if backend.text:
        backend.fill("tunnels", source, seconds)
    return act(source=source)


def seeded_long_ago():
    source = fresh()
    if backend.text:
        backend.fill("tunnels", source, 2)
    time.sleep(1)
    if gre_unsolicited(source) != "passes":
        return "refused too early"
    time.sleep(2)
    return gre_unsolicited(source)


def filled(name_of_set, act, *arguments, network="11.16"):
    source = fresh(network)
    if backend.text:
        backend.fill(name_of_set, source, 60)
    return act(*arguments, source=source)


ban = {"enforcer": None}


def enforcer_start():
    drive, limits, sock = f"{BUILD}/enforce-drive", f"{directory}/limits", f"{directory}/socket"
    subprocess.run([drive, "limits", limits, "uid=1", f"backend={backend.ban_backend}"], check=True)
    ban["enforcer"] = subprocess.Popen(["ip", "netns", "exec", server.name, f"{BUILD}/pptpban-hookguard", "--limits", limits,
                                        "--socket", sock, "--user", "nobody"], stderr=subprocess.DEVNULL)
    ban["drive"] = lambda *what: subprocess.run([drive, sock, *what], capture_output=True, timeout=5).returncode
    for _ in range(50):
        if ban["drive"]("status") == 0:
            return
        time.sleep(0.1)
    raise RuntimeError("the enforcer does not answer")


def enforcer_stop():
    """Dead, and its hook gone with it."""
    ban["enforcer"].kill()
    ban["enforcer"].wait()
    subprocess.run(["ip", "netns", "exec", server.name, "sh", "-c",
                    "nft delete table inet pptpban; nft delete table ip pptpban; nft delete table ip6 pptpban"],
                   capture_output=True)


def banned(what):
    """Of somebody with an open control connection and GRE, after a ban."""
    call = Call(outside, fresh("11.18"), VPN)
    if not gre_passes(outside, call.source, server, VPN, call.theirs):
        return "no call"
    ban["drive"]("ban", "60", call.source)
    result = {"open": lambda: control_echoes(call.s),
              "gre": lambda: gre_passes(outside, call.source, server, VPN, call.theirs),
              "new": lambda: tcp(source=call.source) == "passes"}[what]()
    call.close()
    return passes(result)


class Row:
    """after: the word wanted when the ruleset is in. mutants: (ids of rules, word when they are missing)."""

    def __init__(self, row, what, probe, after, *mutants, before="passes"):
        self.row, self.what, self.probe, self.after, self.mutants, self.before = row, what, probe, after, mutants, before


def policy(**keys):
    values = {"enabled": "yes", "interface": "v0", "address": f"{VPN} {VPN6}", "management": "22/tcp",
              "admin_from": "11.17.0.0/16 2a00:17::/32", "deny_from": "11.19.0.0/16 2a00:19::/32", "rate": "10/minute burst 5", "connections": "3", "log_rate": "1000/second burst 1000",
              "pool": "10.9.0.0/24", "forward_to": "12.20.0.0/24", "masquerade": "yes", "timezone": "UTC", **keys}
    path = f"{directory}/policy.conf"
    with open(path, "w") as f:
        f.write("[DEFAULT]\nignoreip = 10.99.5.0/24\n[firewall]\n")
        f.writelines(f"{k} = {v}\n" for k, v in values.items() if v is not None)
    return path


days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
today = time.gmtime().tm_wday
closed = f"{days[(today + 3) % 7]} 08:00-18:00"
around_now = f"{days[(today - 1) % 7]},{days[today]},{days[(today + 1) % 7]} 00:00-24:00"
refuses = "refused"

groups = [
    ("the whole policy", {"open": around_now}, [
        Row("control", "a client connects to 1723", tcp, "passes"),
        Row("control", "one of deny_from", lambda: tcp(network="11.19"), refuses, (["control-deny"], "passes")),
        Row("data", "GRE of a call, to the server", gre_of_call, "passes", (["gre-related"], refuses), (["helper"], refuses)),
        Row("data", "GRE of a call, to the client", lambda: gre_of_call(True), "passes"),
        Row("data", "GRE of nobody", gre_unsolicited, refuses, (["gre-unsolicited"], "passes")),
        Row("data", "GRE of no call, beside a control connection", gre_beside_control, refuses, (["gre-unsolicited"], "passes")),
        Row("floods", "the fifth connection in a row, and the sixth", sixth_in_a_row, refuses, (["control-flood"], "passes")),
        Row("floods", "the third connection at once, and the fourth", fourth_at_once, refuses, (["control-many"], "passes")),
        Row("spoofing", "a source of the Internet", lambda: one_way(fresh()), "passes"),
        Row("spoofing", "a private source", lambda: one_way(fresh("10.98")), refuses, (["spoof"], "passes")),
        Row("spoofing", "a source that is elsewhere", lambda: one_way("12.20.0.77"), refuses, (["path"], "passes")),
        Row("management", "one of admin_from, to ssh", lambda: tcp(22, "11.17"), "passes", (["management-admins"], refuses)),
        Row("management", "somebody else, to ssh", lambda: tcp(22), refuses, (["management"], "passes")),
        Row("management", "the waiting administrator, to ssh", lambda: filled("admin", tcp, 22), "passes", (["admin"], refuses)),
        Row("management", "... from a private address", lambda: filled("admin", tcp, 22, network="10.98"), "passes",
            (["pre-admin"], refuses)),
        Row("MSS", "a SYN from a tunnel", lambda: clamped(client1, "10.9.0.2", "12.20.0.2", at_lan), "clamped",
            (["mss-in"], "as sent"), before="as sent"),
        Row("MSS", "a SYN into a tunnel", lambda: clamped(lan, "12.20.0.2", "10.9.0.2", at_client), "clamped",
            (["mss-out"], "as sent"), before="as sent"),
        Row("logging", "a new connection", lambda: told("pptpban-new: ", tcp, 1723, "11.16"), "told", (["control-log"], "silent"),
            before="silent"),
        Row("logging", "a refused one", lambda: told("pptpban-refused: ", tcp, 1723, "11.19", network="11.19"), "told",
            (["control-deny"], "silent"), before="silent"),
        Row("logging", "GRE of nobody", lambda: told("pptpban-gre: ", gre_unsolicited), "told", (["gre-unsolicited"], "silent"),
            before="silent"),
        Row("logging", "a private source", lambda: told("pptpban-spoof: ", one_way, network="10.98"), "told", (["spoof"], "silent"),
            before="silent"),
        Row("times", "a connection while it is open", tcp, "passes"),
        Row("IPv6", "a connection to 1723", lambda: tcp(network="2a00:16:0"), "passes"),
        Row("IPv6", "one of deny_from", lambda: tcp(network="2a00:19:0"), refuses, (["control-deny"], "passes")),
        Row("IPv6", "the sixth connection of one /64", sixth_of_a_network, refuses, (["control-flood"], "passes")),
        Row("IPv6", "one of admin_from, to ssh", lambda: tcp(22, "2a00:17:0"), "passes", (["management-admins"], refuses)),
        Row("IPv6", "somebody else, to ssh", lambda: tcp(22, "2a00:16:0"), refuses, (["management"], "passes")),
        Row("IPv6", "a private source", lambda: tcp(network="fd00:16:0"), refuses, (["spoof"], "passes")),
        Row("allowlist", "one of ignoreip, though private", lambda: tcp(network="10.99.5", source=f"10.99.5.{next(_next) % 250 + 1}"),
            "passes", (["pre-allow"], refuses)),
        Row("forward", "a client, to forward_to", lambda: one_way("10.9.0.2", 7001, client1, lan, "12.20.0.2"), "passes"),
        Row("forward", "a client, elsewhere", lambda: one_way("10.9.0.2", 7001, client1, lan, "12.30.0.2"), refuses,
            (["forward-elsewhere"], "passes")),
        Row("forward", "a client, to another client", lambda: one_way("10.9.0.2", 7001, client1, client2, "10.9.0.3"), refuses,
            (["forward-clients", "forward-elsewhere", "forward-from"], "passes")),
        Row("forward", "the Internet, to a client", lambda: one_way(fresh(), 7001, outside, client1, "10.9.0.2"), refuses,
            (["forward-from"], "passes")),
        Row("forward", "a client with another's address", lambda: one_way("10.9.0.99", 7001, client1, lan, "12.20.0.2"), refuses,
            (["tunnel-source"], "passes")),
        Row("forward", "a client with an address of no client", lambda: one_way("14.0.0.7", 7001, client1, lan, "12.20.0.2"),
            refuses, (["forward-source"], "passes")),
        Row("forward", "a client with an IPv6 address of its link", link_local, "passes"),
        Row("forward", "an IPv6 client with an address of no route", lambda: one_way("2a00:77::7", 7777, client1, server, "2a00:9::1"),
            refuses, (["tunnel-source"], "passes")),
        Row("forward", "masquerade: a client is seen as", seen_as, "the server's", (["masquerade"], "own address"),
            before="own address"),
        Row("open tunnels", "GRE of a tunnel that was up", lambda: seeded(gre_unsolicited), "passes", (["gre-tunnels"], refuses)),
        Row("open tunnels", "... that is older than its entry", seeded_long_ago, "passes", (["tunnels-young"], refuses)),
        Row("default", "another port, default = accept", lambda: tcp(8080), "passes"),
        Row("the rest", "whom somebody else's rule drops", lambda: tcp(network="11.60"), refuses, before=refuses),
    ]),
    ("allow_from", {"allow_from": "11.17.0.0/16"}, [
        Row("control", "one of allow_from", lambda: tcp(network="11.17"), "passes", (["control-allow"], refuses)),
        Row("control", "somebody else, with allow_from", tcp, refuses, (["control-others"], "passes")),
    ]),
    ("times", {"open": closed}, [
        Row("times", "a new connection while it is closed", tcp, refuses, (["control-closed"], "passes")),
        Row("times", "... with an override", lambda: filled("override", tcp), "passes"),
        Row("times", "... of a tunnel that was up", lambda: seeded(tcp), "passes", (["control-tunnels"], refuses)),
    ]),
    ("default = drop", {"default": "drop", "outbound": "drop", "outbound_ports": "443/tcp"}, [
        Row("default", "another port, default = drop", lambda: tcp(8080), refuses, (["default"], "passes")),
        Row("default", "a client connects to 1723", tcp, "passes", (["control-new"], refuses)),
        Row("default", "GRE of a call, to the client", lambda: gre_of_call(True), "passes", (["out-established"], "no call")),
        Row("default", "outbound, a port that is not listed", lambda: out_tcp(8081), refuses, (["out"], "passes")),
        Row("default", "outbound, a listed port", lambda: out_tcp(443), "passes", (["out-ports"], refuses)),
        Row("default", "outbound, DNS", lambda: one_way(VPN, 53, server, outside, "11.0.0.1"), "passes", (["out-dns"], refuses)),
    ]),
    ("gre = peers", {"gre": "peers"}, [
        Row("data, no helper", "GRE of whom a control connection lives", gre_of_call, "passes", (["gre-peers"], refuses),
            (["control-alive"], refuses)),
        Row("data, no helper", "GRE of nobody", gre_unsolicited, refuses, (["gre-unsolicited"], "passes")),
    ]),
    ("deny_countries", {"deny_countries": "KP", "database": f"{directory}/countries.mmdb"}, [
        Row("countries", "a country of deny_countries", lambda: tcp(network="11.21"), refuses, (["control-country"], "passes")),
        Row("countries", "another country", lambda: tcp(network="11.22"), "passes"),
    ]),
    ("allow_countries", {"allow_countries": "KP", "database": f"{directory}/countries.mmdb"}, [
        Row("countries", "a country of allow_countries", lambda: tcp(network="11.21"), "passes"),
        Row("countries", "another country, with allow_countries", lambda: tcp(network="11.22"), refuses,
            (["control-others"], "passes")),
    ]),
]


# --- the run

bad = []


def judge(row, when, wanted, got):
    if wanted != got:
        bad.append(f"{row.row}: {row.what}: {when}: {got}, wanted {wanted}")
    return got if wanted == got else f"{got}!"


def show(row, before, after, mutants):
    print(f"TABLE\t{row.row}\t{backend.name}\t{row.what}\t{before}\t{after}\t{mutants or '-'}")


def try_group(settings, rows, before):
    backend.load(policy(**settings))
    after = [judge(r, "after", r.after, r.probe()) for r in rows]
    for r, b, a in zip(rows, before, after):
        mutants = []
        for ids, wanted in r.mutants:
            if backend.without(ids) < len(ids):
                bad.append(f"{r.row}: {r.what}: there is no rule {ids} to be taken out")
            mutants.append(f"{'+'.join(ids)}: {judge(r, 'without ' + '+'.join(ids), wanted, r.probe())}")
            backend.again()
        show(r, b, a, ", ".join(mutants))


def open_connections_meet(end):
    """Connections that are open when the time is over, with outside = keep or end."""
    backend.load(policy(open=around_now, outside=end))
    call = Call(outside, fresh(), VPN)
    good = control_echoes(call.s) and gre_passes(outside, call.source, server, VPN, call.theirs)
    backend.load(policy(open=closed, outside=end))
    row = Row("times", f"open connections when it closes, outside = {end}", None, "passes" if end == "keep" else refuses)
    kept = passes(control_echoes(call.s)), passes(gre_passes(outside, call.source, server, VPN, call.theirs))
    mutant = ""
    if end == "end":
        backend.without(["control-end", "gre-end"])
        mutant = "control-end+gre-end: " + judge(row, "without its rules", "passes",
                                                 passes(gre_passes(outside, call.source, server, VPN, call.theirs)))
    call.close()
    show(row, judge(row, "before", "passes", passes(good)), judge(row, "after", row.after, kept[0] if kept[0] == kept[1] else str(kept)),
         mutant)


def bans():
    backend.load(policy())
    enforcer_start()
    rows = [Row("offenders", "the open control connection of one banned", lambda: banned("open"), refuses),
            Row("offenders", "the GRE of one banned", lambda: banned("gre"), refuses),
            Row("offenders", "a new connection of one banned", lambda: banned("new"), refuses)]
    after = [judge(r, "after", r.after, r.probe()) for r in rows]
    enforcer_stop()
    ban["drive"] = lambda *what: 0
    for r, a in zip(rows, after):
        word = judge(r, "without the hook", "passes", r.probe())
        show(r, "passes", a, f"hook at -310: {word}")


def counts():
    """What is refused is counted, all of it; what is told is limited."""
    backend.load(policy(log_rate="1/hour burst 3"))
    log, source = KernelLog(), fresh()
    with outside.socket(socket.SOCK_RAW, source) as s:
        for i in range(40):
            s.sendto(b"\x30\x01\x88\x0b\0\0\0\1\0\0\0\1", (VPN, 0))
    time.sleep(PATIENCE)
    log.has("never")
    counted, lines = backend.packets("gre-unsolicited"), log.text.count(f"SRC={source} ")
    if (counted, lines) != (40, 3):
        bad.append(f"40 packets of GRE of nobody: {counted} counted, {lines} told; wanted 40 and 3")
    print(f"CHECK\t{backend.name}: 40 packets of unsolicited GRE: {counted} counted, {lines} told at 1/hour burst 3")


backend.foreign("11.60.0.0/16")
before = [[judge(r, "before", r.before, r.probe()) for r in rows] for _, _, rows in groups]
foreign = backend.foreign_text()
for (what, settings, rows), b in zip(groups, before):
    try_group(settings, rows, b)
for end in ("keep", "end"):
    open_connections_meet(end)
counts()
if backend.foreign_text() != foreign:
    bad.append("somebody else's rules were changed")
bans()
for text in bad:
    print(f"BAD\t{text}")
sys.stdout.flush()
os._exit(0)
