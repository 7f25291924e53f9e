// SPDX-License-Identifier: GPL-2.0-or-later
// Tells when the wall clock is set, and by how much, and when the machine has slept. Knows nothing of bans.
#ifndef PB_DAEMON_CLOCK_WATCH_H
#define PB_DAEMON_CLOCK_WATCH_H

#include <systemd/sd-event.h>

#include "base/clock.h"

struct clock_watch;

struct clock_callbacks {
    // The wall clock is delta further on than the time that has passed; jumps of up to two seconds are not told.
    void (*jumped)(void *userdata, usec_t delta);
    // So much time passed in which the kernel's own timeouts stood still; not told either of up to two seconds.
    void (*slept)(void *userdata, usec_t duration);
    void *userdata;
};

int clock_watch_new(sd_event *event, const struct clock_callbacks *callbacks, struct clock_watch **ret);
// Now, not only in its turn. NULL is fine.
void clock_watch_look(struct clock_watch *w);
void clock_watch_free(struct clock_watch *w);

#endif
