// SPDX-License-Identifier: GPL-2.0-or-later
// The process that reads the logs: prepares itself, gives up root, locks itself in, serves.
#ifndef PB_DAEMON_WATCHER_H
#define PB_DAEMON_WATCHER_H

#include <stdint.h>

#include "daemon/service.h"

// Runs in a process of its own until told to stop; channel: to the launcher. watchdog: microseconds within which a
// sign of life is wanted, 0 for none. Returns the exit code.
int watcher_run(const struct daemon_options *options, int channel, uint64_t watchdog);

#endif
