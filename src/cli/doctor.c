// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban doctor: does a failed login on this machine become a ban? Walks the chain from pppd's log line to the packet
// that is dropped, and names the first link that is broken. Looks only, but for --fix.
#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/logs.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define LOOK_BACK (86400 * USEC_SEC)

enum { LINKS_MAX = 128, TEXT_MAX = 600 };

struct link { // of the chain, as it was found
    const char *id, *title;
    enum audit_verdict verdict;
    char reason[TEXT_MAX], remedy[TEXT_MAX];
};

struct doctor {
    struct link v[LINKS_MAX];
    size_t n;
    const struct audit_report *audit;
    const struct config *config;
    const json_t *status; // NULL: the service does not answer
};

static void add(struct doctor *d, const char *id, const char *title, enum audit_verdict verdict, const char *remedy,
                const char *fmt, ...) __attribute__((format(printf, 6, 7)));

static void add(struct doctor *d, const char *id, const char *title, enum audit_verdict verdict, const char *remedy,
                const char *fmt, ...)
{
    va_list ap;

    if (d->n == LINKS_MAX)
        return;
    struct link *l = &d->v[d->n++];
    l->id = id;
    l->title = title;
    l->verdict = verdict;
    snprintf(l->remedy, sizeof(l->remedy), "%s", remedy);
    va_start(ap, fmt);
    vsnprintf(l->reason, sizeof(l->reason), fmt, ap);
    va_end(ap);
}

// What the audit found of one check.
static void add_audit(struct doctor *d, const char *id)
{
    for (size_t i = 0; i < d->audit->n; i++) {
        const struct audit_finding *f = &d->audit->v[i];
        if (strcmp(f->check->id, id) == 0 && f->verdict != AUDIT_NONE)
            add(d, f->check->id, f->check->title, f->verdict, f->remedy, "%s", f->reason);
    }
}

// --- the last day's logs -------------------------------------------------------------------------------------

struct day {
    unsigned failures, successes, unattributed;
};

static void on_event(void *userdata, const struct engine_event *e)
{
    struct day *day = userdata;

    day->failures += e->outcome->kind == OUTCOME_FAILURE;
    day->successes += e->outcome->kind == OUTCOME_SUCCESS;
    day->unattributed += e->outcome->kind == OUTCOME_UNATTRIBUTED;
}

static void on_ban(void *userdata, const struct ban *ban, const struct position *decided, bool observe)
{
    (void)userdata, (void)ban, (void)decided, (void)observe;
}

static void look_at_logs(struct doctor *d, const struct logs *logs)
{
    static const char id[] = "lines", title[] = "lines of logins in the last day";
    struct day day = {0};
    const struct engine_callbacks callbacks = {.event = on_event, .ban = on_ban, .userdata = &day};
    struct replay_counts counts = {0};
    char source[TEXT_MAX / 2];

    if (!d->config)
        return;
    int failed = logs_run(logs, d->config, &callbacks, &counts, source, sizeof(source));
    if (failed && counts.lines == 0)
        add(d, id, title, AUDIT_FAIL, "pptpban.conf: source = the log that pptpd and pppd write", "%s cannot be read", source);
    else if (day.failures + day.successes + day.unattributed == 0)
        add(d, id, title, AUDIT_WARN, "log in once with a wrong password, then: pptpban doctor",
            "of %llu lines in %s none tells of a login: nobody called, or their lines go elsewhere",
            (unsigned long long)counts.lines, source);
    else if (day.unattributed > 0)
        add(d, id, title, day.unattributed > day.failures ? AUDIT_FAIL : AUDIT_WARN, "pptpban doctor --fix",
            "%u of %u failures in %s cannot be tied to an address: pppd's option dump, or debug lines of pptpd, are missing",
            day.unattributed, day.unattributed + day.failures, source);
    else
        add(d, id, title, AUDIT_PASS, "", "%u failed and %u good logins in %s, each tied to its address", day.failures,
            day.successes, source);
}

// --- the service ---------------------------------------------------------------------------------------------

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void look_at_sources(struct doctor *d)
{
    const json_t *s;
    size_t i;

    json_array_foreach(json_object_get(d->status, "sources"), i, s)
    {
        const char *problem = text_of(s, "problem");
        if (*problem)
            add(d, "source", "what the service reads", AUDIT_FAIL, "ls -l the file; sudo adduser pptpban adm", "%s: %s",
                text_of(s, "name"), problem);
    }
    json_array_foreach(json_object_get(d->status, "jails"), i, s)
    {
        if (*text_of(s, "problem"))
            add(d, "jail", "jails", AUDIT_FAIL, "pptpban check", "jail %s is not watched: %s", text_of(s, "name"), text_of(s, "problem"));
    }
    json_array_foreach(json_object_get(d->status, "filters"), i, s)
    {
        if (json_integer_value(json_object_get(s, "interpreted")))
            add(d, "jit", "fast patterns", AUDIT_WARN, "the kernel or the unit forbids code that is made at run time: systemctl cat pptpban",
                "JIT is off for filter %s: it is several times slower", text_of(s, "filter"));
    }
}

static void look_at_enforcer(struct doctor *d)
{
    static const char id[] = "enforcer", title[] = "bans into the kernel";
    const json_t *e = json_object_get(d->status, "enforcer");
    const char *problem = text_of(e, "problem");

    if (strcmp(text_of(d->status, "mode"), "observe") == 0)
        add(d, id, title, AUDIT_FAIL, "start it as root or by its unit, and with a back end other than none", "the service only observes: %s",
            problem);
    else if (!json_is_true(json_object_get(e, "connected")))
        add(d, id, title, AUDIT_FAIL, "systemctl restart pptpban-enforcer; journalctl -u pptpban-enforcer", "the enforcer does not answer");
    else if (!json_is_true(json_object_get(e, "hooked")) || *problem)
        add(d, id, title, AUDIT_FAIL, "journalctl -u pptpban-enforcer", "%s", *problem ? problem : "the hook is not in the kernel");
    else
        add(d, id, title, AUDIT_PASS, "", "%s, hooked, %lld entries", text_of(e, "backend"),
            (long long)json_integer_value(json_object_get(e, "entries")));
}

static void look_at_service(struct doctor *d)
{
    if (!d->status) {
        add(d, "service", "the service", AUDIT_FAIL, "systemctl enable --now pptpban; journalctl -u pptpban", "pptpband does not answer");
        return;
    }
    if (!json_is_true(json_object_get(d->status, "caught_up")))
        add(d, "service", "the service", AUDIT_WARN, "wait", "it is still reading what was logged while it was away");
    else
        add(d, "service", "the service", AUDIT_PASS, "", "pptpband %s answers", text_of(d->status, "program"));
    if (*text_of(d->status, "state"))
        add(d, "state", "what it remembers", AUDIT_WARN, "df /var/lib/pptpban; journalctl -u pptpban", "%s", text_of(d->status, "state"));
    look_at_sources(d);
    look_at_enforcer(d);
}

// --- telling -------------------------------------------------------------------------------------------------

static const struct link *first_broken(const struct doctor *d)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->v[i].verdict == AUDIT_FAIL)
            return &d->v[i];
    return NULL;
}

static void print_plain(const struct doctor *d)
{
    static const enum output_style styles[AUDIT_VERDICTS] = {
        [AUDIT_PASS] = STYLE_GREEN, [AUDIT_UNKNOWN] = STYLE_YELLOW, [AUDIT_WARN] = STYLE_YELLOW, [AUDIT_FAIL] = STYLE_RED};
    enum { COLUMN = 9 };
    bool colours = output_colours(stdout);
    const struct link *broken = first_broken(d);

    for (size_t i = 0; i < d->n; i++) {
        const struct link *l = &d->v[i];
        const char *verdict = audit_verdict_names[l->verdict];
        output_styled(stdout, colours, styles[l->verdict], verdict);
        printf("%*s%s:", COLUMN - (int)strlen(verdict), "", l->title);
        output_wrapped(l->reason, COLUMN + strlen(l->title) + 1, COLUMN);
        if (*l->remedy)
            printf("%*smend: %s\n", COLUMN, "", l->remedy); // in one line, to be copied
    }
    putchar('\n');
    if (!broken) {
        puts("A failed login on this machine becomes a ban.");
        return;
    }
    output_styled(stdout, colours, STYLE_BOLD, "The first broken link: ");
    printf("%s\n%s\n", broken->title, broken->reason);
    if (*broken->remedy)
        printf("mend: %s\n", broken->remedy);
}

static void print_json(const struct doctor *d)
{
    const struct link *broken = first_broken(d);
    json_t *links = json_array();

    for (size_t i = 0; i < d->n; i++)
        json_array_append_new(links, json_pack("{s:s,s:s,s:s,s:s,s:s}", "link", d->v[i].id, "title", d->v[i].title, "verdict",
                                               audit_verdict_names[d->v[i].verdict], "reason", d->v[i].reason, "remedy",
                                               d->v[i].remedy));
    json_t *o = json_pack("{s:i,s:o,s:o}", "version", 1, "links", links, "broken", broken ? json_string(broken->id) : json_null());
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

static void walk(struct doctor *d, const struct logs *logs)
{
    static const char *const before[] = {"watch", "ppp-files", "accel-log", "syslog-route", "syslog-debug", "journald-rate",
                                         "journald-store", "clock"};
    static const char *const behind[] = {"ban-hook", "ruleset-order", "foreign"};

    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        add_audit(d, before[i]);
    look_at_logs(d, logs);
    look_at_service(d);
    for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
        add_audit(d, behind[i]);
}

static int examine(const struct args *a, const struct audit_root *root, const struct config *config, const struct logs *logs)
{
    struct doctor *d = calloc(1, sizeof(*d));
    struct audit_report report = {0};
    json_t *status = NULL;
    int r = d ? audit_run(root, config, &report) : -1, code = EXIT_DONE;

    if (r < 0) {
        fprintf(stderr, "pptpban doctor: %s\n", d ? strerror(-r) : "out of memory");
        free(d);
        return EXIT_FAILED;
    }
    if (client_call(a, json_pack("{s:s}", "verb", "status"), &status) != EXIT_DONE)
        status = NULL;
    d->audit = &report;
    d->config = config;
    d->status = status;
    walk(d, logs);
    (a->given & ARG_JSON ? print_json : print_plain)(d);
    if (first_broken(d))
        code = EXIT_FAILED;
    json_decref(status);
    audit_report_free(&report);
    free(d);
    return code;
}

int verb_doctor(int argc, char **argv)
{
    struct config_report messages = {0};
    struct config *config = NULL;
    struct audit_root root;
    struct logs logs;
    struct args a;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    code = logs_of_args(&a, argv[0], &logs);
    if (code != EXIT_DONE)
        return code;
    if (a.n_rest == 0 && !a.journal)
        logs.since = clock_realtime() - LOOK_BACK;
    const char *path = a.root ? a.root : "/";
    int r = audit_root_open(path, &root);
    if (r < 0) {
        fprintf(stderr, "pptpban doctor: %s: %s\n", path, strerror(-r));
        return EXIT_USAGE;
    }
    // a missing or wrong pptpban.conf is a broken link, not a reason to stop
    (void)config_load(a.config, &config, &messages);
    code = a.given & ARG_FIX ? doctor_fix(&root, path, config, !(a.given & ARG_FORCE)) : examine(&a, &root, config, &logs);
    config_free(config);
    config_report_free(&messages);
    audit_root_close(&root);
    return code;
}
