// SPDX-License-Identifier: GPL-2.0-or-later
// What the engine tells of itself when it is asked: windows, counters, how far back a restart must read. Changes nothing.
#include "engine/private.h"

size_t engine_why(const struct engine *e, const struct addr *a, usec_t t, struct engine_window *ret, size_t max)
{
    size_t n = 0;

    for (size_t k = 0; k < engine_config(e)->n_jails; k++) {
        const struct jail_config *c = &engine_config(e)->jails[k];
        if (!e->jails[k])
            continue;
        if (n < max) {
            ret[n] = (struct engine_window){
                .jail = c->name,
                .maxretry = c->maxretry,
                .findtime = c->findtime,
                .ignored = jail_ignores(e->jails[k], a),
            };
            ret[n].count = jail_count(e->jails[k], a, t, &ret[n].oldest);
        }
        n++;
    }
    return n;
}

const struct bans *engine_observed(const struct engine *e)
{
    return e->observed;
}

const struct accounts *engine_accounts(const struct engine *e)
{
    return e->accounts;
}

const struct tally_entry *engine_uncounted(const struct engine *e, const struct addr *a)
{
    return tally_find(e->uncounted, a);
}

void engine_read_counters(const struct engine *e, struct engine_counters *ret)
{
    *ret = e->counters;
    for (unsigned i = 0; i < e->units.n; i++) {
        const struct unit *u = &e->units.v[i];
        ret->failures += u->direct.failures;
        ret->successes += u->direct.successes;
        ret->unattributed += u->direct.unattributed;
        ret->by_origin[ORIGIN_LINE] += u->direct.failures;
        ret->limit_hits += filter_counters(u->filter)->limit_hits;
        ret->sessions_dropped += filter_counters(u->filter)->sessions_dropped;
        if (!u->sessions)
            continue;
        const struct session_counters *s = sessions_counters(u->sessions);
        ret->failures += s->failures;
        ret->successes += s->successes;
        ret->unattributed += s->unattributed;
        ret->faulted += s->faulted;
        ret->session_overflow += s->overflow;
        ret->lives += s->active;
        ret->waiting += s->waiting;
        for (unsigned k = 0; k < ORIGIN_MAX; k++)
            ret->by_origin[k] += s->by_origin[k];
    }
    ret->guest_overflow = guests_overflow(e->guests);
    for (size_t k = 0; k < engine_config(e)->n_jails; k++) {
        if (!e->jails[k])
            continue;
        if (e->networks[k])
            ret->network_overflow += networks_counters(e->networks[k]).overflow;
        ret->window_overflow += jail_counters(e->jails[k])->overflow;
        ret->addresses += jail_counters(e->jails[k])->addresses;
    }
}

usec_t engine_oldest_needed(const struct engine *e, usec_t now, usec_t max_age)
{
    usec_t oldest = now, t;
    usec_t span = e->span.longest > e->span.before ? e->span.longest : e->span.before;

    if (span > max_age)
        span = max_age;
    for (size_t k = 0; k < engine_config(e)->n_jails; k++)
        if (e->jails[k] && jail_oldest(e->jails[k], now, &t) && t - span < oldest)
            oldest = t - span;
    for (unsigned i = 0; i < e->units.n; i++) {
        if (!e->units.v[i].sessions)
            continue;
        t = sessions_oldest(e->units.v[i].sessions, now - max_age);
        if (t < oldest)
            oldest = t;
    }
    return oldest;
}
