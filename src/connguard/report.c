// SPDX-License-Identifier: GPL-2.0-or-later
// Allowances as one time each: when they will be whole again.
#include "connguard/report.h"

#include <string.h>

void report_init(struct report *r)
{
    memset(r, 0, sizeof(*r));
    r->key = hash_key_new();
    for (unsigned i = 0; i < REPORT_ADDRESSES; i++)
        r->row[i].whole = r->row[i].known = INT64_MIN;
    r->all = INT64_MIN;
}

static bool has_left(usec_t whole, usec_t now, usec_t period, int burst)
{
    return whole <= now + (burst - 1) * period;
}

static usec_t take_one(usec_t whole, usec_t now, usec_t period)
{
    return (whole > now ? whole : now) + period;
}

static uint64_t row_of(const struct report *r, const struct addr *a)
{
    return hash_bytes(&r->key, a->b, sizeof(a->b)) % REPORT_ADDRESSES;
}

bool report_knows(const struct report *r, const struct addr *a, usec_t now)
{
    uint64_t i = row_of(r, a);

    return addr_eq(&r->row[i].addr, a) && now < r->row[i].known;
}

bool report_may(struct report *r, const struct addr *a, usec_t now)
{
    uint64_t i = row_of(r, a);
    const usec_t one = REPORT_PERIOD * USEC_SEC, all = USEC_SEC / REPORT_ALL_RATE;

    if (!addr_eq(&r->row[i].addr, a)) {
        r->row[i].addr = *a;
        r->row[i].whole = INT64_MIN;
    }
    r->row[i].known = now + REPORT_MEMORY * USEC_SEC;
    if (!has_left(r->row[i].whole, now, one, REPORT_BURST) || !has_left(r->all, now, all, REPORT_ALL_BURST)) {
        r->unsaid++;
        return false;
    }
    r->row[i].whole = take_one(r->row[i].whole, now, one);
    r->all = take_one(r->all, now, all);
    return true;
}
