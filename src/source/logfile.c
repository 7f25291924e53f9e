// SPDX-License-Identifier: GPL-2.0-or-later
// Log files that are followed live: ties inotify and the event loop to the paths that a pattern means. Wakes up for
// nothing but what the kernel tells.
#include "config-build.h" // asprintf

#include "source/source.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "source/impl.h"
#include "source/lane.h"
#include "source/mark.h"
#include "source/watch.h"

#define MARK_KIND "logfile1"
// What is read before others get their turn, and before the next look at names: what was renamed or deleted and is
// not open by then may be gone.
#define SLICE ((size_t)128 * 1024)
// While descriptors or watches are used up: nobody tells when there are some again.
#define LOOK_AGAIN USEC_SEC

struct logfile {
    struct source source;
    struct source_options options;
    char *mark;
    struct watch watch;
    sd_event_source *io, *more, *again;
    struct lane *lanes[WATCH_FILES];
    size_t n;
    struct lane_counts counts; // of what is forgotten
    bool looked;    // at least once
    usec_t last_look;
    bool look;      // names may have changed
    bool caught_up;
    int error;      // the record function wanted no more
};

static struct logfile *of(struct source *s)
{
    return (struct logfile *)(void *)s;
}

static struct lane_context context(struct logfile *f)
{
    return (struct lane_context){
        .options = &f->options,
        .mark = f->mark,
        .looked = f->last_look,
        .inotify = f->watch.inotify,
        .now = clock_realtime(),
        .flags = f->caught_up ? RECORD_LOCAL : 0,
        .counts = &f->counts,
        .lanes = f->lanes,
        .n_lanes = f->n,
    };
}

static void found(void *userdata, const char *path)
{
    struct logfile *f = userdata;

    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->lanes[i]->path, path) == 0)
            return;
    if (f->n < WATCH_FILES && lane_new(path, &f->lanes[f->n]) == 0)
        f->n++;
}

// Paths that the mark names and a glob does not find: rotated away and not made anew yet.
static void found_in_mark(struct logfile *f)
{
    struct str rest = str_of(f->mark), escaped;
    struct mark_entry e;
    char path[PATH_MAX];

    while (mark_next(&rest, &e, &escaped))
        if (mark_path(escaped, path, sizeof(path)) && fnmatch(f->watch.pattern, path, FNM_PATHNAME) == 0)
            found(f, path);
}

static void look(struct logfile *f)
{
    struct lane_context c = context(f);
    bool trouble = false;

    if (!f->looked && f->mark)
        found_in_mark(f);
    f->looked = true;
    f->look = false;
    usec_t now = clock_realtime();
    watch_update(&f->watch, found, f);
    c.n_lanes = f->n;
    for (size_t i = 0; i < f->n; i++) {
        lane_look(f->lanes[i], &c);
        trouble |= f->lanes[i]->problem[0] != '\0';
    }
    trouble |= f->watch.problem[0] != '\0';
    if (trouble != f->watch.attributes) {
        // somebody may mend it by chmod: only then are attributes of interest
        f->watch.attributes = trouble;
        c.looked = now;
        watch_update(&f->watch, found, f);
        c.n_lanes = f->n;
        for (size_t i = 0; i < f->n; i++)
            lane_look(f->lanes[i], &c);
    }
    f->last_look = now;
    if (trouble && f->options.trouble)
        f->options.trouble(f->options.userdata, &f->source);
}

static void stop(struct logfile *f, int error)
{
    f->error = error;
    f->io = sd_event_source_disable_unref(f->io);
    f->more = sd_event_source_disable_unref(f->more);
    f->again = sd_event_source_disable_unref(f->again);
}

static int on_more(sd_event_source *s, void *userdata);

static int pump(struct logfile *f)
{
    bool more = false;

    if (f->look)
        look(f);
    struct lane_context c = context(f);
    bool starved = f->watch.starved;
    for (size_t i = 0; i < f->n; i++) {
        int r = lane_read(f->lanes[i], &c, SLICE);
        if (r < 0) {
            stop(f, r);
            return 0;
        }
        more |= r > 0;
        starved |= f->lanes[i]->starved;
    }
    if (starved && sd_event_source_get_enabled(f->again, NULL) == 0) {
        sd_event_source_set_time_relative(f->again, LOOK_AGAIN);
        sd_event_source_set_enabled(f->again, SD_EVENT_ONESHOT);
    }
    if (!more && !f->caught_up) {
        f->caught_up = true;
        free(f->mark); // files that come later are new
        f->mark = NULL;
        if (!(f->mark = strdup(MARK_KIND)))
            return -ENOMEM;
        if (f->options.caught_up)
            f->options.caught_up(f->options.userdata, &f->source);
    }
    return more ? source_again(f->options.event, &f->more, on_more, f) : 0;
}

static int on_again(sd_event_source *s, uint64_t usec, void *userdata)
{
    struct logfile *f = userdata;

    (void)s, (void)usec;
    f->look = true;
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->lanes[i]->n; k++)
            f->lanes[i]->tails[k]->dirty = true;
    return pump(f);
}

static int on_more(sd_event_source *s, void *userdata)
{
    (void)s;
    return pump(userdata);
}

static void take_event(struct logfile *f, const struct inotify_event *e)
{
    struct tail *t = NULL;

    if (e->mask & IN_Q_OVERFLOW) {
        f->look = true;
        for (size_t i = 0; i < f->n; i++)
            for (size_t k = 0; k < f->lanes[i]->n; k++)
                f->lanes[i]->tails[k]->dirty = true;
        return;
    }
    for (size_t i = 0; i < f->n && !t; i++)
        t = lane_find_watch(f->lanes[i], e->wd);
    if (t) {
        t->dirty = true;
        if (e->mask & IN_IGNORED)
            t->wd = -1;
    } else if (watch_concerns(&f->watch, e)) {
        f->look = true;
    }
}

static int on_inotify(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
    struct logfile *f = userdata;
    union {
        struct inotify_event event;
        char bytes[16 * 1024];
    } buffer;
    ssize_t n;

    (void)s;
    (void)revents;
    do
        n = read(fd, &buffer, sizeof(buffer));
    while (n < 0 && errno == EINTR);
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)(buffer.bytes + at);
        take_event(f, e);
        at += (ssize_t)(sizeof(*e) + e->len);
    }
    return pump(f);
}

static void logfile_free(struct source *s)
{
    struct logfile *f = of(s);
    struct lane_context c = context(f);

    c.n_lanes = 0;
    for (size_t i = 0; i < f->n; i++)
        lane_free(f->lanes[i], &c);
    sd_event_source_disable_unref(f->io);
    sd_event_source_disable_unref(f->more);
    sd_event_source_disable_unref(f->again);
    if (f->watch.inotify >= 0)
        close(f->watch.inotify);
    free(f->watch.pattern);
    free(f->mark);
    free(f->source.name);
    free(f);
}

static int logfile_mark(struct source *s, usec_t not_after, char **ret)
{
    struct logfile *f = of(s);
    char *mark;

    if (!f->looked && f->mark) { // nothing has moved on from the old mark
        mark = strdup(f->mark);
        return mark ? (*ret = mark, 0) : -ENOMEM;
    }
    int length = asprintf(&mark, MARK_KIND " @%lld", (long long)f->last_look);
    if (length < 0)
        return -ENOMEM;
    size_t n = (size_t)length;
    int r = 0;
    for (size_t i = 0; i < f->n && r == 0; i++)
        r = lane_mark(f->lanes[i], not_after, &mark, &n);
    if (r < 0) {
        free(mark);
        return r;
    }
    *ret = mark;
    return 0;
}

static void logfile_status(const struct source *s, struct source_status *ret)
{
    const struct logfile *f = (const struct logfile *)(const void *)s;
    struct source_status st = {0};
    struct lane_counts sum = f->counts;
    const char *problem = f->watch.problem, *where = "";
    usec_t oldest = clock_realtime(), now = oldest;

    for (size_t i = 0; i < f->n; i++) {
        for (size_t k = 0; k < f->lanes[i]->n; k++)
            lane_count_tail(&sum, f->lanes[i]->tails[k]);
        st.behind += lane_behind(f->lanes[i], &oldest);
        if (f->lanes[i]->problem[0] && !problem[0]) {
            problem = f->lanes[i]->problem;
            where = f->lanes[i]->path;
        }
    }
    // of a file that was silent for an hour and has one new line, the line before tells nothing
    if (st.behind && f->more && sd_event_source_get_enabled(f->more, NULL) > 0)
        st.lag = now - oldest;
    st.lines = sum.lines;
    st.records = sum.records;
    st.truncated = sum.truncated;
    st.no_header = sum.no_header;
    st.bytes = sum.bytes;
    st.skipped = sum.skipped;
    st.rotations = sum.rotations;
    st.last = sum.last;
    if (f->error)
        snprintf(st.problem, sizeof(st.problem), "stopped: %s", strerror(-f->error));
    else if (problem[0])
        snprintf(st.problem, sizeof(st.problem), "%.120s%s%.120s", where, where[0] ? ": " : "", problem);
    else if (f->watch.overflow)
        snprintf(st.problem, sizeof(st.problem), "more than %d files or directories match; the rest is not read",
                 WATCH_FILES);
    *ret = st;
}

static int logfile_prepare(struct source *s)
{
    struct logfile *f = of(s);

    look(f);
    f->look = true;
    return 0;
}

static const struct source_ops logfile_ops = {
    .free = logfile_free, .mark = logfile_mark, .status = logfile_status, .prepare = logfile_prepare,
};

// When names were last looked at, says the mark.
static usec_t time_of_mark(const char *mark)
{
    long long t;

    return sscanf(mark, MARK_KIND " @%lld", &t) == 1 ? t : INT64_MAX / 2;
}

// An absolute pattern: the working directory may be another one later.
static int absolute(const char *pattern, char **ret)
{
    char directory[PATH_MAX];

    if (pattern[0] == '/') {
        *ret = strdup(pattern);
    } else {
        if (!getcwd(directory, sizeof(directory)))
            return -errno;
        if (asprintf(ret, "%s/%s", directory, pattern) < 0)
            *ret = NULL;
    }
    return *ret ? 0 : -ENOMEM;
}

int source_new_logfile(const char *pattern, const struct source_options *options, struct source **ret)
{
    struct logfile *f = calloc(1, sizeof(*f));
    int r;

    if (!f)
        return -ENOMEM;
    f->source.ops = &logfile_ops;
    f->options = *options;
    f->options.mark = NULL;
    f->look = true;
    f->counts.last = INT64_MIN;
    f->watch.inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    r = f->watch.inotify < 0 ? -errno : absolute(pattern, &f->watch.pattern);
    if (r >= 0 && (!pattern[0] || strlen(f->watch.pattern) >= PATH_MAX))
        r = -EINVAL;
    if (r >= 0 && !(f->source.name = strdup(pattern)))
        r = -ENOMEM;
    if (r >= 0 && options->mark && str_starts(str_of(options->mark), STR(MARK_KIND)) &&
        !(f->mark = strdup(options->mark)))
        r = -ENOMEM;
    if (f->mark)
        f->last_look = time_of_mark(f->mark);
    if (r >= 0)
        r = sd_event_add_io(options->event, &f->io, f->watch.inotify, EPOLLIN, on_inotify, f);
    if (r >= 0)
        r = source_again(options->event, &f->more, on_more, f);
    if (r >= 0)
        r = sd_event_add_time(options->event, &f->again, CLOCK_MONOTONIC, 0, 0, on_again, f);
    if (r >= 0)
        r = sd_event_source_set_enabled(f->again, SD_EVENT_OFF);
    if (r < 0) {
        logfile_free(&f->source);
        return r;
    }
    *ret = &f->source;
    return 0;
}
