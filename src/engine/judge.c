// SPDX-License-Identifier: GPL-2.0-or-later
// From outcome to verdict: which jails hear of it, who is banned already, who is spared, and what is told of that.
#include <string.h>

#include "engine/private.h"

void engine_tell(struct engine *e, const char *jail, const struct outcome *o, const struct verdict *v)
{
    struct engine_event event = {.outcome = o, .jail = jail, .verdict = v};

    if (e->options.callbacks.event)
        e->options.callbacks.event(e->options.callbacks.userdata, &event);
}

unsigned engine_previous(const struct engine *e, const struct jail_config *c, const struct prefix *net, usec_t t)
{
    if (!c->increment)
        return 0;
    if (e->options.callbacks.previous)
        return e->options.callbacks.previous(e->options.callbacks.userdata, net, t, c->decay);
    return e->history ? history_count(e->history, net, t, c->decay) : 0;
}

// Is there nothing left to do for this jail? A ban of another jail that is shorter than its own leaves it something: a
// jail for those who come again hears of them when they have just been banned.
bool engine_is_banned(const struct engine *e, const struct jail_config *c, const struct threshold *holds, const struct addr *a,
                      usec_t t)
{
    const struct ban *ban = bans_covering(holds->observe ? e->observed : e->bans, a);

    if (!ban || ban->until <= t || ban->since > t)
        return false;
    return strcmp(ban->jail, c->name) == 0 || ban->until == USEC_FOREVER ||
           (holds->bantime != USEC_FOREVER && ban->until - t >= holds->bantime);
}

static struct ban ban_of(const struct jail_config *c, const struct outcome *o, const struct verdict *v)
{
    struct ban ban = {
        .net = prefix_of(&v->addr, 128),
        .since = o->time,
        .until = v->until,
        .count = v->count,
        .times = v->previous + 1,
        .reason = v->reason,
    };

    strncpy(ban.jail, c->name, JAIL_NAME_MAX);
    return ban;
}

bool engine_carry_out(struct engine *e, bool observe, const struct outcome *o, const struct ban *ban)
{
    if (bans_add(observe ? e->observed : e->bans, ban, false) < 0) {
        e->counters.bans_refused++;
        return false;
    }
    e->counters.bans++;
    if (e->history)
        history_add(e->history, &ban->net, ban->until, ban->times);
    if (e->options.callbacks.ban)
        e->options.callbacks.ban(e->options.callbacks.userdata, ban, &o->decided, observe);
    return true;
}

void engine_decide(struct engine *e, unsigned k, const struct outcome *o, const struct ban *ban, bool observe)
{
    jail_forget(e->jails[k], &ban->net.addr); // counted from nothing when the ban is over
    if (engine_carry_out(e, observe, o, ban))
        engine_offended(e, k, &ban->net.addr, o, observe);
}

static void judge(struct engine *e, unsigned k, const struct outcome *o)
{
    const struct engine_callbacks *to = &e->options.callbacks;
    const struct jail_config *c = &engine_config(e)->jails[k];
    struct verdict v = {.kind = VERDICT_BANNED, .addr = o->addr};
    struct prefix net = prefix_of(&o->addr, 128);

    if (to->decided && to->decided(to->userdata, c->name, o)) {
        e->counters.muted++;
        return;
    }
    char country[3];
    struct threshold holds = standing_threshold(e->standing, k, &o->addr, o->user, o->time, country);
    if (!engine_is_banned(e, c, &holds, &o->addr, o->time)) {
        struct jail_attempt attempt = {.addr = &o->addr, .user = o->user, .time = o->time, .weight = c->weight[o->class],
                                       .previous = engine_previous(e, c, &net, o->time)};
        v = jail_judge(e->jails[k], &attempt, &holds);
    }
    e->counters.ignored += v.kind == VERDICT_IGNORED;
    struct ban ban = ban_of(c, o, &v);
    if (v.kind == VERDICT_BAN && to->spare && to->spare(to->userdata, &ban, o)) {
        v.kind = VERDICT_SPARED;
        e->counters.spared++;
    }
    evidence_add(e->evidence, o, c->name);
    engine_tell(e, c->name, o, &v);
    if (v.kind == VERDICT_BAN)
        engine_decide(e, k, o, &ban, holds.observe);
}

static usec_t longest_findtime(const struct engine *e)
{
    usec_t longest = 0;

    for (size_t k = 0; k < engine_config(e)->n_jails; k++)
        if (e->jails[k] && engine_config(e)->jails[k].findtime > longest)
            longest = engine_config(e)->jails[k].findtime;
    return longest;
}

// What a window rests on is older than its failures: the lines that told their address came before them.
static void note_span(struct engine *e, const struct outcome *o)
{
    if (o->time - e->span.since > longest_findtime(e)) {
        e->span.before = e->span.longest;
        e->span.longest = 0;
        e->span.since = o->time;
    }
    if (o->time - o->begin > e->span.longest)
        e->span.longest = o->time - o->begin;
}

// The jails that count what this filter sees of passwords.
static uint64_t jails_of_guesses(const struct engine *e, const struct unit *u)
{
    uint64_t jails = 0;

    for (unsigned n = 0; n < u->n_jails; n++)
        if (engine_config(e)->jails[u->jails[n]].weight[CLASS_AUTH] > 0)
            jails |= UINT64_C(1) << u->jails[n];
    return jails;
}

// Names are tried where passwords are checked; the rest says nothing of an account. Returns the one that was tried.
static const struct account *note_account(struct engine *e, const struct unit *u, const struct outcome *o)
{
    const struct engine_callbacks *to = &e->options.callbacks;
    const struct addr *from = o->has_addr ? &o->addr : NULL;
    const struct account *guessed = NULL, *tried = NULL;

    if (o->kind == OUTCOME_SUCCESS && u->n_jails > 0)
        standing_login(e->standing, u->jails[0], o, to->login, to->userdata);
    if (o->kind == OUTCOME_SUCCESS)
        guessed = accounts_succeed(e->accounts, o->user, from, o->time);
    else if (o->class == CLASS_AUTH)
        tried = accounts_fail(e->accounts, o->user, from, o->time, jails_of_guesses(e, u));
    if (guessed && to->guessed)
        to->guessed(to->userdata, guessed);
    return tried;
}

void engine_outcome(void *userdata, const struct outcome *o)
{
    const struct unit_context *context = userdata;
    struct engine *e = context->engine;
    const struct unit *u = &e->units.v[context->unit];
    bool told = false, counted = false;

    if (o->kind == OUTCOME_FAILURE)
        note_span(e, o);
    const struct account *tried = note_account(e, u, o);
    for (unsigned n = 0; n < u->n_jails; n++) {
        unsigned k = u->jails[n];
        const struct jail_config *c = &engine_config(e)->jails[k];
        switch (o->kind) {
        case OUTCOME_FAILURE:
            if (c->weight[o->class] == 0)
                break;
            if (c->by_account)
                engine_judge_account(e, k, o, tried);
            else
                judge(e, k, o);
            counted = true;
            break;
        case OUTCOME_SUCCESS:
            jail_success(e->jails[k], &o->addr, o->user, o->time);
            if (!told)
                engine_tell(e, c->name, o, NULL);
            told = true;
            break;
        case OUTCOME_UNATTRIBUTED:
            if (c->weight[o->class] > 0 && !told) {
                engine_tell(e, c->name, o, NULL);
                told = true;
            }
            break;
        }
    }
    if (o->kind == OUTCOME_SUCCESS && o->has_addr)
        guests_add(e->guests, &o->addr, o->time);
    if (o->kind == OUTCOME_FAILURE && !counted)
        tally_add(e->uncounted, &o->addr, o->class, o->time);
}
