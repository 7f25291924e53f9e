// SPDX-License-Identifier: GPL-2.0-or-later
// Which accounts are tried, from where, and whether one of those who tried got in: the sign of a guessed password. For
// people to see, and for policy/spray.h; locks nobody out. Bounded: an account has four places by keyed hash and takes the
// one that was tried from the fewest addresses, of those the longest silent: who invents names pushes out none that is
// tried from many. Memory is touched on use only.
#ifndef PB_POLICY_ACCOUNTS_H
#define PB_POLICY_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/str.h"

enum {
    ACCOUNTS_NAME_MAX = 95,  // bytes of a name that are kept; longer ones are still told apart
    ACCOUNTS_ADDRESSES = 32, // that are remembered of an account, the latest
    ACCOUNTS_GUESSES = 3,    // failures from an address before a good login from there is worth a look
};

#define ACCOUNTS_QUIET (86400 * USEC_SEC) // after so long without a failure an account is counted anew

struct account_address {
    struct addr addr;
    uint32_t failures;
    usec_t last;
};

struct account {
    uint64_t hash; // of the whole name
    char name[ACCOUNTS_NAME_MAX + 1];
    uint64_t jails; // whose failures these are: bits of the caller's
    uint32_t failures, successes;
    usec_t first, last; // failures, record times; last 0: free
    usec_t told;        // when it was last told that it is tried from many addresses; 0: never
    struct account_address from[ACCOUNTS_ADDRESSES];
    uint8_t n_from;
    bool more_from;           // there were others, which were silent longer
    struct addr guessed_from; // the latest
    uint32_t guesses;         // failures of that address before
    usec_t guessed;           // 0: nobody who had failed got in
};

struct accounts;

// How many accounts that were tried had to make room for others.
uint64_t accounts_overflow(const struct accounts *a);

int accounts_new(unsigned max, struct accounts **ret);
void accounts_free(struct accounts *a);

// A failure as name; from: NULL when nobody knows from where; jails: those that count it, a bit each. The account, or NULL: an empty name is nobody's. Valid until the
// next change.
const struct account *accounts_fail(struct accounts *a, struct str name, const struct addr *from, usec_t when,
                                    uint64_t jails);

// A good login as name. The account when it comes from an address that failed as it ACCOUNTS_GUESSES times or more in
// the last ACCOUNTS_QUIET, which is told once for that: those failures are forgotten. Else NULL.
const struct account *accounts_succeed(struct accounts *a, struct str name, const struct addr *from, usec_t when);

// The account with this hash; NULL when it is not known.
const struct account *accounts_find(const struct accounts *a, uint64_t hash);

// From how many of the addresses that are remembered it was tried within findtime of t.
unsigned accounts_spread(const struct account *e, usec_t t, usec_t findtime);

// It is tried from many addresses at t: true when that is to be told, once in a findtime.
bool accounts_tell(struct accounts *a, const struct account *e, usec_t t, usec_t findtime);

// Number i of those that are known, in no order; NULL behind the last. Valid until the next change.
const struct account *accounts_next(const struct accounts *a, unsigned *i);

#endif
