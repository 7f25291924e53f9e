// SPDX-License-Identifier: GPL-2.0-or-later
// Locks the calling process in for good: no new privileges, Landlock, no writable code, seccomp. The two
// processes share it; what each needs is said by its caller. Never opens what it forbids and drops no user id.
#ifndef PB_ENFORCE_SANDBOX_H
#define PB_ENFORCE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#define SANDBOX_FS_TRUNCATE (UINT64_C(1) << 14) // Landlock ABI 3, younger than Debian 12's headers

struct sandbox_options {
    // Files, or directories with all that is below them; NULL-terminated. One that does not exist is skipped: name
    // the directory when a file may be replaced or come later (Landlock holds on to the inode).
    const char *const *read;
    const char *const *write; // directories: also create, write, rename and remove files in them
    // &sandbox_files; NULL: no file at all, and none of the calls that it has conditions for
    const struct sandbox_files *files;
    const char *const *calls; // names of the system calls that stay; names this machine does not know are skipped
    const int *families;      // socket() and socketpair() for these address families only; ends with AF_UNSPEC
};

// Some calls stay for some values of one argument: (call, argument, bits to look at, what they must be), where the first
// that fits lets the call pass.
struct sandbox_condition {
    const char *call; // NULL: the end of the list
    unsigned argument;
    uint64_t mask, value;
};

// What is about files (sandbox_files.c).
struct sandbox_files {
    int (*allow)(const struct sandbox_options *, int ruleset, uint64_t handled); // puts read and write into the ruleset
    const struct sandbox_condition *conditions;
};

extern const struct sandbox_files sandbox_files;

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
