// SPDX-License-Identifier: GPL-2.0-or-later
// The rules that the kernel holds now, asked for through the hooks. Judges nothing.
#ifndef PB_AUDIT_KERNEL_RULES_H
#define PB_AUDIT_KERNEL_RULES_H

#include "audit/ruleset.h"
#include "audit/view.h"

struct kernel_rules {
    int error;                          // why nothing can be said: -EPERM, -EOPNOTSUPP (a directory, no machine), ...
    struct ruleset *rs;                 // NULL on error
    bool native;                        // there are nftables rules that are no iptables' and not ours
    bool iptables_nft, iptables_legacy; // there are such tables
    bool half;                          // one of the programs to list iptables is missing: its rules are maybes
};

// -ENOMEM. Freed with kernel_rules_free.
int kernel_rules_read(const struct audit_root *root, struct kernel_rules *ret);
void kernel_rules_free(struct kernel_rules *k);

// TCP and UDP ports at which this machine listens for others than itself.
struct listener {
    uint8_t protocol; // RS_TCP, RS_UDP
    uint16_t port;
    bool v4, v6;
};
enum { LISTENERS_MAX = 256 };

// The number of listeners found, each port once, sorted; -errno.
int listeners_read(const struct audit_root *root, struct listener ret[LISTENERS_MAX]);

#endif
