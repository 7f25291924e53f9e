// SPDX-License-Identifier: GPL-2.0-or-later
// Which life is whose child: calls leave slots, children fill them. Binding takes a slot; elimination finds the
// one caller whom nobody else can have been. Never tells an outcome.
#ifndef PB_SESSION_BIND_H
#define PB_SESSION_BIND_H

#include "session/lives.h"

// A call of caller begins now.
void bind_call(struct lives *t, struct life *caller, usec_t now);

// child is a child of caller: the youngest free slot from before its begin is taken.
void bind_child(struct lives *t, struct life *child, struct life *caller);

// child knows its address by itself: takes the slot of a caller with that address, so that the slot is not taken
// for somebody else's. Nothing happens when there is none.
void bind_by_address(struct lives *t, struct life *child);

// May this caller have called this child? Is it unknown whom it has called?
bool bind_possible(const struct life *caller, const struct life *child);
bool bind_is_open(const struct life *caller);

#define BIND_SOON (10 * USEC_SEC) // from fork to the first line; 0.3 s on a slow machine under attack

enum elimination {
    ELIMINATION_FOUND,    // exactly one address is possible
    ELIMINATION_OPEN,     // a caller may still name its child, or more may be told
    ELIMINATION_HOPELESS, // all callers have ended and several addresses remain
};

// Who can have called child (ended, not bound)? A caller must have called before the child began, and not know its
// child yet (see bind_possible), and can no longer name it: it has ended, or has called again since. The answer
// stands only while there are no more nameless children than free slots, so that a pppd of another service is not
// charged to a PPTP client, and only for a child that spoke soon after the call (BIND_SOON), so that a caller whose
// last lines were lost is not charged with what others do later. force: callers that may still name their child count as well (the wait is over).
enum elimination bind_eliminate(struct lives *t, struct life *child, bool force, struct life **ret_caller);

#endif
