// SPDX-License-Identifier: GPL-2.0-or-later
// spray: one account from many addresses. Who tries again is found whatever the order, who mistypes once is not, and
// invented names or addresses push nobody out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/spray.h"

#define T0 (INT64_C(1792800000) * USEC_SEC)
#define S(n) ((usec_t)(n) * USEC_SEC)

struct world {
    struct accounts *accounts;
    struct spray *spray;
    struct spray_offender who[ACCOUNTS_ADDRESSES + 1];
    unsigned n, count;
};

static struct addr addr_of(unsigned n)
{
    return (struct addr){{[10] = 0xff, 0xff, 198, 18, (uint8_t)(n / 250), (uint8_t)(n % 250 + 1)}};
}

static struct world fresh(unsigned addresses, unsigned tries, unsigned max)
{
    struct spray_policy p = {.addresses = addresses, .tries = tries, .findtime = S(3600), .max_addresses = max};
    struct world w;

    assert_int_equal(accounts_new(4096, &w.accounts), 0);
    assert_int_equal(spray_new(&p, w.accounts, &w.spray), 0);
    return w;
}

static void drop(struct world *w)
{
    spray_free(w->spray);
    accounts_free(w->accounts);
}

// Returns whether the one who failed is to be banned; w->n are all who are.
static bool guess(struct world *w, const char *account, unsigned from, usec_t t)
{
    struct addr a = addr_of(from);
    const struct account *e = accounts_fail(w->accounts, str_of(account), &a, t, 1);

    w->n = spray_failure(w->spray, e, &a, t, true, w->who, &w->count);
    return w->n > 0 && addr_eq(&w->who[0].addr, &a);
}

static void who_tries_again_is_found_and_one_typo_is_nothing(void **state)
{
    struct world w = fresh(4, 2, 1024);
    (void)state;

    for (unsigned i = 0; i < 3; i++)
        assert_false(guess(&w, "anna", i, T0 + S(i)));
    assert_false(guess(&w, "anna", 1, T0 + S(10))); // three addresses are not four
    assert_int_equal(w.n, 0);
    assert_false(guess(&w, "anna", 3, T0 + S(20))); // the fourth, once: perhaps she herself
    assert_int_equal(w.count, 1);
    assert_int_equal(w.n, 1); // but 1 has tried twice
    struct addr one = addr_of(1);
    assert_true(addr_eq(&w.who[0].addr, &one) && w.who[0].count == 2);
    spray_ban(w.spray, &one, T0 + S(20));
    for (unsigned i = 4; i < 200; i++) // however many follow, each once
        assert_false(guess(&w, "anna", i, T0 + S(20 + i)));
    assert_true(guess(&w, "anna", 150, T0 + S(300)));
    assert_int_equal(w.who[0].count, 2);
    assert_false(guess(&w, "anna", 1, T0 + S(301))); // what it was banned for counts no more
    assert_true(guess(&w, "anna", 1, T0 + S(302)));
    drop(&w);
}

static void one_who_is_banned_already_tells_of_the_account(void **state)
{
    struct world w = fresh(4, 2, 1024);
    struct addr late = addr_of(9), zero = addr_of(0);
    (void)state;

    for (unsigned i = 0; i < 3; i++)
        assert_false(guess(&w, "anna", i, T0 + S(i)));
    assert_false(guess(&w, "anna", 0, T0 + S(5)));
    const struct account *e = accounts_fail(w.accounts, STR("anna"), &late, T0 + S(6), 1);
    assert_int_equal(spray_failure(w.spray, e, &late, T0 + S(6), false, w.who, &w.count), 1);
    assert_true(addr_eq(&w.who[0].addr, &zero));
    assert_int_equal(spray_count(w.spray, &late, T0 + S(6)), 0);
    drop(&w);
}

static void one_guess_at_each_of_several_sprayed_accounts(void **state)
{
    struct world w = fresh(4, 2, 1024);
    (void)state;

    for (unsigned i = 0; i < 4; i++)
        assert_false(guess(&w, "anna", i, T0 + S(i)));
    for (unsigned i = 4; i < 7; i++)
        assert_false(guess(&w, "bert", i, T0 + S(i)));
    assert_false(guess(&w, "carl", 0, T0 + S(8))); // anna and somebody whom nobody sprays
    assert_true(guess(&w, "bert", 0, T0 + S(9)));   // anna and bert
    drop(&w);
}

static void what_is_too_long_ago_is_forgotten(void **state)
{
    struct world w = fresh(4, 2, 1024);
    (void)state;

    for (unsigned i = 0; i < 4; i++)
        assert_false(guess(&w, "anna", i, T0 + S(i)));
    assert_false(guess(&w, "anna", 0, T0 + S(3604))); // the others no longer count: one address
    for (unsigned i = 1; i < 4; i++)
        assert_false(guess(&w, "anna", i + 10, T0 + S(3610)));
    struct addr zero = addr_of(0);
    assert_int_equal(spray_count(w.spray, &zero, T0 + S(3610)), 1); // of its two only one
    drop(&w);
}

// Any order of the same failures within findtime finds the same ones.
static void the_order_does_not_matter(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 50; seed++) {
        struct world w = fresh(6, 2, 1024);
        struct {
            unsigned from;
            const char *account;
        } v[60];
        bool banned[32] = {false};
        unsigned n = 0;
        for (unsigned i = 0; i < 12; i++) // who sprays: each twice
            for (unsigned k = 0; k < 2; k++) {
                v[n].from = i;
                v[n++].account = k && i % 2 ? "bert" : "anna";
            }
        for (unsigned i = 12; i < 18; i++) { // owners' typos, one each, from elsewhere
            v[n].from = i;
            v[n++].account = i % 2 ? "anna" : "bert";
        }
        for (unsigned i = 18; i < 22; i++) { // accounts of others, twice
            v[n].from = i;
            v[n++].account = "carl";
            v[n].from = i;
            v[n++].account = "carl";
        }
        srand(seed);
        for (unsigned i = n - 1; i > 0; i--) {
            unsigned k = (unsigned)rand() % (i + 1);
            __typeof__(v[0]) swap = v[i];
            v[i] = v[k];
            v[k] = swap;
        }
        for (unsigned i = 0; i < n; i++) {
            guess(&w, v[i].account, v[i].from, T0 + S(i));
            for (unsigned k = 0; k < w.n; k++) {
                unsigned who = w.who[k].addr.b[15] - 1u;
                assert_true(who < 12); // nobody innocent
                banned[who] = true;
                spray_ban(w.spray, &w.who[k].addr, T0 + S(i));
            }
        }
        for (unsigned i = 0; i < 12; i++)
            assert_true(banned[i]);
        drop(&w);
    }
}

static void names_in_between_hide_nothing(void **state)
{
    struct world w = fresh(4, 2, 1024);
    char name[32];
    (void)state;

    for (unsigned i = 0; i < 4; i++)
        guess(&w, "anna", i, T0 + S(i));
    for (unsigned i = 0; i < 100; i++) { // more than an address has room for
        snprintf(name, sizeof(name), "x%u", i);
        assert_false(guess(&w, name, 0, T0 + S(10 + i)));
    }
    assert_true(guess(&w, "anna", 0, T0 + S(200)));
    drop(&w);
}

static void at_the_bounds_a_sprayed_account_and_who_tried_it_stay(void **state)
{
    struct world w = fresh(4, 2, 64);
    char name[32];
    (void)state;

    for (unsigned i = 0; i < 4; i++)
        guess(&w, "anna", i, T0 + S(i));
    for (unsigned i = 0; i < 20000; i++) { // names and addresses, all new
        snprintf(name, sizeof(name), "x%u", i);
        struct addr a = {{[10] = 0xff, 0xff, 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
        const struct account *e = accounts_fail(w.accounts, str_of(name), &a, T0 + S(10) + i, 1);
        assert_int_equal(spray_failure(w.spray, e, &a, T0 + S(10) + i, true, w.who, &w.count), 0);
    }
    assert_int_equal(spray_counters(w.spray).addresses, 64);
    assert_int_equal(spray_counters(w.spray).overflow, 20004 - 64);
    for (unsigned i = 0; i < 4; i++)
        assert_true(guess(&w, "anna", i, T0 + S(60)));
    drop(&w);
}

static void who_is_asked_about_is_explained(void **state)
{
    struct world w = fresh(4, 2, 1024);
    struct spray_look look[SPRAY_TRIES_MAX];
    struct addr a = addr_of(0);
    usec_t oldest;
    (void)state;

    assert_false(spray_oldest(w.spray, T0, &oldest));
    guess(&w, "carl", 0, T0);
    for (unsigned i = 0; i < 5; i++)
        guess(&w, "anna", i, T0 + S(i));
    guess(&w, "anna", 0, T0 + S(10));
    spray_ban(w.spray, &a, T0 + S(10));
    assert_int_equal(spray_look(w.spray, &a, T0 + S(20), look), 2);
    assert_true(strcmp(look[0].account->name, "anna") == 0 && look[0].addresses == 5 && look[0].mine == 2 && look[0].sprayed);
    assert_true(strcmp(look[1].account->name, "carl") == 0 && look[1].addresses == 1 && look[1].mine == 1 && !look[1].sprayed);
    assert_true(spray_oldest(w.spray, T0 + S(20), &oldest) && oldest <= T0);
    assert_false(spray_oldest(w.spray, T0 + S(3700), &oldest));
    assert_int_equal(spray_count(w.spray, &a, T0 + S(20)), 0); // it was banned for that
    spray_forget(w.spray, &a);
    assert_int_equal(spray_look(w.spray, &a, T0 + S(20), look), 0);
    drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_tries_again_is_found_and_one_typo_is_nothing),
        cmocka_unit_test(one_who_is_banned_already_tells_of_the_account),
        cmocka_unit_test(one_guess_at_each_of_several_sprayed_accounts),
        cmocka_unit_test(what_is_too_long_ago_is_forgotten),
        cmocka_unit_test(the_order_does_not_matter),
        cmocka_unit_test(names_in_between_hide_nothing),
        cmocka_unit_test(at_the_bounds_a_sprayed_account_and_who_tried_it_stay),
        cmocka_unit_test(who_is_asked_about_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
