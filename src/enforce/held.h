// SPDX-License-Identifier: GPL-2.0-or-later
// What the enforcer believes to be in the kernel's sets: bounded, counted, with the share of the address space it
// covers. Makes no kernel call and decides nothing.
#ifndef PB_ENFORCE_HELD_H
#define PB_ENFORCE_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/hash.h"

enum family { V4, V6, FAMILIES };

struct held_entry {
    struct prefix net;
    bool listed;           // named by the sync that is going on
    bool queued;           // in the batch that goes to the kernel next
    uint32_t count;        // for the comment
    usec_t until;          // realtime, as the watcher wants it
    uint32_t kernel_until; // monotonic seconds, when the kernel drops it
};

struct held {
    struct held_entry *v; // [n], in no order
    uint32_t n, max;      // max of each family
    uint32_t *index, mask; // hash table of positions + 1
    struct hash_key key;
    uint32_t entries[FAMILIES];
    uint64_t extent[FAMILIES]; // IPv4: addresses, IPv6: /64 networks
};

static inline enum family family_of(const struct prefix *p)
{
    return addr_is_v4(&p->addr) && p->len >= 96 ? V4 : V6;
}

uint64_t held_extent_of(const struct prefix *net);

int held_new(uint32_t max, struct held *ret); // memory is touched on use; -ENOMEM
void held_free(struct held *h);

// Valid until the next change; NULL when it is not there.
struct held_entry *held_find(const struct held *h, const struct prefix *net);

// The entry of net, a new one when there is none; NULL when its family is full, or it is no network.
struct held_entry *held_add(struct held *h, const struct prefix *net);

// The last entry takes the place of the removed one: walk from the end when removing.
void held_remove(struct held *h, struct held_entry *e);

#endif
