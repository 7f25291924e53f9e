// SPDX-License-Identifier: GPL-2.0-or-later
// What the model does with one packet, without a kernel: to tell an administrator beforehand whether he would cut
// himself off. Knows what rules say, not what other rulesets of the machine do.
#ifndef PB_FIREWALL_JUDGE_H
#define PB_FIREWALL_JUDGE_H

#include "firewall/model.h"

struct fw_packet {
    enum fw_hook hook;
    struct addr from, to;
    const char *in, *out;  // interfaces; NULL: none that a rule names
    uint8_t protocol;
    uint16_t port;         // of the destination
    unsigned state;        // one of enum fw_state
    bool syn;
    bool open;             // the time is inside of the windows
    bool no_way_back;      // reverse path
    bool often;            // over every limit
    const char *runtime;   // a set filled at run time that holds the other side's address, or NULL
};

// The rule that ends the packet's way through its hook; NULL when it goes on to the rules of others.
const struct fw_rule *fw_judge(const struct fw_model *m, const struct fw_packet *packet);

#endif
