// SPDX-License-Identifier: GPL-2.0-or-later
// Finds what came and went since the path was looked at last: rotated files by their names and content, at a start by what
// a mark says of them, and the copy of one that was truncated.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/lane_room.h"
#include "source/mark.h"
#include "source/rotation.h"
#include "source/watch.h"

enum { UNSETTLED_MAX = 100, START_TRIES = 10 };

// The best place where the file of a mark can be now: larger than what was read of it, plain before packed.
static struct sibling *find_sibling(struct sibling *s, size_t n, const uint8_t file[16], uint64_t offset)
{
    struct sibling *best = NULL;

    for (size_t i = 0; i < n; i++) {
        if (s[i].fd < 0 || memcmp(s[i].file, file, 16) != 0 || (!s[i].compressed && s[i].size < offset))
            continue;
        if (!best || (best->compressed && !s[i].compressed) ||
            (best->compressed == s[i].compressed && s[i].size > best->size))
            best = &s[i];
    }
    return best;
}

static int take_sibling(struct lane *l, size_t at, struct sibling *s, const struct lane_context *c, struct tail **ret)
{
    struct tail *t;
    int fd = s->fd;

    s->fd = -1;
    int r = lane_add_tail(l, at, fd, c, &t);
    if (r < 0)
        return r;
    memcpy(t->walk.file, s->file, sizeof(s->file));
    t->known = true;
    *ret = t;
    return 0;
}

// Files that were current after `newer` and that nobody has seen: put before the current one; how many. When that has been
// rotated away itself since it was opened, the next look finds what came after it.
static size_t add_missed(struct lane *l, struct sibling *s, size_t n, usec_t newer, const struct lane_context *c)
{
    size_t added = 0;

    for (size_t i = 0; i < n; i++) {
        struct tail *t, *known = s[i].fd < 0 ? NULL : lane_find_file(l, s[i].file);
        if (known && known == l->current)
            break;
        if (s[i].fd < 0 || s[i].modified < newer || known)
            continue;
        struct sibling *best = find_sibling(s, n, s[i].file, 0);
        size_t at = l->current ? l->n - 1 : l->n;
        added += best && take_sibling(l, at, best, c, &t) == 0;
    }
    c->counts->rotations += added;
    return added;
}

// At a start, when what is not found now is not looked for again.
static void list_patiently(const char *path, usec_t newer, struct sibling **ret, size_t *ret_n)
{
    for (int tries = 0; rotation_list(path, newer, ret, ret_n) == -EAGAIN && tries < START_TRIES; tries++) {
        rotation_free(*ret, *ret_n);
        *ret = NULL;
        *ret_n = 0;
    }
}

// After a restart: everything the mark names is found again by content, wherever it is called now.
static void resume(struct lane *l, const struct mark_entry *entries, size_t n_entries, const struct lane_context *c)
{
    usec_t oldest = INT64_MAX, newest = INT64_MIN;
    struct sibling *s = NULL;
    size_t n = 0;
    bool current_found = false;

    for (size_t i = 0; i < n_entries; i++) {
        if (entries[i].modified < oldest)
            oldest = entries[i].modified;
        if (entries[i].modified > newest)
            newest = entries[i].modified;
    }
    list_patiently(l->path, oldest - USEC_SEC, &s, &n); // packing keeps times to the second
    for (size_t i = 0; i < n_entries; i++) {
        const struct mark_entry *e = &entries[i];
        struct tail *t = l->current, *found = NULL;
        if (t && t->known && memcmp(t->walk.file, e->file, 16) == 0) {
            current_found = true; // shorter than it was: a crash of the whole machine took its end
            tail_seek(t, e->offset < t->size ? e->offset : t->size);
            continue;
        }
        struct sibling *best = find_sibling(s, n, e->file, e->offset);
        size_t at = l->current ? l->n - 1 : l->n;
        if (!best || take_sibling(l, at, best, c, &found) < 0 || tail_seek(found, e->offset) < 0) {
            if (found)
                lane_forget(l, at, c);
            lane_add_absent(l, at, e->file, e->offset, e->modified, c);
            continue;
        }
        if (i + 1 == n_entries)
            c->counts->rotations++;
    }
    if (!current_found)
        add_missed(l, s, n, newest - USEC_SEC, c);
    rotation_free(s, n);
}

// A first start: from options.since on, which may lie in the files before the current one.
static void go_back(struct lane *l, const struct lane_context *c)
{
    usec_t since = c->options->since, first;
    struct sibling *s = NULL;
    size_t n = 0;

    if (l->current && tail_first_time(l->current, &first) == 0 && first < since) {
        tail_seek_time(l->current, since);
        return;
    }
    list_patiently(l->path, since, &s, &n);
    add_missed(l, s, n, since, c);
    rotation_free(s, n);
    for (size_t i = 0; i < l->n; i++)
        tail_seek_time(l->tails[i], since);
}

void lane_start_new(struct lane *l, const struct lane_context *c)
{
    const usec_t tick = 10 * USEC_MSEC; // what a modification time is late
    struct sibling *s = NULL;
    struct mark_entry e;
    size_t n = 0;

    if (c->mark && l->current && l->current->known && mark_find(c->mark, l->current->walk.file, &e)) {
        tail_seek(l->current, e.offset < l->current->size ? e.offset : l->current->size);
        return;
    }

    list_patiently(l->path, c->looked - tick, &s, &n);
    add_missed(l, s, n, c->looked - tick, c);
    rotation_free(s, n);
}

int lane_start(struct lane *l, const struct lane_context *c)
{
    struct mark_entry entries[LANE_TAILS];
    size_t n = c->mark ? mark_read(c->mark, l->path, entries, LANE_TAILS) : 0;

    l->started = true;
    if (l->current)
        lane_identify(l->current);
    if (n > 0)
        resume(l, entries, n, c);
    else if (!c->mark)
        go_back(l, c);
    else
        lane_start_new(l, c);
    return 0;
}

// Whether to look again at once: files were renamed meanwhile. Somebody who never stops that is not waited for.
static bool is_unsettled(struct lane *l, int r)
{
    l->unsettled = r == -EAGAIN ? l->unsettled + 1 : 0;
    return l->unsettled > 0 && l->unsettled < UNSETTLED_MAX;
}

size_t lane_find_missed_since(struct lane *l, usec_t newer, const struct lane_context *c)
{
    struct sibling *s = NULL;
    size_t n = 0, added = 0;

    if (l->forgotten > newer)
        newer = l->forgotten;
    int r = rotation_list(l->path, newer, &s, &n);
    l->starved |= r < 0 && watch_is_starved(-r);
    l->missing = is_unsettled(l, r);
    bool known = !l->current || l->current->known;
    if (!l->missing) // of some alone nobody knows what goes between them
        added = add_missed(l, s, n, newer, c);
    // What was empty when the listing began has content now: another's copy may have been made in between.
    l->missing |= !known && l->current->known;
    rotation_free(s, n);
    return added;
}

void lane_find_missed(struct lane *l, const struct lane_context *c)
{
    lane_find_missed_since(l, l->tails[0]->modified, c);
}

bool lane_finish_copy(struct lane *l, size_t i, const struct lane_context *c)
{
    struct tail *t = l->tails[i], *copy = NULL;
    uint64_t offset = t->feed.offset;
    struct sibling *s = NULL;
    size_t n = 0;
    uint8_t file[16];
    bool known = t->known;

    memcpy(file, t->walk.file, sizeof(file));
    int r = known ? rotation_list(l->path, INT64_MIN, &s, &n) : 0;
    struct sibling *best = find_sibling(s, n, file, offset);
    if (watch_is_starved(-r) || (!best && is_unsettled(l, r))) {
        l->starved |= watch_is_starved(-r);
        rotation_free(s, n);
        return false;
    }
    c->counts->rotations++;
    if (best && take_sibling(l, i, best, c, &copy) == 0 && tail_seek(copy, offset) == 0) {
        // what a mark needs of the old content is with the copy now
        memcpy(copy->checkpoints, t->checkpoints, sizeof(copy->checkpoints));
        copy->n_checkpoints = t->n_checkpoints;
        copy->checkpoint_gap = t->checkpoint_gap;
        copy->walk.last = t->walk.last;
    }
    rotation_free(s, n);
    if (known && !copy)
        lane_add_absent(l, i, file, offset, t->modified, c);
    uint64_t lost = tail_restart(t);
    if (!copy)
        c->counts->skipped += lost;
    lane_find_missed(l, c); // it may have been truncated more than once since it was read
    return true;
}
