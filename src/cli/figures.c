// SPDX-License-Identifier: GPL-2.0-or-later
// Collects what the engine makes of old logs.
#include "cli/figures.h"

#include <string.h>

#include "base/text.h"
#include "cli/exit.h"

struct collecting {
    struct report *report;
    const struct figures_options *options;
};

static bool takes(const struct collecting *c, const struct addr *a)
{
    return !c->options->takes || (a && c->options->takes(c->options->userdata, a));
}

static void on_event(void *userdata, const struct engine_event *e)
{
    static const enum report_kind kinds[] = {[OUTCOME_FAILURE] = REPORT_FAILURE,
                                             [OUTCOME_SUCCESS] = REPORT_SUCCESS,
                                             [OUTCOME_UNATTRIBUTED] = REPORT_UNATTRIBUTED};
    const struct outcome *o = e->outcome;
    struct collecting *c = userdata;
    char user[REPORT_NAME_MAX];
    struct report_attempt a = {.offset = o->position.offset,
                               .time = o->time,
                               .kind = kinds[o->kind],
                               .has_addr = o->has_addr,
                               .addr = o->addr,
                               .user = user};

    if (!takes(c, o->has_addr ? &o->addr : NULL))
        return;
    memcpy(a.file, o->position.file, sizeof(a.file));
    text_show(o->user, 0, user, sizeof(user));
    report_add_attempt(c->report, &a);
}

static void on_ban(void *userdata, const struct ban *ban, const struct position *decided, bool observe)
{
    struct collecting *c = userdata;
    const struct config *config = c->options->config;
    struct report_ban b = {.net = ban->net, .since = ban->since, .until = ban->until, .jail = ban->jail};

    (void)decided;
    if (observe || !takes(c, &ban->net.addr))
        return;
    for (size_t k = 0; k < config->n_jails; k++)
        if (strcmp(config->jails[k].name, ban->jail) == 0)
            b.findtime = config->jails[k].findtime;
    report_add_ban(c->report, &b);
}

// The database of the command line; else the configuration's, when it is there.
static const char *database_of(const struct figures_options *o)
{
    FILE *f = o->database ? NULL : fopen(o->config->firewall.database, "re");

    if (f)
        fclose(f);
    return o->database ? o->database : f ? o->config->firewall.database : NULL;
}

int figures_of_logs(const struct figures_options *o, struct report_figures *ret, char source[static FIGURES_SOURCE_MAX],
                    bool *ret_complete)
{
    struct collecting c = {.options = o};
    struct replay_counts counts = {0};
    char error[REPORT_ERROR_MAX];
    int code = EXIT_DONE;

    if (report_new(o->logs->since, database_of(o), &c.report, error) < 0) {
        fprintf(stderr, "pptpban %s: %s\n", o->verb, error);
        return EXIT_FAILED;
    }
    report_sort(c.report, o->by, o->reverse);
    struct engine_callbacks callbacks = {.event = on_event, .ban = on_ban, .userdata = &c};
    *ret_complete = logs_run(o->logs, o->config, &callbacks, &counts, source, FIGURES_SOURCE_MAX) == 0;
    if (report_work_out(c.report, ret) < 0) {
        fprintf(stderr, "pptpban %s: the figures cannot be kept or worked out; is there room for temporary files?\n", o->verb);
        code = EXIT_FAILED;
    }
    report_free(c.report);
    return code;
}
