// SPDX-License-Identifier: GPL-2.0-or-later
// Bans when the clock was set or the machine slept: their ends move along with it, and the kernel hears of them anew.
#include <stdlib.h>

#include "base/log.h"
#include "daemon/enact_room.h"

struct set_clock {
    struct ban *v;
    size_t n, room;
    usec_t made_from, delta, now;
};

// A ban was decided under one clock and ends under another. Ours move along with it; one from before is believed,
// unless it would begin only later.
static int collect_moved(void *userdata, const struct ban *ban)
{
    struct set_clock *c = userdata;
    usec_t by = ban->since >= c->made_from ? c->delta : ban->since > c->now ? c->now - ban->since : 0;

    if (by == 0 || c->n == c->room)
        return 0;
    c->v[c->n] = *ban;
    c->v[c->n].since += by;
    if (ban->until != USEC_FOREVER)
        c->v[c->n].until += by;
    c->n++;
    return 0;
}

void enact_clock_jumped(void *userdata, usec_t delta)
{
    struct service *s = userdata;
    struct enact *a = s->enact;
    struct set_clock c = {.room = bans_count(engine_bans(s->engine)), .made_from = a->clock_from, .delta = delta,
                          .now = clock_realtime()};
    char text[DURATION_STRLEN];

    enact_record_decided(a);
    engine_clock_set(s->engine, c.now);
    c.v = calloc(c.room ? c.room : 1, sizeof(*c.v));
    if (!c.v) {
        log_error("the clock was set, and there is no memory to move the ends of bans with it");
        return;
    }
    bans_each(engine_bans(s->engine), collect_moved, &c);
    for (size_t i = 0; i < c.n; i++)
        if (engine_ban(s->engine, &c.v[i], true) == 0)
            ledger_move_ban(a->ledger, &c.v[i]);
    a->clock_from += delta;
    log_warning("the clock was set %s by %s: %zu ban%s moved along with it", delta > 0 ? "forward" : "back",
                duration_format((delta > 0 ? delta : -delta) / USEC_SEC * USEC_SEC, text), c.n, c.n == 1 ? "" : "s");
    free(c.v);
    enact_flush(a);
    if (s->link && enforce_link_status(s->link)->connected)
        enact_need_sync(s); // it has their ends by the old clock
}

static int let_go_if_over(void *userdata, const struct ban *ban)
{
    struct service *s = userdata;

    return ban->until <= enact_now(s->enact) ? enforce_link_unban(s->link, &ban->net, 1) : 0;
}

void enact_slept(void *userdata, usec_t duration)
{
    struct service *s = userdata;
    char text[DURATION_STRLEN];

    log_notice("the machine slept for %s: the kernel's timeouts are set anew",
               duration_format(duration / USEC_SEC * USEC_SEC, text));
    if (!s->link || !enforce_link_status(s->link)->connected)
        return;
    (void)bans_each(engine_bans(s->engine), let_go_if_over, s); // where a whole list removes nothing
    enact_need_sync(s);
}
