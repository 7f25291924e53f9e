// SPDX-License-Identifier: GPL-2.0-or-later
// The rules of our nftables table, asked of the kernel without the entries of its sets: nft(8) fetches all of them for
// every listing, which takes seconds where a set has 100,000.
#ifndef PB_FIREWALL_RULES_NFT_H
#define PB_FIREWALL_RULES_NFT_H

#include <stdbool.h>

// One line a rule: its chain, what it counted (with counters) and its comment, as nft(8) writes them. "" when there is no
// such table. The caller's to free. 0 or -errno.
int fw_nft_rules(const char *table, bool counters, char **ret_text);

// The comment of the rule that was added last, by whomever; "" when it has none, or there is no rule. 0 or -errno.
int fw_nft_last_rule(const char *table, char comment[static 64]);

#endif
