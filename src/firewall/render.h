// SPDX-License-Identifier: GPL-2.0-or-later
// Renderers: the model as text for one packet filter. The same model gives the same bytes. Each is a file of its own
// and a line in the table; none reads anything but the model.
#ifndef PB_FIREWALL_RENDER_H
#define PB_FIREWALL_RENDER_H

#include <stdio.h>

#include "firewall/model.h"

struct fw_format {
    const char *name;      // of show --format: "nftables", "iptables", "pf", "pfsense", "opnsense", "aws-nacl", ...
    const char *what;      // half a sentence for help and manual
    const char *validator; // what the tests check its output with; NULL: it could only be checked by reading, and the
                           // output itself says "unvalidated"
    // Writes it all to out. 0, or -errno of writing.
    int (*render)(const struct fw_model *m, FILE *out);
};

extern const struct fw_format fw_formats[]; // the last one has no name

const struct fw_format *fw_format_find(const char *name);

// What "nftables" and "iptables" are made of, for those who apply them. The table and the chains of ours:
extern const char FW_NFT_TABLE[]; // "pptpban_fw" (family inet)

// Every set is two, one a family: NAME4 and NAME6 (nft), pptpban-NAME4 and pptpban-NAME6 (ipset). All rules carry their
// id as comment, nothing else does; the chain "revision" and PPTPBAN-REV are not the renderers'.

// One atomic nft script: add table, sets and chains, flush the chains and the sets that the model fills, add all rules.
// Never deletes the table, never empties sets that live at run time (override, tunnels, gre, admin).
int fw_render_nftables(const struct fw_model *m, FILE *out);

// The first lines of it alone: the table and its sets, empty, which change no packet's way. Who loads the whole for the
// first time loads this before: nft 1.0 sends the elements of a set twice when the set is made in the same transaction
// (100,000 networks: 1.2 s instead of 0.7 s).
int fw_render_nftables_frame(const struct fw_model *m, FILE *out);

// The parts of the iptables rendering, each for a program of its own: ipset restore (sets, to be run first), and one
// iptables-restore --noflush text a family with the tables raw, mangle, nat, filter in it. Chains are PPTPBAN-...;
// where jumps into them have to stand is said in jumps, one argument vector of iptables a line.
enum fw_iptables_part { FW_IPT_SETS, FW_IPT_V4, FW_IPT_V6, FW_IPT_PARTS };
int fw_render_iptables_part(const struct fw_model *m, enum fw_iptables_part part, FILE *out);

struct fw_jump { // iptables -t table -I hook 1 -j chain
    const char *table, *hook, *chain;
};
extern const struct fw_jump fw_jumps[]; // the last one has no table

#endif
