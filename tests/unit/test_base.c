// SPDX-License-Identifier: GPL-2.0-or-later
// base: addresses, networks, durations, numbers, hashing, messages that nobody reads.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/str.h"

static void addresses_are_read_strictly(void **state)
{
    static const struct {
        const char *text, *canonical; // NULL: refused
    } cases[] = {
        {"192.0.2.1", "192.0.2.1"},   {"::ffff:192.0.2.1", "192.0.2.1"}, {"2001:DB8::0:1", "2001:db8::1"},
        {"0.0.0.0", "0.0.0.0"},       {"255.255.255.255", "255.255.255.255"},
        {"192.0.2.256", NULL},        {"192.0.2", NULL},                 {"192.0.2.1.5", NULL},
        {"192.0.2.01", NULL},         {"192.0.2.1 ", NULL},              {"", NULL},
        {"fe80::1%eth0", NULL},       {"[::1]", NULL},                   {"1.2.3.", NULL},
        {"0xc0.0.2.1", NULL},         {"3221225985", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct addr a;
        char buf[ADDR_STRLEN];
        int r = addr_parse(str_of(cases[i].text), &a);
        if (!cases[i].canonical) {
            assert_int_equal(r, -EINVAL);
            continue;
        }
        assert_int_equal(r, 0);
        assert_string_equal(addr_format(&a, buf), cases[i].canonical);
    }
    struct addr a;
    assert_int_equal(addr_parse((struct str){"192.0.2.1\0", 10}, &a), -EINVAL);
    assert_int_equal(addr_parse((struct str){"::1\0", 4}, &a), -EINVAL);
}

static void every_number_is_written(void **state)
{
    char buf[PREFIX_STRLEN], wanted[PREFIX_STRLEN];

    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        struct addr a = {.b = {[10] = 0xff, [11] = 0xff, [12] = (uint8_t)v, [13] = 1, [14] = (uint8_t)(255 - v), [15] = (uint8_t)v}};
        struct prefix p = {{{0x20, 1}}, (uint8_t)(v < 128 ? v : 127)};
        snprintf(wanted, sizeof(wanted), "%u.1.%u.%u", v, 255 - v, v);
        assert_string_equal(addr_format(&a, buf), wanted);
        snprintf(wanted, sizeof(wanted), "2001::/%u", p.len);
        assert_string_equal(prefix_format(&p, buf), wanted);
    }
}

static void networks(void **state)
{
    struct prefix p, q;
    struct addr a;
    char buf[PREFIX_STRLEN];

    (void)state;
    assert_int_equal(prefix_parse(str_of("192.0.2.77/24"), &p), 0);
    assert_string_equal(prefix_format(&p, buf), "192.0.2.0/24");
    assert_int_equal(prefix_family_len(&p), 24);
    assert_int_equal(addr_parse(str_of("192.0.2.255"), &a), 0);
    assert_true(prefix_contains(&p, &a));
    assert_int_equal(addr_parse(str_of("192.0.3.0"), &a), 0);
    assert_false(prefix_contains(&p, &a));
    assert_int_equal(prefix_parse(str_of("192.0.0.0/16"), &q), 0);
    assert_true(prefix_overlaps(&p, &q) && prefix_overlaps(&q, &p));
    assert_int_equal(prefix_parse(str_of("2001:db8::/33"), &p), 0);
    assert_string_equal(prefix_format(&p, buf), "2001:db8::/33");
    assert_int_equal(prefix_parse(str_of("0.0.0.0/0"), &p), 0);
    assert_string_equal(prefix_format(&p, buf), "0.0.0.0/0");
    assert_int_equal(prefix_parse(str_of("192.0.2.1/33"), &p), -EINVAL);
    assert_int_equal(prefix_parse(str_of("192.0.2.1/"), &p), -EINVAL);
    assert_int_equal(prefix_parse(str_of("192.0.2.1/-1"), &p), -EINVAL);
}

static void durations(void **state)
{
    static const struct {
        const char *text;
        usec_t value; // 0: refused
        const char *shown;
    } cases[] = {
        {"600", 600 * USEC_SEC, "10m"},        {"1h30m", 5400 * USEC_SEC, "1h 30m"},
        {"2 days 3h", 183600 * USEC_SEC, "2d 3h"}, {"1W", 604800 * USEC_SEC, "1w"},
        {"250ms", 250000, "250ms"},            {"1 month", 2592000 * USEC_SEC, "4w 2d"},
        {"-1", USEC_FOREVER, "forever"},       {"permanent", USEC_FOREVER, "forever"},
        {"", 0, NULL}, {"h", 0, NULL}, {"1x", 0, NULL}, {"1h -1m", 0, NULL}, {"-5", 0, NULL}, {"101y", 0, NULL},
        {"99999999999999999999", 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        usec_t d = 0;
        char buf[DURATION_STRLEN];
        int r = duration_parse(str_of(cases[i].text), &d);
        if (!cases[i].shown) {
            assert_true(r < 0);
            continue;
        }
        assert_int_equal(r, 0);
        assert_true(d == cases[i].value);
        assert_string_equal(duration_format(d, buf), cases[i].shown);
    }
}

static void numbers_and_words(void **state)
{
    unsigned long long v;
    struct str s = STR("  a bc\td ");

    (void)state;
    assert_int_equal(str_number(STR("0"), 0, &v), 0);
    assert_int_equal(str_number(STR("10"), 9, &v), -ERANGE);
    assert_int_equal(str_number(STR("18446744073709551616"), UINT64_MAX, &v), -ERANGE);
    assert_int_equal(str_number(STR("+1"), 9, &v), -EINVAL);
    assert_true(str_eq(str_word(&s), STR("a")) && str_eq(str_word(&s), STR("bc")) && str_eq(str_word(&s), STR("d")));
    assert_int_equal(str_word(&s).n, 0);
}

static void hashes_depend_on_key_and_bytes(void **state)
{
    struct hash_key k = {{1, 2}}, l = {{1, 3}};

    (void)state;
    assert_true(hash_bytes(&k, "abc", 3) == hash_bytes(&k, "abc", 3));
    assert_true(hash_bytes(&k, "abc", 3) != hash_bytes(&l, "abc", 3));
    assert_true(hash_bytes(&k, "abc", 3) != hash_bytes(&k, "abc\0", 4));
    assert_true(hash_bytes(&k, "12345678", 8) != hash_bytes(&k, "123456789", 9));
}

static void nobody_bans_loopback(void **state)
{
    static const char *const never[] = {"127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"};
    static const char *const may[] = {"192.0.2.1", "10.0.0.1", "2001:db8::1", "::2", "fe80::1"};
    struct addr a;

    (void)state;
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        assert_int_equal(addr_parse(str_of(never[i]), &a), 0);
        assert_true(addr_is_unbannable(&a));
    }
    for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++) {
        assert_int_equal(addr_parse(str_of(may[i]), &a), 0);
        assert_false(addr_is_unbannable(&a));
    }
}

static void a_reader_that_stops_stops_nobody(void **state)
{
    static char text[1 << 17];
    int ends[2], real = dup(STDERR_FILENO);

    (void)state;
    log_setup("test", LOG_INFO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    alarm(10); // a write that waits ends here
    for (int i = 0; i < 20000; i++)
        log_info("message %d", i);
    ssize_t n = read(ends[0], text, sizeof(text) / 2), more;
    assert_true(n > 4096 && strncmp(text, "test: message 0\n", 16) == 0);
    log_info("the last");
    dup2(real, STDERR_FILENO);
    while ((more = read(ends[0], text + n, sizeof(text) - 1 - (size_t)n)) > 0)
        n += more;
    alarm(0);
    unsigned whole = 0, lost = 0;
    for (const char *p = text; (p = strstr(p, "test: message ")); p++)
        whole++;
    const char *tail = strstr(text, " messages before this one are lost: nobody read them\ntest: the last\n");
    assert_non_null(tail);
    while (tail[-1] != ' ')
        tail--;
    assert_int_equal(sscanf(tail, "%u", &lost), 1);
    assert_int_equal(whole + lost, 20000);
    close(ends[0]);
    close(real);
}

static void distances(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned d;
    } cases[] = {{"", "", 0}, {"", "abc", 3}, {"abc", "acb", 1}, {"maxrety", "maxretry", 1}, {"kitten", "sitting", 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(word_distance(cases[i].a, cases[i].b), cases[i].d);
        assert_int_equal(word_distance(cases[i].b, cases[i].a), cases[i].d);
    }
}

static const char *nearest_verb(const char *word)
{
    static const char *const verbs[] = {"list", "unban", "ban", "status", "stats", "why", "sessions"};
    struct nearest n = nearest_to(word);

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        nearest_try(&n, verbs[i]);
    return n.best ? n.best : "";
}

static void what_was_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest_verb("lst"), "list");
    assert_string_equal(nearest_verb("ubnan"), "unban");
    assert_string_equal(nearest_verb("statsu"), "status");
    assert_string_equal(nearest_verb("sess"), "sessions"); // its beginning
    assert_string_equal(nearest_verb("s"), "");
    assert_string_equal(nearest_verb("xyz"), "");
    assert_string_equal(nearest_verb(""), "");
    assert_string_equal(nearest_verb("a word that is far longer than any verb that there is or may be"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances),
        cmocka_unit_test(what_was_meant),
        cmocka_unit_test(addresses_are_read_strictly), cmocka_unit_test(every_number_is_written), cmocka_unit_test(networks),
        cmocka_unit_test(durations),                   cmocka_unit_test(numbers_and_words),
        cmocka_unit_test(hashes_depend_on_key_and_bytes), cmocka_unit_test(nobody_bans_loopback),
        cmocka_unit_test(a_reader_that_stops_stops_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
