// SPDX-License-Identifier: GPL-2.0-or-later
// The lines that led to each count, in one ring of fixed size: the newest push out the oldest, never the memory
// limit. For why, list and the state; never for a decision.
#ifndef PB_ENGINE_EVIDENCE_H
#define PB_ENGINE_EVIDENCE_H

#include <stddef.h>

#include "session/session.h"

struct evidence;

int evidence_new(size_t bytes, struct evidence **ret); // memory is touched on use only
void evidence_free(struct evidence *e);
void evidence_add(struct evidence *e, const struct outcome *o, const char *jail);

struct evidence_item {
    usec_t time;
    struct addr addr;
    enum outcome_class class;
    enum outcome_origin origin;
    struct str jail, user, line;
};

// The newest items of a, newest first, up to max; returns how many. Views valid until the next add.
size_t evidence_find(const struct evidence *e, const struct addr *a, struct evidence_item *ret, size_t max);

#endif
