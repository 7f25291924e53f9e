// SPDX-License-Identifier: GPL-2.0-or-later
// Elements of our nftables sets by netlink, without text: a transaction that makes a set hold just what it shall. Touches
// no rule but those of the chain "revision", which no packet comes to.
#ifndef PB_FIREWALL_ELEMENTS_NFT_H
#define PB_FIREWALL_ELEMENTS_NFT_H

#include "enforce/nfnl.h"
#include "firewall/kernel.h"
#include "firewall/script_nft.h"

struct fw_batch { // a transaction in the making
    struct nfnl nfnl;
    size_t room;    // of nfnl.buffer
    size_t changes; // elements that go or come
    bool in_parts;
};

// in_parts: for new sets, which are empty and which no rule knows; their elements go in as they come, some thousands at a
// time. The kernel keeps 4 KiB for each element of a transaction as soon as anybody listens to its announcements. 0 or
// -errno; closed in any case.
int fw_batch_open(struct fw_batch *b, bool in_parts);
void fw_batch_close(struct fw_batch *b);

// Asks the kernel what the set holds, and puts what differs. 0, -ENOENT: there is no such set, -errno.
int fw_batch_set(struct fw_batch *b, const struct fw_script_set *set);

// Puts the fill in the place of what the set holds.
void fw_batch_fill(struct fw_batch *b, const struct fw_fill *fill);

// Replaces the rules of the chain "revision": one a comment, in this order.
void fw_batch_comments(struct fw_batch *b, const char *const *comments, size_t n);

// All that was put happens or nothing. -errno.
int fw_batch_commit(struct fw_batch *b);

#endif
