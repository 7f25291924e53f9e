// SPDX-License-Identifier: GPL-2.0-or-later
// Rings of buckets of five seconds.
#include "top/rates.h"

void top_rate_init(struct top_rate *r)
{
    *r = (struct top_rate){.newest = 0};
    for (unsigned i = 0; i < TOP_BUCKETS; i++)
        r->v[i] = TOP_UNKNOWN;
}

void top_rate_pass(struct top_rate *r, usec_t now)
{
    int64_t bucket = now / TOP_BUCKET;

    if (bucket - r->newest > TOP_BUCKETS)
        r->newest = bucket - TOP_BUCKETS;
    while (r->newest < bucket)
        r->v[++r->newest % TOP_BUCKETS] = TOP_UNKNOWN;
}

void top_rate_take(struct top_rate *r, uint64_t value, usec_t now, bool anew)
{
    // longer ago: when within that time, nobody knows
    bool known = r->asked && !anew && value >= r->last && now - r->asked <= 2 * TOP_BUCKET;

    top_rate_pass(r, now);
    uint32_t *bucket = &r->v[r->newest % TOP_BUCKETS];
    uint64_t more = known ? value - r->last : 0;
    uint64_t sum = (*bucket == TOP_UNKNOWN ? 0 : *bucket) + more;
    *bucket = sum < TOP_UNKNOWN ? (uint32_t)sum : TOP_UNKNOWN - 1;
    r->last = value;
    r->asked = now;
}

uint32_t top_rate_at(const struct top_rate *r, unsigned back)
{
    if (back >= TOP_BUCKETS || back > r->newest)
        return TOP_UNKNOWN;
    return r->v[(r->newest - back) % TOP_BUCKETS];
}

uint64_t top_rate_minute(const struct top_rate *r)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < TOP_MINUTE; i++)
        sum += top_rate_at(r, i) == TOP_UNKNOWN ? 0 : top_rate_at(r, i);
    return sum;
}

uint32_t top_rate_peak(const struct top_rate *r, unsigned n)
{
    uint32_t peak = 0;

    for (unsigned i = 0; i < n; i++) {
        uint32_t v = top_rate_at(r, i);
        if (v != TOP_UNKNOWN && v > peak)
            peak = v;
    }
    return peak;
}
