// SPDX-License-Identifier: GPL-2.0-or-later
// Follows one path through its rotations. A file that was renamed stays open until its successor is written to and
// nobody can write to it unseen; a file that was truncated is finished from the copy that rotation made.
#include "source/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/mark.h"
#include "source/rotation.h"
#include "source/watch.h"

enum { UNSETTLED_MAX = 100, START_TRIES = 10 };

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

static void forget(struct lane *l, size_t i, const struct lane_context *c)
{
    lane_count_tail(c->counts, l->tails[i]);
    unwatch(l->tails[i], c);
    if (l->tails[i] == l->current)
        l->current = NULL;
    tail_free(l->tails[i]);
    memmove(l->tails + i, l->tails + i + 1, (l->n - i - 1) * sizeof(l->tails[0]));
    l->n--;
}

void lane_free(struct lane *l, const struct lane_context *c)
{
    if (!l)
        return;
    while (l->n > 0)
        forget(l, l->n - 1, c);
    free(l->path);
    free(l);
}

// Forgets one whose file may still lie there: it must not be taken for a new one.
static void forget_for_ever(struct lane *l, size_t i, const struct lane_context *c)
{
    if (l->tails[i]->modified >= l->forgotten)
        l->forgotten = l->tails[i]->modified + 1;
    forget(l, i, c);
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

// Takes fd over, also on failure. at: which place in the order.
static int add_tail(struct lane *l, size_t at, int fd, const struct lane_context *c, struct tail **ret)
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

static void identify(struct tail *t)
{
    char head[FINGERPRINT_BYTES];

    if (t->known || t->fd < 0 || t->input)
        return;
    ssize_t n = pread(t->fd, head, sizeof(head), 0);

    t->known = n > 0 && feed_fingerprint(head, (size_t)n, t->walk.file);
}

static struct tail *find_file(const struct lane *l, const uint8_t file[16])
{
    for (size_t i = 0; i < l->n; i++) {
        identify(l->tails[i]);
        if (l->tails[i]->known && memcmp(l->tails[i]->walk.file, file, 16) == 0)
            return l->tails[i];
    }
    return NULL;
}

// Remembers a file that is not there (any more), so that it is not taken for a new one when it turns up.
static void add_absent(struct lane *l, size_t at, const uint8_t file[16], uint64_t offset, usec_t modified,
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
    int r = add_tail(l, at, fd, c, &t);
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
        struct tail *t, *known = s[i].fd < 0 ? NULL : find_file(l, s[i].file);
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
                forget(l, at, c);
            add_absent(l, at, e->file, e->offset, e->modified, c);
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

static struct tail *find_inode(const struct lane *l, const struct stat *st)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->tails[i]->fd >= 0 && l->tails[i]->ino == st->st_ino && l->tails[i]->dev == st->st_dev)
            return l->tails[i];
    return NULL;
}

// A glob may mean one file by two names: a link to it, or the name it was renamed to.
static bool is_read_elsewhere(const struct lane *l, const struct stat *st, const struct lane_context *c)
{
    for (size_t i = 0; i < c->n_lanes; i++)
        if (c->lanes[i] != l && find_inode(c->lanes[i], st))
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

// A path that was not there when names were last looked at: it may have been rotated since, or be a new name for a
// file that was read under another.
static void start_new(struct lane *l, const struct lane_context *c)
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

static int start(struct lane *l, const struct lane_context *c)
{
    struct mark_entry entries[LANE_TAILS];
    size_t n = c->mark ? mark_read(c->mark, l->path, entries, LANE_TAILS) : 0;

    l->started = true;
    if (l->current)
        identify(l->current);
    if (n > 0)
        resume(l, entries, n, c);
    else if (!c->mark)
        go_back(l, c);
    else
        start_new(l, c);
    return 0;
}

// Whether to look again at once: files were renamed meanwhile. Somebody who never stops that is not waited for.
static bool is_unsettled(struct lane *l, int r)
{
    l->unsettled = r == -EAGAIN ? l->unsettled + 1 : 0;
    return l->unsettled > 0 && l->unsettled < UNSETTLED_MAX;
}

// The path was rotated more than once since the last look, perhaps: what lies there, was modified at or after newer and is
// not known. What is known is passed over. How many were found.
static size_t find_missed_since(struct lane *l, usec_t newer, const struct lane_context *c)
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

// It is safe to go back as far as everything is remembered.
static void find_missed(struct lane *l, const struct lane_context *c)
{
    find_missed_since(l, l->tails[0]->modified, c);
}

// Files that are open and not watched: what came since the last look is read now.
static void watch_again(struct lane *l, const struct lane_context *c)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->tails[i]->fd >= 0 && l->tails[i]->wd < 0 && !l->tails[i]->input) {
            watch(l, l->tails[i], c);
            l->tails[i]->dirty = true;
        }
}

int lane_look(struct lane *l, const struct lane_context *c)
{
    struct tail *old = l->current, *t;
    bool again = l->starved && l->started && l->n > 0;
    struct stat st;
    int fd = open_path(l);

    l->starved = fd < 0 && watch_is_starved(-fd);
    watch_again(l, c);
    if (fd >= 0 && fstat(fd, &st) == 0) {
        struct tail *known = find_inode(l, &st);
        if (known)
            l->current = known;
        if (known || is_read_elsewhere(l, &st, c)) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0) {
        int r = add_tail(l, l->n, fd, c, &t);
        if (r < 0) {
            snprintf(l->problem, sizeof(l->problem), "cannot read: %s", strerror(-r));
            return r;
        }
        l->current = t;
        if (l->started && old)
            c->counts->rotations++;
        if (l->started && l->n == 1)
            start_new(l, c);
        else if (l->started)
            find_missed(l, c);
    } else if (again && !l->starved) {
        find_missed(l, c);
    }
    return l->started ? 0 : start(l, c);
}

// The current file was truncated: what of it was not read may be in the copy that rotation made before. False: that
// cannot be looked for now.
static bool finish_copy(struct lane *l, size_t i, const struct lane_context *c)
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
        add_absent(l, i, file, offset, t->modified, c);
    uint64_t lost = tail_restart(t);
    if (!copy)
        c->counts->skipped += lost;
    find_missed(l, c); // it may have been truncated more than once since it was read
    return true;
}

// Closes what was rotated away, is read to its end and cannot grow unseen any more.
static void close_old(struct lane *l, const struct lane_context *c)
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

// The current file was empty when it was seen last: whole rotations may have passed since then. False as long as it is not to
// be read: it has no line yet, or something goes before it, or may.
static bool is_next(struct lane *l, struct tail *t, const struct lane_context *c)
{
    usec_t seen = l->tails[0]->modified;

    identify(t);
    // in this order: what comes to lie there from now on comes after it
    return t->known && find_missed_since(l, seen, c) == 0 && !l->missing;
}

int lane_read(struct lane *l, const struct lane_context *c, size_t budget)
{
    if (l->missing && l->n > 0)
        find_missed(l, c);
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
            if (!finish_copy(l, i, c)) {
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
    close_old(l, c);
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

struct tail *lane_find_watch(const struct lane *l, int wd)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->tails[i]->wd == wd && wd >= 0)
            return l->tails[i];
    return NULL;
}
