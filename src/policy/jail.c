// SPDX-License-Identifier: GPL-2.0-or-later
// The window table: a ring of the last failures of each address, in one array that is touched on use only,
// found by keyed hash, dropped least recently failed first when full. Never asks the clock.
#include "policy/jail.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { NONE = UINT32_MAX };

// One failure of weight one. Milliseconds in 48 bits reach the year 10889; the name is a hash of 14 bits, enough
// to tell a user's own typo from guesses at others, a bit that there is one, and a bit that nobody knows it.
struct slot {
    uint16_t time[3];
    uint16_t user;
};

enum { USER_NAMED = 1, USER_UNKNOWN = 2 };

struct entry {
    uint8_t addr[16];
    uint32_t chain, prev, next;
    uint16_t n, head; // slots used; the oldest one
    struct slot pardon;  // when a good login first forgave here, and (user) how much since then
    struct slot slot[]; // policy.room of them
};

struct jail {
    struct jail_policy policy;
    struct prefix *ignore; // policy.ignore, owned
    struct jail_counters counters;
    unsigned char *entries;
    size_t entry_size;
    uint32_t *bucket;
    uint32_t mask, free, never_used, oldest, newest;
    struct hash_key hash;
    usec_t latest; // newest failure seen, at most bound
    usec_t bound;
};

static struct entry *at(const struct jail *j, uint32_t i)
{
    return (struct entry *)(void *)(j->entries + (size_t)i * j->entry_size);
}

int jail_new(const struct jail_policy *policy, struct jail **ret)
{
    struct jail *j = calloc(1, sizeof(*j));
    uint32_t buckets = 16;

    if (!j)
        return -ENOMEM;
    while (buckets < policy->max_addresses)
        buckets *= 2;
    j->policy = *policy;
    if (j->policy.room < policy->maxretry)
        j->policy.room = policy->maxretry;
    j->entry_size = sizeof(struct entry) + j->policy.room * sizeof(struct slot);
    j->mask = buckets - 1;
    j->free = j->oldest = j->newest = NONE;
    j->hash = hash_key_new();
    j->latest = INT64_MIN;
    j->bound = INT64_MAX;
    j->entries = calloc(policy->max_addresses, j->entry_size);
    j->bucket = calloc(buckets, sizeof(*j->bucket)); // index + 1, so that untouched memory means empty
    if (!j->entries || !j->bucket || jail_set_ignore(j, policy->ignore, policy->n_ignore) < 0) {
        jail_free(j);
        return -ENOMEM;
    }
    *ret = j;
    return 0;
}

void jail_free(struct jail *j)
{
    if (!j)
        return;
    free(j->entries);
    free(j->bucket);
    free(j->ignore);
    free(j);
}

static uint32_t *bucket_of(const struct jail *j, const struct addr *a)
{
    return &j->bucket[hash_bytes(&j->hash, a->b, sizeof(a->b)) & j->mask];
}

static uint32_t find(const struct jail *j, const struct addr *a)
{
    uint32_t i = *bucket_of(j, a) - 1;

    while (i != NONE && memcmp(at(j, i)->addr, a->b, sizeof(a->b)) != 0)
        i = at(j, i)->chain;
    return i;
}

static void unlink_age(struct jail *j, struct entry *e)
{
    if (e->prev == NONE)
        j->oldest = e->next;
    else
        at(j, e->prev)->next = e->next;
    if (e->next == NONE)
        j->newest = e->prev;
    else
        at(j, e->next)->prev = e->prev;
}

static void append_age(struct jail *j, uint32_t i)
{
    struct entry *e = at(j, i);

    e->prev = j->newest;
    e->next = NONE;
    if (j->newest == NONE)
        j->oldest = i;
    else
        at(j, j->newest)->next = i;
    j->newest = i;
}

static void remove_entry(struct jail *j, uint32_t i)
{
    struct entry *e = at(j, i);
    struct addr a;

    memcpy(a.b, e->addr, sizeof(a.b));
    uint32_t *bucket = bucket_of(j, &a);
    if (*bucket - 1 == i) {
        *bucket = e->chain + 1;
    } else {
        uint32_t k = *bucket - 1;
        while (at(j, k)->chain != i)
            k = at(j, k)->chain;
        at(j, k)->chain = e->chain;
    }
    unlink_age(j, e);
    e->next = j->free;
    j->free = i;
    j->counters.addresses--;
}

static usec_t slot_time(const struct slot *s)
{
    return ((usec_t)s->time[0] | (usec_t)s->time[1] << 16 | (usec_t)s->time[2] << 32) * USEC_MSEC;
}

static struct slot slot_of(usec_t t, uint16_t user)
{
    uint64_t ms = t < 0 ? 0 : (uint64_t)(t / USEC_MSEC);

    return (struct slot){.time = {(uint16_t)ms, (uint16_t)(ms >> 16), (uint16_t)(ms >> 32)}, .user = user};
}

static struct slot *nth(const struct jail *j, struct entry *e, unsigned k)
{
    return &e->slot[(e->head + k) % j->policy.room];
}

static bool is_old(const struct jail *j, usec_t then, usec_t t)
{
    return j->policy.findtime != USEC_FOREVER && then + j->policy.findtime < t - t % USEC_MSEC;
}

static void drop_old(const struct jail *j, struct entry *e, usec_t t)
{
    while (e->n > 0 && is_old(j, slot_time(nth(j, e, 0)), t)) {
        e->head = (uint16_t)((e->head + 1) % j->policy.room);
        e->n--;
    }
}

// Keeps the ring in the order of time: records of two sources may come slightly crosswise.
static void insert(const struct jail *j, struct entry *e, struct slot s)
{
    if (e->n == j->policy.room) {
        e->head = (uint16_t)((e->head + 1) % j->policy.room);
        e->n--;
    }
    unsigned k = e->n++;
    *nth(j, e, k) = s;
    for (; k > 0 && slot_time(nth(j, e, k - 1)) > slot_time(&s); k--) {
        *nth(j, e, k) = *nth(j, e, k - 1);
        *nth(j, e, k - 1) = s;
    }
}

static struct entry *entry_for(struct jail *j, const struct addr *a)
{
    uint32_t i = find(j, a);

    if (i != NONE) {
        unlink_age(j, at(j, i));
        append_age(j, i);
        return at(j, i);
    }
    if (j->free == NONE && j->never_used == j->policy.max_addresses) {
        j->counters.overflow++;
        remove_entry(j, j->oldest);
    }
    if (j->free != NONE) {
        i = j->free;
        j->free = at(j, i)->next;
    } else {
        i = j->never_used++;
    }
    struct entry *e = at(j, i);
    uint32_t *bucket = bucket_of(j, a);
    memcpy(e->addr, a->b, sizeof(e->addr));
    e->chain = *bucket - 1;
    *bucket = i + 1;
    e->n = e->head = 0;
    e->pardon = (struct slot){.user = 0};
    append_age(j, i);
    j->counters.addresses++;
    return e;
}

// The newest thing that is remembered of an address.
static usec_t last_of(const struct jail *j, struct entry *e)
{
    return slot_time(e->n > 0 ? nth(j, e, e->n - 1u) : &e->pardon);
}

// Addresses that have been silent for findtime leave from the old end, two a call, so that the table shrinks as it
// grew.
static void forget_silent(struct jail *j, usec_t t)
{
    for (int k = 0; k < 2 && j->oldest != NONE; k++) {
        if (!is_old(j, last_of(j, at(j, j->oldest)), t))
            return;
        remove_entry(j, j->oldest);
    }
}

bool jail_ignores(const struct jail *j, const struct addr *a)
{
    if (addr_is_unbannable(a))
        return true;
    for (size_t i = 0; i < j->policy.n_ignore; i++)
        if (prefix_contains(&j->ignore[i], a))
            return true;
    return false;
}

bool jail_ignores_within(const struct jail *j, const struct prefix *net, struct addr *ret)
{
    for (size_t i = 0; i < j->policy.n_ignore; i++) {
        if (!prefix_overlaps(&j->ignore[i], net))
            continue;
        *ret = j->ignore[i].len > net->len ? j->ignore[i].addr : net->addr;
        return true;
    }
    return false;
}

int jail_set_ignore(struct jail *j, const struct prefix *ignore, size_t n)
{
    struct prefix *copy = malloc((n ? n : 1) * sizeof(*copy));

    if (!copy)
        return -ENOMEM;
    if (n)
        memcpy(copy, ignore, n * sizeof(*copy));
    free(j->ignore);
    j->policy.ignore = j->ignore = copy;
    j->policy.n_ignore = n;
    return 0;
}

void jail_set_bound(struct jail *j, usec_t now)
{
    j->bound = now;
    if (j->latest > now)
        j->latest = now;
}

usec_t jail_bantime(const struct jail_policy *p, usec_t bantime, unsigned previous)
{
    if (!p->increment || bantime == USEC_FOREVER)
        return bantime;
    double d = (double)bantime * pow(p->factor, previous);
    usec_t most = p->maximum > bantime ? p->maximum : bantime;
    return d >= (double)most ? most : (usec_t)d;
}

static uint16_t user_of(const struct jail *j, struct str user)
{
    uint16_t hash = user.n ? (uint16_t)hash_bytes(&j->hash, user.p, user.n) : 0;

    return user.n ? (uint16_t)((hash & ~USER_UNKNOWN) | USER_NAMED) : 0;
}

static unsigned count_unknown(const struct jail *j, struct entry *e)
{
    unsigned n = 0;

    for (unsigned k = 0; k < e->n; k++)
        n += (nth(j, e, k)->user & USER_UNKNOWN) != 0;
    return n;
}

struct verdict jail_judge(struct jail *j, const struct jail_attempt *f, const struct threshold *holds)
{
    struct verdict v = {.kind = VERDICT_NOTHING, .addr = *f->addr, .previous = f->previous, .reason = holds->total};

    j->counters.failures++;
    if (jail_ignores(j, f->addr)) {
        j->counters.ignored++;
        v.kind = VERDICT_IGNORED;
        return v;
    }
    if (f->time > j->latest)
        j->latest = f->time < j->bound ? f->time : j->bound;
    if (is_old(j, f->time, j->latest)) {
        v.kind = VERDICT_OLD;
        return v;
    }
    forget_silent(j, j->latest);

    struct entry *e = entry_for(j, f->addr);
    struct slot s = slot_of(f->time, user_of(j, f->user));
    if (s.user && holds->stranger)
        s.user |= USER_UNKNOWN;
    drop_old(j, e, f->time);
    for (unsigned k = 0; k < f->weight && k < j->policy.room; k++)
        insert(j, e, s);
    v.count = e->n;
    if (e->n < holds->total.max) {
        if (!holds->unknown.max || count_unknown(j, e) < holds->unknown.max)
            return v;
        v.reason = holds->unknown;
    }
    usec_t length = jail_bantime(&j->policy, holds->bantime, f->previous);
    v.kind = VERDICT_BAN;
    v.until = length == USEC_FOREVER ? USEC_FOREVER : f->time + length;
    return v;
}

struct verdict jail_failure(struct jail *j, const struct addr *a, struct str user, usec_t t, unsigned w,
                            unsigned previous)
{
    const struct jail_attempt f = {.addr = a, .user = user, .time = t, .weight = w, .previous = previous};
    const struct threshold holds = {
        .total = {.max = (uint16_t)j->policy.maxretry, .rule = RULE_MAXRETRY}, .bantime = j->policy.bantime};

    return jail_judge(j, &f, &holds);
}

void jail_success(struct jail *j, const struct addr *a, struct str user, usec_t t)
{
    uint32_t i = find(j, a);

    if (i == NONE || user.n == 0)
        return;
    struct entry *e = at(j, i);
    uint16_t who = user_of(j, user), forgiven = e->pardon.user;
    unsigned kept = 0;
    if (forgiven && is_old(j, slot_time(&e->pardon), t))
        forgiven = 0;
    for (unsigned k = 0; k < e->n; k++) {
        struct slot s = *nth(j, e, k);
        if ((s.user & ~USER_UNKNOWN) != who || slot_time(&s) > t || forgiven == j->policy.maxretry)
            *nth(j, e, kept++) = s;
        else if (forgiven++ == 0)
            e->pardon = slot_of(t, 0);
    }
    e->pardon.user = forgiven;
    e->n = (uint16_t)kept;
    if (kept == 0 && !forgiven)
        remove_entry(j, i);
}

struct jail_window jail_look(const struct jail *j, const struct addr *a, usec_t t)
{
    struct jail_window w = {.count = 0};
    uint32_t i = find(j, a);
    struct entry *e = i == NONE ? NULL : at(j, i);

    for (unsigned k = 0; e && k < e->n; k++) {
        const struct slot *s = nth(j, e, k);
        usec_t then = slot_time(s);
        if (is_old(j, then, t))
            continue;
        if (w.count++ == 0)
            w.oldest = then;
        if ((s->user & USER_UNKNOWN) && w.unknown++ == 0)
            w.oldest_unknown = then;
    }
    return w;
}

void jail_forget(struct jail *j, const struct addr *a)
{
    uint32_t i = find(j, a);

    if (i != NONE)
        remove_entry(j, i);
}

bool jail_oldest(const struct jail *j, usec_t t, usec_t *ret)
{
    enum { LOOK_AT_MOST = 4096 };
    bool any = false;

    if (j->counters.addresses > LOOK_AT_MOST && j->policy.findtime != USEC_FOREVER) {
        *ret = t - j->policy.findtime;
        return true;
    }
    // entries are in the order of their newest failure, each ring in the order of time: look at them all
    for (uint32_t i = j->oldest; i != NONE; i = at(j, i)->next) {
        struct entry *e = at(j, i);
        for (unsigned k = 0; k < e->n; k++) {
            usec_t then = slot_time(nth(j, e, k));
            if (is_old(j, then, t))
                continue;
            if (!any || then < *ret)
                *ret = then;
            any = true;
            break;
        }
    }
    return any;
}

const struct jail_counters *jail_counters(const struct jail *j)
{
    return &j->counters;
}
