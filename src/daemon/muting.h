// SPDX-License-Identifier: GPL-2.0-or-later
// The decisions made before a restart, and whether an outcome read again went into one of them. Loaded once, then
// only asked; keeps no new decisions.
#ifndef PB_DAEMON_MUTING_H
#define PB_DAEMON_MUTING_H

#include "daemon/state.h"

struct muting;

// At most max decisions; the rest of them are refused with -ENOSPC.
int muting_new(size_t max, struct muting **ret);
void muting_free(struct muting *m);

int muting_add(struct muting *m, const struct decision *d);

// To be called once, after the last muting_add().
void muting_seal(struct muting *m);

// True when what settled at position (and record time settled) for this jail and address is part of a decision: in
// the decision's own file it stands at or before it; in another file it settled no later.
bool muting_covers(const struct muting *m, const char *jail, const struct addr *a, const struct position *position,
                   usec_t settled);

size_t muting_count(const struct muting *m);

#endif
