// SPDX-License-Identifier: GPL-2.0-or-later
// Sorted decisions: those of single addresses are found by bisection, the few of networks one by one.
#include "daemon/muting.h"

#include <errno.h>
#include <stdlib.h>

struct muting {
    struct decision *v; // hosts first, by address; then networks
    size_t n, hosts, room, max;
};

int muting_new(size_t max, struct muting **ret)
{
    struct muting *m = calloc(1, sizeof(*m));

    if (!m)
        return -ENOMEM;
    m->max = max;
    *ret = m;
    return 0;
}

void muting_free(struct muting *m)
{
    if (m)
        free(m->v);
    free(m);
}

int muting_add(struct muting *m, const struct decision *d)
{
    if (m->n == m->max)
        return -ENOSPC;
    if (m->n == m->room) {
        size_t room = m->room ? m->room * 2 : 64;
        struct decision *v = reallocarray(m->v, room, sizeof(*v));
        if (!v)
            return -ENOMEM;
        m->v = v;
        m->room = room;
    }
    m->v[m->n++] = *d;
    return 0;
}

static bool is_host(const struct decision *d)
{
    return d->net.len == 128;
}

static int by_address(const void *a, const void *b)
{
    const struct decision *d = a, *e = b;

    if (is_host(d) != is_host(e))
        return is_host(d) ? -1 : 1;
    return memcmp(d->net.addr.b, e->net.addr.b, sizeof(d->net.addr.b));
}

void muting_seal(struct muting *m)
{
    if (m->n)
        qsort(m->v, m->n, sizeof(*m->v), by_address);
    while (m->hosts < m->n && is_host(&m->v[m->hosts]))
        m->hosts++;
}

static bool covers(const struct decision *d, const struct muting_query *q)
{
    if (!prefix_contains(&d->net, &q->addr))
        return false;
    // a call that was under way when the ban ended counts, as it did then
    if (d->observe == q->observe && d->since <= q->time && q->settled < d->until)
        return true;
    if (d->jail[0] && (!is_host(d) || strcmp(d->jail, q->jail) != 0))
        return false; // a network's ban rests on bans of its addresses, not on this outcome
    if (memcmp(d->position.file, q->decided.file, sizeof(q->decided.file)) == 0)
        return q->decided.offset <= d->position.offset;
    return q->settled <= d->settled;
}

bool muting_covers(const struct muting *m, const struct muting_query *q)
{
    size_t low = 0, high = m->hosts;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(m->v[middle].net.addr.b, q->addr.b, sizeof(q->addr.b)) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < m->hosts && addr_eq(&m->v[low].net.addr, &q->addr); low++)
        if (covers(&m->v[low], q))
            return true;
    for (size_t i = m->hosts; i < m->n; i++)
        if (covers(&m->v[i], q))
            return true;
    return false;
}

size_t muting_count(const struct muting *m)
{
    return m->n;
}
