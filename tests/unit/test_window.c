// SPDX-License-Identifier: GPL-2.0-or-later
// Windows of time: judged by the wall clock of the zone itself, hour by hour over three years.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "firewall/window.h"

static const time_t now = 1795305600; // 2026-11-22T00:00Z

// What the words mean, asked of the wall clock.
static bool wall_clock_open(const struct fw_open_list *open, time_t t)
{
    struct tm tm;

    localtime_r(&t, &tm);
    int day = (tm.tm_wday + 6) % 7, minute = tm.tm_hour * 60 + tm.tm_min;
    for (size_t i = 0; i < open->n; i++) {
        const struct week_part *o = &open->v[i];
        bool today = o->days & (1 << day), yesterday = o->days & (1 << (day + 6) % 7);
        if (o->to > o->from ? today && minute >= o->from && minute < o->to
                            : (today && minute >= o->from) || (yesterday && minute < o->to))
            return true;
    }
    return false;
}

static void agrees_with_the_wall_clock(void **state)
{
    static struct week_part office[] = {{0x1f, 8 * 60, 18 * 60}, {0x20, 600, 720}};
    static struct week_part night[] = {{0x7f, 22 * 60, 6 * 60}};
    static struct week_part weekend[] = {{0x10, 20 * 60, 24 * 60}, {0x60, 0, 24 * 60}};
    static struct week_part odd[] = {{0x40, 23 * 60 + 59, 1}, {0x01, 90, 210}}; // across the hour that is skipped, or twice
    const struct fw_open_list lists[] = {{office, 2}, {night, 1}, {weekend, 2}, {odd, 2}};
    static const char *const zones[] = {"Europe/Berlin", "UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati",
                                        "Australia/Lord_Howe", "Pacific/Pago_Pago"};

    (void)state;
    for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++)
        for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
            struct fw_windows w;
            assert_int_equal(fw_windows_make(&lists[l], zones[z], now, &w), 0);
            setenv("TZ", zones[z], 1);
            tzset();
            for (time_t t = now - now % 60; t < w.horizon; t += 60 * 7) {
                bool open = fw_windows_open(&w, t, NULL);
                if (open != wall_clock_open(&lists[l], t))
                    fail_msg("%s, list %zu: %lld is %s", zones[z], l, (long long)t, open ? "open" : "closed");
            }
            unsetenv("TZ");
            tzset();
            assert_false(fw_windows_open(&w, w.horizon, NULL));
            for (size_t i = 0; i < w.n; i++)
                assert_true(w.v[i].begin < w.v[i].end && w.v[i].end <= 86400 && w.v[i].days && w.v[i].from < w.v[i].to);
            fw_windows_free(&w);
        }
}

static void the_same_year_gives_the_same_windows(void **state)
{
    struct week_part office = {0x1f, 480, 1080};
    struct fw_open_list list = {&office, 1};
    struct fw_windows a, b;

    (void)state;
    assert_int_equal(fw_windows_make(&list, "Europe/Berlin", now, &a), 0);
    assert_int_equal(fw_windows_make(&list, "Europe/Berlin", now + 30 * 86400, &b), 0);
    assert_int_equal(a.n, b.n);
    for (size_t i = 0; i < a.n; i++) {
        const struct fw_window *x = &a.v[i], *y = &b.v[i];
        assert_true(x->from == y->from && x->to == y->to && x->days == y->days && x->begin == y->begin && x->end == y->end);
    }
    assert_int_equal(a.n, 7); // seven periods: winter and summer, three times, and a winter
    fw_windows_free(&a);
    fw_windows_free(&b);
}

static void tells_when_it_changes(void **state)
{
    struct week_part office = {0x1f, 480, 1080}, always = {0x7f, 0, 1440};
    struct fw_open_list list = {&office, 1};
    struct fw_windows w;
    time_t change;

    (void)state;
    assert_int_equal(fw_windows_make(&list, "Europe/Berlin", now, &w), 0);
    assert_false(fw_windows_open(&w, now, &change)); // a Sunday
    assert_int_equal(change, 1795417200);            // Monday 08:00 in Berlin, 07:00 UTC
    assert_true(fw_windows_open(&w, change, &change));
    assert_int_equal(change, 1795453200); // 18:00
    fw_windows_free(&w);
    list.v = &always;
    assert_int_equal(fw_windows_make(&list, "", now, &w), 0);
    assert_true(fw_windows_open(&w, now, &change));
    assert_int_equal(change, w.horizon);
    fw_windows_free(&w);
}

static void refuses(void **state)
{
    struct week_part office = {0x1f, 480, 1080};
    struct fw_open_list list = {&office, 1};
    struct fw_windows w;

    (void)state;
    assert_int_equal(fw_windows_make(&list, "Mars/Olympus", now, &w), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_wall_clock),
        cmocka_unit_test(the_same_year_gives_the_same_windows),
        cmocka_unit_test(tells_when_it_changes),
        cmocka_unit_test(refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
