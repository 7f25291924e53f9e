// SPDX-License-Identifier: GPL-2.0-or-later
// Whose connections were ended of late, and how often the log may be told of an address and of all together: nobody fills
// the log by connecting. Writes nothing itself.
#ifndef PB_CONNGUARD_REPORT_H
#define PB_CONNGUARD_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/hash.h"

enum {
    REPORT_ADDRESSES = 1024, // remembered; two that meet in one place forget each other, within the total
    REPORT_BURST = 30,       // lines of one address at once ...
    REPORT_PERIOD = 2,       // ... then one in so many seconds
    REPORT_ALL_BURST = 200,  // lines of all addresses at once ...
    REPORT_ALL_RATE = 50,    // ... then so many a second
    REPORT_MEMORY = 60,      // seconds for which somebody is known
};

struct report {
    struct hash_key key;
    usec_t all; // when the allowance will be whole again, monotonic
    struct {
        struct addr addr;
        usec_t whole, known; // known: until then, as one whose connection was ended
    } row[REPORT_ADDRESSES];
    uint64_t unsaid;
};

void report_init(struct report *r);

// True when a connection of a was ended in the last minute.
bool report_knows(const struct report *r, const struct addr *a, usec_t now);

// A connection of a is ended. True when a line about it may be written now (monotonic); else it is counted.
bool report_may(struct report *r, const struct addr *a, usec_t now);

#endif
