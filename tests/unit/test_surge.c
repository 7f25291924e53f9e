// SPDX-License-Identifier: GPL-2.0-or-later
// Surges: no ordinary day is one, in whatever order ordinary days come; ten times as much is told within two minutes, once, and
// so is its end. Days have curves as an office's VPN server has them, drawn anew for each seed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/surge.h"

#define MINUTE (60 * USEC_SEC)
#define DAY (1440 * MINUTE)
#define T0 (INT64_C(20000) * DAY)

static const struct surge_options usual = {.factor = 3, .least = {60, 60, 1 << 20}};

// --- days ----------------------------------------------------------------------------------------------------

static uint64_t seed;

static double uniform(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(seed >> 33) / (double)(UINT64_C(1) << 31);
}

static unsigned poisson(double mean)
{
    double p = exp(-mean), sum = p, u = uniform();
    unsigned k = 0;

    if (mean > 200) { // near enough
        for (unsigned i = 0; i < 11; i++)
            u += uniform();
        return (unsigned)(mean + (u - 6) * sqrt(mean) + .5);
    }
    while (u > sum && k < 10000)
        sum += p *= mean / ++k;
    return k;
}

// What is to be expected of a minute: quiet nights, people who come in the morning, a lunch, an evening at home. kind: how
// much of it is left at a weekend, and how the day differs from others.
static double expected(unsigned minute, double busy, double kind)
{
    static const double hours[25] = {.08, .06, .05, .05, .06, .12, .35, .8, 1, .95, .9, .85, .6, .8, .9, .85, .8, .65, .5, .45, .5, .4, .25, .12, .08};
    unsigned h = minute / 60;
    double part = minute % 60 / 60.0;

    return busy * kind * (hours[h] * (1 - part) + hours[h + 1] * part);
}

struct day {
    double kind;      // a weekend has .25 or so
    unsigned reconnect; // a minute in which many come back at once; 1440: none
};

static void draw_days(struct day *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        v[i].kind = (i % 7 >= 5 ? .25 : 1) * (.8 + .4 * uniform());
        v[i].reconnect = uniform() < .2 ? (unsigned)(uniform() * 1440) : 1440;
    }
    for (unsigned i = n; i > 1; i--) { // in whatever order
        unsigned k = (unsigned)(uniform() * i);
        struct day d = v[i - 1];
        v[i - 1] = v[k];
        v[k] = d;
    }
}

static uint64_t draw_minute(const struct day *d, unsigned minute, double busy)
{
    double mean = expected(minute, busy, d->kind);

    if (minute == d->reconnect) // a line was down: twice as many
        mean *= 2;
    return poisson(mean);
}

// --- the rule ------------------------------------------------------------------------------------------------

static void thirty_ordinary_days(void **state)
{
    static const double sizes[] = {.5, 5, 20, 80, 400};
    struct day days[30];

    (void)state;
    for (unsigned k = 0; k < 40; k++) {
        struct surge *s;
        seed = 1000 + k;
        draw_days(days, 30);
        assert_int_equal(surge_new(&usual, &s), 0);
        for (unsigned d = 0; d < 30; d++)
            for (unsigned m = 0; m < 1440; m++) {
                uint64_t n = draw_minute(&days[d], m, sizes[k % 5]);
                if (surge_put(s, SURGE_CONNECTIONS, T0 + d * DAY + m * MINUTE, n) != SURGE_NOTHING)
                    fail_msg("seed %u: day %u, minute %u: %u is called a surge", 1000 + k, d, m, (unsigned)n);
            }
        surge_free(s);
    }
}

// From any minute of a day, at whatever it is by then: ten times as many, for half an hour.
static void a_flood_is_told(void **state)
{
    static const double sizes[] = {40, 80, 400};
    struct day days[30];
    unsigned floods = 0;

    (void)state;
    for (unsigned k = 0; k < 60; k++) {
        struct surge *s;
        unsigned begin = 10 * 1440, began = 0, ended = 0, told = 0;
        seed = 5000 + k;
        draw_days(days, 30);
        for (unsigned d = 10; d < 30 && days[d].kind < .5; d++) // on a working day, for what is usual on one is what is known
            begin += 1440;
        begin += (unsigned)(uniform() * 1380);
        double mean = expected(begin % 1440, sizes[k % 3], 1);
        if (mean < 15)
            continue; // of so few the busiest minute is chance, and may have three times as many
        floods++;
        assert_int_equal(surge_new(&usual, &s), 0);
        for (unsigned t = 0; t < begin + 60; t++) {
            bool flood = t >= begin && t < begin + 30;
            uint64_t n = flood ? poisson(10 * mean) : draw_minute(&days[t / 1440], t % 1440, sizes[k % 3]);
            enum surge_change c = surge_put(s, SURGE_CONNECTIONS, T0 + t * MINUTE, n);
            began += c == SURGE_BEGINS;
            told = c == SURGE_BEGINS ? t : told;
            ended += c == SURGE_ENDS;
        }
        if (began != 1 || ended != 1 || told > begin + 1)
            fail_msg("seed %u: %u begun, %u ended, told after %u minutes (at %u, mean %.1f)", 5000 + k, began, ended, told - begin,
                     begin % 1440, mean);
        surge_free(s);
    }
    assert_true(floods > 25);
}

static struct surge *learned(unsigned days, uint64_t count)
{
    struct surge *s;

    assert_int_equal(surge_new(&usual, &s), 0);
    for (unsigned m = 0; m < days * 1440; m++)
        assert_int_equal(surge_put(s, SURGE_FAILURES, T0 + m * MINUTE, count), SURGE_NOTHING);
    return s;
}

static enum surge_change put(struct surge *s, unsigned minute, uint64_t count)
{
    return surge_put(s, SURGE_FAILURES, T0 + minute * MINUTE, count);
}

static void limits_are_exact(void **state)
{
    struct surge *s = learned(7, 100);
    struct surge_status st;
    unsigned m = 7 * 1440;

    (void)state;
    surge_status(s, SURGE_FAILURES, T0 + m * MINUTE, &st);
    assert_false(st.learning);
    assert_int_equal(st.limit, 300);
    assert_int_equal(put(s, m++, 300), SURGE_NOTHING);
    assert_int_equal(put(s, m++, 301), SURGE_BEGINS);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(put(s, m++, 150), SURGE_NOTHING);
    assert_int_equal(put(s, m++, 151), SURGE_NOTHING); // it is still more than half
    assert_int_equal(put(s, m++, 5000), SURGE_NOTHING); // the same one
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(put(s, m++, 150), SURGE_NOTHING);
    surge_status(s, SURGE_FAILURES, T0 + m * MINUTE, &st);
    assert_true(st.since == T0 + (7 * 1440 + 1) * MINUTE);
    assert_int_equal(put(s, m++, 150), SURGE_ENDS);
    surge_status(s, SURGE_FAILURES, T0 + m * MINUTE, &st);
    assert_true(st.since == 0 && st.most == 5000 && st.surges == 1);
    assert_int_equal(st.limit, 300); // nothing was learned of it
    assert_int_equal(put(s, m++, 301), SURGE_BEGINS); // the next one has five quiet minutes of its own
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(put(s, m++, 0), SURGE_NOTHING);
    assert_int_equal(put(s, m++, 0), SURGE_ENDS);
    surge_status(s, SURGE_CONNECTIONS, T0 + m * MINUTE, &st);
    assert_true(st.learning); // of others nothing is known
    surge_free(s);
}

static void the_limit_of_much_is_all(void **state)
{
    struct surge *s = learned(9, UINT64_MAX / 2);
    struct surge_status st;

    (void)state;
    surge_status(s, SURGE_FAILURES, T0 + 9 * DAY, &st);
    assert_true(st.limit == UINT64_MAX);
    surge_free(s);
}

static void little_is_never_much(void **state)
{
    struct surge *s = learned(9, 0);

    (void)state;
    assert_int_equal(put(s, 9 * 1440, 60), SURGE_NOTHING);
    assert_int_equal(put(s, 9 * 1440 + 1, 61), SURGE_BEGINS);
    surge_free(s);
}

static void who_knows_nothing_says_nothing(void **state)
{
    struct surge *s = learned(6, 1);

    (void)state;
    for (unsigned m = 0; m < 1440; m++) // the seventh day; its own first hours do not make one
        assert_int_equal(put(s, 6 * 1440 + m, 100000), SURGE_NOTHING);
    surge_free(s);
    s = learned(7, 1);
    assert_int_equal(put(s, (7 + SURGE_DAYS_STALE) * 1440, 100000), SURGE_NOTHING); // a month later
    surge_free(s);
}

// Twenty-nine minutes of an hour are not the hour.
static void half_an_hour_is_wanted(void **state)
{
    for (unsigned minutes = 29; minutes <= 30; minutes++) {
        struct surge_status st;
        struct surge *s;
        (void)state;
        assert_int_equal(surge_new(&usual, &s), 0);
        for (unsigned d = 0; d < 8; d++)
            for (unsigned m = 0; m < minutes; m++)
                put(s, d * 1440 + m, 100);
        put(s, 8 * 1440, 100);
        surge_status(s, SURGE_FAILURES, T0 + 8 * DAY, &st);
        assert_int_equal(st.days, minutes == 30 ? 8 : 0);
        surge_free(s);
    }
}

static void one_odd_day_teaches_nothing(void **state)
{
    struct surge *s = learned(8, 100);
    struct surge_status st;
    unsigned m = 8 * 1440;

    (void)state;
    for (unsigned i = 0; i < 1440; i++) // as much as just passes
        assert_int_equal(put(s, m++, 299), SURGE_NOTHING);
    put(s, m, 100);
    surge_status(s, SURGE_FAILURES, T0 + m * MINUTE, &st);
    assert_int_equal(st.limit, 300);
    for (unsigned i = 0; i < 1440; i++)
        assert_int_equal(put(s, m++, 299), SURGE_NOTHING);
    surge_status(s, SURGE_FAILURES, T0 + m * MINUTE, &st);
    assert_int_equal(st.limit, 3 * 299); // two of them do
    surge_free(s);
}

static void the_hour_beside_counts(void **state)
{
    struct surge_status st;
    struct surge *s;

    (void)state;
    assert_int_equal(surge_new(&usual, &s), 0);
    for (unsigned m = 0; m < 8 * 1440; m++) // all come at nine
        put(s, m, m % 1440 / 60 == 9 ? 1000 : 100);
    const struct {
        unsigned minute, limit;
    } wanted[] = {{8 * 60 + 29, 300}, {8 * 60 + 30, 3000}, {9 * 60, 3000}, {10 * 60 + 29, 3000}, {10 * 60 + 30, 300}, {0, 300}};
    for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        surge_status(s, SURGE_FAILURES, T0 + 8 * DAY + wanted[i].minute * MINUTE, &st);
        assert_int_equal(st.limit, wanted[i].limit);
    }
    surge_free(s);
}

static void what_lasts_is_usual(void **state)
{
    struct surge *s = learned(8, 100);
    struct surge_status st;
    unsigned m = 8 * 1440, changes = 0;

    (void)state;
    assert_int_equal(put(s, m++, 1000), SURGE_BEGINS);
    for (; m < 9 * 1440; m++)
        changes += put(s, m, 1000) != SURGE_NOTHING;
    assert_int_equal(changes, 0);
    assert_int_equal(put(s, m++, 1000), SURGE_ORDINARY);
    surge_status(s, SURGE_FAILURES, T0 + m * MINUTE, &st);
    assert_true(st.learning && st.since == 0 && st.days == 0);
    for (; m < 17 * 1440; m++)
        assert_int_equal(put(s, m, 1000), SURGE_NOTHING);
    surge_status(s, SURGE_FAILURES, T0 + m * MINUTE, &st);
    assert_int_equal(st.limit, 3000);
    surge_free(s);
}

static void clocks_that_jump(void **state)
{
    struct surge *s = learned(8, 100);
    struct surge_status st;

    (void)state;
    for (unsigned m = 0; m < 2 * 1440; m++) // two days in the next month, under a wrong clock
        assert_int_equal(put(s, 40 * 1440 + m, 200), SURGE_NOTHING);
    put(s, 8 * 1440, 100);
    surge_status(s, SURGE_FAILURES, T0 + 8 * DAY, &st);
    assert_int_equal(st.limit, 300);
    for (unsigned m = 0; m < 40; m++) // set back in the midst of an hour: what was seen of it was another one
        put(s, 8 * 1440 + (m < 20 ? m : m - 20), m < 20 ? 299 : 100);
    put(s, 8 * 1440 + 60, 100);
    surge_status(s, SURGE_FAILURES, T0 + 9 * DAY, &st);
    assert_int_equal(st.days, 8); // nine, if those twenty minutes and these were one hour
    assert_int_equal(put(s, 400 * 1440, 100), SURGE_NOTHING); // a year ahead, and back again
    assert_int_equal(put(s, 8 * 1440, 100), SURGE_NOTHING);
    for (unsigned m = 1; m < 120; m++)
        put(s, 8 * 1440 + m, 100);
    assert_int_equal(put(s, 8 * 1440 + 120, 1000), SURGE_BEGINS);
    assert_int_equal(put(s, 8 * 1440 + 60, 1000), SURGE_NOTHING); // an hour back: the same one
    surge_status(s, SURGE_FAILURES, T0 + 8 * DAY, &st);
    assert_int_equal(st.surges, 1);
    assert_int_equal(surge_put(s, SURGE_FAILURES, -5, 1), SURGE_NOTHING);
    assert_int_equal(surge_put(s, SURGE_FAILURES, INT64_MAX, 1), SURGE_NOTHING);
    assert_int_equal(put(s, 8 * 1440 + 61, UINT64_MAX), SURGE_NOTHING);
    surge_free(s);
}

// --- as text -------------------------------------------------------------------------------------------------

static void it_survives_as_text(void **state)
{
    struct surge *s = learned(8, 100), *again;
    struct surge_status a, b;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    put(s, 8 * 1440, 1000);
    surge_print(s, out);
    fclose(out);
    assert_int_equal(surge_new(&usual, &again), 0);
    assert_int_equal(surge_read(again, text), 0);
    surge_status(s, SURGE_FAILURES, T0 + 8 * DAY, &a);
    surge_status(again, SURGE_FAILURES, T0 + 8 * DAY, &b);
    assert_true(a.limit == b.limit && a.since == b.since && a.days == b.days && a.most == b.most);
    assert_int_equal(put(again, 8 * 1440 + 1, 1000), SURGE_NOTHING); // told already
    free(text);
    surge_free(s);
    surge_free(again);
}

static void full_history_fits(void **state)
{
    struct surge *s;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    assert_int_equal(surge_new(&usual, &s), 0);
    for (unsigned i = 0; i < SURGE_SERIES; i++)
        for (unsigned m = 0; m < 15 * 1440; m++)
            surge_put(s, (enum surge_series)i, (INT64_C(999000) * 1440 + m) * MINUTE, UINT64_MAX - 1);
    surge_print(s, out);
    fclose(out);
    assert_in_range(n, 1000, SURGE_TEXT_MAX);
    assert_int_equal(surge_read(s, text), 0);
    free(text);
    surge_free(s);
}

static void liars(void **state)
{
    static const char *const bad[] = {
        "hour connections 24 20000 5\n", "hour connections 1 0 5\n", "hour connections 1 2000000 5\n", "hour nobody 1 20000 5\n",
        "day connections 1 20000 5\n", "hour connections 1 20000 5", "hour connections 1 20000\n", "hour connections 1 20000 5 6\n",
        "surge bytes 0 5 5\n", "surge bytes 5 0 5\n", "surge bytes 99999999999999 5 5\n", "\n", "x",
    };
    struct surge *s = learned(8, 100);
    struct surge_status st;
    char *much = calloc(1, SURGE_TEXT_MAX + 100);

    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (surge_read(s, bad[i]) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
    while (strlen(much) <= SURGE_TEXT_MAX)
        strcat(much, "hour connections 1 20000 5\n");
    assert_int_equal(surge_read(s, much), -EINVAL);
    surge_status(s, SURGE_FAILURES, T0 + 8 * DAY, &st);
    assert_int_equal(st.days, 8); // as it was
    free(much);
    surge_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thirty_ordinary_days),
        cmocka_unit_test(a_flood_is_told),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(the_limit_of_much_is_all),
        cmocka_unit_test(little_is_never_much),
        cmocka_unit_test(who_knows_nothing_says_nothing),
        cmocka_unit_test(half_an_hour_is_wanted),
        cmocka_unit_test(one_odd_day_teaches_nothing),
        cmocka_unit_test(the_hour_beside_counts),
        cmocka_unit_test(what_lasts_is_usual),
        cmocka_unit_test(clocks_that_jump),
        cmocka_unit_test(it_survives_as_text),
        cmocka_unit_test(full_history_fits),
        cmocka_unit_test(liars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
