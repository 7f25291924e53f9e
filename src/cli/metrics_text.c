// SPDX-License-Identifier: GPL-2.0-or-later
// One row a metric: its name, what it tells, and where the status has it.
#include "cli/metrics_text.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum kind { GAUGE, COUNTER };

struct metric {
    const char *name; // without pptpban_ and _total
    enum kind kind;
    const char *help;
    const char *key; // in its object; an array's length and a true are numbers, too
};

// An object of the status, or each object of an array, told apart by a label.
struct group {
    const char *object; // "": the status itself
    const char *label;  // NULL: one object; else its objects are told apart by this label, the value of which is their name
    const struct metric *v;
};

static const struct metric of_service[] = {
    {"start_time_seconds", GAUGE, "When the service was started, in unix time.", "since"},
    {"caught_up", GAUGE, "1 when all that was in the logs at the start has been read.", "caught_up"},
    {"bans", GAUGE, "Addresses and networks that are banned now.", "bans"},
    {NULL, GAUGE, NULL, NULL},
};

static const struct metric of_engine[] = {
    {"records", COUNTER, "Log lines taken apart: those that may concern a filter.", "records"},
    {"matches", COUNTER, "Lines that a pattern matched.", "matches"},
    {"failures", COUNTER, "Failed logins and other offences that were tied to an address.", "failures"},
    {"successes", COUNTER, "Good logins.", "successes"},
    {"unattributed", COUNTER, "Failures that nobody can tie to an address.", "unattributed"},
    {"begun_sessions", COUNTER, "Sessions that have begun, by lines that name their address.", "begun"},
    {"faulted", COUNTER, "Failures that are the server's own trouble and count against nobody.", "faulted"},
    {"ignored", COUNTER, "Failures of addresses on the allowlist.", "ignored"},
    {"spared_bans", COUNTER, "Decisions to ban that were not made because the address is spared.", "spared"},
    {"decided_bans", COUNTER, "Decisions to ban.", "bans"},
    {"refused_bans", COUNTER, "Decisions for which the ban list had no room.", "bans_refused"},
    {"pattern_limit_hits", COUNTER, "Lines on which a pattern reached its match limit.", "limit_hits"},
    {"session_overflow", COUNTER, "Sessions forgotten early for want of room.", "session_overflow"},
    {"window_overflow", COUNTER, "Addresses forgotten early for want of room.", "window_overflow"},
    {"network_bans", COUNTER, "Networks that were banned as a whole.", "networks"},
    {"networks_kept", COUNTER, "Bans of a network that were not made for somebody's sake.", "networks_kept"},
    {"network_overflow", COUNTER, "Networks with banned addresses forgotten early for want of room.", "network_overflow"},
    {"guest_overflow", COUNTER, "Addresses with a good login forgotten early for want of room.", "guest_overflow"},
    {"known_account_overflow", COUNTER, "Accounts with a good login forgotten early for want of room.", "known_overflow"},
    {"known_accounts", GAUGE, "Accounts that somebody has logged in as.", "known"},
    {"account_overflow", COUNTER, "Accounts that were tried forgotten early for want of room.", "account_overflow"},
    {"spray_overflow", COUNTER, "Addresses of jails by account forgotten early for want of room.", "spray_overflow"},
    {"sessions", GAUGE, "Processes and connections that the service follows now.", "lives"},
    {"waiting_failures", GAUGE, "Failures that wait for the line that names their address.", "waiting"},
    {"watched_addresses", GAUGE, "Addresses with failures that count now.", "addresses"},
    {NULL, GAUGE, NULL, NULL},
};

static const struct metric of_enforcer[] = {
    {"enforcer_connected", GAUGE, "1 when the enforcer answers.", "connected"},
    {"enforcer_hooked", GAUGE, "1 when packets of banned addresses are dropped.", "hooked"},
    {"enforcer_entries", GAUGE, "Entries in the kernel's sets.", "entries"},
    {"enforcer_bans", COUNTER, "Entries put into the kernel.", "bans"},
    {"enforcer_unbans", COUNTER, "Entries taken out of the kernel.", "unbans"},
    {"enforcer_refused", COUNTER, "Entries that the enforcer refused by its limits.", "refused"},
    {"enforcer_failed", COUNTER, "Entries that the kernel refused.", "failed"},
    {"enforcer_repairs", COUNTER, "How often hook or entries were put back after others had taken them away.", "repairs"},
    {"enforcer_repairs_put_off", COUNTER, "Repairs that were slowed down because somebody fights.", "put_off"},
    {"enforcer_hook_missing_seconds", COUNTER, "How long the hook was missing, in all.", "hook_missing"},
    {"ruleset_lost", COUNTER, "How often others took rules out of the base ruleset.", "ruleset_lost"},
    {NULL, GAUGE, NULL, NULL},
};

static const struct metric of_connguard[] = {
    {"connguard_running", GAUGE, "1 when the guard of silent connections runs.", "running"},
    {"connguard_ended", COUNTER, "Silent connections that were ended.", "ended"},
    {"connguard_told", COUNTER, "Silent connections that were logged.", "told"},
    {"connguard_overflow", COUNTER, "Connections that were too many to remember.", "overflow"},
    {NULL, GAUGE, NULL, NULL},
};

static const struct metric of_notify[] = {
    {"notify_events", COUNTER, "Events that pptpban-notify was told of.", "told"},
    {"notify_lost", COUNTER, "Events for which pptpban-notify had no room.", "lost"},
    {NULL, GAUGE, NULL, NULL},
};

static const struct metric of_source[] = {
    {"source_lines", COUNTER, "Lines read.", "lines"},
    {"source_bytes", COUNTER, "Bytes read.", "bytes"},
    {"source_truncated", COUNTER, "Lines cut because they were too long.", "truncated"},
    {"source_skipped", COUNTER, "Parts of a log that were gone before they could be read.", "skipped"},
    {"source_behind_bytes", GAUGE, "Bytes that wait to be read.", "behind"},
    {"source_behind_seconds", GAUGE, "How old the line is that is being read; 0 when all has been read.", "behind_seconds"},
    {"source_last_record_seconds", GAUGE, "Time of the newest record, in unix time; 0 when there was none.", "last"},
    {NULL, GAUGE, NULL, NULL},
};

static const struct metric of_surge[] = {
    {"surge", GAUGE, "1 while there is far more of it than this server is used to.", "surge"},
    {"surge_minute", GAUGE, "How much of it the last minute had.", "last"},
    {"surge_limit", GAUGE, "How much of it a minute may have; 0 while that is learned.", "limit"},
    {"surges", COUNTER, "Surges that have begun.", "surges"},
    {NULL, GAUGE, NULL, NULL},
};

static const struct group groups[] = {
    {"", NULL, of_service},           {"engine", NULL, of_engine},    {"enforcer", NULL, of_enforcer},
    {"connguard", NULL, of_connguard}, {"notify", NULL, of_notify}, {"sources", "source", of_source},
    {"surges", "series", of_surge},
};

int metrics_format_parse(const char *name, enum metrics_format *ret)
{
    if (strcmp(name, "openmetrics") != 0 && strcmp(name, "prometheus") != 0)
        return -EINVAL;
    *ret = *name == 'o' ? METRICS_OPENMETRICS : METRICS_PROMETHEUS;
    return 0;
}

static void print_head(const char *name, enum kind kind, const char *help, enum metrics_format format, FILE *out)
{
    const char *suffix = kind == COUNTER && format == METRICS_PROMETHEUS ? "_total" : "";

    fprintf(out, "# HELP pptpban_%s%s %s\n# TYPE pptpban_%s%s %s\n", name, suffix, help, name, suffix,
            kind == COUNTER ? "counter" : "gauge");
}

static void print_label_value(const char *text, FILE *out)
{
    for (; text && *text; text++) {
        if (*text == '\\' || *text == '"')
            fputc('\\', out);
        fputs(*text == '\n' ? "\\n" : (char[]){*text, '\0'}, out);
    }
}

static void print_sample(const struct metric *m, const json_t *object, const char *label, FILE *out)
{
    const json_t *value = json_object_get(object, m->key);

    if (!value)
        return; // a service of another version, or one without this part
    fprintf(out, "pptpban_%s%s", m->name, m->kind == COUNTER ? "_total" : "");
    if (label) {
        fprintf(out, "{%s=\"", label);
        print_label_value(json_string_value(json_object_get(object, "name")), out);
        fputs("\"}", out);
    }
    if (json_is_real(value))
        fprintf(out, " %.6f\n", json_real_value(value));
    else
        fprintf(out, " %" JSON_INTEGER_FORMAT "\n", json_is_true(value) ? 1 : json_integer_value(value));
}

static void print_group(const struct group *g, const json_t *status, enum metrics_format format, FILE *out)
{
    const json_t *object = *g->object ? json_object_get(status, g->object) : status, *one;
    size_t i;

    for (const struct metric *m = g->v; m->name; m++) {
        print_head(m->name, m->kind, m->help, format, out);
        if (!g->label)
            print_sample(m, object, NULL, out);
        else
            json_array_foreach((json_t *)object, i, one)
                print_sample(m, one, g->label, out);
    }
}

void metrics_print(const json_t *status, enum metrics_format format, FILE *out)
{
    const char *version = status ? json_string_value(json_object_get(status, "program")) : NULL;

    print_head("up", GAUGE, "1 when the service answers.", format, out);
    fprintf(out, "pptpban_up %d\n", status != NULL);
    if (version) {
        print_head("build_info", GAUGE, "The version that runs.", format, out);
        fputs("pptpban_build_info{version=\"", out);
        print_label_value(version, out);
        fputs("\"} 1\n", out);
    }
    for (size_t i = 0; status && i < sizeof(groups) / sizeof(groups[0]); i++)
        print_group(&groups[i], status, format, out);
    if (format == METRICS_OPENMETRICS)
        fputs("# EOF\n", out);
}
