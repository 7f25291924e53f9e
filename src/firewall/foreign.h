// SPDX-License-Identifier: GPL-2.0-or-later
// The IPv4 packet filters of others on this machine, as texts that can be loaded again elsewhere. Changes nothing.
#ifndef PB_FIREWALL_FOREIGN_H
#define PB_FIREWALL_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

#include "firewall/program.h"

enum { FW_FOREIGN_MAX = 32 };

enum fw_foreign_kind { FW_FOREIGN_NFT, FW_FOREIGN_IPTABLES_NFT, FW_FOREIGN_IPTABLES_LEGACY };

struct fw_foreign_rules {
    enum fw_foreign_kind kind;
    char name[96]; // "table inet theirs", "iptables", "iptables-legacy (ufw)"
    char *text;
};

struct fw_foreign {
    char *sets; // of ipset
    struct fw_foreign_rules v[FW_FOREIGN_MAX];
    size_t n;
};

// All but ours. 0 or -errno with *error. Freed with fw_foreign_free.
int fw_foreign_read(struct fw_foreign *ret, struct fw_error *error);
void fw_foreign_free(struct fw_foreign *f);

// Into the network namespace that the caller is in. 0 or -errno with *error.
int fw_foreign_load_sets(const struct fw_foreign *f, struct fw_error *error);
int fw_foreign_load(const struct fw_foreign_rules *r, struct fw_error *error);

// The command by which its owner lets TCP to this port in.
void fw_foreign_remedy(const struct fw_foreign_rules *r, uint16_t port, char *buf, size_t size);

#endif
