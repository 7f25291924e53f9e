// SPDX-License-Identifier: GPL-2.0-or-later
// An open-addressed table of networks that were banned in this replay.
#include "engine/history.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

struct entry {
    struct prefix net;
    unsigned times; // 0: free
    usec_t until;
};

struct history {
    struct entry *v;
    unsigned n, max, mask;
    struct hash_key hash;
};

int history_new(unsigned max, struct history **ret)
{
    struct history *h = calloc(1, sizeof(*h));
    unsigned size = 16;

    if (!h)
        return -ENOMEM;
    while (size < 2 * max)
        size *= 2;
    h->v = calloc(size, sizeof(*h->v));
    h->max = max;
    h->mask = size - 1;
    h->hash = hash_key_new();
    if (!h->v) {
        free(h);
        return -ENOMEM;
    }
    *ret = h;
    return 0;
}

void history_free(struct history *h)
{
    if (!h)
        return;
    free(h->v);
    free(h);
}

static struct entry *find(const struct history *h, const struct prefix *net)
{
    uint64_t i = hash_bytes(&h->hash, net->addr.b, sizeof(net->addr.b)) ^ net->len;

    for (;; i++) {
        struct entry *e = &h->v[i & h->mask];
        if (e->times == 0 || prefix_eq(&e->net, net))
            return e;
    }
}

unsigned history_count(const struct history *h, const struct prefix *net, usec_t t, usec_t decay)
{
    const struct entry *e = find(h, net);

    if (e->times == 0 || e->until == USEC_FOREVER || t <= e->until || decay <= 0)
        return e->times;
    usec_t forgotten = (t - e->until) / decay;
    return forgotten >= e->times ? 0 : e->times - (unsigned)forgotten;
}

void history_add(struct history *h, const struct prefix *net, usec_t until, unsigned times)
{
    struct entry *e = find(h, net);

    if (e->times == 0) {
        if (h->n == h->max)
            return;
        h->n++;
    }
    *e = (struct entry){.net = *net, .times = times, .until = until};
}
