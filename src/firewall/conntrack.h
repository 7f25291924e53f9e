// SPDX-License-Identifier: GPL-2.0-or-later
// One question to the kernel's connection tracking.
#ifndef PB_FIREWALL_CONNTRACK_H
#define PB_FIREWALL_CONNTRACK_H

#include <stdint.h>

#include "firewall/networks.h"

struct fw_flow {
    struct addr from, to; // who began it, and whom with
    bool answered, has_bytes; // bytes: where the kernel counts them (nf_conntrack_acct)
    uint64_t bytes_from, bytes_to;
};

typedef void (*fw_flow_fn)(void *userdata, const struct fw_flow *flow);

// Calls each with every flow of GRE. 0 or -errno; -EPERM for who may not ask.
int fw_conntrack_walk(fw_flow_fn each, void *userdata);

// Appends the originators and answerers of GRE that went both ways, but addresses of this machine. 0 or -errno; without
// connection tracking there is nobody.
int fw_conntrack_gre(struct fw_networks *ret);

#endif
