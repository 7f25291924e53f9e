// SPDX-License-Identifier: GPL-2.0-or-later
// cli: values as fail2ban's jails write them.
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "import/value.h"

// What fail2ban 1.0.2 makes of the same text.
static void numbers_and_times(void **state)
{
    static const struct {
        const char *text;
        double wanted;
    } cases[] = {
        {"600", 600},         {"10m", 600},       {"1h30m", 5400},        {"1d 12h", 129600},   {"1 hour", 3600},
        {"2 weeks", 1209600}, {"60*10", 600},     {"60 * 60", 3600},      {"1hour+30min", 5400}, {"-1", -1},
        {"1mo", 2629800},     {"1y", 31557600},   {"1year-6mo", 15778800}, {"(1+2)*3", 9},       {"2d/2", 86400},
        {"1.5h", 5400},       {"10MI", 600},      {"5SS", 5},             {"--5", 5},           {"7 da 1 ho", 608400},
    };
    double v;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (f2b_number(str_of(cases[i].text), true, &v) < 0 || fabs(v - cases[i].wanted) > 0.001)
            fail_msg("%s: %f, not %f", cases[i].text, v, cases[i].wanted);
    }
    assert_int_equal(f2b_number(STR("2.0 / 2.885385"), false, &v), 0);
    assert_true(fabs(exp(v) - 2) < 0.001);
}

static void what_is_no_number(void **state)
{
    static const char *const cases[] = {
        "", " ", "a while", "10x", "1h,30m", "(1", "1)", "1/0", "2**3", "7//2", "1e3", "0x10", "__import__('os')", "1 +", "m", "1 2x",
    };
    char deep[100];
    double v = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (f2b_number(str_of(cases[i]), true, &v) != -EINVAL)
            fail_msg("%s was read", cases[i]);
    assert_int_equal(f2b_number(STR("10m"), false, &v), -EINVAL); // no units in factors
    memset(deep, '(', sizeof(deep));
    assert_int_equal(f2b_number((struct str){deep, sizeof(deep)}, true, &v), -EINVAL);
    memset(deep, '-', sizeof(deep));
    assert_int_equal(f2b_number((struct str){deep, sizeof(deep)}, true, &v), -EINVAL);
    assert_true(v == 42);
}

static void numbers_are_bounded(void **state)
{
    char text[201];
    double v;

    (void)state;
    memset(text, '1', sizeof(text));
    assert_int_equal(f2b_number((struct str){text, 199}, true, &v), 0);
    assert_int_equal(f2b_number((struct str){text, 200}, true, &v), -EINVAL);
}

static void flags(void **state)
{
    bool yes = false;

    (void)state;
    assert_true(f2b_flag(STR("True"), &yes) == 0 && yes);
    assert_true(f2b_flag(STR(" off "), &yes) == 0 && !yes);
    assert_int_equal(f2b_flag(STR("maybe"), &yes), -EINVAL);
    assert_int_equal(f2b_flag(STR(""), &yes), -EINVAL);
}

static void lists_and_networks(void **state)
{
    struct str list = STR(" 192.0.2.1,10.0.0.0/255.255.0.0\n, ::1 ");
    char buf[PREFIX_STRLEN];
    struct prefix p;

    (void)state;
    assert_int_equal(f2b_network(f2b_word(&list), &p), 0);
    assert_string_equal(prefix_format(&p, buf), "192.0.2.1");
    assert_int_equal(f2b_network(f2b_word(&list), &p), 0);
    assert_string_equal(prefix_format(&p, buf), "10.0.0.0/16");
    assert_int_equal(f2b_network(f2b_word(&list), &p), 0);
    assert_string_equal(prefix_format(&p, buf), "::1");
    assert_int_equal(f2b_word(&list).n, 0);
    assert_int_equal(f2b_network(STR("10.0.0.0/255.0.255.0"), &p), -EINVAL); // a hole
    assert_int_equal(f2b_network(STR("10.0.0.0/0.0.0.0"), &p), 0);
    assert_int_equal(f2b_network(STR("office.example.org"), &p), -EINVAL);
    assert_int_equal(f2b_network(STR("::1/255.255.0.0"), &p), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_times), cmocka_unit_test(what_is_no_number), cmocka_unit_test(numbers_are_bounded),
        cmocka_unit_test(flags),             cmocka_unit_test(lists_and_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
