// SPDX-License-Identifier: GPL-2.0-or-later
// Reading beneath a directory. Never waits on a pipe, never reads more than it was allowed to.
#include "audit/view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/beneath.h"

static int open_beneath(const struct audit_root *root, const char *path, int flags)
{
    flags = flags & O_PATH ? O_PATH | O_CLOEXEC : flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    while (*path == '/')
        path++;
    if (!*path)
        path = ".";
    if (!root->whole)
        return beneath_open(root->fd, path, flags);
    int fd = openat(root->fd, path, flags);
    return fd < 0 ? -errno : fd;
}

static int read_all(int fd, size_t max, struct text *t)
{
    size_t room = 0;

    for (;;) {
        if (room - t->n < 2) { // a file may be longer than it said, as those of /proc are
            room = room                                               ? room * 2
                   : t->st.st_size > 0 && (size_t)t->st.st_size < max ? (size_t)t->st.st_size + 2
                                                                      : 4096;
            char *grown = malloc(room);
            if (!grown)
                return -ENOMEM;
            if (t->n)
                memcpy(grown, t->p, t->n);
            if (t->p)
                explicit_bzero(t->p, t->n);
            free(t->p);
            t->p = grown;
        }
        ssize_t n = read(fd, t->p + t->n, room - t->n - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        t->n += (size_t)n;
        if (t->n > max)
            return -EFBIG;
    }
    t->p[t->n] = '\0';
    return memchr(t->p, '\0', t->n) ? -EBADMSG : 0;
}

int view_read(const struct audit_root *root, const char *path, size_t max, struct text *ret)
{
    struct text t = {0};
    int fd = open_beneath(root, path, 0);

    if (fd < 0)
        return fd == -ENXIO ? -ESPIPE : fd; // a socket
    int r = fstat(fd, &t.st) < 0 ? -errno : 0;
    if (r == 0 && !S_ISREG(t.st.st_mode))
        r = -ESPIPE;
    if (r == 0 && t.st.st_size > (off_t)max)
        r = -EFBIG;
    if (r == 0)
        r = read_all(fd, max, &t);
    close(fd);
    if (r < 0) {
        view_free(&t);
        return r;
    }
    *ret = t;
    return 0;
}

void view_free(struct text *t)
{
    if (t->p)
        explicit_bzero(t->p, t->n);
    free(t->p);
    *t = (struct text){0};
}

bool view_cut_line(struct str *left, struct str *ret)
{
    if (left->n == 0)
        return false;
    const char *end = memchr(left->p, '\n', left->n);
    size_t n = end ? (size_t)(end - left->p) : left->n;
    *ret = (struct str){left->p, n};
    *left = str_skip(*left, n + 1);
    return true;
}

const char *view_error(int r)
{
    switch (r) {
    case -ENOENT:
    case -ENOTDIR:
        return "is not there";
    case -EACCES:
    case -EPERM:
        return "may not be read; run this as root";
    case -ELOOP:
        return "is a link that leads in a circle";
    case -EFBIG:
        return "is too large to be read";
    case -EBADMSG:
        return "is no text";
    case -ESPIPE:
    case -EISDIR:
        return "is no regular file";
    case -E2BIG:
        return "holds too much";
    default:
        return strerror(r < 0 ? -r : r);
    }
}

bool view_exists(const struct audit_root *root, const char *path)
{
    int fd = open_beneath(root, path, O_PATH);

    if (fd < 0)
        return false;
    close(fd);
    return true;
}

int view_line(const struct audit_root *root, const char *path, char *buf, size_t size)
{
    struct text t = {0};
    int r = view_read(root, path, VIEW_FILE_MAX, &t);

    if (r < 0)
        return r;
    size_t n = strcspn(t.p, "\n");
    n = n < size ? n : size - 1;
    memcpy(buf, t.p, n);
    buf[n] = '\0';
    view_free(&t);
    return 0;
}

int view_number(const struct audit_root *root, const char *path, long long *ret)
{
    char line[64], *end;
    int r = view_line(root, path, line, sizeof(line));

    if (r < 0)
        return r;
    errno = 0;
    long long n = strtoll(line, &end, 10);
    if (errno || end == line || *end)
        return -EINVAL;
    *ret = n;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

int view_list(const struct audit_root *root, const char *dir, const char *pattern, struct names *ret)
{
    int fd = open_beneath(root, dir, O_DIRECTORY), r = 0;
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct names n = {0};
    const struct dirent *e;

    if (!d) {
        r = fd < 0 ? fd : -errno;
        if (fd >= 0)
            close(fd);
        return r;
    }
    n.v = calloc(VIEW_NAMES_MAX, sizeof(*n.v));
    if (!n.v)
        r = -ENOMEM;
    while (r == 0 && (e = readdir(d))) {
        if (fnmatch(pattern, e->d_name, FNM_PERIOD) != 0)
            continue;
        if (n.n == VIEW_NAMES_MAX)
            r = -E2BIG;
        else
            strcpy(n.v[n.n++], e->d_name);
    }
    closedir(d);
    if (r < 0) {
        names_free(&n);
        return r;
    }
    qsort(n.v, n.n, sizeof(*n.v), by_name);
    *ret = n;
    return 0;
}

void names_free(struct names *n)
{
    free(n->v);
    *n = (struct names){0};
}
