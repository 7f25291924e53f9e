// SPDX-License-Identifier: GPL-2.0-or-later
// The time stamps of log lines: finds one at the beginning of a text and says which moment it means, also where
// the year or the zone is not written. Asks no clock: what "now" is comes from the caller.
#ifndef PB_SOURCE_STAMP_H
#define PB_SOURCE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"

#define STAMP_NO_ANCHOR INT64_MIN

struct stamp_hour { // the local zone in one hour of wall clock time
    int64_t hour;   // hours since 1970 as the wall clock shows them
    int32_t offset, later_offset;
};

struct stamp_clock {
    usec_t bound;  // a stamp without a year is at most a day later than this
    usec_t anchor; // and, unless STAMP_NO_ANCHOR, the first that is at most a week older than this
    int bound_year;
    struct stamp_hour hours[4]; // the zone database is slow to ask
};

void stamp_clock_init(struct stamp_clock *c, usec_t bound);

// Live sources: now moves on.
void stamp_clock_set_bound(struct stamp_clock *c, usec_t bound);

enum stamp_kind {
    STAMP_ISO,     // 2026-11-22T19:13:32.93+01:00, with a blank for T, fraction and zone as they like
    STAMP_MONTH,   // Nov 22 19:13:32, Nov 22 2026 19:13:32, Nov 22 19:13:32 2026
    STAMP_WEEKDAY, // Tue Oct 22 19:17:45 2019
    STAMP_SLASH,   // 11/22/2026-19:13:32.932649, month first: Suricata's fast.log
};

struct stamp {
    usec_t time;
    usec_t later; // the second meaning of an hour that comes twice (clocks set back), else time
    size_t n;     // bytes of text
    enum stamp_kind kind;
};

// The stamp s begins with, followed by a blank, ']' or the end; false when there is none or it names no real time.
bool stamp_parse(struct stamp_clock *c, struct str s, struct stamp *ret);

#endif
