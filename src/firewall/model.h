// SPDX-License-Identifier: GPL-2.0-or-later
// The base ruleset as data: sets and an ordered list of rules in terms that every packet filter has. Made from the
// configuration and from facts about the machine by a pure function; each renderer only translates. Touches nothing.
//
// What holds for every renderer:
// * Rules of one hook are asked in order; the first that ACCEPTs or DROPs ends the packet's way through this hook of
//   ours. A hook's end lets the packet go on to the rules of others. Other actions go on with the next rule.
// * Every rule counts packets and bytes, also those that match nothing else.
// * A match that is empty matches everything; all matches of a rule must hold.
// * What a platform cannot express is said in a comment in its place.
#ifndef PB_FIREWALL_MODEL_H
#define PB_FIREWALL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "config/firewall.h"
#include "firewall/networks.h"
#include "firewall/window.h"

enum fw_hook {
    FW_PRE,     // first of all, before connection tracking (prerouting, priority raw)
    FW_HELPER,  // where a connection tracking helper can be assigned (nft: prerouting, behind conntrack; iptables: raw)
    FW_INPUT,   // to this machine, before other rulesets
    FW_FORWARD, // through this machine
    FW_MSS,     // through this machine, where packets are changed (mangle)
    FW_NAT,     // on the way out, source NAT
    FW_OUTPUT,  // from this machine
    FW_HOOKS,
};

enum fw_set_kind {
    FW_SET_NETWORKS,  // known when rendered, aggregated; both families in one list (renderers split them)
    FW_SET_ADDRESSES, // filled by rules or at apply time; entries end after timeout
    FW_SET_RUNTIME,   // networks, filled by commands; entries end after timeouts of their own
};

// The names of the sets, also the ones that are only sometimes there. ipset names get the prefix "pptpban-".
extern const char FW_SET_ADMIN[];    // "admin": the administrator's peers while a change waits (runtime)
extern const char FW_SET_TUNNELS[];  // "tunnels": peers whose tunnels were up at apply time (addresses)
extern const char FW_SET_GRE[];      // "gre": without a helper: peers with a living control connection (addresses)
extern const char FW_SET_OVERRIDE[]; // "override": for whom it is always open, while pptpban firewall override holds
                                     // (runtime; for all: 0.0.0.0/1 128.0.0.0/1 ::/1 8000::/1, as ipset takes no /0)

struct fw_set {
    const char *name;        // "allow", "spoofed", "countries", ...; at most 20 letters
    enum fw_set_kind kind;
    const struct prefix *v;  // FW_SET_NETWORKS: n, sorted, neither overlapping nor adjacent (v4-mapped for IPv4)
    size_t n;
    uint32_t timeout;        // FW_SET_ADDRESSES: seconds, of entries that rules add
    uint32_t size;           // FW_SET_ADDRESSES, FW_SET_RUNTIME: most entries
};

enum fw_family { FW_ANY_FAMILY, FW_IPV4, FW_IPV6 };

enum fw_state { // bits
    FW_NEW = 1,
    FW_ESTABLISHED = 2,
    FW_RELATED = 4,
    FW_INVALID = 8,
};

enum { FW_ICMP = 1, FW_TCP = 6, FW_UDP = 17, FW_GRE = 47, FW_ICMP6 = 58 }; // IANA's protocol numbers

struct fw_match {
    enum fw_family family;
    const struct strlist *in, *out; // interfaces, any of them; a trailing '+' stands for the rest of the name; NULL: all
    const char *source, *dest;      // set or NULL
    bool not_source, not_dest;      // not in the set
    bool local;                     // the destination is an address of this machine
    uint8_t protocol;               // FW_TCP ...; 0: any
    const struct fw_port *port;     // destination ports, any of n_ports, each with its protocol (protocol is then 0 or
                                    // that of all of them)
    size_t n_ports;
    bool syn;                       // TCP: SYN without ACK, FIN, RST
    unsigned state;                 // enum fw_state bits, any of them; 0: not looked at
    const struct fw_windows *windows; // NULL: always; else the time is inside of one of them
    bool not_windows;                 // ... is in none
    bool reverse_path_fails;        // no route back to the source through the interface that it came by; never true of
                                    // the unspecified address (DHCP, duplicate address detection), nor of IPv6 addresses
                                    // of the link alone: their route is there or not, whoever sends (a client of PPP asks
                                    // for routers before our end of its link has an address)
    struct fw_rate over;            // n > 0: the source does this more often
    uint32_t more_than;             // n > 0: the source has more connections than this that match the rule's
                                    // protocol and ports
    const char *meter;              // name of the table that over or more_than need
};

enum fw_action {
    FW_COUNT,      // nothing but counting
    FW_ACCEPT,
    FW_DROP,       // with a prefix: tells the log first, at most at log rate
    FW_LOG,        // tells the log with prefix, at most at log rate, and goes on
    FW_ADD,        // puts the source into set, or makes its entry young again
    FW_ASSIGN,     // assigns the PPTP connection tracking helper
    FW_CLAMP,      // TCP maximum segment size to what the route carries
    FW_MASQUERADE, // source becomes the address of the interface
};

struct fw_rule {
    enum fw_hook hook;
    const char *id;  // short and unique: "gre-unsolicited"; renderers carry it as a comment where they can
    const char *why; // half a sentence for whoever reads the ruleset
    struct fw_match match;
    enum fw_action action;
    const char *set;    // FW_ADD
    const char *prefix; // FW_LOG, FW_DROP (or NULL): "pptpban-gre: "
    struct fw_rate log; // with a prefix
};

// What the log lines begin with; filters/pptpban-firewall.conf reads them.
extern const char FW_LOG_NEW[];     // "pptpban-new: "      a new control connection was let in
extern const char FW_LOG_REFUSED[]; // "pptpban-refused: "  one was not
extern const char FW_LOG_GRE[];     // "pptpban-gre: "      GRE that belongs to no control connection
extern const char FW_LOG_SPOOF[];   // "pptpban-spoof: "    a source that cannot be there
extern const char FW_LOG_OUTBOUND[]; // "pptpban-outbound: " this machine wanted out; not for the filter

// What no file says: the machine, and what was looked up for the configuration. All views, alive while the model is.
struct fw_facts {
    bool helper;                          // the kernel has the PPTP helper (or will load it)
    const struct fw_windows *windows;     // of config->open, or NULL
    const struct prefix *countries;       // of allow_countries or deny_countries
    size_t n_countries;
    const struct prefix *allowlist;       // of all jails' ignoreip: one list serves the blocker and the firewall
    size_t n_allowlist;
};

struct fw_model {
    struct fw_set *sets;
    size_t n_sets;
    struct fw_rule *rules; // by hook, in the order in which they are asked
    size_t n_rules;
    struct fw_networks *own; // what the sets' networks point at
    struct fw_port *control; // and the rules of the control channel
};

// Builds the model; what is rendered depends on these two alone, and both must outlive it. -ENOMEM. Freed with
// fw_model_free.
int fw_model_build(const struct firewall_config *config, const struct fw_facts *facts, struct fw_model *ret);
void fw_model_free(struct fw_model *m);

const struct fw_set *fw_model_set(const struct fw_model *m, const char *name); // NULL: the model has none such

#endif
