// SPDX-License-Identifier: GPL-2.0-or-later
// A dense array with a keyed hash index beside it: walks touch what is used, attackers choose no slots.
#include "enforce/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t held_extent_of(const struct prefix *net)
{
    if (family_of(net) == V4)
        return UINT64_C(1) << (128 - net->len);
    return net->len >= 64 ? 1 : net->len == 0 ? UINT64_MAX : UINT64_C(1) << (64 - net->len);
}

int held_new(uint32_t max, struct held *ret)
{
    struct held h = {.max = max, .mask = 63, .key = hash_key_new()};

    while (h.mask < 3 * (uint64_t)max) // two families at two thirds full
        h.mask = h.mask * 2 + 1;
    h.v = calloc((size_t)max * FAMILIES, sizeof(*h.v));
    h.index = calloc((size_t)h.mask + 1, sizeof(*h.index));
    if (!h.v || !h.index) {
        held_free(&h);
        return -ENOMEM;
    }
    *ret = h;
    return 0;
}

void held_free(struct held *h)
{
    free(h->v);
    free(h->index);
}

static uint32_t home(const struct held *h, const struct prefix *net)
{
    return (uint32_t)hash_bytes(&h->key, net, sizeof(*net)) & h->mask;
}

// The slot of net, or the empty one where it would go.
static uint32_t slot_of(const struct held *h, const struct prefix *net)
{
    uint32_t s = home(h, net);

    while (h->index[s] && !prefix_eq(&h->v[h->index[s] - 1].net, net))
        s = (s + 1) & h->mask;
    return s;
}

struct held_entry *held_find(const struct held *h, const struct prefix *net)
{
    uint32_t i = h->index[slot_of(h, net)];

    return i ? &h->v[i - 1] : NULL;
}

struct held_entry *held_add(struct held *h, const struct prefix *net)
{
    uint32_t s = slot_of(h, net);
    enum family f = family_of(net);

    if (h->index[s])
        return &h->v[h->index[s] - 1];
    if (h->entries[f] >= h->max || net->len > 128) // or it is no network
        return NULL;
    h->entries[f]++;
    h->extent[f] += held_extent_of(net);
    h->v[h->n] = (struct held_entry){.net = *net};
    h->index[s] = ++h->n;
    return &h->v[h->n - 1];
}

void held_remove(struct held *h, struct held_entry *e)
{
    uint32_t hole = slot_of(h, &e->net), last = slot_of(h, &h->v[h->n - 1].net);
    enum family f = family_of(&e->net);

    h->entries[f]--;
    h->extent[f] -= held_extent_of(&e->net);
    h->index[last] = h->index[hole]; // the last one moves into the removed one's place
    h->index[hole] = 0;
    *e = h->v[--h->n];
    // close the gap: what was pushed past the hole moves back
    for (uint32_t s = (hole + 1) & h->mask; h->index[s]; s = (s + 1) & h->mask) {
        uint32_t from = home(h, &h->v[h->index[s] - 1].net);
        if (((s - from) & h->mask) >= ((s - hole) & h->mask)) {
            h->index[hole] = h->index[s];
            h->index[s] = 0;
            hole = s;
        }
    }
}
