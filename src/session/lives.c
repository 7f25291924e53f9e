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
                        .oldest = LIFE_NONE,
                        .newest = LIFE_NONE,
                        .end_oldest = LIFE_NONE,
                        .end_newest = LIFE_NONE,
                        .hash = hash_key_new()};
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

static void list_append(struct lives *t, struct life *l)
{
    uint32_t i = lives_index(t, l);

    l->prev = t->newest;
    l->next = LIFE_NONE;
    if (t->newest == LIFE_NONE)
        t->oldest = i;
    else
        t->v[t->newest].next = i;
    t->newest = i;
}

static void list_remove(struct lives *t, struct life *l)
{
    if (l->prev == LIFE_NONE)
        t->oldest = l->next;
    else
        t->v[l->prev].next = l->next;
    if (l->next == LIFE_NONE)
        t->newest = l->prev;
    else
        t->v[l->next].prev = l->prev;
}

static void ended_remove(struct lives *t, struct life *l)
{
    if (l->end_prev == LIFE_NONE)
        t->end_oldest = l->end_next;
    else
        t->v[l->end_prev].end_next = l->end_next;
    if (l->end_next == LIFE_NONE)
        t->end_newest = l->end_prev;
    else
        t->v[l->end_next].end_prev = l->end_prev;
}

struct life *lives_add(struct lives *t, const struct life_key *key)
{
    uint32_t i = t->free;

    if (i != LIFE_NONE)
        t->free = t->v[i].next;
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
    list_append(t, l);
    t->active++;
    return l;
}

void lives_remove(struct lives *t, struct life *l)
{
    uint32_t i = lives_index(t, l), *at = bucket_of(t, &l->key);

    while (*at != i)
        at = &t->v[*at].chain;
    *at = l->chain;
    list_remove(t, l);
    if (l->end_seq)
        ended_remove(t, l);
    l->used = false;
    l->next = t->free;
    t->free = i;
    t->active--;
}

void lives_touch(struct lives *t, struct life *l)
{
    if (t->newest == lives_index(t, l))
        return;
    list_remove(t, l);
    list_append(t, l);
}

static void ended_append(struct lives *t, struct life *l)
{
    uint32_t i = lives_index(t, l);

    l->end_prev = t->end_newest;
    l->end_next = LIFE_NONE;
    if (t->end_newest == LIFE_NONE)
        t->end_oldest = i;
    else
        t->v[t->end_newest].end_next = i;
    t->end_newest = i;
}

void lives_end(struct lives *t, struct life *l)
{
    if (l->end_seq)
        return;
    l->end_seq = ++t->seq;
    l->link_waits = false;
    ended_append(t, l);
}

void lives_end_again(struct lives *t, struct life *l)
{
    ended_remove(t, l);
    ended_append(t, l);
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
        *h = (struct life_host){.host = host, .newest = INT64_MIN};
    return h;
}
