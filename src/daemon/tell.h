// SPDX-License-Identifier: GPL-2.0-or-later
// Tells pptpban-notify what happened, if it is there: one datagram an event, never waited for. What finds no room is
// counted and gone; a ban waits for nothing of this.
#ifndef PB_DAEMON_TELL_H
#define PB_DAEMON_TELL_H

#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/news.h"
#include "policy/bans.h"

struct tell;

// runtime_dir: its neighbour RUNTIME_DIR-notify holds the socket. -ENOMEM, -ENAMETOOLONG, -errno of socket().
int tell_new(const char *runtime_dir, struct tell **ret);
void tell_free(struct tell *t);

// Begins to tell of all bans in force, a few at a time: whoever keeps a list of them may not know them. Again whenever an
// event was lost, and when somebody listens after nobody did. bans: as long as t lives. -errno.
int tell_start(struct tell *t, sd_event *event, const struct bans *bans);

// about: whom it is about, ban: which ban, either may be NULL; user: fit to be shown, ""
// when unknown. t: NULL is fine.
void tell_event(struct tell *t, enum news_kind kind, const struct prefix *about, const struct ban *ban, const char *user,
                const char *text);

struct tell_counters {
    uint64_t told, lost; // nobody listening counts as neither, nor does the list of all bans
};

struct tell_counters tell_counters(const struct tell *t);

#endif
