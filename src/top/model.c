// SPDX-License-Identifier: GPL-2.0-or-later
// Answers into plain structures, each with a bound; what a service of another version does not say is left empty.
#include "top/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const top_accounts_sort_names[TOP_ACCOUNTS_SORTS] = {"most failures", "latest first", "most addresses", "by name"};

int top_model_new(struct top_model **ret)
{
    struct top_model *m = calloc(1, sizeof(*m));

    if (!m)
        return -ENOMEM;
    m->accounts = calloc(TOP_ACCOUNTS_MAX, sizeof(*m->accounts));
    m->coming = calloc(2 * TOP_ACCOUNTS_MAX, sizeof(*m->coming));
    if (!m->accounts || !m->coming || top_bans_new(&m->bans) < 0) {
        top_model_free(m);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < TOP_SERIES; i++)
        top_rate_init(&m->rates[i]);
    *ret = m;
    return 0;
}

void top_model_free(struct top_model *m)
{
    if (!m)
        return;
    top_bans_free(m->bans);
    free(m->accounts);
    free(m->coming);
    free(m);
}

// --- reading -------------------------------------------------------------------------------------------------

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static int64_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

// Cuts between characters.
static void copy(char *to, size_t size, const char *from)
{
    size_t n = strlen(from);

    if (n >= size)
        for (n = size - 1; n > 0 && ((unsigned char)from[n] & 0xc0) == 0x80;)
            n--;
    memcpy(to, from, n);
    to[n] = '\0';
}

#define COPY(to, from) copy(to, sizeof(to), from)

static void add_problem(struct top_status *s, const char *what, const char *which, const char *text)
{
    char all[4 * TOP_TEXT_MAX];

    if (s->n_problems == TOP_PROBLEMS_MAX || !*text)
        return;
    snprintf(all, sizeof(all), "%s%s%s%s", what, which, *which ? " is not watched: " : "", text);
    COPY(s->problems[s->n_problems], all);
    s->n_problems++;
}

// --- status --------------------------------------------------------------------------------------------------

static void read_enforcer(struct top_status *s, const json_t *e)
{
    s->connected = is_true(e, "connected");
    s->hooked = is_true(e, "hooked");
    s->entries = number_of(e, "entries");
    COPY(s->backend, text_of(e, "backend"));
    add_problem(s, s->observe ? "only observing: " : "enforcer: ", "", text_of(e, "problem"));
}

static void read_guard(struct top_status *s, const json_t *g)
{
    const char *mode = text_of(g, "mode");
    bool ends = strcmp(mode, "ends") == 0;

    if (strcmp(mode, "off") == 0) {
        COPY(s->guard, "off (silent_timeout = 0)");
        s->guard_good = true;
        return;
    }
    s->guard_good = is_true(g, "running") && ends && !*text_of(g, "problem");
    if (!is_true(g, "running"))
        COPY(s->guard, s->observe ? "not needed" : "does not run: one silent connection can hold up all logins");
    else
        snprintf(s->guard, sizeof(s->guard), "%s who says nothing for %.0f s: %lld %s", ends ? "ends" : "reports",
                 json_number_value(json_object_get(g, "timeout")), (long long)number_of(g, ends ? "ended" : "told"),
                 ends ? "ended" : "told of");
}

static void read_sources(struct top_status *s, const json_t *sources)
{
    const json_t *one;
    size_t i;

    json_array_foreach((json_t *)sources, i, one) {
        if (s->n_sources == TOP_SOURCES_MAX)
            break;
        struct top_source *t = &s->sources[s->n_sources++];
        COPY(t->name, text_of(one, "name"));
        COPY(t->problem, text_of(one, "problem"));
        t->lines = number_of(one, "lines");
        t->last = number_of(one, "last");
        t->behind = number_of(one, "behind");
        t->behind_seconds = json_number_value(json_object_get(one, "behind_seconds"));
    }
}

static void read_jails(struct top_status *s, const json_t *jails)
{
    const json_t *one;
    size_t i;

    json_array_foreach((json_t *)jails, i, one)
        add_problem(s, "jail ", text_of(one, "name"), text_of(one, "problem"));
}

void top_model_take_status(struct top_model *m, const json_t *answer, usec_t now)
{
    const json_t *engine = json_object_get(answer, "engine"), *e = json_object_get(answer, "enforcer");
    int64_t pid = m->status.pid, since = m->status.since;
    struct top_status s = {.known = true, .pid = number_of(answer, "pid"), .since = number_of(answer, "since")};

    COPY(s.program, text_of(answer, "program"));
    s.bans = number_of(answer, "bans");
    s.observe = strcmp(text_of(answer, "mode"), "observe") == 0;
    s.failures = number_of(engine, "failures");
    s.successes = number_of(engine, "successes");
    s.unattributed = number_of(engine, "unattributed");
    s.banned = number_of(engine, "bans");
    // by lines, by hand, and by whoever else; that a ban's time is over changes none of these
    s.changes = (uint64_t)s.banned + (uint64_t)number_of(e, "bans") * 3 + (uint64_t)number_of(e, "unbans") * 7 +
                (uint64_t)s.pid * 0x100000000ull + (uint64_t)s.since;
    read_enforcer(&s, e);
    read_guard(&s, json_object_get(answer, "connguard"));
    read_sources(&s, json_object_get(answer, "sources"));
    read_jails(&s, json_object_get(answer, "jails"));
    add_problem(&s, "state: ", "", text_of(answer, "state"));
    bool anew = m->status.known && (pid != s.pid || since != s.since);
    top_rate_take(&m->rates[TOP_FAILURES], (uint64_t)s.failures, now, anew);
    top_rate_take(&m->rates[TOP_BANS_MADE], (uint64_t)s.banned, now, anew);
    top_rate_take(&m->rates[TOP_LOGINS], (uint64_t)s.successes, now, anew);
    m->status = s;
}

void top_model_silent(struct top_model *m, usec_t since, const char *why)
{
    if (!why) {
        m->silent_since = 0;
        return;
    }
    if (!m->silent_since)
        m->silent_since = since;
    COPY(m->silent_why, why);
}

// --- bans ----------------------------------------------------------------------------------------------------

int top_model_take_bans(struct top_model *m)
{
    int r = top_bans_end(m->bans);

    if (r == 0)
        m->n_latest = (unsigned)top_bans_latest(m->bans, m->latest, TOP_LATEST);
    return r;
}

void top_model_pass(struct top_model *m, usec_t now, usec_t real)
{
    for (unsigned i = 0; i < TOP_SERIES; i++)
        top_rate_pass(&m->rates[i], now);
    if (top_bans_expire(m->bans, real / USEC_SEC))
        m->n_latest = (unsigned)top_bans_latest(m->bans, m->latest, TOP_LATEST);
}

// --- accounts ------------------------------------------------------------------------------------------------

static int cmp(int64_t x, int64_t y)
{
    return x < y ? -1 : x > y;
}

static int compare_accounts(const struct top_account *x, const struct top_account *y, enum top_accounts_sort by)
{
    int r = 0;

    switch (by) {
    case TOP_BY_LAST:
        r = cmp(y->last, x->last);
        break;
    case TOP_BY_ADDRESSES:
        r = cmp(y->addresses + y->more, x->addresses + x->more);
        break;
    case TOP_BY_NAME:
        r = strcmp(x->name, y->name);
        break;
    case TOP_BY_FAILURES: // a guessed one above all
    case TOP_ACCOUNTS_SORTS:
        r = (y->guessed != 0) - (x->guessed != 0);
        break;
    }
    if (r == 0)
        r = cmp(y->failures, x->failures);
    return r ? r : strcmp(x->name, y->name);
}

static int by_rank(const void *a, const void *b)
{
    return compare_accounts(a, b, TOP_BY_FAILURES);
}

static void keep_the_most_tried(struct top_model *m)
{
    if (m->n_coming)
        qsort(m->coming, m->n_coming, sizeof(*m->coming), by_rank);
    m->n_coming = m->n_coming < TOP_ACCOUNTS_MAX ? m->n_coming : TOP_ACCOUNTS_MAX;
}

void top_model_accounts_begin(struct top_model *m)
{
    m->n_coming = 0;
    m->counted = 0;
}

int top_model_accounts_add(struct top_model *m, const json_t *line)
{
    const json_t *guessed = json_object_get(line, "guessed"), *from = json_object_get(line, "latest"), *one;
    const char *name = json_string_value(json_object_get(line, "account"));
    size_t i;

    if (!name)
        return -EINVAL;
    m->counted++;
    if (strlen(name) > TOP_NAME_MAX)
        return 0; // the service shows none that long, and a part of it would be another account
    if (m->n_coming == 2 * TOP_ACCOUNTS_MAX)
        keep_the_most_tried(m);
    struct top_account *a = &m->coming[m->n_coming++];
    *a = (struct top_account){.failures = number_of(line, "failures"), .addresses = number_of(line, "addresses"),
                              .banned = number_of(line, "banned"), .first = number_of(line, "first"),
                              .last = number_of(line, "last"), .logins = number_of(line, "logins"), .more = is_true(line, "more")};
    COPY(a->name, name);
    json_array_foreach((json_t *)from, i, one)
        if (a->n_from < TOP_FROM_MAX && json_is_string(one) && addr_parse(str_of(json_string_value(one)), &a->from[a->n_from]) == 0)
            a->n_from++;
    if (json_is_object(guessed) && addr_parse(str_of(text_of(guessed, "addr")), &a->guessed_from) == 0)
        a->guessed = number_of(guessed, "time");
    return 0;
}

static int by_order(const void *p, const void *q, void *userdata)
{
    const struct top_model *m = userdata;

    return compare_accounts(&m->accounts[*(const unsigned *)p], &m->accounts[*(const unsigned *)q], m->accounts_by);
}

void top_model_accounts_arrange(struct top_model *m, enum top_accounts_sort by, const char *filter)
{
    if (filter != m->accounts_filter)
        COPY(m->accounts_filter, filter);
    m->accounts_by = by;
    m->n_shown = 0;
    for (unsigned i = 0; i < m->n_accounts; i++)
        if (strcasestr(m->accounts[i].name, m->accounts_filter))
            m->shown[m->n_shown++] = i;
    if (m->n_shown)
        qsort_r(m->shown, m->n_shown, sizeof(*m->shown), by_order, m);
}

// --- near a ban ----------------------------------------------------------------------------------------------

static bool is_worth(const struct top_near *n)
{
    return n->asked && n->count > 0 && !n->ignored;
}

// Those to be shown first, and of these the one to whom least is missing.
static int by_distance(const void *a, const void *b)
{
    const struct top_near *x = a, *y = b;
    int r = is_worth(y) - is_worth(x);

    if (r == 0 && is_worth(x))
        r = cmp((int64_t)x->maxretry - x->count, (int64_t)y->maxretry - y->count);
    if (r == 0)
        r = cmp(y->count, x->count);
    return r ? r : memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

static void order_near(struct top_model *m)
{
    if (m->n_near)
        qsort(m->near, m->n_near, sizeof(*m->near), by_distance);
    m->n_near_shown = 0;
    while (m->n_near_shown < m->n_near && is_worth(&m->near[m->n_near_shown]))
        m->n_near_shown++;
}

static void add_candidate(const struct top_model *m, struct top_near *v, unsigned *n, const struct addr *a)
{
    for (unsigned i = 0; i < *n; i++)
        if (addr_eq(&v[i].addr, a))
            return;
    if (*n == TOP_NEAR_MAX)
        return;
    v[*n] = (struct top_near){.addr = *a};
    for (unsigned i = 0; i < m->n_near; i++)
        if (addr_eq(&m->near[i].addr, a))
            v[*n] = m->near[i]; // as it was, until it is asked about again
    ++*n;
}

static int by_last(const void *p, const void *q, void *userdata)
{
    const struct top_model *m = userdata;

    return compare_accounts(&m->accounts[*(const unsigned *)p], &m->accounts[*(const unsigned *)q], TOP_BY_LAST);
}

// The latest addresses of the accounts that were tried last and are not banned.
static void find_candidates(struct top_model *m)
{
    unsigned order[TOP_ACCOUNTS_MAX], n = 0, looked = 0;
    struct top_near v[TOP_NEAR_MAX];

    for (unsigned i = 0; i < m->n_accounts; i++)
        order[i] = i;
    qsort_r(order, m->n_accounts, sizeof(*order), by_last, m);
    for (unsigned i = 0; i < m->n_accounts; i++) {
        const struct top_account *a = &m->accounts[order[i]];
        // a look goes through all bans
        for (unsigned k = 0; k < a->n_from && n < TOP_NEAR_MAX && looked < 4 * TOP_NEAR_MAX; k++, looked++)
            if (a->banned == 0 || !top_bans_has(m->bans, &a->from[k]))
                add_candidate(m, v, &n, &a->from[k]);
    }
    memcpy(m->near, v, n * sizeof(*v));
    m->n_near = n;
    order_near(m);
}

void top_model_accounts_end(struct top_model *m)
{
    keep_the_most_tried(m);
    memcpy(m->accounts, m->coming, m->n_coming * sizeof(*m->coming));
    m->n_accounts = m->n_coming;
    m->all_accounts = m->counted;
    m->n_coming = 0;
    top_model_accounts_arrange(m, m->accounts_by, m->accounts_filter);
    find_candidates(m);
}

void top_model_take_near(struct top_model *m, const struct addr *a, const json_t *answer)
{
    const json_t *windows = json_object_get(answer, "windows"), *w;
    struct top_near *n = NULL;
    size_t i;

    for (unsigned k = 0; k < m->n_near; k++)
        if (addr_eq(&m->near[k].addr, a))
            n = &m->near[k];
    if (!n)
        return;
    *n = (struct top_near){.addr = *a, .asked = true};
    json_array_foreach((json_t *)windows, i, w) {
        int64_t count = number_of(w, "count"), more = number_of(w, "more"), most = more > 0 ? count + more : number_of(w, "maxretry");
        if (strcmp(text_of(w, "mode"), "observe") == 0)
            continue;
        if (count < 1 || count > INT32_MAX || most < 1 || most > INT32_MAX)
            continue;
        if (n->count && (int64_t)n->maxretry - n->count <= most - count)
            continue;
        n->count = (unsigned)count;
        n->maxretry = (unsigned)most;
        n->ignored = is_true(w, "ignored");
        COPY(n->jail, text_of(w, "jail"));
    }
    if (json_is_object(json_object_get(answer, "ban")))
        n->count = 0; // no longer near
    order_near(m);
}
