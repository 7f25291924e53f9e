// SPDX-License-Identifier: GPL-2.0-or-later
// The command line of a living process, refused when the process is younger than the line that names its pid.
#ifndef PB_ENGINE_PROCFS_H
#define PB_ENGINE_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"

enum { PROCFS_CMDLINE_MAX = 4096 };

// Arguments are joined by blanks, as journald does. -ESRCH when there is no such process, -ESTALE when it began
// after the time t at which it is said to have logged.
int procfs_cmdline(uint32_t pid, usec_t t, char buf[static PROCFS_CMDLINE_MAX], struct str *ret);

// Whether a line of this host was written on the machine called here: by its short name or its full one, or by none. A log
// that collects those of several machines has pids of all of them, and only ours are in /proc.
bool procfs_is_here(struct str host, const char *here);

#endif
