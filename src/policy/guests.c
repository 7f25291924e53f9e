// SPDX-License-Identifier: GPL-2.0-or-later
// Sets of four, as in tally.c. Only who has a password can push others out.
#include "policy/guests.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

enum { WAYS = 4 };

struct guest {
    struct addr addr;
    usec_t last; // 0: free
};

struct guests {
    struct guest *v; // sets * WAYS
    unsigned sets;
    uint64_t overflow;
    struct hash_key hash;
};

int guests_new(unsigned max, struct guests **ret)
{
    struct guests *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    l->sets = max / WAYS ? max / WAYS : 1;
    l->hash = hash_key_new();
    l->v = calloc((size_t)l->sets * WAYS, sizeof(*l->v));
    if (!l->v) {
        free(l);
        return -ENOMEM;
    }
    *ret = l;
    return 0;
}

void guests_free(struct guests *l)
{
    if (l)
        free(l->v);
    free(l);
}

static struct guest *set_of(const struct guests *l, const struct addr *a)
{
    return &l->v[hash_bytes(&l->hash, a->b, sizeof(a->b)) % l->sets * WAYS];
}

static struct guest *find(const struct guests *l, const struct addr *a)
{
    struct guest *set = set_of(l, a);

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].last && addr_eq(&set[i].addr, a))
            return &set[i];
    return NULL;
}

// The place of a, or the one that it is to have.
static struct guest *place_for(struct guests *l, const struct addr *a)
{
    struct guest *e = find(l, a), *set = set_of(l, a);

    if (e)
        return e;
    e = set;
    for (unsigned i = 1; i < WAYS; i++)
        if (set[i].last < e->last)
            e = &set[i];
    return e;
}

void guests_add(struct guests *l, const struct addr *a, usec_t when)
{
    struct guest *e = place_for(l, a);

    if (when <= e->last || when <= 0)
        return; // known better, or older than all that there is room for
    l->overflow += e->last && !addr_eq(&e->addr, a);
    *e = (struct guest){.addr = *a, .last = when};
}

usec_t guests_last(const struct guests *l, const struct addr *a)
{
    const struct guest *e = find(l, a);

    return e ? e->last : 0;
}

bool guests_within(const struct guests *l, const struct prefix *net, usec_t since, struct addr *ret)
{
    usec_t newest = 0;

    for (size_t i = 0; i < (size_t)l->sets * WAYS; i++) {
        const struct guest *e = &l->v[i];
        if (e->last <= newest || e->last < since || !prefix_contains(net, &e->addr))
            continue;
        newest = e->last;
        *ret = e->addr;
    }
    return newest > 0;
}

bool guests_next(const struct guests *l, unsigned *i, struct addr *ret, usec_t *ret_when)
{
    while (*i < l->sets * WAYS) {
        const struct guest *e = &l->v[(*i)++];
        if (!e->last)
            continue;
        *ret = e->addr;
        *ret_when = e->last;
        return true;
    }
    return false;
}

uint64_t guests_overflow(const struct guests *l)
{
    return l->overflow;
}
