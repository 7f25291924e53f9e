// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of networks without overlaps and neighbours: what kernel sets want, and the smallest number of entries.
#include <errno.h>
#include <stdlib.h>

#include "firewall/networks.h"

static bool is_v4(const struct prefix *p)
{
    return p->len >= 96 && addr_is_v4(&p->addr);
}

// IPv4 before IPv6, or ::/0 would swallow it.
static int by_address(const void *a, const void *b)
{
    const struct prefix *x = a, *y = b;
    int r = memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));

    if (is_v4(x) != is_v4(y))
        return is_v4(x) ? -1 : 1;
    return r ? r : (int)x->len - (int)y->len; // of one address, the widest first
}

// True when the two are the halves of one network; IPv4 (::ffff:0:0/96) never becomes part of a wider IPv6 network.
static bool are_halves(const struct prefix *p, const struct prefix *q)
{
    if (p->len != q->len || p->len == 0 || (p->len == 96 && addr_is_v4(&p->addr)))
        return false;
    struct prefix a = prefix_of(&p->addr, p->len - 1), b = prefix_of(&q->addr, q->len - 1);
    return addr_eq(&a.addr, &b.addr) && !(p->len == 96 && addr_is_v4(&q->addr));
}

// Long lists mostly come in order, as somebody's program wrote them or we did before.
static bool is_sorted(const struct prefix *v, size_t n)
{
    size_t i = 1;

    while (i < n && by_address(&v[i - 1], &v[i]) <= 0)
        i++;
    return i >= n;
}

static void sort(struct prefix *v, size_t n)
{
    if (!is_sorted(v, n))
        qsort(v, n, sizeof(*v), by_address);
}

size_t fw_unique(struct prefix *v, size_t n)
{
    size_t kept = 0;

    sort(v, n);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || by_address(&v[kept - 1], &v[i]) != 0)
            v[kept++] = v[i];
    return kept;
}

size_t fw_aggregate(struct prefix *v, size_t n)
{
    size_t kept = 0;

    sort(v, n);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && is_v4(&v[kept - 1]) == is_v4(&v[i]) && prefix_contains(&v[kept - 1], &v[i].addr))
            continue;
        v[kept++] = v[i];
        while (kept > 1 && are_halves(&v[kept - 2], &v[kept - 1])) {
            kept--;
            v[kept - 1] = prefix_of(&v[kept - 1].addr, v[kept - 1].len - 1);
        }
    }
    return kept;
}

int fw_networks_add(struct fw_networks *l, const struct prefix *v, size_t n)
{
    if (n == 0)
        return 0;
    struct prefix *grown = reallocarray(l->v, l->n + n, sizeof(*v));
    if (!grown)
        return -ENOMEM;
    memcpy(grown + l->n, v, n * sizeof(*v));
    l->v = grown;
    l->n += n;
    return 0;
}
