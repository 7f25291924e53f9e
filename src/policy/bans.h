// SPDX-License-Identifier: GPL-2.0-or-later
// The ban list: which networks are banned now, since when, until when, by which jail, how often before. The
// truth for list, why and persistence; knows neither kernel nor database.
#ifndef PB_POLICY_BANS_H
#define PB_POLICY_BANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "policy/threshold.h"

enum { JAIL_NAME_MAX = 31 };

struct ban {
    struct prefix net;
    usec_t since, until; // until: USEC_FOREVER for one that ends by hand only
    uint32_t count;      // the weight that led to it
    uint32_t times;      // which ban of this network it is, from 1
    char jail[JAIL_NAME_MAX + 1];
    struct threshold_reason reason; // the threshold that it reached
};

struct bans;

int bans_new(unsigned max, struct bans **ret);
void bans_free(struct bans *b);

// Adds, or lengthens the one that is there (never shortens, unless replace). -ENOSPC when full.
int bans_add(struct bans *b, const struct ban *ban, bool replace);

// Removes exactly this network. False when it was not banned.
bool bans_remove(struct bans *b, const struct prefix *net, struct ban *ret_old);

// The ban of exactly this network, or NULL. Valid until the next change.
const struct ban *bans_find(const struct bans *b, const struct prefix *net);

// The longest-lasting ban that covers a, or NULL.
const struct ban *bans_covering(const struct bans *b, const struct addr *a);

// Takes the next ban that has ended at time t into *ret; false when none has.
bool bans_expire(struct bans *b, usec_t t, struct ban *ret);

// When the next ban ends; USEC_FOREVER when none does.
usec_t bans_next_expiry(const struct bans *b);

// Calls fn for each ban, in no order; fn must not change the list. Stops and returns at the first non-zero.
int bans_each(const struct bans *b, int (*fn)(void *userdata, const struct ban *), void *userdata);

// Ban number i of those in the list, in no order; NULL behind the last. Removing the one that was returned is fine; one
// that is added meanwhile may come or not.
const struct ban *bans_next(const struct bans *b, unsigned *i);

size_t bans_count(const struct bans *b);

#endif
