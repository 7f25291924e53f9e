// SPDX-License-Identifier: GPL-2.0-or-later
// Bans, decisions and marks into the state and out of it; said once when that does not work, and tried again.
#include "daemon/ledger.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "daemon/aggregate.h"
#include "daemon/inputs.h"
#include "daemon/muting.h"
#include "daemon/say.h"
#include "daemon/state.h"

// A disk that was full is tried again after so long, but only when there is something to write.
#define REPAIR_EVERY (30 * USEC_SEC)
// What the state no longer needs goes this often.
#define PRUNE_EVERY (600 * USEC_SEC)
// How far back a restart looks for the beginning of a session that still runs.
#define SESSION_AGE (3600 * USEC_SEC)

// A good login speaks for an address at most so long.
#define GUESTS_FOR (30 * 86400 * USEC_SEC)

// A ban that began so much later than now was decided under another clock.
#define CLOCK_SLACK (60 * USEC_SEC)

struct ledger {
    struct service *s;
    struct muting *muting; // NULL once everything has been read again
    usec_t pruned;         // monotonic, 0: not yet
    usec_t repair_at;      // not before, while the state cannot be written
    bool failed;
};

// --- writing -------------------------------------------------------------------------------------------------

static void trouble(struct ledger *l, int r)
{
    if (r >= 0 || l->failed)
        return;
    l->failed = true;
    l->repair_at = clock_monotonic() + REPAIR_EVERY;
    say_news(l->s, &(struct said){.kind = NEWS_DEGRADED, .level = LOG_ERR, .more = {{"PPTPBAN_PART", "state"}}},
        "%s; banning goes on, but what is decided now would be lost in a restart", state_problem(l->s->state));
}

struct rewrite {
    struct state *state;
    usec_t now;
};

static int rewrite_ban(void *userdata, const struct ban *ban)
{
    struct rewrite *w = userdata;
    struct decision d = {.net = ban->net, .settled = w->now, .since = ban->since, .until = ban->until};
    int r = state_put_ban(w->state, ban, NULL, NULL);

    memcpy(d.jail, ban->jail, sizeof(d.jail));
    if (r == 0)
        r = state_put_decision(w->state, &d);
    return r == 0 ? state_put_history(w->state, ban) : r;
}

static int rewrite_guests(const struct ledger *l)
{
    const struct guests *guests = engine_guests(l->s->engine);
    struct addr a;
    unsigned i = 0;
    usec_t when;
    int r = 0;

    while (r == 0 && guests_next(guests, &i, &a, &when))
        r = state_put_guest(l->s->state, &a, when);
    return r;
}

static int rewrite_logins(const struct ledger *l)
{
    const struct logins *logins = engine_logins(l->s->engine);
    const struct login *login;
    unsigned i = 0;
    int r = state_set_login_key(l->s->state, engine_login_key(l->s->engine));

    while (r == 0 && (login = logins_next(logins, &i)))
        r = state_put_login(l->s->state, login);
    return r;
}

static void repair(struct ledger *l, usec_t now)
{
    struct rewrite w = {.state = l->s->state, .now = now};
    char note[STATE_NOTE_MAX];

    if (!l->failed || clock_monotonic() < l->repair_at)
        return;
    l->repair_at = clock_monotonic() + REPAIR_EVERY;
    int r = state_repair(l->s->state, w.now, note);
    if (r == 0)
        r = bans_each(engine_bans(l->s->engine), rewrite_ban, &w);
    if (r == 0)
        r = rewrite_guests(l);
    if (r == 0)
        r = rewrite_logins(l);
    if (r == 0)
        r = state_commit(l->s->state);
    if (r < 0)
        return;
    l->failed = false;
    say_news(l->s, &(struct said){.kind = NEWS_DEGRADED_OVER, .level = LOG_NOTICE, .more = {{"PPTPBAN_PART", "state"}}},
        "%s%sthe state is written again", note, *note ? "; " : "");
}

// The longest of a time that each jail has, and at least least.
static usec_t longest_of(const struct config *c, usec_t least, size_t field)
{
    for (size_t k = 0; k < c->n_jails; k++) {
        usec_t t;
        memcpy(&t, (const char *)&c->jails[k] + field, sizeof(t));
        least = t > least ? t : least;
    }
    return least;
}

static void prune(struct ledger *l, usec_t now, usec_t oldest)
{
    const struct service *s = l->s;
    usec_t offenders = now - aggregate_findtime(s->config);
    struct state_horizon h = {
        .sources = inputs_names(s->inputs),
        .n_sources = inputs_count(s->inputs),
        // needed until what went into it cannot be read again (sources may be out of step with each other), and as long as
        // a network's offenders count
        .decisions = oldest - SESSION_AGE < offenders ? oldest - SESSION_AGE : offenders,
        .guests = now - longest_of(s->config, GUESTS_FOR, offsetof(struct jail_config, trust)),
        .logins = now - longest_of(s->config, 0, offsetof(struct jail_config, known_for)),
        .history = now - s->config->history,
        .bans = now,
    };

    if (l->pruned && clock_monotonic() - l->pruned < PRUNE_EVERY)
        return;
    l->pruned = clock_monotonic();
    trouble(l, state_prune(s->state, &h));
}

void ledger_save_marks(struct ledger *l, usec_t now)
{
    struct service *s = l->s;
    usec_t oldest = engine_oldest_needed(s->engine, now, SESSION_AGE);

    repair(l, now);
    trouble(l, inputs_save_marks(s->inputs, s->state, oldest));
    prune(l, now, oldest);
    trouble(l, state_commit(s->state));
}

// The lines as they are kept with the ban: one a line, fields apart by tabs, nothing in them that could be either.
static void evidence_text(const struct evidence_item *lines, size_t n, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        char line[SESSION_EVIDENCE_MAX * 4 + 1], user[256];
        text_show(lines[i].line, 0, line, sizeof(line));
        text_show(lines[i].user, 0, user, sizeof(user));
        int one = snprintf(out + used, size - used, "%lld\t%.*s\t%s\t%s\t%s\t%s\n", (long long)lines[i].time,
                           STR_FMT(lines[i].jail), class_names[lines[i].class], origin_names[lines[i].origin], user, line);
        if (one < 0 || (size_t)one >= size - used) {
            out[used] = '\0';
            return;
        }
        used += (size_t)one;
    }
}

void ledger_put_ban(struct ledger *l, const struct ban *ban, const struct position *decided,
                    const struct evidence_item *lines, size_t n)
{
    char text[8192];

    evidence_text(lines, n, text, sizeof(text));
    trouble(l, state_put_ban(l->s->state, ban, decided, n ? text : NULL));
}

void ledger_put_ban_text(struct ledger *l, const struct ban *ban, const struct position *decided, const char *lines)
{
    trouble(l, state_put_ban(l->s->state, ban, decided, lines));
}

void ledger_withdraw(struct ledger *l, const struct ban *ban)
{
    struct decision none = {.net = ban->net}; // of no time, and older than all that is kept

    memcpy(none.jail, ban->jail, sizeof(none.jail));
    trouble(l, state_remove_ban(l->s->state, &ban->net));
    trouble(l, state_put_decision(l->s->state, &none));
}

void ledger_put_login(struct ledger *l, const struct logins_change *change)
{
    if (change->has_gone)
        trouble(l, state_remove_login(l->s->state, change->gone));
    trouble(l, state_put_login(l->s->state, &change->now));
}

void ledger_put_guest(struct ledger *l, const struct addr *a, usec_t when)
{
    trouble(l, state_put_guest(l->s->state, a, when));
}

void ledger_put_ban_by_hand(struct ledger *l, const struct ban *ban, const char *reason)
{
    char text[512];

    snprintf(text, sizeof(text), "%lld\t%s\tby hand\troot\t\t%s\n", (long long)ban->since, ban->jail, reason);
    trouble(l, state_put_ban(l->s->state, ban, NULL, *reason ? text : NULL));
}

void ledger_move_ban(struct ledger *l, const struct ban *ban)
{
    trouble(l, state_put_ban(l->s->state, ban, NULL, NULL));
}

void ledger_put_decision(struct ledger *l, const struct ban *ban, const struct position *decided, usec_t settled,
                         bool observe)
{
    struct decision d = {.net = ban->net, .settled = settled, .since = ban->since, .until = ban->until,
                         .observe = observe};

    memcpy(d.jail, ban->jail, sizeof(d.jail));
    if (decided)
        d.position = *decided;
    trouble(l, state_put_decision(l->s->state, &d));
    if (!observe)
        trouble(l, state_put_history(l->s->state, ban));
}

void ledger_put_spared(struct ledger *l, const struct ban *would, const struct position *decided, usec_t settled)
{
    struct decision d = {.net = would->net, .position = *decided, .settled = settled}; // of no time: since = until

    memcpy(d.jail, would->jail, sizeof(d.jail));
    trouble(l, state_put_decision(l->s->state, &d));
}

void ledger_end_ban(struct ledger *l, const struct prefix *net)
{
    trouble(l, state_remove_ban(l->s->state, net));
}

void ledger_forgive(struct ledger *l, const struct prefix *net, usec_t now)
{
    ledger_end_ban(l, net);
    trouble(l, state_end_decisions(l->s->state, net, now));
    trouble(l, state_put_decision(l->s->state, &(struct decision){.net = *net, .settled = now}));
}

void ledger_commit(struct ledger *l)
{
    trouble(l, state_commit(l->s->state));
}

// --- a restart -----------------------------------------------------------------------------------------------

struct restore {
    struct service *s;
    usec_t now;
    size_t bans, refused;
    bool moved; // the state has other times
};

static int put_moved(void *userdata, const struct ban *ban)
{
    ledger_move_ban(userdata, ban);
    return 0;
}

static uint16_t maxretry_of(const struct config *c, const char *jail)
{
    for (size_t k = 0; k < c->n_jails; k++)
        if (strcmp(c->jails[k].name, jail) == 0)
            return (uint16_t)c->jails[k].maxretry;
    return 0;
}

static int restore_reason(void *userdata, const struct prefix *net, const struct threshold_reason *why)
{
    struct restore *r = userdata;
    const struct ban *there = bans_find(engine_bans(r->s->engine), net);

    if (there) {
        struct ban ban = *there;
        ban.reason = *why;
        (void)engine_ban(r->s->engine, &ban, true);
    }
    return 0;
}

static int restore_login(void *userdata, const struct login *login)
{
    struct restore *r = userdata;

    logins_restore(engine_logins(r->s->engine), login);
    return 0;
}

// What is known of those who log in.
static void restore_known(struct ledger *l, struct restore *r)
{
    struct hash_key key = *engine_login_key(l->s->engine);
    unsigned bad_reasons = 0, bad_logins = 0;

    trouble(l, state_each_reason(l->s->state, restore_reason, r, &bad_reasons));
    trouble(l, state_login_key(l->s->state, &key));
    engine_set_login_key(l->s->engine, &key);
    trouble(l, state_each_login(l->s->state, UINT16_MAX, restore_login, r, &bad_logins));
    if (bad_reasons + bad_logins)
        log_warning("%u rows of what is known of bans and accounts make no sense and were left out", bad_reasons + bad_logins);
}

static int restore_ban(void *userdata, const struct ban *ban)
{
    struct restore *r = userdata;
    struct ban here = *ban;

    if (ban->since > r->now + CLOCK_SLACK && ban->until != USEC_FOREVER) { // the clock was set back since
        here.since = r->now;
        here.until = r->now + (ban->until - ban->since);
        r->moved = true;
    }
    if (here.until <= r->now)
        return 0; // it ended while nobody was here
    if (here.count > 0 && here.net.len == 128) // unless state_each_reason() knows better
        here.reason = (struct threshold_reason){.max = maxretry_of(r->s->config, here.jail), .rule = RULE_MAXRETRY};
    if (engine_ban(r->s->engine, &here, false) < 0)
        r->refused++;
    else
        r->bans++;
    return 0;
}

static int restore_decision(void *userdata, const struct decision *d)
{
    return muting_add(userdata, d);
}

static int pass_ban(void *userdata, const struct ban *ban)
{
    (void)userdata, (void)ban;
    return 0;
}

static int pass_decision(void *userdata, const struct decision *d)
{
    (void)userdata, (void)d;
    return 0;
}

// Half a state is worse than none: decisions without their bans would keep the log from telling them again.
static void set_aside_if_damaged(struct ledger *l, usec_t now)
{
    struct state *state = l->s->state;
    char note[STATE_NOTE_MAX];
    unsigned bans = 0, decisions = 0;

    if (state_verify(state) != -EBADMSG && state_each_ban(state, pass_ban, NULL, &bans) != -EBADMSG &&
        state_each_decision(state, pass_decision, NULL, &decisions) != -EBADMSG && bans + decisions == 0)
        return;
    state_condemn(state); // rows that make no sense are damage too, or are not as they were written
    if (state_repair(state, now, note) == 0)
        (void)state_commit(state);
    log_warning("%s", note);
}

int ledger_restore(struct ledger *l)
{
    struct restore restore = {.s = l->s, .now = clock_realtime()};
    unsigned bad_bans, bad_decisions = 0;

    set_aside_if_damaged(l, restore.now);
    int r = state_each_ban(l->s->state, restore_ban, &restore, &bad_bans);
    trouble(l, r);
    restore_known(l, &restore);
    if (restore.moved)
        (void)bans_each(engine_bans(l->s->engine), put_moved, l);
    r = muting_new((size_t)l->s->config->max_bans * 2, &l->muting);
    if (r < 0)
        return r;
    r = state_each_decision(l->s->state, restore_decision, l->muting, &bad_decisions);
    if (r != -ENOSPC)
        trouble(l, r);
    muting_seal(l->muting);
    if (l->failed) { // damaged: begin a new one with what could be read
        l->repair_at = 0;
        repair(l, restore.now);
    }
    if (bad_bans + bad_decisions)
        log_warning("%u rows of the state make no sense and were left out", bad_bans + bad_decisions);
    if (restore.refused)
        log_warning("%zu bans of the state do not fit into the ban list (max_bans = %u)", restore.refused,
                    l->s->config->max_bans);
    if (restore.bans)
        log_info("%zu ban%s taken over from before", restore.bans, restore.bans == 1 ? "" : "s");
    return 0;
}

bool ledger_decided(const struct ledger *l, const char *jail, const struct outcome *o)
{
    if (!l->muting)
        return false;
    struct muting_query q = {
        .jail = jail, .addr = o->addr, .time = o->time, .settled = o->settled, .decided = o->decided,
        .observe = engine_observes(l->s->engine, jail, o->time)};
    return muting_covers(l->muting, &q);
}

void ledger_caught_up(struct ledger *l)
{
    muting_free(l->muting);
    l->muting = NULL;
}

int ledger_new(struct service *s, struct ledger **ret)
{
    struct ledger *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    l->s = s;
    *ret = l;
    return 0;
}

void ledger_free(struct ledger *l)
{
    if (!l)
        return;
    muting_free(l->muting);
    free(l);
}
