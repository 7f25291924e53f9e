// SPDX-License-Identifier: GPL-2.0-or-later
// From the bans of single addresses to the ban of their network: asks the table, looks for whom it must not meet, and has it
// carried out like any other ban. What counts is policy/networks.h's matter.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/private.h"

static const char refused[] = "the enforcer refused it";

// What was refused is not asked for again with each new offender.
#define REFUSED_FOR (3600 * USEC_SEC)

enum { NETWORKS_MAX = 8192, V4_BITS = 96 }; // a jail; 96 bytes each, and 32 for each offender that is remembered

int engine_networks_new(struct engine *e)
{
    const struct config *c = engine_config(e);
    int r = 0;

    e->networks = calloc(c->n_jails ? c->n_jails : 1, sizeof(struct networks *));
    if (!e->networks)
        return -ENOMEM;
    for (size_t k = 0; r == 0 && k < c->n_jails; k++) {
        const struct jail_config *j = &c->jails[k];
        struct networks_policy policy = {
            .least = j->aggregate,
            .findtime = j->aggregate_findtime,
            .len4 = (uint8_t)(j->aggregate4 + V4_BITS),
            .len6 = j->aggregate6,
        };
        if (e->jails[k] && j->aggregate > 0)
            r = networks_new(&policy, NETWORKS_MAX, &e->networks[k]);
    }
    return r;
}

void engine_networks_free(struct engine *e)
{
    for (size_t k = 0; e->networks && k < engine_config(e)->n_jails; k++)
        networks_free(e->networks[k]);
    free(e->networks);
}

static struct ban ban_of(const struct engine *e, unsigned k, const struct addr *a, const struct outcome *o)
{
    const struct jail_config *c = &engine_config(e)->jails[k];
    const struct network *n = networks_find(e->networks[k], a);
    struct jail_policy p = {.bantime = c->aggregate_bantime, .increment = c->increment, .factor = c->factor, .maximum = c->maximum};
    struct ban ban = {.net = n->net, .since = o->time, .count = networks_count(e->networks[k], n, o->time)};
    unsigned previous = engine_previous(e, c, &ban.net, o->time);
    usec_t length = jail_bantime(&p, p.bantime, previous);

    ban.until = length == USEC_FOREVER ? USEC_FOREVER : o->time + length;
    ban.times = previous + 1;
    strncpy(ban.jail, c->name, JAIL_NAME_MAX);
    return ban;
}

// Why the network must not be banned as a whole, and for whose sake; NULL when nothing is known.
static const char *objection(const struct engine *e, unsigned k, const struct ban *would, struct addr *ret)
{
    const struct engine_callbacks *to = &e->options.callbacks;
    const struct jail_config *c = &engine_config(e)->jails[k];
    const struct network *n = networks_find(e->networks[k], &would->net.addr);

    *ret = would->net.addr;
    if (n->refused && would->since - n->refused < REFUSED_FOR)
        return refused;
    for (size_t i = 0; i < engine_config(e)->n_jails; i++)
        if (e->jails[i] && jail_ignores_within(e->jails[i], &would->net, ret))
            return "it is on the allowlist";
    if (guests_within(e->guests, &would->net, would->since - c->aggregate_findtime, ret))
        return "somebody logged in well from there";
    return to->keep ? to->keep(to->userdata, would, ret) : NULL;
}

// Said once, not with each new offender.
static void keep(struct engine *e, const struct jail_config *c, struct networks *n, const struct ban *would,
                 const struct addr *for_whom, const char *reason)
{
    const struct engine_callbacks *to = &e->options.callbacks;
    const struct network *known = networks_find(n, &would->net.addr);
    bool said = known->kept && would->since - known->kept <= c->aggregate_findtime && addr_eq(&known->kept_for, for_whom);

    networks_keep(n, &would->net.addr, would->since, for_whom, reason);
    e->counters.networks_kept++;
    if (to->kept && !said)
        to->kept(to->userdata, would, for_whom, reason);
}

void engine_offended(struct engine *e, unsigned k, const struct addr *a, const struct outcome *o, bool observe)
{
    const struct jail_config *c = &engine_config(e)->jails[k];
    struct networks *n = e->networks[k];
    struct addr friend;

    if (!n || !networks_offend(n, a, o->time))
        return;
    struct ban ban = ban_of(e, k, a, o);
    const char *reason = objection(e, k, &ban, &friend);
    if (reason) {
        keep(e, c, n, &ban, &friend, reason);
    } else if (engine_carry_out(e, observe, o, &ban)) {
        networks_ban(n, a, o->time);
        e->counters.networks++;
    }
}

static struct networks *named(const struct engine *e, const char *jail)
{
    for (size_t k = 0; k < engine_config(e)->n_jails; k++)
        if (strcmp(engine_config(e)->jails[k].name, jail) == 0)
            return e->networks[k];
    return NULL;
}

const struct network *engine_network(const struct engine *e, const char *jail, const struct addr *a, usec_t t, unsigned *ret_count)
{
    const struct networks *n = named(e, jail);
    const struct network *found = n ? networks_find(n, a) : NULL;

    if (found)
        *ret_count = networks_count(n, found, t);
    return found;
}

void engine_restore_offender(struct engine *e, const struct ban *ban)
{
    struct networks *n = named(e, ban->jail);

    if (!n)
        return;
    if (ban->net.len == 128)
        (void)networks_offend(n, &ban->net.addr, ban->since);
    else
        networks_ban(n, &ban->net.addr, ban->since);
}

void engine_forget_offenders(struct engine *e, const struct prefix *net, usec_t until)
{
    for (size_t k = 0; k < engine_config(e)->n_jails; k++)
        if (e->networks[k])
            networks_forget(e->networks[k], net, until);
}

const struct guests *engine_guests(const struct engine *e)
{
    return e->guests;
}

bool engine_refuse_network(struct engine *e, const struct prefix *net, usec_t t, struct ban *ret_old)
{
    const struct ban *ban = bans_find(e->bans, net);
    struct networks *n = ban && net->len < 128 && ban->count > 0 ? named(e, ban->jail) : NULL;

    if (!n)
        return false;
    networks_refuse(n, &net->addr, t, refused);
    return bans_remove(e->bans, net, ret_old);
}

void engine_restore_guest(struct engine *e, const struct addr *a, usec_t when)
{
    guests_add(e->guests, a, when);
}
