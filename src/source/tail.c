// SPDX-License-Identifier: GPL-2.0-or-later
// Reads one log file to its end. Between two reads nothing is kept but the offset of the first unread line.
#include "source/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/header.h"

#define PROBE ((size_t)16 * 1024) // enough to find a whole line in

static void take_stat(struct tail *t, const struct stat *st)
{
    t->size = (uint64_t)st->st_size;
    t->modified = (usec_t)st->st_mtim.tv_sec * USEC_SEC + st->st_mtim.tv_nsec / 1000;
    t->deleted = st->st_nlink == 0;
}

int tail_new(int fd, size_t max_line, struct tail **ret)
{
    struct stat st;
    struct tail *t = calloc(1, sizeof(*t));
    int r = 0;

    if (!t)
        return -ENOMEM;
    t->fd = fd;
    t->wd = -1;
    t->feed.walk = &t->walk;
    walk_init(&t->walk, clock_realtime(), max_line);
    if (fstat(fd, &st) < 0)
        r = -errno;
    else
        r = input_new(fd, &t->input);
    if (r < 0) {
        t->fd = -1; // stays the caller's
        tail_free(t);
        return r;
    }
    if (!input_is_compressed(t->input)) {
        input_free(t->input);
        t->input = NULL;
    }
    t->dev = st.st_dev;
    t->ino = st.st_ino;
    take_stat(t, &st);
    t->dirty = true;
    t->checkpoints[0].time = INT64_MIN;
    t->n_checkpoints = 1;
    t->checkpoint_gap = USEC_SEC;
    *ret = t;
    return 0;
}

void tail_close(struct tail *t)
{
    feed_release(&t->feed);
    input_free(t->input);
    t->input = NULL;
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    t->dirty = false;
}

void tail_free(struct tail *t)
{
    if (t)
        tail_close(t);
    free(t);
}

static ssize_t read_at(int fd, char *p, size_t n, uint64_t offset)
{
    ssize_t r;

    do
        r = pread(fd, p, n, (off_t)offset);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

static void start_at(struct tail *t, uint64_t offset)
{
    t->feed.offset = offset;
    t->feed.inside_cut = false;
    t->checkpoints[0] = (struct checkpoint){INT64_MIN, offset};
    t->n_checkpoints = 1;
}

int tail_seek(struct tail *t, uint64_t offset)
{
    char before = '\n';

    if (t->input) {
        for (uint64_t left = offset; left > 0;) {
            char *p;
            size_t space;
            int r = feed_space(&t->feed, &p, &space);
            if (r < 0)
                return r;
            ssize_t n = input_read(t->input, p, left < space ? (size_t)left : space);
            if (n <= 0)
                return n < 0 ? (int)n : -ENODATA;
            if (left == offset)
                t->known = feed_fingerprint(p, (size_t)n, t->walk.file);
            left -= (uint64_t)n;
            before = p[n - 1];
        }
    } else if (offset > 0) {
        ssize_t n = read_at(t->fd, &before, 1, offset - 1);
        if (n <= 0)
            return n < 0 ? (int)n : -ENODATA;
    }
    start_at(t, offset);
    t->feed.inside_cut = before != '\n'; // the mark was made in the rest of a line that had been cut
    return 0;
}

// The first line that begins after offset (at it when it is 0) and has a time.
static int time_after(struct tail *t, uint64_t offset, usec_t *ret_time, uint64_t *ret_begin)
{
    char buffer[PROBE];
    ssize_t n = read_at(t->fd, buffer, sizeof(buffer), offset);

    if (n < 0)
        return (int)n;
    const char *p = buffer, *end = buffer + n, *newline;
    if (offset > 0) {
        newline = n ? memchr(p, '\n', (size_t)n) : NULL;
        p = newline ? newline + 1 : end;
    }
    while (p < end && (newline = memchr(p, '\n', (size_t)(end - p)))) {
        struct header h;
        if (header_parse(&t->walk.clock, (struct str){p, (size_t)(newline - p)}, &h) && h.has_time) {
            *ret_time = h.time;
            *ret_begin = offset + (uint64_t)(p - buffer);
            return 0;
        }
        p = newline + 1;
    }
    return -ENODATA;
}

int tail_first_time(struct tail *t, usec_t *ret)
{
    uint64_t begin;

    return t->input ? -ENODATA : time_after(t, 0, ret, &begin);
}

int tail_seek_time(struct tail *t, usec_t since)
{
    uint64_t low = 0, high = t->size, begin; // low is a line's beginning, older than since
    usec_t time;

    t->walk.since = since;
    if (t->input)
        return 0;
    while (high - low > PROBE) {
        uint64_t middle = low + (high - low) / 2;
        int r = time_after(t, middle, &time, &begin);
        if (r < 0 && r != -ENODATA)
            return r;
        // where no time is to be found nothing can be left out safely
        if (r == 0 && time < since && begin < high)
            low = begin;
        else
            high = middle;
    }
    return tail_seek(t, low);
}

// read: how far it was read, at least
static bool is_new_content(const struct tail *t, const struct stat *st, uint64_t read)
{
    char head[FINGERPRINT_BYTES];
    uint8_t file[16];

    if ((uint64_t)st->st_size < read)
        return true;
    if (!t->known)
        return false;
    ssize_t n = read_at(t->fd, head, sizeof(head), 0);
    return n >= 0 && (!feed_fingerprint(head, (size_t)n, file) || memcmp(file, t->walk.file, sizeof(file)) != 0);
}

static void add_checkpoint(struct tail *t)
{
    struct checkpoint *last = &t->checkpoints[t->n_checkpoints - 1];

    if (!t->walk.timed || (t->n_checkpoints > 1 && t->walk.last - last->time < t->checkpoint_gap))
        return;
    if (t->n_checkpoints == TAIL_CHECKPOINTS) {
        size_t kept = 1; // every second, and the first for ever
        for (size_t i = 2; i < TAIL_CHECKPOINTS; i += 2)
            t->checkpoints[kept++] = t->checkpoints[i];
        t->n_checkpoints = kept;
        t->checkpoint_gap *= 2;
    }
    t->checkpoints[t->n_checkpoints++] = (struct checkpoint){t->walk.last, t->feed.offset};
}

uint64_t tail_offset_for(const struct tail *t, usec_t not_after)
{
    if (not_after == USEC_FOREVER)
        return t->feed.offset;
    for (size_t i = t->n_checkpoints; i-- > 0;)
        if (t->checkpoints[i].time < not_after)
            return t->checkpoints[i].offset;
    return t->checkpoints[0].offset;
}

// Finds out which file this is, as soon as its first line is complete.
static int identify(struct tail *t)
{
    char head[FINGERPRINT_BYTES];
    ssize_t n = read_at(t->fd, head, sizeof(head), 0);

    if (n < 0)
        return (int)n;
    t->known = feed_fingerprint(head, (size_t)n, t->walk.file);
    return t->known;
}

int tail_read(struct tail *t, size_t budget, usec_t now)
{
    size_t done = 0;
    struct stat st;
    int r = 0;

    if (t->fd < 0)
        return 0;
    if (!t->input) {
        if (fstat(t->fd, &st) < 0)
            return -errno;
        if (is_new_content(t, &st, t->feed.offset))
            return -ESTALE;
        take_stat(t, &st);
        if (!t->known && (r = identify(t)) <= 0) {
            t->dirty = false;
            return r;
        }
    }
    stamp_clock_set_bound(&t->walk.clock, now);
    while (r >= 0 && done < budget) {
        char *p;
        size_t space;
        if ((r = feed_space(&t->feed, &p, &space)) < 0)
            break;
        uint64_t at = t->feed.offset + t->feed.have;
        ssize_t n = t->input ? input_read(t->input, p, space) : read_at(t->fd, p, space, at);
        if (n <= 0) {
            r = (int)n;
            break;
        }
        // truncated and written to again while we were at it: what was read is of two contents
        if (!t->input && (fstat(t->fd, &st) < 0 || is_new_content(t, &st, at + (uint64_t)n))) {
            feed_release(&t->feed);
            return -ESTALE;
        }
        if (!t->known)
            t->known = feed_fingerprint(p, (size_t)n, t->walk.file);
        done += (size_t)n;
        uint64_t before = t->feed.offset;
        r = feed_add(&t->feed, (size_t)n);
        t->bytes += t->feed.offset - before;
        add_checkpoint(t);
        if (r >= 0 && (size_t)n < space)
            break; // the end; when there is more by now we are told
    }
    if (r >= 0 && done >= budget)
        return 1;
    if (!t->input)
        feed_release(&t->feed);
    t->dirty = false;
    t->walk.since = INT64_MIN; // that was for what had been there
    return r < 0 ? r : 0;
}

uint64_t tail_restart(struct tail *t)
{
    uint64_t lost = t->size > t->feed.offset ? t->size - t->feed.offset : 0;

    feed_release(&t->feed);
    t->known = false;
    t->dirty = true;
    t->walk.timed = false;
    t->walk.since = INT64_MIN;
    t->walk.previous = t->walk.clock.bound;
    start_at(t, 0);
    return lost;
}
