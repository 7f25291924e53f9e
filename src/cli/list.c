// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban list: who is banned, as a table, tab-separated or as JSON, oldest ban first.
#include <inttypes.h>
#include <string.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/listing.h"
#include "cli/output.h"
#include "cli/verbs.h"

static const struct column columns[] = {
    {"address", "addr", COLUMN_ADDRESS}, {"country", LISTING_COUNTRY, COLUMN_TEXT}, {"jail", "jail", COLUMN_TEXT},
    {"since", "since", COLUMN_TIME},     {"ends", "until", COLUMN_TIME},            {"count", "count", COLUMN_NUMBER},
    {NULL, NULL, 0},
};

static int by_since(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    long long s = row_number(x, "since"), t = row_number(y, "since");

    return s != t ? (s < t ? -1 : 1) : strcmp(row_text(x, "addr"), row_text(y, "addr"));
}

static void print_plain(json_t *const *bans, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *until = json_object_get(bans[i], "until");
        printf("%s\t%s\t%lld\t", row_text(bans[i], "addr"), row_text(bans[i], "jail"), row_number(bans[i], "since"));
        if (json_is_integer(until)) // else without end
            printf("%" JSON_INTEGER_FORMAT, json_integer_value(until));
        printf("\t%lld\t%s\n", row_number(bans[i], "count"), row_text(bans[i], LISTING_COUNTRY));
    }
}

static int print_table(json_t *const *bans, size_t n, bool countries)
{
    static const char *const headers[] = {"ADDRESS", "JAIL", "SINCE", "ENDS IN", "COUNT", "COUNTRY"};
    usec_t now = clock_realtime();
    struct table *t;

    if (table_new(countries ? 6 : 5, headers, 1u << 4, &t) < 0)
        return EXIT_FAILED;
    for (size_t i = 0; i < n; i++) {
        const json_t *until = json_object_get(bans[i], "until");
        const char *country = row_text(bans[i], LISTING_COUNTRY);
        char since[TIME_STRLEN], left[RELATIVE_STRLEN], count[24];
        snprintf(count, sizeof(count), "%lld", row_number(bans[i], "count"));
        const char *cells[] = {
            row_text(bans[i], "addr"),
            row_text(bans[i], "jail"),
            time_format(row_number(bans[i], "since") * USEC_SEC, false, since),
            output_left(json_is_integer(until) ? json_integer_value(until) * USEC_SEC - now : USEC_FOREVER, left),
            count,
            *country ? country : "-",
        };
        if (table_add(t, cells) < 0)
            break;
    }
    table_print(t, stdout);
    table_free(t);
    return EXIT_DONE;
}

// of: how many there are without filters.
static void print_nobody(const struct args *a, size_t of)
{
    bool observed = a->given & ARG_OBSERVED;

    if (of > 0)
        printf("no %sban fits (%zu in all)\n", observed ? "would-be " : "", of);
    else
        puts(observed ? "nobody would be banned by a jail that only observes" : "nobody is banned");
}

static int show(const struct args *a, const struct listing *l, json_t **bans, size_t n)
{
    size_t kept = listing_choose(l, bans, n);

    if (a->given & ARG_JSON)
        listing_print_json("bans", bans, kept);
    else if (a->given & ARG_PLAIN)
        print_plain(bans, kept);
    else if (kept == 0)
        print_nobody(a, n);
    else
        return print_table(bans, kept, l->db);
    return EXIT_DONE;
}

int verb_list(int argc, char **argv)
{
    static const struct list_shape shape = {"list", columns, "addr", "jail", "since", by_since};
    struct client *c = NULL;
    struct listing l;
    struct args a;
    json_t **bans = NULL, *request;
    size_t n = 0;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    code = listing_open(&a, &shape, &l);
    if (code != EXIT_DONE)
        return code;
    request = json_pack("{s:s}", "verb", "list");
    if (a.given & ARG_OBSERVED)
        json_object_set_new(request, "observed", json_true());
    code = client_ask(&a, request, &c);
    if (code == EXIT_DONE)
        code = client_read_lines(c, (const char *const[]){"addr", "jail", NULL}, &bans, &n);
    client_free(c);
    if (code == EXIT_DONE)
        code = show(&a, &l, bans, n);
    client_free_lines(bans, n);
    listing_close(&l);
    return code;
}
