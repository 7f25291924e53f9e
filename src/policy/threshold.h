// SPDX-License-Identifier: GPL-2.0-or-later
// Which threshold holds for a failure, and which rule gave it. A pure function; knows neither clock, tables nor files.
//
// The order, as pptpban.conf(5) has it:
//   1. A schedule whose time it is takes the place of what the jail says, key by key; of several the last one written.
//   2. maxretry.country, where it names the country or "other", takes maxretry's place.
//   3. Of an address that is trusted trust.maxretry takes the place of that where it is more, and nothing else holds.
//   4. Else failures as unknown accounts reach maxretry.unknown besides: whichever is reached first bans.
#ifndef PB_POLICY_THRESHOLD_H
#define PB_POLICY_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/country.h"
#include "base/week.h"

enum { SCHEDULE_NAME_MAX = 15, REASON_STRLEN = 80 };

enum threshold_rule {
    RULE_NONE, // nobody knows: by hand, or kept from before
    RULE_MAXRETRY,
    RULE_COUNTRY,
    RULE_UNKNOWN,
    RULE_TRUST,
    RULE_MAX,
};

// As the configuration calls them; "" for RULE_NONE.
extern const char *const threshold_rules[RULE_MAX];

// The threshold that was met, in the little room that each ban has for it.
struct threshold_reason {
    uint16_t max;
    uint8_t rule;                         // enum threshold_rule
    char country[3];                      // RULE_COUNTRY: where the address is, "" unknown
    char schedule[SCHEDULE_NAME_MAX + 1]; // that gave it, "" none
};

// What a jail says, or one of its schedules.
struct threshold_values {
    unsigned maxretry;
    unsigned unknown;             // maxretry.unknown, 0: no such rule
    unsigned trusted;             // trust.maxretry
    struct country_list countries; // maxretry.country, borrowed
    usec_t bantime;
    bool observe;
};

struct threshold_schedule {
    const char *name;             // borrowed, up to SCHEDULE_NAME_MAX
    const struct week_part *when; // borrowed
    size_t n_when;
    struct threshold_values values; // all of them: what a schedule does not say is that of the jail
};

struct threshold_policy {
    struct threshold_values values;
    usec_t trust;                               // 0: nobody is
    const struct threshold_schedule *schedules; // borrowed
    size_t n_schedules;
    const struct zone *zone; // borrowed; of the schedules
};

// What is known of a failure.
struct threshold_case {
    usec_t time;         // of its record
    usec_t login;        // the latest good login from the address, 0 when none is known
    const char *country; // "" unknown
    bool learned;        // enough is known of accounts for maxretry.unknown to hold
    bool stranger;       // it has an account, and nobody has logged in as that
};

struct threshold {
    struct threshold_reason total;   // reached by all that is in the window
    struct threshold_reason unknown; // reached by what came as unknown accounts; max 0: none
    bool stranger;                   // this failure counts as one of those
    usec_t trusted_until;            // 0: it is not
    usec_t bantime;
    bool observe;
};

struct threshold threshold_of(const struct threshold_policy *p, const struct threshold_case *c);

// The most that any of them may be: what a window must have room for.
unsigned threshold_room(const struct threshold_policy *p);

// " (maxretry.country = RU:2, schedule night)"; "" for RULE_NONE and for maxretry itself, which says nothing new; returns buf.
const char *threshold_remark(const struct threshold_reason *r, char buf[static REASON_STRLEN]);

// The same without blank and brackets, and of maxretry too.
const char *threshold_format(const struct threshold_reason *r, char buf[static REASON_STRLEN]);

#endif
