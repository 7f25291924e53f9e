// SPDX-License-Identifier: GPL-2.0-or-later
// One account tried from many addresses, each of which stays below every threshold of its own. Says which addresses
// are to be banned for it; bans nobody, and never asks the clock.
//
// An account is sprayed at a time when so many different addresses have failed as it within findtime. An address is to be
// banned when it has failed so many times (two at least) as accounts that are sprayed. So nobody is banned for one typo,
// his account may be sprayed as much as it likes; and who uses each address once is not slowed by any ban, since that
// would come behind his only guess.
#ifndef PB_POLICY_SPRAY_H
#define PB_POLICY_SPRAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "policy/accounts.h"

enum { SPRAY_TRIES_MAX = 8 }; // and so many failures are remembered of an address

struct spray_policy {
    unsigned addresses; // 2..ACCOUNTS_ADDRESSES
    unsigned tries;     // 2..SPRAY_TRIES_MAX
    usec_t findtime;
    unsigned max_addresses;
};

struct spray_offender {
    struct addr addr;
    unsigned count; // failures as accounts that are sprayed
};

struct spray_counters {
    uint64_t overflow;  // addresses that had to make room for others
    uint32_t addresses; // that are known now
};

struct spray;

// accounts: borrowed, and told of each failure before this is.
int spray_new(const struct spray_policy *p, const struct accounts *accounts, struct spray **ret);
void spray_free(struct spray *s);

// a has failed as account e at t. Fills who is to be banned for it, a first when it is: where this failure made e one that
// is sprayed, those who failed as it before. Returns how many. *ret_count: how often a failed as accounts that are sprayed.
// counts_itself: false for one who is banned or must not be; it tells of the account all the same.
unsigned spray_failure(struct spray *s, const struct account *e, const struct addr *a, usec_t t, bool counts_itself,
                       struct spray_offender ret[static ACCOUNTS_ADDRESSES + 1], unsigned *ret_count);

// a was banned at t: what led to it leads to no other ban.
void spray_ban(struct spray *s, const struct addr *a, usec_t t);

// Somebody unbanned a by hand.
void spray_forget(struct spray *s, const struct addr *a);

// The accounts as which a failed within findtime of t, also before it was banned, those first that were tried from most
// addresses. Returns how many.
struct spray_look {
    const struct account *account;
    unsigned addresses; // it was tried from
    unsigned mine;      // failures of a as it
    bool sprayed;
};
unsigned spray_look(const struct spray *s, const struct addr *a, usec_t t, struct spray_look ret[static SPRAY_TRIES_MAX]);

// How often a failed as accounts that are sprayed, and was not banned for it.
unsigned spray_count(const struct spray *s, const struct addr *a, usec_t t);

// True when lines since *ret are needed at t to know all this again.
bool spray_oldest(const struct spray *s, usec_t t, usec_t *ret);

struct spray_counters spray_counters(const struct spray *s);

#endif
