// SPDX-License-Identifier: GPL-2.0-or-later
// libmaxminddb, asked for one member of what it knows.
#include "host/country.h"

#include <errno.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>

struct country_db {
    MMDB_s db;
};

int country_open(const char *database, struct country_db **ret, char error[static COUNTRY_ERROR_MAX])
{
    struct country_db *c = calloc(1, sizeof(*c));

    *error = '\0';
    if (!c)
        return -ENOMEM;
    int m = MMDB_open(database, MMDB_MODE_MMAP, &c->db);
    if (m != MMDB_SUCCESS) {
        snprintf(error, COUNTRY_ERROR_MAX, "%s: %s; a database of countries in MaxMind's format is wanted", database,
                 m == MMDB_IO_ERROR ? strerror(errno) : MMDB_strerror(m));
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
    static const char *const places[] = {"country", "registered_country"};
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
        if (MMDB_get_value(&found.entry, &data, places[i], "iso_code", NULL) == MMDB_SUCCESS && is_code(&data)) {
            memcpy(ret, data.utf8_string, 2);
            ret[2] = '\0';
            break;
        }
    return ret;
}
