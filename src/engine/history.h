// SPDX-License-Identifier: GPL-2.0-or-later
// How often a network was banned before, for a replay in virtual time (the service keeps this in its database).
// Bounded: when full, nothing new is remembered.
#ifndef PB_ENGINE_HISTORY_H
#define PB_ENGINE_HISTORY_H

#include "base/addr.h"
#include "base/clock.h"

struct history;

int history_new(unsigned max, struct history **ret);
void history_free(struct history *h);

// The bans of net before t: one is forgotten for each decay that has passed since the last one ended.
unsigned history_count(const struct history *h, const struct prefix *net, usec_t t, usec_t decay);

// net was banned until then, the times-th time.
void history_add(struct history *h, const struct prefix *net, usec_t until, unsigned times);

#endif
