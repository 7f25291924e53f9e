// SPDX-License-Identifier: GPL-2.0-or-later
// A ring of variable-size items in one block. Items of one address are chained from the newest to the oldest by
// their place in the endless stream of bytes; what the ring has overwritten is recognised by its place alone.
#include "engine/evidence.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { BUCKETS = 4096, ALIGN = 8 };

struct item {
    uint64_t before; // place of the next older item in the same bucket, plus 1; 0: none
    usec_t time;
    struct addr addr;
    uint16_t size, line, user; // of the whole item and of its texts
    uint8_t jail, class, origin;
    char text[]; // jail, user, line
};

struct evidence {
    unsigned char *ring;
    size_t size;
    uint64_t end;             // place of the next item
    uint64_t bucket[BUCKETS]; // place of the newest item, plus 1
    struct hash_key hash;
};

int evidence_new(size_t bytes, struct evidence **ret)
{
    struct evidence *e = calloc(1, sizeof(*e));

    if (!e)
        return -ENOMEM;
    e->size = (bytes < 16384 ? 16384 : bytes) / ALIGN * ALIGN;
    e->ring = calloc(1, e->size);
    e->hash = hash_key_new();
    if (!e->ring) {
        free(e);
        return -ENOMEM;
    }
    *ret = e;
    return 0;
}

void evidence_free(struct evidence *e)
{
    if (!e)
        return;
    free(e->ring);
    free(e);
}

static uint64_t *bucket_of(const struct evidence *e, const struct addr *a)
{
    return (uint64_t *)&e->bucket[hash_bytes(&e->hash, a->b, sizeof(a->b)) % BUCKETS];
}

void evidence_add(struct evidence *e, const struct outcome *o, const char *jail)
{
    struct item head = {
        .time = o->time,
        .addr = o->addr,
        .line = (uint16_t)(o->evidence.n < SESSION_EVIDENCE_MAX ? o->evidence.n : SESSION_EVIDENCE_MAX),
        .user = (uint16_t)(o->user.n < SESSION_USER_MAX ? o->user.n : SESSION_USER_MAX),
        .jail = (uint8_t)strnlen(jail, 31),
        .class = (uint8_t)o->class,
        .origin = (uint8_t)o->origin,
    };
    size_t need = (offsetof(struct item, text) + head.jail + head.user + head.line + ALIGN - 1) / ALIGN * ALIGN;
    size_t at = (size_t)(e->end % e->size);

    if (at + need > e->size) { // items are never split: leave the tail
        e->end += e->size - at;
        at = 0;
    }
    uint64_t *bucket = bucket_of(e, &o->addr);
    head.before = *bucket;
    head.size = (uint16_t)need;
    memcpy(e->ring + at, &head, offsetof(struct item, text));
    char *text = (char *)e->ring + at + offsetof(struct item, text);
    memcpy(text, jail, head.jail);
    if (head.user)
        memcpy(text + head.jail, o->user.p, head.user);
    if (head.line)
        memcpy(text + head.jail + head.user, o->evidence.p, head.line);
    *bucket = e->end + 1;
    e->end += need;
}

size_t evidence_find(const struct evidence *e, const struct addr *a, struct evidence_item *ret, size_t max)
{
    size_t n = 0;

    for (uint64_t next = *bucket_of(e, a); next && n < max;) {
        uint64_t place = next - 1;
        if (place + e->size < e->end) // overwritten, and all older ones with it
            break;
        const struct item *i = (const struct item *)(const void *)(e->ring + place % e->size);
        next = i->before;
        if (!addr_eq(&i->addr, a))
            continue;
        ret[n++] = (struct evidence_item){
            .time = i->time,
            .addr = i->addr,
            .class = i->class,
            .origin = i->origin,
            .jail = {i->text, i->jail},
            .user = {i->text + i->jail, i->user},
            .line = {i->text + i->jail + i->user, i->line},
        };
    }
    return n;
}
