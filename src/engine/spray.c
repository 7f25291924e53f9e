// SPDX-License-Identifier: GPL-2.0-or-later
// Jails that go by account: from a failure to the bans of those who spray, whoever of them had logged in well left out. What
// spraying is, is policy/spray.h's matter.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/private.h"

_Static_assert((int)CONFIG_ACCOUNT_ADDRESSES_MAX == (int)ACCOUNTS_ADDRESSES, "maxretry of a jail by account");

// So long after a good login nobody is banned for failures as an account that others spray.
#define GUEST_FOR (30 * 86400 * USEC_SEC)

int engine_sprays_new(struct engine *e)
{
    const struct config *c = engine_config(e);
    int r = 0;

    e->sprays = calloc(c->n_jails ? c->n_jails : 1, sizeof(struct spray *));
    if (!e->sprays)
        return -ENOMEM;
    for (size_t k = 0; r == 0 && k < c->n_jails; k++) {
        const struct jail_config *j = &c->jails[k];
        struct spray_policy policy = {
            .addresses = j->maxretry, .tries = j->tries, .findtime = j->findtime, .max_addresses = j->max_addresses};
        if (e->jails[k] && j->by_account)
            r = spray_new(&policy, e->accounts, &e->sprays[k]);
    }
    return r;
}

void engine_sprays_free(struct engine *e)
{
    for (size_t k = 0; e->sprays && k < engine_config(e)->n_jails; k++)
        spray_free(e->sprays[k]);
    free(e->sprays);
}

static struct ban ban_of(const struct engine *e, const struct jail_config *c, const struct spray_offender *who, usec_t bantime, usec_t t)
{
    struct jail_policy p = {.increment = c->increment, .factor = c->factor, .maximum = c->maximum};
    struct ban ban = {.net = prefix_of(&who->addr, 128), .since = t, .count = who->count};
    unsigned previous = engine_previous(e, c, &ban.net, t);
    usec_t length = jail_bantime(&p, bantime, previous);

    ban.until = length == USEC_FOREVER ? USEC_FOREVER : t + length;
    ban.times = previous + 1;
    strncpy(ban.jail, c->name, JAIL_NAME_MAX);
    return ban;
}

// What becomes of one who is to be banned.
static enum verdict_kind offend(struct engine *e, unsigned k, const struct outcome *o, const struct spray_offender *who,
                                const struct threshold *holds, struct ban *ret)
{
    const struct engine_callbacks *to = &e->options.callbacks;
    const struct jail_config *c = &engine_config(e)->jails[k];
    usec_t guest = guests_last(e->guests, &who->addr);

    if (jail_ignores(e->jails[k], &who->addr))
        return VERDICT_IGNORED;
    if (engine_is_banned(e, c, holds, &who->addr, o->time))
        return VERDICT_BANNED;
    *ret = ban_of(e, c, who, holds->bantime, o->time);
    if ((guest && o->time - guest <= GUEST_FOR) || (to->spare && to->spare(to->userdata, ret, o))) {
        e->counters.spared++;
        return VERDICT_SPARED;
    }
    return VERDICT_BAN;
}

// Once for a while, however many come.
static void tell_sprayed(struct engine *e, const struct jail_config *c, const struct account *account, usec_t t)
{
    const struct engine_callbacks *to = &e->options.callbacks;
    unsigned addresses = accounts_spread(account, t, c->findtime);

    if (to->sprayed && addresses >= c->maxretry && accounts_tell(e->accounts, account, t, c->findtime))
        to->sprayed(to->userdata, c, account, addresses);
}

void engine_judge_account(struct engine *e, unsigned k, const struct outcome *o, const struct account *account)
{
    const struct engine_callbacks *to = &e->options.callbacks;
    const struct jail_config *c = &engine_config(e)->jails[k];
    struct spray_offender who[ACCOUNTS_ADDRESSES + 1];
    struct verdict v = {.kind = VERDICT_NOTHING, .addr = o->addr};
    struct ban bans[ACCOUNTS_ADDRESSES + 1];
    unsigned n = 0, banned = 0;
    char country[3];

    if (to->decided && to->decided(to->userdata, c->name, o)) {
        e->counters.muted++;
        return;
    }
    struct threshold holds = standing_threshold(e->standing, k, &o->addr, o->user, o->time, country);
    if (jail_ignores(e->jails[k], &o->addr))
        v.kind = VERDICT_IGNORED;
    else if (engine_is_banned(e, c, &holds, &o->addr, o->time))
        v.kind = VERDICT_BANNED;
    if (account)
        n = spray_failure(e->sprays[k], account, &o->addr, o->time, v.kind == VERDICT_NOTHING, who, &v.count);
    e->counters.ignored += v.kind == VERDICT_IGNORED;
    evidence_add(e->evidence, o, c->name);
    for (unsigned i = 0; i < n; i++) {
        enum verdict_kind kind = offend(e, k, o, &who[i], &holds, &bans[banned]);
        banned += kind == VERDICT_BAN;
        if (addr_eq(&who[i].addr, &o->addr)) {
            v.kind = kind;
            v.until = kind == VERDICT_BAN ? bans[banned - 1].until : 0;
        }
    }
    engine_tell(e, c->name, o, &v);
    if (account)
        tell_sprayed(e, c, account, o->time);
    for (unsigned i = 0; i < banned; i++) {
        engine_decide(e, k, o, &bans[i], holds.observe);
        spray_ban(e->sprays[k], &bans[i].net.addr, o->time);
    }
}

void engine_sprays_forget(struct engine *e, const struct addr *a)
{
    for (size_t k = 0; k < engine_config(e)->n_jails; k++)
        if (e->sprays[k])
            spray_forget(e->sprays[k], a);
}

unsigned engine_spray(const struct engine *e, const char *jail, const struct addr *a, usec_t t,
                      struct spray_look ret[static SPRAY_TRIES_MAX])
{
    for (size_t k = 0; k < engine_config(e)->n_jails; k++)
        if (e->sprays[k] && strcmp(engine_config(e)->jails[k].name, jail) == 0)
            return spray_look(e->sprays[k], a, t, ret);
    return 0;
}
