// SPDX-License-Identifier: GPL-2.0-or-later
// Which accounts are tried, from where, and whether one of those who tried got in: the sign of a guessed password. For
// people to see; locks nobody out. Bounded: an account has four places by keyed hash and takes the one that is silent
// the longest; memory is touched on use only.
#ifndef PB_POLICY_ACCOUNTS_H
#define PB_POLICY_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/str.h"

enum {
    ACCOUNTS_NAME_MAX = 95,  // bytes of a name that are kept; longer ones are still told apart
    ACCOUNTS_ADDRESSES = 16, // that are remembered of an account, the latest
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
    uint32_t failures, successes;
    usec_t first, last; // failures, record times; last 0: free
    struct account_address from[ACCOUNTS_ADDRESSES];
    uint8_t n_from;
    bool more_from;           // there were others, which were silent longer
    struct addr guessed_from; // the latest
    uint32_t guesses;         // failures of that address before
    usec_t guessed;           // 0: nobody who had failed got in
};

struct accounts;

int accounts_new(unsigned max, struct accounts **ret);
void accounts_free(struct accounts *a);

// A failure as name; from: NULL when nobody knows from where. An empty name is nobody's.
void accounts_fail(struct accounts *a, struct str name, const struct addr *from, usec_t when);

// A good login as name. The account when it comes from an address that failed as it ACCOUNTS_GUESSES times or more in
// the last ACCOUNTS_QUIET, which is told once for that: those failures are forgotten. Else NULL.
const struct account *accounts_succeed(struct accounts *a, struct str name, const struct addr *from, usec_t when);

// Number i of those that are known, in no order; NULL behind the last. Valid until the next change.
const struct account *accounts_next(const struct accounts *a, unsigned *i);

#endif
