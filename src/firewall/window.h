// SPDX-License-Identifier: GPL-2.0-or-later
// Windows of time, from the local time that people write into what a kernel can compare: parts of the week in UTC,
// each valid between two changes of the zone's offset. Asks no clock.
#ifndef PB_FIREWALL_WINDOW_H
#define PB_FIREWALL_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/firewall.h"

struct fw_window {     // never crosses midnight UTC
    time_t from, to;   // valid in [from, to): seconds since 1970
    uint8_t days;      // bit 0 Monday .. bit 6 Sunday, of UTC
    uint32_t begin, end; // seconds of the UTC day, [begin, end), end <= 86400
};

struct fw_windows {
    struct fw_window *v; // sorted by from, begin
    size_t n;
    time_t horizon;      // nothing is known from here on: always closed
};

// Windows of open in the zone (an IANA name, or "" for the machine's) from the beginning of the UTC year of now to the
// end of the second year after it, so that the same year gives the same text. -ENOENT: no such zone, -E2BIG: more
// than 4096 windows, -ENOMEM. Freed with fw_windows_free.
int fw_windows_make(const struct fw_open_list *open, const char *zone, time_t now, struct fw_windows *ret);
void fw_windows_free(struct fw_windows *w);

// Whether t is inside of one; *ret_change (may be NULL) is when that ends, at most the horizon.
bool fw_windows_open(const struct fw_windows *w, time_t t, time_t *ret_change);

#endif
