// SPDX-License-Identifier: GPL-2.0-or-later
// Fuzz target: any bytes as a log file, in pieces of any size. No crash; and the literal gate hands on exactly the
// records that a walk over every line finds with a literal in them.
#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "source/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    const struct literals *literals;
    uint64_t hash, n;
};

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    const struct hash_key key = {{h, n}};

    return hash_bytes(&key, p, n);
}

static int on_record(void *userdata, const struct record *r)
{
    struct seen *s = userdata;

    if (literals_mask(s->literals, r->line) == 0)
        return 0;
    s->n++;
    s->hash = mix(s->hash, &r->time, sizeof(r->time));
    s->hash = mix(s->hash, r->host.p, r->host.n);
    s->hash = mix(s->hash, r->ident.p, r->ident.n);
    s->hash = mix(s->hash, &r->pid, sizeof(r->pid));
    s->hash = mix(s->hash, r->message.p, r->message.n);
    s->hash = mix(s->hash, &r->position.offset, sizeof(r->position.offset));
    return 0;
}

static void walk_all(const uint8_t *data, size_t size, size_t piece, struct seen *s, bool gate)
{
    struct walk walk;

    walk_init(&walk, INT64_C(1795000000) * USEC_SEC, 300);
    walk.literals = gate ? s->literals : NULL;
    walk.record = on_record;
    walk.userdata = s;
    walk.follow = true;
    struct feed feed = {.walk = &walk};
    while (size > 0) {
        char *p;
        size_t room;
        assert(feed_space(&feed, &p, &room) == 0 && room > 0);
        size_t n = size < piece ? size : piece;
        n = n < room ? n : room;
        memcpy(p, data, n);
        assert(feed_add(&feed, n) == 0);
        data += n;
        size -= n;
    }
    assert(feed_finish(&feed) == 0);
    feed_release(&feed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct literals *literals;
    static const struct str words[] = {{"pppd", 4}, {" failed ", 8}, {"CTRL: ", 6}, {"x", 1}};

    if (!literals)
        assert(literals_new(words, sizeof(words) / sizeof(words[0]), &literals) == 0);
    if (size < 1)
        return 0;
    size_t piece = 1 + data[0] * 5u;
    struct seen all = {.literals = literals}, gated = {.literals = literals};
    walk_all(data + 1, size - 1, piece, &all, false);
    walk_all(data + 1, size - 1, piece, &gated, true);
    assert(all.n == gated.n && all.hash == gated.hash);
    return 0;
}
