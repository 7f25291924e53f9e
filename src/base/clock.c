// SPDX-License-Identifier: GPL-2.0-or-later
// Times and durations as numbers and as people write them.
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

static usec_t now(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (usec_t)ts.tv_sec * USEC_SEC + ts.tv_nsec / 1000;
}

usec_t clock_realtime(void)
{
    return now(CLOCK_REALTIME);
}

usec_t clock_monotonic(void)
{
    return now(CLOCK_MONOTONIC);
}

#define MINUTE (60 * USEC_SEC)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)

static const struct unit {
    const char *name;
    usec_t length;
} units[] = {
    {"ms", USEC_MSEC}, {"msec", USEC_MSEC}, {"s", USEC_SEC},     {"sec", USEC_SEC},   {"second", USEC_SEC},
    {"m", MINUTE},     {"mm", MINUTE},      {"min", MINUTE},     {"minute", MINUTE},  {"h", HOUR},
    {"hh", HOUR},      {"hour", HOUR},      {"d", DAY},          {"dd", DAY},         {"day", DAY},
    {"w", 7 * DAY},    {"ww", 7 * DAY},     {"week", 7 * DAY},   {"mo", 30 * DAY},    {"mon", 30 * DAY},
    {"month", 30 * DAY}, {"y", YEAR},       {"yy", YEAR},        {"year", YEAR},
};

static usec_t unit_length(struct str name)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t n = strlen(units[i].name);
        bool plural = name.n == n + 1 && n > 2 && (name.p[n] == 's' || name.p[n] == 'S');
        if ((name.n == n || plural) && strncasecmp(name.p, units[i].name, n) == 0)
            return units[i].length;
    }
    return 0;
}

static bool is_word(struct str s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

int duration_parse(struct str s, usec_t *ret)
{
    usec_t total = 0;

    s = str_trim(s);
    if (is_word(s, "forever") || is_word(s, "permanent") || is_word(s, "-1")) {
        *ret = USEC_FOREVER;
        return 0;
    }
    if (s.n == 0)
        return -EINVAL;
    while (s.n > 0) {
        size_t i = 0;
        unsigned long long v;
        while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
            i++;
        int r = str_number((struct str){s.p, i}, 100ULL * YEAR, &v);
        if (r < 0)
            return r;
        s = str_trim(str_skip(s, i));
        for (i = 0; i < s.n && ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z'); i++)
            ;
        usec_t length = i == 0 && s.n == 0 ? USEC_SEC : unit_length((struct str){s.p, i});
        if (length == 0)
            return -EINVAL;
        if (v > (unsigned long long)((100 * YEAR - total) / length))
            return -ERANGE;
        total += (usec_t)v * length;
        s = str_trim(str_skip(s, i));
    }
    *ret = total;
    return 0;
}

const char *duration_format(usec_t d, char buf[static DURATION_STRLEN])
{
    static const struct unit shown[] = {{"w", 7 * DAY}, {"d", DAY}, {"h", HOUR}, {"m", MINUTE}, {"s", USEC_SEC}};
    size_t n = 0;

    if (d == USEC_FOREVER)
        return strcpy(buf, "forever");
    if (d < 0)
        d = 0;
    if (d < USEC_SEC && d > 0) {
        snprintf(buf, DURATION_STRLEN, "%dms", (int)(d / USEC_MSEC));
        return buf;
    }
    strcpy(buf, "0s");
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        long long v = d / shown[i].length;
        if (v == 0)
            continue;
        n += (size_t)snprintf(buf + n, DURATION_STRLEN - n, "%s%lld%s", n ? " " : "", v, shown[i].name);
        d %= shown[i].length;
    }
    return buf;
}

const char *time_format(usec_t t, bool with_zone, char buf[static TIME_STRLEN])
{
    time_t seconds = (time_t)(t / USEC_SEC);
    struct tm tm;

    localtime_r(&seconds, &tm);
    strftime(buf, TIME_STRLEN, with_zone ? "%Y-%m-%d %H:%M:%S %z" : "%Y-%m-%d %H:%M:%S", &tm);
    return buf;
}
