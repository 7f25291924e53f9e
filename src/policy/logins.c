// SPDX-License-Identifier: GPL-2.0-or-later
// Sets of four, as in tally.c.
#include "policy/logins.h"

#include <errno.h>
#include <stdlib.h>

enum { WAYS = 4 };

struct logins {
    struct login *v; // sets * WAYS; memory is touched on use only
    unsigned sets, n;
    uint64_t overflow;
};

int logins_new(unsigned max, struct logins **ret)
{
    struct logins *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    l->sets = max / WAYS ? max / WAYS : 1;
    l->v = calloc((size_t)l->sets * WAYS, sizeof(*l->v));
    if (!l->v) {
        free(l);
        return -ENOMEM;
    }
    *ret = l;
    return 0;
}

void logins_free(struct logins *l)
{
    if (l)
        free(l->v);
    free(l);
}

uint64_t login_id(const struct hash_key *key, struct str of, struct str who)
{
    const uint64_t both[2] = {hash_bytes(key, of.p, of.n), hash_bytes(key, who.p, who.n)};
    uint64_t id = hash_bytes(key, both, sizeof(both)) & INT64_MAX; // a database has signed numbers

    return id ? id : 1;
}

static struct login *place_of(const struct logins *l, uint64_t id, bool *ret_there)
{
    struct login *set = &l->v[id % l->sets * WAYS], *oldest = &set[0];

    *ret_there = true;
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].last && set[i].id == id)
            return &set[i];
        if (set[i].last < oldest->last)
            oldest = &set[i];
    }
    *ret_there = false;
    return oldest;
}

struct logins_change logins_note(struct logins *l, uint64_t id, usec_t when, usec_t silence)
{
    bool there;
    struct login *e = place_of(l, id, &there);
    struct logins_change change = {.told = true};

    if (!there) {
        change.gone = e->id;
        change.has_gone = e->last != 0;
        l->n += !change.has_gone;
        l->overflow += change.has_gone;
        *e = (struct login){.id = id, .first = when, .last = when};
    } else {
        bool anew = when > e->last && when - e->last > silence;
        change.told = anew || when / LOGINS_COARSE > e->last / LOGINS_COARSE;
        if (anew)
            e->first = when;
        if (when > e->last)
            e->last = when;
    }
    change.now = *e;
    return change;
}

void logins_restore(struct logins *l, const struct login *login)
{
    bool there;
    struct login *e = place_of(l, login->id, &there);

    if (e->last >= login->last)
        return; // of a full set the latest stay
    l->n += e->last == 0;
    l->overflow += e->last && !there;
    *e = *login;
}

unsigned logins_count(const struct logins *l)
{
    return l->n;
}

uint64_t logins_overflow(const struct logins *l)
{
    return l->overflow;
}

const struct login *logins_find(const struct logins *l, uint64_t id)
{
    bool there;
    const struct login *e = place_of(l, id, &there);

    return there ? e : NULL;
}

const struct login *logins_next(const struct logins *l, unsigned *i)
{
    while (*i < l->sets * WAYS)
        if (l->v[(*i)++].last)
            return &l->v[*i - 1];
    return NULL;
}
