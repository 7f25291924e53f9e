// SPDX-License-Identifier: GPL-2.0-or-later
// The system calls that the watcher needs under glibc 2.36 and 2.41 with libsystemd, SQLite and sd-event: files,
// inotify, timers, signals, UNIX sockets. Not here on purpose: execve, fork and clone, ptrace, process_vm_*, bpf,
// mount, setuid and all their kin, keyctl, io_uring, userfaultfd, prctl, any socket but AF_UNIX, and no new one that
// listens. Calls that hide what they ask for behind a pointer (openat2) cannot be judged and are out too.
#include "enforce/sandbox.h"

#include <stddef.h>
#include <sys/socket.h>

const char *const sandbox_watcher_calls[] = {
    // files
    "openat", "open", "close", "close_range", "read", "readv", "pread64", "preadv", "write", "writev",
    "pwrite64", "pwritev", "lseek", "fstat", "stat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access",
    "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "fcntl", "flock", "fsync", "fdatasync",
    "ftruncate", "fallocate", "fadvise64", "rename", "renameat", "renameat2", "unlink", "unlinkat",
    "fchmod", "fchown", "umask", "dup", "dup2", "dup3", "pipe2", "ioctl", "getcwd", "utimensat", "copy_file_range",
    // memory
    "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "msync", "mincore",
    // waiting
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6",
    "inotify_init1", "inotify_add_watch", "inotify_rm_watch", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    "eventfd2", "signalfd4", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack",
    "nanosleep", "clock_nanosleep", "restart_syscall", "futex", "futex_waitv", "membarrier", "sched_yield",
    // UNIX sockets (families below)
    "socket", "accept", "accept4", "connect", "shutdown", "sendto", "recvfrom", "sendmsg",
    "recvmsg", "sendmmsg", "recvmmsg", "getsockopt", "setsockopt", "getsockname", "getpeername",
    // itself
    "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getgroups", "getresuid", "getresgid",
    "getrandom", "clock_gettime", "clock_getres", "gettimeofday", "time", "times", "getrusage", "sysinfo", "uname",
    "prlimit64", "getrlimit", "sched_getaffinity", "getcpu", "rseq", "set_robust_list", "set_tid_address", "tgkill",
    "exit", "exit_group", "wait4",
    NULL,
};

const int sandbox_watcher_families[] = {AF_UNIX, AF_UNSPEC};
