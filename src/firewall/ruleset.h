// SPDX-License-Identifier: GPL-2.0-or-later
// A model rendered for one kind of packet filter: texts with a revision, kept in files. Knows no kernel.
#ifndef PB_FIREWALL_RULESET_H
#define PB_FIREWALL_RULESET_H

#include "firewall/model.h"

enum fw_tool { FW_TOOL_NFT, FW_TOOL_IPTABLES_NFT, FW_TOOL_IPTABLES_LEGACY, FW_TOOLS };
extern const char *const fw_tool_names[FW_TOOLS]; // "nftables", "iptables-nft", "iptables-legacy"

enum fw_part { FW_PART_NFT, FW_PART_SETS, FW_PART_V4, FW_PART_V6, FW_PARTS };
enum { FW_REVISION_LEN = 16 };

struct fw_ruleset {
    enum fw_tool tool;
    char *part[FW_PARTS]; // those of the tool; the others are NULL
    char revision[FW_REVISION_LEN + 1]; // of all texts; the ruleset carries it as a comment, so the kernel can be asked
};

// What the comment of the rule without effect looks like that carries the revision.
#define FW_REVISION_COMMENT "pptpban-revision-"

// In nftables another such rule tells what is the same as long as the networks of sets alone change.
#define FW_RULES_COMMENT "pptpban-rules-"

// 0 or -ENOMEM. Freed with fw_ruleset_free.
int fw_ruleset_make(const struct fw_model *m, enum fw_tool tool, struct fw_ruleset *ret);
void fw_ruleset_free(struct fw_ruleset *r);
int fw_ruleset_copy(const struct fw_ruleset *r, struct fw_ruleset *ret); // 0 or -ENOMEM

// Into one file, whole or not at all, on the disk when it returns (0600). -errno.
int fw_ruleset_save(const struct fw_ruleset *r, const char *path);

// -ENOENT, -EBADMSG for a file that is cut off or altered, -errno. The file must be root's and nobody else's to write.
int fw_ruleset_load(const char *path, struct fw_ruleset *ret);

#endif
