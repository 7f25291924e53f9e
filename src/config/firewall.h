// SPDX-License-Identifier: GPL-2.0-or-later
// [firewall] of pptpban.conf as plain data: what the administrator wants. Knows no packet filter.
#ifndef PB_CONFIG_FIREWALL_H
#define PB_CONFIG_FIREWALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/week.h"
#include "config/lists.h"

enum {
    FIREWALL_PORTS_MAX = 32,
    FIREWALL_INTERFACES_MAX = 16,
    FIREWALL_COUNTRIES_MAX = 260,
    FIREWALL_WINDOWS_MAX = 32,
    FIREWALL_ALLOW_MAX = 131072, // allow_from, deny_from
};

// FW_IPTABLES: whichever of the two the machine's iptables is.
enum fw_backend { FW_AUTO, FW_NFTABLES, FW_IPTABLES, FW_IPTABLES_NFT, FW_IPTABLES_LEGACY, FW_BACKENDS };

struct fw_port { // a range of ports of one protocol: 22/tcp, 6000-6100/udp
    uint8_t protocol; // 6, 17
    uint16_t first, last;
};

struct fw_port_list {
    struct fw_port *v;
    size_t n;
};

struct fw_rate { // n events per seconds, and burst more at once; n == 0: no limit
    uint32_t n, seconds; // seconds: 1, 60, 3600 or 86400
    uint32_t burst;
};

struct fw_open_list {
    struct week_part *v;
    size_t n; // 0: always open
};

struct firewall_config {
    bool enabled;
    unsigned backend;              // enum fw_backend
    struct strlist interface;      // public ones; empty: all but loopback and tunnels
    struct prefix_list address;    // of the VPN server; empty: all of this machine
    unsigned port;                 // of the control channel: 1723
    struct prefix_list allow_from; // who may connect; empty: anyone (but see the countries)
    struct prefix_list deny_from;  // who may not
    struct strlist allow_countries, deny_countries; // ISO 3166 codes; one of the two
    char *database;                // MaxMind format
    struct fw_rate rate;           // new control connections of one source
    unsigned connections;          // at once of one source; 0: no limit
    struct prefix_list spoofed;    // sources that cannot be on the public interface
    bool reverse_path;             // nor those without a way back
    struct fw_port_list management; // ports only for admin_from
    struct prefix_list admin_from;
    bool mss;                      // clamp
    unsigned gre;                  // enum fw_gre
    bool log;
    struct fw_rate log_rate;
    struct fw_open_list open;      // when new control connections are let in
    char *timezone;                // of open; "" : that of the machine
    bool outside_end;              // outside of open: end what is connected, too
    bool ban_new;                  // ban_scope = new: bans meet new connections only
    struct strlist tunnels;        // interfaces of the clients: ppp+
    struct prefix_list pool;       // addresses of the clients
    struct prefix_list forward_to; // what they may reach; empty: all
    bool client_to_client;
    bool masquerade;
    bool default_drop;             // what is not allowed above ends, at the VPN addresses
    bool outbound_drop;            // and so does what this machine sends, but established, DNS and outbound
    struct fw_port_list outbound;
    usec_t confirm;                // how long a change waits for pptpban firewall confirm
};

extern const char *const fw_backend_names[FW_BACKENDS];

enum fw_gre { FW_GRE_AUTO, FW_GRE_HELPER, FW_GRE_PEERS, FW_GRE_WAYS };

#endif
