// SPDX-License-Identifier: GPL-2.0-or-later
// When there is far more of something than this server is used to at this hour. A pure function of minutes and their counts:
// knows no clock, bans nobody, tells nobody.
//
// The rule. Of each hour of the day (UTC) the busiest minute is remembered, for the last 14 days on which at least half of that
// hour was seen. What is usual at an hour is the second highest of them: one odd day teaches nothing. The hour next to it counts,
// too, the one before in its first half, the one after in its second, since nobody comes by the clock. A minute with more than
// factor times what is usual, and more than a minimum, begins a surge; five minutes in a row with at most half of that limit end
// it. Nothing is learned meanwhile. An hour of which fewer than seven days
// are known is not judged. A surge that lasts a day is
// none: it ends, and this series is learned anew.
#ifndef PB_POLICY_SURGE_H
#define PB_POLICY_SURGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"

enum surge_series { SURGE_CONNECTIONS, SURGE_FAILURES, SURGE_BYTES, SURGE_SERIES };

extern const char *const surge_series_names[SURGE_SERIES];

enum {
    SURGE_DAYS = 14,        // remembered of each hour
    SURGE_DAYS_STALE = 28,  // older ones are not believed any more
    SURGE_DAYS_LEAST = 7,   // known before anything is judged: a week has days of all kinds
    SURGE_MINUTES_LEAST = 30, // of an hour, to be remembered
    SURGE_QUIET = 5,        // minutes that end a surge
    SURGE_LONGEST = 24 * 60, // minutes
    SURGE_TEXT_MAX = 64 * 1024, // of surge_print()
};

struct surge_options {
    unsigned factor;
    uint64_t least[SURGE_SERIES]; // a minute with no more than this is none
};

enum surge_change {
    SURGE_NOTHING,
    SURGE_BEGINS,
    SURGE_ENDS,
    SURGE_ORDINARY, // it ends, having lasted so long that it is what is usual
};

struct surge_status {
    bool learning;       // of this hour too little is known
    unsigned days;       // that are known of it
    uint64_t limit;      // what a minute may have; 0 while learning
    uint64_t last;       // what the last one had
    usec_t since;        // of the surge under way; 0: none
    uint64_t most;       // its busiest minute
    uint64_t surges;     // begun since the start
};

struct surge;

int surge_new(const struct surge_options *options, struct surge **ret); // -ENOMEM
void surge_free(struct surge *s);

// What the minute in which t lies had of it. Each minute once, in order; one from before is a clock that was set back.
enum surge_change surge_put(struct surge *s, enum surge_series series, usec_t t, uint64_t count);

void surge_status(const struct surge *s, enum surge_series series, usec_t t, struct surge_status *ret);

// The history as text, and from it: -EINVAL for anything that surge_print() does not write, and nothing is taken then.
void surge_print(const struct surge *s, FILE *out);
int surge_read(struct surge *s, const char *text);

#endif
