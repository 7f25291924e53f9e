// SPDX-License-Identifier: GPL-2.0-or-later
// One jail's judgement: counts the failures of each address inside findtime and says when it is to be banned. A
// pure function of its inputs and the record's time; owns the bounded window table; touches nothing outside.
#ifndef PB_POLICY_JAIL_H
#define PB_POLICY_JAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/str.h"
#include "policy/threshold.h"

struct jail_policy {
    unsigned maxretry;
    unsigned room; // the largest threshold that jail_judge() is given; 0: maxretry
    usec_t findtime;
    usec_t bantime;
    bool increment;
    double factor;
    usec_t maximum, decay;
    const struct prefix *ignore; // borrowed, n_ignore of them
    size_t n_ignore;
    unsigned max_addresses;
};

enum verdict_kind {
    VERDICT_NOTHING, // counted, below maxretry
    VERDICT_BANNED,  // banned already: counted nowhere
    VERDICT_IGNORED, // on the allowlist, or an address that cannot be banned
    VERDICT_OLD,     // older than findtime before the newest record: counted nowhere
    VERDICT_BAN,
    VERDICT_SPARED,  // would be banned, and somebody who knows better said no: counted all the same
};

struct verdict {
    enum verdict_kind kind;
    struct addr addr;
    unsigned count;   // weight inside findtime, this failure included
    struct threshold_reason reason; // the threshold that holds; VERDICT_BAN: that was reached
    usec_t until;     // VERDICT_BAN: end of the ban; USEC_FOREVER possible
    unsigned previous; // bans of this address before, after decay
};

struct jail_counters {
    uint64_t failures, ignored, overflow; // overflow: addresses dropped for room, the longest silent first
    uint32_t addresses;
};

struct jail;

int jail_new(const struct jail_policy *policy, struct jail **ret);
void jail_free(struct jail *j);

// Replaces the allowlist; copied. -ENOMEM leaves the old one.
int jail_set_ignore(struct jail *j, const struct prefix *ignore, size_t n);

bool jail_ignores(const struct jail *j, const struct addr *a);

// Whether any address of net is on the allowlist: *ret is one.
bool jail_ignores_within(const struct jail *j, const struct prefix *net, struct addr *ret);

// It is now: a failure that claims to be from later makes no other too old to count, neither does one from before the
// clock was set back. Without this the newest failure is the clock, as a replay wants it.
void jail_set_bound(struct jail *j, usec_t now);

struct jail_attempt {
    const struct addr *addr;
    struct str user; // may be empty
    usec_t time;
    unsigned weight;
    unsigned previous; // earlier bans, as the history says (0 when increment is off)
};

// One failure, and the threshold that holds for it. VERDICT_BAN leaves the window as it is: who bans says
// jail_forget(), so that the address starts anew; of one who is spared the next failure is judged again.
struct verdict jail_judge(struct jail *j, const struct jail_attempt *f, const struct threshold *holds);

// The same where maxretry alone holds.
struct verdict jail_failure(struct jail *j, const struct addr *a, struct str user, usec_t t, unsigned w,
                            unsigned previous);

// A good login of user from a: forgets the failures of that same user from a, and nothing else, so that an
// attacker who owns one account cannot wash guesses at others away. Without a user nothing is forgotten, and never more
// than maxretry for one address in a findtime: behind one NAT, a neighbour's logins are no licence to guess his password.
void jail_success(struct jail *j, const struct addr *a, struct str user, usec_t t);

struct jail_window {
    unsigned count, unknown;       // weight inside findtime, and how much of it came as unknown accounts
    usec_t oldest, oldest_unknown; // when the oldest of each was, 0 when none
};

// The window of a at time t.
struct jail_window jail_look(const struct jail *j, const struct addr *a, usec_t t);

void jail_forget(struct jail *j, const struct addr *a);

// The time of the oldest failure that a window still needs at time t; false when there is none.
// Of a large table it is not looked for: t - findtime is never too late.
bool jail_oldest(const struct jail *j, usec_t t, usec_t *ret);

// The length of a ban that is bantime at first, for an address with so many earlier bans.
usec_t jail_bantime(const struct jail_policy *p, usec_t bantime, unsigned previous);

const struct jail_counters *jail_counters(const struct jail *j);

#endif
