// SPDX-License-Identifier: GPL-2.0-or-later
// The sources of the service.
#include "daemon/inputs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/channel.h"
#include "daemon/enact.h"
#include "daemon/health.h"
#include "daemon/say.h"

enum { FILTERS_MAX = 64 };

// What claims to be so much later than now was not written by our clock.
#define CLOCK_SLACK (60 * USEC_SEC)
// A successor is asked for at most so often.
#define SUCCESSOR_EVERY (10 * USEC_SEC)

struct input {
    char *name; // "journal" or a pattern
    uint64_t filters;
    struct source *source; // NULL: could not be opened
    bool caught_up;
};

struct inputs {
    struct service *s;
    struct input v[INPUTS_MAX];
    const char *names[INPUTS_MAX];
    char *directories[INPUTS_MAX + 8];
    char *matches[FILTERS_MAX]; // of the filters that read the journal
    struct inode {
        dev_t dev;
        ino_t ino;
    } inodes[INPUTS_MAX + 8]; // of the directories when we locked ourselves in
    size_t n, n_directories;
    usec_t asked; // monotonic: when the launcher was asked for a successor
};

const char *inputs_usual_file(void)
{
    static const char *const usual[] = {"/var/log/syslog", "/var/log/messages"};

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        if (access(usual[i], F_OK) == 0)
            return usual[i];
    return usual[0]; // waited for
}

static int add(struct inputs *in, const char *name, uint64_t filters)
{
    for (size_t i = 0; i < in->n; i++)
        if (strcmp(in->v[i].name, name) == 0) {
            in->v[i].filters |= filters;
            return 0;
        }
    if (in->n == INPUTS_MAX)
        return -E2BIG;
    char *copy = strdup(name);
    if (!copy)
        return -ENOMEM;
    in->names[in->n] = copy;
    in->v[in->n++] = (struct input){.name = copy, .filters = filters};
    return 0;
}

static int add_directory(struct inputs *in, const char *path, size_t n)
{
    char *copy = strndup(path, n ? n : 1);

    if (!copy)
        return -ENOMEM;
    in->directories[in->n_directories++] = copy;
    return 0;
}

// The directory above the first wildcard, for files in it come and go; if it is not there yet, the nearest one above
// that is.
static int add_pattern_directory(struct inputs *in, const char *pattern)
{
    size_t n = strcspn(pattern, "*?[");
    char path[PATH_MAX];

    do {
        while (n > 0 && pattern[n - 1] != '/')
            n--;
        n -= n > 1; // the slash itself, but for the root
        if (snprintf(path, sizeof(path), "%.*s", n ? (int)n : 1, n ? pattern : "/") >= (int)sizeof(path))
            return -ENAMETOOLONG;
    } while (n > 1 && access(path, F_OK) < 0);
    return add_directory(in, path, strlen(path));
}

// While users can be looked up: later the locks are closed.
static int name_matches(struct inputs *in, uint64_t filters)
{
    for (unsigned i = 0; i < FILTERS_MAX; i++)
        if ((filters >> i & 1) && !(in->matches[i] = source_journal_numbers(engine_journalmatch(in->s->engine, i))))
            return -ENOMEM;
    return 0;
}

int inputs_new(struct service *s, bool journal_available, struct inputs **ret)
{
    static const char *const journals[] = {"/var/log", "/run/log", "/etc/machine-id"};
    struct inputs *in = calloc(1, sizeof(*in));
    struct stat st;
    int r = 0;

    if (!in)
        return -ENOMEM;
    in->s = s;
    for (size_t k = 0; r == 0 && k < s->config->n_jails; k++) {
        const struct jail_config *j = &s->config->jails[k];
        for (size_t i = 0; r == 0 && j->enabled && i < j->source.n; i++) {
            const char *name = j->source.v[i];
            bool is_auto = strcmp(name, "auto") == 0;
            uint64_t filters = engine_filters_for(s->engine, is_auto && journal_available ? "journal" : name);
            if (filters)
                r = add(in, !is_auto ? name : journal_available ? "journal" : inputs_usual_file(), filters);
        }
    }
    for (size_t i = 0; r == 0 && i < in->n; i++) {
        if (strcmp(in->v[i].name, "journal") != 0)
            r = add_pattern_directory(in, in->v[i].name);
        else
            r = name_matches(in, in->v[i].filters);
    }
    for (size_t i = 0; r == 0 && i < sizeof(journals) / sizeof(journals[0]); i++)
        r = add_directory(in, journals[i], strlen(journals[i]));
    if (r < 0) {
        inputs_free(in);
        return r;
    }
    for (size_t i = 0; i < in->n_directories; i++)
        if (stat(in->directories[i], &st) == 0)
            in->inodes[i] = (struct inode){st.st_dev, st.st_ino};
    *ret = in;
    return 0;
}

void inputs_free(struct inputs *in)
{
    if (!in)
        return;
    for (size_t i = 0; i < in->n; i++) {
        source_free(in->v[i].source);
        free(in->v[i].name);
    }
    for (size_t i = 0; i < in->n_directories; i++)
        free(in->directories[i]);
    for (size_t i = 0; i < FILTERS_MAX; i++)
        free(in->matches[i]);
    free(in);
}

size_t inputs_count(const struct inputs *in)
{
    return in->n;
}

const char *const *inputs_names(const struct inputs *in)
{
    return in->names;
}

const char *const *inputs_directories(const struct inputs *in)
{
    return (const char *const *)in->directories;
}

static int on_record(void *userdata, const struct record *r)
{
    struct service *s = userdata;

    uint64_t t;
    usec_t now = sd_event_now(s->event, CLOCK_REALTIME, &t) < 0 ? clock_realtime() : (usec_t)t;

    enact_soon(s->enact);
    engine_set_bound(s->engine, now);
    if (r->time <= now + CLOCK_SLACK)
        return engine_feed(s->engine, r);
    struct record here = *r; // another clock's: it was written now at the latest, and nobody is banned from later on
    here.time = now;
    return engine_feed(s->engine, &here);
}

// Landlock holds on to the inode: a directory that was made anew is closed to us, and open to a successor.
static void on_trouble(void *userdata, struct source *source)
{
    struct service *s = userdata;
    struct inputs *in = s->inputs;
    usec_t now = clock_monotonic();
    struct stat st;

    (void)source;
    health_soon(s->health);
    if (!s->locks.landlock[0] || (in->asked && now - in->asked < SUCCESSOR_EVERY))
        return; // not locked in yet, or one is on its way
    for (size_t i = 0; i < in->n_directories; i++) {
        if (stat(in->directories[i], &st) < 0 || (st.st_dev == in->inodes[i].dev && st.st_ino == in->inodes[i].ino))
            continue;
        log_notice("%s is another directory than before: a new watcher is started that may read it", in->directories[i]);
        in->asked = now;
        (void)channel_send(s->channel, CHANNEL_RELOAD, NULL);
        return;
    }
}

static void on_caught_up(void *userdata, struct source *source)
{
    struct service *s = userdata;
    struct inputs *in = s->inputs;
    size_t behind = 0;

    for (size_t i = 0; i < in->n; i++) {
        if (in->v[i].source == source || !in->v[i].source)
            in->v[i].caught_up = true;
        behind += !in->v[i].caught_up;
    }
    if (behind == 0)
        enact_caught_up(s->enact);
}

static usec_t longest_findtime(const struct config *c)
{
    usec_t longest = 0;

    for (size_t k = 0; k < c->n_jails; k++)
        if (c->jails[k].enabled && c->jails[k].findtime > longest)
            longest = c->jails[k].findtime;
    return longest;
}

static int open_one(struct inputs *in, struct input *input, usec_t since)
{
    struct service *s = in->s;
    struct source_options options = {
        .event = s->event,
        .literals = engine_literals(s->engine),
        .ungated = engine_ungated(s->engine),
        .filters = input->filters,
        .record = on_record,
        .caught_up = on_caught_up,
        .trouble = on_trouble,
        .userdata = s,
        .since = since,
    };
    char *mark = NULL;
    int r;

    if (state_mark(s->state, input->name, &mark) == 0)
        options.mark = mark;
    if (strcmp(input->name, "journal") == 0) {
        struct source_journal_match matches[FILTERS_MAX];
        size_t n = 0;
        for (unsigned i = 0; i < FILTERS_MAX; i++)
            if (input->filters >> i & 1)
                matches[n++] = (struct source_journal_match){.filter = UINT64_C(1) << i,
                                                             .match = in->matches[i]};
        r = source_new_journal(NULL, matches, n, &options, &input->source);
    } else {
        r = source_new_logfile(input->name, &options, &input->source);
    }
    free(mark);
    return r;
}

int inputs_open(struct inputs *in)
{
    usec_t since = clock_realtime() - longest_findtime(in->s->config);
    size_t opened = 0;

    for (size_t i = 0; i < in->n; i++) {
        int r = open_one(in, &in->v[i], since);
        if (r < 0)
            say_news(in->s, &(struct said){.kind = NEWS_SOURCE, .level = LOG_ERR, .more = {{"PPTPBAN_SOURCE", in->v[i].name}}},
                "source %s cannot be read: %s", in->v[i].name, strerror(-r));
        opened += r >= 0;
        in->v[i].caught_up = r < 0;
    }
    return opened ? 0 : -ENOENT;
}

int inputs_prepare(struct inputs *in)
{
    for (size_t i = 0; i < in->n; i++) {
        int r = in->v[i].source ? source_prepare(in->v[i].source) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

int inputs_save_marks(struct inputs *in, struct state *state, usec_t oldest)
{
    for (size_t i = 0; i < in->n; i++) {
        char *mark = NULL;
        int r;
        if (!in->v[i].source || source_mark(in->v[i].source, oldest, &mark) < 0)
            continue; // the older mark stays: more is read again, nothing is lost
        r = state_put_mark(state, in->v[i].name, mark);
        free(mark);
        if (r < 0)
            return r;
    }
    return 0;
}

bool inputs_status(const struct inputs *in, size_t i, struct source_status *ret)
{
    if (i >= in->n || !in->v[i].source)
        return false;
    source_status(in->v[i].source, ret);
    return true;
}
