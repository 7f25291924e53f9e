// SPDX-License-Identifier: GPL-2.0-or-later
// What the guard of silent connections tells of itself: a small file that it holds locked while it lives, for
// `pptpban status`.
#ifndef PB_ENFORCE_CONNSTATS_H
#define PB_ENFORCE_CONNSTATS_H

#include <stdint.h>
#include <sys/types.h>

#define CONNSTATS_NAME "connguard" // in the enforcer's directory

enum connstats_mode {
    CONNSTATS_OFF,     // silent_timeout = 0
    CONNSTATS_ENDS,    // ends silent connections
    CONNSTATS_REPORTS, // this kernel cannot end them: they are reported, and banned
    CONNSTATS_OBSERVES, // backend = none
    CONNSTATS_MODES
};

struct connstats {
    char magic[8];
    uint32_t mode; // enum connstats_mode
    uint32_t silent_ms;
    uint32_t unfinished;   // connections without a whole first packet, at the last look
    int32_t woken_error;   // 0: a packet wakes it; else why it must look by itself (errno)
    uint64_t ended, told;  // connections; lines in the log
    uint64_t unsaid;       // lines that were too many
    uint64_t overflow;     // more unfinished connections than are remembered
    uint64_t looks, mended; // at the sockets; its rule, taken away by others
};

// Makes it anew and holds it until the process ends. The descriptor, -EBUSY when another process holds it, -errno.
int connstats_open(const char *path);
int connstats_write(int fd, struct connstats *s); // puts the magic in

// *ret_pid: who holds it, 0 when nobody does. -ENOENT, -EBADMSG, -errno.
int connstats_read(const char *path, struct connstats *ret, pid_t *ret_pid);

#endif
