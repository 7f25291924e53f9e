// SPDX-License-Identifier: GPL-2.0-or-later
// The files of one path that are remembered, open or closed, oldest first: at most LANE_TAILS.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "source/lane_room.h"
#include "source/mark.h"
#include "source/watch.h"

static void unwatch(struct tail *t, const struct lane_context *c)
{
    if (t->wd >= 0)
        inotify_rm_watch(c->inotify, t->wd);
    t->wd = -1;
}

void lane_count_tail(struct lane_counts *c, const struct tail *t)
{
    c->lines += t->walk.lines;
    c->records += t->walk.records;
    c->truncated += t->walk.truncated;
    c->no_header += t->walk.no_header;
    c->bytes += t->bytes;
    if (t->walk.last > c->last)
        c->last = t->walk.last;
}

void lane_forget(struct lane *l, size_t i, const struct lane_context *c)
{
    lane_count_tail(c->counts, l->tails[i]);
    unwatch(l->tails[i], c);
    if (l->tails[i] == l->current)
        l->current = NULL;
    tail_free(l->tails[i]);
    memmove(l->tails + i, l->tails + i + 1, (l->n - i - 1) * sizeof(l->tails[0]));
    l->n--;
}

// Forgets one whose file may still lie there: it must not be taken for a new one.
static void forget_for_ever(struct lane *l, size_t i, const struct lane_context *c)
{
    if (l->tails[i]->modified >= l->forgotten)
        l->forgotten = l->tails[i]->modified + 1;
    lane_forget(l, i, c);
}

// Makes room for one more: what is closed goes first, then what is read to its end, then the oldest of all. Where
// the new one was to go to moves with it.
static void make_room(struct lane *l, size_t *at, const struct lane_context *c)
{
    size_t victim = 0;

    if (l->n < LANE_TAILS)
        return;
    for (size_t i = l->n; i-- > 0;)
        if (l->tails[i] != l->current && !l->tails[i]->dirty && l->tails[i]->fd >= 0)
            victim = i;
    for (size_t i = l->n; i-- > 0;)
        if (l->tails[i]->fd < 0)
            victim = i;
    struct tail *t = l->tails[victim];
    if (t->fd >= 0 && t->size > t->feed.offset)
        c->counts->skipped += t->size - t->feed.offset;
    forget_for_ever(l, victim, c);
    *at -= *at > victim;
}

static void watch(struct lane *l, struct tail *t, const struct lane_context *c)
{
    char path[64];

    // by descriptor: the name may be another file's by now
    snprintf(path, sizeof(path), "/proc/self/fd/%d", t->fd);
    t->wd = inotify_add_watch(c->inotify, path, IN_MODIFY | IN_ATTRIB);
    if (t->wd < 0) {
        l->starved = true;
        snprintf(l->problem, sizeof(l->problem), "cannot be watched: %s (fs.inotify.max_user_watches); looked at each second",
                 strerror(errno));
    }
}

int lane_add_tail(struct lane *l, size_t at, int fd, const struct lane_context *c, struct tail **ret)
{
    struct tail *t;
    int r = tail_new(fd, c->options->max_line, &t);

    if (r < 0) {
        close(fd);
        return r;
    }
    make_room(l, &at, c);
    t->walk.literals = c->options->literals;
    t->walk.record = c->options->record;
    t->walk.userdata = c->options->userdata;
    t->walk.filters = c->options->filters;
    t->walk.ungated = c->options->filters & c->options->ungated;
    if (!t->input)
        watch(l, t, c);
    memmove(l->tails + at + 1, l->tails + at, (l->n - at) * sizeof(l->tails[0]));
    l->tails[at] = t;
    l->n++;
    *ret = t;
    return 0;
}

void lane_identify(struct tail *t)
{
    char head[FINGERPRINT_BYTES];

    if (t->known || t->fd < 0 || t->input)
        return;
    ssize_t n = pread(t->fd, head, sizeof(head), 0);

    t->known = n > 0 && feed_fingerprint(head, (size_t)n, t->walk.file);
}

struct tail *lane_find_file(const struct lane *l, const uint8_t file[16])
{
    for (size_t i = 0; i < l->n; i++) {
        lane_identify(l->tails[i]);
        if (l->tails[i]->known && memcmp(l->tails[i]->walk.file, file, 16) == 0)
            return l->tails[i];
    }
    return NULL;
}

void lane_add_absent(struct lane *l, size_t at, const uint8_t file[16], uint64_t offset, usec_t modified,
                     const struct lane_context *c)
{
    struct tail *t = calloc(1, sizeof(*t));

    if (!t)
        return;
    make_room(l, &at, c);
    t->fd = t->wd = -1;
    t->known = true;
    memcpy(t->walk.file, file, sizeof(t->walk.file));
    t->walk.last = t->modified = modified;
    t->feed.offset = offset;
    t->checkpoints[0] = (struct checkpoint){INT64_MIN, offset};
    t->n_checkpoints = 1;
    memmove(l->tails + at + 1, l->tails + at, (l->n - at) * sizeof(l->tails[0]));
    l->tails[at] = t;
    l->n++;
}

int lane_mark(const struct lane *l, usec_t not_after, char **mark, size_t *n)
{
    const struct tail *newest = NULL;
    for (size_t i = 0; i < l->n; i++)
        if (l->tails[i]->known)
            newest = l->tails[i];
    for (size_t i = 0; i < l->n; i++) {
        const struct tail *t = l->tails[i];
        // what is over is named as long as it could be taken for a file that came later
        if (!t->known ||
            (t != newest && t->fd < 0 && t->walk.last < not_after && t->modified < newest->modified - 2 * USEC_SEC))
            continue;
        struct mark_entry e = {.offset = tail_offset_for(t, not_after), .modified = t->modified};
        memcpy(e.file, t->walk.file, sizeof(e.file));
        int r = mark_append(mark, n, &e, l->path);
        if (r < 0)
            return r;
    }
    return 0;
}

struct tail *lane_find_inode(const struct lane *l, const struct stat *st)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->tails[i]->fd >= 0 && l->tails[i]->ino == st->st_ino && l->tails[i]->dev == st->st_dev)
            return l->tails[i];
    return NULL;
}

void lane_watch_again(struct lane *l, const struct lane_context *c)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->tails[i]->fd >= 0 && l->tails[i]->wd < 0 && !l->tails[i]->input) {
            watch(l, l->tails[i], c);
            l->tails[i]->dirty = true;
        }
}

void lane_close_old(struct lane *l, const struct lane_context *c)
{
    size_t open = 0, closed = 0, oldest = 0;

    for (size_t i = l->n; i-- > 0;) {
        struct tail *t = l->tails[i];
        bool replaced = i + 1 < l->n && l->tails[l->n - 1]->known;
        if (t == l->current || t->fd < 0 || t->dirty)
            continue;
        open += !t->input;
        if (t->input || (replaced && (t->deleted || open > LANE_OLD_OPEN))) {
            unwatch(t, c);
            tail_close(t);
        }
    }
    for (size_t i = 0; i < l->n; i++)
        closed += l->tails[i]->fd < 0;
    for (; closed > LANE_CLOSED; closed--) {
        while (l->tails[oldest]->fd >= 0)
            oldest++;
        forget_for_ever(l, oldest, c);
    }
}

struct tail *lane_find_watch(const struct lane *l, int wd)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->tails[i]->wd == wd && wd >= 0)
            return l->tails[i];
    return NULL;
}
