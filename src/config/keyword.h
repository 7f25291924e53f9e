// SPDX-License-Identifier: GPL-2.0-or-later
// The keywords of pptpban.conf: one table that says for each what it is called, where its value goes, what it may
// be and what it is when nothing is said. Parser, effective dump and the manual's list come from it.
#ifndef PB_CONFIG_KEYWORD_H
#define PB_CONFIG_KEYWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/str.h"

enum scope {
    SCOPE_GLOBAL, // [pptpban], fields of struct config
    SCOPE_FIREWALL, // [firewall], fields of struct firewall_config
    SCOPE_JAIL,   // [DEFAULT] and every jail, fields of struct jail_config
    SCOPE_SCHEDULE, // [JAIL@NAME], fields of struct jail_schedule
    SCOPE_MAX,
};

struct keyword;

// What was wrong with a value: in words, and at which byte of it.
struct fault {
    char text[192];
    size_t offset;
};

enum { ACCEPTED_MAX = 256 };

// A type of value. parse replaces *field; it returns 0, -EINVAL with *fault filled, or -ENOMEM, and leaves the
// field as it was unless it returns 0.
struct kind {
    int (*parse)(const struct keyword *k, struct str value, void *field, struct fault *fault);
    void (*print)(const struct keyword *k, const void *field, FILE *out);
    void (*accepted)(const struct keyword *k, char buf[static ACCEPTED_MAX]); // "a whole number from 1 to 1000"
    void (*clear)(void *field);                                               // NULL: owns nothing
    bool list; // the value may go over several lines
};

struct keyword {
    const char *name;
    const char *alias; // what fail2ban calls it, or NULL
    const struct kind *kind;
    size_t offset, size; // of the field
    const char *fallback;
    long long min, max; // numbers; times in seconds; lists: most elements
    bool forever;       // times: "forever" is one
    const char *const *words; // words for the numbers from min to max; several of them: for these bits
};

extern const struct kind kind_flag, kind_number, kind_limit, kind_word, kind_words, kind_time, kind_factor, kind_path, kind_paths, kind_group,
    kind_filter, kind_sources, kind_networks, kind_weights, kind_interfaces, kind_countries, kind_prefixes, kind_ports, kind_rate, kind_open,
    kind_zone, kind_netns, kind_country_max;

const struct keyword *keyword_at(enum scope scope, size_t i); // NULL behind the last
const struct keyword *keyword_find(enum scope scope, const char *name);

// The name that was perhaps meant; NULL when none is near.
const char *keyword_nearest(enum scope scope, const char *name);

static inline void *keyword_field(const struct keyword *k, void *base)
{
    return (char *)base + k->offset;
}

#endif
