// SPDX-License-Identifier: GPL-2.0-or-later
// list, as the service answers it: a line for each ban, from a copy of the ban list.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answers_room.h"

struct listing {
    char jail[JAIL_NAME_MAX + 1];
    usec_t now;
    struct ban *v;
    size_t n, room, next;
    bool begun, ended, observed;
};

static int list_take(void *userdata, const struct ban *ban)
{
    struct listing *l = userdata;

    if (l->n < l->room && ban->until > l->now && (!l->jail[0] || strcmp(l->jail, ban->jail) == 0))
        l->v[l->n++] = *ban;
    return 0;
}

// The names of jails, addresses, rules and schedules need no escapes.
static size_t list_next(void *userdata, char buf[static CONTROL_LINE_MAX])
{
    struct listing *l = userdata;
    char net[PREFIX_STRLEN], until[24] = "null";

    if (!l->begun) {
        l->begun = true;
        return (size_t)snprintf(buf, CONTROL_LINE_MAX, "{\"ok\":true}\n");
    }
    if (l->next == l->n) {
        if (l->ended)
            return 0;
        l->ended = true;
        return (size_t)snprintf(buf, CONTROL_LINE_MAX, "{\"end\":true}\n");
    }
    const struct ban *b = &l->v[l->next++];
    if (b->until != USEC_FOREVER)
        snprintf(until, sizeof(until), "%lld", (long long)(b->until / USEC_SEC));
    return (size_t)snprintf(buf, CONTROL_LINE_MAX,
                            "{\"addr\":\"%s\",\"jail\":\"%s\",\"since\":%lld,\"until\":%s,\"count\":%u,\"rule\":\"%s\","
                            "\"threshold\":%u,\"country\":\"%s\",\"schedule\":\"%s\"%s}\n",
                            prefix_format(&b->net, net), b->jail, (long long)(b->since / USEC_SEC), until, b->count,
                            threshold_rules[b->reason.rule], b->reason.max, b->reason.country, b->reason.schedule,
                            l->observed ? ",\"observed\":true" : "");
}

static void list_done(void *userdata)
{
    struct listing *l = userdata;

    free(l->v);
    free(l);
}

void answer_list(struct service *s, struct control_client client, const struct request *q)
{
    const struct bans *bans = q->observed ? engine_observed(s->engine) : engine_bans(s->engine);
    struct listing *l = calloc(1, sizeof(*l));

    if (l) {
        l->observed = q->observed;
        l->room = bans_count(bans);
        l->now = clock_realtime();
        memcpy(l->jail, q->jail, sizeof(l->jail));
        l->v = calloc(l->room ? l->room : 1, sizeof(*l->v));
    }
    if (!l || !l->v) {
        free(l);
        control_fail(s->control, client, ANSWER_FAILED, "out of memory");
        return;
    }
    bans_each(bans, list_take, l);
    control_stream(s->control, client, list_next, list_done, l);
}
