// SPDX-License-Identifier: GPL-2.0-or-later
// Which control connections have waited too long for their first packet: a bounded table of those that are not through
// with it, and the rule. Makes no kernel call and asks no clock.
#ifndef PB_CONNGUARD_SILENT_H
#define PB_CONNGUARD_SILENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "enforce/sockets.h"

enum {
    SILENT_MAX = 4096, // sockets remembered at once; pptpd itself never has more than five of this kind
    // Somebody who sends the packet in pieces may take so many times the patience in all; pptpd's manager no longer
    // waits for him.
    SILENT_PIECES = 10,
};

// Those who have said nothing at all share the patience: pptpd serves them one after the other, and lets no more than a
// few wait. Nobody's part is less than this, and that of one who was ended of late is no more; an honest client's first
// packet follows its handshake at once.
#define SILENT_LEAST (100 * USEC_MSEC)

struct silent;

int silent_new(uint32_t max, struct silent **ret);
void silent_free(struct silent *s);

// A look at all sockets begins. now: monotonic.
void silent_begin(struct silent *s, usec_t now);

// One whose first packet is not complete. True when its time is over: it has said nothing for the length of patience
// (its part of that, if it has not said anything yet), or has been at it for SILENT_PIECES times as long. *ret_age: since
// it was established, as far as is known.
bool silent_see(struct silent *s, const struct sockets_entry *e, usec_t patience, usec_t *ret_age);

// The look is over: what was not seen is forgotten. When the time of the next one is over, USEC_FOREVER: nobody's; at
// once when more than in the last look share the patience.
usec_t silent_end(struct silent *s, usec_t patience);

// It could not be ended, and has been told of: silent_see() says false from now on. False where it is not remembered.
bool silent_excuse(struct silent *s, uint64_t cookie);

uint32_t silent_count(const struct silent *s);    // remembered in the last look
uint64_t silent_overflow(const struct silent *s); // seen, and not remembered for want of room
#endif
