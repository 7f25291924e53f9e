// SPDX-License-Identifier: GPL-2.0-or-later
// cli: tables, times that are left, options.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/args.h"
#include "cli/exit.h"
#include "cli/jsonl.h"
#include "cli/output.h"

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    static const char *const headers[] = {"ADDRESS", "COUNT", "JAIL"};
    static const char *const rows[][3] = {{"192.0.2.1", "5", "pptpd"}, {"2001:db8::1", "1000000", "b\xc3\xa9"}};
    char *text = NULL;
    size_t n;
    struct table *t;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    assert_int_equal(table_new(3, headers, 1u << 1, &t), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(table_add(t, rows[i]), 0);
    table_print(t, out);
    fclose(out);
    assert_string_equal(text, "ADDRESS        COUNT  JAIL\n"
                              "192.0.2.1          5  pptpd\n"
                              "2001:db8::1  1000000  b\xc3\xa9\n");
    table_free(t);
    free(text);
}

static void tables_grow(void **state)
{
    static const char *const headers[] = {"A"};
    const char *cell = "x";
    struct table *t;
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    assert_int_equal(table_new(1, headers, 0, &t), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(table_add(t, &cell), 0);
    table_print(t, out);
    fclose(out);
    assert_int_equal(n, 1001 * 2);
    table_free(t);
    free(text);
}

static void json_steers_no_terminal(void **state)
{
    static const struct {
        struct str in;
        const char *out;
    } cases[] = {
        {STR("say \"hi\" \\"), "\"say \\\"hi\\\" \\\\\""},
        {STR("b\xc3\xa9\xf0\x9f\x92\xa3"), "\"b\xc3\xa9\xf0\x9f\x92\xa3\""},
        {STR("a\0\n\x1b\x7f"), "\"a\\u0000\\u000a\\u001b\\u007f\""},
        {STR("\xc2\x9b\xc2\x85"), "\"\\u009b\\u0085\""},          // CSI and NEL as characters
        {STR("\xe2\x80\xae\xe2\x80\xa8"), "\"\\u202e\\u2028\""},   // from right to left; line separator
        {STR("\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\""},          // a tag: nothing that can be seen
        {STR("\xff\xc0\xaf\xed\xa0\x80"), "\"\\u00ff\\u00c0\\u00af\\u00ed\\u00a0\\u0080\""},
        {STR("\xe2\x82"), "\"\\u00e2\\u0082\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = NULL;
        size_t n;
        FILE *out = open_memstream(&text, &n);
        jsonl_string(out, cases[i].in);
        fclose(out);
        assert_string_equal(text, cases[i].out);
        free(text);
    }
}

static void what_is_left_has_two_units(void **state)
{
    static const struct {
        usec_t left;
        const char *text;
    } cases[] = {
        {USEC_FOREVER, "never"},         {0, "now"},
        {-5 * USEC_SEC, "now"},          {59 * USEC_SEC, "59s"},
        {60 * USEC_SEC, "1m"},           {3599 * USEC_SEC, "59m 59s"},
        {3601 * USEC_SEC, "1h"},         {90000 * USEC_SEC, "1d 1h"},
        {86400 * USEC_SEC * 365, "365d"},
    };
    char buf[RELATIVE_STRLEN];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(output_left(cases[i].left, buf), cases[i].text);
}

static int parse(uint64_t allowed, int least, int most, struct args *ret, const char *first, ...)
{
    char *argv[10] = {(char *)"verb"};
    int argc = 1;
    va_list ap;

    va_start(ap, first);
    for (const char *a = first; a; a = va_arg(ap, const char *))
        argv[argc++] = (char *)a;
    va_end(ap);
    return args_parse(argc, argv, allowed, least, most, ret);
}

static void options_stand_anywhere(void **state)
{
    struct args a;

    (void)state;
    assert_int_equal(parse(ARG_FOR | ARG_JAIL, 1, 1, &a, "192.0.2.1", "--for", "2h", "--jail=pptpd", NULL), 0);
    assert_string_equal(a.duration, "2h");
    assert_string_equal(a.jail, "pptpd");
    assert_true(a.n_rest == 1 && a.given == (ARG_FOR | ARG_JAIL));
    assert_int_equal(parse(0, 0, 0, &a, "--help", "too", "many", NULL), 0); // help is always had
    assert_true(a.given & ARG_HELP);
    assert_int_equal(parse(0, 1, 1, &a, "--", "--json", NULL), 0); // no option behind --
    assert_int_equal(a.n_rest, 1);
}

static void wrong_options_are_refused(void **state)
{
    struct args a = {.given = 4711};

    (void)state;
    assert_true(freopen("/dev/null", "w", stderr) != NULL);
    assert_int_equal(parse(ARG_JSON, 0, 0, &a, "--plain", NULL), EXIT_USAGE); // another verb's
    assert_int_equal(parse(ARG_FOR, 0, 0, &a, "--for", NULL), EXIT_USAGE);
    assert_int_equal(parse(ARG_JSON, 0, 0, &a, "--json=yes", NULL), EXIT_USAGE);
    assert_int_equal(parse(0, 0, 0, &a, "-x", NULL), EXIT_USAGE);
    assert_int_equal(parse(0, 1, 1, &a, NULL), EXIT_USAGE);
    assert_int_equal(parse(0, 0, 1, &a, "one", "two", NULL), EXIT_USAGE);
    assert_int_equal(a.given, 4711);
}

static void no_colours_but_on_a_terminal(void **state)
{
    FILE *out = tmpfile();

    (void)state;
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_false(output_colours(out));
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(tables_grow),
        cmocka_unit_test(json_steers_no_terminal),
        cmocka_unit_test(what_is_left_has_two_units),
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(no_colours_but_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
