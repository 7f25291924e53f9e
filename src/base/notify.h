// SPDX-License-Identifier: GPL-2.0-or-later
// Tells the service manager about us (sd_notify's protocol), without its library: two of our processes need nothing
// else of it. Without a service manager nothing happens.
#ifndef PB_BASE_NOTIFY_H
#define PB_BASE_NOTIFY_H

#include <stdint.h>

// The socket that NOTIFY_SOCKET names, or -1.
int notify_open(void);

// Sends "READY=1\nSTATUS=..." and the like; fd may be -1. Never blocks.
void notify_send(int fd, const char *state);

// Microseconds within which WATCHDOG=1 is wanted of this process; 0: not at all.
uint64_t notify_watchdog(void);

#endif
