// SPDX-License-Identifier: GPL-2.0-or-later
// From the configuration to what the enforcer is held to, and where the two meet.
#ifndef PB_DAEMON_LIMITS_COMPILE_H
#define PB_DAEMON_LIMITS_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/config.h"
#include "enforce/limits.h"

// What every enabled jail ignores goes onto the allowlist; what only some ignore stays the jails' matter. The
// addresses of this machine need not be in it. -E2BIG: more networks than limits have room for.
int limits_compile(const struct config *c, uid_t watcher, struct limits *ret);

// RUNTIME-enforcer, as base/paths.h has it for the compiled-in runtime directory. Holds these two. -ENAMETOOLONG.
#define ENFORCER_LIMITS_NAME "limits"
#define ENFORCER_SOCKET_NAME "enforcer.sock"
int limits_directory(const char *runtime_dir, char *buf, size_t size);

#endif
