// SPDX-License-Identifier: GPL-2.0-or-later
// Asks root to restore the base ruleset: a file "lost" in a directory of its own, which pptpban-firewall.path waits for.
// Restores nothing and knows no rule; whether anything is missing root finds out.
#ifndef PB_ENFORCE_RULESET_LOST_H
#define PB_ENFORCE_RULESET_LOST_H

#include <stdbool.h>

#include "base/clock.h"
#include "enforce/guard.h"

// What the kernel announces to nobody is looked for only where there is a reason: while a base ruleset of iptables-legacy
// stands, the firewall keeps a file of this name in that directory. Its one byte says in which tables it stands, of IPv4,
// IPv6 or both. Whoever changes the ruleset removes the file before and writes it anew afterwards: what is there then is
// what is looked after, twice a second while there are bans.
#define RULESET_LEGACY "legacy"
enum ruleset_table { RULESET_RAW = 1, RULESET_MANGLE = 2, RULESET_NAT = 4, RULESET_FILTER = 8 };

struct ruleset_lost {
    char dir[256];            // beside the limits file; "" : it cannot be had, and nobody is asked
    struct guard_culprit who; // of the question that waits
    usec_t due, last, said;   // monotonic; due: 0 none waits
    unsigned streak;          // questions in quick succession
};

// Makes the directory and gives it to user (NULL: stays the caller's). To be called before root is given up.
int ruleset_lost_open(const char *limits_path, const char *user, struct ruleset_lost *ret);

// Somebody took something out. Asks at once five times, then ever later, up to every 12.8 s, until half a minute has been
// quiet. True when this is to be said in the log.
bool ruleset_lost_note(struct ruleset_lost *r, const struct guard_culprit *who, usec_t now);

// The same for a change that may be anybody's business: asks, and is nothing to be said.
void ruleset_lost_look(struct ruleset_lost *r, const struct guard_culprit *who, usec_t now);

// Asks when it is due. Returns when to call next, USEC_FOREVER: not needed.
usec_t ruleset_lost_tick(struct ruleset_lost *r, usec_t now);

#endif
