// SPDX-License-Identifier: GPL-2.0-or-later
// Files that are there whole or not at all.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno != EINTR)
            return -errno;
        p += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
    return 0;
}

int file_replace(const char *path, mode_t mode, const void *p, size_t n)
{
    char *fresh = NULL;

    if (asprintf(&fresh, "%s.XXXXXX", path) < 0)
        return -ENOMEM;
    int fd = mkostemp(fresh, O_CLOEXEC), r = fd < 0 ? -errno : write_all(fd, p, n);
    if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
        r = -errno;
    if (fd >= 0 && close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(fresh, path) < 0)
        r = -errno;
    if (r < 0 && fd >= 0)
        (void)unlink(fresh);
    free(fresh);
    return r;
}
