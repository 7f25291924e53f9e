// SPDX-License-Identifier: GPL-2.0-or-later
// Ends the open control connections of those who were just banned: the hook drops what they send, and the server would go
// on waiting for it. One look at the sockets serves all bans of 50 ms.
#ifndef PB_ENFORCE_CUT_H
#define PB_ENFORCE_CUT_H

#include "base/clock.h"
#include "enforce/held.h"
#include "enforce/pair.h"
#include "enforce/sockets.h"

struct cut {
    struct sockets sockets; // nl = NULL: this kernel has no sock_diag, and nothing happens
    struct held due;        // banned since the last look
    usec_t last;            // monotonic; of the last look
    struct sockets_entry victims[64];
    unsigned n_victims;
};

int cut_open(struct cut *c); // -errno

void cut_add(struct cut *c, const struct pair_cut *m, uint16_t port, usec_t now);

// Looks when it is due. Returns when to call next, USEC_FOREVER: not needed.
usec_t cut_tick(struct cut *c, uint16_t port, usec_t now);

#endif
