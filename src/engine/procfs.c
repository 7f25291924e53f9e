// SPDX-License-Identifier: GPL-2.0-or-later
// Reads /proc/PID/cmdline and when the process began; nothing else of a process is looked at.
#include "engine/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/process.h"

static ssize_t read_file(const char *name, uint32_t pid, char *buf, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -ESRCH;
    ssize_t n = read(fd, buf, size);
    close(fd);
    return n < 0 ? -ESRCH : n;
}

static int started(uint32_t pid, usec_t *ret)
{
    uint64_t ticks;
    int r = process_started(pid, &ticks);

    if (r < 0)
        return r;
    *ret = process_time(ticks);
    return 0;
}

int procfs_cmdline(uint32_t pid, usec_t t, char buf[static PROCFS_CMDLINE_MAX], struct str *ret)
{
    // stamps of syslog files without fractions are up to a second early, the kernel's tick is 10 ms
    const usec_t slack = 1100 * USEC_MSEC;
    usec_t start, again;
    int r = started(pid, &start);

    if (r < 0)
        return r;
    if (start > t + slack)
        return -ESTALE;
    ssize_t n = read_file("cmdline", pid, buf, PROCFS_CMDLINE_MAX);
    if (n <= 0)
        return -ESRCH;
    // the same process still? the pid may have been used again between the two reads
    if (started(pid, &again) < 0 || again - start > USEC_SEC || start - again > USEC_SEC)
        return -ESTALE;
    while (n > 0 && buf[n - 1] == '\0')
        n--;
    for (ssize_t i = 0; i < n; i++)
        if (buf[i] == '\0')
            buf[i] = ' ';
    *ret = (struct str){buf, (size_t)n};
    return 0;
}

bool procfs_is_here(struct str host, const char *here)
{
    const char *dot = host.n ? memchr(host.p, '.', host.n) : NULL;
    size_t n = dot ? (size_t)(dot - host.p) : host.n, own = strcspn(here, ".");

    return host.n == 0 || (n == own && strncasecmp(host.p, here, n) == 0);
}
