// SPDX-License-Identifier: GPL-2.0-or-later
// Time stamps to microseconds. Asks the zone database at most once for each hour of the log.
#include "source/stamp.h"

#include <time.h>

#define DAY_SECONDS INT64_C(86400)
#define WEEK (7 * DAY_SECONDS * USEC_SEC)

struct fields {
    int year, month, day, hour, minute, second, micros;
    bool has_year, has_zone;
    int zone; // seconds east of Greenwich
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_leap(int y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

static int days_in_month(int y, int m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && is_leap(y) ? 29 : days[m - 1];
}

// Days from 1970-01-01 in the Gregorian calendar; y >= 0.
static int64_t days_from_date(int y, int m, int d)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t past = y - 1;
    return INT64_C(365) * y + (past / 4 - past / 100 + past / 400) + (y > 0 ? 1 : 0) + before[m - 1] +
           (m > 2 && is_leap(y)) + d - 1 - 719528;
}

static int32_t zone_offset(int64_t t)
{
    time_t seconds = (time_t)t;
    struct tm tm;

    return localtime_r(&seconds, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

// Which offsets make a time that the wall clock shows: the ones in force a day before and a day after, where they
// lead back to the same wall clock. Both do in the hour that comes twice, none in the one that is left out.
static struct stamp_hour ask_zone(int64_t wall)
{
    int32_t before = zone_offset(wall - DAY_SECONDS), after = zone_offset(wall + DAY_SECONDS);
    bool before_holds = zone_offset(wall - before) == before;
    bool after_holds = before != after && zone_offset(wall - after) == after;
    struct stamp_hour h = {.offset = before, .later_offset = before};

    if (after_holds && before_holds) {
        h.offset = before > after ? before : after;
        h.later_offset = before > after ? after : before;
    } else if (after_holds) {
        h.offset = h.later_offset = after;
    }
    return h;
}

static struct stamp_hour zone_of_wall(struct stamp_clock *c, int64_t wall)
{
    int64_t hour = floor_div(wall, 3600);
    struct stamp_hour *known = &c->hours[(uint64_t)hour % 4];

    if (known->hour == hour)
        return *known;
    struct stamp_hour first = ask_zone(hour * 3600), last = ask_zone(hour * 3600 + 3599);
    if (first.offset != last.offset || first.later_offset != last.later_offset)
        return ask_zone(wall); // some zone changes within the hour
    *known = first;
    known->hour = hour;
    return first;
}

void stamp_clock_set_bound(struct stamp_clock *c, usec_t bound)
{
    if (bound / (60 * USEC_SEC) != c->bound / (60 * USEC_SEC)) {
        time_t seconds = (time_t)floor_div(bound, USEC_SEC) + DAY_SECONDS;
        struct tm tm;
        c->bound_year = localtime_r(&seconds, &tm) ? tm.tm_year + 1900 : 1970;
    }
    c->bound = bound;
}

void stamp_clock_init(struct stamp_clock *c, usec_t bound)
{
    *c = (struct stamp_clock){.anchor = STAMP_NO_ANCHOR, .bound = INT64_MIN};
    for (size_t i = 0; i < sizeof(c->hours) / sizeof(c->hours[0]); i++)
        c->hours[i].hour = INT64_MIN;
    stamp_clock_set_bound(c, bound);
}

static void resolve(struct stamp_clock *c, const struct fields *f, struct stamp *ret)
{
    int64_t wall = days_from_date(f->year, f->month, f->day) * DAY_SECONDS + f->hour * 3600 + f->minute * 60 + f->second;

    if (f->has_zone) {
        ret->time = ret->later = (wall - f->zone) * USEC_SEC + f->micros;
        return;
    }
    struct stamp_hour h = zone_of_wall(c, wall);
    ret->time = (wall - h.offset) * USEC_SEC + f->micros;
    ret->later = (wall - h.later_offset) * USEC_SEC + f->micros;
}

// A stamp without a year: the youngest that is not more than a day ahead; where the log is known to stand at
// anchor, the oldest that does not go back from there by more than a week.
static bool resolve_year(struct stamp_clock *c, struct fields *f, struct stamp *ret)
{
    bool found = false;

    for (int y = c->bound_year, tries = 0; tries < 64 && y > 0; y--, tries++) {
        struct stamp s = {0};
        if (f->day > days_in_month(y, f->month))
            continue; // the 29th of February
        f->year = y;
        resolve(c, f, &s);
        if (s.time > c->bound + DAY_SECONDS * USEC_SEC)
            continue;
        if (found && s.time < c->anchor - WEEK)
            break;
        ret->time = s.time;
        ret->later = s.later;
        found = true;
        // a year earlier is too early without asking the zone database for it
        if (c->anchor == STAMP_NO_ANCHOR || s.time - 364 * DAY_SECONDS * USEC_SEC < c->anchor - WEEK)
            break;
    }
    return found;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool two_digits(const char *p, int *ret)
{
    if (!is_digit(p[0]) || !is_digit(p[1]))
        return false;
    *ret = (p[0] - '0') * 10 + (p[1] - '0');
    return true;
}

static inline bool four_digits(const char *p, int *ret)
{
    int high, low;

    if (!two_digits(p, &high) || !two_digits(p + 2, &low))
        return false;
    *ret = high * 100 + low;
    return true;
}

// HH:MM:SS, 60 being the leap second. Reads 8 bytes at p.
static inline bool clock_time(const char *p, struct fields *f)
{
    return two_digits(p, &f->hour) && p[2] == ':' && two_digits(p + 3, &f->minute) && p[5] == ':' &&
           two_digits(p + 6, &f->second) && f->hour < 24 && f->minute < 60 && f->second <= 60;
}

static const char *fraction(const char *p, const char *end, struct fields *f)
{
    int scale = 100000;

    if (end - p < 2 || (*p != '.' && *p != ',') || !is_digit(p[1]))
        return p;
    for (p++; p < end && is_digit(*p); p++) {
        f->micros += (*p - '0') * scale;
        scale /= 10;
    }
    return p;
}

// Z, +HH, +HHMM, +HH:MM.
static const char *zone(const char *p, const char *end, struct fields *f)
{
    int hours, minutes = 0;

    if (p < end && (*p == 'Z' || *p == 'z')) {
        f->has_zone = true;
        return p + 1;
    }
    if (end - p < 3 || (*p != '+' && *p != '-') || !two_digits(p + 1, &hours))
        return p;
    const char *q = p + 3;
    const char *m = q < end && *q == ':' ? q + 1 : q;
    if (end - m >= 2 && two_digits(m, &minutes))
        q = m + 2;
    if (hours > 23 || minutes > 59)
        return p;
    f->zone = (hours * 3600 + minutes * 60) * (*p == '-' ? -1 : 1);
    f->has_zone = true;
    return q;
}

static inline bool ends(const char *p, const char *end)
{
    return p == end || *p == ' ' || *p == '\t' || *p == ']';
}

static const char *parse_iso(const char *p, const char *end, struct fields *f)
{
    if (end - p < 19 || !four_digits(p, &f->year) || p[4] != '-' || !two_digits(p + 5, &f->month) || p[7] != '-' ||
        !two_digits(p + 8, &f->day) || (p[10] != 'T' && p[10] != 't' && p[10] != ' ') || !clock_time(p + 11, f))
        return NULL;
    f->has_year = true;
    p = zone(fraction(p + 19, end, f), end, f);
    if (!f->has_zone && end - p > 1 && *p == ' ' && (p[1] == '+' || p[1] == '-')) {
        const char *q = zone(p + 1, end, f);
        if (f->has_zone && ends(q, end))
            return q;
        f->has_zone = false;
    }
    return p;
}

static const char *parse_slash(const char *p, const char *end, struct fields *f)
{
    if (end - p < 19 || !two_digits(p, &f->month) || !two_digits(p + 3, &f->day) || p[5] != '/' ||
        !four_digits(p + 6, &f->year) || p[10] != '-' || !clock_time(p + 11, f))
        return NULL;
    f->has_year = true;
    return fraction(p + 19, end, f);
}

// 1..12, 0 when p begins with no month. Reads 3 bytes.
static int month_of(const char *p)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int m = 0; m < 12; m++)
        if (memcmp(p, names + 3 * m, 3) == 0)
            return m + 1;
    return 0;
}

static bool is_weekday(const char *p)
{
    static const char names[] = "MonTueWedThuFriSatSun";

    for (int d = 0; d < 7; d++)
        if (memcmp(p, names + 3 * d, 3) == 0)
            return true;
    return false;
}

// A year that stands behind the time; not every number there is one.
static const char *trailing_year(const char *p, const char *end, struct fields *f)
{
    int year;

    if (f->has_year || end - p < 5 || *p != ' ' || !four_digits(p + 1, &year) || year < 1970 || year > 2199 ||
        !ends(p + 5, end))
        return p;
    f->year = year;
    f->has_year = true;
    return p + 5;
}

static const char *parse_month(const char *p, const char *end, struct fields *f)
{
    if (end - p < 14 || (f->month = month_of(p)) == 0 || p[3] != ' ')
        return NULL;
    p += 4;
    if (is_digit(p[0]) && p[1] == ' ') { // not padded
        f->day = p[0] - '0';
        p += 2;
    } else if (p[0] == ' ' && is_digit(p[1]) && p[2] == ' ') {
        f->day = p[1] - '0';
        p += 3;
    } else if (two_digits(p, &f->day) && p[2] == ' ') {
        p += 3;
    } else {
        return NULL;
    }
    if (end - p >= 13 && p[4] == ' ' && four_digits(p, &f->year)) {
        f->has_year = true;
        p += 5;
    }
    if (end - p < 8 || !clock_time(p, f))
        return NULL;
    p = fraction(p + 8, end, f);
    return trailing_year(p, end, f);
}

bool stamp_parse(struct stamp_clock *c, struct str s, struct stamp *ret)
{
    const char *p = s.p, *end = s.p + s.n;
    struct fields f = {0};
    struct stamp stamp = {0};

    if (s.n < 14)
        return false;
    if (is_digit(*p) && p[2] == '/') {
        stamp.kind = STAMP_SLASH;
        p = parse_slash(p, end, &f);
    } else if (is_digit(*p)) {
        stamp.kind = STAMP_ISO;
        p = parse_iso(p, end, &f);
    } else if (p[3] == ' ' && is_weekday(p)) {
        stamp.kind = STAMP_WEEKDAY;
        p = parse_month(p + 4, end, &f);
    } else {
        stamp.kind = STAMP_MONTH;
        p = parse_month(p, end, &f);
    }
    if (!p || !ends(p, end) || f.month < 1 || f.month > 12 || f.day < 1 ||
        f.day > days_in_month(f.has_year ? f.year : 2000, f.month))
        return false;
    if (f.has_year)
        resolve(c, &f, &stamp);
    else if (!resolve_year(c, &f, &stamp))
        return false;
    stamp.n = (size_t)(p - s.p);
    *ret = stamp;
    return true;
}
