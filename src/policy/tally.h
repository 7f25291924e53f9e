// SPDX-License-Identifier: GPL-2.0-or-later
// How often each address did what no jail gives weight to, by class: so that why can say that somebody who floods the
// RADIUS server was seen, although nothing was counted. Bounded; the longest silent address goes first.
#ifndef PB_POLICY_TALLY_H
#define PB_POLICY_TALLY_H

#include <stdint.h>

#include "base/addr.h"
#include "base/class.h"
#include "base/clock.h"

struct tally;

struct tally_entry {
    struct addr addr;
    uint32_t count[CLASS_MAX];
    usec_t last; // record time of the newest
};

int tally_new(unsigned max, struct tally **ret);
void tally_free(struct tally *t);
void tally_add(struct tally *t, const struct addr *a, enum outcome_class class, usec_t when);

// NULL when a is not known. Valid until the next change.
const struct tally_entry *tally_find(const struct tally *t, const struct addr *a);

#endif
