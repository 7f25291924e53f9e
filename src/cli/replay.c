// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban replay: the service's own pipeline over old logs, in the logs' time. Shows who would have been banned,
// when and by which lines; touches nothing.
#include "cli/verbs.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/exit.h"
#include "cli/jsonl.h"
#include "cli/logs.h"

struct replay {
    struct config *config;
    struct engine *engine;
    bool jsonl;
    struct str host; // of the event at hand
    uint64_t counted, bans;
};

static const char usage[] =
    "usage: pptpban replay [--config FILE] [--jsonl] [--no-gate] FILE...\n"
    "       pptpban replay [--config FILE] [--jsonl] [--no-gate] --journal PATH\n"
    "\n"
    "Runs the filters, sessions and jails over old logs, in the time of the logs, and shows who would have been\n"
    "banned, when, and by which lines. Nothing is changed. FILE may be plain, gzip, xz or zstd; - is standard\n"
    "input; give rotated files oldest first. PATH is a journal file or a directory of them.\n"
    "\n"
    "  --config FILE   use this configuration instead of the installed one\n"
    "  --journal PATH  read a journal file or a directory of them\n"
    "  --jsonl         one JSON object a line: failure, success, unattributed, ban, and a closing summary\n"
    "  --no-gate       look at every line instead of those with a literal of the filters (slower, same result)\n";

static void json_event(struct replay *r, const struct engine_event *e)
{
    static const char *const types[] = {
        [OUTCOME_FAILURE] = "failure", [OUTCOME_SUCCESS] = "success", [OUTCOME_UNATTRIBUTED] = "unattributed"};
    const struct outcome *o = e->outcome;
    char addr[ADDR_STRLEN];

    printf("{\"type\":\"%s\",\"time\":", types[o->kind]);
    jsonl_time(stdout, o->time);
    fputs(",\"host\":", stdout);
    jsonl_string(stdout, o->host);
    fputs(",\"jail\":", stdout);
    jsonl_string(stdout, str_of(e->jail));
    if (o->has_addr)
        printf(",\"addr\":\"%s\"", addr_format(&o->addr, addr));
    fputs(",\"user\":", stdout);
    jsonl_string(stdout, o->user);
    if (o->kind != OUTCOME_SUCCESS)
        printf(",\"class\":\"%s\"", class_names[o->class]);
    if (o->kind == OUTCOME_FAILURE)
        printf(",\"origin\":\"%s\"", origin_names[o->origin]);
    puts("}");
    (void)r;
}

static void on_event(void *userdata, const struct engine_event *e)
{
    struct replay *r = userdata;

    r->counted += e->outcome->kind == OUTCOME_FAILURE;
    r->host = e->outcome->host;
    if (r->jsonl)
        json_event(r, e);
}

// Evidence is text that an attacker wrote: nothing of it may steer the terminal.
static void print_escaped(struct str s)
{
    char shown[SESSION_EVIDENCE_MAX * 4 + 1];

    text_show(s, 0, shown, sizeof(shown));
    fputs(shown, stdout);
}

enum { LINES_MAX = 100 };

// A network that is banned as a whole: its addresses that were banned before.
static void print_offenders(struct replay *r, const struct ban *ban)
{
    char who[PREFIX_STRLEN], when[TIME_STRLEN];
    unsigned count;
    const struct network *n = engine_network(r->engine, ban->jail, &ban->net.addr, ban->since, &count);

    for (unsigned i = 0; n && i < n->n; i++)
        printf("    %s  ban %s\n", time_format(n->from[i].when, false, when), prefix_format(&n->from[i].who, who));
}

static void print_ban(struct replay *r, const struct ban *ban)
{
    struct evidence_item lines[LINES_MAX];
    char net[PREFIX_STRLEN], since[TIME_STRLEN], length[DURATION_STRLEN], reason[REASON_STRLEN];
    bool network = ban->net.len < 128;

    printf("%s  ban %s for %s by %s: %u %s", time_format(ban->since, false, since),
           prefix_format(&ban->net, net),
           duration_format(ban->until == USEC_FOREVER ? USEC_FOREVER : ban->until - ban->since, length), ban->jail,
           ban->count, network ? "of its addresses were banned" : "failures");
    fputs(threshold_remark(&ban->reason, reason), stdout);
    if (ban->times > 1)
        printf(", ban number %u", ban->times);
    struct spray_look look[SPRAY_TRIES_MAX];
    if (engine_spray(r->engine, ban->jail, &ban->net.addr, ban->since, look) > 0) {
        printf("; %u addresses try ", look[0].addresses);
        print_escaped(str_of(look[0].account->name));
    }
    putchar('\n');
    if (network) {
        print_offenders(r, ban);
        return;
    }
    size_t n = evidence_find(engine_evidence(r->engine), &ban->net.addr, lines,
                             ban->count < LINES_MAX ? ban->count : LINES_MAX);
    while (n-- > 0) {
        if (!str_eq(lines[n].jail, str_of(ban->jail)))
            continue;
        fputs("    ", stdout);
        print_escaped(lines[n].line);
        putchar('\n');
    }
}

static void on_ban(void *userdata, const struct ban *ban, const struct position *decided, bool observe)
{
    struct replay *r = userdata;
    char net[PREFIX_STRLEN];

    (void)decided;
    r->bans++;
    if (!r->jsonl) {
        print_ban(r, ban);
        return;
    }
    fputs("{\"type\":\"ban\",\"time\":", stdout);
    jsonl_time(stdout, ban->since);
    fputs(",\"host\":", stdout);
    jsonl_string(stdout, r->host);
    fputs(",\"jail\":", stdout);
    jsonl_string(stdout, str_of(ban->jail));
    printf(",\"addr\":\"%s\",\"until\":", prefix_format(&ban->net, net));
    if (ban->until == USEC_FOREVER)
        fputs("null", stdout);
    else
        jsonl_time(stdout, ban->until);
    printf(",\"count\":%u,\"times\":%u,\"rule\":\"%s\",\"threshold\":%u,\"country\":\"%s\",\"schedule\":\"%s\"%s}\n",
           ban->count, ban->times, threshold_rules[ban->reason.rule], ban->reason.max, ban->reason.country, ban->reason.schedule,
           observe ? ",\"observe\":true" : "");
}

static void on_sprayed(void *userdata, const struct jail_config *jail, const struct account *a, unsigned addresses)
{
    const struct replay *r = userdata;
    char when[TIME_STRLEN], span[DURATION_STRLEN];

    if (!r->jsonl) {
        printf("%s  account ", time_format(a->last, false, when));
        print_escaped(str_of(a->name));
        printf(" is tried from %u addresses within %s (%s)\n", addresses, duration_format(jail->findtime, span), jail->name);
        return;
    }
    fputs("{\"type\":\"sprayed\",\"time\":", stdout);
    jsonl_time(stdout, a->last);
    fputs(",\"jail\":", stdout);
    jsonl_string(stdout, str_of(jail->name));
    fputs(",\"user\":", stdout);
    jsonl_string(stdout, str_of(a->name));
    printf(",\"addresses\":%u}\n", addresses);
}

static void on_kept(void *userdata, const struct ban *would, const struct addr *for_whom, const char *reason)
{
    const struct replay *r = userdata;
    char net[PREFIX_STRLEN], addr[ADDR_STRLEN], when[TIME_STRLEN];

    prefix_format(&would->net, net);
    addr_format(for_whom, addr);
    if (!r->jsonl) {
        printf("%s  %s is not banned as a whole by %s, though %u of its addresses were: %s: %s\n",
               time_format(would->since, false, when), net, would->jail, would->count, addr, reason);
        return;
    }
    fputs("{\"type\":\"kept\",\"time\":", stdout);
    jsonl_time(stdout, would->since);
    printf(",\"jail\":\"%s\",\"addr\":\"%s\",\"count\":%u,\"for\":\"%s\",\"reason\":\"%s\"}\n", would->jail, net,
           would->count, addr, reason);
}

static void print_summary(const struct replay *r, const struct replay_counts *counts, usec_t took)
{
    struct engine_counters c;
    engine_read_counters(r->engine, &c);
    if (r->jsonl) { // of the log alone: the same bytes in every run, with and without the gate
        printf("{\"type\":\"summary\",\"lines\":%llu,\"seconds\":", (unsigned long long)counts->lines);
        jsonl_time(stdout, c.newest > c.oldest ? c.newest - c.oldest : 0);
        printf(",\"matches\":%llu,\"failures\":%llu,\"successes\":%llu,\"unattributed\":%llu,\"faulted\":%llu,"
               "\"ignored\":%llu,\"bans\":%llu,\"truncated\":%llu,\"limit_hits\":%llu,\"overflow\":%llu}\n",
               (unsigned long long)c.matches, (unsigned long long)r->counted, (unsigned long long)c.successes,
               (unsigned long long)c.unattributed, (unsigned long long)c.faulted, (unsigned long long)c.ignored,
               (unsigned long long)r->bans, (unsigned long long)counts->truncated, (unsigned long long)c.limit_hits,
               (unsigned long long)(c.session_overflow + c.window_overflow + c.bans_refused));
        return;
    }
    printf("%s%llu lines in %.3f s: %llu failures, %llu good logins, %llu bans", r->bans ? "\n" : "",
           (unsigned long long)counts->lines, (double)took / (double)USEC_SEC, (unsigned long long)r->counted,
           (unsigned long long)c.successes, (unsigned long long)r->bans);
    if (c.unattributed)
        printf("; %llu failures from nobody knows where", (unsigned long long)c.unattributed);
    if (c.faulted)
        printf("; %llu while the server itself was in trouble, not counted", (unsigned long long)c.faulted);
    putchar('\n');
}

int verb_replay(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"journal", required_argument, NULL, 'j'},
        {"jsonl", no_argument, NULL, 'l'},        {"no-gate", no_argument, NULL, 'g'},
        {"help", no_argument, NULL, 'h'},         {0},
    };
    const char *config_path = NULL, *journal = NULL;
    struct replay r = {.jsonl = false};
    struct config_report report = {0};
    struct replay_counts counts = {0};
    bool no_gate = false;
    int opt, code = EXIT_FAILED;

    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (opt) {
        case 'c':
            config_path = optarg;
            break;
        case 'j':
            journal = optarg;
            break;
        case 'l':
            r.jsonl = true;
            break;
        case 'g':
            no_gate = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_DONE;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if ((optind == argc) == (journal == NULL)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }

    usec_t start = clock_monotonic();
    int e = config_load(config_path, &r.config, &report);
    if (e == 0) {
        struct engine_options o = {
            .config = r.config,
            .mode = journal ? ENGINE_REPLAY_JOURNAL : ENGINE_REPLAY_FILES,
            .no_gate = no_gate,
            .callbacks = {.event = on_event, .ban = on_ban, .kept = on_kept, .sprayed = on_sprayed, .userdata = &r},
        };
        e = engine_new(&o, &report, &r.engine);
    }
    for (size_t i = 0; i < report.n; i++)
        fprintf(stderr, "pptpban: %s\n", report.v[i].text);
    if (e == 0) {
        int failed = logs_feed(r.engine, argv + optind, argc - optind, journal, 0, &counts);
        engine_finish(r.engine);
        print_summary(&r, &counts, clock_monotonic() - start);
        if (fflush(stdout) != 0)
            fprintf(stderr, "pptpban: standard output: %s\n", strerror(errno));
        else if (!failed && report.errors == 0)
            code = EXIT_DONE;
    } else if (report.n == 0) {
        fprintf(stderr, "pptpban: %s: %s\n", config_path ? config_path : PKGSYSCONFDIR "/pptpban.conf", strerror(-e));
    }
    engine_free(r.engine);
    config_free(r.config);
    config_report_free(&report);
    return code;
}
