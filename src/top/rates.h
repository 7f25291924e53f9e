// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: counters that only grow, as figures over the last minutes. A service that starts anew, or was not asked for
// a while, leaves a gap and no peak.
#ifndef PB_TOP_RATES_H
#define PB_TOP_RATES_H

#include <stdint.h>

#include "base/clock.h"

enum { TOP_BUCKETS = 240, TOP_MINUTE = 12 }; // buckets, and those of a minute
#define TOP_BUCKET (5 * USEC_SEC)
#define TOP_UNKNOWN UINT32_MAX

struct top_rate {
    uint32_t v[TOP_BUCKETS]; // a ring by time; TOP_UNKNOWN where nobody was asked
    int64_t newest;          // the number of the bucket of now, since the clock's beginning
    uint64_t last;           // the counter
    usec_t asked;            // when; 0: never
};

void top_rate_init(struct top_rate *r);

// The counter stood at value at this time (of the monotonic clock). anew: it is another service's than before.
void top_rate_take(struct top_rate *r, uint64_t value, usec_t now, bool anew);

// Moves on to now without an answer.
void top_rate_pass(struct top_rate *r, usec_t now);

// Bucket number back before the present one (0: that one), TOP_UNKNOWN when nothing is known.
uint32_t top_rate_at(const struct top_rate *r, unsigned back);

// How much it grew in the last minute, as far as is known.
uint64_t top_rate_minute(const struct top_rate *r);

// The largest of the last n buckets.
uint32_t top_rate_peak(const struct top_rate *r, unsigned n);

#endif
