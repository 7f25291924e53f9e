// SPDX-License-Identifier: GPL-2.0-or-later
// How far a pattern got: patterns cut short.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "filter/explain.h"
#include "filter/outline.h"

struct expected {
    const char *pattern, *subject;
    const char *fails; // the pattern from the piece that failed on; NULL: nothing of it matches
    size_t begin, end;
};

static void explain(const struct expected *x)
{
    struct filter_error error;
    struct matcher m;
    struct pattern p;
    struct explain e;

    assert_int_equal(matcher_init(&m), 0);
    assert_int_equal(
        pattern_compile(&p, &m, str_of(x->pattern), (struct origin){"x.conf", 1}, 0, &error), 0);
    assert_false(pattern_match(&p, &m, str_of(x->subject)));
    assert_int_equal(explain_miss(&p, &m, str_of(x->subject), &e), 0);
    assert_false(e.not_understood);
    assert_int_equal(e.any, x->fails != NULL);
    if (x->fails) {
        assert_string_equal(p.text + e.pattern, x->fails);
        assert_int_equal(e.begin, x->begin);
        assert_int_equal(e.end, x->end);
    }
    pattern_clear(&p);
    matcher_destroy(&m);
}

static void test_where_it_fails(void **state)
{
    static const struct expected cases[] = {
        {"^abc$", "abd", "c$", 0, 2},
        {"^abc$", "abcd", "$", 0, 3},
        {"abc", "xyz", NULL, 0, 0},
        {"^Peer <F-USER>.*</F-USER> failed$", "Peer alice passed", "failed$", 0, 11},
        {"^from <ADDR> port", "from nowhere port", "<ADDR> port", 0, 5},
        {"^from <ADDR> port", "from 192.0.2.1 gate", "port", 0, 15},
        {"^from <ADDR> port", "to 192.0.2.1", "from <ADDR> port", 0, 0},
        {"^a(?:bc|de)f", "adx", "e)f", 0, 2},
        {"^a(?:bc|de)f", "abcx", "f", 0, 3},
        {"b(?=c)d", "xbd", "(?=c)d", 1, 2},
        {"^x\\d{3}y", "x12y", "\\d{3}y", 0, 1},
        {"^<F-USER>\\S+</F-USER> in [ab]+$", "bob in c", "[ab]+$", 0, 7},
        {"^(?P<q>['\"])x(?P=q)$", "'x\"", "(?P=q)$", 0, 2},
        {"<@pppd>^Exit\\.$", "Exit!", "\\.$", 0, 4},
        {"^[]a]b", "]c", "b", 0, 1},
        {"^(?i)ab", "AC", "b", 0, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        explain(&cases[i]);
}

static void test_pieces(void **state)
{
    struct outline o;

    (void)state;
    assert_int_equal(
        outline_new(STR("^a{2,3}?[^b-d\\]]*(?:x|<F-USER>.+</F-USER>)<ADDR>"), false, &o), 0);
    assert_true(o.understood);
    assert_int_equal(o.n, 11);
    assert_int_equal(o.v[0].kind, ELEMENT_ASSERT);
    assert_int_equal(o.v[1].min, 2);
    assert_int_equal(o.v[1].max, 3);
    assert_true(o.v[1].lazy);
    assert_true(element_has(&o.v[2], 'a'));
    assert_false(element_has(&o.v[2], 'c'));
    assert_false(element_has(&o.v[2], ']'));
    assert_int_equal(o.v[2].max, UINT_MAX);
    assert_int_equal(o.v[3].kind, ELEMENT_OPEN);
    assert_int_equal(o.v[3].partner, 9);
    assert_int_equal(o.v[9].partner, 3);
    assert_false(o.v[4].user);
    assert_true(o.v[7].user);
    assert_int_equal(o.v[10].kind, ELEMENT_TAG);
    assert_int_equal(o.v[10].tag, TAG_ADDRESS);
    outline_clear(&o);

    assert_int_equal(outline_new(STR("<ADDR>(?:a)(b)\\3(?P<q>c)(?P=q)"), false, &o), 0);
    assert_int_equal(o.n, 12);
    assert_true(o.v[7].refers);
    assert_int_equal(o.v[7].partner, 4);
    assert_true(o.v[11].refers);
    assert_int_equal(o.v[11].partner, 8);
    outline_clear(&o);

    static const char *const strange[] = {"a)", "(a", "[a", "a\\", "\\Qa\\E", "\\pL"};
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
        assert_int_equal(outline_new(str_of(strange[i]), false, &o), 0);
        assert_false(o.understood);
        outline_clear(&o);
    }
}

// More pieces, and more groups inside each other, than there is room for.
static void test_bounds(void **state)
{
    static char text[2 * OUTLINE_MAX];
    struct outline o;

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(outline_new((struct str){text, OUTLINE_MAX}, false, &o), 0);
    assert_true(o.understood);
    assert_int_equal(o.n, OUTLINE_MAX);
    outline_clear(&o);
    assert_int_equal(outline_new((struct str){text, OUTLINE_MAX + 1}, false, &o), 0);
    assert_false(o.understood);
    outline_clear(&o);
    memset(text, '(', 100);
    memset(text + 100, ')', 100);
    assert_int_equal(outline_new((struct str){text, 200}, false, &o), 0);
    assert_false(o.understood);
    outline_clear(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_it_fails),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
