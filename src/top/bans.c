// SPDX-License-Identifier: GPL-2.0-or-later
// The rows in one array, their order in another.
#include "top/bans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/request.h"

const char *const top_bans_sort_names[TOP_BANS_SORTS] = {"newest first", "ending soonest", "most failures", "by address",
                                                         "by jail"};

struct rows {
    struct top_ban *v;
    size_t n, room, beyond;
};

struct top_bans {
    struct rows now, coming;
    uint32_t *order; // indices into now.v, n_order of them, those that are shown
    size_t n_order;
    int64_t first_end; // of now.v
    enum top_bans_sort by;
    char filter[TOP_FILTER_MAX + 1];
    char jails[TOP_JAILS_MAX][JAIL_NAME_MAX + 1];
    unsigned n_jails;
};

int top_bans_new(struct top_bans **ret)
{
    struct top_bans *b = calloc(1, sizeof(*b));

    if (!b)
        return -ENOMEM;
    *ret = b;
    return 0;
}

void top_bans_free(struct top_bans *b)
{
    if (!b)
        return;
    free(b->now.v);
    free(b->coming.v);
    free(b->order);
    free(b);
}

// --- the list as it comes ------------------------------------------------------------------------------------

static uint8_t jail_number(struct top_bans *b, const char *name)
{
    for (unsigned i = 0; i < b->n_jails; i++)
        if (strcmp(b->jails[i], name) == 0)
            return (uint8_t)i;
    if (b->n_jails == TOP_JAILS_MAX)
        return TOP_JAILS_MAX;
    memcpy(b->jails[b->n_jails], name, strlen(name) + 1);
    return (uint8_t)b->n_jails++;
}

void top_bans_abort(struct top_bans *b)
{
    free(b->coming.v);
    b->coming = (struct rows){.n = 0};
}

void top_bans_begin(struct top_bans *b)
{
    top_bans_abort(b);
}

static int grow(struct rows *r)
{
    size_t room = r->room ? r->room * 2 : 64;
    struct top_ban *v = reallocarray(r->v, room, sizeof(*v));

    if (!v)
        return -ENOMEM;
    r->v = v;
    r->room = room;
    return 0;
}

int top_bans_add(struct top_bans *b, const json_t *line)
{
    const char *addr = json_string_value(json_object_get(line, "addr")), *jail = json_string_value(json_object_get(line, "jail"));
    const json_t *until = json_object_get(line, "until");
    struct rows *r = &b->coming;
    struct top_ban one = {.until = json_is_integer(until) ? json_integer_value(until) : INT64_MAX,
                          .since = json_integer_value(json_object_get(line, "since"))};
    json_int_t count = json_integer_value(json_object_get(line, "count"));

    if (!addr || !jail || prefix_parse(str_of(addr), &one.net) < 0 || !request_jail_name_ok(str_of(jail)))
        return -EINVAL;
    if (r->n == TOP_BANS_MAX) {
        r->beyond++;
        return 0;
    }
    if (r->n == r->room && grow(r) < 0)
        return -ENOMEM;
    one.jail = jail_number(b, jail);
    one.count = count < 0 ? 0 : count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
    r->v[r->n++] = one;
    return 0;
}

// --- order ---------------------------------------------------------------------------------------------------

static int cmp(int64_t x, int64_t y)
{
    return x < y ? -1 : x > y;
}

static int compare(const void *p, const void *q, void *userdata)
{
    const struct top_bans *b = userdata;
    const struct top_ban *x = &b->now.v[*(const uint32_t *)p], *y = &b->now.v[*(const uint32_t *)q];
    int r = 0;

    switch (b->by) {
    case TOP_BY_END:
        r = cmp(x->until, y->until);
        break;
    case TOP_BY_COUNT:
        r = cmp(y->count, x->count);
        break;
    case TOP_BY_JAIL:
        r = strcmp(top_bans_jail(b, x), top_bans_jail(b, y));
        break;
    case TOP_BY_SINCE:
    case TOP_BY_ADDRESS:
    case TOP_BANS_SORTS:
        break;
    }
    if (r == 0 && b->by != TOP_BY_ADDRESS)
        r = cmp(y->since, x->since);
    if (r == 0)
        r = memcmp(&x->net.addr, &y->net.addr, sizeof(x->net.addr));
    return r ? r : cmp(x->net.len, y->net.len);
}

// What the filter's text means, once for all rows.
struct sieve {
    const char *text;
    struct prefix net;
    bool is_net;
};

static bool passes(const struct top_bans *b, const struct sieve *s, const struct top_ban *ban)
{
    char net[PREFIX_STRLEN];

    if (!*s->text || (s->is_net && prefix_overlaps(&s->net, &ban->net)))
        return true;
    return strcasestr(prefix_format(&ban->net, net), s->text) || strcasestr(top_bans_jail(b, ban), s->text);
}

static void arrange(struct top_bans *b)
{
    struct sieve s = {.text = b->filter};

    s.is_net = *b->filter && prefix_parse(str_of(b->filter), &s.net) == 0;
    b->n_order = 0;
    for (size_t i = 0; i < b->now.n; i++)
        if (passes(b, &s, &b->now.v[i]))
            b->order[b->n_order++] = (uint32_t)i;
    if (b->n_order)
        qsort_r(b->order, b->n_order, sizeof(*b->order), compare, b);
}

static void find_first_end(struct top_bans *b)
{
    b->first_end = INT64_MAX;
    for (size_t i = 0; i < b->now.n; i++)
        if (b->now.v[i].until < b->first_end)
            b->first_end = b->now.v[i].until;
}

int top_bans_end(struct top_bans *b)
{
    uint32_t *order = reallocarray(NULL, b->coming.n + 1, sizeof(*order));

    if (!order) {
        top_bans_abort(b);
        return -ENOMEM;
    }
    free(b->order);
    free(b->now.v);
    b->order = order;
    b->now = b->coming;
    struct top_ban *fit = reallocarray(b->now.v, b->now.n + 1, sizeof(*fit)); // what doubling took too much
    b->now.v = fit ? fit : b->now.v;
    b->now.room = b->now.n;
    b->coming = (struct rows){.n = 0};
    find_first_end(b);
    arrange(b);
    return 0;
}

bool top_bans_expire(struct top_bans *b, int64_t now)
{
    size_t rows = 0, orders = 0;

    if (now < b->first_end || b->now.n == 0)
        return false;
    uint32_t *moved = reallocarray(NULL, b->now.n, sizeof(*moved));
    if (!moved)
        return false; // another time
    for (size_t i = 0; i < b->now.n; i++) {
        bool over = b->now.v[i].until <= now;
        moved[i] = over ? UINT32_MAX : (uint32_t)rows;
        if (!over)
            b->now.v[rows++] = b->now.v[i];
    }
    for (size_t i = 0; i < b->n_order; i++)
        if (moved[b->order[i]] != UINT32_MAX)
            b->order[orders++] = moved[b->order[i]];
    b->now.n = rows;
    b->n_order = orders;
    free(moved);
    find_first_end(b);
    return true;
}

void top_bans_sort(struct top_bans *b, enum top_bans_sort by)
{
    b->by = by;
    arrange(b);
}

void top_bans_filter(struct top_bans *b, const char *text)
{
    size_t n = strnlen(text, TOP_FILTER_MAX);

    memcpy(b->filter, text, n);
    b->filter[n] = '\0';
    arrange(b);
}

// --- what is shown -------------------------------------------------------------------------------------------

size_t top_bans_count(const struct top_bans *b)
{
    return b->now.n;
}

size_t top_bans_shown(const struct top_bans *b)
{
    return b->n_order;
}

size_t top_bans_beyond(const struct top_bans *b)
{
    return b->now.beyond;
}

const struct top_ban *top_bans_at(const struct top_bans *b, size_t i)
{
    return &b->now.v[b->order[i]];
}

const char *top_bans_jail(const struct top_bans *b, const struct top_ban *ban)
{
    return ban->jail < b->n_jails ? b->jails[ban->jail] : "?";
}

bool top_bans_find(const struct top_bans *b, const struct prefix *net, size_t *ret)
{
    for (size_t i = 0; i < b->n_order; i++)
        if (prefix_eq(&top_bans_at(b, i)->net, net)) {
            *ret = i;
            return true;
        }
    return false;
}

bool top_bans_has(const struct top_bans *b, const struct addr *a)
{
    for (size_t i = 0; i < b->now.n; i++)
        if (prefix_contains(&b->now.v[i].net, a))
            return true;
    return false;
}

size_t top_bans_latest(const struct top_bans *b, struct top_ban *v, size_t n)
{
    size_t have = 0;

    for (size_t i = 0; i < b->now.n; i++) {
        const struct top_ban *ban = &b->now.v[i];
        size_t at = have;
        while (at > 0 && v[at - 1].since < ban->since)
            at--;
        if (at == n)
            continue;
        have += have < n;
        memmove(&v[at + 1], &v[at], (have - at - 1) * sizeof(*v));
        v[at] = *ban;
    }
    return have;
}
