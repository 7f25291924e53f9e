// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban list: who is banned, as a table, tab-separated or as JSON, oldest ban first.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "cli/verbs.h"

static int by_since(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    json_int_t s = json_integer_value(json_object_get(x, "since")), t = json_integer_value(json_object_get(y, "since"));

    if (s != t)
        return s < t ? -1 : 1;
    const char *p = json_string_value(json_object_get(x, "addr")), *q = json_string_value(json_object_get(y, "addr"));
    return strcmp(p ? p : "", q ? q : "");
}

static void print_json(json_t *const *bans, size_t n)
{
    fputs("{\"version\":1,\"bans\":[", stdout);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? "," : "", stdout);
        json_dumpf(bans[i], stdout, JSON_COMPACT);
    }
    fputs("]}\n", stdout);
}

// The fields of a ban as text; until and left are "" and USEC_FOREVER for one without end.
static void print_plain(json_t *const *bans, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *until = json_object_get(bans[i], "until");
        printf("%s\t%s\t%" JSON_INTEGER_FORMAT "\t", json_string_value(json_object_get(bans[i], "addr")),
               json_string_value(json_object_get(bans[i], "jail")),
               json_integer_value(json_object_get(bans[i], "since")));
        if (json_is_integer(until))
            printf("%" JSON_INTEGER_FORMAT, json_integer_value(until));
        printf("\t%" JSON_INTEGER_FORMAT "\n", json_integer_value(json_object_get(bans[i], "count")));
    }
}

static int print_table(json_t *const *bans, size_t n)
{
    static const char *const headers[] = {"ADDRESS", "JAIL", "SINCE", "ENDS IN", "COUNT"};
    usec_t now = clock_realtime();
    struct table *t;

    if (n == 0) {
        puts("nobody is banned");
        return EXIT_DONE;
    }
    if (table_new(5, headers, 1u << 4, &t) < 0)
        return EXIT_FAILED;
    for (size_t i = 0; i < n; i++) {
        const json_t *until = json_object_get(bans[i], "until");
        char since[TIME_STRLEN], left[RELATIVE_STRLEN], count[24];
        snprintf(count, sizeof(count), "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(bans[i], "count")));
        const char *cells[] = {
            json_string_value(json_object_get(bans[i], "addr")),
            json_string_value(json_object_get(bans[i], "jail")),
            time_format(json_integer_value(json_object_get(bans[i], "since")) * USEC_SEC, false, since),
            output_left(json_is_integer(until) ? json_integer_value(until) * USEC_SEC - now : USEC_FOREVER, left),
            count,
        };
        if (table_add(t, cells) < 0)
            break;
    }
    table_print(t, stdout);
    table_free(t);
    return EXIT_DONE;
}

int verb_list(int argc, char **argv)
{
    struct client *c;
    struct args a;
    json_t **bans = NULL, *request;
    size_t n = 0;
    int code;

    if (!verb_args(argc, argv, &a, &code))
        return code;
    request = json_pack("{s:s}", "verb", "list");
    if (a.jail)
        json_object_set_new(request, "jail", json_string(a.jail));
    code = client_ask(&a, request, &c);
    if (code != EXIT_DONE)
        return code;
    code = client_read_lines(c, (const char *const[]){"addr", "jail", NULL}, &bans, &n);
    client_free(c);
    if (code != EXIT_DONE)
        return code;
    if (n)
        qsort(bans, n, sizeof(*bans), by_since);
    if (a.given & ARG_JSON)
        print_json(bans, n);
    else if (a.given & ARG_PLAIN)
        print_plain(bans, n);
    else
        code = print_table(bans, n);
    client_free_lines(bans, n);
    return code;
}
