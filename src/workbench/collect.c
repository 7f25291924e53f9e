// SPDX-License-Identifier: GPL-2.0-or-later
// Puts records through filter and sessions as the engine does, looks over their shoulders, and
// counts. Keeps a bounded number of lines and ids, whatever the log holds. Prints nothing but lines
// of which all are wanted.
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "workbench/test.h"

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

// The least that two questions for the time are apart: it is in every measurement.
static uint64_t clock_cost(void)
{
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < 1000; i++) {
        uint64_t a = now_ns(), b = now_ns();
        least = b - a < least ? b - a : least;
    }
    return least;
}

static struct pattern_stats *stats_of(struct test *t, const struct pattern *p,
                                      enum filter_list *ret_list)
{
    size_t i;

    return filter_locate(t->filter, p, ret_list, &i) ? &t->stats[*ret_list][i] : NULL;
}

static void before(void *userdata, const struct pattern *p)
{
    struct test *t = userdata;

    (void)p;
    if (!t->asked)
        t->measuring =
            t->asked_lines++ < TEST_MEASURE_ALL || t->asked_lines % TEST_MEASURE_EACH == 0;
    t->asked = true;
    if (t->measuring)
        t->started = now_ns();
}

// Which of the patterns behind p would have had the line, had p not been there?
static void ask_the_others(struct test *t, const struct pattern *p, struct str subject)
{
    size_t n;
    const struct pattern *v = filter_patterns(t->filter, FILTER_PATTERNS_ALL, &n);

    if (t->behind_checked >= TEST_BEHIND_MAX)
        return;
    t->behind_checked++;
    for (const struct pattern *q = p + 1; q < v + n; q++) {
        bool same = p->ident ? q->ident && strcmp(p->ident, q->ident) == 0 : !q->ident;
        if (same && pattern_match(q, &t->second, subject))
            t->stats[FILTER_PATTERNS_ALL][q - v].behind++;
    }
}

static void after(void *userdata, const struct pattern *p, struct str subject, int result)
{
    struct test *t = userdata;
    uint64_t now = t->measuring ? now_ns() : 0;
    enum filter_list list;
    struct pattern_stats *s = stats_of(t, p, &list);

    if (t->asked_of)
        test_explain_ask(t, p, subject, result);
    if (!s)
        return;
    s->asked++;
    s->limits += result < 0 && result != PCRE2_ERROR_NOMATCH;
    if (t->measuring) {
        uint64_t took = now - t->started;
        s->measured++;
        s->ns += took > t->clock_cost ? took - t->clock_cost : 0;
    }
    if (result <= 0)
        return;
    s->hits++;
    if (t->groups && (list == FILTER_PREFIX || (list == FILTER_PATTERNS_ALL && !t->hit)))
        test_out_groups(t, p, subject);
    if (list == FILTER_IGNORE)
        t->ignored_by = p;
    if (list != FILTER_PATTERNS_ALL || t->hit)
        return;
    t->hit = p;
    ask_the_others(t, p, subject);
}

static int make_gate(struct test *t)
{
    struct str literals[LITERALS_MAX];
    size_t n = 0;

    if (t->options.no_gate || t->options.explain ||
        !filter_gate(t->filter, literals, LITERALS_MAX, &n, &t->ungated) || n == 0)
        return 0;
    filter_set_gate(t->filter, literals, n);
    return literals_new(literals, n, &t->gate);
}

static void on_outcome(void *userdata, const struct outcome *o);

static int make_sessions(struct test *t)
{
    const struct session_options options = {
        .max_lives = 8192,
        .wait = 120 * USEC_SEC,
        .outcome = on_outcome,
        .trace = test_sessions_trace,
        .userdata = t,
    };

    if (!filter_has_session(t->filter))
        return 0;
    int r = test_sessions_new(options.max_lives, &t->shown_sessions);
    return r < 0 ? r : sessions_new(&options, &t->sessions);
}

int test_collect_begin(struct test *t)
{
    int r = make_gate(t);

    for (unsigned list = 0; list < FILTER_LISTS; list++) {
        size_t n;
        filter_patterns(t->filter, list, &n);
        if (!(t->stats[list] = calloc(n + 1, sizeof(struct pattern_stats))))
            return -ENOMEM;
    }
    for (unsigned kind = 0; kind < TEST_KINDS; kind++)
        if (!(t->kept[kind] = calloc(TEST_SHOWN, sizeof(struct kept_text))))
            return -ENOMEM;
    if (!(t->ids = calloc(TEST_IDS, sizeof(*t->ids))))
        return -ENOMEM;
    if (r == 0)
        r = make_sessions(t);
    if (r == 0)
        r = matcher_init(&t->second);
    if (r == 0 && t->options.out)
        r = test_out_begin(t);
    t->clock_cost = clock_cost();
    t->probe = (struct pattern_probe){.before = before, .after = after, .userdata = t};
    filter_set_probe(t->filter, &t->probe);
    return r;
}

void test_collect_end(struct test *t)
{
    for (unsigned list = 0; list < FILTER_LISTS; list++)
        free(t->stats[list]);
    for (unsigned kind = 0; kind < TEST_KINDS; kind++)
        free(t->kept[kind]);
    free(t->ids);
    free(t->groups);
    if (t->filter)
        filter_set_probe(t->filter, NULL);
    matcher_destroy(&t->second);
    sessions_free(t->sessions);
    test_sessions_free(t->shown_sessions);
    literals_free(t->gate);
}

// ---- who it was

static void copy(char *to, size_t size, struct str s)
{
    size_t n = s.n < size - 1 ? s.n : size - 1;

    if (n)
        memcpy(to, s.p, n);
    to[n] = '\0';
}

static struct counted_id *count_id(struct test *t, struct str id, struct str user, usec_t time)
{
    uint64_t h = 14695981039346656037u;
    size_t n = id.n < TEST_ID - 1 ? id.n : TEST_ID - 1;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)id.p[i]) * 1099511628211u;
    for (size_t i = 0; i < TEST_IDS; i++) {
        struct counted_id *c = &t->ids[(h + i) % TEST_IDS];
        bool used = c->text[0] != '\0';
        if (used && !str_eq(str_of(c->text), (struct str){id.p, n}))
            continue;
        if (!used && t->n_ids >= TEST_IDS * 3 / 4)
            break;
        if (!used) {
            copy(c->text, sizeof(c->text), id);
            c->first = time;
            t->n_ids++;
        }
        if (user.n)
            copy(c->user, sizeof(c->user), user);
        c->last = time;
        return c;
    }
    t->ids_lost++;
    return NULL;
}

static void count_failure(struct test *t, struct str id, struct str user, usec_t time,
                          enum outcome_class class)
{
    struct counted_id *c = id.n ? count_id(t, id, user, time) : NULL;

    t->failures[class]++;
    if (c)
        c->failures++;
}

static void count_success(struct test *t, struct str id, struct str user, usec_t time)
{
    struct counted_id *c = id.n ? count_id(t, id, user, time) : NULL;

    t->successes++;
    if (c)
        c->successes++;
}

static void on_outcome(void *userdata, const struct outcome *o)
{
    struct test *t = userdata;
    char addr[ADDR_STRLEN];

    if (t->sessions)
        test_sessions_outcome(t, o);
    if (t->options.out)
        test_out_outcome(t, o);
    struct str id = o->has_addr ? str_of(addr_format(&o->addr, addr)) : STR("");

    if (o->kind == OUTCOME_UNATTRIBUTED)
        t->unattributed++;
    else if (o->kind == OUTCOME_SUCCESS)
        count_success(t, id, o->user, o->time);
    else
        count_failure(t, id, o->user, o->time, o->class);
}

// ---- one record

// A filter with sessions, or at least with roles.
static void ask_roles(struct test *t, const struct record *r, struct test_line *l,
                      struct event *event, char *id)
{
    struct addr addr;
    bool known = false;

    bool hit = filter_match(t->filter, r, event);
    if (r->cmdline.n && (hit || (t->sessions && sessions_lacks_address(t->sessions, r))))
        known = filter_cmdline_address(t->filter, r->ident, r->cmdline, &addr);
    if (!hit) {
        if (known)
            sessions_address(t->sessions, r, &addr);
        return;
    }
    l->kind = TEST_MATCHED;
    l->event = event;
    l->time = event->time;
    l->has_id = event->has_addr;
    if (event->has_addr)
        l->id = str_of(addr_format(&event->addr, id));
    if (event->has_user)
        l->user = event->user;
    t->event = event;
    if (t->sessions && !event->alone)
        sessions_event(t->sessions, r, event, known ? &addr : NULL);
    else if (event->role == ROLE_SUCCESS)
        count_success(t, l->id, l->user, l->time);
    else if (event->role == ROLE_FAILURE)
        count_failure(t, l->id, l->user, l->time, event->class);
}

static void ask_foreign(struct test *t, const struct record *r, struct test_line *l)
{
    const struct finding *f;

    if (!filter_feed(t->filter, r, &f))
        return;
    bool partial = (f->nofail && !f->gained) || (f->pending && !f->gained);
    l->kind = partial ? TEST_PARTIAL : TEST_MATCHED;
    l->finding = f;
    l->time = f->time;
    l->id = finding_id(f);
    l->has_id = l->id.n > 0;
    l->user = value_str(&f->value[GROUP_USER]);
    l->session = value_str(&f->value[GROUP_MLFID]);
    if (f->gained)
        count_success(t, l->id, l->user, l->time);
    else if (!partial)
        count_failure(t, l->id, l->user, l->time, CLASS_AUTH);
}

static void count_date(struct test *t, const struct record *r)
{
    unsigned char c = r->date.n ? (unsigned char)r->date.p[0] : 0;

    if (!c)
        t->undated += !t->from_journal;
    else if (c >= '0' && c <= '9')
        t->source_dates[0]++;
    else
        t->source_dates[r->date.n > 4 && r->date.p[3] == ' ' && r->date.p[4] >= 'A' ? 2 : 1]++;
    if (r->flags & RECORD_NO_TIME)
        return;
    if (!t->any_time || r->time < t->oldest)
        t->oldest = r->time;
    if (!t->any_time || r->time > t->newest)
        t->newest = r->time;
    t->any_time = true;
}

static void keep(struct test *t, const struct test_line *l)
{
    if (t->options.all & 1U << l->kind) {
        if (t->options.json)
            test_json_line(t, l);
        else if (!t->options.out)
            test_print_line(t, l);
        return;
    }
    if (t->lines[l->kind] >= TEST_SHOWN)
        return;
    struct kept_text *k = &t->kept[l->kind][t->lines[l->kind]];
    *k = (struct kept_text){.number = l->number, .pattern = l->pattern, .whole = l->line.n};
    copy(k->id, sizeof(k->id), l->id);
    copy(k->user, sizeof(k->user), l->user);
    copy(k->session, sizeof(k->session), l->session);
    k->n = l->line.n < TEST_TEXT ? l->line.n : TEST_TEXT;
    memcpy(k->text, l->line.p, k->n);
}

static bool wants_explanation(const struct test *t, uint64_t number)
{
    if (!t->options.explain)
        return false;
    return t->options.line ? number == t->options.line : number <= TEST_EXPLAINED;
}

int test_collect(void *userdata, const struct record *record)
{
    struct test *t = userdata;
    struct record r = *record;
    struct event event;
    char id[ADDR_STRLEN];
    uint64_t number = 1;

    for (unsigned k = 0; k < TEST_KINDS; k++)
        number += t->lines[k];
    t->record = record;
    t->hit = t->ignored_by = NULL;
    t->n_groups = 0;
    t->asked = t->measuring = false;
    count_date(t, &r);
    if (t->gate) {
        r.mask = literals_mask(t->gate, r.line);
        r.flags |= RECORD_HAS_MASK;
        t->gated += r.mask == 0;
    }
    struct test_line l = {
        .kind = TEST_MISSED, .time = r.time, .number = number, .record = &r, .line = r.line};
    if (wants_explanation(t, number) && test_explain_begin(t) < 0)
        return -ENOMEM;
    if (!t->gate || r.mask || r.cmdline.n) {
        if (filter_is_foreign(t->filter))
            ask_foreign(t, &r, &l);
        else
            ask_roles(t, &r, &l, &event, id);
    }
    l.pattern = t->hit;
    if (l.kind == TEST_MISSED && t->ignored_by) {
        l.kind = TEST_IGNORED;
        l.pattern = t->ignored_by;
    } else if (l.kind == TEST_MISSED && t->hit) {
        t->untimed++;
    }
    if (t->asked_of)
        test_explain_end(t, &l);
    if (t->options.out)
        test_out_line(t, &l);
    keep(t, &l);
    t->lines[l.kind]++;
    return 0;
}
