// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban stats: what came in the last day, in figures for people. Works nothing out itself: src/report does, from the
// logs, and the service tells of itself.
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/figures.h"
#include "cli/listing.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "config-build.h"

#define BACK_DEFAULT (86400 * USEC_SEC)

enum { ROWS_SHOWN = 5 };

// In the order of enum report_order, from REPORT_BY_NAME on.
static const struct column columns[] = {
    {"name", "", COLUMN_TEXT},        {"failures", "", COLUMN_NUMBER}, {"bans", "", COLUMN_NUMBER}, {"addresses", "", COLUMN_NUMBER},
    {"accounts", "", COLUMN_NUMBER}, {"logins", "", COLUMN_NUMBER},   {"last", "", COLUMN_TIME},   {NULL, NULL, 0},
};
_Static_assert(sizeof(columns) / sizeof(columns[0]) == REPORT_ORDERS, "one for each order but the usual one");

static bool is_wanted(void *userdata, const struct addr *a)
{
    return listing_takes(userdata, a);
}

// Leaves only this jail enabled.
static int keep_jail(struct config *c, const char *name)
{
    bool found = false;

    for (size_t k = 0; k < c->n_jails; k++)
        found |= c->jails[k].enabled && strcmp(c->jails[k].name, name) == 0;
    if (found) {
        for (size_t k = 0; k < c->n_jails; k++)
            c->jails[k].enabled &= strcmp(c->jails[k].name, name) == 0;
        return EXIT_DONE;
    }
    fprintf(stderr, "pptpban stats: --jail %s: there is no such jail that is enabled; accepted:", name);
    for (size_t k = 0; k < c->n_jails; k++)
        if (c->jails[k].enabled)
            fprintf(stderr, " %s", c->jails[k].name);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

// --- for people ----------------------------------------------------------------------------------------------

static const char *count(uint64_t n, char buf[static 24])
{
    snprintf(buf, 24, "%llu", (unsigned long long)n);
    return buf;
}

// "3 addresses", "1 address"
static const char *counted(uint64_t n, const char *one, const char *many, char buf[static 64])
{
    snprintf(buf, 64, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
    return buf;
}

static void print_service(const json_t *status)
{
    char text[RELATIVE_STRLEN];

    if (!status) {
        printf("%-10s does not answer\n", "service");
        return;
    }
    printf("%-10s running for %s, %lld banned now", "service",
           output_left(clock_realtime() - row_number(status, "since") * USEC_SEC, text), row_number(status, "bans"));
    if (row_number(status, "observed"))
        printf(", %lld would be", row_number(status, "observed"));
    puts(strcmp(row_text(status, "mode"), "observe") == 0 ? "; only observing, nobody is blocked" : "");
}

static void print_buckets(const char *label, const struct report_bucket *v, size_t n)
{
    const char *between = "";
    uint64_t all = 0;

    for (size_t i = 0; i < n; i++)
        all += v[i].n;
    if (all == 0)
        return;
    printf("%-10s %s: ", "", label);
    for (size_t i = 0; i < n; i++) {
        if (v[i].n == 0)
            continue;
        printf("%s%s %llu", between, v[i].name, (unsigned long long)v[i].n);
        between = ", ";
    }
    putchar('\n');
}

static void print_totals(const struct report_figures *f)
{
    char a[64], b[64], c[64];

    printf("%-10s %s from %s, as %s", "failures", counted(f->failures, "login", "logins", a),
           counted(f->addresses, "address", "addresses", b), counted(f->accounts, "account", "accounts", c));
    if (f->unattributed)
        printf("; and %llu of which nobody can say from where", (unsigned long long)f->unattributed);
    printf("\n%-10s %s\n", "logins", counted(f->successes, "good one", "good ones", a));
    printf("%-10s %s\n", "bans", count(f->bans, a));
    print_buckets("after the first failure that counted", f->fast, f->n_fast);
    print_buckets("back after the ban", f->away, f->n_away);
}

enum column_of { OF_NAME, OF_COUNTRY, OF_FAILURES, OF_BANS, OF_OTHERS, OF_LOGINS, OF_LAST };

struct part {
    const struct report_list *list;
    const char *many; // "addresses"
    size_t n;
    struct {
        enum column_of of;
        const char *header;
    } columns[6];
};

static void print_part(const struct part *p, size_t most)
{
    const char *headers[TABLE_COLUMNS];
    unsigned right = 0;
    struct table *t;

    for (size_t k = 0; k < p->n; k++) {
        headers[k] = p->columns[k].header;
        right |= (unsigned)(p->columns[k].of >= OF_FAILURES && p->columns[k].of <= OF_LOGINS) << k;
    }
    if (p->list->n == 0 || table_new(p->n, headers, right, &t) < 0)
        return;
    for (size_t i = 0; i < p->list->n && i < most; i++) {
        const struct report_row *r = &p->list->v[i];
        const char *cells[TABLE_COLUMNS];
        char numbers[OF_LAST][24], last[TIME_STRLEN];
        const char *const texts[] = {
            [OF_NAME] = r->name,
            [OF_COUNTRY] = *r->country ? r->country : "-",
            [OF_FAILURES] = count(r->failures, numbers[OF_FAILURES]),
            [OF_BANS] = count(r->bans, numbers[OF_BANS]),
            [OF_OTHERS] = count(r->others, numbers[OF_OTHERS]),
            [OF_LOGINS] = count(r->successes, numbers[OF_LOGINS]),
            [OF_LAST] = time_format(r->last, false, last),
        };
        for (size_t k = 0; k < p->n; k++)
            cells[k] = texts[p->columns[k].of];
        if (table_add(t, cells) < 0)
            break;
    }
    putchar('\n');
    table_print(t, stdout);
    if (p->list->total > most)
        printf("and %llu more %s\n", (unsigned long long)(p->list->total - (p->list->n < most ? p->list->n : most)), p->many);
    table_free(t);
}

static void print_guessed(const struct report_list *accounts)
{
    bool colours = output_colours(stdout);

    for (size_t i = 0; i < accounts->n; i++) {
        if (!accounts->v[i].guessed)
            continue;
        output_styled(stdout, colours, STYLE_RED, "guessed? ");
        printf("%s: somebody logged in who had failed as it %d times or more; pptpban users tells who\n", accounts->v[i].name,
               REPORT_GUESSES);
    }
}

static void print_stats(const struct report_figures *f, const json_t *status, usec_t since, const char *source, size_t most)
{
    const struct part parts[] = {
        {&f->by_jail, "jails", 4, {{OF_NAME, "JAIL"}, {OF_BANS, "BANS"}, {OF_OTHERS, "ADDRESSES"}, {OF_LAST, "LAST"}}},
        {&f->by_country, "countries", 4, {{OF_NAME, "COUNTRY"}, {OF_FAILURES, "FAILURES"}, {OF_BANS, "BANS"}, {OF_OTHERS, "ADDRESSES"}}},
        {&f->by_account, "accounts", 5,
         {{OF_NAME, "ACCOUNT"}, {OF_FAILURES, "FAILURES"}, {OF_OTHERS, "ADDRESSES"}, {OF_LOGINS, "LOGINS"}, {OF_LAST, "LAST"}}},
        {&f->by_address, "addresses", f->has_countries ? 6 : 5,
         {{OF_NAME, "ADDRESS"}, {OF_FAILURES, "FAILURES"}, {OF_BANS, "BANS"}, {OF_OTHERS, "ACCOUNTS"}, {OF_LAST, "LAST"},
          {OF_COUNTRY, "COUNTRY"}}},
        {&f->by_network, "networks", f->has_countries ? 6 : 5,
         {{OF_NAME, "NETWORK"}, {OF_FAILURES, "FAILURES"}, {OF_BANS, "BANS"}, {OF_OTHERS, "ADDRESSES"}, {OF_LAST, "LAST"},
          {OF_COUNTRY, "COUNTRY"}}},
    };
    char from[TIME_STRLEN];

    print_service(status);
    if (since)
        printf("%-10s %s, by %s\n", "since", time_format(since, false, from), source);
    else
        printf("%-10s the first line of %s\n", "since", source);
    print_totals(f);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        print_part(&parts[i], most);
    print_guessed(&f->by_account);
}

// --- for programs --------------------------------------------------------------------------------------------

// What `report --json` has, and what the service says of itself.
static int print_json(const struct report_figures *f, const json_t *status, const char *source)
{
    struct report_head head = {.host = "this machine", .version = PACKAGE_VERSION, .source = source, .now = clock_realtime()};
    struct utsname machine;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (uname(&machine) == 0)
        head.host = machine.nodename;
    if (out)
        report_print_json(f, &head, out);
    json_t *figures = out && fclose(out) == 0 ? json_loadb(text, n, 0, NULL) : NULL;
    free(text);
    if (!figures) {
        fprintf(stderr, "pptpban stats: out of memory\n");
        return EXIT_FAILED;
    }
    json_t *service = status ? json_pack("{s:I,s:I,s:I,s:s}", "since", (json_int_t)row_number(status, "since"), "bans",
                                         (json_int_t)row_number(status, "bans"), "observed",
                                         (json_int_t)row_number(status, "observed"), "mode", row_text(status, "mode"))
                             : json_null();
    json_t *root = json_pack("{s:i,s:o,s:o}", "version", 1, "service", service, "figures", figures);
    json_dumpf(root, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(root);
    return EXIT_DONE;
}

static enum report_order order_of(const struct listing *l)
{
    return l->by ? (enum report_order)(REPORT_BY_NAME + (l->by - columns)) : REPORT_BY_MOST;
}

static int show(const struct args *a, struct config *config, struct listing *l)
{
    struct logs logs = {.journal = a->journal, .since = a->since ? l->since : clock_realtime() - BACK_DEFAULT};
    bool chosen = l->n_nets > 0 || l->n_countries > 0, complete = true;
    const struct figures_options options = {.verb = "stats", .database = a->database, .config = config, .logs = &logs,
                                            .takes = chosen ? is_wanted : NULL, .userdata = l,
                                            .by = order_of(l), .reverse = l->reverse};
    struct report_figures *f = calloc(1, sizeof(*f));
    char source[FIGURES_SOURCE_MAX];
    json_t *status = NULL;

    if (!f) {
        fprintf(stderr, "pptpban stats: out of memory\n");
        return EXIT_FAILED;
    }
    int code = figures_of_logs(&options, f, source, &complete);
    if (code == EXIT_DONE) {
        // without the service, the figures are there all the same; that it does not answer was said
        (void)client_call(a, json_pack("{s:s}", "verb", "status"), &status);
        if (a->given & ARG_JSON)
            code = print_json(f, status, source);
        else
            print_stats(f, status, logs.since, source, a->given & ARG_ALL ? REPORT_ROWS : ROWS_SHOWN);
    }
    json_decref(status);
    free(f);
    return code == EXIT_DONE && !complete ? EXIT_FAILED : code;
}

int verb_stats(int argc, char **argv)
{
    static const struct list_shape shape = {"stats", columns, "", NULL, "", NULL};
    struct config *config = NULL;
    struct listing l;
    struct args a;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    code = listing_open(&a, &shape, &l);
    if (code != EXIT_DONE)
        return code;
    code = logs_config(a.config, &config) < 0 ? EXIT_FAILED : a.jail ? keep_jail(config, a.jail) : EXIT_DONE;
    if (code == EXIT_DONE)
        code = show(&a, config, &l);
    config_free(config);
    listing_close(&l);
    return code;
}
