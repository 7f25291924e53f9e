// SPDX-License-Identifier: GPL-2.0-or-later
// The systemd journal as a live source, and its replay. Waits on the journal's own descriptor, survives rotation and
// vacuuming, and knows where to go on after a restart.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "source/entry.h"
#include "source/impl.h"
#include "source/replay.h"

enum {
    BATCH = 512,       // entries read before others of the loop have their turn
    CHECKPOINTS = 256, // thinned out when full: a mark is then a little earlier than it might be
};

#define CHECKPOINT_EVERY (5 * USEC_SEC)
// A journal that cannot be read on is opened anew at most so often.
#define OPEN_EVERY USEC_SEC

struct checkpoint { // after this entry, every record seen so far is at most so new
    usec_t newest;
    uint8_t seqnum_id[16];
    uint64_t seqnum, realtime;
};

struct journal {
    struct source base;
    struct source_options options;
    struct entry entry;
    sd_event_source *io, *more, *again;
    char *path; // NULL: this machine's
    usec_t opened; // monotonic
    struct checkpoint points[CHECKPOINTS];
    size_t n_points;
    struct checkpoint last; // the entry read last
    char *start;            // where reading began, as a mark
    bool any, caught_up, skip_first;
    char skip[ENTRY_CURSOR_MAX]; // read before the restart
    struct source_status status;
};

bool source_journal_available(void)
{
    sd_journal *j;
    bool readable = false;

    if (sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0)
        return false;
    if (sd_journal_seek_tail(j) >= 0)
        readable = sd_journal_previous(j) > 0;
    sd_journal_close(j);
    return readable;
}

// Only entries that have one of the literals go on, with the mask of those they have; those that some filter must see
// anyway; and those with a command line, which may be the only ones of their process that have it.
static bool passes_gate(const struct source_options *options, struct record *r)
{
    if (!options->literals)
        return true;
    r->mask = literals_mask(options->literals, r->line);
    r->flags |= RECORD_HAS_MASK;
    return r->mask != 0 || r->cmdline.n > 0 || (r->filters & options->ungated);
}

static void add_checkpoint(struct journal *j)
{
    if (j->n_points > 0 && j->last.newest - j->points[j->n_points - 1].newest < CHECKPOINT_EVERY)
        return;
    if (j->n_points == CHECKPOINTS) {
        for (size_t i = 0; i < CHECKPOINTS / 2; i++)
            j->points[i] = j->points[2 * i];
        j->n_points = CHECKPOINTS / 2;
    }
    j->points[j->n_points++] = j->last;
}

static int hand_on(struct journal *j)
{
    struct record r;
    int error;
    bool wanted = entry_read(&j->entry, &r, &error);

    j->status.lines++;
    if (error < 0) {
        j->status.skipped++;
        return 0;
    }
    if (j->skip_first) {
        j->skip_first = false;
        if (sd_journal_test_cursor(j->entry.journal, j->skip) > 0)
            return 0;
    }
    memcpy(j->last.seqnum_id, j->entry.seqnum_id, sizeof(j->last.seqnum_id));
    j->last.seqnum = j->entry.seqnum;
    j->last.realtime = j->entry.realtime;
    if (wanted && r.time > j->last.newest)
        j->last.newest = r.time;
    j->any = true;
    int result = 0;
    if (wanted && passes_gate(&j->options, &r)) {
        if (j->caught_up && !strcmp(j->base.name, "journal"))
            r.flags |= RECORD_LOCAL;
        j->status.records++;
        j->status.bytes += r.line.n;
        j->status.truncated += (r.flags & RECORD_TRUNCATED) != 0;
        j->status.last = r.time;
        result = j->options.record(j->options.userdata, &r);
    }
    add_checkpoint(j);
    return result;
}

static void tell_caught_up(struct journal *j)
{
    if (j->caught_up)
        return;
    j->caught_up = true;
    if (j->options.caught_up)
        j->options.caught_up(j->options.userdata, &j->base);
}

static int on_more(sd_event_source *s, void *userdata);
static int open_again(struct journal *j);

static int read_more(struct journal *j)
{
    for (int i = 0; i < BATCH; i++) {
        int r = sd_journal_next(j->entry.journal);
        if (r <= 0)
            tell_caught_up(j); // also where the rest cannot be read: nobody shall wait for it
        if (r == 0)
            return 0;
        if (r < 0) {
            // a file that was damaged under us may keep libsystemd from all others, too
            j->status.skipped++;
            snprintf(j->status.problem, sizeof(j->status.problem), "an entry could not be read: %s", strerror(-r));
            return open_again(j);
        }
        j->status.problem[0] = '\0';
        if ((r = hand_on(j)) < 0)
            return r;
    }
    return source_again(j->options.event, &j->more, on_more, j);
}

static int on_more(sd_event_source *s, void *userdata)
{
    (void)s;
    return read_more(userdata);
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct journal *j = userdata;

    (void)s, (void)fd, (void)revents;
    // NOP, APPEND and INVALIDATE (files came or went) all mean: go on from where we are
    int r = sd_journal_process(j->entry.journal);
    if (r < 0)
        snprintf(j->status.problem, sizeof(j->status.problem), "the journal cannot be watched: %s", strerror(-r));
    if (r == SD_JOURNAL_INVALIDATE) {
        // when a directory of journals was removed and made anew, libsystemd may have lost its watch on the new one
        j->status.rotations++;
        j->opened = clock_monotonic();
        r = open_again(j);
        if (r < 0)
            return r;
    }
    return read_more(j);
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *userdata);
static int seek(struct journal *j, const char *mark);

static int watch(struct journal *j)
{
    int fd = sd_journal_get_fd(j->entry.journal);

    j->io = sd_event_source_disable_unref(j->io);
    return fd < 0 ? fd : sd_event_add_io(j->options.event, &j->io, fd, (uint32_t)sd_journal_get_events(j->entry.journal), on_io, j);
}

static int on_again(sd_event_source *s, uint64_t usec, void *userdata)
{
    (void)s, (void)usec;
    return open_again(userdata);
}

// Goes on behind the entry that was read last.
static int open_again(struct journal *j)
{
    usec_t now = clock_monotonic();
    char *mark;
    int r;

    if (now - j->opened < OPEN_EVERY) {
        j->again = sd_event_source_disable_unref(j->again);
        return sd_event_add_time_relative(j->options.event, &j->again, CLOCK_MONOTONIC, OPEN_EVERY, 0, on_again, j);
    }
    j->opened = now;
    if ((r = source_mark(&j->base, USEC_FOREVER, &mark)) < 0)
        return r;
    r = entry_reopen(&j->entry, j->path);
    if (r >= 0)
        r = seek(j, mark);
    if (r >= 0)
        r = watch(j);
    free(mark);
    if (r < 0) {
        snprintf(j->status.problem, sizeof(j->status.problem), "cannot be opened anew: %s", strerror(-r));
        return open_again(j); // later
    }
    return source_again(j->options.event, &j->more, on_more, j);
}

// "since MICROSECONDS" or a cursor of entry_cursor().
static int seek(struct journal *j, const char *mark)
{
    unsigned long long t;

    if (str_starts(str_of(mark), STR("since "))) {
        if (str_number(str_of(mark + 6), INT64_MAX, &t) < 0)
            return -EINVAL;
        return sd_journal_seek_realtime_usec(j->entry.journal, t);
    }
    if (strlen(mark) >= sizeof(j->skip))
        return -EINVAL;
    strcpy(j->skip, mark);
    j->skip_first = true;
    return sd_journal_seek_cursor(j->entry.journal, mark);
}

static int begin(struct journal *j)
{
    usec_t since = j->options.since > 0 ? j->options.since : 0;
    int r = -EINVAL;

    if (j->options.mark && (j->start = strdup(j->options.mark)))
        r = seek(j, j->start);
    if (r < 0) { // first start, or a mark that means nothing to this journal
        free(j->start);
        j->skip_first = false;
        if (asprintf(&j->start, "since %lld", (long long)since) < 0) {
            j->start = NULL;
            return -ENOMEM;
        }
        r = seek(j, j->start);
    }
    return r;
}

static void journal_free(struct source *s)
{
    struct journal *j = (struct journal *)s;

    sd_event_source_disable_unref(j->io);
    sd_event_source_disable_unref(j->more);
    sd_event_source_disable_unref(j->again);
    free(j->path);
    entry_close(&j->entry);
    free(j->start);
    free(j->base.name);
    free(j);
}

static int journal_mark(struct source *s, usec_t not_after, char **ret)
{
    const struct journal *j = (const struct journal *)s;
    const struct checkpoint *best = j->any && not_after == USEC_FOREVER ? &j->last : NULL;
    char cursor[ENTRY_CURSOR_MAX];

    for (size_t i = j->n_points; i-- > 0 && !best;)
        if (j->points[i].newest < not_after)
            best = &j->points[i];
    if (best)
        entry_cursor(best->seqnum_id, best->seqnum, best->realtime, cursor);
    char *text = strdup(best ? cursor : j->start);
    if (!text)
        return -ENOMEM;
    *ret = text;
    return 0;
}

static void journal_status(const struct source *s, struct source_status *ret)
{
    const struct journal *j = (const struct journal *)s;
    usec_t now = clock_realtime();

    *ret = j->status;
    if (j->any && sd_event_source_get_enabled(j->more, NULL) > 0 && (usec_t)j->last.realtime < now)
        ret->lag = now - (usec_t)j->last.realtime;
}

static int journal_prepare(struct source *s)
{
    (void)s; // its files were opened when it was made
    return 0;
}

int source_new_journal(const char *path, const struct source_journal_match *matches, size_t n,
                       const struct source_options *options, struct source **ret)
{
    static const struct source_ops ops = {journal_free, journal_mark, journal_status, journal_prepare};
    struct journal *j = calloc(1, sizeof(*j));

    if (!j)
        return -ENOMEM;
    j->base.ops = &ops;
    j->options = *options;
    j->last.newest = INT64_MIN;
    j->base.name = strdup(path ? path : "journal");
    if (path && !(j->path = strdup(path))) {
        journal_free(&j->base);
        return -ENOMEM;
    }
    int r = j->base.name ? entry_open(&j->entry, path, matches, n) : -ENOMEM;
    if (r == 0)
        r = begin(j);
    if (r >= 0)
        r = watch(j);
    if (r >= 0)
        r = source_again(options->event, &j->more, on_more, j); // what is there already
    if (r < 0) {
        journal_free(&j->base);
        return r;
    }
    j->options.mark = NULL; // the caller's
    *ret = &j->base;
    return 0;
}

int replay_journal(const char *path, const struct source_journal_match *matches, size_t n,
                   const struct source_options *options, struct replay_counts *counts)
{
    struct entry e;
    struct record record;
    int r = entry_open(&e, path, matches, n), error;

    if (r < 0)
        return r;
    r = options->since > 0 ? sd_journal_seek_realtime_usec(e.journal, (uint64_t)options->since) : sd_journal_seek_head(e.journal);
    while (r >= 0 && (r = sd_journal_next(e.journal)) > 0) {
        counts->lines++;
        if (!entry_read(&e, &record, &error) || !passes_gate(options, &record))
            continue;
        counts->records++;
        counts->truncated += (record.flags & RECORD_TRUNCATED) != 0;
        r = options->record(options->userdata, &record);
    }
    entry_close(&e);
    return r < 0 ? r : 0;
}
