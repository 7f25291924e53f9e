// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's packet filter, nftables and both kinds of iptables, in one plain form, and what becomes of a packet in
// it that comes from just anybody: an address that no rule names. What is not understood (sets, limits) counts as
// "maybe": a fate is sure only when no maybe stood in the way. Asks no kernel.
#ifndef PB_AUDIT_RULESET_H
#define PB_AUDIT_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    RS_CHAINS_MAX = 8192,
    RS_RULES_MAX = 131072,
    RS_NAME_MAX = 127,
    RS_PORTS_MAX = 16, // of one rule; with more it is a maybe
    RS_PROTOCOLS_MAX = 4,
    RS_DEPTH_MAX = 16,      // the kernel's own limit of jumps
    RS_STEPS_MAX = 1000000, // rules that one packet may meet
};

enum rs_origin { RS_NFT, RS_IPTABLES_NFT, RS_IPTABLES_LEGACY };
enum rs_hook { RS_NO_HOOK, RS_PREROUTING, RS_INPUT, RS_FORWARD, RS_OUTPUT, RS_POSTROUTING, RS_OTHER_HOOK };
enum rs_verdict { RS_ON, RS_ACCEPT, RS_DROP, RS_RETURN, RS_JUMP, RS_GOTO };
enum rs_state { RS_NEW = 1, RS_ESTABLISHED = 2, RS_RELATED = 4, RS_INVALID = 8, RS_UNTRACKED = 16 };
enum { RS_TCP = 6, RS_UDP = 17, RS_GRE = 47 };

enum rs_does {     // bits
    RS_HELPER = 1, // assigns the PPTP helper
    RS_CLAMP = 2,  // sets the TCP maximum segment size
    RS_COUNT = 4,
    RS_LIMIT = 8,      // rate or number of connections
    RS_LOOKUP = 16,    // asks a set
    RS_TRANSLATE = 32, // changes addresses
    RS_PEERS = 64,     // asks our set of addresses that have a control connection
};

struct rs_ports {
    uint16_t first, last;
};

struct rs_rule {
    unsigned chain;
    unsigned sequence;
    enum rs_verdict verdict;
    char target[RS_NAME_MAX + 1]; // of a jump
    // what has to hold, each 0 for anything
    uint8_t family; // 4, 6
    uint8_t protocols[RS_PROTOCOLS_MAX];
    uint8_t n_protocols, n_ports;
    bool not_protocol, not_port;
    struct rs_ports ports[RS_PORTS_MAX]; // of the destination
    unsigned states;                     // enum rs_state bits, any of them
    bool not_state;
    bool loopback, not_loopback; // only what comes in on lo; only what does not
    bool named_source;           // only addresses that are written in the rule
    bool at_server;              // only at the VPN server's addresses, by our own set of them
    bool maybe;                  // and something else
    unsigned does;               // enum rs_does
    unsigned long handle;        // nftables'; iptables: the number in its chain, from 1
};

struct rs_chain {
    enum rs_origin origin;
    uint8_t family; // 4, 6, 0: both
    char family_name[8];
    char table[RS_NAME_MAX + 1], name[RS_NAME_MAX + 1];
    enum rs_hook hook;
    long priority;
    bool drop;       // the policy
    size_t first, n; // of its rules
};

struct ruleset {
    struct rs_chain *chains;
    size_t n_chains;
    struct rs_rule *rules; // by chain, in order
    size_t n_rules;
    bool too_much; // beyond the bounds, or not understood as a whole
};

struct ruleset *ruleset_new(void); // NULL without memory
void ruleset_free(struct ruleset *rs);

// Adds what "nft -j list ruleset" printed; with_iptables: tables of iptables-nft too. -EINVAL for what is no such
// JSON, -ENOMEM.
int ruleset_add_nft(struct ruleset *rs, const char *json, bool with_iptables, bool *ret_has_iptables);

// Adds a listing of iptables-save. -ENOMEM.
int ruleset_add_save(struct ruleset *rs, struct str text, enum rs_origin origin, unsigned family);

// To be called once, when all was added.
void ruleset_sort(struct ruleset *rs);

// For the two above: a new chain or rule (all zero but its chain), NULL beyond the bounds or without memory.
struct rs_chain *ruleset_chain(struct ruleset *rs, enum rs_origin origin, const char *family, const char *table,
                               const char *name);
struct rs_rule *ruleset_rule(struct ruleset *rs, const struct rs_chain *chain);
void rs_rule_protocol(struct rs_rule *r, unsigned protocol); // one more that it may be
void rs_rule_ports(struct rs_rule *r, unsigned long first, unsigned long last);
unsigned rs_state_named(const char *name); // 0: none
unsigned rs_protocol_named(const char *name);

// Whether a chain is pptpban's.
bool rs_is_ours(const struct rs_chain *c);

struct rs_packet {
    uint8_t family; // 4, 6
    uint8_t protocol;
    uint16_t port;  // of the destination
    unsigned state; // one
};

struct rs_fate {
    enum rs_verdict verdict; // RS_ACCEPT, RS_DROP
    bool sure;
    const struct rs_chain *base; // the base chain that decided, NULL: none did
    const struct rs_rule *rule;  // the rule, NULL: the policy
};

// What becomes of a packet to this machine from anywhere but loopback. welcome: of one whose sender our own lists and
// limits let in, so that others' rules decide alone.
struct rs_fate ruleset_judge(const struct ruleset *rs, const struct rs_packet *p, bool welcome);

// The same for the rules of one base chain before that which jumps to chain "stop": RS_ON when none decides.
struct rs_fate ruleset_judge_until(const struct ruleset *rs, const struct rs_chain *base, const char *stop,
                                   const struct rs_packet *p);

#endif
