// SPDX-License-Identifier: GPL-2.0-or-later
// Internet addresses and networks as values. IPv4 is kept as ::ffff:a.b.c.d, so one table, one ring and one
// message serve both families. Never resolves names.
#ifndef PB_BASE_ADDR_H
#define PB_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct addr {
    uint8_t b[16];
};

// A network: the bits behind len are zero. len counts in the 128 bits: an IPv4 /24 is 120.
struct prefix {
    struct addr addr;
    uint8_t len;
};

enum { ADDR_STRLEN = INET6_ADDRSTRLEN, PREFIX_STRLEN = INET6_ADDRSTRLEN + 4 };

static inline bool addr_is_v4(const struct addr *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

static inline bool addr_eq(const struct addr *a, const struct addr *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

// The address written in s, whole: dotted quad (no leading zeros, four parts) or IPv6 without zone and brackets;
// ::ffff:a.b.c.d is IPv4. -EINVAL otherwise.
int addr_parse(struct str s, struct addr *ret);

// From a struct sockaddr_in or sockaddr_in6; -EAFNOSUPPORT for any other family.
int addr_from_sockaddr(const struct sockaddr *sa, struct addr *ret);

// The canonical text (RFC 5952; IPv4 dotted) into buf; returns buf.
const char *addr_format(const struct addr *a, char buf[static ADDR_STRLEN]);

// "ADDR" or "ADDR/LEN" with LEN in the family's own bits; bits behind the length are cleared. -EINVAL otherwise.
int prefix_parse(struct str s, struct prefix *ret);

// "ADDR" for a single host, else "ADDR/LEN" in the family's own bits; returns buf.
const char *prefix_format(const struct prefix *p, char buf[static PREFIX_STRLEN]);

// The network of a with len (of 128) bits.
struct prefix prefix_of(const struct addr *a, uint8_t len);

bool prefix_contains(const struct prefix *p, const struct addr *a);

// True when the two share an address.
bool prefix_overlaps(const struct prefix *p, const struct prefix *q);

static inline bool prefix_eq(const struct prefix *p, const struct prefix *q)
{
    return p->len == q->len && addr_eq(&p->addr, &q->addr);
}

// The length in the family's own bits: 0..32 for IPv4, 0..128 for IPv6.
static inline unsigned prefix_family_len(const struct prefix *p)
{
    return addr_is_v4(&p->addr) && p->len >= 96 ? p->len - 96u : p->len;
}

// Addresses that can never be a remote attacker: unspecified, loopback, multicast, limited broadcast.
bool addr_is_unbannable(const struct addr *a);

#endif
