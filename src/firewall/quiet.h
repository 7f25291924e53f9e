// SPDX-License-Identifier: GPL-2.0-or-later
// Asks the guards of ours not to listen to nf_tables while a large ruleset goes in: the kernel writes an announcement of
// every element as soon as anybody listens. What they do meanwhile and afterwards is said in enforce/hold.h.
#ifndef PB_FIREWALL_QUIET_H
#define PB_FIREWALL_QUIET_H

enum { FW_LISTENERS = 2 };

struct fw_quiet {
    int fd[FW_LISTENERS]; // -1: nobody listens there, or does so all the same
};

// Returns when they are deaf, or half a second is over. Never fails: it makes things fast, not right. directory: of the
// limits file. script: for nft, NULL for what makes no announcements; a small one disturbs nobody. Ended with fw_quiet_end.
void fw_quiet_begin(const char *directory, const char *script, struct fw_quiet *ret);
void fw_quiet_end(struct fw_quiet *q);

#endif
