// SPDX-License-Identifier: GPL-2.0-or-later
// The enforcer without sockets and clock: takes the watcher's messages, judges every entry, keeps sets and list the
// same. Sets and hook themselves are its guard's (keeper.h). Tested with a kernel and a clock of the test's own.
#ifndef PB_ENFORCE_CORE_H
#define PB_ENFORCE_CORE_H

#include "enforce/held.h"
#include "enforce/judge.h"
#include "enforce/limits.h"
#include "enforce/pair.h"
#include "enforce/protocol.h"
#include "enforce/sets.h"

struct enforcer {
    struct limits limits;
    struct own own;
    struct held held;
    struct sets sets;
    struct msg_status status;
    bool syncing;
    bool leftover; // the other back end may hold bans of an earlier run
    usec_t (*realtime)(void);
    usec_t (*monotonic)(void);
    void (*event)(void *userdata, const struct msg_event *); // for watcher and log
    // What the kernel has, all or just this one: -errno.
    int (*list)(void *userdata, const struct prefix *only, list_fn fn, void *fn_userdata);
    int (*tell)(void *userdata, const void *message, size_t size); // to the guard; < 0: not now
    void *userdata;
    usec_t period;    // between two walks through the list
    usec_t next_walk; // monotonic; 0: none is due, for there are no bans
    usec_t full_said; // monotonic; a full set: said once a minute
    struct element batch[MSG_MAX_ENTRIES];
    uint32_t n_batch;
    struct pair_cut cut; // whose open connections are to be ended
};

// Takes over what the sets hold.
void enforcer_start(struct enforcer *e);

// One packet of the watcher; the answer goes into reply (MSG_MAX_SIZE bytes), 0 bytes when there is none. -EBADMSG
// for a packet that no watcher sends: the connection is not worth keeping.
int enforcer_message(struct enforcer *e, const void *packet, size_t size, void *reply, size_t *ret_size);

void enforcer_disconnected(struct enforcer *e);

// What the guard says of the hook; puts back elements that are missing.
void enforcer_hook(struct enforcer *e, const struct pair_hook *m);

// Time goes on: expiry, renewal, the guard's look. When it wants to be called again, monotonic; USEC_FOREVER: only after
// something else happened.
usec_t enforcer_tick(struct enforcer *e);

// Limits or own addresses have changed: bans that they forbid now end.
void enforcer_sweep(struct enforcer *e);

#endif
