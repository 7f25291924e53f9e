# SPDX-License-Identifier: GPL-2.0-or-later
# Gives orders to a program that holds tests/system/takeover.c: each is one system call of that process.
import errno
import os
import signal
import socket
import struct

BLOB = 100000
HEAD = struct.Struct("<q6Q8B8I")


class Gone(Exception):
    """The process does not answer any more."""


class Taken:
    def __init__(self, directory, pid):
        self.pid = pid
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = "%s/driver-%d-%d" % (directory, os.getpid(), pid)
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.line.bind(self.path)
        os.chmod(self.path, 0o666)
        self.line.connect("%s/%d" % (directory, pid))
        self.line.settimeout(2)
        self.blob = b""

    @staticmethod
    def packed(nr, *args, pointers=()):
        """One order. Text and bytes are passed by address; pointers are (argument, offset, bytes): at that offset of
        that argument stands a pointer to these bytes."""
        blob, values, inside, relocations, starts = bytearray(), [], [], [], {}

        def append(data):
            blob.extend(b"\0" * (-len(blob) % 8))
            blob.extend(data)
            return len(blob) - len(data)

        for i, a in enumerate(args):
            a = a.encode() + b"\0" if isinstance(a, str) else a
            inside.append(not isinstance(a, int))
            if inside[i]:
                starts[i] = append(a)
            values.append(starts[i] if inside[i] else a & (1 << 64) - 1)
        for argument, offset, target in pointers:
            at = starts[argument] + offset
            struct.pack_into("<Q", blob, at, append(target))
            relocations.append(at + 1)
        values += [0] * (6 - len(values))
        inside += [0] * (8 - len(inside))
        relocations += [0] * (8 - len(relocations))
        return HEAD.pack(nr, *values, *inside, *relocations) + blob

    def send(self, packet):
        try:
            self.line.send(packet)
        except OSError as e:
            raise Gone(str(e)) from e

    def receive(self):
        try:
            data, ancillary, _, _ = self.line.recvmsg(8 + BLOB, 64)
        except OSError as e:
            raise Gone(str(e)) from e
        self.blob = data[8:]
        self.passed = [struct.unpack("i", d[:4])[0] for level, kind, d in ancillary if kind == socket.SCM_RIGHTS]
        return struct.unpack("<q", data[:8])[0]

    def order(self, nr, *args, pointers=()):
        """The result of one system call, or -errno."""
        self.send(self.packed(nr, *args, pointers=pointers))
        return self.receive()

    def together(self, *orders):
        """Results and memory of up to ten calls (name, arguments...) between which the process does nothing else."""
        os.kill(self.pid, signal.SIGSTOP)
        for name, *args in orders:
            self.send(self.packed(SYSCALLS[name], *args))
        os.kill(self.pid, signal.SIGCONT)
        return [(self.receive(), self.blob) for _ in orders]

    def __getattr__(self, name):
        number = SYSCALLS.get(name)
        if number is None:
            raise AttributeError(name)
        return lambda *args, **more: self.order(number, *args, **more)

    def int80(self):
        return self.order(-1)

    def run(self, address):
        return self.order(-2, address)

    def poke(self, address, data):
        self.send(HEAD.pack(-3, address, *[0] * 5, *[0] * 8, *[0] * 8) + data)
        return self.receive()

    def take_file(self, fd):
        """One of its open files, as a file of ours."""
        self.order(-4, fd)
        return self.passed[0]

    def try_open(self, path, flags, mode=0o600):
        """Opens and closes again."""
        fd = self.openat(-100, path, flags, mode)
        if fd >= 0:
            self.close(fd)
        return fd


def refused(result):
    return result in (-errno.EPERM, -errno.EACCES)


def name_of(result):
    return errno.errorcode.get(-result, str(result)) if result < 0 else "done"


# As on x86-64.
SYSCALLS = dict(
    read=0, write=1, open=2, close=3, stat=4, fstat=5, mmap=9, mprotect=10, rt_sigqueueinfo=129, ioctl=16, socket=41,
    connect=42, sendto=44, recvfrom=45, sendmsg=46, bind=49, listen=50, socketpair=53, clone=56, fork=57, vfork=58,
    execve=59, kill=62, fcntl=72, truncate=76, ftruncate=77, chmod=90, fchmod=91, chown=92, umask=95, ptrace=101,
    syslog=103, setuid=105, setgid=106, setreuid=113, setgroups=116, setresuid=117, setfsuid=122, capset=126,
    mknod=133, personality=135, setpriority=141, sched_setscheduler=144, mlockall=151, pivot_root=155, prctl=157,
    arch_prctl=158, chroot=161, acct=163, mount=165, umount2=166, swapon=167, reboot=169, sethostname=170, iopl=172,
    ioperm=173, init_module=175, delete_module=176, quotactl=179, tkill=200, sched_setaffinity=203, clock_settime=227,
    tgkill=234, mq_open=240, kexec_load=246, add_key=248, request_key=249, keyctl=250, ioprio_set=251, openat=257,
    mkdirat=258, mknodat=259, unlinkat=263, renameat=264, linkat=265, symlinkat=266, readlinkat=267, fchmodat=268,
    unshare=272, splice=275, vmsplice=278, utimensat=280, perf_event_open=298, fanotify_init=300, prlimit64=302,
    name_to_handle_at=303, open_by_handle_at=304, setns=308, process_vm_readv=310, process_vm_writev=311, kcmp=312,
    finit_module=313, renameat2=316, seccomp=317, memfd_create=319, bpf=321, execveat=322, userfaultfd=323,
    pkey_mprotect=329, pidfd_send_signal=424, io_uring_setup=425, open_tree=428, move_mount=429, fsopen=430,
    pidfd_open=434, clone3=435, openat2=437, pidfd_getfd=438, process_madvise=440, mount_setattr=442,
    memfd_secret=447, shmget=29, shmat=30, semget=64, msgget=68, getdents64=217, modify_ldt=154, prlimit=302,
    settimeofday=164, vhangup=153, uselib=134, mbind=237, migrate_pages=256, remap_file_pages=216, fchmodat2=452,
    getpid=39, quotactl_fd=443, setrlimit=160)
