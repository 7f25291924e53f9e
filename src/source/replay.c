// SPDX-License-Identifier: GPL-2.0-or-later
// Old log files, from beginning to end.
#include "source/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/feed.h"
#include "source/header.h"
#include "source/input.h"

static int read_file(struct input *in, struct feed *feed)
{
    bool known = false;
    ssize_t n;
    int r;

    do {
        char *p;
        size_t space;
        if ((r = feed_space(feed, &p, &space)) < 0)
            return r;
        n = input_read(in, p, space);
        if (n > 0) {
            // the first block holds the first line, or more of it than is needed
            if (!known)
                feed_fingerprint(p, (size_t)n, feed->walk->file);
            known = true;
            if ((r = feed_add(feed, (size_t)n)) < 0)
                return r;
        }
    } while (n > 0);
    r = feed_finish(feed);
    return r < 0 ? r : (int)n;
}

static usec_t time_of_last_line(int fd, bool is_stdin)
{
    struct stat st;

    if (is_stdin || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return clock_realtime();
    return (usec_t)st.st_mtim.tv_sec * USEC_SEC + st.st_mtim.tv_nsec / 1000;
}

enum { SAMPLES = 512 };

// The time of a line near offset as it is read when nothing is known but that the log ends at bound.
static bool sample_time(int fd, struct stamp_clock *clock, off_t offset, usec_t *ret)
{
    char buffer[4096];
    ssize_t n = pread(fd, buffer, sizeof(buffer), offset);
    const char *p = buffer, *newline;
    struct header h;

    if (n <= 0)
        return false;
    if (offset > 0 && (newline = memchr(buffer, '\n', (size_t)n)))
        p = newline + 1;
    if (!header_parse(clock, (struct str){p, (size_t)(buffer + n - p)}, &h) || !h.has_time)
        return false;
    *ret = h.time;
    return true;
}

// Where a plain log begins whose stamps have no year and that is longer than one: every time its samples go back by
// most of a year, that is one more that it holds. (A machine that starts without a clock, in January, goes forward
// by as much again.) STAMP_NO_ANCHOR for shorter logs.
static usec_t find_beginning(int fd, usec_t bound)
{
    const usec_t year = 365 * INT64_C(86400) * USEC_SEC;
    struct stamp_clock clock;
    struct stat st;
    usec_t first = 0, last = 0, t;
    int years = 0;
    bool any = false;

    stamp_clock_init(&clock, bound);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return STAMP_NO_ANCHOR;
    for (int i = 0; i < SAMPLES; i++) {
        if (!sample_time(fd, &clock, st.st_size / SAMPLES * i, &t))
            continue;
        if (!any)
            first = t;
        else if (t < last - year / 2)
            years++;
        else if (t > last + year / 2)
            years--;
        any = true;
        last = t;
    }
    return years > 0 ? first - years * year : STAMP_NO_ANCHOR;
}

int replay_file(const char *path, const struct source_options *options, usec_t year_hint,
                struct replay_counts *counts)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct input *in = NULL;
    struct walk walk;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return -errno;
    usec_t bound = year_hint ? year_hint : time_of_last_line(fd, is_stdin);
    walk_init(&walk, bound, options->max_line);
    walk.clock.anchor = find_beginning(fd, bound);
    walk.literals = options->literals;
    walk.record = options->record;
    walk.userdata = options->userdata;
    walk.filters = options->filters;
    walk.ungated = options->filters & options->ungated;
    walk.follow = true;

    struct feed feed = {.walk = &walk};
    int r = input_new(fd, &in);
    if (r >= 0)
        r = read_file(in, &feed);
    counts->lines += walk.lines;
    counts->records += walk.records;
    counts->truncated += walk.truncated;
    counts->no_header += walk.no_header;
    feed_release(&feed);
    input_free(in);
    if (!is_stdin)
        close(fd);
    return r < 0 ? r : 0;
}
