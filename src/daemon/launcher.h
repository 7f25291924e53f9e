// SPDX-License-Identifier: GPL-2.0-or-later
// The process that starts and replaces the watcher, and the enforcer where there is no service manager to do it.
// Reads no configuration and no log text; what a watcher tells it can make it start, stop and describe, no more.
#ifndef PB_DAEMON_LAUNCHER_H
#define PB_DAEMON_LAUNCHER_H

#include "daemon/options.h"

// Runs until told to end by a signal. Returns the exit code.
int launcher_run(const struct daemon_options *options);

#endif
