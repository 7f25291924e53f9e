// SPDX-License-Identifier: GPL-2.0-or-later
// The elements of the kernel's sets: puts them in, takes them out. Makes no set (hook.h does), lists none (list.h), and
// judges nothing; unit tests put a kernel of their own here.
#ifndef PB_ENFORCE_SETS_H
#define PB_ENFORCE_SETS_H

#include <stdbool.h>
#include <stdint.h>

#include "enforce/held.h"
#include "enforce/limits.h"
#include "enforce/nfnl.h"

struct element {
    struct prefix net;
    uint32_t timeout; // seconds
    uint32_t was;     // what core.c goes back to when the kernel refuses: until when it would keep the element as it was
    uint32_t count;   // for the comment
    const char *jail; // checked: nothing in it that a comment refuses
    bool known;       // it should be in the set already: its timeout changes
    int error;        // result: 0 or a positive errno
};

struct element_state { // one that the kernel has
    struct prefix net;
    uint32_t left; // seconds; UINT32_MAX: for ever
    uint64_t packets, bytes;
};

typedef void (*list_fn)(void *userdata, const struct element_state *);

struct sets {
    const struct sets_ops *ops; // NULL: only observes
    struct nfnl *nfnl;
    const struct limits *limits;
    bool foreign[FAMILIES]; // a set of another type has our name: nothing may be put there
};

struct sets_ops {
    bool announced; // every change by others raises an event: what is held is what the kernel has
    size_t most;    // elements of one request

    // One request for n > 0 elements. -errno when the kernel refused one of them: then nothing or some of it has happened.
    int (*change)(struct sets *s, bool adding, const struct element *e, size_t n);
};

extern const struct sets_ops sets_ipset, sets_nftables;

// All n in as few requests as possible, so that one that the kernel refuses does not cost the others; each element's
// error is set.
void sets_change(struct sets *s, bool adding, struct element *e, size_t n);

// What a comment in the set says. Returns its length with the NUL.
enum { SETS_COMMENT = 64 };
size_t sets_comment(const struct element *e, char buf[static SETS_COMMENT]);

// --- for those who make and list the sets

enum { NFT_SETS = 4 };

struct nft_kind { // hosts apart from networks
    const char *name;
    enum family family;
    size_t key_len;
    bool interval;
};

extern const struct nft_kind nft_kinds[NFT_SETS];

#endif
