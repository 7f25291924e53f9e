// SPDX-License-Identifier: GPL-2.0-or-later
// Networks that are banned as a whole, as the service sees it: whom that must not meet, what is said and written of it, and
// what is known of it after a restart. When there are enough offenders is the engine's matter.
#ifndef PB_DAEMON_AGGREGATE_H
#define PB_DAEMON_AGGREGATE_H

#include <jansson.h>

#include "daemon/announce.h"
#include "daemon/ledger.h"
#include "daemon/service.h"

// The engine's callbacks, with userdata = struct service.
const char *aggregate_keep(void *userdata, const struct ban *would, struct addr *ret);
void aggregate_kept(void *userdata, const struct ban *would, const struct addr *for_whom, const char *reason);

// How long bans of single addresses are needed for the counts of their networks; 0: not at all.
usec_t aggregate_findtime(const struct config *c);

// A network was banned: into the state, unless listed is NULL, and to all who are told.
void aggregate_record(struct service *s, struct ledger *l, const struct ban *ban, const struct ban *listed,
                      const struct position *decided, enum announce_kind kind);

// Before the first record, with the bans in their list: offenders and guests of before.
void aggregate_restore(struct service *s);

// What each jail knows of the network of a: an array of objects.
json_t *aggregate_objects(const struct service *s, const struct addr *a);

#endif
