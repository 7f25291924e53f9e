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

// An outcome read again.
struct muting_query {
    const char *jail;
    bool observe; // the jail only observes
    struct addr addr;
    usec_t time;  // when it happened
    usec_t settled;
    struct position decided; // of the line that settled it
};

// True when it is part of a decision of its jail (in the decision's own file it stands at or before it; in another
// file it settled no later), or happened while the address was banned.
bool muting_covers(const struct muting *m, const struct muting_query *q);

size_t muting_count(const struct muting *m);

#endif
