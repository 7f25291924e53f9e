// SPDX-License-Identifier: GPL-2.0-or-later
// Locks the calling process in for good: no new privileges, Landlock, no writable code, seccomp. The two
// processes share it; what each needs is said by its caller. Never opens what it forbids and drops no user id.
#ifndef PB_ENFORCE_SANDBOX_H
#define PB_ENFORCE_SANDBOX_H

#include <stdbool.h>

struct sandbox_options {
    // Files, or directories with all that is below them; NULL-terminated. One that does not exist is skipped: name
    // the directory when a file may be replaced or come later (Landlock holds on to the inode).
    const char *const *read;
    const char *const *write; // directories: also create, write, rename and remove files in them
    const char *const *calls; // names of the system calls that stay; names this machine does not know are skipped
    const int *families;      // socket() and socketpair() for these address families only; ends with AF_UNSPEC
};

// In words, for `status` and the log: "ABI 7", "not in this kernel", "refused: Operation not permitted" ...
struct sandbox_report {
    char landlock[64];
    char seccomp[64];
    char mdwe[64];  // no writable code: "kernel", else "seccomp rule"
    bool complete;  // every lock that this kernel has was closed
};

// What the watcher needs (sandbox_watcher.c): files, inotify, journal, SQLite, UNIX sockets, timers, signals; no
// exec, no new process, no socket but AF_UNIX.
extern const char *const sandbox_watcher_calls[];
extern const int sandbox_watcher_families[];

// To be called once, by a process with one thread, after all code has been compiled (JIT) and all lazily loaded
// libraries are in. A call that is not allowed fails with EPERM from then on, and the kernel's audit log names it;
// nothing is killed. A lock that the kernel does not have is reported, not an error. -errno when one that it has
// cannot be closed: the caller decides whether to go on (*ret is written all the same).
int sandbox_apply(const struct sandbox_options *options, struct sandbox_report *ret);

#endif
