// SPDX-License-Identifier: GPL-2.0-or-later
// The guard of the hook without sockets and clock: keeps sets and hook as they should be, whatever others do to them, and
// tells the enforcer. Knows no ban. Tested with a kernel and a clock of the test's own.
#ifndef PB_ENFORCE_KEEPER_H
#define PB_ENFORCE_KEEPER_H

#include "base/clock.h"
#include "enforce/guard.h"
#include "enforce/hook.h"
#include "enforce/pair.h"

struct keeper {
    struct hook hook;
    const struct hook_ops *leftover; // the other back end, which may hold bans of an earlier run; NULL: none
    struct pair_hook told;           // as the enforcer was told last, but for what happened
    usec_t (*monotonic)(void), (*realtime)(void);
    void (*tell)(void *userdata, const struct pair_hook *);
    void *userdata;
    usec_t lost_since, repair_at, last_repair; // 0: hook is in, no repair due, none yet
    usec_t fight_said;                         // once a minute
    bool hook_lost, elements_lost;             // what the next repair is for
    bool elements_only;                        // the last repair left the hook as it was
    unsigned streak;                           // repairs in quick succession
    uint64_t footprint;                        // of the hook as it was put in; 0: unknown
};

// Puts sets and hook in.
void keeper_start(struct keeper *k);

// What was heard.
void keeper_news(struct keeper *k, const struct guard_news *news);

// Looks at what raises no event; expected: how many elements must be in the kernel.
void keeper_check(struct keeper *k, const uint32_t expected[FAMILIES]);

// Nobody has listened for a while: looks whether the hook is there, repairs it, and has the elements compared.
void keeper_look(struct keeper *k);

// The enforcer has put back elements that were missing.
void keeper_restored(struct keeper *k);

// Repairs that were put off. Returns when to call next, USEC_FOREVER: not needed.
usec_t keeper_tick(struct keeper *k);

// Takes the other back end's sets and hook away, once.
void keeper_retire(struct keeper *k);

#endif
