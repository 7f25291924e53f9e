// SPDX-License-Identifier: GPL-2.0-or-later
// Finds old logs and feeds them.
#include "cli/logs.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "cli/exit.h"
#include "daemon/inputs.h"
#include "source/rotation.h"

#define SINCE_DEFAULT (30 * 86400 * USEC_SEC)

enum { SOURCES_MAX = 64, NAME_MAX_SHOWN = 200 };

static int on_record(void *userdata, const struct record *r)
{
    return engine_feed(userdata, r);
}

static int feed_journal(struct engine *e, const char *path, const struct source_options *options, struct replay_counts *counts)
{
    struct source_journal_match matches[64];
    size_t m = 0;

    for (uint64_t left = options->filters; left; left &= left - 1, m++)
        matches[m] = (struct source_journal_match){
            .filter = left & -left, .match = engine_journalmatch(e, (unsigned)__builtin_ctzll(left))};
    int r = replay_journal(*path ? path : NULL, matches, m, options, counts);
    if (r < 0)
        fprintf(stderr, "pptpban: %s: %s%s\n", *path ? path : "the journal", strerror(-r),
                *path ? "; a journal file or a directory of them is wanted" : "");
    return r < 0;
}

int logs_feed(struct engine *e, char *const *files, int n, const char *journal, usec_t since, struct replay_counts *counts)
{
    struct source_options options = {
        .literals = engine_literals(e),
        .ungated = engine_ungated(e),
        .filters = engine_filters_for(e, "auto"),
        .since = since,
        .record = on_record,
        .userdata = e,
    };
    int failed = 0;

    if (journal)
        return feed_journal(e, journal, &options, counts);
    for (int i = 0; i < n; i++) {
        int r = replay_file(files[i], &options, 0, counts);
        if (r < 0) {
            fprintf(stderr, "pptpban: %s: %s\n", strcmp(files[i], "-") == 0 ? "standard input" : files[i],
                    r == -EBADMSG ? "damaged, or its end is missing" : strerror(-r));
            failed = 1;
        }
    }
    return failed;
}

static int run_one(char *const *files, int n, const char *journal, usec_t since, const struct config *c,
                   const struct engine_callbacks *callbacks, struct replay_counts *counts)
{
    struct engine_options o = {
        .config = c, .mode = journal ? ENGINE_REPLAY_JOURNAL : ENGINE_REPLAY_FILES, .callbacks = *callbacks};
    struct config_report report = {0};
    struct engine *e = NULL;
    int r = engine_new(&o, &report, &e), failed = r < 0 || report.errors > 0;

    for (size_t i = 0; i < report.n; i++)
        fprintf(stderr, "pptpban: %s\n", report.v[i].text);
    if (r < 0 && report.n == 0)
        fprintf(stderr, "pptpban: %s\n", strerror(-r));
    if (r == 0) {
        failed |= logs_feed(e, files, n, journal, since, counts);
        engine_finish(e);
    }
    engine_free(e);
    config_report_free(&report);
    return failed;
}

// One log file with its rotated predecessors, opened before anything is read: a rotation meanwhile takes none away.
static int run_file(const char *path, usec_t since, const struct config *c, const struct engine_callbacks *callbacks,
                    struct replay_counts *counts)
{
    char *files[ROTATION_MAX + 1], names[ROTATION_MAX + 1][32];
    struct sibling *old = NULL;
    size_t n = 0;
    int count = 0;

    (void)rotation_list(path, since, &old, &n);
    for (size_t i = 0; i < n && i < ROTATION_MAX; i++) {
        snprintf(names[count], sizeof(names[count]), "/proc/self/fd/%d", old[i].fd);
        files[count] = names[count];
        count++;
    }
    files[count++] = (char *)path;
    int failed = run_one(files, count, NULL, since, c, callbacks, counts);
    rotation_free(old, n);
    return failed;
}

// The distinct sources of all jails that are enabled.
static size_t sources_of(const struct config *c, const char *ret[static SOURCES_MAX])
{
    bool journal = source_journal_available();
    size_t n = 0, i;

    for (size_t k = 0; k < c->n_jails; k++)
        for (size_t s = 0; c->jails[k].enabled && s < c->jails[k].source.n; s++) {
            const char *name = c->jails[k].source.v[s];
            if (strcmp(name, "auto") == 0)
                name = journal ? "journal" : inputs_usual_file();
            for (i = 0; i < n && strcmp(ret[i], name) != 0; i++)
                ;
            if (i == n && n < SOURCES_MAX)
                ret[n++] = name;
        }
    return n;
}

static void add_name(char *name, size_t size, const char *more)
{
    char shown[NAME_MAX_SHOWN];
    size_t n = strlen(name);

    text_show(str_of(more), 0, shown, sizeof(shown));
    snprintf(name + n, size - n, "%s%s", n ? ", " : "", shown);
}

static int run_source(const char *source, usec_t since, const struct config *c, const struct engine_callbacks *callbacks,
                      struct replay_counts *counts)
{
    glob_t found = {0};
    int failed = 0;

    if (strcmp(source, "journal") == 0)
        return run_one(NULL, 0, "", since, c, callbacks, counts);
    if (glob(source, 0, NULL, &found) != 0) {
        fprintf(stderr, "pptpban: %s: there is no such log%s\n", source, geteuid() != 0 && !source_journal_available()
                ? "; and the journal, if there is one, is not for this user: become root or a member of group systemd-journal" : "");
        failed = 1;
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        failed |= run_file(found.gl_pathv[i], since, c, callbacks, counts);
    globfree(&found);
    return failed;
}

int logs_of_args(const struct args *a, const char *verb, struct logs *ret)
{
    usec_t back = SINCE_DEFAULT;

    if (a->journal && a->n_rest > 0) {
        fprintf(stderr, "pptpban %s: either files or --journal PATH\n", verb);
        return EXIT_USAGE;
    }
    if (a->since && duration_parse(str_of(a->since), &back) < 0) {
        fprintf(stderr, "pptpban %s: --since %s is no stretch of time; 30d, 12h or forever would be\n", verb, a->since);
        return EXIT_USAGE;
    }
    bool whole = back == USEC_FOREVER || (!a->since && (a->n_rest > 0 || a->journal));
    *ret = (struct logs){
        .files = a->rest, .n = a->n_rest, .journal = a->journal, .since = whole ? 0 : clock_realtime() - back};
    return EXIT_DONE;
}

int logs_run(const struct logs *l, const struct config *c, const struct engine_callbacks *callbacks,
             struct replay_counts *counts, char *name, size_t name_size)
{
    const char *sources[SOURCES_MAX];
    int failed = 0;

    *name = '\0';
    if (l->journal || l->n > 0) {
        if (l->journal)
            add_name(name, name_size, l->journal);
        for (int i = 0; i < l->n; i++)
            add_name(name, name_size, strcmp(l->files[i], "-") == 0 ? "standard input" : l->files[i]);
        return run_one(l->files, l->n, l->journal, l->since, c, callbacks, counts);
    }
    size_t n = sources_of(c, sources);
    for (size_t i = 0; i < n; i++) {
        add_name(name, name_size, strcmp(sources[i], "journal") == 0 ? "the journal" : sources[i]);
        failed |= run_source(sources[i], l->since, c, callbacks, counts);
    }
    return failed;
}

int logs_config(const char *path, struct config **ret)
{
    struct config_report messages = {0};
    int r = config_load(path, ret, &messages);

    for (size_t i = 0; i < messages.n; i++)
        fprintf(stderr, "pptpban: %s\n", messages.v[i].text);
    if (r < 0 && messages.n == 0)
        fprintf(stderr, "pptpban: %s: %s\n", path ? path : PKGSYSCONFDIR "/pptpban.conf", strerror(-r));
    config_report_free(&messages);
    return r;
}
