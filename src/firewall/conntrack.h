// SPDX-License-Identifier: GPL-2.0-or-later
// One question to the kernel's connection tracking.
#ifndef PB_FIREWALL_CONNTRACK_H
#define PB_FIREWALL_CONNTRACK_H

#include "firewall/networks.h"

// Appends the originators and answerers of GRE that went both ways, but addresses of this machine. 0 or -errno; without
// connection tracking there is nobody.
int fw_conntrack_gre(struct fw_networks *ret);

#endif
