// SPDX-License-Identifier: GPL-2.0-or-later
// Sets and hook of each back end: makes them, tells whether they stand, takes them away. Does as it is told, and touches
// no element (sets.h does); unit tests put a kernel of their own here.
#ifndef PB_ENFORCE_HOOK_H
#define PB_ENFORCE_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "enforce/held.h"
#include "enforce/limits.h"
#include "enforce/nfnl.h"

struct hook {
    const struct hook_ops *ops;
    struct nfnl *nfnl;
    const struct limits *limits;
    int error[FAMILIES]; // of the last put(): 0, or a positive errno; EEXIST: a foreign set has our name
    void *priv;
};

struct hook_ops {
    const char *name;
    bool silent; // changes of the sets raise no event: check() must look, while there are bans

    // Sets and hook as they should be, whatever was there; entries stay. Writes error; 1 when entries were lost on the
    // way, -errno when no family could be served.
    int (*put)(struct hook *h);

    // What footprint_take() says of the hook that stands. -errno.
    int (*footprint)(struct hook *h, uint64_t *ret);

    // What raises no event: 1 when a hook or set is not ours or not there, 2 when there are fewer entries than
    // expected, 0 when all is well.
    int (*check)(struct hook *h, const uint32_t expected[FAMILIES]);

    // Takes sets and hook away: another back end has all bans now.
    void (*retire)(struct hook *h);
    void (*close)(struct hook *h);
};

extern const struct hook_ops hook_ipset, hook_nftables, hook_none;

// 1 when the kernel holds a native nftables ruleset of somebody else (nothing of iptables-nft), 0, or -errno.
int hook_nft_in_use(struct nfnl *n, const char *our_table);

#endif
