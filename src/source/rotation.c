// SPDX-License-Identifier: GPL-2.0-or-later
// Finds a log file's rotated predecessors by name, identifies them by content, orders them by modification time.
#include "source/rotation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/feed.h"
#include "source/header.h"
#include "source/input.h"

enum { TRIES = 8 };

static bool ends_with(struct str s, struct str end)
{
    return s.n > end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0;
}

size_t rotation_stem(const char *name)
{
    static const struct str packed[] = {STR(".gz"), STR(".xz"), STR(".zst"), STR(".bz2"), STR(".lz4")};
    struct str s = str_of(name);

    for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
        if (ends_with(s, packed[i])) {
            s.n -= packed[i].n;
            break;
        }
    }
    // a number or a date behind '.' or '-': digits, and what stands between the parts of a date
    size_t n = s.n;
    while (n > 0 && ((s.p[n - 1] >= '0' && s.p[n - 1] <= '9') || strchr("-_.T:", s.p[n - 1])))
        n--;
    if (n == 0 || n + 1 >= s.n || (s.p[n] != '.' && s.p[n] != '-') || s.p[n + 1] < '0' || s.p[n + 1] > '9' ||
        s.p[s.n - 1] < '0' || s.p[s.n - 1] > '9')
        return 0;
    return n;
}

// Opens one and reads its first line, unpacking what is packed; leaves it at its beginning.
static int identify(int fd, struct sibling *ret)
{
    char head[FINGERPRINT_BYTES];
    struct input *in;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size == 0)
        return -ENODATA;
    int r = input_new(fd, &in);
    if (r < 0)
        return r;
    ssize_t n = input_read(in, head, sizeof(head));
    bool known = n > 0 && feed_fingerprint(head, (size_t)n, ret->file);
    struct stamp_clock clock;
    struct header h;
    stamp_clock_init(&clock, clock_realtime());
    if (known && header_parse(&clock, (struct str){head, (size_t)n}, &h) && h.has_time)
        ret->first = h.time;
    ret->compressed = input_is_compressed(in);
    input_free(in);
    if (!known)
        return n < 0 ? (int)n : -ENODATA;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    ret->fd = fd;
    ret->size = (uint64_t)st.st_size;
    ret->modified = (usec_t)st.st_mtim.tv_sec * USEC_SEC + st.st_mtim.tv_nsec / 1000;
    return 0;
}

static int by_age(const void *a, const void *b)
{
    const struct sibling *x = a, *y = b;

    // rotations within one tick of the kernel's clock have the same time
    if (x->modified != y->modified)
        return x->modified < y->modified ? -1 : 1;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->number > y->number ? -1 : x->number < y->number;
}

// Puts s among the ROTATION_MAX youngest; *n is how many there are.
static void keep_young(struct sibling *all, size_t *n, struct sibling s)
{
    if (*n == ROTATION_MAX) {
        size_t oldest = 0;
        for (size_t i = 1; i < *n; i++)
            if (all[i].modified < all[oldest].modified)
                oldest = i;
        if (all[oldest].modified >= s.modified) {
            close(s.fd);
            return;
        }
        close(all[oldest].fd);
        all[oldest] = s;
        return;
    }
    all[(*n)++] = s;
}

static bool is_sibling(const char *name, const char *base)
{
    size_t n = strlen(base);

    return rotation_stem(name) == n && memcmp(name, base, n) == 0;
}

// Where a link leads, one step; else path itself.
static void follow_link(const char *path, char ret[static PATH_MAX])
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof(target) - 1);
    const char *slash = strrchr(path, '/');
    int directory = slash ? (int)(slash - path) + 1 : 0;

    if (n <= 0) {
        snprintf(ret, PATH_MAX, "%s", path);
        return;
    }
    target[n] = '\0';
    if (snprintf(ret, PATH_MAX, "%.*s%s", target[0] == '/' ? 0 : directory, path, target) >= PATH_MAX)
        ret[0] = '\0'; // such a path cannot be opened either
}

// FNV-1a of the name and its file.
static uint64_t signature_of(const struct dirent *e)
{
    const uint64_t prime = UINT64_C(1099511628211);
    uint64_t sum = UINT64_C(14695981039346656037);

    for (const char *s = e->d_name; *s; s++)
        sum = (sum ^ (unsigned char)*s) * prime;
    return (sum ^ e->d_ino) * prime;
}

// Which files lie there under which names.
static uint64_t signature(DIR *d, const char *base)
{
    uint64_t sum = 0;
    struct dirent *e;

    rewinddir(d);
    while ((e = readdir(d)))
        if (is_sibling(e->d_name, base))
            sum += signature_of(e);
    return sum;
}

static size_t list(DIR *d, const char *base, usec_t newer, struct sibling all[static ROTATION_MAX], int *ret_error)
{
    struct dirent *e;
    size_t n = 0;

    rewinddir(d);
    while ((e = readdir(d))) {
        struct stat st;
        if (!is_sibling(e->d_name, base) || fstatat(dirfd(d), e->d_name, &st, 0) < 0 || !S_ISREG(st.st_mode) ||
            (usec_t)st.st_mtim.tv_sec * USEC_SEC + st.st_mtim.tv_nsec / 1000 < newer)
            continue;
        struct sibling s = {.number = (unsigned)strtoul(e->d_name + strlen(base) + 1, NULL, 10)};
        int fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE)
                *ret_error = -errno;
            continue;
        }
        if (identify(fd, &s) < 0)
            close(fd);
        else
            keep_young(all, &n, s);
    }
    return n;
}

int rotation_list(const char *link, usec_t newer, struct sibling **ret, size_t *ret_n)
{
    char path[PATH_MAX], directory[PATH_MAX];
    struct sibling *all = calloc(ROTATION_MAX, sizeof(*all));
    size_t n = 0;
    int r = 0;

    if (!all)
        return -ENOMEM;
    follow_link(link, path);
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    DIR *d = opendir(directory);
    if (!d) {
        r = -errno;
        free(all);
        return r;
    }
    // A file that is renamed meanwhile may be passed over, or its name be another's when it is opened: only what stands
    // still is believed.
    for (int tries = 0; tries < TRIES; tries++) {
        uint64_t before = signature(d, base);
        r = 0;
        n = list(d, base, newer, all, &r);
        if (signature(d, base) == before)
            break;
        if (r == 0)
            r = -EAGAIN;
        if (tries == TRIES - 1)
            break;
        for (size_t i = 0; i < n; i++)
            close(all[i].fd);
        memset(all, 0, ROTATION_MAX * sizeof(*all));
    }
    closedir(d);
    qsort(all, n, sizeof(*all), by_age);
    *ret = all;
    *ret_n = n;
    return r;
}

void rotation_free(struct sibling *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i].fd >= 0)
            close(s[i].fd);
    free(s);
}
