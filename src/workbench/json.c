// SPDX-License-Identifier: GPL-2.0-or-later
// What pptpban test found, as JSON: one object a line, the last of them the result; see pptpban(8).
#include <inttypes.h>

#include "cli/jsonl.h"
#include "workbench/test.h"
#include "filter/lint.h"

void test_json_place(bool *more, const struct test *t, const struct pattern *p)
{
    enum filter_list list = FILTER_PATTERNS_ALL;
    size_t i = 0;
    char key[32];

    filter_locate(t->filter, p, &list, &i);
    jsonl_put_string(stdout, more, "list", str_of(filter_list_names[list]));
    jsonl_put_number(stdout, more, "number", i + 1);
    jsonl_put_string(stdout, more, "key", str_of(test_key(t, p, key)));
    jsonl_put_name(stdout, more, "file");
    if (p->at.file)
        jsonl_string(stdout, str_of(p->at.file));
    else
        fputs("null", stdout);
    jsonl_put_number(stdout, more, "line", p->at.line);
}

static void put_line(const struct test *t, const char *type, uint64_t number, const char *kind,
                     struct str text, const struct pattern *p, struct str id, struct str user,
                     struct str session)
{
    bool more = false;

    putchar('{');
    if (type)
        jsonl_put_string(stdout, &more, "type", str_of(type));
    jsonl_put_string(stdout, &more, "kind", str_of(kind));
    jsonl_put_number(stdout, &more, "number", number);
    jsonl_put_string(stdout, &more, "text", text);
    if (id.n)
        jsonl_put_string(stdout, &more, "address", id);
    if (user.n)
        jsonl_put_string(stdout, &more, "user", user);
    if (session.n)
        jsonl_put_string(stdout, &more, "session", session);
    if (p) {
        bool inner = false;
        jsonl_put_name(stdout, &more, "by");
        putchar('{');
        test_json_place(&inner, t, p);
        putchar('}');
    }
    putchar('}');
}

void test_json_line(const struct test *t, const struct test_line *l)
{
    put_line(t, "line", l->number, test_kind_names[l->kind], l->line, l->pattern, l->id, l->user,
             l->session);
    putchar('\n');
}

static void put_patterns(const struct test *t)
{
    bool any = false;

    for (unsigned list = 0; list < FILTER_LISTS; list++) {
        size_t n;
        const struct pattern *v = filter_patterns(t->filter, list, &n);
        for (size_t i = 0; i < n; i++) {
            const struct pattern_stats *s = &t->stats[list][i];
            double each = s->measured ? (double)s->ns / (double)s->measured / 1e9 : 0;
            bool more = false;
            printf("%s{", any ? "," : "");
            any = true;
            test_json_place(&more, t, &v[i]);
            jsonl_put_string(stdout, &more, "pattern", str_of(v[i].text));
            jsonl_put_string(stdout, &more, "expanded", str_of(v[i].regex));
            jsonl_put_number(stdout, &more, "asked", s->asked);
            jsonl_put_number(stdout, &more, "hits", s->hits);
            jsonl_put_number(stdout, &more, "behind", s->behind);
            jsonl_put_number(stdout, &more, "limits", s->limits);
            printf(",\"seconds\":%.9f,\"seconds_each\":%.9f}", each * (double)s->asked, each);
        }
    }
}

static void put_dates(const struct test *t)
{
    static const char *const forms[] = {"iso8601", "month", "weekday"};
    bool own, any = false;
    const struct date_detector *d = filter_dates(t->filter, &own);

    for (size_t i = 0; i < 3; i++)
        if (t->source_dates[i]) {
            printf("%s{\"by\":\"source\",\"format\":\"%s\",\"hits\":%" PRIu64 "}", any ? "," : "",
                   forms[i], t->source_dates[i]);
            any = true;
        }
    for (size_t i = 0; d && i < date_count_formats(d); i++) {
        bool more = false;
        if (!date_format_hits(d, i))
            continue;
        printf("%s{", any ? "," : "");
        any = true;
        jsonl_put_string(stdout, &more, "by", STR("filter"));
        jsonl_put_string(stdout, &more, "format", str_of(date_format_name(d, i)));
        jsonl_put_number(stdout, &more, "hits", date_format_hits(d, i));
        putchar('}');
    }
}

static void put_who(const struct test *t)
{
    bool any = false;

    for (size_t i = 0; i < TEST_IDS; i++) {
        const struct counted_id *c = &t->ids[i];
        bool more = false;
        if (!c->text[0])
            continue;
        printf("%s{", any ? "," : "");
        any = true;
        jsonl_put_string(stdout, &more, "id", str_of(c->text));
        jsonl_put_number(stdout, &more, "failures", c->failures);
        jsonl_put_number(stdout, &more, "successes", c->successes);
        jsonl_put_string(stdout, &more, "user", str_of(c->user));
        jsonl_put_time(stdout, &more, "first", c->first);
        jsonl_put_time(stdout, &more, "last", c->last);
        putchar('}');
    }
}

static void put_life(const struct shown_life *l)
{
    char addr[ADDR_STRLEN];
    bool more = false;

    putchar('{');
    jsonl_put_string(stdout, &more, "name", str_of(l->name));
    jsonl_put_time(stdout, &more, "begin", l->begin);
    if (l->ended)
        jsonl_put_time(stdout, &more, "end", l->end);
    if (l->has_addr) {
        jsonl_put_string(stdout, &more, "address", str_of(addr_format(&l->addr, addr)));
        jsonl_put_string(stdout, &more, "origin", str_of(origin_names[l->origin]));
    }
    if (l->caller >= 0) {
        jsonl_put_number(stdout, &more, "caller", (uint64_t)l->caller);
        jsonl_put_string(stdout, &more, "joined_by", str_of(origin_names[l->how]));
        jsonl_put_time(stdout, &more, "joined", l->bound);
    }
    jsonl_put_number(stdout, &more, "lines", l->n_lines);
    jsonl_put_name(stdout, &more, "events");
    putchar('[');
    for (unsigned i = 0; i < l->n_lines && i < sizeof(l->lines) / sizeof(l->lines[0]); i++) {
        bool inner = false;
        printf("%s{", i ? "," : "");
        jsonl_put_time(stdout, &inner, "time", l->lines[i].time);
        jsonl_put_string(stdout, &inner, "key", str_of(l->lines[i].key));
        jsonl_put_string(stdout, &inner, "message", (struct str){l->lines[i].text, l->lines[i].n});
        putchar('}');
    }
    fputs("],\"outcomes\":[", stdout);
    for (unsigned i = 0; i < l->n_outcomes; i++) {
        static const char *const kinds[] = {"failure", "success", "unattributed"};
        const struct shown_outcome *o = &l->outcome[i];
        bool inner = false;
        printf("%s{", i ? "," : "");
        jsonl_put_string(stdout, &inner, "type", str_of(kinds[o->kind]));
        jsonl_put_time(stdout, &inner, "time", o->time);
        jsonl_put_time(stdout, &inner, "settled", o->settled);
        if (o->has_addr)
            jsonl_put_string(stdout, &inner, "origin", str_of(origin_names[o->origin]));
        if (o->kind != OUTCOME_SUCCESS)
            jsonl_put_string(stdout, &inner, "class", str_of(class_names[o->class]));
        jsonl_put_string(stdout, &inner, "user", str_of(o->user));
        putchar('}');
    }
    fputs("]}", stdout);
}

static void put_sessions(const struct test *t)
{
    uint64_t all, bound;
    unsigned n;
    const struct shown_life *v = test_sessions_shown(t, &n, &all, &bound);

    printf(",\"sessions\":{\"lives\":%" PRIu64 ",\"joined\":%" PRIu64 ",\"shown\":[", all, bound);
    for (unsigned i = 0; i < n; i++) {
        fputs(i ? "," : "", stdout);
        put_life(&v[i]);
    }
    fputs("]}", stdout);
}

static void put_examples(const struct test *t)
{
    bool any = false;

    for (unsigned kind = 0; kind < TEST_KINDS; kind++)
        for (uint64_t i = 0; i < t->lines[kind] && i < TEST_SHOWN &&
                             !((t->options.none | t->options.all) >> kind & 1);
             i++) {
            const struct kept_text *k = &t->kept[kind][i];
            fputs(any ? "," : "", stdout);
            any = true;
            put_line(t, NULL, k->number, test_kind_names[kind], (struct str){k->text, k->n},
                     k->pattern, str_of(k->id), str_of(k->user), str_of(k->session));
        }
}

struct lint_list {
    const struct test *t;
    unsigned n;
    bool any;
};

static void put_finding(void *userdata, const struct lint_finding *f)
{
    struct lint_list *x = userdata;
    bool more = false;

    printf("%s{", x->any ? "," : "");
    x->any = true;
    x->n += f->excuse[0] == '\0';
    jsonl_put_string(stdout, &more, "kind", str_of(lint_names[f->kind]));
    test_json_place(&more, x->t, f->pattern);
    jsonl_put_string(stdout, &more, "pattern", str_of(f->pattern->text));
    jsonl_put_number(stdout, &more, "from", f->from);
    jsonl_put_number(stdout, &more, "to", f->to);
    jsonl_put_string(stdout, &more, "why", str_of(f->why));
    jsonl_put_string(stdout, &more, "accepted", str_of(f->accepted));
    if (f->excuse[0])
        jsonl_put_string(stdout, &more, "excuse", str_of(f->excuse));
    if (f->other)
        jsonl_put_string(stdout, &more, "other", str_of(f->other->text));
    if (f->n_attack)
        jsonl_put_string(stdout, &more, "tried", (struct str){f->attack, f->n_attack});
    putchar('}');
}

int test_json(const struct test *t)
{
    struct lint_list lint = {.t = t};
    struct lint_counts counts;
    bool more = false;
    int r = 0;

    putchar('{');
    jsonl_put_string(stdout, &more, "type", STR("result"));
    jsonl_put_number(stdout, &more, "version", 1);
    jsonl_put_string(stdout, &more, "filter", str_of(t->filter_text));
    if (t->options.log)
        jsonl_put_string(stdout, &more, "log", str_of(t->options.log));
    if (t->any_time) {
        jsonl_put_time(stdout, &more, "from", t->oldest);
        jsonl_put_time(stdout, &more, "to", t->newest);
    }
    fputs(",\"lines\":{", stdout);
    more = false;
    for (unsigned k = 0; k < TEST_KINDS; k++)
        jsonl_put_number(stdout, &more, test_kind_names[k], t->lines[k]);
    jsonl_put_number(stdout, &more, "untimed", t->untimed);
    jsonl_put_number(stdout, &more, "truncated", t->counts.truncated);
    fputs("},\"failures\":{", stdout);
    more = false;
    for (unsigned i = 0; i < CLASS_MAX; i++)
        jsonl_put_number(stdout, &more, class_names[i], t->failures[i]);
    putchar('}');
    jsonl_put_number(stdout, &more, "unattributed", t->unattributed);
    jsonl_put_number(stdout, &more, "successes", t->successes);
    jsonl_put_time(stdout, &more, "seconds", t->took);
    fputs(",\"patterns\":[", stdout);
    put_patterns(t);
    fputs("],\"dates\":[", stdout);
    put_dates(t);
    fputs("],\"who\":[", stdout);
    put_who(t);
    putchar(']');
    jsonl_put_number(stdout, &more, "who_lost", t->ids_lost);
    put_sessions(t);
    fputs(",\"examples\":[", stdout);
    put_examples(t);
    putchar(']');
    if (t->options.lint) {
        fputs(",\"lint\":[", stdout);
        r = lint_filter(t->filter, put_finding, &lint, &counts);
        putchar(']');
    }
    puts("}");
    return r < 0 ? r : (int)lint.n;
}
