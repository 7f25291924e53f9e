// SPDX-License-Identifier: GPL-2.0-or-later
// A script for nft, as our renderer writes it, taken apart: the networks of its sets, and all the rest. Knows no kernel
// and no other script.
#ifndef PB_FIREWALL_SCRIPT_NFT_H
#define PB_FIREWALL_SCRIPT_NFT_H

#include <stdbool.h>

#include "firewall/networks.h"

struct fw_script_set {
    char name[32];
    bool v4;
    struct fw_networks networks; // in their order: sorted, apart from each other
    const char *lines; // of the script: "flush set" and "add element", size bytes
    size_t size;
};

struct fw_script {
    struct fw_script_set *sets; // of networks; those that rules fill are none
    size_t n;
    char *rest; // the script without the lines of these sets
};

// script must outlive it. 0, -ENOMEM, -EBADMSG: not written by us. Freed with fw_script_free.
int fw_script_read(const char *script, struct fw_script *ret);
void fw_script_free(struct fw_script *s);

#endif
