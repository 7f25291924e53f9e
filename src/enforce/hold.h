// SPDX-License-Identifier: GPL-2.0-or-later
// A pause for whoever changes a large ruleset: as long as one program listens to the announcements of nf_tables, the
// kernel writes one for every element of every set, which takes seconds for 100,000. Root asks the listeners not to
// listen meanwhile. Knows nothing of rules; what is looked at afterwards is the listener's business.
//
// The client's side. Each listener has a SOCK_SEQPACKET socket of its own in the directory of the limits file
// (HOLD_NAMES, PB_ENFORCER_DIR by default). For each of them:
//   1. connect; ENOENT, ECONNREFUSED: nobody listens there, go on without;
//   2. receive, for half a second at most: one byte says that the listener is deaf from now on. End of file says that
//      it is not: another one holds it, or the caller is not root. Go on in any case: a hold makes things fast, not right;
//   3. change the ruleset; close the socket. The listener hears again, looks at all that it looks after, repairs what
//      is missing, and asks once for a look at the base ruleset. A program that dies ends its hold.
// A hold ends by itself after HOLD_MAX. Whoever looks at the base ruleset and finds nothing to do must not hold, since
// the end of a hold makes somebody look.
#ifndef PB_ENFORCE_HOLD_H
#define PB_ENFORCE_HOLD_H

#include <stdbool.h>

#include "base/clock.h"

#define HOLD_NAME           "hold"           // the guard of the ban hook
#define HOLD_CONNGUARD_NAME "hold-connguard" // the guard of silent connections
#define HOLD_NAMES          {HOLD_NAME, HOLD_CONNGUARD_NAME}
#define HOLD_MAX            (30 * USEC_SEC)

struct hold {
    int listener; // -1: there is none, and nobody can hold
    int client;   // -1: nobody holds
    usec_t until; // monotonic; of this hold
    usec_t deaf_until; // nobody can be let in before: there are no descriptors
    unsigned strangers; // who were sent away
};

enum hold_change { HOLD_SAME, HOLD_BEGUN, HOLD_ENDED };

// Listens at name beside the limits file. To be called before root is given up. -errno; *ret can be used in any case.
int hold_open(const char *limits_path, const char *name, struct hold *ret);

// What to wait on for those who knock; -1: not now.
int hold_listener(const struct hold *h, usec_t now);
// When something is to be done though nothing is readable, monotonic; USEC_FOREVER: never.
usec_t hold_next(const struct hold *h);

// To be called when listener or client is readable, and when hold_next() is reached. After HOLD_BEGUN the caller stops
// listening and calls hold_confirm; HOLD_ENDED: it listens again, and looks.
enum hold_change hold_serve(struct hold *h, usec_t now);
void hold_confirm(const struct hold *h);

#endif
