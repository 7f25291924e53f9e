// SPDX-License-Identifier: GPL-2.0-or-later
// What is known of those who fail, before it is judged: the country, good logins of before, the hour of the week; and
// which threshold holds by that. Looks up only what the jail's rules ask for.
#ifndef PB_ENGINE_STANDING_H
#define PB_ENGINE_STANDING_H

#include "engine/engine.h"

enum { KNOWN_MAX = 16384 }; // accounts, 24 bytes each, when somebody logs in as them

struct standing;

// A country database that is wanted and cannot be read is told in *report, and maxretry.country does not hold then.
// -ENOENT: the time zone of schedules is gone, told as well. guests, borrowed: the addresses of good logins.
int standing_new(const struct config *config, const struct guests *guests, struct config_report *report, struct standing **ret);
void standing_free(struct standing *s);

// The thresholds of jail k as they are configured.
const struct threshold_policy *standing_policy(const struct standing *s, size_t k);

// What holds for a failure of jail k. user may be empty. country: where a is, "" when nobody asked or knows.
struct threshold standing_threshold(const struct standing *s, size_t k, const struct addr *a, struct str user, usec_t t,
                                    char country[static 3]);

// "" or what is wrong with the country database that is wanted.
const char *standing_country_problem(const struct standing *s);

// maxretry.unknown of jail k is wanted and does not hold yet at t, for want of good logins.
bool standing_is_learning(const struct standing *s, size_t k, usec_t t);

// It is now: a login that claims to be from later counts as one of now.
void standing_set_bound(struct standing *s, usec_t now);

// A good login in a filter that jail k uses. Told to fn (may be NULL) for each thing that is to be written down.
void standing_login(struct standing *s, size_t k, const struct outcome *o,
                    void (*fn)(void *userdata, const struct logins_change *change), void *userdata);

// What was written down, and its key.
struct logins *standing_logins(const struct standing *s);
void standing_set_key(struct standing *s, const struct hash_key *key);
const struct hash_key *standing_key(const struct standing *s);

#endif
