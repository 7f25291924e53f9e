// SPDX-License-Identifier: GPL-2.0-or-later
// Gives memory back once the start is over: what only the start needed of programs and libraries, and free heap.
#ifndef PB_DAEMON_TRIM_H
#define PB_DAEMON_TRIM_H

#include <stdio.h>

// For trim_memory() and its test: reads lines as of /proc/self/smaps and calls drop for each mapping that is a
// file's, cannot be written, and holds no page of its own (relocated data, which the file does not have).
void trim_each(FILE *smaps, void (*drop)(void *userdata, unsigned long begin, unsigned long end), void *userdata);

// What is needed again is read again from the page cache. Failure costs memory, nothing else.
void trim_memory(void);

#endif
