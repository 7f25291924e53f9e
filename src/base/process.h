// SPDX-License-Identifier: GPL-2.0-or-later
// When a process began, which tells it from others that had its pid before. Reads /proc/PID/stat and nothing else.
#ifndef PB_BASE_PROCESS_H
#define PB_BASE_PROCESS_H

#include <stdint.h>

#include "base/clock.h"

// In the kernel's ticks since it booted: two processes that had the same pid differ. -ESRCH.
int process_started(uint32_t pid, uint64_t *ret_ticks);

// By the wall clock as it is set now; the tick is 10 ms.
usec_t process_time(uint64_t ticks);

#endif
