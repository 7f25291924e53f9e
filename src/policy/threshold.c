// SPDX-License-Identifier: GPL-2.0-or-later
// The order in which thresholds take each other's place; threshold.h says it in words.
#include "policy/threshold.h"

#include <stdio.h>
#include <string.h>

const char *const threshold_rules[RULE_MAX] = {
    [RULE_NONE] = "",
    [RULE_MAXRETRY] = "maxretry",
    [RULE_COUNTRY] = "maxretry.country",
    [RULE_UNKNOWN] = "maxretry.unknown",
    [RULE_TRUST] = "trust.maxretry",
};

static const struct threshold_schedule *schedule_at(const struct threshold_policy *p, usec_t t)
{
    int64_t second = t / USEC_SEC - (t % USEC_SEC < 0);
    int64_t local = p->n_schedules > 0 ? second + zone_offset(p->zone, second) : 0;

    for (size_t i = p->n_schedules; i-- > 0;)
        if (week_holds(p->schedules[i].when, p->schedules[i].n_when, local))
            return &p->schedules[i];
    return NULL;
}

static struct threshold_reason reason_of(enum threshold_rule rule, unsigned max, const struct threshold_schedule *s)
{
    struct threshold_reason r = {.rule = (uint8_t)rule, .max = (uint16_t)max};

    if (s)
        snprintf(r.schedule, sizeof(r.schedule), "%s", s->name);
    return r;
}

struct threshold threshold_of(const struct threshold_policy *p, const struct threshold_case *c)
{
    const struct threshold_schedule *s = schedule_at(p, c->time);
    const struct threshold_values *v = s ? &s->values : &p->values;
    const struct country_max *there = country_max_of(&v->countries, c->country);
    struct threshold t = {.bantime = v->bantime, .observe = v->observe};

    t.total = reason_of(there ? RULE_COUNTRY : RULE_MAXRETRY, there ? there->max : v->maxretry, s);
    if (there)
        snprintf(t.total.country, sizeof(t.total.country), "%s", c->country);
    // A line from before the login that is known, read again after a restart, is one of a trusted address as well.
    if (p->trust > 0 && c->login > 0 && c->time - c->login <= p->trust) {
        t.trusted_until = c->login + p->trust;
        if (v->trusted > t.total.max)
            t.total = reason_of(RULE_TRUST, v->trusted, s);
        return t;
    }
    if (v->unknown > 0 && c->learned) {
        t.unknown = reason_of(RULE_UNKNOWN, v->unknown, s);
        t.stranger = c->stranger;
    }
    return t;
}

static unsigned most_of(const struct threshold_values *v)
{
    unsigned most = v->maxretry > v->trusted ? v->maxretry : v->trusted;

    for (size_t i = 0; i < v->countries.n; i++)
        if (v->countries.v[i].max > most)
            most = v->countries.v[i].max;
    return most;
}

unsigned threshold_room(const struct threshold_policy *p)
{
    unsigned most = most_of(&p->values);

    for (size_t i = 0; i < p->n_schedules; i++)
        if (most_of(&p->schedules[i].values) > most)
            most = most_of(&p->schedules[i].values);
    return most;
}

const char *threshold_format(const struct threshold_reason *r, char buf[static REASON_STRLEN])
{
    int n = 0;

    buf[0] = '\0';
    if (r->rule == RULE_COUNTRY)
        n = snprintf(buf, REASON_STRLEN, "maxretry.country = %s:%u", r->country[0] ? r->country : "other", r->max);
    else if (r->rule != RULE_NONE && r->rule < RULE_MAX)
        n = snprintf(buf, REASON_STRLEN, "%s = %u", threshold_rules[r->rule], r->max);
    if (n > 0 && r->schedule[0])
        snprintf(buf + n, REASON_STRLEN - (size_t)n, ", schedule %s", r->schedule);
    return buf;
}

const char *threshold_remark(const struct threshold_reason *r, char buf[static REASON_STRLEN])
{
    char text[REASON_STRLEN];

    buf[0] = '\0';
    if (r->rule != RULE_NONE && (r->rule != RULE_MAXRETRY || r->schedule[0]))
        snprintf(buf, REASON_STRLEN, " (%.*s)", REASON_STRLEN - 4, threshold_format(r, text));
    return buf;
}
