// SPDX-License-Identifier: GPL-2.0-or-later
// Sends events as JSON to a UNIX socket.
#include "daemon/tell.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/paths.h"

enum { HELD_AT_ONCE = 128 };

#define HELD_PAUSE (50 * USEC_MSEC)

enum stage { LIST_BEGIN, LIST_HELD, LIST_TOLD };

struct tell {
    int fd;
    struct sockaddr_un to;
    struct tell_counters counters;
    bool absent; // nobody listened to the last event
    const struct bans *bans;
    sd_event_source *timer;
    enum stage stage; // of telling all bans
    unsigned next;    // ban to be told
};

int tell_new(const char *runtime_dir, struct tell **ret)
{
    struct tell *t = calloc(1, sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->to.sun_family = AF_UNIX;
    int n = snprintf(t->to.sun_path, sizeof(t->to.sun_path), "%s" PB_NOTIFY_SUFFIX "/" NOTIFY_SOCKET_NAME, runtime_dir);
    t->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r = n >= (int)sizeof(t->to.sun_path) ? -ENAMETOOLONG : t->fd < 0 ? -errno : 0;
    if (r < 0) {
        tell_free(t);
        return r;
    }
    *ret = t;
    return 0;
}

void tell_free(struct tell *t)
{
    if (!t)
        return;
    sd_event_source_disable_unref(t->timer);
    if (t->fd >= 0)
        close(t->fd);
    free(t);
}

static json_t *event_object(enum news_kind kind, const struct prefix *about, const struct ban *ban, const char *user,
                            const char *text)
{
    char net[PREFIX_STRLEN];
    json_t *o = json_pack("{s:s,s:I,s:s}", "event", news_table[kind].name, "time", (json_int_t)(clock_realtime() / USEC_SEC), "text", text);

    if (about && o)
        json_object_set_new(o, "addr", json_string(prefix_format(about, net)));
    if (ban && o) {
        json_object_set_new(o, "jail", json_string(ban->jail));
        json_object_set_new(o, "until", ban->until == USEC_FOREVER ? json_null() : json_integer(ban->until / USEC_SEC));
        json_object_set_new(o, "count", json_integer(ban->count));
    }
    if (*user && o)
        json_object_set_new(o, "user", json_string(user));
    return o;
}

static int send_event(struct tell *t, enum news_kind kind, const struct prefix *about, const struct ban *ban, const char *user,
                      const char *text)
{
    if (access(t->to.sun_path, F_OK) < 0)
        return -errno;
    json_t *o = event_object(kind, about, ban, user, text);
    char *line = o ? json_dumps(o, JSON_COMPACT) : NULL;
    ssize_t n = -1;

    if (line)
        n = sendto(t->fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&t->to, sizeof(t->to));
    int r = n >= 0 ? 0 : line ? -errno : -ENOMEM;
    free(line);
    json_decref(o);
    return r;
}

static bool is_absent(int r)
{
    return r == -ENOENT || r == -ECONNREFUSED;
}

static void list_again(struct tell *t)
{
    t->stage = LIST_BEGIN;
    t->next = 0;
    if (t->timer)
        sd_event_source_set_enabled(t->timer, SD_EVENT_ON);
}

void tell_event(struct tell *t, enum news_kind kind, const struct prefix *about, const struct ban *ban, const char *user,
                const char *text)
{
    int r = t ? send_event(t, kind, about, ban, user, text) : -ENOENT;

    if (!t)
        return;
    t->counters.told += r == 0;
    t->counters.lost += r < 0 && !is_absent(r);
    if ((r == 0 && t->absent) || (r < 0 && !is_absent(r)))
        list_again(t);
    t->absent = is_absent(r);
}

// The next step; what finds no room is told later.
static int tell_next(struct tell *t)
{
    unsigned next = t->next;
    const struct ban *ban = NULL;
    int r;

    if (t->stage == LIST_BEGIN)
        r = send_event(t, NEWS_LIST, NULL, NULL, "", "all bans follow");
    else if (t->stage == LIST_HELD && (ban = bans_next(t->bans, &next)))
        r = send_event(t, NEWS_HELD, &ban->net, ban, "", "is banned");
    else
        r = send_event(t, NEWS_LISTED, NULL, NULL, "", "those were all");
    if (r < 0)
        return r;
    t->next = next;
    if (t->stage == LIST_BEGIN)
        t->stage = LIST_HELD;
    else if (!ban)
        t->stage = LIST_TOLD;
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct tell *t = userdata;
    int r = 0;

    (void)usec;
    for (int i = 0; i < HELD_AT_ONCE && r == 0 && t->stage != LIST_TOLD; i++)
        r = tell_next(t);
    t->absent = r < 0 && r != -EAGAIN && r != -ENOBUFS;
    if (t->absent || t->stage == LIST_TOLD)
        return sd_event_source_set_enabled(source, SD_EVENT_OFF); // an event that arrives begins it again
    return sd_event_source_set_time_relative(source, HELD_PAUSE);
}

int tell_start(struct tell *t, sd_event *event, const struct bans *bans)
{
    t->bans = bans;
    int r = sd_event_add_time_relative(event, &t->timer, CLOCK_MONOTONIC, HELD_PAUSE, 0, on_timer, t);

    return r < 0 ? r : sd_event_source_set_enabled(t->timer, SD_EVENT_ON);
}

struct tell_counters tell_counters(const struct tell *t)
{
    return t ? t->counters : (struct tell_counters){0};
}
