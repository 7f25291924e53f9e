// SPDX-License-Identifier: GPL-2.0-or-later
// Which networks keep sending new offenders: counts the different addresses of each network that came to a ban of their
// own, and says when there are enough of them to ban it as a whole. Bounded: a network has four places by keyed hash and
// takes the one with the fewest offenders; memory is touched on use only. Bans nobody and never asks the clock.
#ifndef PB_POLICY_NETWORKS_H
#define PB_POLICY_NETWORKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"

struct networks_policy {
    unsigned least;     // so many different addresses of one network
    usec_t findtime;    // within so long a time
    uint8_t len4, len6; // how wide a network is, of 128 bits
};

// Of IPv6, an offender in a network wider than a /64 is a /64: that is one customer, who has all of its addresses.
struct network_offender {
    struct prefix who;
    usec_t when; // the newest ban of it; record time
};

struct network {
    struct prefix net;
    usec_t last;        // of the newest offender; 0: free
    usec_t banned;      // when it was banned as a whole; who came before counts no more; 0: never
    usec_t refused;     // when it was banned as a whole in vain; 0: never
    usec_t kept;        // when it was last to be banned and was not; 0: never
    struct addr kept_for;   // for the sake of this address
    const char *kept_reason; // goes on after "it is not banned as a whole: "; lives as long as the program
    unsigned n;
    struct network_offender from[]; // the latest, least of them at most, in no order
};

struct networks_counters {
    uint64_t overflow; // networks that had to make room for others
    uint32_t networks; // that are known now
};

struct networks;

int networks_new(const struct networks_policy *p, unsigned max, struct networks **ret);
void networks_free(struct networks *n);

// The network of a that is counted.
struct prefix networks_of(const struct networks *n, const struct addr *a);

// a was banned on its own at when. True when its network is now to be banned. Never for one that is no wider than an
// address.
bool networks_offend(struct networks *n, const struct addr *a, usec_t when);

// The network of a was banned as a whole at when, or was not for this reason.
void networks_ban(struct networks *n, const struct addr *a, usec_t when);
void networks_keep(struct networks *n, const struct addr *a, usec_t when, const struct addr *for_whom, const char *reason);

// It was banned in vain: its offenders count as before.
void networks_refuse(struct networks *n, const struct addr *a, usec_t when, const char *reason);

// Whoever was banned inside net until then is no offender any more: somebody forgave them by hand.
void networks_forget(struct networks *n, const struct prefix *net, usec_t until);

// NULL when no address of its network was ever banned, as far as is known. Valid until the next change.
const struct network *networks_find(const struct networks *n, const struct addr *a);

// How many offenders of it count at time t.
unsigned networks_count(const struct networks *n, const struct network *e, usec_t t);

struct networks_counters networks_counters(const struct networks *n);

#endif
