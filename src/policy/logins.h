// SPDX-License-Identifier: GPL-2.0-or-later
// As which accounts somebody has logged in well, and when last. Keeps keyed hashes of them, no names, so that what is
// written down of it tells nobody which accounts there are. Bounded: each has four places by that hash and takes
// the one that is silent the longest.
#ifndef PB_POLICY_LOGINS_H
#define PB_POLICY_LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/str.h"

// A login is told again, to be written down, when the last one told was in another such time.
#define LOGINS_COARSE (3600 * USEC_SEC)

struct login {
    uint64_t id;
    usec_t first, last; // record times; last 0: free
};

struct logins_change {
    struct login now;
    uint64_t gone; // who had its place before
    bool told;     // new, or LOGINS_COARSE later: to be written down
    bool has_gone;
};

struct logins;

int logins_new(unsigned max, struct logins **ret);
void logins_free(struct logins *l);

// of: what it is a login of, so that the same name elsewhere is another. Never 0.
uint64_t login_id(const struct hash_key *key, struct str of, struct str who);

// A good login at when (> 0). After longer than silence without one it is a first one again.
struct logins_change logins_note(struct logins *l, uint64_t id, usec_t when, usec_t silence);

// One that was written down before.
void logins_restore(struct logins *l, const struct login *login);

// NULL when none is known. Valid until the next change.
const struct login *logins_find(const struct logins *l, uint64_t id);

// How many are known, and how many had to make room for others.
unsigned logins_count(const struct logins *l);
uint64_t logins_overflow(const struct logins *l);

// Number i of those that are known, in no order; NULL behind the last.
const struct login *logins_next(const struct logins *l, unsigned *i);

#endif
