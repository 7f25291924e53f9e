// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban users: which accounts are tried, from how many addresses, and whether somebody who had failed got in.
#include <string.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/listing.h"
#include "cli/output.h"
#include "cli/verbs.h"

static const struct column columns[] = {
    {"account", "account", COLUMN_TEXT},      {"failures", "failures", COLUMN_NUMBER},
    {"addresses", "addresses", COLUMN_NUMBER}, {"banned", "banned", COLUMN_NUMBER},
    {"since", "first", COLUMN_TIME},          {"last", "last", COLUMN_TIME},
    {"logins", "logins", COLUMN_NUMBER},      {NULL, NULL, 0},
};

// Guessed ones first, then those that are tried most.
static int compare(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    bool p = json_object_get(x, "guessed"), q = json_object_get(y, "guessed");
    long long m = row_number(x, "failures"), n = row_number(y, "failures");

    if (p != q)
        return p ? -1 : 1;
    if (m != n)
        return m < n ? 1 : -1;
    return strcmp(row_text(x, "account"), row_text(y, "account"));
}

static void print_plain(json_t *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%s\t%lld\t%lld\t%lld\t%lld\t%lld\t%s\n", row_text(v[i], "account"),
               row_number(v[i], "failures"), row_number(v[i], "addresses"), row_number(v[i], "banned"), row_number(v[i], "first"),
               row_number(v[i], "last"), json_object_get(v[i], "guessed") ? "guessed" : "");
}

static void print_guessed(json_t *const *v, size_t n)
{
    bool colours = output_colours(stdout);
    char when[TIME_STRLEN];

    for (size_t i = 0; i < n; i++) {
        const json_t *g = json_object_get(v[i], "guessed");
        if (!g)
            continue;
        output_styled(stdout, colours, STYLE_RED, "guessed? ");
        printf("%s: %s logged in at %s after %lld failures as it; if that was not its owner, the password is known\n",
               row_text(v[i], "account"), row_text(g, "addr"),
               time_format(row_number(g, "time") * USEC_SEC, false, when), row_number(g, "failures"));
    }
}

static int print_table(json_t *const *v, size_t n)
{
    static const char *const headers[] = {"ACCOUNT", "FAILURES", "ADDRESSES", "BANNED", "SINCE", "LAST", "LOGINS"};
    struct table *t;

    if (table_new(7, headers, 1u << 1 | 1u << 2 | 1u << 3 | 1u << 6, &t) < 0)
        return EXIT_FAILED;
    for (size_t i = 0; i < n; i++) {
        char failures[24], addresses[24], banned[64], first[TIME_STRLEN], last[TIME_STRLEN], logins[24];
        snprintf(failures, sizeof(failures), "%lld", row_number(v[i], "failures"));
        snprintf(addresses, sizeof(addresses), "%lld%s", row_number(v[i], "addresses"),
                 json_is_true(json_object_get(v[i], "more")) ? "+" : "");
        if (row_number(v[i], "observed"))
            snprintf(banned, sizeof(banned), "%lld (%lld observed)", row_number(v[i], "banned"), row_number(v[i], "observed"));
        else
            snprintf(banned, sizeof(banned), "%lld", row_number(v[i], "banned"));
        snprintf(logins, sizeof(logins), "%lld", row_number(v[i], "logins"));
        const char *cells[] = {
            row_text(v[i], "account"), failures, addresses, banned,
            time_format(row_number(v[i], "first") * USEC_SEC, false, first),
            time_format(row_number(v[i], "last") * USEC_SEC, false, last), logins,
        };
        if (table_add(t, cells) < 0)
            break;
    }
    table_print(t, stdout);
    table_free(t);
    print_guessed(v, n);
    return EXIT_DONE;
}

static int show(const struct args *a, const struct listing *l, json_t **v, size_t n)
{
    size_t kept = listing_choose(l, v, n);

    if (a->given & ARG_JSON)
        listing_print_json("accounts", v, kept);
    else if (a->given & ARG_PLAIN)
        print_plain(v, kept);
    else if (kept > 0)
        return print_table(v, kept);
    else if (n > 0)
        printf("no account fits (%zu in all)\n", n);
    else
        puts("no account is tried");
    return EXIT_DONE;
}

int verb_users(int argc, char **argv)
{
    static const struct list_shape shape = {"users", columns, "latest", "jails", "last", compare};
    struct client *c = NULL;
    struct listing l;
    json_t **v = NULL;
    struct args a;
    size_t n = 0;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    code = listing_open(&a, &shape, &l);
    if (code != EXIT_DONE)
        return code;
    code = client_ask(&a, json_pack("{s:s}", "verb", "users"), &c);
    if (code == EXIT_DONE)
        code = client_read_lines(c, (const char *const[]){"account", NULL}, &v, &n);
    client_free(c);
    if (code == EXIT_DONE)
        code = show(&a, &l, v, n);
    client_free_lines(v, n);
    listing_close(&l);
    return code;
}
