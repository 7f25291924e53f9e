#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# What code in a taken-over process of ours can do: tries it, and writes down what came of it.
#   privilege.py try CONTEXT.json RESULT.json             orders the watcher about (takeover.py)
#   privilege.py ends CONTEXT.json i386|x32               what it does not survive
#   privilege.py judge RESULT.json...                     prints checks: WHAT <tab> WANTED <tab> GOT
# Each attempt names the locks of which each alone must refuse it; judge wants it refused with all locks closed, with
# only that lock closed, and done when all are left open: else it would prove nothing.
import errno
import json
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from takeover import Gone, Taken, name_of, refused  # noqa: E402

RDONLY, WRONLY, RDWR, CREAT, DIRECTORY, TMPFILE, PATH = 0, 1, 2, 0o100, 0o200000, 0o20200000, 0o10000000
CWD = -100
LANDLOCK, SECCOMP, MDWE, USER = "landlock", "seccomp", "mdwe", "user"
GUARDS, PLAIN = ("enforcer", "hookguard", "connguard"), ("launcher", "notify")
TOGETHER = "together" # no lock alone: judged with all closed, and with all open


class Attempts:
    def __init__(self):
        self.all = []
        self.group = ""

    def add(self, name, by, what, through=()):
        """through: errors that show that the kernel would have done it; by: locks, each of which refuses it alone;
        an empty list: it is permitted."""
        self.all.append((self.group, name, by, what, set(through)))


def attempts_of_files(a, c):
    house = c["house"]
    secrets = ["/etc/shadow", "/etc/gshadow", "/etc/passwd", "/etc/group", "/etc/sudoers", "/etc/hosts",
               "/etc/ssh/ssh_host_ed25519_key", "/etc/ssl/private/server.key", "/etc/ppp/chap-secrets",
               "/etc/ppp/pap-secrets", "/etc/pptpd.conf", "/etc/ppp/pptpd-options", "/etc/crontab",
               "/root/.ssh/id_ed25519", "/root/.ssh/authorized_keys", "/root/.bash_history", "/root/.netrc",
               "/home/admin/.ssh/id_ed25519", "/home/admin/mail", "/home/pptpban/notes",
               "/var/lib/pptpban-firewall/last-good", "/run/pptpban-firewall/pending", "/var/spool/cron/root",
               "/var/lib/secret.db", "/tmp/pptpban-privilege", "/var/tmp/note", "/dev/shm/note", "/bin/true", "/usr/bin/env",
               "/dev/null", "/dev/urandom", "/dev/tty0", "/proc/self/root/etc/shadow", "/proc/self/root/etc/passwd",
               "/proc/%d/root/etc/passwd" % c["launcher"], house + "/secret", house + "/conf/pptpban.conf", house + "/conf/shared.filter",
               c["state"] + "/../secret", c["logs"] + "/../secret", c["logs"] + "/leads-out",
               "/proc/self/root" + house + "/secret", "/proc/%d/mem" % c["launcher"], "/proc/%d/mem" % c["bystander"]]
    for p in secrets:
        a.add("read " + p.replace(house, "HOUSE").replace(str(c["launcher"]), "LAUNCHER").replace(str(c["bystander"]), "BYSTANDER"),
              [LANDLOCK], lambda t, p=p: t.try_open(p, RDONLY))
    # with CAP_PERFMON, which it has not, Landlock alone would not be enough
    a.add("read LAUNCHER's environment", [USER], lambda t: t.try_open("/proc/%d/environ" % c["launcher"], RDONLY))
    a.add("read BYSTANDER's map of memory", [TOGETHER], lambda t: t.try_open("/proc/%d/maps" % c["bystander"], RDONLY))
    for p in ["/etc", "/root", "/home/admin", "/", "/var", "/tmp", "/dev", house]:
        a.add("list " + p.replace(house, "HOUSE"), [LANDLOCK], lambda t, p=p: t.try_open(p, RDONLY | DIRECTORY))

    enforcer = c["enforcer_dir"]
    targets = ["/etc/cron.d/job", "/etc/passwd", "/etc/ld.so.preload", "/tmp/pptpban-privilege-made", "/var/tmp/made", "/dev/shm/made",
               "/root/made", "/home/admin/.ssh/authorized_keys", house + "/made", house + "/conf/pptpban.conf",
               house + "/conf/made.filter", c["log"], c["logs"] + "/made", c["logs"] + "/other", enforcer + "/limits",
               enforcer + "/limits.new", enforcer + "/made", enforcer + "/ruleset/lost", enforcer + "/connguard",
               "/var/lib/pptpban-firewall/last-good", "/run/pptpban-firewall/made", "/proc/self/mem",
               "/proc/%d/mem" % c["launcher"], "/proc/sys/kernel/core_pattern",
               "/proc/self/oom_score_adj", "/proc/%d/oom_score_adj" % c["launcher"], "/proc/self/attr/current",
               "/proc/self/setgroups", "/proc/self/uid_map", "/proc/self/coredump_filter", "/dev/null", "/dev/tty0"]
    for p in targets:
        name = p.replace(house, "HOUSE").replace(str(c["launcher"]), "LAUNCHER")
        a.add("write " + name, [LANDLOCK], lambda t, p=p: t.try_open(p, WRONLY | (0 if p.startswith("/proc") else CREAT)))
    a.add("make a nameless file in /tmp", [LANDLOCK], lambda t: t.try_open("/tmp", WRONLY | TMPFILE))
    for what, call in (("remove the log", lambda t: t.unlinkat(CWD, c["logs"] + "/other2", 0)),
                       ("remove the enforcer's socket", lambda t: t.unlinkat(CWD, enforcer + "/victim", 0)),
                       ("rename the log", lambda t: t.renameat(CWD, c["logs"] + "/other3", CWD, c["logs"] + "/o")),
                       ("rename the log into the state", lambda t: t.renameat(CWD, c["logs"] + "/other4", CWD, c["state"] + "/o")),
                       ("rename the state into the logs", lambda t: t.renameat(CWD, c["state"] + "/mine", CWD, c["logs"] + "/m")),
                       ("replace the limits", lambda t: t.renameat(CWD, c["state"] + "/mine2", CWD, enforcer + "/limits")),
                       ("make a directory in the state", lambda t: t.mkdirat(CWD, c["state"] + "/d", 0o700)),
                       ("make a directory in /tmp", lambda t: t.mkdirat(CWD, "/tmp/pptpban-privilege-d", 0o700)),
                       ("remove a directory", lambda t: t.unlinkat(CWD, house + "/empty", 0x200))):
        a.add(what, [LANDLOCK], call, [errno.EEXIST])
    for what, call in (("link a secret into the state", lambda t: t.linkat(CWD, house + "/secret", CWD, c["state"] + "/l", 0)),
                       ("make a symbolic link in the state", lambda t: t.symlinkat("/etc/shadow", CWD, c["state"] + "/s")),
                       ("make a FIFO in the state", lambda t: t.mknodat(CWD, c["state"] + "/p", 0o010600, 0)),
                       ("make a device in the state", lambda t: t.mknodat(CWD, c["state"] + "/n", 0o020600, 0x103)),
                       ("truncate by name", lambda t: t.truncate(house + "/secret2", 0)),
                       ("chmod by name", lambda t: t.chmod(c["state"] + "/mine3", 0o666)),
                       ("fchmodat", lambda t: t.fchmodat(CWD, c["state"] + "/mine3", 0o666)),
                       ("chown by name", lambda t: t.chown(c["state"] + "/mine3", -1, -1)),
                       ("openat2", lambda t: t.openat2(CWD, c["state"] + "/mine3", struct.pack("<QQQ", 0, 0, 0), 24)),
                       ("open_by_handle_at", lambda t: t.open_by_handle_at(CWD, struct.pack("<II", 8, 1) + b"\0" * 8, 0)),
                       ("name_to_handle_at", lambda t: t.name_to_handle_at(CWD, c["log"], struct.pack("<II", 0, 0), b"\0" * 8, 0))):
        a.add(what, [SECCOMP], call, [errno.EOVERFLOW, errno.ESTALE, errno.EINVAL, errno.EBADF, errno.EOPNOTSUPP])

    # a program in the state that takes its owner's rights from whoever starts it, some other user of the machine
    def setuid_file(t):
        t.umask(0)
        fd = t.openat(CWD, c["state"] + "/suid1", WRONLY | CREAT, 0o4755)
        if fd >= 0:
            t.close(fd)
        return fd

    def setuid_later(t):
        fd = t.openat(CWD, c["state"] + "/suid2", WRONLY | CREAT, 0o755)
        r = t.fchmod(fd, 0o6755)
        t.close(fd)
        return r

    a.add("make a setuid program", [SECCOMP], setuid_file)
    a.add("make a program setuid", [SECCOMP], setuid_later)

    for p in (c["log"], c["logs"] + "/other", c["state"] + "/state.db", enforcer + "/limits", "/proc/self/cmdline", "/etc/machine-id", "/etc/resolv.conf",
              "/proc/%d/cmdline" % c["launcher"], "/etc/localtime", "/usr/share/zoneinfo/UTC"):
        a.add("needed: read " + p.replace(house, "HOUSE").replace(str(c["launcher"]), "LAUNCHER"), [], lambda t, p=p: t.try_open(p, RDONLY))
    a.add("needed: write the state", [], lambda t: t.try_open(c["state"] + "/state.db", RDWR))
    a.add("needed: make a file in the state", [], lambda t: t.try_open(c["state"] + "/new", RDWR | CREAT))
    a.add("needed: connect to the enforcer", [], lambda t: connect(t, 5, enforcer + "/enforcer.sock"))


def connect(t, kind, path):
    fd = t.socket(1, kind, 0)
    if fd < 0:
        return fd
    name = path.encode()
    r = t.connect(fd, struct.pack("<H", 1) + name + (b"" if name.startswith(b"\0") else b"\0"), 2 + len(name) + (not name.startswith(b"\0")))
    t.close(fd)
    return r


def attempts_of_programs(a, c):
    house = c["house"]
    junk = house + "/junk"

    def execute(t, path):
        return t.execve(path, struct.pack("<QQ", 0, 0), struct.pack("<Q", 0), pointers=[(1, 0, b"x\0")])

    a.add("run a program", [SECCOMP], lambda t: execute(t, junk), [errno.ENOEXEC])
    a.add("run a program (Landlock alone)", [LANDLOCK], lambda t: execute(t, junk), [errno.ENOEXEC])
    a.add("run a file of the state", [SECCOMP], lambda t: execute(t, c["state"] + "/junk"), [errno.ENOEXEC])

    def by_fd(t):
        fd = t.openat(CWD, junk, PATH, 0)
        r = t.execveat(fd, "", struct.pack("<Q", 0), struct.pack("<Q", 0), 0x1000)
        t.close(fd)
        return r

    a.add("run an open file", [SECCOMP], by_fd, [errno.ENOEXEC])
    a.add("make a file in memory", [SECCOMP], lambda t: t.memfd_create("x", 0))
    a.add("make a secret file in memory", [SECCOMP], lambda t: t.memfd_secret(0), [errno.ENOSYS])
    a.add("fork", [SECCOMP], lambda t: t.fork())
    a.add("clone", [SECCOMP], lambda t: t.clone(17, 0, 0, 0, 0))
    a.add("clone a thread", [SECCOMP], lambda t: t.clone(0x10000, 0, 0, 0, 0), [errno.EINVAL])
    a.add("clone3", [SECCOMP], lambda t: t.clone3(0, 0), [errno.EINVAL])

    # writable code
    def mapping(t, prot, fd=-1, flags=0x22):
        return t.mmap(0, 4096, prot, flags, fd, 0)

    def written_then_run(t):
        at = mapping(t, 3)
        return t.mprotect(at, 4096, 5)

    def pkey(t):
        return t.pkey_mprotect(mapping(t, 3), 4096, 5, -1)

    def code_in_state(t):
        fd = t.openat(CWD, c["state"] + "/code", RDWR | CREAT, 0o700)
        t.write(fd, b"\xb8\x2a\0\0\0\xc3" + b"\0" * 4090, 4096)
        at = mapping(t, 5, fd, 2)
        t.close(fd)
        return t.run(at) if at >= 0 or at < -4096 else at

    a.add("writable and executable memory", [MDWE], lambda t: mapping(t, 7))
    a.add("memory that was written made executable", [MDWE], written_then_run)
    a.add("executable memory", [SECCOMP], lambda t: mapping(t, 5))
    a.add("the same with a key", [SECCOMP], pkey)
    a.add("code written to the state, mapped and run", [SECCOMP], code_in_state)
    a.add("personality: readable is executable", [SECCOMP], lambda t: t.personality(0x0400000))


def attempts_of_sockets(a, c):
    families = {"IPv4 stream": (2, 1, 0), "IPv4 datagram": (2, 2, 0), "IPv4 raw": (2, 3, 6), "IPv6 stream": (10, 1, 0),
                "IPv6 datagram": (10, 2, 0), "packet": (17, 3, 0), "route netlink": (16, 3, 0),
                "netfilter netlink": (16, 3, 12), "sock_diag netlink": (16, 3, 4), "audit netlink": (16, 3, 9),
                "generic netlink": (16, 3, 16), "uevent netlink": (16, 3, 15), "vsock": (40, 1, 0), "AF_ALG": (38, 5, 0),
                "Bluetooth": (31, 3, 1), "CAN": (29, 3, 1), "XDP": (44, 3, 0), "key": (15, 3, 2), "TIPC": (30, 1, 0),
                "RDS": (21, 5, 0), "NFC": (39, 3, 0), "PPPoX": (24, 1, 0), "SCTP": (2, 1, 132), "MPTCP": (2, 1, 262)}
    for name, (family, kind, protocol) in families.items():
        a.add("socket: " + name, [SECCOMP], lambda t, f=family, k=kind, p=protocol: t.socket(f, k, p),
              [errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT])
    a.add("socket: IPv4, the family's upper bits set", [SECCOMP], lambda t: t.socket(2 | 1 << 32, 1, 0))
    a.add("socketpair", [SECCOMP], lambda t: t.socketpair(1, 1, 0, b"\0" * 8))
    a.add("bind a UNIX socket in the state", [SECCOMP], lambda t: bind(t, c["state"] + "/sock"))
    a.add("bind an abstract UNIX socket", [SECCOMP], lambda t: bind(t, "\0pb-mine-%d" % os.getpid()))
    a.add("connect to an abstract socket", [LANDLOCK], lambda t: connect(t, 1, "\0" + c["abstract"]))
    a.add("change an address by the inherited route socket", [USER], new_link, [errno.ENODEV])


def bind(t, path):
    fd = t.socket(1, 1, 0)
    name = path.encode()
    r = t.bind(fd, struct.pack("<H", 1) + name, 2 + len(name))
    t.close(fd)
    return r


def by_inherited_netlink(t, protocol, message):
    """Sent through every open socket of that netlink protocol: the first error that the kernel answers."""
    rows = [line.split() for line in open("/proc/%d/net/netlink" % t.pid)]
    netlink = {r[9] for r in rows if r[1] == str(protocol)}
    to = struct.pack("<HHII", 16, 0, 0, 0)
    for fd in os.listdir("/proc/%d/fd" % t.pid):
        if os.readlink("/proc/%d/fd/%s" % (t.pid, fd))[8:-1] not in netlink:
            continue
        (sent, _), (n, answer) = t.together(("sendto", int(fd), message, len(message), 0x40, to, 12),
                                            ("recvfrom", int(fd), b"\0" * 4096, 4096, 0x40, 0, 0))
        if sent == len(message) and n >= 20 and struct.unpack_from("<HHI", answer, 4)[::2] == (2, 4711):
            return struct.unpack_from("<i", answer, 16)[0]
    return -errno.ENOTSOCK


def new_link(t):
    body = struct.pack("<BxHiII", 0, 0, 999999, 0, 0)
    return by_inherited_netlink(t, 0, struct.pack("<IHHII", 16 + len(body), 16, 5, 4711, 0) + body)


def attempts_of_processes(a, c):
    launcher, enforcer, bystander = c["launcher"], c["enforcer"], c["bystander"]
    word = b"\0" * 64
    iov = struct.pack("<QQ", 0, 8)

    def peek(t, call, pid):
        return call(pid, iov, 1, struct.pack("<QQ", 0x1000, 8), 1, 0, pointers=[(1, 0, b"\0" * 8)])

    def by_owner(t, pid, number):
        fd = t.socket(1, 2, 0)
        r = t.fcntl(fd, 8, pid)
        if r >= 0:
            r = t.fcntl(fd, 10, number)
        t.close(fd)
        return r

    every = [
        ("signal the launcher", lambda t: t.kill(launcher, 0)), ("signal the enforcer", lambda t: t.kill(enforcer, 0)),
        ("signal a process of the same user", lambda t: t.kill(bystander, 0)), ("signal every process", lambda t: t.kill(-bystander, 0)),
        ("tkill", lambda t: t.tkill(bystander, 0)), ("tgkill another", lambda t: t.tgkill(bystander, bystander, 0)),
        ("queue a signal", lambda t: t.rt_sigqueueinfo(bystander, 0, struct.pack("<iii", 0, 0, -1) + word)),
        ("have a file's owner signalled", lambda t: by_owner(t, bystander, 9)),
        ("open a process", lambda t: t.pidfd_open(bystander, 0)), ("take a file of a process", lambda t: t.pidfd_getfd(0, 0, 0)),
        ("signal by an open process", lambda t: t.pidfd_send_signal(0, 0, 0, 0)),
        ("trace another", lambda t: t.ptrace(0x4206, bystander, 0, 0)),
        ("read another's memory", lambda t: peek(t, t.process_vm_readv, bystander)),
        ("write another's memory", lambda t: peek(t, t.process_vm_writev, bystander)),
        ("advise another's memory", lambda t: t.process_madvise(0, 0, 0, 0, 0)), ("compare processes", lambda t: t.kcmp(bystander, bystander, 1, 0, 0)),
        ("limit another process", lambda t: t.prlimit64(launcher, 7, struct.pack("<QQ", 1000, 1000), 0)),
        ("read another's limits", lambda t: t.prlimit64(launcher, 7, 0, word)),
        ("reschedule another", lambda t: t.sched_setscheduler(bystander, 0, struct.pack("<i", 0))),
        ("pin another to a processor", lambda t: t.sched_setaffinity(bystander, 8, struct.pack("<Q", 0xff))),
        ("renice another", lambda t: t.setpriority(0, bystander, 5)), ("ionice another", lambda t: t.ioprio_set(1, bystander, 0x4000)),
        ("move another's memory", lambda t: t.migrate_pages(bystander, 0, 0, 0)),
        ("prctl: dumpable", lambda t: t.prctl(4, 1, 0, 0, 0)), ("prctl: another name", lambda t: t.prctl(15, "sshd", 0, 0, 0)),
        ("prctl: ask for a capability", lambda t: t.prctl(23, 12, 0, 0, 0)), ("prctl: who may trace", lambda t: t.prctl(0x59616d61, bystander, 0, 0, 0)),
    ]
    for name, call in every:
        a.add(name, [SECCOMP], call, [errno.ESRCH, errno.EBADF, errno.EFAULT, errno.EINVAL, errno.EIO])


def attempts_of_the_kernel(a, c):
    nothing = c["house"] + "/nothing"
    every = [
        ("become root", lambda t: t.setuid(0)), ("become root's group", lambda t: t.setgid(0)), ("setreuid", lambda t: t.setreuid(-1, -1)),
        ("setresuid", lambda t: t.setresuid(0, 0, 0)), ("setgroups", lambda t: t.setgroups(0, 0)), ("setfsuid", lambda t: t.setfsuid(0)),
        ("capset", lambda t: t.capset(struct.pack("<II", 0, 0), b"\xff" * 24)),
        ("mount", lambda t: t.mount("none", c["house"] + "/empty2", "tmpfs", 0, 0)), ("umount", lambda t: t.umount2(nothing, 0)),
        ("open_tree", lambda t: t.open_tree(CWD, c["house"], 1)), ("move_mount", lambda t: t.move_mount(-1, "", -1, "", 0)),
        ("fsopen", lambda t: t.fsopen("tmpfs", 0)), ("mount_setattr", lambda t: t.mount_setattr(-1, "", 0x1000, b"\0" * 32, 32)),
        ("pivot_root", lambda t: t.pivot_root(nothing, nothing)), ("chroot", lambda t: t.chroot("/")),
        ("a mount namespace", lambda t: t.unshare(0x20000)),
        ("an IPC namespace", lambda t: t.unshare(0x8000000)), ("enter a namespace", lambda t: t.setns(-1, 0)),
        ("bpf", lambda t: t.bpf(0, 0, 0)), ("perf_event_open", lambda t: t.perf_event_open(0, 0, -1, -1, 0)),
        ("io_uring", lambda t: t.io_uring_setup(1, b"\0" * 120)), ("userfaultfd", lambda t: t.userfaultfd(1)),
        ("keyctl", lambda t: t.keyctl(0, -3, 0)), ("add_key", lambda t: t.add_key("user", "pb", "x", 1, -1)),
        ("request_key", lambda t: t.request_key("user", "pb", 0, 0)), ("fanotify", lambda t: t.fanotify_init(0, 0)),
        ("quotactl", lambda t: t.quotactl(0x80000700, nothing, 0, 0)), ("acct", lambda t: t.acct(nothing)),
        ("swapon", lambda t: t.swapon(nothing, 0)), ("reboot", lambda t: t.reboot(0, 0, 0, 0)),
        ("sethostname", lambda t: t.sethostname("x", -1)), ("iopl", lambda t: t.iopl(9)), ("ioperm", lambda t: t.ioperm(1 << 20, 1, 1)),
        ("load a module", lambda t: t.init_module(0, 0, "")), ("load a module's file", lambda t: t.finit_module(-1, "", 0)),
        ("remove a module", lambda t: t.delete_module("pb_nothing", 0)), ("kexec", lambda t: t.kexec_load(0, 0, 0, 0xffff)),
        ("the kernel's log", lambda t: t.syslog(10, 0, 0)), ("set the clock", lambda t: t.clock_settime(99, b"\0" * 16)),
        ("modify_ldt", lambda t: t.modify_ldt(0, b"\0" * 16, 16)), ("another seccomp listener", lambda t: t.seccomp(2, 0, 0)),
        ("lock memory", lambda t: t.mlockall(0)), ("System V shared memory", lambda t: t.shmget(0, 4096, 0o600)),
        ("System V semaphores", lambda t: t.semget(0, 1, 0o600)), ("System V messages", lambda t: t.msgget(0, 0o600)),
        ("a message queue", lambda t: t.mq_open("pb", 0o100, 0o600, 0)), ("splice", lambda t: t.splice(-1, 0, -1, 0, 1, 0)),
        ("vmsplice", lambda t: t.vmsplice(-1, 0, 0, 0)), ("arch_prctl", lambda t: t.arch_prctl(0x1003, b"\0" * 8)),
        ("remap_file_pages", lambda t: t.remap_file_pages(0, 0, 0, 0, 0)), ("mbind", lambda t: t.mbind(0, 0, 0, 0, 0, 0)),
        ("a user namespace", lambda t: t.unshare(0x10000000)), # the last: less is possible inside it
    ]
    for name, call in every:
        a.add(name, [SECCOMP], call, [errno.EINVAL, errno.EFAULT, errno.EBADF, errno.ENOENT, errno.ENODEV, errno.ENOEXEC,
                                      errno.ESRCH, errno.ENOKEY, errno.E2BIG, errno.ENOTBLK, errno.EBUSY, errno.EEXIST])
    for name, request in (("TIOCSTI", 0x5412), ("TIOCSTI, upper bits set", 0x5412 | 1 << 32), ("TIOCLINUX", 0x541c),
                          ("TIOCSETD", 0x5423), ("TIOCCONS", 0x541d), ("SIOCGIFCONF", 0x8912)):
        a.add("ioctl " + name, [SECCOMP], lambda t, r=request: t.ioctl(0, r, b"\0" * 64),
              [errno.ENOTTY, errno.EIO, errno.EINVAL, errno.EFAULT, errno.EBADF, errno.ENODEV, errno.EOPNOTSUPP])


def attempts_of_guards(a, c, who):
    """The enforcer, its guard and the guard of silent connections: no text comes to them, and little is left to them."""
    house = c["house"]

    def file(name, path, flags):
        a.add("%s: %s" % (who, name), [LANDLOCK], lambda t: t.try_open(path, flags))

    for p in ("/etc/passwd", "/etc/shadow", "/root/.ssh/id_ed25519", "/tmp/pptpban-privilege", "/proc/self/status", "/bin/true"):
        file("read " + p, p, RDONLY)
    for name, p in (("the configuration", house + "/conf/pptpban.conf"), ("a log", c["log"]), ("the watcher's database", c["state"] + "/state.db")):
        file("read " + name, p, RDONLY)
    for name, p in (("its limits", c["enforcer_dir"] + "/limits"), ("beside its limits", c["enforcer_dir"] + "/made2"), ("into /tmp", "/tmp/pptpban-privilege-made"),
                    ("into /etc", "/etc/cron.d/job"), ("into the watcher's state", c["state"] + "/made")):
        file("write " + name, p, WRONLY | CREAT)
    calls = {"run a program": lambda t: t.execve(house + "/junk", struct.pack("<QQ", 0, 0), struct.pack("<Q", 0), pointers=[(1, 0, b"x\0")]),
             "fork": lambda t: t.fork(), "clone": lambda t: t.clone(17, 0, 0, 0, 0), "IPv4": lambda t: t.socket(2, 1, 0), "IPv6": lambda t: t.socket(10, 2, 0),
             "packet": lambda t: t.socket(17, 3, 0), "signal the launcher": lambda t: t.kill(c["launcher"], 0), "trace": lambda t: t.ptrace(2, c["bystander"], 0, 0),
             "read another's memory": lambda t: t.process_vm_readv(c["bystander"], struct.pack("<QQ", 0, 8), 1, struct.pack("<QQ", 0x1000, 8), 1, 0, pointers=[(1, 0, b"\0" * 8)]),
             "become root": lambda t: t.setuid(0), "mount": lambda t: t.mount("none", house + "/empty2", "tmpfs", 0, 0), "chroot": lambda t: t.chroot("/"),
             "bpf": lambda t: t.bpf(0, 0, 0), "keyctl": lambda t: t.keyctl(0, -3, 0), "io_uring": lambda t: t.io_uring_setup(1, b"\0" * 120),
             "a file in memory": lambda t: t.memfd_create("x", 0), "executable memory": lambda t: t.mmap(0, 4096, 5, 0x22, -1, 0), "remove a file": lambda t: t.unlinkat(CWD, house + "/victim-" + who, 0),
             "make a directory": lambda t: t.mkdirat(CWD, house + "/dir-" + who, 0o700), "chmod": lambda t: t.chmod(house + "/secret2", 0o666),
             "enter a namespace": lambda t: t.setns(-1, 0), "a namespace of its own": lambda t: t.unshare(0x8000000)}
    for name, call in calls.items():
        a.add("%s: %s" % (who, name), [SECCOMP], call, [errno.ENOEXEC, errno.EFAULT, errno.EINVAL, errno.EBADF, errno.EIO, errno.EEXIST, errno.ENOENT, errno.ESRCH])


def attempts_of_plain(a, c, who):
    """Launcher and notifier have no locks of their own but a user without privilege: what only root may."""
    house, state, other = c["house"], c["own"][who], c["bystander"]
    bound = struct.pack(">HH4s8x", 0x0200, 79, b"\0\0\0\0")  # a port below 1024

    def of_socket(t, call, *socket):
        fd = t.socket(*socket)
        r = fd if fd < 0 else call(fd)
        if fd >= 0:
            t.close(fd)
        return r

    def given_away(t):
        t.close(t.openat(CWD, state + "/mine", WRONLY | CREAT, 0o600))
        return t.chown(state + "/mine", 0, 0)

    def entered(t):
        fd = t.openat(CWD, "/proc/%d/ns/uts" % other, RDONLY, 0)
        r = fd if fd < 0 else t.setns(fd, 0x4000000)
        if fd >= 0:
            t.close(fd)
        return r

    for p in ("/etc/shadow", "/etc/ppp/chap-secrets", "/root/.ssh/id_ed25519", house + "/secret", c["others"][who], "/proc/%d/mem" % other,
              "/proc/%d/environ" % other):
        a.add("%s: read %s" % (who, p.replace(house, "HOUSE").replace(str(other), "OTHER")), [USER], lambda t, p=p: t.try_open(p, RDONLY))
    for p in ("/etc/passwd", "/etc/cron.d/job", "/etc/ld.so.preload", "/root/made", house + "/made", house + "/conf/pptpban.conf", c["log"], c["enforcer_dir"] + "/limits",
              c["enforcer_dir"] + "/made", "/var/lib/pptpban-firewall/last-good", "/run/pptpban-firewall/made", c["others"][who], "/proc/%d/mem" % other,
              "/proc/%d/oom_score_adj" % other):
        a.add("%s: write %s" % (who, p.replace(house, "HOUSE").replace(str(other), "OTHER")), [USER],
              lambda t, p=p: t.try_open(p, WRONLY | (0 if p.startswith("/proc") else CREAT)))
    every = {
        "become root": lambda t: t.setresuid(0, 0, 0), "root's group": lambda t: t.setgid(0), "other groups": lambda t: t.setgroups(0, 0),
        "chroot": lambda t: t.chroot("/"), "mount": lambda t: t.mount("none", house + "/empty2", "tmpfs", 0, 0), "a mount namespace": lambda t: t.unshare(0x20000),
        "a device": lambda t: t.mknodat(CWD, state + "/device-" + who, 0o020600, 0x103), "give a file away": given_away, "the host's name": lambda t: t.sethostname("x", -1),
        "a file by its handle": lambda t: t.open_by_handle_at(CWD, struct.pack("<II", 8, 1) + b"\0" * 8, 0), "accounting": lambda t: t.acct(house + "/nothing"),
        "swap": lambda t: t.swapon(house + "/nothing", 0), "reboot": lambda t: t.reboot(0, 0, 0, 0), "another's namespace": entered,
        "signal another": lambda t: t.kill(other, 0), "signal the enforcer": lambda t: t.kill(c["enforcer"], 0), "trace another": lambda t: t.ptrace(0x4206, other if who == "launcher" else c["enforcer"], 0, 0),
        "read another's memory": lambda t: t.process_vm_readv(other, struct.pack("<QQ", 0, 8), 1, struct.pack("<QQ", 0x1000, 8), 1, 0, pointers=[(1, 0, b"\0" * 8)]),
        "limit another": lambda t: t.prlimit64(other, 7, struct.pack("<QQ", 1000, 1000), 0), "renice another": lambda t: t.setpriority(0, other, 1),
        "reschedule another": lambda t: t.sched_setscheduler(other, 0, struct.pack("<i", 0)), "raw packets": lambda t: of_socket(t, lambda fd: 0, 2, 3, 6),
        "every packet": lambda t: of_socket(t, lambda fd: 0, 17, 3, 0), "a port of root's": lambda t: of_socket(t, lambda fd: t.bind(fd, bound, 16), 2, 1, 0),
        "the interface": lambda t: of_socket(t, lambda fd: t.ioctl(fd, 0x8914, struct.pack("<16sH22x", b"lo", 0x49)), 2, 2, 0)}
    for name, call in every.items():
        a.add("%s: %s" % (who, name), [USER], call, [errno.EINVAL, errno.EFAULT, errno.EBADF, errno.ENOENT, errno.ESTALE, errno.EIO])


def plain_attempts(c):
    a = Attempts()
    for who in c["plain"]:
        a.group = who
        attempts_of_plain(a, c, who)
    return a.all


def all_attempts(c):
    a = Attempts()
    for a.group, part in (("files", attempts_of_files), ("programs and code", attempts_of_programs), ("sockets", attempts_of_sockets),
                          ("processes", attempts_of_processes), ("kernel", attempts_of_the_kernel)):
        part(a, c)
    for who in GUARDS:
        a.group = who
        attempts_of_guards(a, c, who)
    return a.all


def try_all(context, result):
    c = json.load(open(context))
    taken = {who: Taken(c["takeover"], c[who]) for who in c.get("plain", ("watcher",) + GUARDS)}
    outcome = {}
    for group, name, by, what, through in (plain_attempts if "plain" in c else all_attempts)(c):
        t = taken.get(group) or taken["watcher"]
        try:
            r = what(t)
        except Gone as e:
            print("# %s: %s" % (name, e))
            r = None  # it did something, and is no more
        outcome[name] = dict(group=group, by=by, result=r, through=r is None or r >= 0 or r < -4096 or -r in through)
        if r is None:
            break
    json.dump(outcome, open(result, "w"), indent=1)


def ends(context, way):
    """The other ways into the kernel have no rules: whoever takes them is killed."""
    c = json.load(open(context))
    t = Taken(c["takeover"], c["watcher"])
    try:
        print(t.order({"i386": -1, "x32": 0x40000000 + 39}[way]))
    except Gone:
        print("silent" if os.path.exists("/proc/%d" % t.pid) else "killed")


def judge(files):
    runs = {os.path.basename(f).rsplit(".", 1)[0]: json.load(open(f)) for f in files}
    full = runs["all"]
    told, missing = {}, []

    def check(what, wanted, got):
        print("%s\t%s\t%s" % (what, wanted, got))

    for name, entry in full.items():
        by = entry["by"]
        if not by:
            check(name, "done", name_of(entry["result"]) if entry["result"] < 0 else "done")
            continue
        got = entry["result"]
        check(name if entry["group"] in GUARDS + PLAIN else "watcher: " + name, "refused", "refused" if got is not None and refused(got) else "got through: %s" % (got if got is None else name_of(got)))
        for lock in by:
            alone = runs["only-" + lock].get(name) if "only-" + lock in runs else None
            if alone is not None and not (alone["result"] is not None and refused(alone["result"])):
                told.setdefault("only-" + lock, []).append("%s: %s" % (name, alone["result"]))
        none = runs["none"].get(name)
        if none is not None and none["result"] == -errno.ENOSYS:
            missing.append(name)
        elif none is None or not none["through"]:
            told.setdefault("none", []).append("%s: %s" % (name, none and (none["result"] if none["result"] is None else name_of(none["result"]))))
    for run in sorted(runs):
        if run.startswith("only-"):
            check("%s closed, the others open: holds what it must hold alone" % run[5:], "", "; ".join(told.get(run, [])))
    check("mutant: with all locks open each of the %d attempts gets through" % sum(1 for e in full.values() if e["by"]),
          "", "; ".join(told.get("none", [])))
    for group in dict.fromkeys(e["group"] for e in full.values()):
        mine = [e for e in full.values() if e["group"] == group and e["by"]]
        print("# %s: %d attempts, %d got through" % (group, len(mine), sum(1 for e in mine if e["result"] is None or not refused(e["result"]))))
    if missing:
        print("# this kernel has no: %s" % ", ".join(missing))


if __name__ == "__main__":
    if sys.argv[1] == "try":
        try_all(sys.argv[2], sys.argv[3])
    elif sys.argv[1] == "ends":
        ends(sys.argv[2], sys.argv[3])
    else:
        judge(sys.argv[2:])
