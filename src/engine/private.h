// SPDX-License-Identifier: GPL-2.0-or-later
// What the parts of the engine share: its fields. Only files of this room include it.
#ifndef PB_ENGINE_PRIVATE_H
#define PB_ENGINE_PRIVATE_H

#include "engine/engine.h"
#include "engine/history.h"
#include "engine/units.h"

struct engine {
    struct engine_options options;
    struct units units;
    struct jail **jails; // [config->n_jails], NULL where disabled or left out
    struct literals *literals;
    struct evidence *evidence;
    struct tally *uncounted;
    struct accounts *accounts;
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

// What a filter's lines came to: to the jails that use it, and to the ban list. userdata: struct unit_context.
void engine_outcome(void *userdata, const struct outcome *o);

#endif
