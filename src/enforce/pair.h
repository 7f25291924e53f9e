// SPDX-License-Identifier: GPL-2.0-or-later
// What the enforcer and its guard of the hook say to each other: fixed-size structures on SOCK_SEQPACKET pairs, one a
// packet. The enforcer knows what is banned and writes the sets' elements; the guard reads the limits, makes sets and hook,
// and hears nobody but the kernel and root. Each ends when the other does.
//
//   guard     PAIR_LIMITS, PAIR_OWN, PAIR_BACKEND   what to keep to, and which sets there may be from an earlier run
//   enforcer  PAIR_GO                               has taken over what they hold
//   guard     PAIR_HOOK                             sets and hook are in, or why not; and then whenever that changes
//   enforcer  PAIR_READY                            is locked in, and serves
//
// On a second pair the enforcer asks what the kernel has, and waits for the answer (struct pair_list).
#ifndef PB_ENFORCE_PAIR_H
#define PB_ENFORCE_PAIR_H

#include <stddef.h>
#include <stdint.h>

#include "enforce/judge.h"
#include "enforce/limits.h"
#include "enforce/protocol.h"
#include "enforce/sets.h"

enum { PAIR_FD = 3, PAIR_LIST_FD = 4, PAIR_LISTEN_FD = 5 }; // as start.h leaves them; the watcher comes to the last one

enum pair_type {
    PAIR_LIMITS, // to the enforcer: struct pair_limits; at the start, and after PAIR_RELOAD
    PAIR_OWN,    // struct pair_own
    PAIR_BACKEND, // struct pair_hook
    PAIR_HOOK,   // struct pair_hook
    PAIR_PING,   // either way: struct pair_look; the enforcer returns it
    PAIR_GO,     // to the guard: struct pair_look, with port
    PAIR_READY,  // struct pair_look
    PAIR_LOOK,   // struct pair_look, with expected: look at what raises no event
    PAIR_RESTORED, // struct pair_look: elements were missing, and are back
    PAIR_RETIRE, // struct pair_look: the other back end's bans are all in this one now
    PAIR_RELOAD, // struct pair_look: the limits are to be read again
    PAIR_CUT,    // struct pair_cut: end these networks' open control connections
};

struct pair_hook {
    uint32_t type;
    uint32_t backend; // enum limits_backend, never LIMITS_AUTO
    struct msg_hook state;
    struct msg_event event;     // what = 0: nothing happened
    uint32_t foreign[FAMILIES]; // 1: a set of another type has our name
    uint32_t elements; // 1: elements may be missing
    uint32_t tick_ms;  // how often to look while there are bans
};

struct pair_limits {
    uint32_t type;
    uint32_t other_sets; // 1: other sets or another hook are wanted: both end, to begin anew
    struct limits limits;
};

struct pair_own {
    uint32_t type;
    struct own own;
};

struct pair_look {
    uint32_t type;
    uint32_t port;               // netlink port of the enforcer, whose changes are no news
    uint32_t expected[FAMILIES]; // elements that must be in the kernel
};

struct pair_cut {
    uint32_t type, n;
    struct msg_net nets[MSG_MAX_ENTRIES];
};

union pair_message {
    uint32_t type;
    struct pair_hook hook;
    struct pair_limits limits;
    struct pair_own own;
    struct pair_look look;
    struct pair_cut cut;
};

struct pair_list {
    uint32_t seq; // repeated in the answer
    uint32_t one; // 1: this net alone; 0: all there are
    struct prefix net;
};

enum { PAIR_ENTRIES = 512 };

struct pair_entries { // any number of packets; the last one says so
    uint32_t seq, last;
    int32_t error; // 0 or -errno
    uint32_t n;
    struct element_state v[PAIR_ENTRIES];
};

#define PAIR_ENTRIES_SIZE(n) (offsetof(struct pair_entries, v) + (n) * sizeof(struct element_state))
#define PAIR_CUT_SIZE(n) (offsetof(struct pair_cut, nets) + (n) * sizeof(struct msg_net))

#endif
