// SPDX-License-Identifier: GPL-2.0-or-later
// From verdict to enforcer, state and log.
#include "daemon/enact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "daemon/aggregate.h"
#include "daemon/announce.h"
#include "daemon/channel.h"
#include "daemon/clock_watch.h"
#include "daemon/enact_room.h"
#include "daemon/say.h"
#include "daemon/spare.h"
#include "daemon/state.h"
#include "daemon/trim.h"
#include "daemon/users.h"
#include "enforce/limits.h"

// Marks, and with them all that is committed late, are written once for so much time with records.
#define MARKS_EVERY USEC_SEC
// The server's own trouble is said once in so long.
#define FAULTS_EVERY (3600 * USEC_SEC)
// journald and rsyslog hand lines on with some delay: only then is a line that did not come believed not to come.
#define LATENESS (2 * USEC_SEC)

usec_t enact_now(const struct enact *a)
{
    uint64_t t;

    if (sd_event_now(a->s->event, CLOCK_REALTIME, &t) < 0)
        return clock_realtime();
    return (usec_t)t;
}

void enact_save_marks(struct enact *a)
{
    enact_record_decided(a); // before the marks move on
    ledger_save_marks(a->ledger, enact_now(a));
}

static int on_marks(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct enact *a = userdata;

    (void)source;
    (void)usec;
    a->marks_set = false;
    enact_save_marks(a);
    return 0;
}

// --- time ----------------------------------------------------------------------------------------------------

static void arm(sd_event_source *source, usec_t t)
{
    if (t == USEC_FOREVER) {
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return;
    }
    sd_event_source_set_time(source, (uint64_t)(t < 0 ? 0 : t));
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

// The next moments at which something happens without a record. None while old records are still being read: their
// time is not the clock's.
static void arm_timers(struct enact *a)
{
    if (!a->caught_up)
        return;
    arm(a->expiry, bans_next_expiry(engine_bans(a->s->engine)));
    usec_t t = engine_deadline(a->s->engine);
    arm(a->deadline, t == USEC_FOREVER ? t : t + LATENESS);
}

static void expire(struct enact *a)
{
    struct ban ban;

    clock_watch_look(a->s->clock); // or bans would end that were to move along with it
    enact_record_decided(a);
    while (engine_expire(a->s->engine, enact_now(a), &ban)) {
        ledger_end_ban(a->ledger, &ban.net);
        if (ban.until > a->s->started) // not one that was over when its lines were read
            announce_unban(a->s, &ban, "its time is over", LOG_INFO);
    }
}

static int on_expiry(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct enact *a = userdata;

    (void)source;
    (void)usec;
    expire(a);
    enact_flush(a);
    return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct enact *a = userdata;

    (void)source;
    (void)usec;
    engine_advance(a->s->engine, enact_now(a) - LATENESS);
    enact_flush(a);
    return 0;
}

// --- bans ----------------------------------------------------------------------------------------------------

static void send_batch(struct enact *a)
{
    if (a->n_batch && a->s->link)
        enforce_link_ban(a->s->link, a->batch, a->n_batch);
    a->n_batch = 0;
}

struct enforce_entry enact_entry(const struct ban *ban)
{
    struct enforce_entry e = {.net = ban->net, .until = ban->until, .count = ban->count};

    memcpy(e.jail, ban->jail, sizeof(e.jail));
    return e;
}

_Static_assert(sizeof(((struct enforce_entry *)0)->jail) == JAIL_NAME_MAX + 1, "a jail's name fits");

static void enforce(struct enact *a, const struct ban *ban)
{
    if (!a->s->link)
        return;
    if (a->n_batch == ENACT_BATCH)
        send_batch(a);
    a->batch[a->n_batch++] = enact_entry(ban);
}

void enact_record_decided(struct enact *a)
{
    struct service *s = a->s;
    struct evidence_item lines[ANNOUNCE_EVIDENCE_MAX];
    char remark[USERS_REMARK_MAX];

    send_batch(a);
    for (size_t i = 0; i < a->n_decided; i++) {
        const struct decided *t = &a->decided[i];
        const struct ban *listed = t->observe ? NULL : bans_find(engine_bans(s->engine), &t->ban.net);
        bool over = t->ban.until <= enact_now(a);
        size_t n = evidence_find(engine_evidence(s->engine), &t->ban.net.addr, lines, ANNOUNCE_EVIDENCE_MAX);
        enum announce_kind kind = over ? ANNOUNCE_LATE : t->observe ? ANNOUNCE_OBSERVED : ANNOUNCE_BAN;
        ledger_put_decision(a->ledger, &t->ban, &t->position, t->settled, t->observe);
        if (t->ban.net.len < 128) {
            aggregate_record(s, a->ledger, &t->ban, over ? NULL : listed, &t->position, kind);
            continue;
        }
        if (listed && !over)
            ledger_put_ban(a->ledger, listed, &t->position, lines, n);
        announce_ban(s, &t->ban, kind, lines, n, users_remark(s, &t->ban, remark));
    }
    a->n_decided = 0;
}

void enact_on_event(void *userdata, const struct engine_event *e)
{
    struct service *s = userdata;

    s->enact->settled = e->outcome->settled;
    if (e->outcome->kind == OUTCOME_SUCCESS && e->outcome->has_addr)
        ledger_put_guest(s->enact->ledger, &e->outcome->addr, e->outcome->time);
    if (e->verdict && e->verdict->kind == VERDICT_IGNORED && !addr_is_unbannable(&e->outcome->addr))
        spare_say_ignored(s->spare, &e->outcome->addr, e->jail);
}

bool enact_spare(void *userdata, const struct ban *would, const struct outcome *o)
{
    struct service *s = userdata;
    struct enact *a = s->enact;
    enum spare_kind why = spare_find(s->spare, &would->net);

    if (spare_is_blind(s->spare) && !a->reload_asked)
        a->reload_asked = channel_send(s->channel, CHANNEL_RELOAD, NULL) >= 0;
    if (why == SPARE_MAX)
        return false;
    // a restart reads these lines again, and the reason may be over then
    ledger_put_spared(a->ledger, would, &o->decided, o->settled);
    if (would->until > enact_now(a))
        spare_say(s->spare, would, why);
    return true;
}

void enact_on_ban(void *userdata, const struct ban *decision, const struct position *decided, bool observe)
{
    struct service *s = userdata;
    struct enact *a = s->enact;
    const struct ban *listed = observe ? NULL : bans_find(engine_bans(s->engine), &decision->net);

    if (listed && decision->until > enact_now(a))
        enforce(a, listed);
    a->decided[a->n_decided++] =
        (struct decided){.ban = *decision, .position = *decided, .settled = a->settled, .observe = observe};
    if (a->n_decided == ENACT_BATCH)
        enact_record_decided(a);
}

void enact_login(void *userdata, const struct logins_change *change)
{
    struct service *s = userdata;

    ledger_put_login(s->enact->ledger, change);
}

bool enact_decided(void *userdata, const char *jail, const struct outcome *o)
{
    const struct service *s = userdata;

    return ledger_decided(s->enact->ledger, jail, o);
}

unsigned enact_previous(void *userdata, const struct prefix *net, usec_t t, usec_t decay)
{
    struct service *s = userdata;

    if (s->enact->n_decided > 0) // it may be among them, when old lines are read fast
        enact_record_decided(s->enact);
    return state_previous(s->state, net, t, decay);
}

int enact_ban(struct enact *a, const struct prefix *net, usec_t duration, const char *jail, const char *reason,
              struct ban *ret)
{
    struct ban ban = {.net = *net, .since = enact_now(a), .times = 1};
    usec_t now = ban.since;

    ban.until = duration == USEC_FOREVER ? USEC_FOREVER : now + duration;
    snprintf(ban.jail, sizeof(ban.jail), "%s", jail);
    int r = engine_ban(a->s->engine, &ban, true);
    if (r < 0)
        return r;
    enforce(a, &ban);
    ledger_put_decision(a->ledger, &ban, NULL, now, false);
    ledger_put_ban_by_hand(a->ledger, &ban, reason);
    announce_ban(a->s, &ban, ANNOUNCE_BY_HAND, NULL, 0, "");
    enact_flush(a);
    state_settle(a->s->state); // no log tells it again
    *ret = ban;
    return 0;
}

struct collect {
    const struct prefix *inside;
    struct prefix *v;
    size_t n, room;
};

static int collect_net(void *userdata, const struct ban *ban)
{
    struct collect *c = userdata;

    if (c->inside && !(ban->net.len >= c->inside->len && prefix_contains(c->inside, &ban->net.addr)))
        return 0;
    if (c->n < c->room)
        c->v[c->n++] = ban->net;
    return 0;
}

size_t enact_unban(struct enact *a, const struct prefix *net)
{
    struct service *s = a->s;
    struct collect c = {.inside = net, .room = bans_count(engine_bans(s->engine))};
    struct ban ban;
    size_t ended = 0;

    c.v = calloc(c.room ? c.room : 1, sizeof(*c.v));
    if (!c.v)
        return 0;
    enact_record_decided(a); // in order: none of these may come behind their unban
    bans_each(engine_bans(s->engine), collect_net, &c);
    for (size_t i = 0; i < c.n; i++) {
        if (!engine_unban(s->engine, &c.v[i], &ban))
            continue;
        ended++;
        ledger_forgive(a->ledger, &c.v[i], enact_now(a));
        announce_unban(s, &ban, "by hand", LOG_NOTICE);
    }
    if (s->link && c.n > 0 && !enforce_link_status(s->link)->connected)
        a->unbanned_unheard = true;
    if (s->link)
        for (size_t i = 0; i < c.n; i += ENACT_BATCH)
            enforce_link_unban(s->link, c.v + i, c.n - i < ENACT_BATCH ? c.n - i : ENACT_BATCH);
    free(c.v);
    enact_flush(a);
    state_settle(s->state); // else the log would ban them again
    return ended;
}

bool enact_let_go(struct enact *a, const struct prefix *net)
{
    struct service *s = a->s;

    if (!s->link || !state_may_lack(s->state, enact_now(a), LIMITS_MAX_TIMEOUT * USEC_SEC))
        return false;
    ledger_forgive(a->ledger, net, enact_now(a)); // while the enforcer is away this tells it later
    (void)enforce_link_unban(s->link, net, 1);
    enact_flush(a);
    state_settle(s->state);
    return true;
}

// --- after records -------------------------------------------------------------------------------------------

static void say_faults(struct enact *a)
{
    struct engine_counters c;
    usec_t now = clock_monotonic();

    engine_read_counters(a->s->engine, &c);
    if (c.bans_refused > a->refused_by_bound) {
        say_news(a->s, &(struct said){.kind = NEWS_FULL, .level = LOG_WARNING}, "the ban list is full (max_bans = %u): %llu decisions could not be carried out",
                    a->s->config->max_bans, (unsigned long long)(c.bans_refused - a->refused_by_bound));
        a->refused_by_bound = c.bans_refused * 2; // said at every doubling
    }
    if (c.faulted == a->faulted || (a->faults_said && now - a->faults_said < FAULTS_EVERY))
        return;
    log_warning("the PPTP server itself cannot check passwords (RADIUS or secrets trouble, see its log): %llu refused "
                "logins were not counted",
                (unsigned long long)(c.faulted - a->faulted));
    a->faulted = c.faulted;
    a->faults_said = now;
}

void enact_flush(struct enact *a)
{
    enact_record_decided(a);
    ledger_commit(a->ledger);
    arm_timers(a);
}

static int on_soon(sd_event_source *source, void *userdata)
{
    struct enact *a = userdata;

    (void)source;
    a->soon_set = false;
    if (a->caught_up)
        expire(a);
    enact_flush(a);
    say_faults(a);
    if (!a->marks_set) {
        a->marks_set = true;
        sd_event_source_set_time_relative(a->marks, MARKS_EVERY);
        sd_event_source_set_enabled(a->marks, SD_EVENT_ONESHOT);
    }
    return 0;
}

void enact_soon(struct enact *a)
{
    if (a->soon_set)
        return;
    a->soon_set = true;
    sd_event_source_set_enabled(a->soon, SD_EVENT_ONESHOT);
}

void enact_caught_up(struct enact *a)
{
    if (a->caught_up)
        return;
    a->caught_up = true;
    ledger_caught_up(a->ledger);
    enact_soon(a);
    state_trim(a->s->state);
    trim_memory();
}

bool enact_is_caught_up(const struct enact *a)
{
    return a->caught_up;
}

const char *enact_state_problem(const struct enact *a)
{
    return state_problem(a->s->state);
}

int enact_restore(struct enact *a)
{
    int r = ledger_restore(a->ledger);

    if (r == 0)
        aggregate_restore(a->s);
    return r;
}

// --- life ----------------------------------------------------------------------------------------------------

static int off(int r, sd_event_source *source)
{
    return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

int enact_new(struct service *s, struct enact **ret)
{
    struct enact *a = calloc(1, sizeof(*a));
    int r;

    if (!a)
        return -ENOMEM;
    a->s = s;
    a->clock_from = clock_realtime();
    if ((r = ledger_new(s, &a->ledger)) < 0 || (r = off(sd_event_add_defer(s->event, &a->soon, on_soon, a), a->soon)) < 0 ||
        (r = sd_event_source_set_priority(a->soon, SD_EVENT_PRIORITY_IMPORTANT)) < 0 ||
        (r = off(sd_event_add_time(s->event, &a->marks, CLOCK_MONOTONIC, 0, 0, on_marks, a), a->marks)) < 0 ||
        (r = off(sd_event_add_time(s->event, &a->expiry, CLOCK_REALTIME, 0, USEC_SEC, on_expiry, a), a->expiry)) < 0 ||
        (r = off(sd_event_add_time(s->event, &a->deadline, CLOCK_REALTIME, 0, 0, on_deadline, a), a->deadline)) < 0) {
        enact_free(a);
        return r;
    }
    *ret = a;
    return 0;
}

void enact_free(struct enact *a)
{
    if (!a)
        return;
    sd_event_source_unref(a->soon);
    sd_event_source_unref(a->marks);
    sd_event_source_unref(a->expiry);
    sd_event_source_unref(a->deadline);
    ledger_free(a->ledger);
    free(a);
}
