// SPDX-License-Identifier: GPL-2.0-or-later
// Whether the rules of others let the control channel in: our accept ends our own chain alone, and their drop wins. Asks
// a packet: one SYN in a network namespace that has a copy of their rules and no way out. Changes nothing.
#ifndef PB_FIREWALL_PROBE_H
#define PB_FIREWALL_PROBE_H

#include "config/firewall.h"
#include "firewall/program.h"

enum fw_way {
    FW_WAY_OPEN,    // the packet arrived
    FW_WAY_CLOSED,  // it did not
    FW_WAY_UNKNOWN, // their rules could not be copied, or there is no tun device
};

enum { FW_BLOCKERS_MAX = 4 };

struct fw_blocker { // whose rules alone keep the packet away
    char name[96];    // "table inet theirs", "iptables (ufw)"
    char remedy[256]; // the command that lets it in
};

struct fw_way_report {
    enum fw_way way;
    char why[256]; // FW_WAY_UNKNOWN: why
    struct fw_blocker blocker[FW_BLOCKERS_MAX];
    size_t n;
};

// Needs CAP_SYS_ADMIN and CAP_NET_ADMIN; IPv4 only.
void fw_probe(const struct firewall_config *c, struct fw_way_report *ret);

#endif
