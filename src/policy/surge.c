// SPDX-License-Identifier: GPL-2.0-or-later
// Busiest minutes of hours and days, and a limit from them.
#include "policy/surge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { HOURS = 24, HOUR = 60, DAY = HOURS * HOUR, DAY_LAST = 1000000 };

const char *const surge_series_names[SURGE_SERIES] = {"connections", "failures", "bytes"};

struct known {
    int64_t day;  // since 1970; 0: nothing is known
    uint64_t peak;
};

struct line {
    struct known hours[HOURS][SURGE_DAYS];
    int64_t minute;     // the last one that was put; 0: none
    unsigned seen;      // minutes of the present hour
    uint64_t peak, last;
    int64_t since;      // minute in which the surge began; 0: none
    uint64_t limit, most;
    unsigned quiet;
    uint64_t surges;
};

struct surge {
    struct surge_options options;
    struct line lines[SURGE_SERIES];
};

int surge_new(const struct surge_options *options, struct surge **ret)
{
    struct surge *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->options = *options;
    *ret = s;
    return 0;
}

void surge_free(struct surge *s)
{
    free(s);
}

// How many days are known of an hour; the second highest of their peaks.
static unsigned usual_of_hour(const struct line *l, unsigned hour, int64_t today, uint64_t *ret_usual)
{
    uint64_t first = 0, second = 0;
    unsigned n = 0;

    for (unsigned i = 0; i < SURGE_DAYS; i++) {
        const struct known *k = &l->hours[hour][i];
        if (!k->day || k->day > today || today - k->day >= SURGE_DAYS_STALE)
            continue;
        n++;
        if (k->peak >= first) {
            second = first;
            first = k->peak;
        } else if (k->peak > second) {
            second = k->peak;
        }
    }
    *ret_usual = second;
    return n;
}

// 0: too little is known.
static uint64_t limit_at(const struct surge *s, enum surge_series series, int64_t minute, unsigned *ret_days)
{
    const struct line *l = &s->lines[series];
    unsigned hour = (unsigned)(minute / HOUR % HOURS);
    unsigned beside = (minute % HOUR < HOUR / 2 ? hour + HOURS - 1 : hour + 1) % HOURS;
    uint64_t usual, other;

    *ret_days = usual_of_hour(l, hour, minute / DAY, &usual);
    if (*ret_days < SURGE_DAYS_LEAST)
        return 0;
    if (usual_of_hour(l, beside, minute / DAY, &other) >= SURGE_DAYS_LEAST && other > usual)
        usual = other;
    uint64_t limit = usual > UINT64_MAX / s->options.factor ? UINT64_MAX : usual * s->options.factor;
    limit = limit > s->options.least[series] ? limit : s->options.least[series];
    return limit ? limit : 1;
}

static void learn(struct line *l, int64_t minute, uint64_t count)
{
    if (minute / HOUR != l->minute / HOUR) {
        unsigned hour = (unsigned)(l->minute / HOUR % HOURS);
        int64_t day = l->minute / DAY;
        if (l->minute && l->seen >= SURGE_MINUTES_LEAST)
            l->hours[hour][day % SURGE_DAYS] = (struct known){.day = day, .peak = l->peak};
        l->seen = 0;
        l->peak = 0;
    }
    if (l->since)
        return;
    l->seen++;
    l->peak = count > l->peak ? count : l->peak;
}

static enum surge_change go_on(struct line *l, int64_t minute, uint64_t count)
{
    l->most = count > l->most ? count : l->most;
    l->quiet = count <= l->limit / 2 ? l->quiet + 1 : 0;
    if (minute - l->since >= SURGE_LONGEST) {
        memset(l->hours, 0, sizeof(l->hours));
        l->since = 0;
        return SURGE_ORDINARY;
    }
    if (l->quiet < SURGE_QUIET)
        return SURGE_NOTHING;
    l->since = 0;
    return SURGE_ENDS;
}

enum surge_change surge_put(struct surge *s, enum surge_series series, usec_t t, uint64_t count)
{
    struct line *l = &s->lines[series];
    int64_t minute = t / (60 * USEC_SEC);
    enum surge_change change = SURGE_NOTHING;
    unsigned days;

    if (minute <= 0 || minute / DAY > DAY_LAST)
        return SURGE_NOTHING;
    if (minute <= l->minute) { // what was seen of this hour was another one
        l->seen = 0;
        l->peak = 0;
        l->since = l->since > minute ? minute : l->since;
        l->minute = minute;
    }
    uint64_t limit = limit_at(s, series, minute, &days);
    l->last = count;
    if (l->since) {
        change = go_on(l, minute, count);
    } else if (limit && count > limit) {
        l->since = minute;
        l->limit = limit;
        l->most = count;
        l->quiet = 0;
        l->surges++;
        change = SURGE_BEGINS;
    }
    learn(l, minute, count);
    l->minute = minute;
    return change;
}

void surge_status(const struct surge *s, enum surge_series series, usec_t t, struct surge_status *ret)
{
    const struct line *l = &s->lines[series];

    *ret = (struct surge_status){.last = l->last, .since = l->since * 60 * USEC_SEC, .most = l->most, .surges = l->surges};
    ret->limit = limit_at(s, series, t / (60 * USEC_SEC), &ret->days);
    ret->learning = ret->limit == 0;
    if (l->since)
        ret->limit = l->limit;
}

// --- as text -------------------------------------------------------------------------------------------------

void surge_print(const struct surge *s, FILE *out)
{
    for (unsigned i = 0; i < SURGE_SERIES; i++) {
        const struct line *l = &s->lines[i];
        for (unsigned h = 0; h < HOURS; h++)
            for (unsigned d = 0; d < SURGE_DAYS; d++)
                if (l->hours[h][d].day)
                    fprintf(out, "hour %s %u %" PRId64 " %" PRIu64 "\n", surge_series_names[i], h, l->hours[h][d].day,
                            l->hours[h][d].peak);
        if (l->since)
            fprintf(out, "surge %s %" PRId64 " %" PRIu64 " %" PRIu64 "\n", surge_series_names[i], l->since, l->limit, l->most);
    }
}

static int read_line(struct line lines[SURGE_SERIES], const char *text)
{
    char what[8], name[16], end;
    uint64_t a, b, c;
    unsigned series = 0;

    if (sscanf(text, "%7[a-z] %15[a-z] %" SCNu64 " %" SCNu64 " %" SCNu64 "%c", what, name, &a, &b, &c, &end) != 6 || end != '\n')
        return -EINVAL;
    while (series < SURGE_SERIES && strcmp(name, surge_series_names[series]) != 0)
        series++;
    if (series == SURGE_SERIES)
        return -EINVAL;
    struct line *l = &lines[series];
    if (strcmp(what, "hour") == 0 && a < HOURS && b > 0 && b <= DAY_LAST) {
        l->hours[a][b % SURGE_DAYS] = (struct known){.day = (int64_t)b, .peak = c};
        return 0;
    }
    if (strcmp(what, "surge") != 0 || a == 0 || a / DAY > DAY_LAST || b == 0)
        return -EINVAL;
    l->since = (int64_t)a;
    l->limit = b;
    l->most = c;
    return 0;
}

int surge_read(struct surge *s, const char *text)
{
    struct line *lines = calloc(SURGE_SERIES, sizeof(*lines));
    int r = lines ? 0 : -ENOMEM;

    if (strlen(text) > SURGE_TEXT_MAX)
        r = -EINVAL;
    while (r == 0 && *text) {
        r = read_line(lines, text);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    if (r == 0)
        memcpy(s->lines, lines, sizeof(s->lines));
    free(lines);
    return r;
}
