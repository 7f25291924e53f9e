// SPDX-License-Identifier: GPL-2.0-or-later
// Sets of four, as in tally.c, but for who makes room.
#include "policy/accounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { WAYS = 4 };

struct accounts {
    struct account *v; // sets * WAYS
    unsigned sets;
    uint64_t overflow;
    struct hash_key hash;
};

int accounts_new(unsigned max, struct accounts **ret)
{
    struct accounts *a = calloc(1, sizeof(*a));

    if (!a)
        return -ENOMEM;
    a->sets = max / WAYS ? max / WAYS : 1;
    a->hash = hash_key_new();
    a->v = calloc((size_t)a->sets * WAYS, sizeof(*a->v));
    if (!a->v) {
        free(a);
        return -ENOMEM;
    }
    *ret = a;
    return 0;
}

void accounts_free(struct accounts *a)
{
    if (a)
        free(a->v);
    free(a);
}

static struct account *find(const struct accounts *a, uint64_t hash)
{
    struct account *set = &a->v[hash % a->sets * WAYS];

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].last && set[i].hash == hash)
            return &set[i];
    return NULL;
}

// What speaks for keeping it. After a day of silence nothing does.
static unsigned worth(const struct account *e, usec_t when)
{
    return when - e->last > ACCOUNTS_QUIET ? 0 : e->n_from;
}

static struct account *make(struct accounts *a, uint64_t hash, struct str name, usec_t when)
{
    struct account *set = &a->v[hash % a->sets * WAYS], *e = &set[0];

    for (unsigned i = 1; i < WAYS && e->last; i++) {
        unsigned mine = worth(&set[i], when), least = worth(e, when);
        if (!set[i].last || mine < least || (mine == least && set[i].last < e->last))
            e = &set[i];
    }
    a->overflow += e->last > 0;
    *e = (struct account){.hash = hash, .first = when};
    memcpy(e->name, name.p, name.n < ACCOUNTS_NAME_MAX ? name.n : ACCOUNTS_NAME_MAX);
    return e;
}

static struct account_address *address_of(struct account *e, const struct addr *from)
{
    for (unsigned i = 0; i < e->n_from; i++)
        if (addr_eq(&e->from[i].addr, from))
            return &e->from[i];
    return NULL;
}

static struct account_address *address_for(struct account *e, const struct addr *from)
{
    struct account_address *f = address_of(e, from);

    if (f)
        return f;
    if (e->n_from < ACCOUNTS_ADDRESSES) {
        f = &e->from[e->n_from++];
    } else {
        e->more_from = true;
        f = &e->from[0];
        for (unsigned i = 1; i < e->n_from; i++)
            if (e->from[i].last < f->last)
                f = &e->from[i];
    }
    *f = (struct account_address){.addr = *from};
    return f;
}

const struct account *accounts_fail(struct accounts *a, struct str name, const struct addr *from, usec_t when,
                                    uint64_t jails)
{
    uint64_t hash = hash_bytes(&a->hash, name.p, name.n);
    struct account *e = name.n ? find(a, hash) : NULL;

    if (name.n == 0 || when <= 0)
        return NULL;
    if (!e)
        e = make(a, hash, name, when);
    if (e->last && when - e->last > ACCOUNTS_QUIET) { // counted anew; what was guessed stays
        e->failures = e->successes = 0;
        e->n_from = 0;
        e->more_from = false;
        e->first = when;
        e->jails = 0;
    }
    e->jails |= jails;
    e->failures += e->failures < UINT32_MAX;
    e->last = when > e->last ? when : e->last;
    if (!from)
        return e;
    struct account_address *f = address_for(e, from);
    f->failures += f->failures < UINT32_MAX;
    f->last = when > f->last ? when : f->last;
    return e;
}

const struct account *accounts_find(const struct accounts *a, uint64_t hash)
{
    return find(a, hash);
}

unsigned accounts_spread(const struct account *e, usec_t t, usec_t findtime)
{
    unsigned n = 0;

    for (unsigned i = 0; i < e->n_from; i++)
        n += (t > e->from[i].last ? t - e->from[i].last : e->from[i].last - t) <= findtime;
    return n;
}

bool accounts_tell(struct accounts *a, const struct account *e, usec_t t, usec_t findtime)
{
    struct account *mine = find(a, e->hash);

    if (!mine || (mine->told && t - mine->told < findtime))
        return false;
    mine->told = t;
    return true;
}

uint64_t accounts_overflow(const struct accounts *a)
{
    return a->overflow;
}

const struct account *accounts_succeed(struct accounts *a, struct str name, const struct addr *from, usec_t when)
{
    struct account *e = name.n ? find(a, hash_bytes(&a->hash, name.p, name.n)) : NULL;

    if (!e)
        return NULL; // nobody tried it
    e->successes += e->successes < UINT32_MAX;
    struct account_address *f = from ? address_of(e, from) : NULL;
    if (!f || f->failures < ACCOUNTS_GUESSES || when < f->last || when - f->last > ACCOUNTS_QUIET)
        return NULL;
    e->guesses = f->failures;
    f->failures = 0;
    e->guessed = when;
    e->guessed_from = *from;
    return e;
}

const struct account *accounts_next(const struct accounts *a, unsigned *i)
{
    while (*i < a->sets * WAYS)
        if (a->v[(*i)++].last)
            return &a->v[*i - 1];
    return NULL;
}
