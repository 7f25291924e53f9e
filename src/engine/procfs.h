// SPDX-License-Identifier: GPL-2.0-or-later
// The command line of a living process, refused when the process is younger than the line that names its pid.
#ifndef PB_ENGINE_PROCFS_H
#define PB_ENGINE_PROCFS_H

#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"

enum { PROCFS_CMDLINE_MAX = 4096 };

// Arguments are joined by blanks, as journald does. -ESRCH when there is no such process, -ESTALE when it began
// after the time t at which it is said to have logged.
int procfs_cmdline(uint32_t pid, usec_t t, char buf[static PROCFS_CMDLINE_MAX], struct str *ret);

#endif
