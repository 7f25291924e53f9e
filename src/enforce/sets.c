// SPDX-License-Identifier: GPL-2.0-or-later
// What both kinds of sets have in common.
#include "enforce/sets.h"

#include <errno.h>
#include <stdio.h>

// What failed is tried again in halves.
void sets_change(struct sets *s, bool adding, struct element *e, size_t n)
{
    size_t most = s->ops ? s->ops->most : n;

    for (; n > most; e += most, n -= most)
        sets_change(s, adding, e, most);
    int r = s->ops && n > 0 ? s->ops->change(s, adding, e, n) : 0;
    if (r == -ENOENT && n == 1 && adding && e->known) { // it has just expired
        e->known = false;
        r = s->ops->change(s, adding, e, n);
    }
    if (r < 0 && n > 1 && r != -ENOMEM) {
        sets_change(s, adding, e, n / 2);
        sets_change(s, adding, e + n / 2, n - n / 2);
        return;
    }
    for (size_t i = 0; i < n; i++)
        e[i].error = -r;
}

size_t sets_comment(const struct element *e, char buf[static SETS_COMMENT])
{
    return (size_t)snprintf(buf, SETS_COMMENT, "%.31s %u", e->jail, e->count) + 1;
}
