// SPDX-License-Identifier: GPL-2.0-or-later
// Times and durations. Everything is microseconds; everything between filter and decision takes its time from
// the record, so only the edges (main loops, enforcer) may ask the clock here.
#ifndef PB_BASE_CLOCK_H
#define PB_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

typedef int64_t usec_t; // since 1970 UTC for times; negative is possible, never used as "unset"

#define USEC_SEC INT64_C(1000000)
#define USEC_MSEC INT64_C(1000)
#define USEC_FOREVER INT64_MAX

usec_t clock_realtime(void);
usec_t clock_monotonic(void);

// A duration as people write it: "600", "10m", "1h30m", "2 days 3h", units s/sec, m/min, h/hour, d/day, w/week,
// mo/month (30 d), y/year (365 d), ms; singular, plural, any case; a bare number is seconds. "-1", "forever" and
// "permanent" are USEC_FOREVER. -EINVAL for anything else, -ERANGE beyond 100 years.
int duration_parse(struct str s, usec_t *ret);

enum { DURATION_STRLEN = 48, TIME_STRLEN = 40 };

// Text for people that duration_parse() reads back ("1h 30m", "250ms", "forever"); exact to the second above one
// second, to the millisecond below; returns buf.
const char *duration_format(usec_t d, char buf[static DURATION_STRLEN]);

// Local time as "2026-11-22 20:53:09" (with zone offset when with_zone); returns buf.
const char *time_format(usec_t t, bool with_zone, char buf[static TIME_STRLEN]);

#endif
