// SPDX-License-Identifier: GPL-2.0-or-later
// What no single key of pptpban.conf can tell: values that make no sense together. Reads no files.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/loader.h"

// A key of a jail (or of one of its schedules) that has no sense there; told where it is written, if it is.
__attribute__((format(printf, 6, 7))) static void tell_key(struct loader *l, bool fatal, enum scope scope, const char *section,
                                                           const char *key, const char *fmt, ...)
{
    const struct inifile *f = NULL;
    const struct inifile_entry *e = loader_last(l, scope, section, key, &f);
    char value[SHOWN_MAX + 4], text[512];
    va_list ap;

    if (!e)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    loader_tell(l, fatal, "%s:%u: %s = %s: %s", f->path, e->line, e->key, loader_shown(e->value, value), text);
}

static bool is_said(const struct loader *l, enum scope scope, const char *section, const char *key)
{
    const struct inifile *f;

    return loader_last(l, scope, section, key, &f) != NULL;
}

// The thresholds of a jail, or of one of its schedules.
struct thresholds {
    enum scope scope;
    const char *section;
    unsigned maxretry, unknown, trusted;
    const struct country_list *countries;
};

static void check_thresholds(struct loader *l, const struct jail_config *j, const struct thresholds *t)
{
    unsigned typo = j->weight[CLASS_AUTH];

    if (t->unknown >= t->maxretry && t->countries->n == 0)
        tell_key(l, true, t->scope, t->section, "maxretry.unknown", "in [%s] maxretry = %u is reached first; less, or 0 for no such "
                 "rule, would be accepted", t->section, t->maxretry);
    if (t->unknown > 0 && typo >= t->unknown)
        tell_key(l, false, t->scope, t->section, "maxretry.unknown", "in [%s] one failure as an unknown account bans, and a mistyped "
                 "name is one; %u or more would not", t->section, typo + 1);
    for (size_t i = 0; i < t->countries->n; i++) {
        const struct country_max *m = &t->countries->v[i];
        if (typo >= m->max)
            tell_key(l, false, t->scope, t->section, "maxretry.country", "in [%s] one failure from %s bans, and a mistyped password is "
                     "one; %s:%u or more would not", t->section, m->code[0] ? m->code : "elsewhere", m->code[0] ? m->code : "other",
                     typo + 1);
    }
    if (j->trust > 0 && t->trusted <= t->maxretry)
        tell_key(l, true, t->scope, t->section, is_said(l, t->scope, t->section, "trust.maxretry") ? "trust.maxretry" : "trust",
                 "in [%s] it would help nobody, as maxretry is %u; trust.maxretry with more would be accepted", t->section,
                 t->maxretry);
    if (j->trust == 0 && t->trusted > 0)
        tell_key(l, true, t->scope, t->section, "trust.maxretry", "in [%s] nobody is trusted; trust with a time such as 30d as well "
                 "would be accepted", t->section);
}

static void check_schedule(struct loader *l, const struct jail_config *j, const struct jail_schedule *s)
{
    char section[CONFIG_JAIL_NAME_MAX + CONFIG_SCHEDULE_NAME_MAX + 2];

    snprintf(section, sizeof(section), "%s@%s", j->name, s->name);
    if (s->when.n == 0)
        loader_tell(l, true, "%s:%u: [%s]: it is never that time; when = Mon-Fri 22:00-06:00 or the like would be accepted", s->file,
                    s->line, section);
    if (j->weight[CLASS_AUTH] >= s->maxretry)
        tell_key(l, false, SCOPE_SCHEDULE, section, "maxretry", "in [%s] one failure bans, and a mistyped password is one; %u or more "
                 "would not", section, j->weight[CLASS_AUTH] + 1u);
    check_thresholds(l, j, &(struct thresholds){SCOPE_SCHEDULE, section, s->maxretry, s->unknown, s->trusted, &s->countries});
    if (s->countries.n > 0 && !is_said(l, SCOPE_SCHEDULE, section, "maxretry.country"))
        tell_key(l, false, SCOPE_SCHEDULE, section, "maxretry", "not for the countries that maxretry.country of [%s] names; "
                 "maxretry.country in [%s] would change it for them", j->name, section);
}

// A network that the enforcer would refuse is never tried; and one address says nothing of its neighbours.
static void check_aggregate(struct loader *l, const struct jail_config *j)
{
    const struct config *c = l->config;
    const struct {
        const char *key, *bound;
        unsigned is, widest, most;
    } families[] = {{"aggregate.ipv4", "widest4", j->aggregate4, c->widest4, 32}, {"aggregate.ipv6", "widest6", j->aggregate6, c->widest6, 128}};
    const struct inifile *f = NULL;
    const struct inifile_entry *e = loader_last(l, SCOPE_JAIL, j->name, "aggregate", &f);

    if (!j->enabled || !e)
        return; // 0 unless it is said somewhere
    if (j->aggregate == 1)
        loader_tell(l, true, "%s:%u: %s = %s: in [%s] each ban would meet a whole network; 0, or 2 to 64, would be accepted", f->path,
             e->line, e->key, e->value, j->name);
    for (size_t i = 0; j->aggregate > 0 && i < 2; i++) {
        if (families[i].is >= families[i].widest)
            continue;
        const struct inifile_entry *own = loader_last(l, SCOPE_JAIL, j->name, families[i].key, &f);
        if (!own)
            own = e;
        loader_tell(l, true, "%s:%u: %s = %s: %s = %u of [%s] is wider than %s = %u of [pptpban], which the enforcer holds to; "
             "%u to %u would be accepted", f->path, own->line, own->key, own->value, families[i].key, families[i].is, j->name,
             families[i].bound, families[i].widest, families[i].widest, families[i].most);
    }
}

// A jail that goes by account remembers so many addresses of each.
static void check_account(struct loader *l, const struct jail_config *j)
{
    if (!j->enabled || !j->by_account)
        return;
    if (j->maxretry < 2 || j->maxretry > CONFIG_ACCOUNT_ADDRESSES_MAX)
        tell_key(l, true, SCOPE_JAIL, j->name, "maxretry", "with key = account of [%s] these are different addresses; 2 to %d would "
                 "be accepted", j->name, CONFIG_ACCOUNT_ADDRESSES_MAX);
    if (j->weight[CLASS_AUTH] == 0)
        tell_key(l, true, SCOPE_JAIL, j->name, "count", "with key = account of [%s] failures as an account count, which are of the "
                 "class auth; auth=1 would be accepted", j->name);
}

void sense_check_jail(struct loader *l, struct jail_config *j)
{
    const struct inifile *f = NULL;
    const struct inifile_entry *e;
    unsigned total = 0, typo = j->weight[CLASS_AUTH];
    char bantime[DURATION_STRLEN], value[SHOWN_MAX + 4];

    if (j->bantime > j->maximum) {
        e = loader_last(l, SCOPE_JAIL, j->name, "bantime.maximum", &f);
        bool told = e && e == l->told; // by the jail before, of [DEFAULT]
        if (e && j->increment && !told)
            loader_tell(l, true, "%s:%u: %s = %s: shorter than bantime = %s of [%s]; at least that would be accepted", f->path,
                 e->line, e->key, e->value, duration_format(j->bantime, bantime), j->name);
        else
            j->maximum = j->bantime;
        l->told = e;
    }
    for (size_t i = 0; i < CLASS_MAX; i++)
        total += j->weight[i];
    e = loader_last(l, SCOPE_JAIL, j->name, "count", &f);
    if (total == 0 && j->enabled && e)
        loader_tell(l, true, "%s:%u: %s = %s: [%s] would count nothing; a weight above 0 would be accepted", f->path, e->line,
             e->key, e->value, j->name);
    e = loader_last(l, SCOPE_JAIL, j->name, "maxretry", &f);
    if (!e)
        e = loader_last(l, SCOPE_JAIL, j->name, "count", &f);
    if (j->enabled && typo >= j->maxretry && e)
        loader_tell(l, false, "%s:%u: %s = %s: in [%s] one failure bans, and a mistyped password is one; maxretry = %u or more would not",
             f->path, e->line, e->key, loader_shown(e->value, value), j->name, typo + 1);
    check_account(l, j);
    check_aggregate(l, j);
    if (j->enabled)
        check_thresholds(l, j, &(struct thresholds){SCOPE_JAIL, j->name, j->maxretry, j->unknown, j->trusted, &j->countries});
    for (size_t i = 0; i < j->n_schedules; i++)
        check_schedule(l, j, &j->schedules[i]);
    if (!loader_last(l, SCOPE_JAIL, j->name, "enabled", &f))
        loader_tell(l, false, "%s:%u: [%s]: not enabled; enabled = yes would start it", j->file, j->line, j->name);
}

// A key of [firewall] that another key makes senseless.
static void check_pair(struct loader *l, bool wrong, const char *key, const char *text)
{
    const struct inifile *f = NULL;
    const struct inifile_entry *e = wrong ? loader_last(l, SCOPE_FIREWALL, "firewall", key, &f) : NULL;
    char value[SHOWN_MAX + 4];

    if (e)
        loader_tell(l, true, "%s:%u: %s = %s: %s", f->path, e->line, e->key, loader_shown(e->value, value), text);
}

static void check_firewall(struct loader *l)
{
    const struct firewall_config *c = &l->config->firewall;

    check_pair(l, c->allow_countries.n > 0 && c->deny_countries.n > 0, "deny_countries",
               "allow_countries is set as well; one of the two would be accepted");
    check_pair(l, c->management.n > 0 && c->admin_from.n == 0, "management",
               "nobody could reach them; admin_from with the networks of the administrators would be accepted");
    check_pair(l, c->pool.n == 0 && c->masquerade, "masquerade", "of whom? pool with the clients' addresses would be accepted");
    check_pair(l, c->outside_end && c->open.n == 0, "outside", "there is no outside; open with times would be accepted");
}

void sense_check_config(struct loader *l)
{
    const struct config *c = l->config;
    bool enabled = false;

    check_firewall(l);
    for (size_t i = 0; i < c->n_jails; i++) {
        const struct jail_config *j = &c->jails[i];
        enabled = enabled || j->enabled;
        if (j->enabled && j->increment && j->decay != USEC_FOREVER && j->decay > c->history)
            loader_tell(l, false, "%s:%u: [%s]: bantime.decay is longer than history in [pptpban], which forgets earlier",
                 j->file, j->line, j->name);
    }
    if (!enabled)
        loader_tell(l, false, "%s: no jail is enabled; nothing will be watched", l->files[l->n_files > 1 ? 1 : 0]->path);
}
