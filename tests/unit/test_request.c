// SPDX-License-Identifier: GPL-2.0-or-later
// daemon: requests of the control socket, and strangers' text made fit to be shown.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "daemon/request.h"

static void good_requests(void **state)
{
    char error[REQUEST_ERROR_MAX], buf[PREFIX_STRLEN];
    struct request q;

    (void)state;
    assert_int_equal(request_parse(STR("{\"verb\":\"list\"}"), &q, error), 0);
    assert_true(q.verb == REQUEST_LIST && !q.has_net && q.jail[0] == '\0');
    assert_int_equal(request_parse(STR(" {\"jail\":\"pptpd\",\"verb\":\"list\"} "), &q, error), 0);
    assert_string_equal(q.jail, "pptpd");
    assert_int_equal(request_parse(STR("{\"verb\":\"unban\",\"net\":\"192.0.2.77/24\"}"), &q, error), 0);
    assert_string_equal(prefix_format(&q.net, buf), "192.0.2.0/24");
    assert_int_equal(request_parse(STR("{\"verb\":\"unban\",\"all\":true}"), &q, error), 0);
    assert_true(q.all && !q.has_net);
    assert_int_equal(request_parse(STR("{\"verb\":\"ban\",\"net\":\"2001:db8::1\",\"for\":7200}"), &q, error), 0);
    assert_true(q.has_for && q.duration == 7200 * USEC_SEC);
    assert_int_equal(request_parse(STR("{\"verb\":\"ban\",\"net\":\"2001:db8::1\",\"for\":\"forever\"}"), &q, error), 0);
    assert_true(q.duration == USEC_FOREVER);
    assert_string_equal(q.reason, "");
    assert_int_equal(request_parse(STR("{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"reason\":\"import-fail2ban sshd\"}"), &q, error), 0);
    assert_string_equal(q.reason, "import-fail2ban sshd");
    assert_int_equal(request_parse(STR("{\"verb\":\"reload\"}"), &q, error), 0);
    assert_int_equal(request_parse(STR("{\"verb\":\"list\",\"observed\":true}"), &q, error), 0);
    assert_true(q.observed && !q.all);
}

static void reasons_are_bounded(void **state)
{
    char error[REQUEST_ERROR_MAX], line[256], reason[REQUEST_REASON_MAX + 1];
    struct request q;

    (void)state;
    memset(reason, 'r', sizeof(reason));
    reason[sizeof(reason) - 1] = '\0';
    snprintf(line, sizeof(line), "{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"reason\":\"%s\"}", reason);
    assert_int_equal(request_parse(str_of(line), &q, error), 0);
    assert_string_equal(q.reason, reason);
    snprintf(line, sizeof(line), "{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"reason\":\"%sr\"}", reason);
    assert_int_equal(request_parse(str_of(line), &q, error), -EINVAL);
}

static void bad_requests_are_refused_with_a_reason(void **state)
{
    static const struct {
        const char *line, *reason; // part of the sentence
    } cases[] = {
        {"", "one JSON object"},
        {"[]", "not an object"},
        {"{", "one JSON object"},
        {"{}", "needs \"verb\""},
        {"{\"verb\":1}", "needs \"verb\""},
        {"{\"verb\":\"exec\"}", "unknown"},
        {"{\"verb\":\"list\",\"verb\":\"list\"}", "one JSON object"},
        {"{\"verb\":\"list\",\"net\":\"192.0.2.1\"}", "knows no key \"net\""},
        {"{\"verb\":\"list\",\"jail\":\"../x\"}", "\"jail\" is a name"},
        {"{\"verb\":\"list\",\"jail\":\"\"}", "\"jail\" is a name"},
        {"{\"verb\":\"list\",\"jail\":\"a23456789012345678901234567890123\"}", "\"jail\" is a name"},
        {"{\"verb\":\"unban\"}", "needs one of"},
        {"{\"verb\":\"unban\",\"all\":false}", "needs one of"},
        {"{\"verb\":\"unban\",\"all\":1}", "\"all\" is true or false"},
        {"{\"verb\":\"list\",\"observed\":\"yes\"}", "\"observed\" is true or false"},
        {"{\"verb\":\"users\",\"observed\":true}", "knows no key \"observed\""},
        {"{\"verb\":\"unban\",\"all\":true,\"net\":\"192.0.2.1\"}", "needs one of"},
        {"{\"verb\":\"unban\",\"net\":\"example.org\"}", "\"example.org\" is no address"},
        {"{\"verb\":\"unban\",\"net\":\"192.0.2.1\\u0000\"}", "one JSON object"},
        {"{\"verb\":\"unban\",\"net\":\"\\u001b[2J\"}", "\\x1b[2J"},
        {"{\"verb\":\"ban\"}", "needs \"net\""},
        {"{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"for\":0}", "number of seconds"},
        {"{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"for\":-1}", "number of seconds"},
        {"{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"for\":1.5}", "number of seconds"},
        {"{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"for\":3153600001}", "number of seconds"},
        {"{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"reason\":\"\"}", "\"reason\" is a text"},
        {"{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"reason\":\"a\\tb\"}", "\"reason\" is a text"},
        {"{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"reason\":7}", "\"reason\" is a text"},
        {"{\"verb\":\"unban\",\"all\":true,\"reason\":\"x\"}", "knows no key \"reason\""},
        {"{\"verb\":\"unban\",\"user\":\"\"}", "\"user\" is an account"},
        {"{\"verb\":\"unban\",\"user\":\"a\",\"net\":\"192.0.2.1\"}", "needs one of"},
        {"{\"verb\":\"list\",\"user\":\"a\"}", "knows no key \"user\""},
        {"{\"verb\":\"why\"}", "needs \"net\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char error[REQUEST_ERROR_MAX] = "";
        struct request q = {.verb = REQUEST_MAX_VERB};
        assert_int_equal(request_parse(str_of(cases[i].line), &q, error), -EINVAL);
        assert_true(q.verb == REQUEST_MAX_VERB); // written on success only
        if (!strstr(error, cases[i].reason))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].line, error, cases[i].reason);
    }
}

static void requests_are_bounded(void **state)
{
    char error[REQUEST_ERROR_MAX], *line = malloc(REQUEST_MAX + 1);
    const char list[] = "{\"verb\":\"list\"}";
    struct request q;

    (void)state;
    assert_non_null(line);
    memset(line, ' ', REQUEST_MAX + 1);
    memcpy(line, list, sizeof(list) - 1);
    assert_int_equal(request_parse((struct str){line, REQUEST_MAX}, &q, error), 0);
    assert_int_equal(request_parse((struct str){line, REQUEST_MAX + 1}, &q, error), -EINVAL);
    memset(line, '[', REQUEST_MAX); // as deep as it gets
    assert_int_equal(request_parse((struct str){line, REQUEST_MAX}, &q, error), -EINVAL);
    free(line);
}

// Mutations of a good request neither crash the reader (sanitizers watch) nor leave an unterminated error.
static void mutated_requests(void **state)
{
    static const char seed[] = "{\"verb\":\"ban\",\"net\":\"192.0.2.1\",\"for\":7200,\"jail\":\"pptpd\"}";
    uint32_t x = 12345;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char line[sizeof(seed)], error[REQUEST_ERROR_MAX];
        struct request q;
        memcpy(line, seed, sizeof(seed));
        for (int k = 0; k < 3; k++) {
            x = x * 1664525 + 1013904223;
            line[(x >> 8) % (sizeof(seed) - 1)] = (char)(x >> 24);
        }
        memset(error, 'x', sizeof(error));
        if (request_parse((struct str){line, sizeof(seed) - 1}, &q, error) < 0)
            assert_non_null(memchr(error, '\0', sizeof(error)));
        else
            assert_true(q.verb == REQUEST_BAN && q.has_net && q.net.len <= 128);
    }
}

static void text_is_harmless(void **state)
{
    static const struct {
        const char *in;
        unsigned flags;
        const char *out;
    } cases[] = {
        {"alice", 0, "alice"},
        {"b\xc3\xa9" "a", 0, "b\xc3\xa9" "a"},
        {"a\nb\tc\x1b[0m\x7f", 0, "a\\x0ab\\x09c\\x1b[0m\\x7f"},
        {"\xff\xc0\xaf", 0, "\\xff\\xc0\\xaf"},             // not UTF-8, overlong
        {"\xed\xa0\x80", 0, "\\xed\\xa0\\x80"},             // surrogate
        {"\xe2\x80\xae" "evil", 0, "\\xe2\\x80\\xae" "evil"}, // writes from right to left
        {"\xc2\x9b", 0, "\\xc2\\x9b"},                      // CSI as one character
        {"say \"hi\\\"", TEXT_QUOTED, "say \\\"hi\\\\\\\""},
        {"\xe2\x82", 0, "\\xe2\\x82"},                      // cut off
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(text_show(str_of(cases[i].in), cases[i].flags, out, sizeof(out)), strlen(cases[i].out));
        assert_string_equal(out, cases[i].out);
    }
    assert_int_equal(text_show((struct str){"a\0b", 3}, 0, out, sizeof(out)), 6);
    assert_string_equal(out, "a\\x00b");
}

static void text_is_cut_between_characters(void **state)
{
    char out[12];

    (void)state;
    assert_int_equal(text_show(STR("12345678901"), 0, out, sizeof(out)), 11); // just fits
    assert_string_equal(out, "12345678901");
    text_show(STR("123456789012"), 0, out, sizeof(out));
    assert_string_equal(out, "12345678...");
    text_show(STR("1234567\xc3\xa9xyz!"), 0, out, sizeof(out));
    assert_string_equal(out, "1234567...");
    text_show(STR("123456\n\n"), 0, out, sizeof(out));
    assert_string_equal(out, "123456...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_requests),        cmocka_unit_test(bad_requests_are_refused_with_a_reason),
        cmocka_unit_test(requests_are_bounded), cmocka_unit_test(reasons_are_bounded), cmocka_unit_test(mutated_requests),
        cmocka_unit_test(text_is_harmless),     cmocka_unit_test(text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
