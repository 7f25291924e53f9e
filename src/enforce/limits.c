// SPDX-License-Identifier: GPL-2.0-or-later
// Reads the limits file whole, believes nothing in it before the checksum and every bound have been checked.
#include "enforce/limits.h"
#include "enforce/limits_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint64_t limits_checksum(const void *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); // FNV-1a: against accidents; against people the file's owner helps

    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)p)[i]) * UINT64_C(0x100000001b3);
    return h;
}

static bool name_ok(const char name[static 32])
{
    size_t n = strnlen(name, 32);

    if (n == 0 || n > 31)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((name[i] | 32) >= 'a' && (name[i] | 32) <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
            name[i] != '-' && name[i] != '_' && name[i] != '.')
            return false;
    return true;
}

int limits_check(const struct limits *l)
{
    if (l->backend >= LIMITS_BACKENDS || l->max_entries < 1 || l->max_entries > LIMITS_MAX_ENTRIES ||
        l->max_timeout < 60 || l->max_timeout > LIMITS_MAX_TIMEOUT || l->widest4 < 1 || l->widest4 > 32 ||
        l->widest6 < 1 || l->widest6 > 128 || l->keep_open > 1 || l->ban_new > 1 || l->spare_own > 1 || l->spare_gateway > 1 || l->silent_ms > LIMITS_MAX_SILENT ||
        l->control_port == 0 || l->first_packet == 0 || l->n_allow > LIMITS_MAX_ALLOW || !name_ok(l->set4) ||
        !name_ok(l->set6) || !name_ok(l->table) || strcmp(l->set4, l->set6) == 0)
        return -EINVAL;
    for (uint32_t i = 0; i < l->n_allow; i++) {
        struct prefix p = prefix_of(&l->allow[i].addr, l->allow[i].len);
        if (l->allow[i].len > 128 || !prefix_eq(&p, &l->allow[i]))
            return -EINVAL;
    }
    return 0;
}

// Ascending and without overlaps: the search in judge.c stands on it.
static bool sorted(const struct limits *l)
{
    for (uint32_t i = 1; i < l->n_allow; i++)
        if (memcmp(l->allow[i - 1].addr.b, l->allow[i].addr.b, 16) >= 0 || prefix_overlaps(&l->allow[i - 1], &l->allow[i]))
            return false;
    return true;
}

int limits_read(const char *path, struct limits *ret)
{
    struct limits_file *f = calloc(1, sizeof(*f));
    int r = -EBADMSG, fd = f ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

    if (fd < 0) {
        r = f ? -errno : -ENOMEM;
        free(f);
        return r;
    }
    ssize_t n = read(fd, f, sizeof(*f));
    close(fd);
    if (n < 0)
        r = -errno;
    else if ((size_t)n >= LIMITS_FILE_SIZE(0) && memcmp(f->magic, LIMITS_FILE_MAGIC, sizeof(f->magic)) == 0 &&
             f->limits.n_allow <= LIMITS_MAX_ALLOW && (size_t)n == LIMITS_FILE_SIZE(f->limits.n_allow) &&
             f->checksum == limits_checksum(&f->limits, (size_t)n - offsetof(struct limits_file, limits)))
        r = sorted(&f->limits) ? limits_check(&f->limits) : -EINVAL;
    if (r == 0)
        *ret = f->limits;
    free(f);
    return r;
}
