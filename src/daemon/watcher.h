// SPDX-License-Identifier: GPL-2.0-or-later
// The process that reads the logs: prepares itself, gives up root, locks itself in, serves.
#ifndef PB_DAEMON_WATCHER_H
#define PB_DAEMON_WATCHER_H

#include "daemon/service.h"

// Runs until told to stop. Returns the exit code.
int watcher_run(const struct daemon_options *options);

#endif
