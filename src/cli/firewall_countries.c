// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban firewall countries: how much of the Internet a country is, by the database. Changes nothing.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit.h"
#include "cli/firewall.h"
#include "cli/output.h"
#include "firewall/countries.h"

enum { COUNTRIES_MAX = 700 };

static void print_json(const char *database, const struct fw_country *v, size_t n)
{
    json_t *countries = json_array(), *root;

    for (size_t i = 0; i < n; i++)
        json_array_append_new(countries,
                              json_pack("{s:s, s:I, s:I, s:I, s:I}", "code", v[i].code, "networks4", (json_int_t)v[i].networks4,
                                        "addresses4", (json_int_t)v[i].addresses4, "networks6", (json_int_t)v[i].networks6,
                                        "networks64", (json_int_t)v[i].addresses6));
    root = json_pack("{s:i, s:s, s:o}", "version", 1, "database", database, "countries", countries);
    json_dumpf(root, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(root);
}

static void print_table(const struct fw_country *v, size_t n)
{
    static const char *const headers[] = {"COUNTRY", "NETWORKS", "ADDRESSES", "IPV6 NETWORKS", "/64"};
    struct table *t;

    if (table_new(5, headers, 0x1e, &t) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        char cell[4][24];
        snprintf(cell[0], sizeof(cell[0]), "%" PRIu32, v[i].networks4);
        snprintf(cell[1], sizeof(cell[1]), "%" PRIu64, v[i].addresses4);
        snprintf(cell[2], sizeof(cell[2]), "%" PRIu32, v[i].networks6);
        snprintf(cell[3], sizeof(cell[3]), "%" PRIu64, v[i].addresses6);
        table_add(t, (const char *const[]){v[i].code, cell[0], cell[1], cell[2], cell[3]});
    }
    table_print(t, stdout);
    table_free(t);
}

int firewall_countries(int argc, char **argv)
{
    struct fw_error error = {"out of memory"};
    struct firewall f;
    size_t n = 0;
    int code;

    if (!firewall_configure(argc, argv, &f, &code))
        return code;
    const struct firewall_config *c = &f.config->firewall;
    const char *database = f.args.given & ARG_DATABASE ? f.args.database : c->database;
    const struct strlist named = {f.args.rest, (size_t)f.args.n_rest};
    const struct strlist *codes = named.n > 0                ? &named
                                  : f.args.given & ARG_ALL   ? NULL
                                  : c->allow_countries.n > 0 ? &c->allow_countries
                                  : c->deny_countries.n > 0  ? &c->deny_countries
                                                             : NULL;
    struct fw_country *v = calloc(COUNTRIES_MAX, sizeof(*v));
    int r = v ? fw_countries_count(database, codes, v, COUNTRIES_MAX, &n, &error) : -1;
    size_t known = 0;
    for (size_t i = 0; i < n; i++)
        known += v[i].networks4 + v[i].networks6 > 0;
    if (r < 0)
        fprintf(stderr, "error: %s\n", error.text);
    else if (f.args.given & ARG_JSON)
        print_json(database, v, n);
    else
        print_table(v, n);
    if (r == 0 && codes && known < codes->n)
        fprintf(stderr, "%s has nothing of %zu of these\n", database, codes->n - known);
    code = r < 0 ? EXIT_FAILED : n == 0 || (codes && known < codes->n) ? EXIT_NOTHING : EXIT_DONE;
    free(v);
    firewall_end(&f);
    return code;
}
