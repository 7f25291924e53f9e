// SPDX-License-Identifier: GPL-2.0-or-later
// Sets of four: an address has four places, by keyed hash, and takes the one that is silent the longest. No lists, no
// walks, and an attacker who cannot compute the hash cannot aim.
#include "policy/tally.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

enum { WAYS = 4 };

struct tally {
    struct tally_entry *v; // sets * WAYS; memory is touched on use only
    unsigned sets;
    struct hash_key hash;
};

int tally_new(unsigned max, struct tally **ret)
{
    struct tally *t = calloc(1, sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->sets = max / WAYS ? max / WAYS : 1;
    t->hash = hash_key_new();
    t->v = calloc((size_t)t->sets * WAYS, sizeof(*t->v));
    if (!t->v) {
        free(t);
        return -ENOMEM;
    }
    *ret = t;
    return 0;
}

void tally_free(struct tally *t)
{
    if (t)
        free(t->v);
    free(t);
}

static struct tally_entry *set_of(const struct tally *t, const struct addr *a)
{
    return &t->v[hash_bytes(&t->hash, a->b, sizeof(a->b)) % t->sets * WAYS];
}

void tally_add(struct tally *t, const struct addr *a, enum outcome_class class, usec_t when)
{
    struct tally_entry *set = set_of(t, a), *e = &set[0];

    for (unsigned i = 0; i < WAYS; i++) {
        if (addr_eq(&set[i].addr, a)) {
            e = &set[i];
            break;
        }
        if (set[i].last < e->last)
            e = &set[i];
    }
    if (!addr_eq(&e->addr, a))
        *e = (struct tally_entry){.addr = *a};
    if (e->count[class] < UINT32_MAX)
        e->count[class]++;
    if (when > e->last)
        e->last = when;
}

const struct tally_entry *tally_find(const struct tally *t, const struct addr *a)
{
    const struct tally_entry *set = set_of(t, a);

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].last && addr_eq(&set[i].addr, a))
            return &set[i];
    return NULL;
}
