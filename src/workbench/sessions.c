// SPDX-License-Identifier: GPL-2.0-or-later
// Lives of processes as they link up: the first ones with their lines, who called them, how their
// address became known and what each failure was settled as. Follows what the sessions tell;
// decides nothing.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "cli/output.h"
#include "workbench/test.h"

struct test_sessions {
    struct shown_life v[TEST_LIVES_VERBOSE];
    unsigned n;
    uint64_t lives, bound;
    int *shown; // of each place in the table of lives, -1
    unsigned max;
    int settling; // whose outcome comes next, -1
};

int test_sessions_new(unsigned max_lives, struct test_sessions **ret)
{
    struct test_sessions *x = calloc(1, sizeof(*x));

    if (!x || !(x->shown = calloc(max_lives, sizeof(*x->shown)))) {
        free(x);
        return -ENOMEM;
    }
    x->max = max_lives;
    x->settling = -1;
    for (unsigned i = 0; i < max_lives; i++)
        x->shown[i] = -1;
    *ret = x;
    return 0;
}

void test_sessions_free(struct test_sessions *x)
{
    if (x)
        free(x->shown);
    free(x);
}

static void set_name(struct shown_life *l, const struct record *r, const struct event *e)
{
    char pid[16] = "";

    if (e->key.n)
        snprintf(l->name, sizeof(l->name), "%.*s \"%.*s\"",
                 (int)(r->ident.n < 30 ? r->ident.n : 30), r->ident.p,
                 (int)(e->key.n < 40 ? e->key.n : 40), e->key.p);
    if (e->key.n)
        return;
    if (r->pid)
        snprintf(pid, sizeof(pid), "[%" PRIu32 "]", r->pid);
    snprintf(l->name, sizeof(l->name), "%.*s%s%s%.*s", (int)(r->ident.n < 40 ? r->ident.n : 40),
             r->ident.p, pid, r->host.n ? " on " : "", (int)(r->host.n < 30 ? r->host.n : 30),
             r->host.p);
}

static void add_line(const struct test *t, struct shown_life *l, const struct record *r,
                     usec_t time)
{
    enum { LINES = sizeof(l->lines) / sizeof(l->lines[0]) };
    char key[32];

    if (!l->name[0])
        set_name(l, r, t->event);
    if (l->n_lines++ >= LINES)
        return;
    struct shown_line *s = &l->lines[l->n_lines - 1];
    s->time = time;
    s->whole = r->message.n;
    s->n = r->message.n < sizeof(s->text) ? r->message.n : sizeof(s->text);
    memcpy(s->text, r->message.p, s->n);
    snprintf(s->key, sizeof(s->key), "%s", t->hit ? test_key(t, t->hit, key) : "");
}

void test_sessions_trace(void *userdata, const struct session_trace *s)
{
    struct test *t = userdata;
    struct test_sessions *x = t->shown_sessions;
    unsigned room = t->options.verbose ? TEST_LIVES_VERBOSE : TEST_LIVES;

    if (s->life >= x->max)
        return;
    int *place = &x->shown[s->life];
    if (s->step == STEP_LIFE) {
        x->lives++;
        *place = x->n < room ? (int)x->n++ : -1;
        if (*place >= 0)
            x->v[*place] = (struct shown_life){.begin = s->time, .caller = -1};
    }
    x->bound += s->step == STEP_BIND;
    if (s->step == STEP_SETTLED || s->step == STEP_SUCCESS)
        x->settling = *place;
    struct shown_life *l = *place >= 0 ? &x->v[*place] : NULL;
    if (s->step == STEP_FORGET)
        *place = -1;
    if (!l)
        return;
    switch (s->step) {
    case STEP_LINE:
        if (s->record)
            add_line(t, l, s->record, s->time);
        break;
    case STEP_BIND:
        l->caller = s->other < x->max ? x->shown[s->other] : -1;
        l->how = s->origin;
        l->bound = s->time;
        break;
    case STEP_ADDRESS:
        l->has_addr = true;
        l->addr = s->addr;
        l->origin = s->origin;
        break;
    case STEP_WAITS:
        l->waits = true;
        break;
    case STEP_END:
        l->ended = true;
        l->end = s->time;
        break;
    case STEP_LIFE:
    case STEP_SETTLED:
    case STEP_SUCCESS:
    case STEP_FORGET:
        break;
    }
}

void test_sessions_outcome(struct test *t, const struct outcome *o)
{
    struct test_sessions *x = t->shown_sessions;
    enum { OUTCOMES = sizeof(x->v[0].outcome) / sizeof(x->v[0].outcome[0]) };

    if (x->settling < 0)
        return;
    struct shown_life *l = &x->v[x->settling];
    x->settling = -1;
    if (l->n_outcomes == OUTCOMES)
        return;
    struct shown_outcome *shown = &l->outcome[l->n_outcomes++];
    *shown = (struct shown_outcome){
        .kind = o->kind,
        .class = o->class,
        .has_addr = o->has_addr,
        .addr = o->addr,
        .origin = o->origin,
        .time = o->time,
        .settled = o->settled,
    };
    size_t n = o->user.n < TEST_ID - 1 ? o->user.n : TEST_ID - 1;
    if (n)
        memcpy(shown->user, o->user.p, n);
}

const struct shown_life *test_sessions_shown(const struct test *t, unsigned *ret_n,
                                             uint64_t *ret_all, uint64_t *ret_bound)
{
    const struct test_sessions *x = t->shown_sessions;

    *ret_n = x ? x->n : 0;
    *ret_all = x ? x->lives : 0;
    *ret_bound = x ? x->bound : 0;
    return x ? x->v : NULL;
}

// ---- for people

static const char *clock_text(usec_t time, char buf[static 16])
{
    time_t seconds = (time_t)(time / USEC_SEC);
    struct tm tm;

    localtime_r(&seconds, &tm);
    strftime(buf, 16, "%H:%M:%S", &tm);
    return buf;
}

static void print_outcome(const struct test *t, const struct shown_outcome *o, int indent)
{
    char addr[ADDR_STRLEN], at[16], length[DURATION_STRLEN];
    bool good = o->kind == OUTCOME_SUCCESS;

    printf("%*s%s  ", indent, "", clock_text(o->time, at));
    output_styled(stdout, t->options.colours, good ? STYLE_GREEN : STYLE_RED,
                  good ? "success" : "failure");
    if (o->has_addr)
        printf(" of %s, known by %s", addr_format(&o->addr, addr), origin_names[o->origin]);
    else
        fputs(" from nobody knows where", stdout);
    if (!good)
        printf(" (%s)", class_names[o->class]);
    if (o->user[0]) {
        fputs(", user \"", stdout);
        test_put(stdout, str_of(o->user), 0);
        putchar('"');
    }
    if (o->settled > o->time)
        printf(", settled at %s after %s", clock_text(o->settled, at),
               duration_format(o->settled - o->time, length));
    putchar('\n');
}

static void print_life(const struct test *t, const struct shown_life *l,
                       const struct shown_life *caller)
{
    enum { LINES = sizeof(l->lines) / sizeof(l->lines[0]) };
    char from[16], to[16], addr[ADDR_STRLEN];
    int indent = caller ? 4 : 0;

    printf("%*s", indent, "");
    test_put(stdout, str_of(l->name[0] ? l->name : "a process that said nothing"), 0);
    printf(", %s to %s", clock_text(l->begin, from),
           l->ended ? clock_text(l->end, to) : "the end of the log");
    if (l->has_addr)
        printf(", %s known by %s", addr_format(&l->addr, addr), origin_names[l->origin]);
    else
        fputs(", its address is not known", stdout);
    if (caller)
        printf(", joined by %s at %s", origin_names[l->how], clock_text(l->bound, from));
    putchar('\n');
    for (unsigned i = 0; i < l->n_lines && i < LINES; i++) {
        const struct shown_line *s = &l->lines[i];
        printf("%*s%s  %-9s  ", indent + 4, "", clock_text(s->time, from), s->key);
        test_put(stdout, (struct str){s->text, s->n}, 0);
        puts(s->n < s->whole ? "..." : "");
    }
    if (l->n_lines > LINES)
        printf("%*sand %u more lines\n", indent + 4, "", l->n_lines - LINES);
    for (unsigned i = 0; i < l->n_outcomes; i++)
        print_outcome(t, &l->outcome[i], indent + 4);
}

void test_sessions_print(const struct test *t)
{
    uint64_t all, bound;
    unsigned n;
    const struct shown_life *v = test_sessions_shown(t, &n, &all, &bound);

    if (!n)
        return;
    test_heading(t, "sessions");
    printf("%" PRIu64 " lives of processes, %" PRIu64 " of them joined to those that called them\n",
           all, bound);
    for (unsigned i = 0; i < n; i++) {
        if (v[i].caller >= 0)
            continue;
        print_life(t, &v[i], NULL);
        for (unsigned k = 0; k < n; k++)
            if (v[k].caller == (int)i)
                print_life(t, &v[k], &v[i]);
    }
    if (n < all)
        printf("and %" PRIu64 " more lives%s\n", all - n,
               t->options.verbose ? "" : "; --verbose shows more");
}
