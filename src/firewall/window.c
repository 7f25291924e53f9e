// SPDX-License-Identifier: GPL-2.0-or-later
// From local times of the week to parts of the UTC week. A wall clock is UTC plus an offset that is constant between
// two changes of the zone, so within such a period every window is shifted by the same amount.
#include "firewall/window.h"

#include <errno.h>
#include <stdlib.h>

#include "base/week.h"

enum { DAY = 86400, WEEK = 7 * DAY, HOUR = 3600, WINDOWS_MAX = 4096 };

struct builder {
    struct fw_windows *w;
    time_t from, to; // the period
    long offset;     // of local time in it, seconds east
};

static int add(struct builder *b, unsigned day, uint32_t begin, uint32_t end)
{
    struct fw_windows *w = b->w;

    if (begin >= end)
        return 0;
    for (size_t i = w->n; i-- > 0 && w->v[i].from == b->from;)
        if (w->v[i].begin == begin && w->v[i].end == end) {
            w->v[i].days |= (uint8_t)(1 << day);
            return 0;
        }
    if (w->n == WINDOWS_MAX)
        return -E2BIG;
    struct fw_window *v = realloc(w->v, (w->n + 1) * sizeof(*v));
    if (!v)
        return -ENOMEM;
    w->v = v;
    v[w->n++] = (struct fw_window){b->from, b->to, (uint8_t)(1 << day), begin, end};
    return 0;
}

// One window on one local day, from and to in seconds of that day (to may lie in the next), cut at midnights of UTC.
static int add_day(struct builder *b, int day, long from, long to)
{
    long start = (long)day * DAY + from - b->offset, end = (long)day * DAY + to - b->offset;
    int r = 0;

    while (r == 0 && start < end) {
        long midnight = start - ((start % DAY) + DAY) % DAY + DAY;
        long stop = end < midnight ? end : midnight;
        long in_week = ((start % WEEK) + WEEK) % WEEK;
        uint32_t begin = (uint32_t)(in_week % DAY);
        r = add(b, (unsigned)(in_week / DAY), begin, begin + (uint32_t)(stop - start));
        start = stop;
    }
    return r;
}

static int add_period(struct builder *b, const struct fw_open_list *open)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < open->n; i++) {
        const struct week_part *o = &open->v[i];
        long from = o->from * 60L, to = o->to * 60L + (o->to <= o->from ? DAY : 0);
        for (int day = 0; r == 0 && day < 7; day++)
            if (o->days & (1 << day))
                r = add_day(b, day, from, to);
    }
    return r;
}

static int by_time(const void *a, const void *b)
{
    const struct fw_window *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

int fw_windows_make(const struct fw_open_list *open, const char *zone, time_t now, struct fw_windows *ret)
{
    struct fw_windows w = {0};
    struct tm tm;
    int r = 0;

    if (!zone_exists(zone))
        return -ENOENT;
    gmtime_r(&now, &tm);
    tm = (struct tm){.tm_year = tm.tm_year, .tm_mday = 1};
    time_t start = timegm(&tm);
    tm = (struct tm){.tm_year = tm.tm_year + 3, .tm_mday = 1};
    w.horizon = timegm(&tm);
    char *kept = zone_enter(zone);
    while (r == 0 && start < w.horizon) {
        struct builder b = {&w, start, zone_next_change(start, w.horizon, HOUR), zone_offset_at(start)};
        r = add_period(&b, open);
        start = b.to;
    }
    zone_leave(zone, kept);
    if (r < 0) {
        fw_windows_free(&w);
        return r;
    }
    qsort(w.v, w.n, sizeof(*w.v), by_time);
    *ret = w;
    return 0;
}

void fw_windows_free(struct fw_windows *w)
{
    free(w->v);
    *w = (struct fw_windows){0};
}

static bool is_open(const struct fw_windows *w, time_t t)
{
    unsigned day = (unsigned)((t / DAY + 3) % 7); // 1970 began on a Thursday
    uint32_t second = (uint32_t)(t % DAY);

    for (size_t i = 0; i < w->n && w->v[i].from <= t; i++)
        if (t < w->v[i].to && (w->v[i].days & (1 << day)) && second >= w->v[i].begin && second < w->v[i].end)
            return true;
    return false;
}

// The next second behind t at which some window begins or ends on some day.
static time_t next_edge(const struct fw_windows *w, time_t t)
{
    time_t midnight = t - t % DAY, best = midnight + DAY;

    for (size_t i = 0; i < w->n; i++) {
        const time_t edges[] = {w->v[i].from, w->v[i].to, midnight + w->v[i].begin, midnight + w->v[i].end};
        for (size_t k = 0; k < sizeof(edges) / sizeof(edges[0]); k++)
            if (edges[k] > t && edges[k] < best)
                best = edges[k];
    }
    return best;
}

bool fw_windows_open(const struct fw_windows *w, time_t t, time_t *ret_change)
{
    bool now = is_open(w, t);

    if (ret_change) {
        time_t change = t;
        do
            change = next_edge(w, change);
        while (change < w->horizon && is_open(w, change) == now);
        *ret_change = change < w->horizon ? change : w->horizon;
    }
    return now;
}
