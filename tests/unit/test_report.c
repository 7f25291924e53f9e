// SPDX-License-Identifier: GPL-2.0-or-later
// Figures from attempts and bans that are known, the calendar's odd days, and a page that a user name cannot break.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/report.h"

#define T0   (INT64_C(1792800000) * USEC_SEC) // 2026-10-24 00:00 UTC
#define HOUR (3600 * USEC_SEC)
#define DAY  (24 * HOUR)

static uint64_t next_offset;

static struct addr address(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse(str_of(text), &a), 0);
    return a;
}

static void attempt(struct report *r, usec_t t, enum report_kind kind, const char *from, const char *user)
{
    struct report_attempt a = {.offset = next_offset++, .time = t, .kind = kind, .has_addr = from != NULL, .user = user};

    if (from)
        a.addr = address(from);
    report_add_attempt(r, &a);
}

static void ban(struct report *r, const char *who, usec_t since, usec_t until)
{
    struct addr a = address(who);
    struct report_ban b = {.net = prefix_of(&a, 128), .since = since, .until = until, .findtime = HOUR, .jail = "pptpd"};

    report_add_ban(r, &b);
}

static struct report *fresh(usec_t since)
{
    char error[REPORT_ERROR_MAX];
    struct report *r;

    assert_int_equal(report_new(since, NULL, &r, error), 0);
    return r;
}

static struct report_figures *figures(struct report *r)
{
    struct report_figures *f = malloc(sizeof(*f));

    assert_non_null(f);
    assert_int_equal(report_work_out(r, f), 0);
    report_free(r);
    return f;
}

static uint64_t in_bucket(const struct report_bucket *v, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i].name, name) == 0)
            return v[i].n;
    fail_msg("no bucket %s", name);
    return 0;
}

static void counts(void **state)
{
    struct report *r = fresh(T0);

    (void)state;
    attempt(r, T0 - 1, REPORT_FAILURE, "192.0.2.1", "before"); // older than what is wanted
    for (int i = 0; i < 5; i++)
        attempt(r, T0 + i * USEC_SEC, REPORT_FAILURE, "192.0.2.1", i < 3 ? "alice" : "bob");
    attempt(r, T0 + DAY, REPORT_FAILURE, "192.0.2.2", "alice");
    attempt(r, T0 + DAY, REPORT_FAILURE, "2001:db8::1", "");
    attempt(r, T0 + DAY, REPORT_UNATTRIBUTED, NULL, "carol");
    attempt(r, T0 + 2 * DAY, REPORT_SUCCESS, "192.0.2.1", "alice");  // guessed
    attempt(r, T0 + 2 * DAY, REPORT_SUCCESS, "192.0.2.1", "bob");    // two failures are no guessing
    attempt(r, T0 + 2 * DAY, REPORT_SUCCESS, "198.51.100.9", "alice"); // her own place
    next_offset--;
    attempt(r, T0 + 3 * DAY, REPORT_FAILURE, "192.0.2.9", "again"); // the same line, by another jail
    ban(r, "192.0.2.1", T0 + 4 * USEC_SEC, T0 + HOUR);
    ban(r, "192.0.2.2", T0 + DAY, USEC_FOREVER);

    struct report_figures *f = figures(r);
    assert_int_equal(f->failures, 7);
    assert_int_equal(f->successes, 3);
    assert_int_equal(f->unattributed, 1);
    assert_int_equal(f->bans, 2);
    assert_int_equal(f->addresses, 3);
    assert_int_equal(f->accounts, 3);
    assert_true(f->from == T0 && f->to == T0 + 2 * DAY);

    assert_int_equal(f->by_address.n, 3);
    assert_string_equal(f->by_address.v[0].name, "192.0.2.1");
    assert_int_equal(f->by_address.v[0].failures, 5);
    assert_int_equal(f->by_address.v[0].others, 2);
    assert_int_equal(f->by_address.v[0].bans, 1);
    assert_true(f->by_address.v[0].first == T0 && f->by_address.v[0].last == T0 + 4 * USEC_SEC);
    assert_int_equal(f->by_network.n, 1);
    assert_string_equal(f->by_network.v[0].name, "192.0.2.0/24");
    assert_int_equal(f->by_network.v[0].others, 2);
    assert_int_equal(f->by_network.v[0].bans, 2);
    assert_int_equal(f->by_country.n, 0);

    assert_int_equal(f->by_account.n, 3);
    assert_string_equal(f->by_account.v[0].name, "alice");
    assert_int_equal(f->by_account.v[0].failures, 4);
    assert_int_equal(f->by_account.v[0].others, 2);
    assert_int_equal(f->by_account.v[0].successes, 2);
    assert_int_equal(f->by_account.v[0].guessed, 1);
    assert_string_equal(f->by_account.v[1].name, "bob");
    assert_int_equal(f->by_account.v[1].guessed, 0);
    assert_int_equal(in_bucket(f->fast, f->n_fast, "under 10 s"), 1);
    assert_int_equal(in_bucket(f->fast, f->n_fast, "under 1 s"), 1);
    free(f);
}

static void how_soon_they_are_back(void **state)
{
    static const struct {
        usec_t after;
        const char *bucket;
    } cases[] = {{1, "within an hour"}, {HOUR, "within a day"}, {DAY, "within a week"}, {8 * DAY, "later"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct report *r = fresh(0);
        ban(r, "192.0.2.1", T0, T0 + HOUR);
        ban(r, "192.0.2.2", T0, T0 + HOUR);       // stays away
        ban(r, "192.0.2.3", T0, T0 + 1000 * DAY); // cannot come back yet
        attempt(r, T0 + HOUR + cases[i].after, REPORT_FAILURE, "192.0.2.1", "x");
        struct report_figures *f = figures(r);
        assert_int_equal(in_bucket(f->away, f->n_away, cases[i].bucket), 1);
        assert_int_equal(in_bucket(f->away, f->n_away, "not so far"), 1);
        free(f);
    }
}

// What led to an earlier ban, or is too old, did not lead to this one.
static void how_fast_bans_came(void **state)
{
    struct report *r = fresh(0);

    (void)state;
    attempt(r, T0, REPORT_FAILURE, "192.0.2.1", "x");
    ban(r, "192.0.2.1", T0 + 30 * USEC_SEC, T0 + 60 * USEC_SEC);
    attempt(r, T0 + 70 * USEC_SEC, REPORT_FAILURE, "192.0.2.1", "x");
    ban(r, "192.0.2.1", T0 + 75 * USEC_SEC, T0 + DAY);
    attempt(r, T0, REPORT_FAILURE, "192.0.2.2", "x");
    attempt(r, T0 + 2 * HOUR, REPORT_FAILURE, "192.0.2.2", "x");
    ban(r, "192.0.2.2", T0 + 2 * HOUR + 100 * USEC_SEC, T0 + DAY);
    struct report_figures *f = figures(r);
    assert_int_equal(in_bucket(f->fast, f->n_fast, "under 1 min"), 1);
    assert_int_equal(in_bucket(f->fast, f->n_fast, "under 10 s"), 1);
    assert_int_equal(in_bucket(f->fast, f->n_fast, "under 10 min"), 1);
    free(f);
}

static uint64_t in_slots(const struct report_figures *f)
{
    uint64_t n = 0;

    for (size_t i = 0; i < f->n_slots; i++) {
        n += f->slots[i].failures;
        assert_true(i == 0 || f->slots[i].start > f->slots[i - 1].start);
    }
    return n;
}

// The 25th of October 2026 has 25 hours in Berlin; each day begins at its own midnight, each hour is there once.
static void the_calendar(void **state)
{
    struct report *r = fresh(0);
    time_t s;
    struct tm tm;

    (void)state;
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    for (int i = 0; i < 24 * 10; i++)
        attempt(r, T0 + i * HOUR, REPORT_FAILURE, "192.0.2.1", "x");
    struct report_figures *f = figures(r);
    assert_false(f->hourly);
    assert_int_equal(in_slots(f), 240);
    assert_int_equal(f->n_slots, 11); // it begins at two o'clock
    for (size_t i = 0; i < f->n_slots; i++) {
        s = (time_t)(f->slots[i].start / USEC_SEC);
        localtime_r(&s, &tm);
        assert_int_equal(tm.tm_hour, 0);
    }
    assert_int_equal(f->slots[1].failures, 25);
    assert_int_equal(f->slots[2].failures, 24);
    free(f);

    r = fresh(0);
    for (int i = 0; i < 48; i++)
        attempt(r, T0 + i * HOUR, REPORT_FAILURE, "192.0.2.1", "x");
    f = figures(r);
    assert_true(f->hourly);
    assert_int_equal(f->n_slots, 48);
    assert_int_equal(in_slots(f), 48);
    for (size_t i = 0; i < f->n_slots; i++)
        assert_int_equal(f->slots[i].failures, 1);
    free(f);

    r = fresh(0); // longer than there are slots: the newest are shown
    attempt(r, T0, REPORT_FAILURE, "192.0.2.1", "x");
    attempt(r, T0 + 1000 * DAY, REPORT_FAILURE, "192.0.2.1", "x");
    f = figures(r);
    assert_int_equal(f->n_slots, REPORT_SLOTS);
    assert_int_equal(f->slots[REPORT_SLOTS - 1].failures, 1);
    assert_int_equal(in_slots(f), 1);
    free(f);
    setenv("TZ", "UTC", 1);
    tzset();
}

static void lists_are_bounded(void **state)
{
    struct report *r = fresh(0);
    char who[32];

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(who, sizeof(who), "192.0.%d.1", i);
        for (int k = 0; k <= i; k++)
            attempt(r, T0, REPORT_FAILURE, who, "x");
    }
    struct report_figures *f = figures(r);
    assert_int_equal(f->by_address.n, REPORT_ROWS);
    assert_int_equal(f->by_address.total, 100);
    assert_string_equal(f->by_address.v[0].name, "192.0.99.1");
    assert_int_equal(f->by_address.v[0].failures, 100);
    assert_int_equal(f->by_network.n, 0); // none has two of them
    free(f);
}

static char *page(const struct report_figures *f, void (*print)(const struct report_figures *, const struct report_head *, FILE *))
{
    const struct report_head head = {.host = "vpn<&>\"'", .version = "1", .source = "/var/log/<x>", .now = T0};
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_non_null(out);
    print(f, &head, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void a_name_breaks_nothing(void **state)
{
    struct report *r = fresh(0);

    (void)state;
    attempt(r, T0, REPORT_FAILURE, "192.0.2.1", "<script>alert(1)</script>");
    attempt(r, T0, REPORT_FAILURE, "192.0.2.1", "\"'><img src=x onerror=y>&amp;");
    struct report_figures *f = figures(r);
    char *html = page(f, report_print_html), *text = page(f, report_print_json);
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "<img"));
    assert_non_null(strstr(html, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_non_null(strstr(html, "&quot;&#39;&gt;&lt;img src=x onerror=y&gt;&amp;amp;"));
    assert_non_null(strstr(html, "PPTP logins at vpn&lt;&amp;&gt;&quot;&#39;"));
    assert_null(strstr(html, "http://")); // nothing is fetched
    assert_null(strstr(html, "https://"));
    assert_null(strstr(html, "url("));

    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    assert_int_equal(json_integer_value(json_object_get(o, "version")), 1);
    assert_int_equal(json_integer_value(json_object_get(o, "failures")), 2);
    assert_int_equal(json_array_size(json_object_get(o, "by_account")), 2);
    json_decref(o);
    free(html);
    free(text);
    free(f);
}

static void nothing_happened(void **state)
{
    struct report_figures *f = figures(fresh(0));

    (void)state;
    assert_int_equal(f->n_slots, 0);
    char *html = page(f, report_print_html);
    assert_non_null(strstr(html, "Nothing was found in the logs."));
    free(html);
    free(f);
}

static void no_such_database(void **state)
{
    char error[REPORT_ERROR_MAX];
    struct report *r;

    (void)state;
    assert_int_not_equal(report_new(0, "/no/such.mmdb", &r, error), 0);
    assert_non_null(strstr(error, "/no/such.mmdb"));
    assert_non_null(strstr(error, "MaxMind"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(how_soon_they_are_back),
        cmocka_unit_test(how_fast_bans_came),
        cmocka_unit_test(the_calendar),
        cmocka_unit_test(lists_are_bounded),
        cmocka_unit_test(a_name_breaks_nothing),
        cmocka_unit_test(nothing_happened),
        cmocka_unit_test(no_such_database),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
