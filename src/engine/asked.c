// SPDX-License-Identifier: GPL-2.0-or-later
// What the engine tells of itself when it is asked: windows, counters, how far back a restart must read. Changes nothing.
#include <string.h>

#include "engine/private.h"
#include "engine/procfs.h"

// How many failures more would ban, and until when that holds.
static void look_ahead(const struct engine *e, size_t k, usec_t t, struct engine_window *w)
{
    const struct jail_config *c = &engine_config(e)->jails[k];
    unsigned most = 0, left = w->holds.total.max > w->seen.count ? w->holds.total.max - w->seen.count : 1;
    usec_t oldest = w->seen.oldest;

    for (size_t i = 0; i < CLASS_MAX; i++)
        most = c->weight[i] > most ? c->weight[i] : most;
    w->nearest = (enum threshold_rule)w->holds.total.rule;
    if (w->holds.unknown.max) {
        unsigned strange = w->holds.unknown.max > w->seen.unknown ? w->holds.unknown.max - w->seen.unknown : 1;
        if (strange < left) {
            left = strange;
            oldest = w->seen.oldest_unknown;
            w->nearest = RULE_UNKNOWN;
        }
    }
    w->more = most ? (left + most - 1) / most : 0;
    w->leaves = oldest ? oldest + c->findtime : 0;
    if (w->leaves && w->leaves <= t)
        w->leaves = t;
}

size_t engine_why(const struct engine *e, const struct addr *a, usec_t t, struct engine_window *ret, size_t max)
{
    size_t n = 0;

    for (size_t k = 0; k < engine_config(e)->n_jails; k++) {
        const struct jail_config *c = &engine_config(e)->jails[k];
        if (!e->jails[k])
            continue;
        if (n < max) {
            struct engine_window *w = &ret[n];
            *w = (struct engine_window){
                .jail = c->name,
                .seen = jail_look(e->jails[k], a, t),
                .learning = standing_is_learning(e->standing, k, t),
                .findtime = c->findtime,
                .ignored = jail_ignores(e->jails[k], a),
            };
            w->holds = standing_threshold(e->standing, k, a, STR(""), t, w->country);
            if (e->sprays[k]) {
                w->by_account = true;
                w->seen = (struct jail_window){.count = spray_count(e->sprays[k], a, t)};
                w->holds.total.max = (uint16_t)c->tries;
                w->holds.unknown.max = 0;
            }
            look_ahead(e, k, t, w);
        }
        n++;
    }
    return n;
}

const struct bans *engine_observed(const struct engine *e)
{
    return e->observed;
}

bool engine_observes(const struct engine *e, const char *jail, usec_t t)
{
    const struct addr nobody = {{0}};
    char country[3];

    for (size_t k = 0; k < engine_config(e)->n_jails; k++)
        if (strcmp(engine_config(e)->jails[k].name, jail) == 0)
            return standing_threshold(e->standing, k, &nobody, STR(""), t, country).observe;
    return false;
}

void engine_set_login_key(struct engine *e, const struct hash_key *key)
{
    standing_set_key(e->standing, key);
}

const struct hash_key *engine_login_key(const struct engine *e)
{
    return standing_key(e->standing);
}

const char *engine_country_problem(const struct engine *e)
{
    return standing_country_problem(e->standing);
}

struct logins *engine_logins(struct engine *e)
{
    return standing_logins(e->standing);
}

const struct accounts *engine_accounts(const struct engine *e)
{
    return e->accounts;
}

bool engine_session(const struct engine *e, struct engine_place *place, struct session_view *ret, bool *ret_here)
{
    for (; place->filter < e->units.n; place->filter++, place->life = 0) {
        const struct sessions *s = e->units.v[place->filter].sessions;
        if (!s || !sessions_next(s, &place->life, ret))
            continue;
        *ret_here = procfs_is_here(ret->host, e->here);
        return true;
    }
    return false;
}

uint64_t engine_jails(const struct engine *e, unsigned filter)
{
    uint64_t jails = 0;

    for (unsigned n = 0; n < e->units.v[filter].n_jails; n++)
        jails |= UINT64_C(1) << e->units.v[filter].jails[n];
    return jails;
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
    ret->account_overflow = accounts_overflow(e->accounts);
    ret->guest_overflow = guests_overflow(e->guests);
    ret->known = logins_count(standing_logins(e->standing));
    ret->known_overflow = logins_overflow(standing_logins(e->standing));
    for (size_t k = 0; k < engine_config(e)->n_jails; k++) {
        if (!e->jails[k])
            continue;
        if (e->networks[k])
            ret->network_overflow += networks_counters(e->networks[k]).overflow;
        if (e->sprays[k]) {
            ret->spray_overflow += spray_counters(e->sprays[k]).overflow;
            ret->addresses += spray_counters(e->sprays[k]).addresses;
        }
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
    for (size_t k = 0; k < engine_config(e)->n_jails; k++)
        if (e->sprays[k] && spray_oldest(e->sprays[k], now, &t) && t - span < oldest)
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
