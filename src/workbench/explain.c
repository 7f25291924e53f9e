// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of one line, step by step: its stamp and header, the texts that patterns need,
// prefregex, and of each pattern whether it matched, or where in it and in the line it failed.
// Looks at what the filter was really asked.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/output.h"
#include "workbench/test.h"
#include "filter/explain.h"

int test_explain_begin(struct test *t)
{
    t->asked_of = calloc(TEST_ASKED, sizeof(*t->asked_of));
    t->n_asked_of = 0;
    return t->asked_of ? 0 : -ENOMEM;
}

void test_explain_ask(struct test *t, const struct pattern *p, struct str subject, int result)
{
    if (t->n_asked_of == TEST_ASKED)
        return;
    struct asked *a = &t->asked_of[t->n_asked_of];
    *a = (struct asked){.p = p, .subject = str_dup(subject), .n = subject.n, .result = result};
    if (a->subject)
        memcpy(a->subject, subject.p ? subject.p : "", subject.n); // zero bytes and all
    t->n_asked_of += a->subject != NULL;
}

static void label(const char *name)
{
    printf("  %-9s ", name);
}

// ---- one pattern

static void print_group(void *userdata, const char *name, struct str value)
{
    (void)userdata;
    printf("        %s = \"", name);
    test_put(stdout, value, 200);
    puts("\"");
}

static void print_asked_head(const struct test *t, const struct asked *a, enum output_style style,
                             const char *verdict)
{
    char place[96], key[32];
    enum filter_list list;
    size_t i;

    filter_locate(t->filter, a->p, &list, &i);
    printf("%5zu) %s %s: ", i + 1, test_place(a->p, place), test_key(t, a->p, key));
    output_styled(stdout, t->options.colours, style, verdict);
    putchar('\n');
}

static void print_miss(const struct test *t, const struct asked *a, const struct explain *e)
{
    struct str text = str_of(a->p->text);

    if (a->result != PCRE2_ERROR_NOMATCH) {
        print_asked_head(t, a, STYLE_RED, "given up at a limit, which counts as no match");
        return;
    }
    print_asked_head(t, a, STYLE_RED, e->any ? "no, it fails here" : "no, its beginning fails");
    if (e->not_understood) {
        puts("        (the pattern cannot be taken to pieces here)");
        return;
    }
    test_print_marked(t, text, e->pattern < e->piece ? e->pattern : text.n, e->pattern);
    if (e->any)
        test_print_marked(t, (struct str){a->subject, a->n}, e->begin, e->end);
}

static bool is_match(const struct asked *a)
{
    return a->result > 0;
}

struct miss {
    const struct asked *a;
    struct explain e;
};

static int by_progress(const void *x, const void *y)
{
    const struct miss *a = x, *b = y;
    size_t m = a->e.any ? a->e.end - a->e.begin : 0, n = b->e.any ? b->e.end - b->e.begin : 0;

    if (m != n)
        return m < n ? 1 : -1;
    return a->a < b->a ? -1 : a->a > b->a;
}

// Those that came furthest, with the place where they failed; the others in number.
static void print_misses(const struct test *t)
{
    struct matcher *m = (struct matcher *)&t->second;
    struct miss *v = calloc(t->n_asked_of + 1, sizeof(*v));
    size_t n = 0, shown = t->options.verbose ? SIZE_MAX : 3;

    for (size_t i = 0; v && i < t->n_asked_of; i++) {
        const struct asked *a = &t->asked_of[i];
        if (is_match(a))
            continue;
        v[n].a = a;
        explain_miss(a->p, m, (struct str){a->subject, a->n}, &v[n].e);
        n++;
    }
    if (n)
        qsort(v, n, sizeof(*v), by_progress);
    if (n < shown)
        shown = n;
    if (shown) {
        label("missed");
        printf("by %zu pattern%s%s\n", n, n == 1 ? "" : "s",
               shown < n ? ", of which these came furthest" : "");
    }
    for (size_t i = 0; i < shown; i++)
        print_miss(t, v[i].a, &v[i].e);
    if (shown < n)
        printf("        and %zu more that came less far; --verbose shows them\n", n - shown);
    free(v);
}

static void print_matches(const struct test *t)
{
    for (size_t i = 0; i < t->n_asked_of; i++) {
        const struct asked *a = &t->asked_of[i];
        if (!is_match(a))
            continue;
        label("matched");
        putchar('\n');
        print_asked_head(t, a, STYLE_GREEN, "yes");
        printf("        ");
        test_put(stdout, str_of(a->p->text), t->options.verbose ? 0 : 200);
        putchar('\n');
        if (t->options.expand)
            printf("        %s\n", a->p->regex);
        pattern_tell_groups(a->p, (struct matcher *)&t->second, (struct str){a->subject, a->n},
                            print_group, NULL);
    }
}

// ---- the line

static void print_header(const struct test *t, const struct record *r, const struct test_line *l)
{
    char time[TIME_STRLEN];
    bool own;
    const struct date_detector *d = filter_dates(t->filter, &own);
    struct date_match m;

    label("stamp");
    if (r->date.n && !own) {
        putchar('"');
        test_put(stdout, r->date, 80);
        printf("\" at byte %td: %s, read by the source\n", r->date.p - r->line.p + 1,
               time_format(r->time, true, time));
    } else if (t->from_journal) {
        printf("%s, known to the journal\n", time_format(r->time, true, time));
    } else if (d && date_find((struct date_detector *)d, r->line, r->time, &m) && m.has_time) {
        putchar('"');
        test_put(stdout, (struct str){r->line.p + m.begin, m.end - m.begin}, 80);
        printf("\" at byte %zu: %s, by %s\n", m.begin + 1, time_format(m.time, true, time),
               own ? "the filter's datepattern" : "one of the usual formats");
    } else {
        printf("none that anybody knows; taken to be %s\n", time_format(l->time, true, time));
    }
    if (r->host.n) {
        label("host");
        test_put(stdout, r->host, 80);
        putchar('\n');
    }
    if (r->ident.n) {
        label("program");
        test_put(stdout, r->ident, 80);
        if (r->pid)
            printf(", process %" PRIu32, r->pid);
        putchar('\n');
    }
    label("message");
    test_put(stdout, r->message, 300);
    putchar('\n');
}

// The texts of all patterns that stand in the line.
static void print_gate(const struct test *t, const struct record *r)
{
    size_t n, found = 0, without = 0;
    const struct pattern *v = filter_patterns(t->filter, FILTER_PATTERNS_ALL, &n);
    char place[96];

    label("gate");
    for (size_t i = 0; i < n; i++) {
        without += v[i].gate.n == 0;
        for (unsigned j = 0; j < v[i].gate.n; j++) {
            struct str s = gate_string(&v[i].gate, j);
            bool here = memmem(r->line.p, r->line.n, s.p, s.n) != NULL;
            if (here && found++ < 3)
                printf("%s\"%.*s\" (%s)", found > 1 ? ", " : "", STR_FMT(s),
                       test_place(&v[i], place));
        }
    }
    if (found > 3)
        printf(" and %zu more", found - 3);
    if (without)
        printf("%s%zu pattern%s must see every line", found ? "; " : "", without,
               without == 1 ? "" : "s");
    else if (!found)
        fputs("the line has no text that any pattern needs: the service passes it by", stdout);
    putchar('\n');
}

static bool prefix_missed(const struct test *t)
{
    size_t n;
    const struct pattern *prefix = filter_patterns(t->filter, FILTER_PREFIX, &n);

    for (size_t i = 0; n && i < t->n_asked_of; i++)
        if (t->asked_of[i].p == prefix)
            return !is_match(&t->asked_of[i]);
    return false;
}

static void print_skipped(const struct test *t, const struct record *r)
{
    size_t n, other = 0, behind = 0;
    const struct pattern *v = filter_patterns(t->filter, FILTER_PATTERNS_ALL, &n);

    for (size_t i = 0; i < n; i++) {
        bool asked = false;
        for (size_t k = 0; k < t->n_asked_of && !asked; k++)
            asked = t->asked_of[k].p == &v[i];
        if (asked)
            continue;
        if (v[i].ident && !str_eq(str_of(v[i].ident), r->ident))
            other++;
        else
            behind++;
    }
    if (!other && !behind)
        return;
    label("not asked");
    if (other)
        printf("%zu pattern%s of other programs%s", other, other == 1 ? "" : "s",
               behind ? ", " : "");
    if (behind)
        printf("%zu pattern%s, since %s", behind, behind == 1 ? "" : "s",
               prefix_missed(t) ? "prefregex did not match" : "it was settled before");
    putchar('\n');
}

static void print_result(const struct test *t, const struct test_line *l)
{
    char place[96], key[32];

    label("result");
    output_styled(stdout, t->options.colours, l->kind == TEST_MATCHED ? STYLE_GREEN : STYLE_YELLOW,
                  test_kind_names[l->kind]);
    if (l->pattern)
        printf(", %s of %s", test_key(t, l->pattern, key), test_place(l->pattern, place));
    if (l->kind == TEST_MISSED && l->pattern)
        fputs(", but nobody knows its time", stdout);
    if (l->has_id) {
        fputs(", address ", stdout);
        test_put(stdout, l->id, 80);
    } else if (l->kind != TEST_MISSED) {
        fputs(", no address in this line", stdout);
    }
    if (l->user.n) {
        fputs(", user \"", stdout);
        test_put(stdout, l->user, 80);
        putchar('"');
    }
    putchar('\n');
}

static void print_line(const struct test *t, const struct test_line *l)
{
    printf("line %" PRIu64 "  ", l->number);
    test_put(stdout, l->line, 300);
    putchar('\n');
    print_header(t, l->record, l);
    print_gate(t, l->record);
    print_matches(t);
    if (l->kind == TEST_MISSED || t->options.verbose)
        print_misses(t);
    print_skipped(t, l->record);
    print_result(t, l);
    putchar('\n');
}

void test_explain_end(struct test *t, const struct test_line *l)
{
    struct asked *v = t->asked_of;
    uint64_t hits = t->second.limit_hits;

    if (t->options.json)
        test_explain_json(t, l);
    else
        print_line(t, l);
    t->second.limit_hits = hits;
    for (size_t i = 0; i < t->n_asked_of; i++)
        free(v[i].subject);
    free(v);
    t->asked_of = NULL;
    t->n_asked_of = 0;
    t->explained++;
}
