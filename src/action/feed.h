// SPDX-License-Identifier: GPL-2.0-or-later
// The list that an action of type feed keeps: who is banned, as far as the service told. Complete after each time that
// the service told all bans in force (between NEWS_LIST and NEWS_LISTED); bounded.
#ifndef PB_ACTION_FEED_H
#define PB_ACTION_FEED_H

#include "action/event.h"

enum { FEED_MAX = 262144 }; // networks; of more, those that came first

struct feed;

// path: the file, which holds what was known when it was written last; not there: nothing was. -ENOMEM, -errno of reading.
int feed_new(const char *path, struct feed **ret);
void feed_free(struct feed *f);

// What an event says of the list; false when that is nothing, so that the file need not be written.
bool feed_event(struct feed *f, const struct action_event *e);

// Writes the file anew, in order: "203.0.113.5 # 1792800000". -errno.
int feed_write(struct feed *f, usec_t now);

#endif
