// SPDX-License-Identifier: GPL-2.0-or-later
// One look a minute at three counters: sessions and failures of the engine, and the bytes that the kernel has taken in.
#include "daemon/surges.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "daemon/enact.h"
#include "daemon/say.h"
#include "policy/surge.h"

enum { PROC_MAX = 65536 };

#define MINUTE (60 * USEC_SEC)
// After a longer pause, or when the clock was set, what was counted belongs to no minute.
#define SHORTEST (30 * USEC_SEC)
#define LONGEST (5 * MINUTE)

struct surges {
    struct service *s;
    struct surge *surge;
    sd_event_source *timer;
    bool based;
    uint64_t base[SURGE_SERIES];
    usec_t since; // when base was taken, monotonic
    int64_t hour; // in which the history was written last
};

// --- counters ------------------------------------------------------------------------------------------------

static ssize_t read_file(int dir, const char *path, char *buf, size_t size)
{
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    size_t n = 0;
    ssize_t r = 0;

    if (fd < 0)
        return -errno;
    while (n < size - 1 && (r = read(fd, buf + n, size - 1 - n)) > 0)
        n += (size_t)r;
    close(fd);
    buf[n] = '\0';
    return r < 0 ? -errno : (ssize_t)n;
}

// Two lines: names, and in the same places values.
static uint64_t ipv4_bytes(char *text)
{
    char *names = strstr(text, "IpExt: "), *values = names ? strstr(names + 1, "\nIpExt: ") : NULL, *a, *b;

    if (!values)
        return 0;
    *values++ = '\0';
    for (char *name = strtok_r(names, " ", &a), *value = strtok_r(values, " \n", &b); name && value;
         name = strtok_r(NULL, " ", &a), value = strtok_r(NULL, " \n", &b))
        if (strcmp(name, "InOctets") == 0)
            return strtoull(value, NULL, 10);
    return 0;
}

static uint64_t ipv6_bytes(const char *text)
{
    const char *at = strstr(text, "Ip6InOctets");

    return at ? strtoull(at + strlen("Ip6InOctets"), NULL, 10) : 0;
}

// IP packets that came in, of this process's network namespace, also those that were dropped behind it.
static uint64_t bytes_in(void)
{
    char *text = malloc(PROC_MAX);
    uint64_t n = 0;

    if (text && read_file(AT_FDCWD, "/proc/self/net/netstat", text, PROC_MAX) > 0)
        n += ipv4_bytes(text);
    if (text && read_file(AT_FDCWD, "/proc/self/net/snmp6", text, PROC_MAX) > 0)
        n += ipv6_bytes(text);
    free(text);
    return n;
}

static void read_counters(const struct surges *g, uint64_t v[static SURGE_SERIES])
{
    struct engine_counters c;

    engine_read_counters(g->s->engine, &c);
    v[SURGE_CONNECTIONS] = c.begun;
    v[SURGE_FAILURES] = c.failures + c.unattributed;
    v[SURGE_BYTES] = bytes_in();
}

// --- the history ---------------------------------------------------------------------------------------------

static int path_of(const struct surges *g, char path[static PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/surge", g->s->config->state_dir) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

void surges_save(struct surges *g)
{
    char path[PATH_MAX], *text = NULL;
    size_t n = 0;
    FILE *out = g ? open_memstream(&text, &n) : NULL;

    if (!out)
        return;
    surge_print(g->surge, out);
    if (fclose(out) == 0 && path_of(g, path) == 0)
        (void)file_replace(path, 0600, text, n); // else it is learned again; the state says that the disk is full
    free(text);
}

static void load(struct surges *g)
{
    char path[PATH_MAX], *text = malloc(SURGE_TEXT_MAX + 2);

    if (text && path_of(g, path) == 0 && read_file(AT_FDCWD, path, text, SURGE_TEXT_MAX + 2) > 0 && surge_read(g->surge, text) < 0)
        log_warning("%s: not as it was written; what is usual is learned anew", path);
    free(text);
}

// --- every minute --------------------------------------------------------------------------------------------

static const char *amount(enum surge_series series, uint64_t n, char buf[static 48])
{
    if (series == SURGE_BYTES)
        snprintf(buf, 48, "%.1f MiB", (double)n / (1024 * 1024));
    else
        snprintf(buf, 48, "%llu", (unsigned long long)n);
    return buf;
}

static void say_surge(const struct surges *g, enum surge_series series, enum surge_change change, usec_t t, usec_t since)
{
    const char *name = surge_series_names[series];
    char count[24], limit[24], a[48], b[48], span[DURATION_STRLEN];
    struct surge_status st;

    surge_status(g->surge, series, t, &st);
    uint64_t n = change == SURGE_BEGINS ? st.last : st.most;
    snprintf(count, sizeof(count), "%llu", (unsigned long long)n);
    snprintf(limit, sizeof(limit), "%llu", (unsigned long long)st.limit);
    struct said what = {.kind = change == SURGE_BEGINS ? NEWS_SURGE : NEWS_SURGE_OVER,
                        .level = change == SURGE_BEGINS ? LOG_WARNING : LOG_NOTICE,
                        .more = {{"PPTPBAN_SERIES", name}, {"PPTPBAN_COUNT", count}, {"PPTPBAN_LIMIT", limit}}};
    duration_format((t - since) / MINUTE * MINUTE, span);
    if (change == SURGE_BEGINS)
        say_news(g->s, &what, "a surge of %s: %s in the last minute; more than %s is not usual here at this hour", name,
                 amount(series, n, a), amount(series, st.limit, b));
    else if (change == SURGE_ENDS)
        say_news(g->s, &what, "the surge of %s is over after %s: at most %s in a minute", name, span, amount(series, n, a));
    else
        say_news(g->s, &what, "the surge of %s has lasted a day: that is usual now, and is learned anew", name);
}

static void put_minute(struct surges *g, usec_t now, usec_t elapsed, const uint64_t v[static SURGE_SERIES])
{
    usec_t t = now - MINUTE / 2; // in the minute that has just ended
    bool turned = false;

    for (unsigned i = 0; i < SURGE_SERIES; i++) {
        enum surge_series series = (enum surge_series)i;
        struct surge_status before;
        double n = v[i] >= g->base[i] ? (double)(v[i] - g->base[i]) * (double)MINUTE / (double)elapsed : 0;
        surge_status(g->surge, series, t, &before);
        enum surge_change change = surge_put(g->surge, series, t, (uint64_t)(n + .5));
        if (change != SURGE_NOTHING)
            say_surge(g, series, change, t, before.since);
        turned |= change != SURGE_NOTHING;
    }
    if (turned || t / (60 * MINUTE) != g->hour)
        surges_save(g);
    g->hour = t / (60 * MINUTE);
}

static int on_minute(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct surges *g = userdata;
    usec_t mono = clock_monotonic(), now = clock_realtime(), elapsed = mono - g->since;
    uint64_t v[SURGE_SERIES];

    (void)usec;
    read_counters(g, v);
    if (g->based && elapsed >= SHORTEST && elapsed <= LONGEST)
        put_minute(g, now, elapsed, v);
    g->based = enact_is_caught_up(g->s->enact); // what is read from before is no minute of now
    memcpy(g->base, v, sizeof(g->base));
    g->since = mono;
    sd_event_source_set_time(source, (uint64_t)((now / MINUTE + 1) * MINUTE));
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

// --- for status ----------------------------------------------------------------------------------------------

json_t *surges_array(const struct surges *g)
{
    json_t *all = json_array();
    struct surge_status st;

    for (unsigned i = 0; g && i < SURGE_SERIES; i++) {
        surge_status(g->surge, (enum surge_series)i, clock_realtime(), &st);
        json_array_append_new(all, json_pack("{s:s,s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:I}", "name", surge_series_names[i], "surge",
                                             st.since != 0, "learning", st.learning, "days", (json_int_t)st.days, "last",
                                             (json_int_t)st.last, "limit", (json_int_t)st.limit, "since",
                                             (json_int_t)(st.since / USEC_SEC), "most", (json_int_t)st.most, "surges",
                                             (json_int_t)st.surges));
    }
    return all;
}

int surges_new(struct service *s, struct surges **ret)
{
    const struct config *c = s->config;
    struct surge_options options = {.factor = c->surge, .least = {c->surge_connections, c->surge_failures,
                                                                  (uint64_t)c->surge_mib * 1024 * 1024}};
    struct surges *g;
    int r;

    if (c->surge == 0) {
        *ret = NULL;
        return 0;
    }
    if (!(g = calloc(1, sizeof(*g))))
        return -ENOMEM;
    g->s = s;
    g->hour = clock_realtime() / (60 * MINUTE);
    r = surge_new(&options, &g->surge);
    if (r == 0)
        r = sd_event_add_time(s->event, &g->timer, CLOCK_REALTIME, 0, USEC_SEC, on_minute, g);
    if (r < 0) {
        surges_free(g);
        return r;
    }
    load(g);
    *ret = g;
    return 0;
}

void surges_free(struct surges *g)
{
    if (!g)
        return;
    sd_event_source_unref(g->timer);
    surge_free(g->surge);
    free(g);
}
