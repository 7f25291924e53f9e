// SPDX-License-Identifier: GPL-2.0-or-later
// The ban list: one array that is touched on use only, a hash by network and a heap by end. Never asks the clock.
#include "policy/bans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { NONE = UINT32_MAX };

struct entry {
    struct ban ban;
    uint32_t chain; // or the next free one
    uint32_t heap;  // its place in the heap
};

struct bans {
    struct entry *v;
    uint32_t *bucket; // index + 1
    uint32_t *heap;   // indices; the next to end is heap[0]
    uint32_t max, n, mask, free, never_used;
    uint32_t by_len[129]; // how many bans of each prefix length there are
    struct hash_key hash;
};

int bans_new(unsigned max, struct bans **ret)
{
    struct bans *b = calloc(1, sizeof(*b));
    uint32_t buckets = 16;

    if (!b)
        return -ENOMEM;
    while (buckets < max)
        buckets *= 2;
    b->max = max;
    b->mask = buckets - 1;
    b->free = NONE;
    b->hash = hash_key_new();
    b->v = calloc(max, sizeof(*b->v));
    b->bucket = calloc(buckets, sizeof(*b->bucket));
    b->heap = calloc(max, sizeof(*b->heap));
    if (!b->v || !b->bucket || !b->heap) {
        bans_free(b);
        return -ENOMEM;
    }
    *ret = b;
    return 0;
}

void bans_free(struct bans *b)
{
    if (!b)
        return;
    free(b->v);
    free(b->bucket);
    free(b->heap);
    free(b);
}

static uint32_t *bucket_of(const struct bans *b, const struct prefix *net)
{
    uint8_t key[17];

    memcpy(key, net->addr.b, 16);
    key[16] = net->len;
    return &b->bucket[hash_bytes(&b->hash, key, sizeof(key)) & b->mask];
}

static uint32_t find(const struct bans *b, const struct prefix *net)
{
    uint32_t i = *bucket_of(b, net) - 1;

    while (i != NONE && !prefix_eq(&b->v[i].ban.net, net))
        i = b->v[i].chain;
    return i;
}

static bool earlier(const struct bans *b, uint32_t i, uint32_t j)
{
    return b->v[i].ban.until < b->v[j].ban.until;
}

static void place(struct bans *b, uint32_t at, uint32_t i)
{
    b->heap[at] = i;
    b->v[i].heap = at;
}

// Moves the entry at this place of the heap to where its end belongs.
static void heap_fix(struct bans *b, uint32_t at)
{
    uint32_t i = b->heap[at];

    while (at > 0 && earlier(b, i, b->heap[(at - 1) / 2])) {
        place(b, at, b->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= b->n)
            break;
        if (child + 1 < b->n && earlier(b, b->heap[child + 1], b->heap[child]))
            child++;
        if (!earlier(b, b->heap[child], i))
            break;
        place(b, at, b->heap[child]);
        at = child;
    }
    place(b, at, i);
}

int bans_add(struct bans *b, const struct ban *ban, bool replace)
{
    uint32_t i = find(b, &ban->net);

    if (i != NONE) {
        if (!replace && ban->until <= b->v[i].ban.until)
            return 0;
        b->v[i].ban = *ban;
        heap_fix(b, b->v[i].heap);
        return 0;
    }
    if (b->free != NONE) {
        i = b->free;
        b->free = b->v[i].chain;
    } else if (b->never_used < b->max) {
        i = b->never_used++;
    } else {
        return -ENOSPC;
    }
    uint32_t *bucket = bucket_of(b, &ban->net);
    b->v[i].ban = *ban;
    b->v[i].chain = *bucket - 1;
    *bucket = i + 1;
    b->by_len[ban->net.len]++;
    place(b, b->n, i);
    heap_fix(b, b->n++);
    return 0;
}

static void remove_entry(struct bans *b, uint32_t i)
{
    uint32_t *bucket = bucket_of(b, &b->v[i].ban.net);
    uint32_t at = b->v[i].heap;

    if (*bucket - 1 == i) {
        *bucket = b->v[i].chain + 1;
    } else {
        uint32_t k = *bucket - 1;
        while (b->v[k].chain != i)
            k = b->v[k].chain;
        b->v[k].chain = b->v[i].chain;
    }
    b->by_len[b->v[i].ban.net.len]--;
    b->n--;
    if (at != b->n) {
        place(b, at, b->heap[b->n]);
        heap_fix(b, at);
    }
    b->v[i].chain = b->free;
    b->free = i;
}

bool bans_remove(struct bans *b, const struct prefix *net, struct ban *ret_old)
{
    uint32_t i = find(b, net);

    if (i == NONE)
        return false;
    if (ret_old)
        *ret_old = b->v[i].ban;
    remove_entry(b, i);
    return true;
}

const struct ban *bans_find(const struct bans *b, const struct prefix *net)
{
    uint32_t i = find(b, net);

    return i == NONE ? NULL : &b->v[i].ban;
}

const struct ban *bans_covering(const struct bans *b, const struct addr *a)
{
    const struct ban *best = NULL;

    for (int len = 128; len >= 0; len--) {
        if (b->by_len[len] == 0)
            continue;
        struct prefix net = prefix_of(a, (uint8_t)len);
        const struct ban *ban = bans_find(b, &net);
        if (ban && (!best || ban->until > best->until))
            best = ban;
    }
    return best;
}

bool bans_expire(struct bans *b, usec_t t, struct ban *ret)
{
    if (b->n == 0 || b->v[b->heap[0]].ban.until > t)
        return false;
    *ret = b->v[b->heap[0]].ban;
    remove_entry(b, b->heap[0]);
    return true;
}

usec_t bans_next_expiry(const struct bans *b)
{
    return b->n ? b->v[b->heap[0]].ban.until : USEC_FOREVER;
}

int bans_each(const struct bans *b, int (*fn)(void *userdata, const struct ban *), void *userdata)
{
    for (uint32_t k = 0; k < b->n; k++) {
        int r = fn(userdata, &b->v[b->heap[k]].ban);
        if (r != 0)
            return r;
    }
    return 0;
}

const struct ban *bans_next(const struct bans *b, unsigned *i)
{
    for (; *i < b->never_used; (*i)++) {
        const struct entry *e = &b->v[*i];
        if (e->heap < b->n && b->heap[e->heap] == *i)
            return &b->v[(*i)++].ban;
    }
    return NULL;
}

size_t bans_count(const struct bans *b)
{
    return b->n;
}
