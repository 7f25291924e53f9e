// SPDX-License-Identifier: GPL-2.0-or-later
// What the parts of the engine share: its fields. Only files of this room include it.
#ifndef PB_ENGINE_PRIVATE_H
#define PB_ENGINE_PRIVATE_H

#include "engine/engine.h"
#include "engine/history.h"
#include "engine/standing.h"
#include "engine/units.h"
#include "policy/guests.h"
#include "policy/networks.h"
#include "policy/spray.h"

struct engine {
    struct engine_options options;
    struct units units;
    struct jail **jails; // [config->n_jails], NULL where disabled or left out
    struct literals *literals;
    struct evidence *evidence;
    struct tally *uncounted;
    struct accounts *accounts;
    struct guests *guests;
    struct networks **networks; // [config->n_jails], NULL where none are banned as a whole
    struct spray **sprays; // [config->n_jails], NULL for jails that go by address
    struct standing *standing;
    struct bans *bans, *observed;
    struct history *history; // replay only
    struct engine_counters counters;
    char here[65]; // this machine's name
    // How long before a failure its session may have begun: the longest in this findtime and in the one before.
    struct span {
        usec_t since, longest, before;
    } span;
    struct unit_context {
        struct engine *engine;
        unsigned unit;
    } context[UNITS_MAX];
};

static inline const struct config *engine_config(const struct engine *e)
{
    return e->options.config;
}

static inline bool engine_is_replay(const struct engine *e)
{
    return e->options.mode != ENGINE_LIVE;
}

// How many bans the network had before.
unsigned engine_previous(const struct engine *e, const struct jail_config *c, const struct prefix *net, usec_t t);

// Into the ban list, the history, and to whoever carries it out. False when the list has no room.
bool engine_carry_out(struct engine *e, bool observe, const struct outcome *o, const struct ban *ban);

void engine_tell(struct engine *e, const char *jail, const struct outcome *o, const struct verdict *v);
bool engine_is_banned(const struct engine *e, const struct jail_config *c, const struct threshold *holds, const struct addr *a, usec_t t);
void engine_decide(struct engine *e, unsigned k, const struct outcome *o, const struct ban *ban, bool observe);

// Jails that go by account (spray.c). account: NULL when o names none.
int engine_sprays_new(struct engine *e);
void engine_sprays_free(struct engine *e);
void engine_judge_account(struct engine *e, unsigned k, const struct outcome *o, const struct account *account);
void engine_sprays_forget(struct engine *e, const struct addr *a);

// The networks that are banned as a whole (aggregate.c). engine_offended: jail k has banned a on its own, as o led to.
int engine_networks_new(struct engine *e);
void engine_networks_free(struct engine *e);
void engine_offended(struct engine *e, unsigned k, const struct addr *a, const struct outcome *o, bool observe);

// What a filter's lines came to: to the jails that use it, and to the ban list. userdata: struct unit_context.
void engine_outcome(void *userdata, const struct outcome *o);

#endif
