// SPDX-License-Identifier: GPL-2.0-or-later
// policy: windows at their edges, bounds and overflow, growing bans, the ban list.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "policy/bans.h"
#include "policy/jail.h"
#include "policy/tally.h"

#define T0 (INT64_C(1795374835) * USEC_SEC)
#define S(x) ((usec_t)((x) * USEC_SEC))

static struct addr address(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(str_of(text), &a), 0);
    return a;
}

static struct addr numbered(uint32_t i)
{
    struct addr a = address("10.0.0.0");
    a.b[13] = (uint8_t)(i >> 16);
    a.b[14] = (uint8_t)(i >> 8);
    a.b[15] = (uint8_t)i;
    return a;
}

static struct jail *new_jail(unsigned maxretry, usec_t findtime, unsigned max)
{
    struct jail_policy p = {
        .maxretry = maxretry, .findtime = findtime, .bantime = S(3600), .factor = 2, .max_addresses = max};
    struct jail *j;
    assert_int_equal(jail_new(&p, &j), 0);
    return j;
}

static unsigned count_of(const struct jail *j, const struct addr *a, usec_t t, usec_t *ret_oldest)
{
    struct jail_window w = jail_look(j, a, t);

    *ret_oldest = w.oldest;
    return w.count;
}

static enum verdict_kind one_failure(struct jail *j, const char *a, const char *user, usec_t t)
{
    struct addr addr = address(a);
    enum verdict_kind kind = jail_failure(j, &addr, str_of(user), t, 1, 0).kind;
    if (kind == VERDICT_BAN)
        jail_forget(j, &addr);
    return kind;
}

static void who_is_spared_is_judged_again_by_the_next_failure(void **state)
{
    struct jail *j = new_jail(3, S(600), 16);
    struct addr a = address("203.0.113.1");
    usec_t oldest;
    (void)state;
    for (int i = 0; i < 7; i++) // nobody says jail_forget(): he is spared
        assert_int_equal(jail_failure(j, &a, STR("a"), T0 + S(i), 1, 0).kind, i < 2 ? VERDICT_NOTHING : VERDICT_BAN);
    assert_int_equal(count_of(j, &a, T0 + S(7), &oldest), 3);
    assert_true(oldest == T0 + S(4));
    jail_forget(j, &a);
    assert_int_equal(jail_failure(j, &a, STR("a"), T0 + S(8), 1, 0).kind, VERDICT_NOTHING);
    jail_free(j);
}

static void the_window_slides_exactly(void **state)
{
    struct jail *j = new_jail(3, S(600), 16);
    (void)state;
    assert_int_equal(one_failure(j, "203.0.113.1", "a", T0), VERDICT_NOTHING);
    assert_int_equal(one_failure(j, "203.0.113.1", "a", T0 + S(300)), VERDICT_NOTHING);
    // one millisecond after the first has left the window
    assert_int_equal(one_failure(j, "203.0.113.1", "a", T0 + S(600) + USEC_MSEC), VERDICT_NOTHING);
    // the second, third and this one are inside
    assert_int_equal(one_failure(j, "203.0.113.1", "a", T0 + S(900)), VERDICT_BAN);
    // after a ban the address starts anew
    assert_int_equal(one_failure(j, "203.0.113.1", "a", T0 + S(901)), VERDICT_NOTHING);
    jail_free(j);
    j = new_jail(2, S(600), 16);
    assert_int_equal(one_failure(j, "2001:db8::1", "a", T0), VERDICT_NOTHING);
    assert_int_equal(one_failure(j, "2001:db8::2", "a", T0), VERDICT_NOTHING);
    assert_int_equal(one_failure(j, "2001:db8::1", "a", T0 + S(600)), VERDICT_BAN); // exactly findtime is inside
    jail_free(j);
}

static void an_old_line_cannot_ban_today(void **state)
{
    struct jail *j = new_jail(2, S(600), 16);
    (void)state;
    assert_int_equal(one_failure(j, "203.0.113.1", "a", T0), VERDICT_NOTHING);
    assert_int_equal(one_failure(j, "203.0.113.2", "a", T0 - S(601)), VERDICT_OLD);
    assert_int_equal(one_failure(j, "203.0.113.1", "a", T0 - S(601)), VERDICT_OLD);
    // slightly crosswise is no harm, and the ring stays in order
    assert_int_equal(one_failure(j, "203.0.113.3", "a", T0 - S(100)), VERDICT_NOTHING);
    assert_int_equal(one_failure(j, "203.0.113.3", "a", T0 - S(200)), VERDICT_BAN);
    jail_free(j);
}

static void a_line_from_the_future_makes_no_other_old(void **state)
{
    struct jail *j = new_jail(2, S(600), 16);
    (void)state;
    jail_set_bound(j, T0);
    assert_int_equal(one_failure(j, "203.0.113.1", "a", T0 + S(100000)), VERDICT_NOTHING);
    assert_int_equal(one_failure(j, "203.0.113.2", "a", T0), VERDICT_NOTHING);
    assert_int_equal(one_failure(j, "203.0.113.2", "a", T0), VERDICT_BAN);
    jail_set_bound(j, T0 - S(5000)); // the clock was set back
    assert_int_equal(one_failure(j, "203.0.113.3", "a", T0 - S(5000)), VERDICT_NOTHING);
    assert_int_equal(one_failure(j, "203.0.113.3", "a", T0 - S(5000)), VERDICT_BAN);
    jail_free(j);
}

static void weight_counts_many_times(void **state)
{
    struct jail *j = new_jail(5, S(600), 16);
    struct addr a = address("203.0.113.1");
    (void)state;
    assert_int_equal(jail_failure(j, &a, STR(""), T0, 4, 0).kind, VERDICT_NOTHING);
    assert_int_equal(jail_failure(j, &a, STR(""), T0, 200, 0).kind, VERDICT_BAN);
    jail_free(j);
}

static void allowlisted_and_impossible_addresses_never_count(void **state)
{
    struct prefix list[2];
    struct jail_policy p = {.maxretry = 1, .findtime = S(600), .bantime = S(1), .ignore = list, .n_ignore = 2,
                            .max_addresses = 16};
    struct jail *j;
    (void)state;
    assert_int_equal(prefix_parse(STR("198.51.100.0/24"), &list[0]), 0);
    assert_int_equal(prefix_parse(STR("2001:db8::/32"), &list[1]), 0);
    assert_int_equal(jail_new(&p, &j), 0);
    assert_int_equal(one_failure(j, "198.51.100.200", "a", T0), VERDICT_IGNORED);
    assert_int_equal(one_failure(j, "2001:db8:1::5", "a", T0), VERDICT_IGNORED);
    assert_int_equal(one_failure(j, "127.0.0.1", "a", T0), VERDICT_IGNORED);
    assert_int_equal(one_failure(j, "198.51.101.1", "a", T0), VERDICT_BAN);
    assert_int_equal(jail_counters(j)->ignored, 3);
    jail_free(j);
}

static void a_good_login_forgives_its_own_name_only(void **state)
{
    struct jail *j = new_jail(3, S(600), 16);
    struct addr a = address("203.0.113.1");
    usec_t oldest;
    (void)state;
    one_failure(j, "203.0.113.1", "alice", T0);
    one_failure(j, "203.0.113.1", "bob", T0 + S(1));
    jail_success(j, &a, STR("bob"), T0 + S(2));
    assert_int_equal(count_of(j, &a, T0 + S(2), &oldest), 1);
    assert_true(oldest == T0);
    jail_success(j, &a, STR(""), T0 + S(3));
    assert_int_equal(count_of(j, &a, T0 + S(3), &oldest), 1);
    jail_success(j, &a, STR("alice"), T0 + S(4));
    assert_int_equal(count_of(j, &a, T0 + S(4), &oldest), 0);
    // an attacker with one valid account guesses at others: his own logins wash nothing away
    for (int i = 0; i < 2; i++) {
        assert_int_equal(one_failure(j, "203.0.113.1", "victim", T0 + S(10 + i)), VERDICT_NOTHING);
        jail_success(j, &a, STR("mallory"), T0 + S(10 + i));
    }
    assert_int_equal(one_failure(j, "203.0.113.1", "victim", T0 + S(13)), VERDICT_BAN);
    jail_free(j);
}

static void who_types_wrong_twice_and_then_right_is_forgiven(void **state)
{
    struct jail *j = new_jail(3, S(600), 16);
    struct addr a = address("203.0.113.1");
    (void)state;
    one_failure(j, "203.0.113.1", "alice", T0);
    one_failure(j, "203.0.113.1", "alice", T0 + S(1));
    jail_success(j, &a, STR("alice"), T0 + S(2));
    assert_int_equal(one_failure(j, "203.0.113.1", "alice", T0 + S(100)), VERDICT_NOTHING);
    assert_int_equal(one_failure(j, "203.0.113.1", "alice", T0 + S(101)), VERDICT_NOTHING);
    assert_int_equal(one_failure(j, "203.0.113.1", "alice", T0 + S(102)), VERDICT_BAN);
    jail_free(j);
}

// 4 guesses at another's account, a good login of his own, and again.
static void a_valid_account_buys_no_guesses_at_others(void **state)
{
    struct jail *j = new_jail(5, S(600), 16);
    struct addr a = address("203.0.113.1");
    unsigned guesses = 0;
    bool banned = false;
    (void)state;
    while (!banned && guesses < 100) {
        banned = one_failure(j, "203.0.113.1", "alice", T0 + S(guesses)) == VERDICT_BAN;
        if (++guesses % 4 == 0)
            jail_success(j, &a, STR("mallory"), T0 + S(guesses));
    }
    assert_int_equal(guesses, 5);
    jail_free(j);
}

// The attacker shares his address with the very user whose password he guesses, and who logs in all the time.
static void forgiveness_has_a_bound_in_a_findtime(void **state)
{
    struct jail *j = new_jail(5, S(600), 16);
    struct addr a = address("203.0.113.1");
    unsigned guesses = 0;
    bool banned = false;
    (void)state;
    while (!banned && guesses < 100) {
        banned = one_failure(j, "203.0.113.1", "alice", T0 + S(guesses)) == VERDICT_BAN;
        if (++guesses % 4 == 0)
            jail_success(j, &a, STR("alice"), T0 + S(guesses));
    }
    assert_int_equal(guesses, 10); // maxretry forgiven, maxretry counted
    jail_forget(j, &a);
    // the bound is kept although nothing else is left of the address
    for (int i = 0; i < 5; i++) {
        one_failure(j, "203.0.113.1", "alice", T0 + S(200 + i));
        jail_success(j, &a, STR("alice"), T0 + S(200 + i));
        one_failure(j, "203.0.113.2", "x", T0 + S(200 + i)); // others come meanwhile
    }
    one_failure(j, "203.0.113.1", "alice", T0 + S(210));
    jail_success(j, &a, STR("alice"), T0 + S(210));
    usec_t oldest;
    assert_int_equal(count_of(j, &a, T0 + S(210), &oldest), 1);
    // a findtime after the first forgiveness there is some again, and in the end nothing is remembered
    jail_success(j, &a, STR("alice"), T0 + S(801));
    assert_int_equal(count_of(j, &a, T0 + S(210), &oldest), 0);
    for (int i = 0; i < 3; i++)
        one_failure(j, "203.0.113.3", "x", T0 + S(2000 + i));
    assert_int_equal(jail_counters(j)->addresses, 1);
    jail_free(j);
}

static void a_full_table_drops_the_longest_silent(void **state)
{
    struct jail *j = new_jail(2, S(600), 100);
    struct addr a;
    usec_t oldest;
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        a = numbered(i + 1);
        assert_int_equal(jail_failure(j, &a, STR("x"), T0 + i, 1, 0).kind, VERDICT_NOTHING);
        assert_true(jail_counters(j)->addresses <= 100);
    }
    assert_int_equal(jail_counters(j)->overflow, 900);
    a = numbered(900);
    assert_int_equal(count_of(j, &a, T0, &oldest), 0);
    a = numbered(901);
    assert_int_equal(count_of(j, &a, T0, &oldest), 1);
    assert_true(jail_oldest(j, T0, &oldest));
    // all are silent for longer than findtime: the table empties as it is used
    for (uint32_t i = 0; i < 100; i++) {
        a = numbered(5000);
        jail_failure(j, &a, STR("x"), T0 + S(700 + i * 700), 1, 0);
    }
    assert_int_equal(jail_counters(j)->addresses, 1);
    jail_free(j);
}

static void further_bans_grow_to_the_maximum(void **state)
{
    struct jail_policy p = {.bantime = S(600), .increment = true, .factor = 2, .maximum = S(86400)};
    (void)state;
    assert_true(jail_bantime(&p, p.bantime, 0) == S(600));
    assert_true(jail_bantime(&p, p.bantime, 3) == S(4800));
    assert_true(jail_bantime(&p, p.bantime, 8) == S(86400));
    assert_true(jail_bantime(&p, p.bantime, UINT32_MAX) == S(86400));
    p.maximum = S(60); // below bantime: bantime stays
    assert_true(jail_bantime(&p, p.bantime, 1) == S(600));
    p.increment = false;
    assert_true(jail_bantime(&p, p.bantime, 9) == S(600));
    p.increment = true;
    p.bantime = USEC_FOREVER;
    assert_true(jail_bantime(&p, p.bantime, 9) == USEC_FOREVER);
}

static struct ban ban_of(const char *net, usec_t until)
{
    struct ban b = {.since = T0, .until = until, .count = 5, .times = 1, .jail = "pptpd"};
    assert_int_equal(prefix_parse(str_of(net), &b.net), 0);
    return b;
}

static void the_ban_list_finds_covers_and_ends(void **state)
{
    struct bans *b;
    struct ban ban, out;
    struct addr a;
    (void)state;
    assert_int_equal(bans_new(3, &b), 0);
    assert_true(bans_next_expiry(b) == USEC_FOREVER);
    ban = ban_of("203.0.113.5", T0 + S(100));
    assert_int_equal(bans_add(b, &ban, false), 0);
    ban = ban_of("203.0.113.0/24", T0 + S(50));
    assert_int_equal(bans_add(b, &ban, false), 0);
    ban = ban_of("2001:db8::/48", USEC_FOREVER);
    assert_int_equal(bans_add(b, &ban, false), 0);
    ban = ban_of("192.0.2.1", T0);
    assert_int_equal(bans_add(b, &ban, false), -ENOSPC);

    a = address("203.0.113.5");
    assert_true(bans_covering(b, &a)->until == T0 + S(100));
    a = address("203.0.113.6");
    assert_int_equal(prefix_family_len(&bans_covering(b, &a)->net), 24);
    a = address("2001:db8:0:ffff::1");
    assert_non_null(bans_covering(b, &a));
    a = address("203.0.114.1");
    assert_null(bans_covering(b, &a));

    ban = ban_of("203.0.113.5", T0 + S(10));
    assert_int_equal(bans_add(b, &ban, false), 0); // never shortens
    assert_true(bans_find(b, &ban.net)->until == T0 + S(100));
    assert_int_equal(bans_add(b, &ban, true), 0); // unless told to
    assert_true(bans_next_expiry(b) == T0 + S(10));

    assert_false(bans_expire(b, T0 + S(9), &out));
    assert_true(bans_expire(b, T0 + S(60), &out) && prefix_eq(&out.net, &ban.net));
    assert_true(bans_expire(b, T0 + S(60), &out) && out.net.len == 120);
    assert_false(bans_expire(b, T0 + S(600000), &out));
    ban = ban_of("2001:db8::/48", 0);
    assert_true(bans_remove(b, &ban.net, &out));
    assert_false(bans_remove(b, &ban.net, &out));
    assert_int_equal(bans_count(b), 0);
    bans_free(b);
}

static void many_bans_end_in_the_order_of_their_ends(void **state)
{
    struct bans *b;
    struct ban out, ban = ban_of("10.0.0.0", 0);
    usec_t last = 0;
    uint64_t x = 88172645463325252u;
    (void)state;
    assert_int_equal(bans_new(5000, &b), 0);
    for (uint32_t i = 0; i < 5000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        struct addr a = numbered(i);
        ban.net = prefix_of(&a, 128);
        ban.until = T0 + (usec_t)(x % 100000);
        assert_int_equal(bans_add(b, &ban, false), 0);
    }
    for (uint32_t i = 0; i < 5000; i += 3) {
        struct addr a = numbered(i);
        struct prefix net = prefix_of(&a, 128);
        assert_true(bans_remove(b, &net, NULL));
    }
    size_t n = bans_count(b);
    while (bans_expire(b, USEC_FOREVER - 1, &out)) {
        assert_true(out.until >= last);
        last = out.until;
        n--;
    }
    assert_int_equal(n, 0);
    bans_free(b);
}

static void a_full_tally_drops_the_longest_silent(void **state)
{
    struct tally *t;
    struct addr a;
    unsigned known = 0;
    (void)state;
    assert_int_equal(tally_new(64, &t), 0);
    for (uint32_t i = 1; i <= 1000; i++) {
        a = numbered(i);
        tally_add(t, &a, CLASS_FAULT, T0 + i);
        tally_add(t, &a, CLASS_REFUSED, T0 + i);
        assert_int_equal(tally_find(t, &a)->count[CLASS_FAULT], 1);
    }
    for (uint32_t i = 1; i <= 1000; i++) {
        a = numbered(i);
        known += tally_find(t, &a) != NULL;
    }
    assert_int_equal(known, 64);
    tally_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_slides_exactly),
        cmocka_unit_test(an_old_line_cannot_ban_today),
        cmocka_unit_test(a_line_from_the_future_makes_no_other_old),
        cmocka_unit_test(weight_counts_many_times),
        cmocka_unit_test(allowlisted_and_impossible_addresses_never_count),
        cmocka_unit_test(a_good_login_forgives_its_own_name_only),
        cmocka_unit_test(who_types_wrong_twice_and_then_right_is_forgiven),
        cmocka_unit_test(a_valid_account_buys_no_guesses_at_others),
        cmocka_unit_test(forgiveness_has_a_bound_in_a_findtime),
        cmocka_unit_test(who_is_spared_is_judged_again_by_the_next_failure),
        cmocka_unit_test(a_full_table_drops_the_longest_silent),
        cmocka_unit_test(further_bans_grow_to_the_maximum),
        cmocka_unit_test(the_ban_list_finds_covers_and_ends),
        cmocka_unit_test(a_full_tally_drops_the_longest_silent),
        cmocka_unit_test(many_bans_end_in_the_order_of_their_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
