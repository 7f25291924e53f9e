// SPDX-License-Identifier: GPL-2.0-or-later
// Taking a change back: now, or when its time is over and nobody has confirmed it. The one who waits for that outlives
// the command, its terminal and its session.
#ifndef PB_FIREWALL_ROLLBACK_H
#define PB_FIREWALL_ROLLBACK_H

#include "firewall/pending.h"

// Brings that back, and nothing waits any more. 0, or -errno with *error: then it waits on, and the next try may do better.
int fw_take_back(const struct fw_places *p, enum fw_tool tool, const struct fw_before *before, const char *why,
                 struct fw_error *error);

// Restores what was there before the change that waits; the lock must be held. 0, -ENOENT: none waits, or -errno with
// *error: then it waits on, and the next try may do better.
int fw_roll_back(const struct fw_places *p, const char *why, struct fw_error *error);

// The same, when its time is over; -EAGAIN: it is not.
int fw_roll_back_overdue(const struct fw_places *p, struct fw_error *error);

// Starts whoever takes the change that waits back at its deadline; to be called before anything is changed: a process in
// a session of its own, which has all that it needs in memory, and under systemd, with timer, a timer (systemd-run) that
// outlives this process, too. 0 or -errno with *error. Of config only directories and network namespace are used.
int fw_guard_arm(const struct fw_places *p, const struct fw_pending *pending, const struct fw_before *before, bool timer,
                 const struct config *config, struct fw_error *error);

#endif
