// SPDX-License-Identifier: GPL-2.0-or-later
// Our base ruleset in the kernel of this network namespace, by one tool: check, apply, list, snapshot, remove. Touches
// nothing but the table, chains, jumps and sets that are ours. Needs CAP_NET_ADMIN.
#ifndef PB_FIREWALL_KERNEL_H
#define PB_FIREWALL_KERNEL_H

#include "firewall/program.h"
#include "firewall/ruleset.h"

struct fw_fill { // what becomes the content of a set that is filled at run time
    const char *set;
    const struct prefix *v;
    size_t n;
    uint32_t seconds; // entries end after these
};

// All return 0, or -errno with *error saying why.
struct fw_kernel {
    // Dry run: the kernel says whether it would take the ruleset. Changes nothing.
    int (*check)(const struct fw_ruleset *r, struct fw_error *error);
    // Checks and installs it; what was installed before is replaced at once, sets that live at run time are kept. A
    // failure may leave sets behind, and with iptables rules of one family: restore() mends that. No rule is in force
    // before the fills.
    int (*apply)(const struct fw_ruleset *r, const struct fw_fill *fills, size_t n, struct fw_error *error);
    // What is installed now, as a text that restore() takes; "" when nothing is. The caller's to free.
    int (*snapshot)(enum fw_tool tool, char **ret_text, struct fw_error *error);
    int (*restore)(enum fw_tool tool, const char *snapshot, struct fw_error *error);
    // Takes everything of ours out; nothing there is no failure.
    int (*remove)(enum fw_tool tool, struct fw_error *error);
    // The rules as the kernel has them, without entries of sets; "" when there are none.
    int (*list)(enum fw_tool tool, bool counters, char **ret_text, struct fw_error *error);
    // A set that is not there is -ENOENT.
    int (*fill)(enum fw_tool tool, const struct fw_fill *fill, struct fw_error *error);
};

const struct fw_kernel *fw_kernel_of(enum fw_tool tool);

// The tool for this configuration and machine. -ENOENT with *error when it has none.
int fw_tool_choose(enum fw_backend backend, enum fw_tool *ret, struct fw_error *error);

// True when iptables-legacy has rules, whosever; and when those stand beside nftables: packets pass both.
bool fw_legacy_rules(void);
bool fw_both_kinds(void);

// Copies the revision that the listing carries into buf; "" when it carries none.
void fw_revision_of(const char *listing, char buf[static FW_REVISION_LEN + 1]);

// A line of a listing: this chain is there, and nothing jumps to it any more.
#define FW_MISSING_JUMP "#jump to "

// True when every comment of the ruleset's rules is in the listing as often, and no jump is missing; else missing names
// the first that is not.
bool fw_listing_complete(const struct fw_ruleset *r, const char *listing, char missing[static 64]);

struct fw_counter {
    char id[64]; // of the rule
    unsigned long long packets, bytes;
};

// The counters of a listing that has them, one an id (those of both families added up); returns how many, up to max.
size_t fw_counters_of(const char *listing, struct fw_counter *ret, size_t max);

extern const struct fw_kernel fw_kernel_nft, fw_kernel_iptables; // behind fw_kernel_of()

#endif
