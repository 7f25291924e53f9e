// SPDX-License-Identifier: GPL-2.0-or-later
// resolv.conf(5): lines of "nameserver ADDRESS", perhaps with a zone.
#include "host/nameservers.h"

#include <string.h>

#include "host/sessions.h"

static void add(struct addr *v, size_t *n, const struct addr *a)
{
    for (size_t i = 0; i < *n; i++)
        if (addr_eq(&v[i], a))
            return;
    if (*n < HOST_NAMESERVERS_MAX && !addr_is_unbannable(a))
        v[(*n)++] = *a;
}

size_t host_nameservers(struct str text, struct addr v[static HOST_NAMESERVERS_MAX], size_t n)
{
    struct addr a;

    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        struct str line = {text.p, end ? (size_t)(end - text.p) : text.n};
        text = str_skip(text, line.n + 1);
        if (str_eq(str_word(&line), STR("nameserver")) && host_peer_parse(str_word(&line), &a))
            add(v, &n, &a);
    }
    return n;
}
