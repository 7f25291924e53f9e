// SPDX-License-Identifier: GPL-2.0-or-later
// The figures as one JSON object; times in unix seconds.
#include <errno.h>
#include <jansson.h>

#include "report/report.h"

static json_t *seconds(usec_t t)
{
    return json_integer(t / USEC_SEC);
}

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *rows(const struct report_list *l, const char *name, const char *others)
{
    json_t *array = json_array();

    for (size_t i = 0; i < l->n; i++) {
        const struct report_row *r = &l->v[i];
        json_t *o = json_pack("{s:s,s:o,s:o,s:o,s:o,s:o}", name, r->name, "failures", number(r->failures), "bans",
                              number(r->bans), others, number(r->others), "first", seconds(r->first), "last", seconds(r->last));
        if (*r->country)
            json_object_set_new(o, "country", json_string(r->country));
        json_array_append_new(array, o);
    }
    return array;
}

static json_t *jails(const struct report_list *l)
{
    json_t *array = json_array();

    for (size_t i = 0; i < l->n; i++) {
        const struct report_row *r = &l->v[i];
        json_array_append_new(array, json_pack("{s:s,s:o,s:o,s:o,s:o}", "jail", r->name, "bans", number(r->bans), "addresses",
                                               number(r->others), "first", seconds(r->first), "last", seconds(r->last)));
    }
    return array;
}

static json_t *accounts(const struct report_list *l)
{
    json_t *array = json_array();

    for (size_t i = 0; i < l->n; i++) {
        const struct report_row *r = &l->v[i];
        json_array_append_new(array, json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "account", r->name, "failures",
                                               number(r->failures), "addresses", number(r->others), "logins",
                                               number(r->successes), "logins_after_failures", number(r->guessed), "first",
                                               seconds(r->first), "last", seconds(r->last)));
    }
    return array;
}

static json_t *bucket_object(const struct report_bucket *v, size_t n)
{
    json_t *o = json_object();

    for (size_t i = 0; i < n; i++)
        json_object_set_new(o, v[i].name, number(v[i].n));
    return o;
}

void report_print_json(const struct report_figures *f, const struct report_head *head, FILE *out)
{
    json_t *slots = json_array();

    for (size_t i = 0; i < f->n_slots; i++)
        json_array_append_new(slots, json_pack("{s:o,s:o,s:o,s:o}", "start", seconds(f->slots[i].start), "failures",
                                               number(f->slots[i].failures), "bans", number(f->slots[i].bans), "logins",
                                               number(f->slots[i].successes)));
    json_t *o = json_pack(
        "{s:i,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "version", 1, "host",
        head->host, "source", head->source, "created", seconds(head->now), "from", seconds(f->from), "to", seconds(f->to),
        "failures", number(f->failures), "logins", number(f->successes), "unattributed", number(f->unattributed), "bans",
        number(f->bans), "addresses", number(f->addresses), "accounts", number(f->accounts), "networks", number(f->networks),
        "slot", f->hourly ? "hour" : "day", "slots", slots, "by_address", rows(&f->by_address, "addr", "accounts"),
        "by_network", rows(&f->by_network, "net", "addresses"), "by_country", rows(&f->by_country, "country", "addresses"),
        "by_account", accounts(&f->by_account), "time_to_ban", bucket_object(f->fast, f->n_fast), "back_after_ban",
        bucket_object(f->away, f->n_away));
    json_object_set_new(o, "by_jail", jails(&f->by_jail));
    json_dumpf(o, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(o);
}
