// SPDX-License-Identifier: GPL-2.0-or-later
// From which addresses somebody logged in well, and when last: those are not to be met by what others of their network,
// or others who try the same account, have done. Bounded: an address has four places by keyed hash and takes the one that is
// silent the longest; memory is touched on use only.
#ifndef PB_POLICY_GUESTS_H
#define PB_POLICY_GUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"

struct guests;

int guests_new(unsigned max, struct guests **ret);
void guests_free(struct guests *l);

// A good login from a. An older one than what is known changes nothing.
void guests_add(struct guests *l, const struct addr *a, usec_t when);

// When the last good login from a was; 0 when none is known.
usec_t guests_last(const struct guests *l, const struct addr *a);

// The address of net with the newest good login at or after since; false when there is none. Looks at the whole table: for
// decisions, not for lines.
bool guests_within(const struct guests *l, const struct prefix *net, usec_t since, struct addr *ret);

// Number i of those that are known, in no order; false behind the last.
bool guests_next(const struct guests *l, unsigned *i, struct addr *ret, usec_t *ret_when);

// How many addresses had to make room for others.
uint64_t guests_overflow(const struct guests *l);

#endif
