// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban sessions: who is connected, as a table, tab-separated or as JSON, who came first at the top.
#include <string.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/connected.h"
#include "cli/exit.h"
#include "cli/listing.h"
#include "cli/output.h"
#include "cli/verbs.h"

static const struct column columns[] = {
    {"account", "account", COLUMN_TEXT},     {"address", "addr", COLUMN_ADDRESS}, {"country", LISTING_COUNTRY, COLUMN_TEXT},
    {"inner", "inner", COLUMN_ADDRESS},      {"interface", "interface", COLUMN_TEXT},
    {"since", "since", COLUMN_TIME},         {"in", "in", COLUMN_NUMBER},         {"out", "out", COLUMN_NUMBER},
    {"host", "host", COLUMN_TEXT},           {NULL, NULL, 0},
};

// Those of whom nobody knows since when come last.
static int by_since(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    bool p = json_is_integer(json_object_get(x, "since")), q = json_is_integer(json_object_get(y, "since"));
    long long s = row_number(x, "since"), t = row_number(y, "since");

    if (p != q)
        return p ? -1 : 1;
    if (s != t)
        return s < t ? -1 : 1;
    int r = strcmp(row_text(x, "account"), row_text(y, "account"));
    return r ? r : strcmp(row_text(x, "interface"), row_text(y, "interface"));
}

static const char *known(const json_t *row, const char *key)
{
    const char *text = row_text(row, key);

    return *text ? text : "-";
}

static const char *bytes(const json_t *row, const char *key, char buf[static BYTES_STRLEN + 1])
{
    if (!json_is_integer(json_object_get(row, key)))
        return "-";
    bool flow = strcmp(row_text(row, "counted"), "flow") == 0; // which may be older than the session
    buf[0] = '~';
    output_bytes((unsigned long long)row_number(row, key), buf + 1);
    return flow ? buf : buf + 1;
}

static void print_plain(json_t *const *rows, size_t n)
{
    static const char *const texts[] = {"account", "addr", LISTING_COUNTRY, "inner", "interface"}, *const numbers[] = {"since", "in", "out", "pid"};

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
            printf("%s\t", row_text(rows[i], texts[k]));
        for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
            if (json_is_integer(json_object_get(rows[i], numbers[k])))
                printf("%lld\t", row_number(rows[i], numbers[k]));
            else
                putchar('\t');
        printf("%s\n", row_text(rows[i], "host"));
    }
}

static int print_table(json_t *const *rows, size_t n, bool countries)
{
    const char *headers[TABLE_COLUMNS] = {"ACCOUNT", "ADDRESS"};
    size_t columns_shown = 2, at_in;
    bool hosts = false;
    struct table *t;

    for (size_t i = 0; i < n; i++)
        hosts |= *row_text(rows[i], "host") != '\0';
    if (countries)
        headers[columns_shown++] = "COUNTRY";
    headers[columns_shown++] = "INNER";
    headers[columns_shown++] = "INTERFACE";
    headers[columns_shown++] = "SINCE";
    at_in = columns_shown;
    headers[columns_shown++] = "IN";
    headers[columns_shown++] = "OUT";
    if (hosts)
        headers[columns_shown++] = "HOST";
    if (table_new(columns_shown, headers, 3u << at_in, &t) < 0)
        return EXIT_FAILED;
    for (size_t i = 0; i < n; i++) {
        const char *cells[TABLE_COLUMNS] = {known(rows[i], "account"), known(rows[i], "addr")};
        char since[TIME_STRLEN] = "-", in[BYTES_STRLEN + 1], out[BYTES_STRLEN + 1];
        size_t k = 2;
        if (countries)
            cells[k++] = known(rows[i], LISTING_COUNTRY);
        cells[k++] = known(rows[i], "inner");
        cells[k++] = known(rows[i], "interface");
        if (json_is_integer(json_object_get(rows[i], "since")))
            time_format(row_number(rows[i], "since") * USEC_SEC, false, since);
        cells[k++] = since;
        cells[k++] = bytes(rows[i], "in", in);
        cells[k++] = bytes(rows[i], "out", out);
        if (hosts)
            cells[k++] = known(rows[i], "host");
        if (table_add(t, cells) < 0)
            break;
    }
    table_print(t, stdout);
    table_free(t);
    return EXIT_DONE;
}

static int show(const struct args *a, const struct listing *l, json_t **rows, size_t n)
{
    size_t kept = listing_choose(l, rows, n);

    for (size_t i = 0; i < kept; i++) { // what was needed to join them
        json_object_del(rows[i], "here");
        json_object_del(rows[i], "begin");
    }
    if (a->given & ARG_JSON)
        listing_print_json("sessions", rows, kept);
    else if (a->given & ARG_PLAIN)
        print_plain(rows, kept);
    else if (kept > 0)
        return print_table(rows, kept, l->db);
    else if (n > 0)
        printf("no session fits (%zu in all)\n", n);
    else
        puts("nobody is connected");
    return EXIT_DONE;
}

int verb_sessions(int argc, char **argv)
{
    static const struct list_shape shape = {"sessions", columns, "addr", "jails", "since", by_since};
    struct connected_facts facts = {.pppds = NULL};
    json_t **rows = NULL;
    struct listing l;
    struct args a;
    size_t n = 0;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    code = listing_open(&a, &shape, &l);
    if (code != EXIT_DONE)
        return code;
    code = connected_ask(&a, &facts, &rows, &n);
    if (code == EXIT_DONE || n > 0) { // without the service, what this machine tells
        int shown = show(&a, &l, rows, n);
        code = code == EXIT_DONE ? shown : code;
    }
    client_free_lines(rows, n);
    connected_forget(&facts);
    listing_close(&l);
    return code;
}
