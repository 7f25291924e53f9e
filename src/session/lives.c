// SPDX-License-Identifier: GPL-2.0-or-later
// The bounded table of lives: hash by key, list by last line, list of the ended. Never decides anything.
#include "session/lives.h"

#include <errno.h>
#include <stdlib.h>

int lives_init(struct lives *t, unsigned max)
{
    uint32_t buckets = 16;

    while (buckets < max)
        buckets *= 2;
    *t = (struct lives){.max = max,
                        .mask = buckets - 1,
                        .free = LIFE_NONE,
                        .hash = hash_key_new()};
    for (unsigned k = 0; k < LIFE_LISTS; k++)
        t->lists[k] = (struct life_ends){LIFE_NONE, LIFE_NONE};
    t->v = calloc(max, sizeof(*t->v));
    t->bucket = malloc(buckets * sizeof(*t->bucket));
    if (!t->v || !t->bucket) {
        lives_done(t);
        return -ENOMEM;
    }
    memset(t->bucket, 0xff, buckets * sizeof(*t->bucket));
    return 0;
}

void lives_done(struct lives *t)
{
    free(t->v);
    free(t->bucket);
    *t = (struct lives){0};
}

struct life_key lives_key(const struct lives *t, struct str host, struct str ident, uint32_t pid)
{
    return (struct life_key){
        .host = hash_bytes(&t->hash, host.p, host.n),
        .ident = hash_bytes(&t->hash, ident.p, ident.n),
        .pid = pid,
    };
}

// The key's parts are keyed hashes already: mixing them is enough.
static uint32_t *bucket_of(const struct lives *t, const struct life_key *key)
{
    uint64_t h = (key->host ^ key->ident ^ key->pid * UINT64_C(0x9e3779b97f4a7c15)) *
                 UINT64_C(0xbf58476d1ce4e5b9);

    return &t->bucket[(h >> 32) & t->mask];
}

struct life *lives_find(const struct lives *t, const struct life_key *key)
{
    for (struct life *l = lives_at(t, *bucket_of(t, key)); l; l = lives_at(t, l->chain))
        if (life_key_eq(&l->key, key))
            return l;
    return NULL;
}

void lives_list(struct lives *t, enum life_list k, struct life *l)
{
    struct life_ends *ends = &t->lists[k];
    uint32_t i = lives_index(t, l);

    if (ends->last == i)
        return;
    lives_unlist(t, k, l);
    l->links[k] = (struct life_link){ends->last, LIFE_NONE};
    *(ends->last == LIFE_NONE ? &ends->first : &t->v[ends->last].links[k].next) = i;
    ends->last = i;
    l->lists |= (uint8_t)(1u << k);
}

void lives_unlist(struct lives *t, enum life_list k, struct life *l)
{
    struct life_ends *ends = &t->lists[k];
    struct life_link at = l->links[k];

    if (!(l->lists & 1u << k))
        return;
    *(at.prev == LIFE_NONE ? &ends->first : &t->v[at.prev].links[k].next) = at.next;
    *(at.next == LIFE_NONE ? &ends->last : &t->v[at.next].links[k].prev) = at.prev;
    l->lists &= (uint8_t) ~(1u << k);
}

struct life *lives_add(struct lives *t, const struct life_key *key)
{
    uint32_t i = t->free;

    if (i != LIFE_NONE)
        t->free = t->v[i].chain;
    else if (t->never_used < t->max)
        i = t->never_used++;
    else
        return NULL;

    struct life *l = &t->v[i];
    uint32_t *bucket = bucket_of(t, key);
    // the two texts are not cleared: their lengths are
    memset(l, 0, offsetof(struct life, evidence));
    l->host_len = 0;
    l->key = *key;
    l->used = true;
    l->owner = LIFE_NONE;
    l->chain = *bucket; // in front of the older one, so that lives_find() meets it first
    *bucket = i;
    l->begin_seq = ++t->seq;
    lives_list(t, LIFE_BY_LINE, l);
    lives_list(t, LIFE_NAMELESS, l);
    t->active++;
    return l;
}

void lives_remove(struct lives *t, struct life *l)
{
    uint32_t i = lives_index(t, l), *at = bucket_of(t, &l->key);

    while (*at != i)
        at = &t->v[*at].chain;
    *at = l->chain;
    for (unsigned k = 0; k < LIFE_LISTS; k++)
        lives_unlist(t, k, l);
    l->used = false;
    l->chain = t->free;
    t->free = i;
    t->active--;
}

struct life_host *lives_host(struct lives *t, uint64_t host)
{
    struct life_host *h = NULL;

    for (unsigned k = 0; k < HOSTS_MAX; k++) {
        h = &t->hosts[(host + k) % HOSTS_MAX];
        if (h->host == host)
            return h;
        if (h->host == 0)
            break;
    }
    if (h->host != 0) // full: share
        h = &t->hosts[host % HOSTS_MAX];
    else
        *h = (struct life_host){.host = host, .newest = INT64_MIN, .forgotten = INT64_MIN / 2, .distrusted = INT64_MIN / 2};
    return h;
}
