// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban report: what happened in the last weeks, as a page or as JSON, worked out from the logs themselves.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/exit.h"
#include "cli/logs.h"
#include "cli/verbs.h"
#include "config-build.h"
#include "daemon/text.h"
#include "report/report.h"

struct collecting {
    struct report *report;
    const struct config *config;
};

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

    memcpy(a.file, o->position.file, sizeof(a.file));
    text_show(o->user, 0, user, sizeof(user));
    report_add_attempt(c->report, &a);
}

static void on_ban(void *userdata, const struct ban *ban, const struct position *decided, bool observe)
{
    struct collecting *c = userdata;
    struct report_ban b = {.net = ban->net, .since = ban->since, .until = ban->until, .jail = ban->jail};

    (void)decided, (void)observe;
    for (size_t k = 0; k < c->config->n_jails; k++)
        if (strcmp(c->config->jails[k].name, ban->jail) == 0)
            b.findtime = c->config->jails[k].findtime;
    report_add_ban(c->report, &b);
}

static int write_out(const struct args *a, const struct report_figures *f, const struct report_head *head)
{
    char *text = NULL;
    size_t n = 0;
    int r = 0;

    if (!(a->given & ARG_HTML)) {
        report_print_json(f, head, stdout);
        return EXIT_DONE;
    }
    FILE *out = open_memstream(&text, &n);
    if (out)
        report_print_html(f, head, out);
    if (!out || fclose(out) != 0)
        r = -ENOMEM;
    else if (strcmp(a->html, "-") == 0)
        fwrite(text, 1, n, stdout);
    else
        r = file_replace(a->html, 0644, text, n);
    free(text);
    if (r < 0)
        fprintf(stderr, "pptpban report: %s: %s\n", a->html, strerror(-r));
    return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

// The database of the command line; else the configuration's, when it is there.
static const char *database_of(const struct args *a, const struct config *config)
{
    FILE *f = a->database ? NULL : fopen(config->firewall.database, "re");

    if (f)
        fclose(f);
    return a->database ? a->database : f ? config->firewall.database : NULL;
}

static int make(const struct args *a, const struct config *config, const struct logs *logs)
{
    struct report_figures *f = calloc(1, sizeof(*f));
    struct report_head head = {.version = PACKAGE_VERSION, .now = clock_realtime()};
    struct collecting c = {.config = config};
    struct replay_counts counts = {0};
    char error[REPORT_ERROR_MAX], source[600];
    struct utsname machine;
    int code = EXIT_FAILED;

    if (!f || report_new(logs->since, database_of(a, config), &c.report, error) < 0) {
        fprintf(stderr, "pptpban report: %s\n", f ? error : "out of memory");
        free(f);
        return EXIT_FAILED;
    }
    struct engine_callbacks callbacks = {.event = on_event, .ban = on_ban, .userdata = &c};
    int failed = logs_run(logs, config, &callbacks, &counts, source, sizeof(source));
    head.host = uname(&machine) == 0 ? machine.nodename : "this machine";
    head.source = source;
    if (report_work_out(c.report, f) < 0)
        fprintf(stderr, "pptpban report: the figures cannot be kept or worked out; is there room for temporary files?\n");
    else
        code = write_out(a, f, &head);
    report_free(c.report);
    free(f);
    return code == EXIT_DONE && failed ? EXIT_FAILED : code;
}

int verb_report(int argc, char **argv)
{
    struct config_report messages = {0};
    struct config *config = NULL;
    struct logs logs;
    struct args a;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    if (!(a.given & ARG_HTML) == !(a.given & ARG_JSON)) {
        fprintf(stderr, "pptpban report: either --html FILE or --json is wanted\n");
        return EXIT_USAGE;
    }
    code = logs_of_args(&a, argv[0], &logs);
    if (code != EXIT_DONE)
        return code;
    int r = config_load(a.config, &config, &messages);
    for (size_t i = 0; i < messages.n; i++)
        fprintf(stderr, "pptpban: %s\n", messages.v[i].text);
    if (r < 0 && messages.n == 0)
        fprintf(stderr, "pptpban: %s: %s\n", a.config ? a.config : PKGSYSCONFDIR "/pptpban.conf", strerror(-r));
    code = r < 0 ? EXIT_FAILED : make(&a, config, &logs);
    config_free(config);
    config_report_free(&messages);
    return code;
}
