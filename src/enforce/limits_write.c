// SPDX-License-Identifier: GPL-2.0-or-later
// Writes the limits file for the enforcer. Not linked into the enforcer, which can only read it.
#include "enforce/limits.h"
#include "enforce/limits_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void limits_defaults(struct limits *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->backend = LIMITS_AUTO;
    ret->max_entries = 262144;
    ret->max_timeout = LIMITS_MAX_TIMEOUT;
    ret->widest4 = 24;
    ret->widest6 = 48;
    ret->spare_own = ret->spare_gateway = 1;
    ret->silent_ms = 1000;
    ret->control_port = 1723;
    ret->first_packet = 156;
    ret->max_extent4 = UINT64_C(1) << 24;
    ret->max_extent6 = UINT64_C(1) << 32;
    strcpy(ret->set4, "pptpban4");
    strcpy(ret->set6, "pptpban6");
    strcpy(ret->table, "pptpban");
}

static int compare(const void *a, const void *b)
{
    const struct prefix *p = a, *q = b;
    int c = memcmp(p->addr.b, q->addr.b, sizeof(p->addr.b));

    return c ? c : (int)p->len - (int)q->len; // the wider first
}

// Sorted, and without what another one covers.
static void sort_allow(struct limits *l)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < l->n_allow; i++)
        l->allow[i] = prefix_of(&l->allow[i].addr, l->allow[i].len);
    qsort(l->allow, l->n_allow, sizeof(l->allow[0]), compare);
    for (uint32_t i = 0; i < l->n_allow; i++)
        if (n == 0 || !prefix_overlaps(&l->allow[n - 1], &l->allow[i]))
            l->allow[n++] = l->allow[i];
    l->n_allow = n;
}

static int write_all(int fd, const void *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -errno;
        p = (const char *)p + w;
        n -= (size_t)w;
    }
    return 0;
}

// -ENOENT, -EEXIST: somebody else writes it at the same time, as the watcher of a launcher that was killed may.
static int replace(const char *temporary, const char *path, const void *p, size_t size)
{
    (void)unlink(temporary); // of a run that was cut short; never followed or reused
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    int r = fd < 0 ? -errno : write_all(fd, p, size);

    if (r == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
        r = -errno;
    if (fd >= 0)
        close(fd);
    if (r == 0 && rename(temporary, path) < 0)
        r = -errno;
    if (r < 0 && fd >= 0)
        (void)unlink(temporary);
    return r;
}

int limits_write(const char *path, struct limits *l)
{
    struct limits_file *f;
    char temporary[4096];
    int r;

    if (l->n_allow > LIMITS_MAX_ALLOW)
        return -EINVAL;
    sort_allow(l);
    if ((r = limits_check(l)) < 0)
        return r;
    if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
        return -ENAMETOOLONG;
    if (!(f = calloc(1, sizeof(*f))))
        return -ENOMEM;
    memcpy(f->magic, LIMITS_FILE_MAGIC, sizeof(f->magic));
    f->limits = *l;
    size_t size = LIMITS_FILE_SIZE(l->n_allow);
    f->checksum = limits_checksum(&f->limits, size - offsetof(struct limits_file, limits));

    r = -EEXIST;
    for (int tries = 0; tries < 100 && (r == -EEXIST || r == -ENOENT); tries++)
        r = replace(temporary, path, f, size);
    free(f);
    return r;
}
