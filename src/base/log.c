// SPDX-License-Identifier: GPL-2.0-or-later
// One line a message to standard error; journald takes the priority from the <N> in front.
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    const char *name;
    int max_level;
    bool journal;
    unsigned long lost;
} sink = {.max_level = LOG_INFO};

void log_setup(const char *name, int max_level)
{
    sink.name = name;
    sink.max_level = max_level;
    sink.journal = getenv("JOURNAL_STREAM") != NULL && !isatty(STDERR_FILENO);
}

// Whoever reads standard error may stop, and that must not stop us. One line is shorter than what a pipe, terminal or
// socket takes at once when it takes anything.
static bool is_read(void)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&p, 1, 0) != 0;
}

static void put(int level, const char *text)
{
    char out[4096];
    size_t n = 0;

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

void log_line(int level, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    if (level > sink.max_level)
        return;
    if (!is_read()) {
        sink.lost++;
        return;
    }
    if (sink.lost) {
        snprintf(text, sizeof(text), "%lu messages before this one are lost: nobody read them", sink.lost);
        sink.lost = 0;
        put(LOG_WARNING, text);
    }
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (is_read())
        put(level, text);
    else
        sink.lost++;
}
