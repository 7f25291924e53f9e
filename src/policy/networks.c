// SPDX-License-Identifier: GPL-2.0-or-later
// Sets of four. Who wants to push a network out of its place needs others with more offenders: a ban each.
#include "policy/networks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { WAYS = 4, CUSTOMER6 = 64 };

struct networks {
    struct networks_policy policy;
    unsigned char *v; // sets * WAYS entries
    size_t entry_size;
    unsigned sets;
    struct networks_counters counters;
    struct hash_key hash;
};

int networks_new(const struct networks_policy *p, unsigned max, struct networks **ret)
{
    struct networks *n = calloc(1, sizeof(*n));

    if (!n)
        return -ENOMEM;
    n->policy = *p;
    n->entry_size = sizeof(struct network) + p->least * sizeof(struct network_offender);
    n->sets = max / WAYS ? max / WAYS : 1;
    n->hash = hash_key_new();
    n->v = calloc((size_t)n->sets * WAYS, n->entry_size);
    if (!n->v) {
        free(n);
        return -ENOMEM;
    }
    *ret = n;
    return 0;
}

void networks_free(struct networks *n)
{
    if (n)
        free(n->v);
    free(n);
}

static struct network *at(const struct networks *n, size_t i)
{
    return (struct network *)(void *)(n->v + i * n->entry_size);
}

struct prefix networks_of(const struct networks *n, const struct addr *a)
{
    return prefix_of(a, addr_is_v4(a) ? n->policy.len4 : n->policy.len6);
}

static struct prefix offender_of(const struct networks *n, const struct addr *a)
{
    return prefix_of(a, !addr_is_v4(a) && n->policy.len6 < CUSTOMER6 ? CUSTOMER6 : 128);
}

// The first of its four places.
static size_t set_of(const struct networks *n, const struct prefix *net)
{
    return hash_bytes(&n->hash, net->addr.b, sizeof(net->addr.b)) % n->sets * WAYS; // a length for each family
}

static struct network *find(const struct networks *n, const struct addr *a)
{
    struct prefix net = networks_of(n, a);
    size_t set = set_of(n, &net);

    for (size_t i = set; i < set + WAYS; i++)
        if (at(n, i)->last && prefix_eq(&at(n, i)->net, &net))
            return at(n, i);
    return NULL;
}

const struct network *networks_find(const struct networks *n, const struct addr *a)
{
    return find(n, a);
}

// A clock that was set back makes times of the future; those are as old as those of the past.
static bool counts(const struct networks *n, const struct network *e, const struct network_offender *o, usec_t t)
{
    usec_t apart = t > o->when ? t - o->when : o->when - t;

    return o->when > e->banned && apart <= n->policy.findtime;
}

unsigned networks_count(const struct networks *n, const struct network *e, usec_t t)
{
    unsigned count = 0;

    for (unsigned i = 0; i < e->n; i++)
        count += counts(n, e, &e->from[i], t);
    return count;
}

static struct network *entry_for(struct networks *n, const struct addr *a, usec_t when)
{
    struct network *e = find(n, a), *victim;

    if (e)
        return e;
    struct prefix net = networks_of(n, a);
    size_t set = set_of(n, &net);
    victim = at(n, set);
    for (size_t i = set; i < set + WAYS && victim->last; i++) {
        unsigned mine = networks_count(n, at(n, i), when), least = networks_count(n, victim, when);
        if (!at(n, i)->last || mine < least || (mine == least && at(n, i)->last < victim->last))
            victim = at(n, i);
    }
    if (victim->last)
        n->counters.overflow++;
    else
        n->counters.networks++;
    memset(victim, 0, n->entry_size);
    victim->net = net;
    return victim;
}

// The place of who among those of e, or the one that it is to have: the oldest makes room.
static struct network_offender *offender_for(const struct networks *n, struct network *e, const struct prefix *who)
{
    struct network_offender *oldest = e->from;

    for (unsigned i = 0; i < e->n; i++) {
        if (prefix_eq(&e->from[i].who, who))
            return &e->from[i];
        if (e->from[i].when < oldest->when)
            oldest = &e->from[i];
    }
    if (e->n == n->policy.least)
        return oldest;
    e->from[e->n] = (struct network_offender){.who = *who};
    return &e->from[e->n++];
}

bool networks_offend(struct networks *n, const struct addr *a, usec_t when)
{
    struct prefix who = offender_of(n, a);

    if (when <= 0 || networks_of(n, a).len >= who.len)
        return false;
    struct network *e = entry_for(n, a, when);
    struct network_offender *o = offender_for(n, e, &who);
    if (when > o->when)
        *o = (struct network_offender){.who = who, .when = when};
    e->last = when > e->last ? when : e->last;
    return networks_count(n, e, when) >= n->policy.least;
}

void networks_ban(struct networks *n, const struct addr *a, usec_t when)
{
    struct network *e = when > 0 ? entry_for(n, a, when) : NULL; // after a restart it may come before its offenders

    if (!e || when <= e->banned)
        return;
    e->banned = when;
    e->last = when > e->last ? when : e->last;
    e->kept = 0;
}

void networks_keep(struct networks *n, const struct addr *a, usec_t when, const struct addr *for_whom, const char *reason)
{
    struct network *e = find(n, a);

    if (!e)
        return;
    e->kept = when;
    e->kept_for = *for_whom;
    e->kept_reason = reason;
}

void networks_refuse(struct networks *n, const struct addr *a, usec_t when, const char *reason)
{
    struct network *e = find(n, a);

    if (!e)
        return;
    e->banned = 0;
    e->refused = when;
    networks_keep(n, a, when, &e->net.addr, reason);
}

static void forget_in(struct network *e, const struct prefix *net, usec_t until)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < e->n; i++)
        if (e->from[i].when > until || !prefix_overlaps(net, &e->from[i].who))
            e->from[kept++] = e->from[i];
    e->n = kept;
}

void networks_forget(struct networks *n, const struct prefix *net, usec_t until)
{
    struct prefix own = networks_of(n, &net->addr);
    struct network *e;

    if (own.len <= net->len) {
        if ((e = find(n, &net->addr)))
            forget_in(e, net, until);
        return;
    }
    for (size_t i = 0; i < (size_t)n->sets * WAYS; i++) // wider than what is counted: by hand, and rare
        if (at(n, i)->last && prefix_contains(net, &at(n, i)->net.addr))
            forget_in(at(n, i), net, until);
}

struct networks_counters networks_counters(const struct networks *n)
{
    return n->counters;
}
