// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban test -o: one line for each failure and nothing else, in the form that was asked for, as
// fail2ban-regex has it.
#include <errno.h>
#include <stdlib.h>

#include "cli/jsonl.h"
#include "workbench/test.h"

// A failure as the tokens see it.
struct told {
    const struct test *t;
    struct str id, user, session, msg;
    usec_t time;
    const struct finding *finding; // NULL: of a filter with [Session]
    const struct outcome *outcome; // NULL: of one without
};

int test_out_begin(struct test *t)
{
    t->groups = calloc(TEST_GROUPS, sizeof(*t->groups));
    return t->groups ? 0 : -ENOMEM;
}

static void take_group(void *userdata, const char *name, struct str value)
{
    struct test *t = userdata;

    if (t->n_groups == TEST_GROUPS)
        return;
    struct test_group *v = &t->groups[t->n_groups++];
    snprintf(v->name, sizeof(v->name), "%s", name);
    v->n = value.n < sizeof(v->text) ? value.n : sizeof(v->text);
    memcpy(v->text, value.p, v->n);
}

void test_out_groups(struct test *t, const struct pattern *p, struct str subject)
{
    pattern_tell_groups(p, &t->second, subject, take_group, t);
}

static struct str find_group(const struct told *x, struct str name)
{
    for (size_t i = x->t->n_groups; !x->outcome && i-- > 0;)
        if (str_eq(str_of(x->t->groups[i].name), name))
            return (struct str){x->t->groups[i].text, x->t->groups[i].n};
    return (struct str){"", 0};
}

// "F-USER" is the group user, "F-ID" fid.
static struct str find_tag(const struct told *x, struct str tag)
{
    char name[40];
    size_t n = 0;

    for (tag = str_skip(tag, 2); n < tag.n && n < sizeof(name) - 2; n++) {
        char c = tag.p[n];
        name[n] = c == '-' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
    }
    struct str s = {name, n};
    if (str_eq(s, STR("user")))
        return x->user;
    if (str_eq(s, STR("mlfid")))
        return x->session;
    if (str_eq(s, STR("id")) || str_eq(s, STR("port"))) {
        memmove(name + 1, name, n);
        name[0] = 'f';
        s.n++;
    }
    return find_group(x, s);
}

static void put_row(const struct told *x)
{
    bool any = false;

    putchar('[');
    jsonl_string(stdout, x->id);
    putchar(',');
    jsonl_time(stdout, x->time);
    fputs(",{", stdout);
    for (size_t i = 0; !x->outcome && i < x->t->n_groups; i++) {
        const struct test_group *g = &x->t->groups[i];
        fputs(any ? "," : "", stdout);
        jsonl_string(stdout, str_of(g->name));
        putchar(':');
        jsonl_string(stdout, (struct str){g->text, g->n});
        any = true;
    }
    if (x->outcome) {
        fputs("\"user\":", stdout);
        jsonl_string(stdout, x->user);
        printf(",\"class\":\"%s\",\"origin\":\"%s\"", class_names[x->outcome->class],
               origin_names[x->outcome->origin]);
    }
    fputs("}]", stdout);
}

// One word: a token by itself, or what stands between angle brackets. False: there is none of this
// name.
static bool put_token(const struct told *x, struct str name)
{
    static const struct {
        struct str name;
        enum group group;
    } groups[] = {{{"ip4", 3}, GROUP_IP4},
                  {{"ip6", 3}, GROUP_IP6},
                  {{"dns", 3}, GROUP_DNS},
                  {{"fid", 3}, GROUP_ID}};

    if (str_eq(name, STR("ip")) || str_eq(name, STR("id")) || str_eq(name, STR("addr"))) {
        test_put(stdout, x->id, 0);
    } else if (str_eq(name, STR("user"))) {
        test_put(stdout, x->user, 0);
    } else if (str_eq(name, STR("host"))) {
        test_put(stdout, x->outcome ? x->outcome->host : x->t->record->host, 0);
    } else if (str_eq(name, STR("session"))) {
        test_put(stdout, x->session, 0);
    } else if (str_eq(name, STR("time"))) {
        jsonl_time(stdout, x->time);
    } else if (str_eq(name, STR("msg")) || str_eq(name, STR("matches"))) {
        test_put(stdout, x->msg, 0);
    } else if (str_eq(name, STR("row")) || str_eq(name, STR("json"))) {
        put_row(x);
    } else if (str_starts(name, STR("F-"))) {
        test_put(stdout, find_tag(x, name), 0);
    } else {
        for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
            if (str_eq(name, groups[i].name)) {
                if (x->finding)
                    test_put(stdout, value_str(&x->finding->value[groups[i].group]), 0);
                else
                    test_put(stdout, x->id, 0);
                return true;
            }
        return false;
    }
    return true;
}

static void put_failure(const struct told *x)
{
    struct str format = str_of(x->t->options.out);

    if (put_token(x, format)) {
        putchar('\n');
        return;
    }
    while (format.n > 0) {
        const char *close = format.p[0] == '<' ? memchr(format.p, '>', format.n) : NULL;
        size_t n = close ? (size_t)(close - format.p) : 0;
        if (close && put_token(x, (struct str){format.p + 1, n - 1})) {
            format = str_skip(format, n + 1);
        } else {
            putchar(format.p[0]);
            format = str_skip(format, 1);
        }
    }
    putchar('\n');
}

void test_out_line(struct test *t, const struct test_line *l)
{
    bool failed = l->kind == TEST_MATCHED &&
                  (l->finding ? !l->finding->gained : l->event->role == ROLE_FAILURE);
    const struct told x = {.t = t,
                           .id = l->id,
                           .user = l->user,
                           .session = l->session,
                           .msg = l->line,
                           .time = l->time,
                           .finding = l->finding};

    if (failed && (!t->sessions || l->event->alone))
        put_failure(&x);
}

void test_out_outcome(struct test *t, const struct outcome *o)
{
    char addr[ADDR_STRLEN];
    const struct told x = {.t = t,
                           .id = o->has_addr ? str_of(addr_format(&o->addr, addr)) : STR(""),
                           .user = o->user,
                           .msg = o->evidence,
                           .time = o->time,
                           .outcome = o};

    if (o->kind == OUTCOME_FAILURE)
        put_failure(&x);
}
