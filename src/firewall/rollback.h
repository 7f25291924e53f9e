// SPDX-License-Identifier: GPL-2.0-or-later
// Taking a change back: now, or when its time is over and nobody has confirmed it. The one who waits for that outlives
// the command, its terminal and its session.
#ifndef PB_FIREWALL_ROLLBACK_H
#define PB_FIREWALL_ROLLBACK_H

#include "firewall/pending.h"

// Brings that back. 0 or -errno with *error.
int fw_bring_back(enum fw_tool tool, const struct fw_before *before, struct fw_error *error);

// Restores what was there before the change that waits; the lock must be held. 0, -ENOENT: none waits, or -errno with
// *error: then it waits on, and the next try may do better.
int fw_roll_back(const struct fw_places *p, const char *why, struct fw_error *error);

// The same, when its time is over; -EAGAIN: it is not.
int fw_roll_back_overdue(const struct fw_places *p, struct fw_error *error);

// Starts whoever takes the change that waits back at its deadline; to be called before anything is changed. Under
// systemd that is a timer (systemd-run), else a process of its own, in a session of its own. 0 or -errno with *error.
// config is the path of the configuration, or NULL.
int fw_guard_arm(const struct fw_places *p, const struct fw_pending *pending, const char *config, struct fw_error *error);

#endif
