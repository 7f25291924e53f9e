// SPDX-License-Identifier: GPL-2.0-or-later
// Field 22 of /proc/PID/stat (proc(5)).
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int process_started(uint32_t pid, uint64_t *ret_ticks)
{
    char path[32], buf[1024], *p;

    snprintf(path, sizeof(path), "/proc/%u/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -ESRCH;
    ssize_t n = read(fd, buf, sizeof(buf) - 1);
    close(fd);
    if (n <= 0)
        return -ESRCH;
    buf[n] = '\0';
    // the name in field 2 may hold anything: count behind its last parenthesis
    if (!(p = strrchr(buf, ')')))
        return -ESRCH;
    for (int field = 2; field < 22; field++)
        if (!(p = strchr(p + 1, ' ')))
            return -ESRCH;
    *ret_ticks = strtoull(p + 1, NULL, 10);
    return 0;
}

usec_t process_time(uint64_t ticks)
{
    struct timespec up;

    clock_gettime(CLOCK_BOOTTIME, &up);
    return clock_realtime() - ((usec_t)up.tv_sec * USEC_SEC + up.tv_nsec / 1000) +
           (usec_t)(ticks * 1000000u / (unsigned long long)sysconf(_SC_CLK_TCK));
}
