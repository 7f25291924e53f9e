// SPDX-License-Identifier: GPL-2.0-or-later
// libmaxminddb, asked for one member of what it knows. It maps files and nothing else, so it gets a sealed copy in memory,
// by way of /proc/self/fd.
#include "host/country.h"

#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct country_db {
    MMDB_s db;
};

static int copy(int from, int to)
{
    char buf[65536];
    size_t n = 0;

    for (;;) {
        ssize_t got = read(from, buf, sizeof(buf));
        if (got == 0)
            return n ? 0 : -ENODATA;
        if (got < 0 && errno != EINTR)
            return -errno;
        if (got < 0)
            continue;
        if ((n += (size_t)got) > COUNTRY_DATABASE_MAX)
            return -EFBIG;
        if (write(to, buf, (size_t)got) != got) // into memory: all, or there is none
            return -ENOMEM;
    }
}

static int copy_of(const char *path, int *ret)
{
    struct stat st;
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), to = -1;
    int r = from < 0 || fstat(from, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;

    if (r == 0 && (to = memfd_create("countries", MFD_CLOEXEC | MFD_ALLOW_SEALING)) < 0)
        r = -errno;
    if (r == 0)
        r = copy(from, to);
    if (r == 0 && fcntl(to, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        r = -errno;
    if (from >= 0)
        close(from);
    if (r < 0 && to >= 0)
        close(to);
    if (r == 0)
        *ret = to;
    return r;
}

int country_open(const char *database, struct country_db **ret, char error[static COUNTRY_ERROR_MAX])
{
    struct country_db *c = calloc(1, sizeof(*c));
    const char *wrong = NULL;
    char name[64];
    int fd;

    *error = '\0';
    if (!c)
        return -ENOMEM;
    int r = copy_of(database, &fd);
    if (r == 0) {
        snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        int m = MMDB_open(name, MMDB_MODE_MMAP, &c->db);
        close(fd);
        wrong = m == MMDB_SUCCESS ? NULL : MMDB_strerror(m);
    } else {
        wrong = r == -ENODATA ? "is empty" : r == -EINVAL ? "is not a file" : strerror(-r);
    }
    if (wrong) {
        snprintf(error, COUNTRY_ERROR_MAX, "%s: %s; a database of countries in MaxMind's format is wanted", database, wrong);
        free(c);
        return -EINVAL;
    }
    *ret = c;
    return 0;
}

void country_close(struct country_db *c)
{
    if (!c)
        return;
    MMDB_close(&c->db);
    free(c);
}

static bool is_code(const MMDB_entry_data_s *d)
{
    const char *p = d->utf8_string;

    return d->has_data && d->type == MMDB_DATA_TYPE_UTF8_STRING && d->data_size == 2 && p[0] >= 'A' && p[0] <= 'Z' &&
           p[1] >= 'A' && p[1] <= 'Z';
}

const char *country_of(const struct country_db *c, const struct addr *a, char ret[static COUNTRY_CODE])
{
    static const char *const places[][3] = {{"country", "iso_code", NULL}, {"registered_country", "iso_code", NULL}};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    MMDB_entry_data_s data;
    int error;

    *ret = '\0';
    if (!c)
        return ret;
    memcpy(&six.sin6_addr, a->b, 16);
    memcpy(&four.sin_addr, a->b + 12, 4);
    MMDB_lookup_result_s found =
        MMDB_lookup_sockaddr(&c->db, addr_is_v4(a) ? (struct sockaddr *)&four : (struct sockaddr *)&six, &error);
    if (error != MMDB_SUCCESS || !found.found_entry)
        return ret;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (MMDB_aget_value(&found.entry, &data, places[i]) == MMDB_SUCCESS && is_code(&data)) {
            memcpy(ret, data.utf8_string, 2);
            ret[2] = '\0';
            break;
        }
    return ret;
}
