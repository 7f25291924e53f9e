// SPDX-License-Identifier: GPL-2.0-or-later
// One line a message to standard error; journald takes the priority from the <N> in front.
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    const char *name;
    int max_level;
    bool journal;
} sink = {.max_level = LOG_INFO};

void log_setup(const char *name, int max_level)
{
    sink.name = name;
    sink.max_level = max_level;
    sink.journal = getenv("JOURNAL_STREAM") != NULL && !isatty(STDERR_FILENO);
}

void log_line(int level, const char *fmt, ...)
{
    char text[2048], out[sizeof(text) * 2];
    size_t n = 0;
    va_list ap;

    if (level > sink.max_level)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    if (sink.journal)
        n = (size_t)snprintf(out, sizeof(out), "<%d>", level);
    else if (sink.name)
        n = (size_t)snprintf(out, sizeof(out), "%s: ", sink.name);
    for (const char *p = text; *p && n + 6 < sizeof(out); p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7f)
            n += (size_t)snprintf(out + n, sizeof(out) - n, "\\x%02x", c);
        else
            out[n++] = *p;
    }
    out[n++] = '\n';
    // one write, so that lines of several processes do not mix
    ssize_t written = write(STDERR_FILENO, out, n);
    (void)written;
}
