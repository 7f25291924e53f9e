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

struct tell {
    int fd;
    struct sockaddr_un to;
    struct tell_counters counters;
};

int tell_new(const char *runtime_dir, struct tell **ret)
{
    struct tell *t = calloc(1, sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->to.sun_family = AF_UNIX;
    int n = snprintf(t->to.sun_path, sizeof(t->to.sun_path), "%s-notify/events.sock", runtime_dir);
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
    if (t->fd >= 0)
        close(t->fd);
    free(t);
}

static json_t *event_object(const char *event, const struct prefix *about, const struct ban *ban, const char *user,
                            const char *text)
{
    char net[PREFIX_STRLEN];
    json_t *o = json_pack("{s:s,s:I,s:s}", "event", event, "time", (json_int_t)(clock_realtime() / USEC_SEC), "text", text);

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

void tell_event(struct tell *t, const char *event, const struct prefix *about, const struct ban *ban, const char *user,
                const char *text)
{
    if (!t || access(t->to.sun_path, F_OK) < 0)
        return;
    json_t *o = event_object(event, about, ban, user, text);
    char *line = o ? json_dumps(o, JSON_COMPACT) : NULL;
    ssize_t n = -1;

    if (line)
        n = sendto(t->fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&t->to, sizeof(t->to));
    if (n >= 0)
        t->counters.told++;
    else if (!line || (errno != ENOENT && errno != ECONNREFUSED))
        t->counters.lost++;
    free(line);
    json_decref(o);
}

struct tell_counters tell_counters(const struct tell *t)
{
    return t ? t->counters : (struct tell_counters){0};
}
