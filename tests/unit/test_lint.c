// SPDX-License-Identifier: GPL-2.0-or-later
// Lint finds what is planted, is silent about what is right, and what it says can be done can be
// done.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include "filter/foreign.h"
#include "filter/inspect.h"
#include "filter/lint.h"
#include "filter/outline.h"

struct found {
    unsigned kinds; // bits
    unsigned n;
    const struct filter *filter;
    struct lint_finding last[LINT_KINDS];
};

static void on_finding(void *userdata, const struct lint_finding *f)
{
    struct found *x = userdata;

    if (f->excuse[0])
        return;
    x->kinds |= 1U << f->kind;
    x->n++;
    x->last[f->kind] = *f;
    assert_true(f->why[0] != '\0' && f->accepted && f->accepted[0] != '\0');
    assert_true(f->from <= f->to && f->to <= strlen(f->pattern->text));
    assert_true(f->n_attack <= LINT_ATTACK && f->n_attack <= f->attack_whole);
}

static struct filter *load_patterns(const char *patterns)
{
    const struct filter_param params[] = {{STR("failregex"), str_of(patterns)}};
    static const char *const dirs[] = {NULL};
    const struct filter_options options = {.dirs = dirs, .params = params, .n_params = 1};
    struct filter_error error;
    struct filter *f = NULL;

    if (filter_load(NULL, &options, &f, &error) < 0)
        fail_msg("%s: %s", patterns, error.text);
    return f;
}

static struct found lint(struct filter *f)
{
    struct found x = {.filter = f};
    struct lint_counts counts;

    assert_int_equal(lint_filter(f, on_finding, &x, &counts), 0);
    assert_int_equal(counts.skipped, 0);
    return x;
}

// Whom the filter, loaded anew and asked as the service asks it, would count for this line.
static bool counts_victim(const char *patterns, const struct lint_finding *finding)
{
    struct filter *f = load_patterns(patterns);
    struct str line = {finding->attack, finding->n_attack};
    const struct record r = {.time = 1, .line = line, .message = line};
    const struct finding *found;

    bool victim = filter_feed(f, &r, &found) && str_eq(finding_id(found), STR("192.0.2.66"));
    filter_free(f);
    return victim;
}

#define BIT(kind) (1U << LINT_##kind)

static const struct {
    const char *patterns;
    unsigned kinds;
} cases[] = {
    // right
    {"^Failed password for <F-USER>.*</F-USER> from <ADDR>$", 0},
    {"^Failed password for <F-USER>.*</F-USER> from <ADDR> port \\d+$", 0},
    {"^login from <ADDR> failed: .*$", 0},
    {"^refused (?:tcp|udp) <ADDR>\n^accepted never <ADDR>$", 0},
    {"^version \\d+\\.\\d+ refuses <ADDR>$", 0},
    {"^(?:h\\w+ )?daemon: refused <ADDR>$", 0},
    // may begin anywhere
    {"Failed password from <ADDR>$", BIT(UNANCHORED)},
    {"(?:Failed|Refused) password from <ADDR>$", BIT(UNANCHORED)},
    {"^.*Failed password from <ADDR>$", BIT(UNANCHORED)},
    // the address that an attacker writes
    {"^Failed password for <F-USER>.*?</F-USER> from <ADDR>", BIT(FORGED)},
    {"^Failed password for <F-USER>.*?</F-USER> from <ADDR>$",
     0}, // lazy, but the end leaves no choice
    {"^Failed password for <F-USER>\\S+</F-USER> from <ADDR>", BIT(FORGED)},
    {"^Failed password for user \\S+ from <ADDR>", BIT(FORGED)},
    {"^Failed password for <F-USER>.*</F-USER> from <ADDR>",
     BIT(FORGED)}, // what follows the address
    {"^Failed password for <F-USER>.*</F-USER> from <ADDR>.*$", BIT(FORGED)},
    {"^\\(Failed <F-USER>.*</F-USER> from <ADDR>.*\\)$",
     BIT(FORGED)}, // what follows it, inside a fixed end
    {"^User '<F-USER>[^']*</F-USER>' from <HOST> denied", BIT(FORGED)},
    {"^ruser=<F-USER>(?:\\S*|.*?)</F-USER> rhost=<HOST>(?:\\s+user=.*)?$", BIT(FORGED)},
    // give up
    {"^user <F-USER>(?:\\w+\\s?)+</F-USER> refused <ADDR>$", BIT(BACKTRACKS)},
    {"^login (?:\\S+\\s*)*bad from <ADDR>$", BIT(BACKTRACKS)},
    {"^a .*x.*y.*z.* from <ADDR>$", BIT(BACKTRACKS)},
    {"^a .*x.* from <ADDR>$", 0}, // the square of a name's length is borne
    // dots
    {"^login from 10.0.0.1 as <ADDR>$", BIT(DOT)},
    {"^version \\d+.\\d+ refuses <ADDR>$", BIT(DOT)},
    // literals
    {"^\\S+ \\d+ <ADDR>$", BIT(LITERAL)},
    {"^(?i)refused <ADDR>$", BIT(LITERAL)},
    // never win
    {"^refused <ADDR>$\n^refused <ADDR>$", BIT(DUPLICATE)},
    {"^refused \\S+ from <ADDR>$\n^refused (?:bob|eve) from <ADDR>$", BIT(SHADOWED)},
    {"^refused (.*) as (?:\\1) from <ADDR>$\n^refused .* as .* from <ADDR>$", 0},
    {"^refused (?:bob|eve) from <ADDR>$\n^refused [a-z]+ from <ADDR>$", 0},
};

static void test_planted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct filter *f = load_patterns(cases[i].patterns);
        struct found x = lint(f);
        unsigned wanted = cases[i].kinds, other = BIT(FORGED) | BIT(UNANCHORED);
        // a loose pattern may well have other faults too; a right one has none
        if (wanted == 0 ? x.kinds != 0 : (x.kinds & wanted) != wanted)
            fail_msg("%s: %#x, not %#x: %s", cases[i].patterns, x.kinds, wanted, x.last[0].why);
        if ((wanted & other) == 0 && x.kinds != wanted)
            fail_msg("%s: %#x beside %#x", cases[i].patterns, x.kinds, wanted);
        filter_free(f);
    }
}

static void test_attacks_are_true(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct filter *f = load_patterns(cases[i].patterns);
        struct found x = lint(f);
        if (x.kinds & BIT(FORGED))
            assert_true(counts_victim(cases[i].patterns, &x.last[LINT_FORGED]));
        if (x.kinds & BIT(UNANCHORED))
            assert_true(counts_victim(cases[i].patterns, &x.last[LINT_UNANCHORED]));
        if (x.kinds & BIT(BACKTRACKS)) {
            const struct lint_finding *b = &x.last[LINT_BACKTRACKS];
            struct filter *again = load_patterns(cases[i].patterns);
            struct str line = {b->attack, b->n_attack};
            const struct record r = {.time = 1, .line = line, .message = line};
            const struct finding *found;
            assert_int_equal(b->n_attack, b->attack_whole);
            assert_false(filter_feed(again, &r, &found));
            assert_int_equal(filter_counters(again)->limit_hits, 1);
            filter_free(again);
        }
        filter_free(f);
    }
}

// Roles that tell no address do harm too when they can be pretended.
static void test_roles(void **state)
{
    static const char *const text[] = {
        "[Definition]\nfailregex = <@d>^bad <F-USER>.*</F-USER>$\n[Session]\nbegin = <@d>^from "
        "<ADDR>$\n"
        "success = <@d>^welcome\n",
        "[Definition]\nfailregex = <@d>^bad <F-USER>.*</F-USER>$\n[Session]\nbegin = <@d>^from "
        "<ADDR>$\n"
        "success = <@d>welcome\n",
        "# lint accepts unanchored: nobody else can write here\n# lint accepts forged:\n"
        "[Definition]\nfailregex = <@d>^bad <F-USER>.*</F-USER>$\n[Session]\nbegin = <@d>^from "
        "<ADDR>$\n"
        "success = <@d>welcome\n",
        "# lint accepts unanchored:\n" // without a reason
        "[Definition]\nfailregex = <@d>^bad <F-USER>.*</F-USER>$\n[Session]\nbegin = <@d>^from "
        "<ADDR>$\n"
        "success = <@d>welcome\n",
    };
    char dir[] = "/tmp/pptpban-lint-XXXXXX", path[64];
    const char *dirs[] = {dir, NULL};
    const struct filter_options options = {.dirs = dirs};
    struct filter_error error;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/x.conf", dir);
    for (size_t i = 0; i < 4; i++) {
        struct filter *f;
        FILE *out = fopen(path, "w");
        fputs(text[i], out);
        fclose(out);
        assert_int_equal(filter_load("x", &options, &f, &error), 0);
        struct found x = lint(f);
        assert_int_equal(x.kinds, i % 2 ? BIT(UNANCHORED) : 0);
        if (i == 1) {
            assert_int_equal(x.last[LINT_UNANCHORED].pattern->role, ROLE_SUCCESS);
            assert_int_equal(x.last[LINT_UNANCHORED].pattern->at.line, 5);
        }
        filter_free(f);
    }
    unlink(path);
    rmdir(dir);
}

static struct filter *load_own(const char *name)
{
    const char *dirs[] = {FILTERS, NULL};
    const struct filter_options options = {.dirs = dirs};
    struct filter_error error;
    struct filter *f = NULL;

    if (filter_load(name, &options, &f, &error) < 0)
        fail_msg("%s", error.text);
    return f;
}

static void for_each_own(void (*check)(const char *name, struct filter *f))
{
    glob_t g;
    size_t n = 0;

    assert_int_equal(glob(FILTERS "/*.conf", 0, NULL, &g), 0);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        char *name = strrchr(g.gl_pathv[i], '/') + 1;
        *strrchr(name, '.') = '\0';
        struct filter *f = load_own(name);
        check(name, f);
        filter_free(f);
        n++;
    }
    globfree(&g);
    assert_true(n > 0);
}

static void is_clean(const char *name, struct filter *f)
{
    struct found x = lint(f);

    for (unsigned k = 0; k < LINT_KINDS; k++)
        if (x.kinds >> k & 1)
            fail_msg("%s: %s: %s: %s", name, lint_names[k], x.last[k].pattern->text, x.last[k].why);
}

static void test_own_filters_are_clean(void **state)
{
    (void)state;
    for_each_own(is_clean);
}

static unsigned mutants, users;

// A pattern of ours alone, spoilt: the beginning of anchor, or what stands behind the address,
// taken away.
static void finds_mutants(const char *name, struct filter *f)
{
    static const enum group ids[] = {GROUP_IP4, GROUP_IP6};
    size_t n;
    const struct pattern *v = filter_patterns(f, FILTER_PATTERNS_ALL, &n);

    for (size_t i = 0; i < n; i++) {
        const char *anchor = strchr(v[i].text, '^'), *address = strstr(v[i].text, "<ADDR>");
        char text[PATTERN_MAX];
        if (v[i].link_ident || !v[i].group[ids[0]] || !anchor ||
            outline_text(v[i].text).p != anchor || !address)
            continue;
        snprintf(text, sizeof(text), "%.*s(?:)%s", (int)(anchor - v[i].text), v[i].text,
                 anchor + 1);
        struct filter *loose = load_patterns(text);
        if (!(lint(loose).kinds & BIT(UNANCHORED)))
            fail_msg("%s: without '^' and not found: %s", name, text);
        filter_free(loose);
        mutants++;
        const char *user = strstr(v[i].text, "<F-USER>.*</F-USER>");
        if (!user || user > address || address[6] == '\0')
            continue;
        // lazy, and with an open end
        snprintf(text, sizeof(text), "%.*s<F-USER>.*?</F-USER>%.*s", (int)(user - v[i].text),
                 v[i].text, (int)(address + 6 - user - 19), user + 19);
        struct filter *lazy = load_patterns(text);
        if (!(lint(lazy).kinds & BIT(FORGED)))
            fail_msg("%s: an address can be forged, and not found: %s", name, text);
        filter_free(lazy);
        users++;
    }
}

static void test_mutants(void **state)
{
    (void)state;
    for_each_own(finds_mutants);
    assert_true(mutants >= 10);
    assert_true(users >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted), cmocka_unit_test(test_attacks_are_true),
        cmocka_unit_test(test_roles),   cmocka_unit_test(test_own_filters_are_clean),
        cmocka_unit_test(test_mutants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
