// SPDX-License-Identifier: GPL-2.0-or-later
// Accounts of good logins, the country database and the wall clock, and the jails' thresholds with them.
#include "engine/standing.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/units.h"
#include "host/country.h"

struct jail_standing {
    struct threshold_policy policy;
    struct threshold_schedule schedules[CONFIG_SCHEDULES_MAX];
    struct str filter; // a good login counts where the same filter saw it
    bool by_account, by_country;
};

struct standing {
    const struct config *config;
    struct jail_standing *jails; // [config->n_jails]
    struct logins *logins;
    const struct guests *guests;
    struct hash_key key;
    struct country_db *countries; // NULL: not wanted, or not to be had
    struct zone *zone;                  // NULL: there are no schedules
    usec_t silence;                     // the longest known_for
    usec_t bound;
    char country_problem[COUNTRY_ERROR_MAX];
};

static void take_values(struct jail_standing *j, const struct threshold_values *v)
{
    j->by_account |= v->unknown > 0;
    j->by_country |= v->countries.n > 0;
}

static void take_jail(struct standing *s, size_t k)
{
    const struct jail_config *c = &s->config->jails[k];
    struct jail_standing *j = &s->jails[k];
    struct config_param params[CONFIG_FILTER_PARAMS_MAX];
    size_t n;

    if (config_filter_parse(str_of(c->filter), &j->filter, params, CONFIG_FILTER_PARAMS_MAX, &n) < 0)
        j->filter = str_of(c->filter);
    for (size_t i = 0; i < c->n_schedules; i++) {
        const struct jail_schedule *w = &c->schedules[i];
        j->schedules[i] = (struct threshold_schedule){
            .name = w->name, .when = w->when.v, .n_when = w->when.n,
            .values = {w->maxretry, w->unknown, w->trusted, w->countries, w->bantime, w->observe}};
        take_values(j, &j->schedules[i].values);
    }
    j->policy = (struct threshold_policy){
        .values = {c->maxretry, c->unknown, c->trusted, c->countries, c->bantime, c->observe},
        .trust = c->trust, .schedules = j->schedules, .n_schedules = c->n_schedules, .zone = s->zone};
    take_values(j, &j->policy.values);
    s->silence = c->known_for > s->silence ? c->known_for : s->silence;
}

static int open_zone(struct standing *s, struct config_report *report)
{
    const char *name = s->config->firewall.timezone;
    bool wanted = false;

    for (size_t k = 0; k < s->config->n_jails; k++)
        wanted |= s->config->jails[k].enabled && s->config->jails[k].n_schedules > 0;
    int r = wanted ? zone_new(name, &s->zone) : 0;
    if (r == -ENOENT)
        units_tell(report, true, "timezone = %s in [firewall]: not in /usr/share/zoneinfo; a zone such as Europe/Berlin would be "
                   "accepted", name);
    return r;
}

static void open_countries(struct standing *s, struct config_report *report)
{
    const char *path = s->config->firewall.database;
    size_t k = 0;

    while (k < s->config->n_jails && !(s->config->jails[k].enabled && s->jails[k].by_country))
        k++;
    if (k == s->config->n_jails || country_open(path, &s->countries, s->country_problem) == 0)
        return;
    units_tell(report, false, "jail [%s]: maxretry.country does not hold, maxretry does: database in [firewall]: %s",
               s->config->jails[k].name, s->country_problem);
    for (k = 0; k < s->config->n_jails; k++) { // nor "other", which would be everybody then
        s->jails[k].by_country = false;
        s->jails[k].policy.values.countries.n = 0;
        for (size_t i = 0; i < s->jails[k].policy.n_schedules; i++)
            s->jails[k].schedules[i].values.countries.n = 0;
    }
}

int standing_new(const struct config *config, const struct guests *guests, struct config_report *report, struct standing **ret)
{
    struct standing *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->config = config;
    s->guests = guests;
    s->key = hash_key_new();
    s->bound = INT64_MAX;
    s->jails = calloc(config->n_jails ? config->n_jails : 1, sizeof(*s->jails));
    int r = s->jails ? open_zone(s, report) : -ENOMEM;
    if (r == 0)
        r = logins_new(KNOWN_MAX, &s->logins);
    if (r < 0) {
        standing_free(s);
        return r;
    }
    for (size_t k = 0; k < config->n_jails; k++)
        take_jail(s, k);
    open_countries(s, report);
    *ret = s;
    return 0;
}

void standing_free(struct standing *s)
{
    if (!s)
        return;
    logins_free(s->logins);
    country_close(s->countries);
    zone_free(s->zone);
    free(s->jails);
    free(s);
}

const char *standing_country_problem(const struct standing *s)
{
    return s->country_problem;
}

const struct threshold_policy *standing_policy(const struct standing *s, size_t k)
{
    return &s->jails[k].policy;
}

void standing_set_bound(struct standing *s, usec_t now)
{
    s->bound = now;
}

void standing_set_key(struct standing *s, const struct hash_key *key)
{
    s->key = *key;
}

const struct hash_key *standing_key(const struct standing *s)
{
    return &s->key;
}

struct logins *standing_logins(const struct standing *s)
{
    return s->logins;
}

static const struct login *account(const struct standing *s, size_t k, struct str user)
{
    return logins_find(s->logins, login_id(&s->key, s->jails[k].filter, user));
}

// The account without a name stands for everybody: since when anybody has logged in by name.
static bool has_learned(const struct standing *s, size_t k, usec_t t)
{
    const struct jail_config *c = &s->config->jails[k];
    const struct login *everybody = account(s, k, STR(""));

    return everybody && t - everybody->first >= c->learn_for && t - everybody->last <= c->known_for;
}

bool standing_is_learning(const struct standing *s, size_t k, usec_t t)
{
    return s->jails[k].by_account && !has_learned(s, k, t);
}

struct threshold standing_threshold(const struct standing *s, size_t k, const struct addr *a, struct str user, usec_t t,
                                    char country[static 3])
{
    const struct jail_standing *j = &s->jails[k];
    struct threshold_case c = {.time = t, .country = country};

    country[0] = '\0';
    if (j->by_country)
        (void)country_of(s->countries, a, country);
    if (j->policy.trust > 0)
        c.login = guests_last(s->guests, a);
    if (c.login > s->bound) // told by a line that claims to be from later
        c.login = s->bound;
    if (j->by_account && has_learned(s, k, t)) {
        const struct login *known = user.n ? account(s, k, user) : NULL;
        c.learned = true;
        c.stranger = user.n > 0 && (!known || t - known->last > s->config->jails[k].known_for);
    }
    return threshold_of(&j->policy, &c);
}

void standing_login(struct standing *s, size_t k, const struct outcome *o,
                    void (*fn)(void *userdata, const struct logins_change *change), void *userdata)
{
    const struct str names[] = {o->user, STR("")};
    usec_t when = o->time < s->bound ? o->time : s->bound;

    for (size_t i = 0; o->user.n > 0 && when > 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        struct logins_change change = logins_note(s->logins, login_id(&s->key, s->jails[k].filter, names[i]), when, s->silence);
        if (change.told && fn)
            fn(userdata, &change);
    }
}
