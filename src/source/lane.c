// SPDX-License-Identifier: GPL-2.0-or-later
// Follows one path through its rotations. A file that was renamed stays open until its successor is written to and
// nobody can write to it unseen; a file that was truncated is finished from the copy that rotation made.
#include "source/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/lane_room.h"
#include "source/watch.h"

int lane_new(const char *path, struct lane **ret)
{
    struct lane *l = calloc(1, sizeof(*l));

    if (!l || !(l->path = strdup(path))) {
        free(l);
        return -ENOMEM;
    }
    *ret = l;
    return 0;
}

void lane_free(struct lane *l, const struct lane_context *c)
{
    if (!l)
        return;
    while (l->n > 0)
        lane_forget(l, l->n - 1, c);
    free(l->path);
    free(l);
}

// A glob may mean one file by two names: a link to it, or the name it was renamed to.
static bool is_read_elsewhere(const struct lane *l, const struct stat *st, const struct lane_context *c)
{
    for (size_t i = 0; i < c->n_lanes; i++)
        if (c->lanes[i] != l && lane_find_inode(c->lanes[i], st))
            return true;
    return false;
}

static int open_path(struct lane *l)
{
    struct stat st;
    int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    l->problem[0] = '\0';
    if (fd < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            snprintf(l->problem, sizeof(l->problem), "cannot open: %s", strerror(errno));
        return -errno;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        snprintf(l->problem, sizeof(l->problem), "not a regular file");
        close(fd);
        return -EINVAL;
    }
    return fd;
}

int lane_look(struct lane *l, const struct lane_context *c)
{
    struct tail *old = l->current, *t;
    bool again = l->starved && l->started && l->n > 0;
    struct stat st;
    int fd = open_path(l);

    l->starved = fd < 0 && watch_is_starved(-fd);
    lane_watch_again(l, c);
    if (fd >= 0 && fstat(fd, &st) == 0) {
        struct tail *known = lane_find_inode(l, &st);
        if (known)
            l->current = known;
        if (known || is_read_elsewhere(l, &st, c)) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0) {
        int r = lane_add_tail(l, l->n, fd, c, &t);
        if (r < 0) {
            snprintf(l->problem, sizeof(l->problem), "cannot read: %s", strerror(-r));
            return r;
        }
        l->current = t;
        if (l->started && old)
            c->counts->rotations++;
        if (l->started && l->n == 1)
            lane_start_new(l, c);
        else if (l->started)
            lane_find_missed(l, c);
    } else if (again && !l->starved) {
        lane_find_missed(l, c);
    }
    return l->started ? 0 : lane_start(l, c);
}

// The current file was empty when it was seen last: whole rotations may have passed since then. False as long as it is not to
// be read: it has no line yet, or something goes before it, or may.
static bool is_next(struct lane *l, struct tail *t, const struct lane_context *c)
{
    usec_t seen = l->tails[0]->modified;

    lane_identify(t);
    // in this order: what comes to lie there from now on comes after it
    return t->known && lane_find_missed_since(l, seen, c) == 0 && !l->missing;
}

int lane_read(struct lane *l, const struct lane_context *c, size_t budget)
{
    if (l->missing && l->n > 0)
        lane_find_missed(l, c);
    for (size_t i = 0; i < l->n && !l->missing; i++) {
        struct tail *t = l->tails[i];
        if (!t->dirty || t->fd < 0)
            continue;
        if (t == l->current && !t->known && !is_next(l, t, c)) {
            t->dirty = t->known;
            i = t->known ? (size_t)-1 : i;
            continue;
        }
        t->walk.flags = c->flags;
        int r = tail_read(t, budget, c->now);
        if (r == -ESTALE) {
            if (!lane_finish_copy(l, i, c)) {
                if (!l->starved)
                    return 1;
                t->dirty = false;
                continue;
            }
            i = (size_t)-1; // from the oldest on: the copy, if there is one, comes before
            continue;
        }
        if (r == -EBADMSG || r == -EIO)
            snprintf(l->problem, sizeof(l->problem), "damaged: %s", strerror(-r));
        else if (r != 0)
            return r;
        t->dirty = false;
    }
    lane_close_old(l, c);
    return l->missing;
}

uint64_t lane_behind(const struct lane *l, usec_t *oldest)
{
    uint64_t n = 0;

    for (size_t i = 0; i < l->n; i++) {
        const struct tail *t = l->tails[i];
        struct stat st;
        if (t->fd < 0 || t->input || fstat(t->fd, &st) < 0 || (uint64_t)st.st_size <= t->feed.offset)
            continue;
        n += (uint64_t)st.st_size - t->feed.offset;
        if (t->walk.last != INT64_MIN && t->walk.last < *oldest)
            *oldest = t->walk.last;
    }
    return n;
}
