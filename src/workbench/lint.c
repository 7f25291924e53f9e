// SPDX-License-Identifier: GPL-2.0-or-later
// Prints what lint finds in a filter.
#include <errno.h>

#include "cli/exit.h"
#include "cli/output.h"
#include "workbench/test.h"
#include "filter/lint.h"

struct printing {
    const struct test *t;
    unsigned n, excused;
};

static void print_finding(void *userdata, const struct lint_finding *f)
{
    struct printing *x = userdata;
    char other[96], key[32];
    struct str text = str_of(f->pattern->text);

    if (f->excuse[0]) {
        x->excused++;
        return;
    }

    printf("%s", x->n++ ? "\n" : "");
    output_styled(stdout, x->t->options.colours,
                  f->kind <= LINT_BACKTRACKS ? STYLE_RED : STYLE_YELLOW, lint_names[f->kind]);
    if (f->pattern->at.file)
        printf("  %s:%u", f->pattern->at.file, f->pattern->at.line);
    printf("  %s\n", test_key(x->t, f->pattern, key));
    if (f->to > f->from) {
        test_print_marked(x->t, text, f->to - 1 > f->from ? f->from : f->to - 1, f->to - 1);
    } else {
        fputs("        ", stdout);
        test_put(stdout, text, 200);
        putchar('\n');
    }
    printf("    %s\n", f->why);
    if (f->other) {
        printf("    the other is %s: ", test_place(f->other, other));
        test_put(stdout, str_of(f->other->text), 100);
        putchar('\n');
    }
    if (f->n_attack) {
        printf("    tried:    ");
        test_put(stdout, (struct str){f->attack, f->n_attack}, 240);
        putchar('\n');
    }
    printf("    accepted: %s\n", f->accepted);
}

static unsigned print_unused(const struct test *t)
{
    size_t n;
    unsigned unused = 0;
    const struct pattern *v = filter_patterns(t->filter, FILTER_PATTERNS_ALL, &n);
    char place[96], key[32];

    for (size_t i = 0; i < n; i++) {
        if (t->stats[FILTER_PATTERNS_ALL][i].hits)
            continue;
        if (unused++ == 0)
            test_heading(t, "never matched in this log");
        printf("    %s %s  ", test_place(&v[i], place), test_key(t, &v[i], key));
        test_put(stdout, str_of(v[i].text), 120);
        putchar('\n');
    }
    return unused;
}

int test_lint(const struct test *t)
{
    struct printing x = {.t = t};
    struct lint_counts counts;

    if (t->options.log || t->options.journal) {
        print_unused(t);
        test_heading(t, "lint");
    }
    int r = lint_filter(t->filter, print_finding, &x, &counts);
    if (r < 0) {
        fprintf(stderr, "pptpban: %s\n", strerror(-r));
        return EXIT_FAILED;
    }
    printf("%s%u finding%s in %u pattern%s(%s)", x.n ? "\n" : "", x.n, x.n == 1 ? "" : "s",
           counts.patterns, counts.patterns == 1 ? " " : "s ", t->filter_text);
    if (x.excused)
        printf("; %u more that the file says are all right", x.excused);
    if (counts.skipped)
        printf("; %u could not be taken to pieces", counts.skipped);
    putchar('\n');
    return x.n ? EXIT_FAILED : EXIT_DONE;
}
