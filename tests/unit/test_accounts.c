// SPDX-License-Identifier: GPL-2.0-or-later
// Accounts: counted by name and address, bounded, and a good login after guesses told once, of the guesser alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/accounts.h"

#define T0 (INT64_C(1792800000) * USEC_SEC)

static struct addr addr_of(unsigned n)
{
    char text[32];
    struct addr a;

    snprintf(text, sizeof(text), "198.18.%u.%u", n / 250, n % 250 + 1);
    assert_int_equal(addr_parse(str_of(text), &a), 0);
    return a;
}

static void guess(struct accounts *a, const char *name, unsigned from, usec_t t)
{
    struct addr addr = addr_of(from);

    accounts_fail(a, str_of(name), &addr, t, 1);
}

static const struct account *succeed(struct accounts *a, const char *name, unsigned from, usec_t t)
{
    struct addr addr = addr_of(from);

    return accounts_succeed(a, str_of(name), &addr, t);
}

static const struct account *find(const struct accounts *a, const char *name)
{
    const struct account *e;
    unsigned i = 0;

    while ((e = accounts_next(a, &i)))
        if (strcmp(e->name, name) == 0)
            return e;
    return NULL;
}

static struct accounts *fresh(unsigned max)
{
    struct accounts *a;

    assert_int_equal(accounts_new(max, &a), 0);
    return a;
}

static void counts(void **state)
{
    struct accounts *a = fresh(64);

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        guess(a, "alice", i % 3, T0 + i * USEC_SEC);
    accounts_fail(a, STR("alice"), NULL, T0 + 10 * USEC_SEC, 1); // nobody knows from where
    accounts_fail(a, STR(""), NULL, T0, 1);
    const struct account *e = find(a, "alice");
    assert_non_null(e);
    assert_int_equal(e->failures, 11);
    assert_int_equal(e->n_from, 3);
    assert_false(e->more_from);
    assert_true(e->first == T0 && e->last == T0 + 10 * USEC_SEC);
    assert_null(find(a, ""));
    assert_int_equal(e->jails, 1);
    accounts_fail(a, STR("alice"), NULL, T0 + 11 * USEC_SEC, 4);
    assert_int_equal(e->jails, 5);
    accounts_fail(a, STR("alice"), NULL, T0 + 12 * USEC_SEC + ACCOUNTS_QUIET, 8); // counted anew
    assert_int_equal(e->jails, 8);
    assert_null(succeed(a, "bob", 1, T0)); // nobody tried him
    assert_null(find(a, "bob"));
    accounts_free(a);
}

static void a_guess(void **state)
{
    struct accounts *a = fresh(64);

    (void)state;
    for (int i = 0; i < ACCOUNTS_GUESSES - 1; i++)
        guess(a, "alice", 1, T0 + i);
    assert_null(succeed(a, "alice", 1, T0 + USEC_SEC)); // a typo or two
    guess(a, "alice", 1, T0 + 2 * USEC_SEC);
    assert_null(succeed(a, "alice", 2, T0 + 3 * USEC_SEC)); // she herself, from elsewhere
    const struct account *e = succeed(a, "alice", 1, T0 + 4 * USEC_SEC);
    assert_non_null(e);
    assert_int_equal(e->guesses, ACCOUNTS_GUESSES);
    assert_true(e->guessed == T0 + 4 * USEC_SEC);
    assert_int_equal(e->successes, 3);
    assert_null(succeed(a, "alice", 1, T0 + 5 * USEC_SEC)); // told once
    assert_true(find(a, "alice")->guessed == T0 + 4 * USEC_SEC);

    for (int i = 0; i < 5; i++)
        guess(a, "carol", 7, T0);
    assert_null(succeed(a, "carol", 7, T0 + ACCOUNTS_QUIET + 1)); // long ago
    accounts_free(a);
}

static void counted_anew_after_quiet(void **state)
{
    struct accounts *a = fresh(64);

    (void)state;
    for (int i = 0; i < 5; i++)
        guess(a, "alice", 1, T0);
    assert_non_null(succeed(a, "alice", 1, T0 + 1));
    guess(a, "alice", 2, T0 + ACCOUNTS_QUIET);
    assert_int_equal(find(a, "alice")->failures, 6);
    guess(a, "alice", 3, T0 + 2 * ACCOUNTS_QUIET + 1);
    const struct account *e = find(a, "alice");
    assert_int_equal(e->failures, 1);
    assert_int_equal(e->n_from, 1);
    assert_true(e->first == T0 + 2 * ACCOUNTS_QUIET + 1);
    assert_true(e->guessed == T0 + 1); // that somebody got in is not forgotten
    accounts_free(a);
}

static void bounds(void **state)
{
    struct accounts *a = fresh(64);
    char name[40], long_name[600];
    unsigned i = 0, n = 0;

    (void)state;
    for (unsigned k = 0; k < 100; k++)
        guess(a, "sprayed", k, T0 + k);
    const struct account *e = find(a, "sprayed");
    assert_int_equal(e->n_from, ACCOUNTS_ADDRESSES);
    assert_true(e->more_from);
    struct addr latest = addr_of(99);
    bool there = false;
    for (unsigned k = 0; k < e->n_from; k++)
        there |= addr_eq(&e->from[k].addr, &latest);
    assert_true(there);
    for (unsigned k = 0; k < 10000; k++) {
        snprintf(name, sizeof(name), "user%u", k);
        guess(a, name, 1, T0 + 1000 + k);
    }
    assert_int_equal(accounts_overflow(a), 10001 - 64);
    e = find(a, "sprayed"); // names that somebody invents push out none that many try
    assert_true(e && e->n_from == ACCOUNTS_ADDRESSES);
    assert_int_equal(accounts_spread(e, T0 + 99, 50), ACCOUNTS_ADDRESSES);
    assert_int_equal(accounts_spread(e, T0 + 109, 20), 11);
    assert_int_equal(accounts_spread(e, T0 + 200, 100), 0);
    assert_true(accounts_tell(a, e, T0 + 200, 100) && !accounts_tell(a, e, T0 + 299, 100) && accounts_tell(a, e, T0 + 300, 100));
    for (unsigned k = 0; k < 10000; k++) { // a day later it is nothing to them
        snprintf(name, sizeof(name), "user%u", k);
        guess(a, name, 1, T0 + 2 * ACCOUNTS_QUIET + k);
    }
    while (accounts_next(a, &i))
        n++;
    assert_int_equal(n, 64);
    assert_non_null(find(a, "user9999")); // the newest is there
    assert_null(find(a, "sprayed"));

    memset(long_name, 'x', sizeof(long_name)); // as long as pppd prints them, and told apart by their ends
    for (int k = 0; k < 2; k++) {
        long_name[sizeof(long_name) - 1] = (char)('a' + k);
        accounts_fail(a, (struct str){long_name, sizeof(long_name)}, NULL, T0 + 3 * ACCOUNTS_QUIET + 20000, 1);
    }
    for (i = n = 0; (e = accounts_next(a, &i));)
        n += strlen(e->name) == ACCOUNTS_NAME_MAX && e->failures == 1;
    assert_int_equal(n, 2);
    accounts_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(a_guess),
        cmocka_unit_test(counted_anew_after_quiet),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
