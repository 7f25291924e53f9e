// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel has in our sets. Changes nothing.
#ifndef PB_ENFORCE_LIST_H
#define PB_ENFORCE_LIST_H

#include "enforce/sets.h"

// Each calls fn for every entry, or at least for that of only (NULL: all); sets that are not there, or not ours, are empty.
// -EINTR: a change meanwhile interrupted it, some may have come already; -errno.
int list_ipset(struct nfnl *n, const struct limits *l, const struct prefix *only, list_fn fn, void *userdata);
int list_nft(struct nfnl *n, const struct limits *l, const struct prefix *only, list_fn fn, void *userdata);

struct ipset_header {
    bool ours; // type and timeouts
    uint32_t elements, max;
};

// -ENOENT: there is no set of this name. fn is called for the entries when the set is ours; NULL: the header alone.
int ipset_read(struct nfnl *n, const char *name, struct ipset_header *ret, list_fn fn, void *userdata);

// The first of these in nest, of at least so many bytes; NULL when there is none, or no nest.
const struct nlattr *list_find(const struct nlattr *nest, uint16_t type, size_t size);

#endif
