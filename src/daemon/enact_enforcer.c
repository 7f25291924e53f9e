// SPDX-License-Identifier: GPL-2.0-or-later
// What the enforcer asks and tells: all bans when it is new, those that it refused, and what it saw.
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/announce.h"
#include "daemon/enact_room.h"
#include "daemon/health.h"
#include "daemon/say.h"
#include "daemon/state.h"
#include "enforce/limits.h"

struct snapshot {
    struct enforce_entry *v;
    size_t n, room, next;
    usec_t now;
};

static int take(void *userdata, const struct ban *ban)
{
    struct snapshot *s = userdata;

    if (s->n < s->room && ban->until > s->now)
        s->v[s->n++] = enact_entry(ban);
    return 0;
}

static bool give(void *userdata, struct enforce_entry *ret)
{
    struct snapshot *s = userdata;

    if (s->next == s->n)
        return false;
    *ret = s->v[s->next++];
    return true;
}

static int unban_forgiven(void *userdata, const struct decision *d)
{
    struct service *s = userdata;

    if (!d->jail[0] && d->until == 0 && !bans_find(engine_bans(s->engine), &d->net))
        (void)enforce_link_unban(s->link, &d->net, 1);
    return 0;
}

void enact_need_sync(void *userdata)
{
    struct service *s = userdata;
    struct snapshot snapshot = {.room = bans_count(engine_bans(s->engine)), .now = enact_now(s->enact)};

    if (!s->link)
        return;
    s->enact->n_batch = 0; // they are in the list
    snapshot.v = calloc(snapshot.room ? snapshot.room : 1, sizeof(*snapshot.v));
    if (!snapshot.v) {
        log_error("no memory to tell the enforcer all bans");
        return;
    }
    bans_each(engine_bans(s->engine), take, &snapshot);
    bool keep = !s->enact->unbanned_unheard && state_may_lack(s->state, snapshot.now, LIMITS_MAX_TIMEOUT * USEC_SEC);
    int r = enforce_link_sync(s->link, give, &snapshot, keep);
    unsigned bad;
    if (keep) // whom a whole list would have let go
        (void)state_each_decision(s->state, unban_forgiven, s, &bad);
    if (r < 0)
        log_warning("the enforcer could not be told all %zu bans: %s", snapshot.n, strerror(-r));
    free(snapshot.v);
    if (snapshot.room > 1024)
        malloc_trim(0);
}

void enact_refused(void *userdata, const struct prefix *net, const char *reason)
{
    struct service *s = userdata;
    char text[PREFIX_STRLEN];
    struct ban ban;

    log_warning("the enforcer did not ban %s: %s", prefix_format(net, text), reason);
    if (!engine_refuse_network(s->engine, net, enact_now(s->enact), &ban))
        return;
    ledger_withdraw(s->enact->ledger, &ban); // or its addresses would go free, taken for banned
    announce_unban(s, &ban, "its addresses are banned one by one", LOG_NOTICE);
    enact_soon(s->enact);
}

void enact_lost(void *userdata)
{
    struct service *s = userdata;

    health_soon(s->health);
}

void enact_event(void *userdata, enum enforce_event what, int level, const char *text)
{
    static const enum news_kind kinds[] = {[ENFORCE_HOOK] = NEWS_HOOK, [ENFORCE_RULESET] = NEWS_RULESET, [ENFORCE_FULL] = NEWS_FULL};
    struct service *s = userdata;

    say_news(s, &(struct said){.kind = kinds[what], .level = level}, "%s", text);
}
