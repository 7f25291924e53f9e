// SPDX-License-Identifier: GPL-2.0-or-later
// What the programs say about themselves: one line a message to standard error, with the <N> prefix that
// journald reads when standard error is the journal. Control characters in messages are escaped.
#ifndef PB_BASE_LOG_H
#define PB_BASE_LOG_H

#include <syslog.h>

// A message never waits for whoever reads it: where nobody does, it is lost, and counted in the next one that is read.

// Messages above max_level (LOG_ERR .. LOG_DEBUG) are dropped. name stands before each line on a terminal.
void log_setup(const char *name, int max_level);

void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
