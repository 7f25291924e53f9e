// SPDX-License-Identifier: GPL-2.0-or-later
// The last failures of each address, with the account of each, in sets of four. Which accounts are sprayed stands in
// the table of accounts alone, so that nothing depends on the order in which addresses come.
#include "policy/spray.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { WAYS = 4 };

struct slot {
    uint64_t account;
    usec_t when; // 0: free
};

struct entry {
    struct addr addr;
    usec_t last;   // 0: free
    usec_t banned; // what came before counts no more
    struct slot slot[SPRAY_TRIES_MAX];
};

struct spray {
    struct spray_policy policy;
    const struct accounts *accounts;
    struct entry *v; // sets * WAYS
    unsigned sets;
    usec_t newest;
    struct spray_counters counters;
    struct hash_key hash;
};

int spray_new(const struct spray_policy *p, const struct accounts *accounts, struct spray **ret)
{
    struct spray *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->policy = *p;
    s->accounts = accounts;
    s->sets = p->max_addresses / WAYS ? p->max_addresses / WAYS : 1;
    s->hash = hash_key_new();
    s->v = calloc((size_t)s->sets * WAYS, sizeof(*s->v));
    if (!s->v) {
        free(s);
        return -ENOMEM;
    }
    *ret = s;
    return 0;
}

void spray_free(struct spray *s)
{
    if (s)
        free(s->v);
    free(s);
}

static struct entry *set_of(const struct spray *s, const struct addr *a)
{
    return &s->v[hash_bytes(&s->hash, a->b, sizeof(a->b)) % s->sets * WAYS];
}

static struct entry *find(const struct spray *s, const struct addr *a)
{
    struct entry *set = set_of(s, a);

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].last && addr_eq(&set[i].addr, a))
            return &set[i];
    return NULL;
}

static bool is_near(const struct spray *s, usec_t then, usec_t t)
{
    return then && (t > then ? t - then : then - t) <= s->policy.findtime;
}

static bool is_sprayed(const struct spray *s, uint64_t account, usec_t t)
{
    const struct account *e = accounts_find(s->accounts, account);

    return e && accounts_spread(e, t, s->policy.findtime) >= s->policy.addresses;
}

// Does this failure count? Not against whom it has banned already.
static bool counts(const struct spray *s, const struct entry *e, const struct slot *slot, usec_t t)
{
    return slot->when > e->banned && is_near(s, slot->when, t) && is_sprayed(s, slot->account, t);
}

static unsigned count(const struct spray *s, const struct entry *e, usec_t t)
{
    unsigned n = 0;

    for (unsigned i = 0; i < SPRAY_TRIES_MAX; i++)
        n += counts(s, e, &e->slot[i], t);
    return n;
}

unsigned spray_count(const struct spray *s, const struct addr *a, usec_t t)
{
    const struct entry *e = find(s, a);

    return e ? count(s, e, t) : 0;
}

static struct entry *entry_for(struct spray *s, const struct addr *a, usec_t t)
{
    struct entry *e = find(s, a), *set = set_of(s, a);

    if (e)
        return e;
    e = set;
    for (unsigned i = 1; i < WAYS && e->last; i++) {
        unsigned mine = count(s, &set[i], t), least = count(s, e, t);
        if (!set[i].last || mine < least || (mine == least && set[i].last < e->last))
            e = &set[i];
    }
    if (e->last)
        s->counters.overflow++;
    else
        s->counters.addresses++;
    *e = (struct entry){.addr = *a};
    return e;
}

// The place for one more: of a failure that counts nothing, else of the oldest. So names between the ones that matter
// push none of these out.
static struct slot *slot_for(const struct spray *s, struct entry *e, usec_t t)
{
    struct slot *victim = NULL;
    bool victim_counts = true;

    for (unsigned i = 0; i < SPRAY_TRIES_MAX; i++) {
        bool mine = counts(s, e, &e->slot[i], t);
        if (!victim || (victim_counts && !mine) || (victim_counts == mine && e->slot[i].when < victim->when)) {
            victim = &e->slot[i];
            victim_counts = mine;
        }
    }
    return victim;
}

static unsigned add(const struct spray *s, const struct addr *a, usec_t t, struct spray_offender *ret)
{
    *ret = (struct spray_offender){.addr = *a, .count = spray_count(s, a, t)};
    return ret->count >= s->policy.tries;
}

unsigned spray_failure(struct spray *s, const struct account *e, const struct addr *a, usec_t t, bool counts_itself,
                       struct spray_offender ret[static ACCOUNTS_ADDRESSES + 1], unsigned *ret_count)
{
    unsigned n = 0;

    *ret_count = 0;
    if (counts_itself) {
        struct entry *entry = entry_for(s, a, t);
        *slot_for(s, entry, t) = (struct slot){.account = e->hash, .when = t};
        entry->last = t > entry->last ? t : entry->last;
        s->newest = t > s->newest ? t : s->newest;
        *ret_count = count(s, entry, t);
        n += add(s, a, t, &ret[n]);
    }
    if (accounts_spread(e, t, s->policy.findtime) != s->policy.addresses)
        return n; // not sprayed, or already before this one: each was looked at with its own failure
    for (unsigned i = 0; i < e->n_from; i++)
        if (!addr_eq(&e->from[i].addr, a))
            n += add(s, &e->from[i].addr, t, &ret[n]);
    return n;
}

void spray_ban(struct spray *s, const struct addr *a, usec_t t)
{
    struct entry *e = find(s, a);

    if (e && t > e->banned)
        e->banned = t;
}

void spray_forget(struct spray *s, const struct addr *a)
{
    struct entry *e = find(s, a);

    if (!e)
        return;
    *e = (struct entry){.last = 0};
    s->counters.addresses--;
}

static int by_addresses(const void *x, const void *y)
{
    const struct spray_look *a = x, *b = y;

    if (a->addresses != b->addresses)
        return a->addresses < b->addresses ? 1 : -1;
    return a->mine < b->mine ? 1 : a->mine > b->mine ? -1 : 0;
}

unsigned spray_look(const struct spray *s, const struct addr *a, usec_t t, struct spray_look ret[static SPRAY_TRIES_MAX])
{
    const struct entry *e = find(s, a);
    unsigned n = 0, k;

    for (unsigned i = 0; e && i < SPRAY_TRIES_MAX; i++) {
        const struct account *account = is_near(s, e->slot[i].when, t) ? accounts_find(s->accounts, e->slot[i].account) : NULL;
        if (!account)
            continue;
        for (k = 0; k < n && ret[k].account != account; k++)
            ;
        if (k == n)
            ret[n++] = (struct spray_look){.account = account, .addresses = accounts_spread(account, t, s->policy.findtime)};
        ret[k].mine++;
        ret[k].sprayed = ret[k].addresses >= s->policy.addresses;
    }
    if (n)
        qsort(ret, n, sizeof(*ret), by_addresses);
    return n;
}

bool spray_oldest(const struct spray *s, usec_t t, usec_t *ret)
{
    if (!s->newest || t - s->newest > s->policy.findtime)
        return false;
    *ret = t - s->policy.findtime; // never too late; the table is too large to be searched for the oldest
    return true;
}

struct spray_counters spray_counters(const struct spray *s)
{
    return s->counters;
}
