// SPDX-License-Identifier: GPL-2.0-or-later
// The seam between the enforcer and the kernel's sets. A back end does as it is told: it keeps no list and judges
// nothing; unit tests put a fake one here.
#ifndef PB_ENFORCE_BACKEND_H
#define PB_ENFORCE_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "enforce/held.h"
#include "enforce/limits.h"
#include "enforce/nfnl.h"

struct element {
    struct prefix net;
    uint32_t timeout; // seconds
    uint32_t count;   // for the comment
    const char *jail; // checked: nothing in it that a comment refuses
    bool known;       // it should be in the set already: its timeout changes
    int error;        // result: 0 or a positive errno
};

struct element_state { // one that the kernel has
    struct prefix net;
    uint32_t left; // seconds
    uint64_t packets, bytes;
};

struct backend {
    const struct backend_ops *ops;
    struct nfnl *nfnl;
    const struct limits *limits;
    int hook_error[FAMILIES]; // of the last hook(): 0, or a positive errno; EEXIST: a foreign set has our name
    void *priv;
};

struct backend_ops {
    const char *name;
    int tick_ms;    // how often check() must look while there are bans
    bool announced; // every change by others raises an event: what is held is what the kernel has

    // Sets and hook as they should be, whatever was there; entries stay. Writes hook_error; 1 when entries were lost
    // on the way, -errno when no family could be served.
    int (*hook)(struct backend *b);

    // All n in as few kernel calls as possible; each element's error is set.
    void (*add)(struct backend *b, struct element *e, size_t n);
    void (*del)(struct backend *b, struct element *e, size_t n); // ENOENT where there was none

    // Calls fn for every entry of both sets, or at least for that of only.
    int (*list)(struct backend *b, const struct prefix *only, void (*fn)(void *userdata, const struct element_state *), void *userdata);

    // What footprint_take() says of the hook that stands. -errno.
    int (*footprint)(struct backend *b, uint64_t *ret);

    // What raises no event: 1 when a hook or set is not ours or not there, 2 when there are fewer entries than
    // expected, 0 when all is well.
    int (*check)(struct backend *b, const uint32_t expected[FAMILIES]);

    // Takes sets and hook away: another back end has all bans now.
    void (*retire)(struct backend *b);
    void (*close)(struct backend *b);
};

extern const struct backend_ops backend_ipset, backend_nftables, backend_none;

// 1 when the kernel holds a native nftables ruleset of somebody else (nothing of iptables-nft), 0, or -errno.
int backend_nft_in_use(struct nfnl *n, const char *our_table);

#endif
