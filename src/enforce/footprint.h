// SPDX-License-Identifier: GPL-2.0-or-later
// Tells whether a table is still the one that we made, when nobody has told of changes. Changes nothing.
#ifndef PB_ENFORCE_FOOTPRINT_H
#define PB_ENFORCE_FOOTPRINT_H

#include "enforce/nfnl.h"

// A number that changes with tables of this name (in any family), their chains and rules: the kernel gives each object
// a handle that no other one of the table ever gets. Entries of sets do not count, nor what packets do. -errno.
int footprint_take(struct nfnl *n, const char *table, uint64_t *ret);

#endif
