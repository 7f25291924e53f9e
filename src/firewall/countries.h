// SPDX-License-Identifier: GPL-2.0-or-later
// Networks of countries from a database in MaxMind's format (maxmind.github.io/MaxMind-DB, version 2.0).
#ifndef PB_FIREWALL_COUNTRIES_H
#define PB_FIREWALL_COUNTRIES_H

#include <stdint.h>

#include "config/lists.h"
#include "firewall/networks.h"
#include "firewall/program.h"

// Appends the networks of these countries (ISO codes), aggregated. 0, or -errno with *error naming the database and what
// is wrong with it; a country that it does not know is -ENOENT too: a ruleset without it would not be what was wanted.
int fw_countries_networks(const char *database, const struct strlist *codes, struct fw_networks *ret,
                          struct fw_error *error);

struct fw_country {
    char code[3];
    uint32_t networks4, networks6; // aggregated
    uint64_t addresses4;           // IPv4 addresses
    uint64_t addresses6;           // IPv6 /64 networks
};

// What the database has of each of the countries; NULL codes: of all, sorted by code. ret has room for max; *ret_n are
// filled. 0 or -errno with *error.
int fw_countries_count(const char *database, const struct strlist *codes, struct fw_country *ret, size_t max, size_t *ret_n,
                       struct fw_error *error);

#endif
