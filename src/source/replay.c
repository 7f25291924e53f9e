// SPDX-License-Identifier: GPL-2.0-or-later
// Old log files, from beginning to end.
#include "source/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/feed.h"
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

int replay_file(const char *path, const struct source_options *options, usec_t year_hint,
                struct replay_counts *counts)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct input *in = NULL;
    struct walk walk;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return -errno;
    walk_init(&walk, year_hint ? year_hint : time_of_last_line(fd, is_stdin), options->max_line);
    walk.literals = options->literals;
    walk.record = options->record;
    walk.userdata = options->userdata;
    walk.filters = options->filters;
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
