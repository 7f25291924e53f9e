// SPDX-License-Identifier: GPL-2.0-or-later
// Parts of the week by the wall clock of a zone: what people write as "Mon-Fri 22:00-06:00". Asks no clock.
#ifndef PB_BASE_WEEK_H
#define PB_BASE_WEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

// Days (bit 0 Monday .. bit 6 Sunday), from..to minutes of the day. to <= from: ends on the next day.
struct week_part {
    uint8_t days;
    uint16_t from, to; // 0..1439, 1..1440
};

// local: seconds since 1970 of the wall clock, that is UTC and the zone's offset.
bool week_holds(const struct week_part *parts, size_t n, int64_t local);

// localtime() of another zone (an IANA name, or "" for the machine's): glibc knows one zone a process, so the process's
// is lent for a moment. zone_leave() takes what zone_enter() gave.
bool zone_exists(const char *zone);
char *zone_enter(const char *zone);
void zone_leave(const char *zone, char *kept);

// Of the zone that was entered: its offset, seconds east, and the first second in (a, b] at which the offset is no longer
// that of a; b when there is none. step: no two changes are nearer to each other than that.
long zone_offset_at(time_t t);
time_t zone_next_change(time_t a, time_t b, time_t step);

// The offsets of a zone from 1990 to 2100, looked up once, so that any record time has its wall clock without the zone
// being entered. Before and behind that the nearest.
struct zone;

// -ENOENT: no such zone; -ENOMEM.
int zone_new(const char *name, struct zone **ret);
void zone_free(struct zone *z);
long zone_offset(const struct zone *z, int64_t t);

#endif
