// SPDX-License-Identifier: GPL-2.0-or-later
// The explanation of one line as a JSON object: what the filter was asked in order, and how far
// each miss got.
#include "cli/jsonl.h"
#include "workbench/test.h"
#include "filter/explain.h"

static void put_group(void *userdata, const char *name, struct str value)
{
    jsonl_put_string(stdout, userdata, name, value);
}

static void put_asked(const struct test *t, const struct asked *a)
{
    struct explain e;
    bool more = false;

    putchar('{');
    test_json_place(&more, t, a->p);
    jsonl_put_string(stdout, &more, "pattern", str_of(a->p->text));
    jsonl_put_string(stdout, &more, "subject", (struct str){a->subject, a->n});
    jsonl_put_string(stdout, &more, "result",
                     a->result > 0                      ? STR("matched")
                     : a->result == PCRE2_ERROR_NOMATCH ? STR("missed")
                                                        : STR("limit"));
    if (a->result > 0) {
        bool inner = false;
        jsonl_put_name(stdout, &more, "groups");
        putchar('{');
        pattern_tell_groups(a->p, (struct matcher *)&t->second, (struct str){a->subject, a->n},
                            put_group, &inner);
        putchar('}');
    }
    if (a->result == PCRE2_ERROR_NOMATCH &&
        explain_miss(a->p, (struct matcher *)&t->second, (struct str){a->subject, a->n}, &e) == 0 &&
        !e.not_understood) {
        jsonl_put_number(stdout, &more, "failed_at", e.pattern);
        if (e.any) {
            jsonl_put_number(stdout, &more, "matched_from", e.begin);
            jsonl_put_number(stdout, &more, "matched_to", e.end);
        }
    }
    putchar('}');
}

void test_explain_json(const struct test *t, const struct test_line *l)
{
    const struct record *r = l->record;
    bool more = false;

    putchar('{');
    jsonl_put_string(stdout, &more, "type", STR("explain"));
    jsonl_put_number(stdout, &more, "number", l->number);
    jsonl_put_string(stdout, &more, "text", l->line);
    jsonl_put_string(stdout, &more, "kind", str_of(test_kind_names[l->kind]));
    jsonl_put_time(stdout, &more, "time", l->time);
    jsonl_put_string(stdout, &more, "stamp", r->date);
    jsonl_put_string(stdout, &more, "host", r->host);
    jsonl_put_string(stdout, &more, "program", r->ident);
    jsonl_put_number(stdout, &more, "process", r->pid);
    jsonl_put_string(stdout, &more, "message", r->message);
    jsonl_put_name(stdout, &more, "asked");
    putchar('[');
    for (size_t i = 0; i < t->n_asked_of; i++) {
        fputs(i ? "," : "", stdout);
        put_asked(t, &t->asked_of[i]);
    }
    puts("]}");
}
