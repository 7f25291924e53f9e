// SPDX-License-Identifier: GPL-2.0-or-later
// A wall clock is UTC plus an offset that is constant between two changes of its zone.
#include "base/week.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 86400, MINUTE = 60 };

bool week_holds(const struct week_part *parts, size_t n, int64_t local)
{
    int64_t days = local / DAY - (local % DAY < 0), second = local - days * DAY;
    int today = (int)(((days + 3) % 7 + 7) % 7), yesterday = (today + 6) % 7; // 1970 began on a Thursday

    for (size_t i = 0; i < n; i++) {
        const struct week_part *p = &parts[i];
        bool over = p->to <= p->from, begun = second >= p->from * MINUTE, ended = second >= p->to * MINUTE;
        if ((p->days & (1 << today)) && begun && (over || !ended))
            return true;
        if (over && (p->days & (1 << yesterday)) && !ended)
            return true;
    }
    return false;
}

bool zone_exists(const char *zone)
{
    char path[128];

    return !*zone || (snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone) < (int)sizeof(path) &&
                      access(path, R_OK) == 0);
}

char *zone_enter(const char *zone)
{
    const char *old = getenv("TZ");
    char *kept = old ? strdup(old) : NULL;

    if (*zone)
        setenv("TZ", zone, 1);
    tzset();
    return kept;
}

void zone_leave(const char *zone, char *kept)
{
    if (*zone && kept)
        setenv("TZ", kept, 1);
    else if (*zone)
        unsetenv("TZ");
    tzset();
    free(kept);
}

long zone_offset_at(time_t t)
{
    struct tm tm;

    return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

time_t zone_next_change(time_t a, time_t b, time_t step)
{
    long offset = zone_offset_at(a);
    time_t t = a;

    while (t < b && zone_offset_at(b - t > step ? t + step : b) == offset)
        t = b - t > step ? t + step : b;
    if (t >= b)
        return b;
    time_t same = t, other = b - t > step ? t + step : b;
    while (other - same > 1) {
        time_t middle = same + (other - same) / 2;
        *(zone_offset_at(middle) == offset ? &same : &other) = middle;
    }
    return other;
}

enum { CHANGES_MAX = 512 }; // four a year are the most that any zone has had

struct zone {
    size_t n;
    struct {
        time_t from;
        long offset;
    } v[CHANGES_MAX];
};

int zone_new(const char *name, struct zone **ret)
{
    const time_t begin = 631152000, end = 4102444800; // 1990, 2100

    if (!zone_exists(name))
        return -ENOENT;
    struct zone *z = calloc(1, sizeof(*z));
    if (!z)
        return -ENOMEM;
    char *kept = zone_enter(name);
    for (time_t t = begin; t < end && z->n < CHANGES_MAX; t = zone_next_change(t, end, DAY)) {
        z->v[z->n].from = t;
        z->v[z->n++].offset = zone_offset_at(t);
    }
    zone_leave(name, kept);
    *ret = z;
    return 0;
}

void zone_free(struct zone *z)
{
    free(z);
}

long zone_offset(const struct zone *z, int64_t t)
{
    size_t low = 0, high = z->n; // the last change at or before t is in [low, high)

    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        *(z->v[middle].from <= t ? &low : &high) = middle;
    }
    return z->v[low].offset;
}
