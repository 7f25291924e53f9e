// SPDX-License-Identifier: GPL-2.0-or-later
// A file of one structure and a lock on it: the kernel says who holds it, so nobody need ask whether that one lives.
#include "enforce/connstats.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "connstt\1" // the last byte is the version

int connstats_open(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644), r = 0;

    if (fd < 0)
        return -errno;
    if (fcntl(fd, F_SETLK, &lock) < 0)
        r = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
    else if (fchmod(fd, 0644) < 0 || ftruncate(fd, 0) < 0)
        r = -errno;
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

int connstats_write(int fd, struct connstats *s)
{
    memcpy(s->magic, MAGIC, sizeof(s->magic));
    ssize_t n = pwrite(fd, s, sizeof(*s), 0);
    return n < 0 ? -errno : n != (ssize_t)sizeof(*s) ? -EIO : 0;
}

int connstats_read(const char *path, struct connstats *ret, pid_t *ret_pid)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct connstats s;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), r = 0;

    if (fd < 0)
        return -errno;
    ssize_t n = pread(fd, &s, sizeof(s), 0);
    if (n < 0 || fcntl(fd, F_GETLK, &lock) < 0)
        r = -errno;
    else if (n != (ssize_t)sizeof(s) || memcmp(s.magic, MAGIC, sizeof(s.magic)) != 0 || s.mode >= CONNSTATS_MODES)
        r = -EBADMSG;
    close(fd);
    if (r < 0)
        return r;
    *ret = s;
    *ret_pid = lock.l_type == F_UNLCK ? 0 : lock.l_pid;
    return 0;
}
