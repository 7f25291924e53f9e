// SPDX-License-Identifier: GPL-2.0-or-later
// Dates in lines that no source could read: which part is one, and which time it means.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "filter/date.h"

static const usec_t noon = INT64_C(1124013600) * USEC_SEC; // 2005-08-14 10:00:00 UTC, 12:00 here

static int setup(void **state)
{
    (void)state;
    setenv("TZ", "CET-01CEST-02,M3.5.0,M10.5.0", 1);
    tzset();
    return 0;
}

static struct date_detector *detector(const char *patterns)
{
    struct date_detector *d = NULL;
    struct filter_error error;
    struct text text = {0};

    assert_int_equal(text_add(&text, str_of(patterns), (struct origin){"f.conf", 3}), 0);
    if (date_detector_new(&text, &d, &error) < 0)
        fail_msg("%s", error.text);
    text_clear(&text);
    return d;
}

struct date_case {
    const char *line, *cut; // cut NULL: no date
    double time;            // -1: cut, but no time
};

static void expect(const char *patterns, const struct date_case *c, size_t n)
{
    struct date_detector *d = detector(patterns);

    for (size_t i = 0; i < n; i++) {
        struct date_match m;
        bool found = date_find(d, str_of(c[i].line), noon, &m);
        if (found != (c[i].cut != NULL))
            fail_msg("%s: %s", c[i].line, found ? "found" : "not found");
        if (!found)
            continue;
        struct str cut = {c[i].line + m.begin, m.end - m.begin};
        if (!str_eq(cut, str_of(c[i].cut)))
            fail_msg("%s: cut '%.*s'", c[i].line, STR_FMT(cut));
        assert_int_equal(m.has_time, c[i].time >= 0);
        if (m.has_time && m.time != (usec_t)(c[i].time * 1e6 + 0.5))
            fail_msg("%s: %lld", c[i].line, (long long)m.time);
    }
    date_detector_free(d);
}

static void formats_known_without_being_told(void **state)
{
    static const struct date_case cases[] = {
        {"2005-01-23T21:59:59 x", "2005-01-23T21:59:59", 1106513999},
        {"2005-01-23 21:59:59.25 x", "2005-01-23 21:59:59.25", 1106513999.25},
        {"2005-01-23T21:59:59.981746+02:00 x", "2005-01-23T21:59:59.981746+02:00", 1106510399.981746},
        {"2005/01/23 21:59:59 -0330 x", "2005/01/23 21:59:59 -0330", 1106530199},
        {"2005-01-23T21:59:59Z x", "2005-01-23T21:59:59Z", 1106517599},
        {"Jan 23 21:59:59 host x", "Jan 23 21:59:59", 1106513999},
        {"Sun Jan 23 21:59:59.011 2005 x", "Sun Jan 23 21:59:59.011 2005", 1106513999.011},
        {"Jan 23 2005 21:59:59 x", "Jan 23 2005 21:59:59", 1106513999},
        {"23/01/2005 21:59:59 x", "23/01/2005 21:59:59", 1106513999},
        {"23/01/05 21:59:59 x", "23/01/05 21:59:59", 1106513999},
        {"1.2.3.4 - - [23/Jan/2005:21:59:59 +0100] x", "23/Jan/2005:21:59:59 +0100", 1106513999},
        {"01/23/2005:21:59:59 x", "01/23/2005:21:59:59", 1106513999},
        {"01-23-2005 21:59:59 x", "01-23-2005 21:59:59", 1106513999},
        {"1106513999 x", "1106513999", 1106513999},
        {"[1106513999.123] x", "1106513999.123", 1106513999.123},
        {"type=X msg=audit(1106513999.123:45): x", "1106513999.123", 1106513999.123},
        {"<01/23/05@21:59:59> x", "<01/23/05@21:59:59>", 1106513999},
        {"050123 21:59:59 x", "050123 21:59:59", 1106513999},
        {"Jan 23, 2005 9:59:59 PM x", "Jan 23, 2005 9:59:59 PM", 1106513999},
        {"Jan-23-05 21:59:59 x", "Jan-23-05 21:59:59", 1106513999},
        {"20050123T215959 x", "20050123T215959", 1106513999},
        {"EST Jan 23 15:59:59 x", "EST Jan 23 15:59:59", 1106513999},
        {"@4000000041f4104f00000000 x", "@4000000041f4104f00000000", 1106513999},
        {"[Jan 23 21:59:59] x", "Jan 23 21:59:59", 1106513999},
        // guessed: this year, or the last; today, or yesterday
        {"Aug 15 10:00:00 x", "Aug 15 10:00:00", 1124092800},
        {"Aug 16 12:00:00 x", "Aug 16 12:00:00", 1092650400},
        {"11:59:59 x", "11:59:59", 1124013599},
        {"12:00:01 x", "12:00:01", 1123927201},
        // none
        {"no date here", NULL, 0},
        {"1106513999x", NULL, 0},
        {"xJan 23 21:59:59", NULL, 0},
        {"", NULL, 0},
    };
    (void)state;
    expect("", cases, sizeof(cases) / sizeof(cases[0]));
}

static void formats_of_a_filter(void **state)
{
    static const struct date_case own[] = {{"[23.01.2005 21-59-59] x", "23.01.2005 21-59-59", 1106513999},
                                           {"2005-01-23 21:59:59 x", NULL, 0}};
    static const struct date_case anchored[] = {{"Jan 23 21:59:59 x", "Jan 23 21:59:59", 1106513999},
                                                {"[Jan 23 21:59:59 x", "Jan 23 21:59:59", 1106513999},
                                                {"then Jan 23 21:59:59 x", NULL, 0}};
    static const struct date_case inside[] = {{"L=2005-01-23 21:59:59 x", "2005-01-23 21:59:59", 1106513999},
                                              {"2005-01-23 21:59:59 x", NULL, 0}};
    static const struct date_case empty[] = {{"W: x", "", -1}, {"W: 2005-01-23 21:59:59", "", -1}};
    static const struct date_case several[] = {{"A 1106513999", "1106513999", 1106513999},
                                               {"B 1106513999123", "1106513999123", 1106513999.123},
                                               {"B 1106513999123456", "1106513999123456", 1106513999.123456},
                                               {"B 99999999999", "99999999999", 99999999999.0},
                                               {"B 99999999999000000", "99999999999000000", 99999999999.0},
                                               {"B 950000000202", NULL, 0}, // the year 32074
                                               {"B 950000000202000", NULL, 0}};
    static const struct date_case years[] = {{"0000-05-13 x", "0000-05-13", -1}, {"2005-01-23 x", "2005-01-23", 1106434800}};
    (void)state;
    expect("^(%Y-%m-%d)", years, 2); // no calendar has a year 0
    expect("^\\[(%d\\.%m\\.%Y %H-%M-%S)\\]", own, 2);
    expect("{^LN-BEG}", anchored, 3);
    expect("^L=({DATE})", inside, 2);
    expect("^W:()**", empty, 2);
    expect("^A ({EPOCH})\n^B ({LEPOCH})$", several, sizeof(several) / sizeof(several[0]));
}

// A cut beside a letter could make texts that the line does not have; where it cannot be, the gate relies on it.
static void cuts_between_words(void **state)
{
    static const struct {
        const char *pattern;
        bool certain;
    } cases[] = {
        {"", true},
        {"{^LN-BEG}", true},
        {"{^LN-BEG}%b %d %H:%M:%S", true},
        {"Epoch", true},
        {"TAI64N", false}, // "failed@4000.. from"
        {"{^LN-BEG}TAI64N", true},
        {"^%Y:%m:%d-%H:%M:%S", true},
        {"^\\[%d/%b/%Y %H:%M:%S\\]", true},
        {"^{DATE}", true},
        {"^<W>{DATE}", true},
        {"%Y-%m-%d at %H:%M", true},
        {"%d/%b[^/]*/%Y:%H:%M:%S %z", false}, // may begin with a blank: "failed 5/Jan.. from"
        {"%ExY-%m-%d(?:T| +)%H:%M:%S(?:[.,]%f)?(?:\\s*%z)?", true},
        {"%Y-%m-%d(?:T| +)?", false},
        {"%Y-%m-%d(?: |x)", false},
        {"^[^\\[]*\\[({DATE})", true},
        {"^[^-]+ -- - ({DATE})", true},
        {"(%Y-%m-%d)!", true},
        {"\\[%d/%b/%Y %H:%M:%S\\]", false}, // "a[..]b"
        {"^[^\\[]*(\\[{DATE}\\s*\\])", false},
        {"{DATE}", true},
        {"x{DATE}", true},
        {"-{DATE}", false}, // one of the usual ones is <...>
        {"**%Y%m%d**", false},
        {"%Y%m%d**", false}, // a word's byte behind it
        {"**%Y%m%d", false},
        {"ts({EPOCH}|%S)z", false},
        {"t=({EPOCH})z", false}, // '=' might belong to (?=
        {"a\\_(%Y)b", false},
        {"a\\\\[(%Y)]b%Y", false}, // a backslash and a class
        {"a\\\\(%Y)b", false}, // a word's byte behind it
        {"a\\\\(%Y)", true},
        {"a - (%Y) b", true},
        {"a - (%Y) ?b", false},
        {"a - (%Y.)", false},
        {"a - (%Y|x)", false},
        {"%Y - (%m-%d)", false}, // the year is cut out
        {"^a|%Y!", false},
        {"!%Y|%H:%M:%S", false},
        {"(?x)a - (%Y)b", false},
        {"(?<y>a) (%Y)b", false},
        {"(?:(a)| (%Y))b", false},
        {"[[:alpha:] (](%Y)b", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct filter_error error;
        struct date_detector *d = NULL;
        struct text text = {0};
        assert_int_equal(text_add(&text, str_of(cases[i].pattern), (struct origin){"f.conf", 3}), 0);
        int r = date_detector_new(&text, &d, &error);
        text_clear(&text);
        if (r < 0)
            fail_msg("%s: %s", cases[i].pattern, error.text);
        if (date_cuts_between_words(d) != cases[i].certain)
            fail_msg("%s", cases[i].pattern);
        date_detector_free(d);
    }
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *pattern, *message;
    } cases[] = {
        {"%Y-%q",
         "f.conf:3: '%q' in datepattern is no part of a date; a letter of strptime(3) or one of %ExY %Exy %Exm %Exd "
         "%ExH %ExM %ExS %f %k %l is wanted"},
        {"^(%Y", "f.conf:3: datepattern '^(%Y' is no regular expression: missing closing parenthesis; pcre2pattern(3) "
                 "says what is"},
        {"^hello", "f.conf:3: datepattern '^hello' can be no date: it has no part of one; a letter of strptime(3) behind "
                   "'%', {DATE}, {EPOCH} or TAI64N is wanted"},
        {"%d %H:%M", "f.conf:3: datepattern '%d %H:%M' can be no date: it has a day but no month; %m or %b as well is "
                     "wanted"},
        {"%M:%S", "f.conf:3: datepattern '%M:%S' can be no date: it has minutes but no hour; %H or %I as well is wanted"},
        {"%H %p", "f.conf:3: datepattern '%H %p' can be no date: it has %p but no hour of twelve; %I as well is wanted"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct date_detector *d = NULL;
        struct filter_error error;
        struct text text = {0};
        text_add(&text, str_of(cases[i].pattern), (struct origin){"f.conf", 3});
        assert_int_equal(date_detector_new(&text, &d, &error), -EINVAL);
        assert_string_equal(error.text, cases[i].message);
        assert_null(d);
        text_clear(&text);
    }
}

static void bounds(void **state)
{
    static char long_line[1 << 20], pattern[8192];
    struct date_match m;
    struct filter_error error;
    struct text text = {0};
    struct date_detector *d = detector("");

    (void)state;
    memset(long_line, ' ', sizeof(long_line)); // and then the other bytes that dates are made of
    assert_false(date_find(d, (struct str){long_line, sizeof(long_line)}, noon, &m));
    memset(long_line, '1', sizeof(long_line));
    assert_false(date_find(d, (struct str){long_line, sizeof(long_line)}, noon, &m));
    assert_false(date_find(d, (struct str){NULL, 0}, noon, &m));
    date_detector_free(d);
    date_detector_free(NULL);
    d = detector("^(?:a+)+b%Y"); // for ever, or until the limit
    memset(long_line, 'a', 64);
    memcpy(long_line + 64, " b1", 3);
    assert_false(date_find(d, (struct str){long_line, 67}, noon, &m));
    assert_int_equal(date_limit_hits(d), 1);
    date_detector_free(d);
    memset(pattern, 'x', sizeof(pattern) - 1);
    text_add(&text, str_of(pattern), (struct origin){"f.conf", 3});
    assert_int_equal(date_detector_new(&text, &d, &error), -EINVAL);
    assert_string_equal(error.text, "f.conf:3: the datepattern has more than 4096 bytes when its parts are filled in");
    text_clear(&text);
    for (int i = 0; i < 129; i++)
        text_add(&text, STR("%Y\n"), (struct origin){"f.conf", (unsigned)i + 1});
    assert_int_equal(date_detector_new(&text, &d, &error), -EINVAL);
    assert_string_equal(error.text, "f.conf:129: more than 128 date formats; a filter may have as many");
    text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(formats_known_without_being_told, setup),
        cmocka_unit_test_setup(formats_of_a_filter, setup),
        cmocka_unit_test(cuts_between_words),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test_setup(bounds, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
