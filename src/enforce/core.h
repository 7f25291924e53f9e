// SPDX-License-Identifier: GPL-2.0-or-later
// The enforcer without sockets and clock: takes the watcher's messages, judges every entry, keeps kernel and list the
// same, repairs what others break. Tested with a back end and a clock of the test's own.
#ifndef PB_ENFORCE_CORE_H
#define PB_ENFORCE_CORE_H

#include "enforce/backend.h"
#include "enforce/guard.h"
#include "enforce/held.h"
#include "enforce/judge.h"
#include "enforce/limits.h"
#include "enforce/protocol.h"

struct enforcer {
    struct limits limits;
    struct own own;
    struct held held;
    struct backend backend;
    const struct backend_ops *leftover; // the other back end, which may hold bans of an earlier run; NULL: none
    struct msg_status status;
    bool syncing;
    usec_t (*realtime)(void);
    usec_t (*monotonic)(void);
    void (*event)(void *userdata, const struct msg_event *); // for watcher and log
    void (*cut)(void *userdata); // ends the open control connections of whom enforcer_holds(); NULL: nobody's
    void *userdata;
    bool cut_due;
    usec_t last_cut;                           // monotonic
    usec_t next_walk;                          // monotonic; 0: none is due, for there are no bans
    usec_t lost_since, repair_at, last_repair; // monotonic; 0: hook is in, no repair due, none yet
    usec_t full_said, fight_said;              // monotonic; a full set, a fight: said once a minute
    bool hook_lost, elements_lost;             // what the next repair is for
    unsigned streak;                           // repairs in quick succession
    uint64_t footprint;                        // of the hook as it was put in; 0: unknown
    struct element batch[MSG_MAX_ENTRIES];
    uint32_t n_batch;
};

// Puts the hook in and takes over what the sets hold.
void enforcer_start(struct enforcer *e);

// One packet of the watcher; the answer goes into reply (MSG_MAX_SIZE bytes), 0 bytes when there is none. -EBADMSG
// for a packet that no watcher sends: the connection is not worth keeping.
int enforcer_message(struct enforcer *e, const void *packet, size_t size, void *reply, size_t *ret_size);

void enforcer_disconnected(struct enforcer *e);

// What the guard heard.
void enforcer_news(struct enforcer *e, const struct guard_news *news);

// Nobody has listened for a while: looks whether hook and entries are there, and repairs what is missing.
void enforcer_look(struct enforcer *e);

// Time goes on: expiry, renewal, the check of what raises no event, repairs that were put off. When it wants to be
// called again, monotonic; USEC_FOREVER: only after something else happened.
usec_t enforcer_tick(struct enforcer *e);

// True while a, alone or in a network, is banned.
bool enforcer_holds(const struct enforcer *e, const struct addr *a);

// Limits or own addresses have changed: bans that they forbid now end.
void enforcer_sweep(struct enforcer *e);

#endif
