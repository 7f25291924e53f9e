// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of networks without overlaps and neighbours. Knows no packet filter.
#ifndef PB_FIREWALL_NETWORKS_H
#define PB_FIREWALL_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct fw_networks {
    struct prefix *v;
    size_t n;
};

// Sorts n networks and makes one of those that overlap or are halves of one; returns the number that remains.
size_t fw_aggregate(struct prefix *v, size_t n);

// Sorts n networks and leaves out those that are there already, for lists that know no networks but single addresses;
// returns the number that remains.
size_t fw_unique(struct prefix *v, size_t n);

// Appends a copy; 0 or -ENOMEM. v is freed by the owner.
int fw_networks_add(struct fw_networks *l, const struct prefix *v, size_t n);

#endif
