// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban import-fail2ban --bans: what would be banned, and with --apply asks the service to. The service decides.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "import/import.h"
#include "import/bans.h"
#include "cli/jsonl.h"
#include "cli/output.h"
#include "daemon/request.h"

#define DATABASE "/var/lib/fail2ban/fail2ban.sqlite3"

// What became of a ban, or would.
struct fate {
    const char *word; // "ban" (it would be), "banned", "kept" (a longer one is there), "refused"
    char why[REQUEST_ERROR_MAX];
};

__attribute__((format(printf, 1, 2))) static struct fate refused(const char *fmt, ...)
{
    struct fate f = {.word = "refused"};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(f.why, sizeof(f.why), fmt, ap);
    va_end(ap);
    return f;
}

// As far as the configuration tells; the service knows more (its own addresses, how full it is).
static struct fate foresee(const struct config *c, const struct import_ban *b)
{
    unsigned widest = !c ? 0 : addr_is_v4(&b->net.addr) ? c->widest4 : c->widest6;

    if (addr_is_unbannable(&b->net.addr))
        return refused("loopback, multicast and unspecified addresses are never banned");
    if (prefix_family_len(&b->net) < widest)
        return refused("the network is wider than the configuration allows");
    for (size_t k = 0; c && k < c->n_jails; k++)
        for (size_t i = 0; c->jails[k].enabled && i < c->jails[k].ignoreip.n; i++)
            if (prefix_overlaps(&c->jails[k].ignoreip.v[i], &b->net))
                return refused("it is on the allowlist of jail %s (ignoreip)", c->jails[k].name);
    return (struct fate){.word = "ban"};
}

// The jail's name as a reason may have it.
static void reason_of(const char *jail, char buf[static REQUEST_REASON_MAX + 1])
{
    snprintf(buf, REQUEST_REASON_MAX + 1, "import-fail2ban %.64s", jail);
    for (char *p = buf; *p; p++)
        if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\')
            *p = '?';
}

// Asks for one ban. EXIT_DONE with *ret, or an exit code after having said why the service cannot be asked.
static int ask(struct client **c, const struct args *a, const struct import_ban *b, struct fate *ret)
{
    char net[PREFIX_STRLEN], reason[REQUEST_REASON_MAX + 1];
    usec_t left = b->until == USEC_FOREVER ? USEC_FOREVER : b->until - clock_realtime();
    json_t *answer;

    reason_of(b->jail, reason);
    if (left < USEC_SEC) {
        *ret = refused("its time is over");
        return EXIT_DONE;
    }
    json_t *request = json_pack("{s:s,s:s,s:s,s:o}", "verb", "ban", "net", prefix_format(&b->net, net), "reason", reason, "for",
                                left == USEC_FOREVER || left / USEC_SEC > INT64_C(99) * 365 * 86400
                                    ? json_string("forever")
                                    : json_integer(left / USEC_SEC));
    int code = *c ? client_send(*c, request) : client_ask(a, request, c);
    if (code == EXIT_DONE)
        code = client_read_any(*c, &answer);
    if (code != EXIT_DONE)
        return code;
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (json_is_false(json_object_get(answer, "ok"))) {
        *ret = refused("%s", error ? error : "the service refused");
        // the service says which address; the row does already
        char *no = strstr(ret->why, " is not banned: ");
        if (no)
            memmove(ret->why, no + 16, strlen(no + 16) + 1);
    } else {
        *ret = (struct fate){.word = json_is_true(json_object_get(answer, "kept")) ? "kept" : "banned"};
    }
    json_decref(answer);
    return EXIT_DONE;
}

static json_t *row_json(const struct import_ban *b, const struct fate *f)
{
    char net[PREFIX_STRLEN], jail[256];

    text_show(str_of(b->jail), 0, jail, sizeof(jail));
    return json_pack("{s:s,s:s,s:I,s:o,s:i,s:s,s:s}", "addr", prefix_format(&b->net, net), "jail", jail, "since",
                     (json_int_t)(b->since / USEC_SEC), "until",
                     b->until == USEC_FOREVER ? json_null() : json_integer(b->until / USEC_SEC), "count", (int)b->count, "fate",
                     f->word, "why", f->why);
}

static int add_row(struct table *t, const struct import_ban *b, const struct fate *f)
{
    char net[PREFIX_STRLEN], left[RELATIVE_STRLEN], since[TIME_STRLEN], jail[128], count[16];

    snprintf(count, sizeof(count), "%u", b->count);
    text_show(str_of(b->jail), 0, jail, sizeof(jail));
    output_left(b->until == USEC_FOREVER ? USEC_FOREVER : b->until - clock_realtime(), left);
    const char *cells[] = {prefix_format(&b->net, net), jail, time_format(b->since, false, since), left, count, f->word, f->why};
    return table_add(t, cells);
}

enum { ROWS_MAX = 10000 }; // of a table for people; refused bans are shown beyond that

struct tally {
    size_t asked, banned, kept, refused, unseen;
};

static int go_through(const struct args *a, const struct config *config, const struct import_bans *bans, struct table *t,
                      struct tally *tally)
{
    struct client *c = NULL;
    int code = EXIT_DONE;

    for (size_t i = 0; code == EXIT_DONE && i < bans->n; i++) {
        struct fate fate = {.word = "ban"};
        if (a->given & ARG_APPLY)
            code = ask(&c, a, &bans->v[i], &fate);
        else
            fate = foresee(config, &bans->v[i]);
        if (code != EXIT_DONE)
            break;
        tally->asked++;
        tally->kept += strcmp(fate.word, "kept") == 0;
        tally->refused += strcmp(fate.word, "refused") == 0;
        tally->banned += strcmp(fate.word, "ban") == 0 || strcmp(fate.word, "banned") == 0;
        if (!t) {
            json_t *row = row_json(&bans->v[i], &fate);
            fputs(i ? "," : "", stdout);
            json_dumpf(row, stdout, JSON_COMPACT);
            json_decref(row);
        } else if (tally->asked > ROWS_MAX && (tally->refused > ROWS_MAX || strcmp(fate.word, "refused") != 0)) {
            tally->unseen++;
        } else if (add_row(t, &bans->v[i], &fate) < 0)
            code = EXIT_FAILED;
    }
    client_free(c);
    return code;
}

static void sum_up(const struct args *a, const struct import_bans *bans, const struct tally *t)
{
    const char *would = a->given & ARG_APPLY ? "" : "would be ";

    printf("\n%zu %sbanned, %zu %srefused", t->banned, would, t->refused, would);
    if (t->kept)
        printf(", %zu kept as they are banned for longer", t->kept);
    if (bans->over)
        printf("; %zu over", bans->over);
    if (bans->strange)
        printf("; %zu of no address", bans->strange);
    if (bans->beyond)
        printf("; %zu more left out", bans->beyond);
    if (t->unseen)
        printf("; %zu of all are not shown above", t->unseen);
    puts(a->given & ARG_APPLY ? "" : "; --apply does it");
}

static int show(const struct args *a, const char *path, const struct import_bans *bans)
{
    static const char *const headers[] = {"ADDRESS", "JAIL", "SINCE", "ENDS IN", "COUNT", "HERE", "WHY"};
    struct config_report report = {0};
    struct config *config = NULL;
    struct tally tally = {0};
    struct table *t = NULL;
    bool json = a->given & ARG_JSON;

    if (config_load(a->config, &config, &report) < 0)
        config = NULL;
    int code = !json && table_new(7, headers, 1u << 4, &t) < 0 ? EXIT_FAILED : EXIT_DONE;
    if (json) { // row by row: there may be a million
        fputs("{\"version\":1,\"database\":", stdout);
        jsonl_string(stdout, str_of(path));
        printf(",\"applied\":%s,\"bans\":[", a->given & ARG_APPLY ? "true" : "false");
    }
    if (code == EXIT_DONE)
        code = go_through(a, config, bans, t, &tally);
    if (json) {
        printf("],\"banned\":%zu,\"kept\":%zu,\"refused\":%zu,\"over\":%zu,\"strange\":%zu,\"beyond\":%zu}\n", tally.banned,
               tally.kept, tally.refused, bans->over, bans->strange, bans->beyond);
    } else if (t && (tally.asked > 0 || code == EXIT_DONE)) {
        table_print(t, stdout);
        sum_up(a, bans, &tally);
    }
    table_free(t);
    config_free(config);
    config_report_free(&report);
    return code == EXIT_DONE && (a->given & ARG_APPLY) && tally.refused > 0 ? EXIT_FAILED : code;
}

int import_bans(const char *dir, const struct args *a, char *const *jails, int n_jails)
{
    char error[IMPORT_BANS_ERROR_MAX], *configured = NULL;
    struct import_bans bans;

    if (!a->database && f2b_server_option(dir, "dbfile", &configured) < 0)
        configured = NULL;
    const char *path = a->database ? a->database : configured && *configured ? configured : DATABASE;
    if (!a->database && path[0] != '/') {
        fprintf(stderr, "pptpban import-fail2ban: fail2ban keeps no database (dbfile = %.100s)\n", path);
        free(configured);
        return EXIT_NOTHING;
    }
    int r = import_bans_read(path, clock_realtime(), jails, n_jails, &bans, error);
    int code = EXIT_FAILED;
    if (r < 0) {
        fprintf(stderr, "pptpban import-fail2ban: %s\n", error);
    } else {
        code = show(a, path, &bans);
        if (code == EXIT_DONE && bans.n == 0)
            code = EXIT_NOTHING;
        import_bans_clear(&bans);
    }
    free(configured);
    return code;
}
