// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban users: which accounts are tried, from how many addresses, and whether somebody who had failed got in.
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "cli/verbs.h"

static long long number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

// Guessed ones first, then those that are tried most.
static int compare(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    bool p = json_object_get(x, "guessed"), q = json_object_get(y, "guessed");
    long long m = number_of(x, "failures"), n = number_of(y, "failures");

    if (p != q)
        return p ? -1 : 1;
    if (m != n)
        return m < n ? 1 : -1;
    return strcmp(json_string_value(json_object_get(x, "account")), json_string_value(json_object_get(y, "account")));
}

static void print_json(json_t *const *v, size_t n)
{
    fputs("{\"version\":1,\"accounts\":[", stdout);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? "," : "", stdout);
        json_dumpf(v[i], stdout, JSON_COMPACT);
    }
    fputs("]}\n", stdout);
}

static void print_plain(json_t *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%s\t%lld\t%lld\t%lld\t%lld\t%lld\t%s\n", json_string_value(json_object_get(v[i], "account")),
               number_of(v[i], "failures"), number_of(v[i], "addresses"), number_of(v[i], "banned"), number_of(v[i], "first"),
               number_of(v[i], "last"), json_object_get(v[i], "guessed") ? "guessed" : "");
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
               json_string_value(json_object_get(v[i], "account")), json_string_value(json_object_get(g, "addr")),
               time_format(number_of(g, "time") * USEC_SEC, false, when), number_of(g, "failures"));
    }
}

static int print_table(json_t *const *v, size_t n)
{
    static const char *const headers[] = {"ACCOUNT", "FAILURES", "ADDRESSES", "BANNED", "SINCE", "LAST", "LOGINS"};
    struct table *t;

    if (n == 0) {
        puts("no account is tried");
        return EXIT_DONE;
    }
    if (table_new(7, headers, 1u << 1 | 1u << 2 | 1u << 3 | 1u << 6, &t) < 0)
        return EXIT_FAILED;
    for (size_t i = 0; i < n; i++) {
        char failures[24], addresses[24], banned[24], first[TIME_STRLEN], last[TIME_STRLEN], logins[24];
        snprintf(failures, sizeof(failures), "%lld", number_of(v[i], "failures"));
        snprintf(addresses, sizeof(addresses), "%lld%s", number_of(v[i], "addresses"),
                 json_is_true(json_object_get(v[i], "more")) ? "+" : "");
        snprintf(banned, sizeof(banned), "%lld", number_of(v[i], "banned"));
        snprintf(logins, sizeof(logins), "%lld", number_of(v[i], "logins"));
        const char *cells[] = {
            json_string_value(json_object_get(v[i], "account")), failures, addresses, banned,
            time_format(number_of(v[i], "first") * USEC_SEC, false, first),
            time_format(number_of(v[i], "last") * USEC_SEC, false, last), logins,
        };
        if (table_add(t, cells) < 0)
            break;
    }
    table_print(t, stdout);
    table_free(t);
    print_guessed(v, n);
    return EXIT_DONE;
}

// Those that were tried at or after since, in front.
static size_t keep_since(json_t **v, size_t n, usec_t since)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        json_t *one = v[i];
        if (number_of(one, "last") * USEC_SEC < since)
            continue;
        v[i] = v[kept];
        v[kept++] = one;
    }
    return kept;
}

int verb_users(int argc, char **argv)
{
    usec_t back = USEC_FOREVER;
    json_t **v = NULL;
    struct client *c;
    struct args a;
    size_t n = 0;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    if (a.since && duration_parse(str_of(a.since), &back) < 0) {
        fprintf(stderr, "pptpban users: --since %s is no stretch of time; 30d, 12h or forever would be\n", a.since);
        return EXIT_USAGE;
    }
    code = client_ask(&a, json_pack("{s:s}", "verb", "users"), &c);
    if (code != EXIT_DONE)
        return code;
    code = client_read_lines(c, (const char *const[]){"account", NULL}, &v, &n);
    client_free(c);
    if (code != EXIT_DONE)
        return code;
    size_t kept = back == USEC_FOREVER ? n : keep_since(v, n, clock_realtime() - back);
    if (kept)
        qsort(v, kept, sizeof(*v), compare);
    if (a.given & ARG_JSON)
        print_json(v, kept);
    else if (a.given & ARG_PLAIN)
        print_plain(v, kept);
    else
        code = print_table(v, kept);
    client_free_lines(v, n);
    return code;
}
