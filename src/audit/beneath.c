// SPDX-License-Identifier: GPL-2.0-or-later
// Opens beneath a directory: by openat2, and name by name where that is missing or gives up. The walk never asks the
// kernel to follow a link or to go up, so nobody who moves things meanwhile can lead it out of the directory.
#include "audit/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct walk {
    int dirs[BENEATH_DEPTH_MAX + 1]; // from root, the caller's, down to where it is
    size_t depth;                    // of the last
    unsigned links;                  // followed so far
    char rest[PATH_MAX];             // of the path
};

static void climb(struct walk *w, size_t depth)
{
    while (w->depth > depth)
        close(w->dirs[w->depth--]);
}

// What a link says, n bytes, stands in the place of its name; rest begins with a slash, or is nothing.
static int follow(struct walk *w, const char *says, size_t n, const char *rest)
{
    size_t left = strlen(rest) + 1;

    if (++w->links > BENEATH_LINKS_MAX)
        return -ELOOP;
    if (n == 0)
        return -ENOENT;
    if (n + left > sizeof(w->rest))
        return -ENAMETOOLONG;
    memmove(w->rest + n, rest, left);
    memcpy(w->rest, says, n);
    if (*says == '/')
        climb(w, 0);
    return 0;
}

static int descend(struct walk *w, const char *name)
{
    int fd = openat(w->dirs[w->depth], name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (w->depth == BENEATH_DEPTH_MAX) {
        close(fd);
        return -ENAMETOOLONG;
    }
    w->dirs[++w->depth] = fd;
    return 0;
}

// One name, of n bytes and not empty. True at the end: *ret is what was opened, or -errno.
static bool step(struct walk *w, const char *begin, size_t n, int flags, int *ret)
{
    const char *rest = begin + n;
    char name[NAME_MAX + 1], says[PATH_MAX];
    ssize_t length = -1;

    if (n > NAME_MAX) {
        *ret = -ENAMETOOLONG;
        return true;
    }
    memcpy(name, begin, n);
    name[n] = '\0';
    bool up = strcmp(name, "..") == 0, here = strcmp(name, ".") == 0;
    if (!up && !here) {
        length = readlinkat(w->dirs[w->depth], name, says, sizeof(says));
        if (length < 0 && errno != EINVAL) { // EINVAL: it is there, and no link
            *ret = -errno;
            return true;
        }
    }
    if (length >= 0) {
        *ret = follow(w, says, (size_t)length, rest);
        return *ret < 0;
    }
    if (!*rest && !up) {
        *ret = openat(w->dirs[w->depth], name, flags | O_NOFOLLOW);
        *ret = *ret < 0 ? -errno : *ret;
        return true;
    }
    *ret = 0;
    if (up)
        climb(w, w->depth ? w->depth - 1 : 0);
    else if (!here)
        *ret = descend(w, name);
    memmove(w->rest, rest, strlen(rest) + 1);
    return *ret < 0;
}

int beneath_walk(int root, const char *path, int flags)
{
    struct walk w = {.dirs = {root}};
    size_t n = strlen(path);
    int r;

    if (n >= sizeof(w.rest))
        return -ENAMETOOLONG;
    memcpy(w.rest, path, n + 1);
    for (;;) {
        const char *begin = w.rest + strspn(w.rest, "/");
        if (!*begin)
            begin = "."; // all is said: here it is
        if (step(&w, begin, strcspn(begin, "/"), flags, &r))
            break;
    }
    climb(&w, 0);
    return r;
}

int beneath_open(int root, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)flags, .resolve = RESOLVE_IN_ROOT};
    long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

    // kernels before 5.6; containers whose list of system calls is older; something was renamed or mounted somewhere on the
    // machine just then, and the kernel cannot be sure about ".."
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN))
        return beneath_walk(root, path, flags);
    return fd < 0 ? -errno : (int)fd;
}
