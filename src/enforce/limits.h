// SPDX-License-Identifier: GPL-2.0-or-later
// What the enforcer holds the watcher to, in a binary file that root writes and the watcher cannot: who may ask,
// what must never be banned, how much may be. Reading it parses no text.
#ifndef PB_ENFORCE_LIMITS_H
#define PB_ENFORCE_LIMITS_H

#include <stdint.h>

#include "base/addr.h"

enum { LIMITS_MAX_ALLOW = 4096, LIMITS_MAX_ENTRIES = 1 << 22, LIMITS_MAX_TIMEOUT = 2147483, LIMITS_MAX_SILENT = 60000 };

enum limits_backend { LIMITS_AUTO, LIMITS_IPSET, LIMITS_NFTABLES, LIMITS_NONE, LIMITS_BACKENDS };

struct limits {
    uint32_t watcher_uid;  // the only user, besides root, who may connect
    uint32_t backend;      // enum limits_backend
    uint32_t max_entries;  // 1..LIMITS_MAX_ENTRIES, of each family's set
    uint32_t max_timeout;  // seconds, 60..LIMITS_MAX_TIMEOUT; longer bans are renewed
    uint8_t widest4;       // widest network that may be banned, family bits: 1..32
    uint8_t widest6;       // 1..128
    uint8_t keep_open;     // 1: a ban leaves the offender's open control connections alone
    uint8_t ban_new;       // 1: a ban meets what belongs to no open connection; open ones go on
    uint32_t n_allow;      // 0..LIMITS_MAX_ALLOW
    uint32_t silent_ms;    // a control connection without a first packet is ended after this; 0: never
    uint16_t control_port; // of the PPTP server, TCP
    uint16_t first_packet; // bytes that are one: 1..65535
    uint32_t spare_own;     // 1: never this machine's addresses
    uint32_t spare_gateway; // 1: never its default gateways
    uint64_t max_extent4;  // how many IPv4 addresses all bans together may cover
    uint64_t max_extent6;  // how many IPv6 /64 networks (a narrower ban counts as one)
    char set4[32], set6[32]; // names of the ipsets; letters, digits, '-', '_', '.'
    char table[32];        // name of the nftables table
    struct prefix allow[LIMITS_MAX_ALLOW]; // never banned, nor any network that touches them
};

// Debian's defaults for everything but watcher_uid and the allowlist: pptpban4/pptpban6, table pptpban, /24, /48,
// 2^24 IPv4 addresses (1/256 of all), 2^32 IPv6 /64, 262144 entries; port 1723, the 156 bytes of a
// Start-Control-Connection-Request (RFC 2637, 2.1), one second.
void limits_defaults(struct limits *ret);

// Sorts and merges the allowlist in *l, checks all values (-EINVAL) and replaces path atomically (0644, fsynced).
int limits_write(const char *path, struct limits *l);

// -EBADMSG for a file that is cut off, altered or of another version, -EINVAL for values out of bounds, -errno.
// *ret is unchanged then.
int limits_read(const char *path, struct limits *ret);

// 0 or -EINVAL: what both of the above hold the values to. The allowlist may stand in any order.
int limits_check(const struct limits *l);

#endif
