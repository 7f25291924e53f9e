// SPDX-License-Identifier: GPL-2.0-or-later
// Between the engine's networks and spared addresses, state, log and control socket.
#include "daemon/aggregate.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/answers_room.h"
#include "daemon/spare.h"
#include "daemon/state.h"
#include "host/tunnels.h"

enum { OFFENDER_LINE = 120 }; // of the text that is kept

// --- whom it must not meet -----------------------------------------------------------------------------------

struct tunnel_search {
    const struct prefix *net;
    struct addr *ret;
};

static int is_from_within(void *userdata, const struct host_tunnel *t)
{
    struct tunnel_search *q = userdata;

    if (!t->has_outer || !prefix_contains(q->net, &t->outer))
        return 0;
    *q->ret = t->outer;
    return 1;
}

const char *aggregate_keep(void *userdata, const struct ban *would, struct addr *ret)
{
    struct service *s = userdata;
    struct tunnel_search q = {.net = &would->net, .ret = ret};
    enum spare_kind why = spare_find_within(s->spare, &would->net, ret);

    if (why != SPARE_MAX)
        return spare_reason(why);
    return host_each_tunnel(NULL, is_from_within, &q) > 0 ? "a tunnel from there is open" : NULL;
}

void aggregate_kept(void *userdata, const struct ban *would, const struct addr *for_whom, const char *reason)
{
    char net[PREFIX_STRLEN], addr[ADDR_STRLEN];

    (void)userdata;
    if (would->until > clock_realtime()) // not an old log
        log_notice("%s is not banned as a whole by %s, though %u of its addresses were: %s: %s",
                   prefix_format(&would->net, net), would->jail, would->count, addr_format(for_whom, addr), reason);
}

// --- said and written ----------------------------------------------------------------------------------------

usec_t aggregate_findtime(const struct config *c)
{
    usec_t longest = 0;

    for (size_t k = 0; k < c->n_jails; k++)
        if (c->jails[k].enabled && c->jails[k].aggregate > 0 && c->jails[k].aggregate_findtime > longest)
            longest = c->jails[k].aggregate_findtime;
    return longest;
}

// One line for each address that led to it.
static void offenders_text(const struct network *n, const struct ban *ban, char *out, size_t size)
{
    size_t used = 0;

    *out = '\0';
    for (unsigned i = 0; n && i < n->n && size - used > OFFENDER_LINE; i++) {
        char who[PREFIX_STRLEN];
        used += (size_t)snprintf(out + used, size - used, "%lld\t%s\tnetwork\tban\t\t%s was banned\n",
                                 (long long)n->from[i].when, ban->jail, prefix_format(&n->from[i].who, who));
    }
}

void aggregate_record(struct service *s, struct ledger *l, const struct ban *ban, const struct ban *listed,
                      const struct position *decided, enum announce_kind kind)
{
    unsigned count;
    const struct network *n = engine_network(s->engine, ban->jail, &ban->net.addr, ban->since, &count);
    char text[64 * OFFENDER_LINE + 1];

    offenders_text(n, ban, text, sizeof(text));
    if (listed)
        ledger_put_ban_text(l, listed, decided, text);
    announce_network(s, ban, kind, n);
}

// --- a restart -----------------------------------------------------------------------------------------------

static bool is_by_hand(const struct decision *d)
{
    static const uint8_t nowhere[sizeof(d->position.file)];

    return memcmp(d->position.file, nowhere, sizeof(nowhere)) == 0;
}

static int restore_decision(void *userdata, const struct decision *d)
{
    const struct service *s = userdata;
    const struct jail_config *jail = answer_jail(s->config, d->jail);
    struct ban ban = {.net = d->net, .since = d->since, .until = d->until};

    if (!jail || is_by_hand(d) || d->until <= d->since || d->observe != engine_observes(s->engine, d->jail, d->since))
        return 0;
    memcpy(ban.jail, d->jail, sizeof(ban.jail));
    engine_restore_offender(s->engine, &ban);
    return 0;
}

// Of a state that was damaged only the bans that go on are left.
static int restore_ban(void *userdata, const struct ban *ban)
{
    const struct service *s = userdata;

    if (ban->count > 0)
        engine_restore_offender(s->engine, ban);
    return 0;
}

static int restore_forgiven(void *userdata, const struct decision *d)
{
    const struct service *s = userdata;

    if (!d->jail[0])
        engine_forget_offenders(s->engine, &d->net, d->settled);
    return 0;
}

static int restore_guest(void *userdata, const struct addr *a, usec_t when)
{
    const struct service *s = userdata;

    engine_restore_guest(s->engine, a, when);
    return 0;
}

void aggregate_restore(struct service *s)
{
    unsigned bad;

    (void)state_each_guest(s->state, restore_guest, s, &bad);
    if (aggregate_findtime(s->config) == 0)
        return;
    (void)state_each_decision(s->state, restore_decision, s, &bad);
    bans_each(engine_bans(s->engine), restore_ban, s);
    (void)state_each_decision(s->state, restore_forgiven, s, &bad);
}

// --- why -----------------------------------------------------------------------------------------------------

static json_t *kept_object(const struct network *n)
{
    char addr[ADDR_STRLEN];

    if (!n->kept)
        return json_null();
    return json_pack("{s:I,s:s,s:s}", "time", (json_int_t)(n->kept / USEC_SEC), "addr", addr_format(&n->kept_for, addr), "reason",
                     n->kept_reason);
}

static json_t *network_object(const struct service *s, const struct jail_config *c, const struct network *n, unsigned count)
{
    bool observe = engine_observes(s->engine, c->name, clock_realtime());
    const struct ban *ban = bans_find(observe ? engine_observed(s->engine) : engine_bans(s->engine), &n->net);
    json_t *addresses = json_array();
    char text[PREFIX_STRLEN];

    for (unsigned i = 0; i < n->n; i++)
        json_array_append_new(addresses, json_pack("{s:s,s:I}", "addr", prefix_format(&n->from[i].who, text), "time",
                                                   (json_int_t)(n->from[i].when / USEC_SEC)));
    return json_pack("{s:s,s:s,s:i,s:i,s:I,s:o,s:o,s:o}", "jail", c->name, "net", prefix_format(&n->net, text), "count", (int)count,
                     "aggregate", (int)c->aggregate, "findtime", (json_int_t)(c->aggregate_findtime / USEC_SEC), "since",
                     ban && n->banned ? json_integer(ban->since / USEC_SEC) : json_null(), "kept", kept_object(n), "addresses",
                     addresses);
}

json_t *aggregate_objects(const struct service *s, const struct addr *a)
{
    json_t *array = json_array();
    unsigned count;

    for (size_t k = 0; k < s->config->n_jails; k++) {
        const struct jail_config *c = &s->config->jails[k];
        const struct network *n = engine_network(s->engine, c->name, a, clock_realtime(), &count);
        if (n)
            json_array_append_new(array, network_object(s, c, n, count));
    }
    return array;
}
