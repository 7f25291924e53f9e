// SPDX-License-Identifier: GPL-2.0-or-later
// Internet addresses and networks as values. Apart from their text, so that the enforcer links no parser.
#include "base/addr.h"

struct prefix prefix_of(const struct addr *a, uint8_t len)
{
    struct prefix p = {.addr = *a, .len = len > 128 ? 128 : len};

    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = p.len > i * 8 ? p.len - i * 8 : 0;
        if (keep < 8)
            p.addr.b[i] &= (uint8_t)(0xff00u >> keep);
    }
    return p;
}

bool prefix_contains(const struct prefix *p, const struct addr *a)
{
    struct prefix q = prefix_of(a, p->len);
    return addr_eq(&p->addr, &q.addr);
}

bool prefix_overlaps(const struct prefix *p, const struct prefix *q)
{
    return p->len <= q->len ? prefix_contains(p, &q->addr) : prefix_contains(q, &p->addr);
}

bool addr_is_unbannable(const struct addr *a)
{
    static const struct addr zero;

    if (addr_is_v4(a))
        return a->b[12] == 0 || a->b[12] == 127 || a->b[12] >= 224;
    if (memcmp(a->b, zero.b, 15) == 0)
        return a->b[15] <= 1; // :: and ::1
    return a->b[0] == 0xff;
}
