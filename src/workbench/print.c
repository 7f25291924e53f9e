// SPDX-License-Identifier: GPL-2.0-or-later
// What pptpban test found, for people.
#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "cli/output.h"
#include "workbench/test.h"

void test_put(FILE *out, struct str s, size_t max)
{
    size_t whole = s.n;
    struct str rest = {s.p, max && s.n > max ? max : s.n};
    bool cut = rest.n < whole;

    while (rest.n > 0) {
        uint32_t c;
        bool harmless;
        size_t n = text_step(rest, &c, &harmless);
        if (harmless)
            fwrite_unlocked(rest.p, 1, n, out);
        for (size_t i = 0; i < n && !harmless; i++)
            fprintf(out, "\\x%02x", (unsigned char)rest.p[i]);
        rest = str_skip(rest, n);
    }
    if (cut)
        fprintf(out, "... (%zu bytes)", whole);
}

const char *test_place(const struct pattern *p, char buf[static 96])
{
    const char *slash = p->at.file ? strrchr(p->at.file, '/') : NULL;

    if (!p->at.file)
        return strcpy(buf, "command line");
    snprintf(buf, 96, "%.80s:%u", slash ? slash + 1 : p->at.file, p->at.line);
    return buf;
}

const char *test_key(const struct test *t, const struct pattern *p, char buf[static 32])
{
    enum filter_list list = FILTER_PATTERNS_ALL;
    size_t i;

    filter_locate(t->filter, p, &list, &i);
    if (list != FILTER_PATTERNS_ALL)
        return filter_list_names[list];
    if (p->role == ROLE_FAILURE && p->class == CLASS_AUTH)
        return "failregex";
    if (p->class == CLASS_AUTH)
        return role_names[p->role];
    snprintf(buf, 32, "%s.%s", role_names[p->role], class_names[p->class]);
    return buf;
}

void test_heading(const struct test *t, const char *text)
{
    putchar('\n');
    output_styled(stdout, t->options.colours, STYLE_BOLD, text);
    putchar('\n');
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

// ---- a text with a mark under one place of it

enum { WINDOW = 100, BEFORE = 70 }; // columns that are shown, and of these before the mark

static size_t shown_width(struct str s)
{
    size_t n = 0;

    while (s.n > 0) {
        uint32_t c;
        bool harmless;
        size_t step = text_step(s, &c, &harmless);
        n += harmless ? 1 : 4 * step;
        s = str_skip(s, step);
    }
    return n;
}

void test_print_marked(const struct test *t, struct str s, size_t begin, size_t at)
{
    size_t from = at > BEFORE ? at - BEFORE : 0;
    size_t end = s.n - from > WINDOW ? from + WINDOW : s.n;
    const char *dots = from ? "..." : "";

    if (begin < from)
        begin = from;
    printf("        %s", dots);
    test_put(stdout, (struct str){s.p + from, end - from}, 0);
    printf("%s\n        %*s", end < s.n ? "..." : "", (int)strlen(dots), "");
    printf("%*s", (int)shown_width((struct str){s.p + from, begin - from}), "");
    for (size_t i = shown_width((struct str){s.p + begin, at - begin}); i > 0; i--)
        putchar('~');
    output_styled(stdout, t->options.colours, STYLE_RED, "^");
    putchar('\n');
}

// ---- lines

static void print_extract(const char *id, const char *user, const char *session)
{
    if (*id) {
        fputs("  address ", stdout);
        test_put(stdout, str_of(id), 0);
    }
    if (*user) {
        fputs("  user \"", stdout);
        test_put(stdout, str_of(user), 0);
        putchar('"');
    }
    if (*session) {
        fputs("  session \"", stdout);
        test_put(stdout, str_of(session), 0);
        putchar('"');
    }
}

static void print_text(const struct test *t, struct str text, size_t whole, uint64_t number,
                       const struct pattern *p, const char *id, const char *user,
                       const char *session)
{
    char place[96], key[32];

    printf("%6" PRIu64 "  ", number);
    test_put(stdout, text, 0);
    if (text.n < whole)
        printf("... (%zu bytes)", whole);
    putchar('\n');
    if (!p)
        return;
    fputs(t->options.colours ? "\033[2m" : "", stdout);
    printf("        by %s %s", test_place(p, place), test_key(t, p, key));
    print_extract(id, user, session);
    fputs(t->options.colours ? "\033[0m\n" : "\n", stdout);
}

void test_print_line(const struct test *t, const struct test_line *l)
{
    char id[TEST_ID], user[TEST_ID], session[TEST_ID];

    snprintf(id, sizeof(id), "%.*s", STR_FMT(l->id));
    snprintf(user, sizeof(user), "%.*s", STR_FMT(l->user));
    snprintf(session, sizeof(session), "%.*s", STR_FMT(l->session));
    printf("%-8s", test_kind_names[l->kind]);
    print_text(t, l->line, l->line.n, l->number, l->pattern, id, user, session);
}

static void print_kept(const struct test *t, enum test_kind kind, const char *title,
                       const char *all)
{
    uint64_t n = t->lines[kind], shown = n < TEST_SHOWN ? n : TEST_SHOWN;
    unsigned bit = 1U << kind;

    if (n == 0 || (t->options.all & bit) || (t->options.none & bit))
        return;
    test_heading(t, title);
    for (uint64_t i = 0; i < shown; i++) {
        const struct kept_text *k = &t->kept[kind][i];
        print_text(t, (struct str){k->text, k->n}, k->whole, k->number, k->pattern, k->id, k->user,
                   k->session);
    }
    if (shown < n)
        printf("        and %" PRIu64 " more: %s shows all\n", n - shown, all);
}

// ---- patterns

static void print_pattern(const struct test *t, enum filter_list list, size_t i)
{
    size_t n;
    const struct pattern *p = &filter_patterns(t->filter, list, &n)[i];
    const struct pattern_stats *s = &t->stats[list][i];
    char place[96], role[32];

    fputs(s->hits == 0 && t->options.colours ? "\033[2m" : "", stdout);
    printf("%5zu) %6" PRIu64 "  %s %s  ", i + 1, s->hits, test_place(p, place),
           test_key(t, p, role));
    test_put(stdout, str_of(p->text), 0);
    fputs(s->hits == 0 && t->options.colours ? "\033[0m\n" : "\n", stdout);
    if (s->behind)
        printf("               %" PRIu64 " more line%s it would match went to patterns before it\n",
               s->behind, plural(s->behind));
    if (s->limits)
        printf("               given up at a limit %" PRIu64 " time%s\n", s->limits,
               plural(s->limits));
    if (t->options.expand)
        printf("               %s\n", p->regex);
}

static void print_patterns(const struct test *t, enum filter_list list)
{
    size_t n, never = 0;
    uint64_t asked = 0;

    filter_patterns(t->filter, list, &n);
    for (size_t i = 0; i < n; i++)
        asked += t->stats[list][i].asked;
    if (n == 0 || (list == FILTER_CMDLINE && asked == 0))
        return;
    test_heading(t, list == FILTER_PATTERNS_ALL && !filter_is_foreign(t->filter)
                        ? "patterns"
                        : filter_list_names[list]);
    puts("    #)   hits  place, key, pattern");
    for (size_t i = 0; i < n; i++) {
        if (t->stats[list][i].hits || t->stats[list][i].limits || t->options.verbose)
            print_pattern(t, list, i);
        else
            never++;
    }
    if (never)
        printf("       %zu pattern%s never matched; --verbose shows them\n", never, plural(never));
}

struct timed {
    const struct pattern *p;
    uint64_t each, all, asked;
};

static int by_time(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;

    return x->all == y->all ? 0 : x->all < y->all ? 1 : -1;
}

static size_t collect_times(const struct test *t, struct timed *v)
{
    size_t count = 0;

    for (unsigned list = 0; list < FILTER_LISTS; list++) {
        size_t n;
        const struct pattern *p = filter_patterns(t->filter, list, &n);
        for (size_t i = 0; i < n; i++) {
            const struct pattern_stats *s = &t->stats[list][i];
            uint64_t each = s->measured ? s->ns / s->measured : 0;
            if (s->asked)
                v[count++] = (struct timed){
                    &p[i], each,
                    s->measured ? (uint64_t)((double)s->ns / (double)s->measured * (double)s->asked)
                                : 0,
                    s->asked};
        }
    }
    qsort(v, count, sizeof(*v), by_time);
    return count;
}

static void print_times(const struct test *t)
{
    size_t total = 0, n, most = t->options.verbose ? SIZE_MAX : 5;

    for (unsigned list = 0; list < FILTER_LISTS; list++) {
        filter_patterns(t->filter, list, &n);
        total += n;
    }
    struct timed *v = calloc(total + 1, sizeof(*v));
    n = v ? collect_times(t, v) : 0;
    if (n)
        test_heading(t, "time, most expensive first");
    for (size_t i = 0; i < n && i < most; i++) {
        char place[96];
        printf("%10.3f ms  %6.2f us each, asked %" PRIu64 " time%s  %s  ", (double)v[i].all / 1e6,
               (double)v[i].each / 1e3, v[i].asked, plural(v[i].asked), test_place(v[i].p, place));
        test_put(stdout, str_of(v[i].p->text), 60);
        putchar('\n');
    }
    if (n && t->asked_lines > TEST_MEASURE_ALL)
        printf("       (measured on the first %d lines that reached a pattern and on every %dth "
               "after)\n",
               TEST_MEASURE_ALL, TEST_MEASURE_EACH);
    free(v);
}

// ---- dates, ids, totals

static void print_date(uint64_t hits, const char *format)
{
    if (hits)
        printf("%8" PRIu64 "  %s\n", hits, format);
}

static void print_dates(const struct test *t)
{
    static const char *const forms[] = {"2026-11-22T18:55:40 (ISO 8601), by the source",
                                        "Nov 22 18:55:40, by the source",
                                        "Sun Nov 22 18:55:40 2026, by the source"};
    bool own;
    const struct date_detector *d = filter_dates(t->filter, &own);

    test_heading(t, "dates");
    for (size_t i = 0; i < 3; i++)
        print_date(t->source_dates[i], forms[i]);
    for (size_t i = 0; d && i < date_count_formats(d); i++)
        print_date(date_format_hits(d, i), date_format_name(d, i));
    print_date(t->undated, "lines without a stamp that the source knows");
    if (t->from_journal)
        puts("          the journal knows the time of each entry");
}

static int by_failures(const void *a, const void *b)
{
    const struct counted_id *x = *(const struct counted_id *const *)a,
                            *y = *(const struct counted_id *const *)b;

    if (x->failures != y->failures)
        return x->failures < y->failures ? 1 : -1;
    return strcmp(x->text, y->text);
}

static void print_ids(const struct test *t)
{
    const struct counted_id **v = calloc(t->n_ids + 1, sizeof(const struct counted_id *));
    size_t n = 0;

    for (size_t i = 0; v && i < TEST_IDS; i++)
        if (t->ids[i].text[0])
            v[n++] = &t->ids[i];
    if (n) {
        qsort(v, n, sizeof(*v), by_failures);
        test_heading(t, "who");
        puts("failures  successes  address (last user)");
    }
    for (size_t i = 0; i < n && i < (t->options.verbose ? TEST_IDS : TEST_SHOWN); i++) {
        printf("%8" PRIu64 "  %9" PRIu64 "  ", v[i]->failures, v[i]->successes);
        test_put(stdout, str_of(v[i]->text), 0);
        if (v[i]->user[0]) {
            fputs(" (", stdout);
            test_put(stdout, str_of(v[i]->user), 0);
            putchar(')');
        }
        putchar('\n');
    }
    if (!t->options.verbose && n > TEST_SHOWN)
        printf("          and %zu more; --verbose shows them\n", n - TEST_SHOWN);
    if (t->ids_lost)
        printf("          %" PRIu64 " of further addresses are not listed; %d are remembered\n",
               t->ids_lost, TEST_IDS * 3 / 4);
    free(v);
}

void test_print_totals(const struct test *t)
{
    uint64_t lines = 0, failures = 0;
    unsigned listed = 0;

    for (unsigned k = 0; k < TEST_KINDS; k++)
        lines += t->lines[k];
    test_heading(t, "total");
    printf("%" PRIu64 " line%s: %" PRIu64 " matched, %" PRIu64 " partial, %" PRIu64
           " ignored, %" PRIu64 " missed\n",
           lines, plural(lines), t->lines[TEST_MATCHED], t->lines[TEST_PARTIAL],
           t->lines[TEST_IGNORED], t->lines[TEST_MISSED]);
    for (unsigned i = 0; i < CLASS_MAX; i++)
        failures += t->failures[i];
    printf("%" PRIu64 " failure%s", failures, plural(failures));
    for (unsigned i = 0; i < CLASS_MAX; i++)
        if (t->failures[i] && t->failures[i] < failures)
            printf("%s%" PRIu64 " %s", listed++ ? ", " : " (", t->failures[i], class_names[i]);
    printf("%s, %" PRIu64 " success%s", listed ? ")" : "", t->successes,
           t->successes == 1 ? "" : "es");
    if (t->unattributed)
        printf(", %" PRIu64 " failure%s from nobody knows where", t->unattributed,
               plural(t->unattributed));
    if (t->untimed)
        printf("; %" PRIu64 " line%s would have matched, but nobody knows when: see --datepattern",
               t->untimed, plural(t->untimed));
    if (t->counts.truncated)
        printf("; %" PRIu64 " line%s cut at 64 KiB", t->counts.truncated,
               plural(t->counts.truncated));
    printf("; %.3f s", (double)t->took / (double)USEC_SEC);
    if (t->gated)
        printf("; %" PRIu64 " line%s without any text that a pattern needs", t->gated, plural(t->gated));
    putchar('\n');
}

static void print_head(const struct test *t)
{
    printf("filter  %s%s\n", t->filter_text,
           t->sessions                    ? ", with sessions"
           : filter_is_foreign(t->filter) ? ""
                                          : ", with roles");
    printf("log     ");
    test_put(stdout, str_of(t->options.log ? t->options.log : "this machine's journal"), 200);
    if (t->any_time) {
        char from[TIME_STRLEN], to[TIME_STRLEN];
        printf(", %s to %s", time_format(t->oldest, false, from),
               time_format(t->newest, false, to));
    }
    putchar('\n');
    if (filter_max_lines(t->filter) > 1)
        printf("        patterns may span %u lines\n", filter_max_lines(t->filter));
}

static void print_gate(const struct test *t)
{
    if (t->ungated.text[0])
        printf("gate    none, every line is looked at: %s\n", t->ungated.text);
}

void test_print(const struct test *t)
{
    print_head(t);
    print_gate(t);
    print_patterns(t, FILTER_PREFIX);
    print_patterns(t, FILTER_PATTERNS_ALL);
    print_patterns(t, FILTER_IGNORE);
    print_patterns(t, FILTER_CMDLINE);
    print_dates(t);
    print_ids(t);
    test_sessions_print(t);
    print_times(t);
    print_kept(t, TEST_MATCHED, "matched lines", "--print-all-matched");
    print_kept(t, TEST_PARTIAL, "lines that contribute, but are no failure by themselves",
               "--print-all-matched");
    print_kept(t, TEST_IGNORED, "ignored lines", "--print-all-ignored");
    print_kept(t, TEST_MISSED, "missed lines", "--print-all-missed");
    test_print_totals(t);
}
