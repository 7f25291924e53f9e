// SPDX-License-Identifier: GPL-2.0-or-later
// Chooses and sorts rows of JSON.
#include "cli/listing.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/exit.h"
#include "config/config.h"

const char *row_text(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text ? text : "";
}

long long row_number(const json_t *row, const char *key)
{
    return json_integer_value(json_object_get(row, key));
}

void listing_print_json(const char *name, json_t *const *rows, size_t n)
{
    printf("{\"version\":1,\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? "," : "", stdout);
        json_dumpf(rows[i], stdout, JSON_COMPACT);
    }
    fputs("]}\n", stdout);
}

// --- what is wanted ------------------------------------------------------------------------------------------

static int take_nets(const struct args *a, struct listing *l)
{
    if (a->n_rest > LISTING_NETS) {
        fprintf(stderr, "pptpban %s: at most %d addresses and networks\n", l->shape->verb, LISTING_NETS);
        return EXIT_USAGE;
    }
    for (int i = 0; i < a->n_rest; i++)
        if (prefix_parse(str_of(a->rest[i]), &l->nets[l->n_nets++]) < 0) {
            fprintf(stderr, "pptpban %s: \"%s\" is no address or network; 192.0.2.1, 192.0.2.0/24 or 2001:db8::1 is\n",
                    l->shape->verb, a->rest[i]);
            return EXIT_USAGE;
        }
    return EXIT_DONE;
}

// DE,fr
static int take_countries(const char *text, struct listing *l)
{
    for (struct str rest = str_of(text); rest.n > 0 || l->n_countries == 0;) {
        struct str word = str_cut(&rest, ',');
        char code[COUNTRY_CODE] = "";
        if (word.n == 2)
            for (int i = 0; i < 2; i++)
                code[i] = (char)toupper((unsigned char)word.p[i]);
        if (l->n_countries == LISTING_COUNTRIES || !config_is_country(str_of(code))) {
            fprintf(stderr,
                    "pptpban %s: --country %s: %s; up to %d codes of ISO 3166 with commas between them would be accepted: DE,US "
                    "(GB, not UK)\n",
                    l->shape->verb, text, l->n_countries == LISTING_COUNTRIES ? "too many" : "that is no country",
                    LISTING_COUNTRIES);
            return EXIT_USAGE;
        }
        memcpy(l->countries[l->n_countries++], code, sizeof(code));
    }
    return EXIT_DONE;
}

static int take_sort(const char *name, struct listing *l)
{
    const struct column *c = l->shape->columns;

    while (c->name && strcasecmp(c->name, name) != 0)
        c++;
    if (c->name) {
        l->by = c;
        return EXIT_DONE;
    }
    fprintf(stderr, "pptpban %s: --sort %s: there is no such column; one of", l->shape->verb, name);
    for (c = l->shape->columns; c->name; c++)
        fprintf(stderr, "%s %s", c == l->shape->columns ? "" : ",", c->name);
    fputs(" would be accepted\n", stderr);
    return EXIT_USAGE;
}

// The database of the command line, else the configuration's, when it is there.
static int open_countries(const struct args *a, struct listing *l)
{
    struct config_report report = {0};
    struct config *config = NULL;
    char error[COUNTRY_ERROR_MAX] = "there is no configuration that names one";
    const char *name = a->database;
    int r = -1;

    if (!name && config_load(a->config, &config, &report) == 0)
        name = config->firewall.database;
    FILE *there = name ? fopen(name, "re") : NULL;
    if (there || a->database)
        r = country_open(name, &l->db, error);
    else if (name)
        snprintf(error, sizeof(error), "%s is not there", name);
    if (r < 0 && (there || a->database || l->n_countries > 0)) {
        fprintf(stderr, "pptpban %s: %s%s\n", l->shape->verb, error,
                a->database ? "" : "; --database FILE names a database of countries");
        r = there && !a->database && l->n_countries == 0 ? EXIT_DONE : EXIT_FAILED; // broken, but nobody asked for it
    } else {
        r = EXIT_DONE;
    }
    if (there)
        fclose(there);
    config_report_free(&report);
    config_free(config);
    return r;
}

int listing_open(const struct args *a, const struct list_shape *shape, struct listing *ret)
{
    struct listing l = {.shape = shape, .jail = a->jail, .reverse = a->given & ARG_REVERSE};
    usec_t back = USEC_FOREVER;
    int code = take_nets(a, &l);

    if (code == EXIT_DONE && a->since && duration_parse(str_of(a->since), &back) < 0) {
        fprintf(stderr, "pptpban %s: --since %s is no stretch of time; 30d, 12h or forever would be\n", shape->verb, a->since);
        code = EXIT_USAGE;
    }
    if (back != USEC_FOREVER)
        l.since = clock_realtime() - back;
    if (code == EXIT_DONE && a->country)
        code = take_countries(a->country, &l);
    if (code == EXIT_DONE && a->sort)
        code = take_sort(a->sort, &l);
    if (code == EXIT_DONE)
        code = open_countries(a, &l);
    if (code == EXIT_DONE)
        *ret = l;
    return code;
}

void listing_close(struct listing *l)
{
    country_close(l->db);
}

bool listing_is_filtered(const struct listing *l)
{
    return l->n_nets > 0 || l->n_countries > 0 || l->since || l->jail;
}

// --- choosing ------------------------------------------------------------------------------------------------

static bool in_nets(const struct listing *l, const struct prefix *net)
{
    for (size_t i = 0; i < l->n_nets; i++)
        if (prefix_overlaps(&l->nets[i], net))
            return true;
    return l->n_nets == 0;
}

static bool in_countries(const struct listing *l, const char *code)
{
    for (size_t i = 0; i < l->n_countries; i++)
        if (strcmp(l->countries[i], code) == 0)
            return true;
    return l->n_countries == 0;
}

bool listing_takes(const struct listing *l, const struct addr *a)
{
    struct prefix net = prefix_of(a, 128);
    char code[COUNTRY_CODE];

    return in_nets(l, &net) && in_countries(l, country_of(l->db, a, code));
}

static bool address_fits(const struct listing *l, const char *text, char country[static COUNTRY_CODE])
{
    struct prefix net;

    *country = '\0';
    if (!text || prefix_parse(str_of(text), &net) < 0)
        return l->n_nets == 0 && l->n_countries == 0;
    return in_nets(l, &net) && in_countries(l, country_of(l->db, &net.addr, country));
}

static bool addresses_fit(const struct listing *l, json_t *row)
{
    json_t *address = json_object_get(row, l->shape->address), *one;
    char country[COUNTRY_CODE];
    size_t i;

    if (!json_is_array(address)) {
        bool fits = address_fits(l, json_string_value(address), country);
        if (*country)
            json_object_set_new(row, LISTING_COUNTRY, json_string(country));
        return fits;
    }
    json_array_foreach(address, i, one)
        if (address_fits(l, json_string_value(one), country))
            return true;
    return l->n_nets == 0 && l->n_countries == 0;
}

static bool is_of_jail(const struct listing *l, const json_t *row)
{
    const json_t *jail = json_object_get(row, l->shape->jail), *one;
    size_t i;

    if (!json_is_array(jail))
        return strcmp(row_text(row, l->shape->jail), l->jail) == 0;
    json_array_foreach(jail, i, one)
        if (strcmp(json_string_value(one), l->jail) == 0)
            return true;
    return false;
}

static bool is_wanted(const struct listing *l, json_t *row)
{
    if (l->jail && l->shape->jail && !is_of_jail(l, row))
        return false;
    if (l->since && row_number(row, l->shape->since) * USEC_SEC < l->since)
        return false;
    return addresses_fit(l, row);
}

static int by_number(long long a, long long b)
{
    return a < b ? -1 : a > b;
}

static int by_address(const char *a, const char *b)
{
    struct prefix p, q;

    if (prefix_parse(str_of(a), &p) < 0 || prefix_parse(str_of(b), &q) < 0)
        return strcmp(a, b);
    bool v6 = !addr_is_v4(&p.addr);
    if (v6 != !addr_is_v4(&q.addr))
        return v6 ? 1 : -1;
    int r = memcmp(p.addr.b, q.addr.b, sizeof(p.addr.b));
    return r ? r : (int)p.len - (int)q.len;
}

static bool is_unknown(const json_t *value)
{
    return !value || json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

static int compare(const void *a, const void *b, void *userdata)
{
    const struct listing *l = userdata;
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int r = 0;

    if (l->by) {
        const json_t *p = json_object_get(x, l->by->key), *q = json_object_get(y, l->by->key);
        if (is_unknown(p) != is_unknown(q))
            return is_unknown(p) ? 1 : -1;
        if (!is_unknown(p) && l->by->kind == COLUMN_TEXT)
            r = strcasecmp(row_text(x, l->by->key), row_text(y, l->by->key));
        else if (!is_unknown(p) && l->by->kind == COLUMN_ADDRESS)
            r = by_address(row_text(x, l->by->key), row_text(y, l->by->key));
        else if (!is_unknown(p))
            r = by_number(json_integer_value(p), json_integer_value(q)) * (l->by->kind == COLUMN_NUMBER ? -1 : 1);
    }
    if (r == 0)
        r = l->shape->usual(a, b);
    return l->reverse ? -r : r;
}

size_t listing_choose(const struct listing *l, json_t **rows, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        json_t *one = rows[i];
        if (!is_wanted(l, one))
            continue;
        rows[i] = rows[kept];
        rows[kept++] = one;
    }
    if (kept)
        qsort_r(rows, kept, sizeof(*rows), compare, (void *)l);
    return kept;
}
