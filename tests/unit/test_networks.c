// SPDX-License-Identifier: GPL-2.0-or-later
// networks: different offenders of one network within a time, bounded, forgiven by hand; guests: who logged in well.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/guests.h"
#include "policy/networks.h"

#define T0 (INT64_C(1792800000) * USEC_SEC)
#define S(n) ((n) * USEC_SEC)

static struct addr addr_of(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse(str_of(text), &a), 0);
    return a;
}

static struct prefix net_of(const char *text)
{
    struct prefix p;

    assert_int_equal(prefix_parse(str_of(text), &p), 0);
    return p;
}

static struct networks *fresh(unsigned least, unsigned len4, unsigned len6, unsigned max)
{
    struct networks_policy p = {
        .least = least, .findtime = S(3600), .len4 = (uint8_t)(96 + len4), .len6 = (uint8_t)len6};
    struct networks *n;

    assert_int_equal(networks_new(&p, max, &n), 0);
    return n;
}

static bool offend(struct networks *n, const char *addr, usec_t t)
{
    struct addr a = addr_of(addr);

    return networks_offend(n, &a, t);
}

static unsigned count(const struct networks *n, const char *addr, usec_t t)
{
    struct addr a = addr_of(addr);
    const struct network *e = networks_find(n, &a);

    return e ? networks_count(n, e, t) : 0;
}

static void different_addresses_of_one_network_within_the_time(void **state)
{
    struct networks *n = fresh(3, 24, 64, 64);
    (void)state;

    assert_false(offend(n, "203.0.113.5", T0));
    assert_false(offend(n, "203.0.113.5", T0 + S(10))); // the same again is nobody new
    assert_false(offend(n, "203.0.113.6", T0 + S(20)));
    assert_false(offend(n, "203.0.112.7", T0 + S(30))); // a neighbour network's
    assert_int_equal(count(n, "203.0.113.77", T0 + S(30)), 2);
    assert_true(offend(n, "203.0.113.7", T0 + S(40)));
    networks_free(n);

    n = fresh(3, 24, 64, 64);
    assert_false(offend(n, "203.0.113.5", T0));
    assert_false(offend(n, "203.0.113.6", T0 + S(1800)));
    assert_false(offend(n, "203.0.113.7", T0 + S(3601))); // the first is too old by a second
    assert_true(offend(n, "203.0.113.8", T0 + S(3601)));
    assert_false(offend(n, "203.0.113.9", T0 + S(9000)));
    networks_free(n);
}

static void an_offender_that_comes_late_counts_from_its_newest_ban(void **state)
{
    struct networks *n = fresh(2, 24, 64, 64);
    (void)state;

    assert_false(offend(n, "203.0.113.5", T0 + S(3000)));
    assert_true(offend(n, "203.0.113.6", T0)); // two sources are read crosswise
    assert_false(offend(n, "198.51.100.5", T0 + S(3000)));
    assert_false(offend(n, "198.51.100.5", T0)); // an older one takes nothing back
    assert_true(offend(n, "198.51.100.6", T0 + S(6000)));
    networks_free(n);
}

static void prefixes_are_of_choice_and_an_address_is_no_network(void **state)
{
    struct networks *n = fresh(2, 16, 64, 64);
    (void)state;

    assert_false(offend(n, "203.0.1.5", T0));
    assert_true(offend(n, "203.0.200.5", T0));
    networks_free(n);

    n = fresh(2, 32, 128, 64);
    assert_false(offend(n, "203.0.113.5", T0));
    assert_false(offend(n, "203.0.113.6", T0));
    assert_false(offend(n, "203.0.113.5", T0 + 1));
    assert_false(offend(n, "2001:db8::1", T0));
    assert_false(offend(n, "2001:db8::2", T0));
    assert_int_equal(networks_counters(n).networks, 0);
    networks_free(n);
}

static void of_ipv6_a_customer_is_one_offender(void **state)
{
    struct networks *n = fresh(2, 24, 64, 64);
    (void)state;

    assert_false(offend(n, "2001:db8:0:1::1", T0)); // within one /64 its addresses are what there is to count
    assert_true(offend(n, "2001:db8:0:1::2", T0));
    networks_free(n);

    n = fresh(2, 24, 56, 64);
    assert_false(offend(n, "2001:db8:0:1::1", T0)); // one customer with many addresses is not his neighbours' harm
    assert_false(offend(n, "2001:db8:0:1::2", T0));
    assert_false(offend(n, "2001:db8:0:1:ffff::", T0));
    assert_true(offend(n, "2001:db8:0:2::1", T0));
    networks_free(n);
}

static void who_led_to_a_ban_leads_to_no_other(void **state)
{
    struct networks *n = fresh(2, 24, 64, 64);
    struct addr a = addr_of("203.0.113.5");
    (void)state;

    assert_false(offend(n, "203.0.113.5", T0));
    assert_true(offend(n, "203.0.113.6", T0 + S(1)));
    networks_ban(n, &a, T0 + S(1));
    assert_int_equal(networks_find(n, &a)->n, 2); // they are still known
    assert_int_equal(count(n, "203.0.113.5", T0 + S(2)), 0);
    assert_false(offend(n, "203.0.113.7", T0 + S(10)));
    assert_true(offend(n, "203.0.113.5", T0 + S(11)));
    networks_free(n);
}

static void who_kept_it_from_a_ban_is_known(void **state)
{
    struct networks *n = fresh(2, 24, 64, 64);
    struct addr a = addr_of("203.0.113.5"), friend = addr_of("203.0.113.80");
    (void)state;

    networks_keep(n, &a, T0, &friend, "nothing is known"); // of no network
    assert_false(offend(n, "203.0.113.5", T0));
    assert_true(offend(n, "203.0.113.6", T0));
    networks_keep(n, &a, T0, &friend, "a good login");
    assert_true(addr_eq(&networks_find(n, &a)->kept_for, &friend));
    assert_string_equal(networks_find(n, &a)->kept_reason, "a good login");
    assert_true(offend(n, "203.0.113.7", T0 + S(1))); // asked again at each new one
    networks_ban(n, &a, T0 + S(1));
    assert_int_equal(networks_find(n, &a)->kept, 0);
    networks_free(n);
}

static void whoever_is_forgiven_is_no_offender(void **state)
{
    struct networks *n = fresh(3, 24, 64, 64);
    struct prefix one = net_of("203.0.113.5"), all = net_of("203.0.0.0/16"), half = net_of("203.0.113.0/25");
    (void)state;

    offend(n, "203.0.113.5", T0);
    offend(n, "203.0.113.200", T0 + S(5));
    networks_forget(n, &one, T0 + S(1));
    assert_int_equal(count(n, "203.0.113.5", T0 + S(5)), 1);
    offend(n, "203.0.113.5", T0 + S(6)); // and again, after that
    networks_forget(n, &one, T0 + S(1));
    assert_int_equal(count(n, "203.0.113.5", T0 + S(6)), 2);
    networks_forget(n, &half, T0 + S(10));
    assert_int_equal(count(n, "203.0.113.5", T0 + S(6)), 1);
    offend(n, "198.51.100.5", T0);
    networks_forget(n, &all, T0 + S(10));
    assert_int_equal(count(n, "203.0.113.5", T0 + S(6)), 0);
    assert_int_equal(count(n, "198.51.100.5", T0 + S(6)), 1);
    networks_free(n);
}

static void at_the_bound_a_network_with_offenders_stays(void **state)
{
    struct networks *n = fresh(4, 24, 64, 64);
    (void)state;

    offend(n, "203.0.113.5", T0);
    offend(n, "203.0.113.6", T0);
    for (unsigned i = 0; i < 20000; i++) { // each with an offender of its own, and younger
        char text[32];
        snprintf(text, sizeof(text), "10.%u.%u.9", i / 250, i % 250);
        assert_false(offend(n, text, T0 + S(1) + i));
    }
    assert_int_equal(networks_counters(n).networks, 64);
    assert_int_equal(networks_counters(n).overflow, 20001 - 64);
    assert_int_equal(count(n, "203.0.113.9", T0 + S(2)), 2);
    assert_false(offend(n, "203.0.113.7", T0 + S(60)));
    assert_true(offend(n, "203.0.113.8", T0 + S(60)));
    // but not for ever: those of another day count no more
    for (unsigned i = 0; i < 20000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "11.%u.%u.9", i / 250, i % 250);
        offend(n, text, T0 + S(86400) + i);
    }
    assert_null(networks_find(n, &(struct addr){{[10] = 0xff, 0xff, 203, 0, 113, 9}}));
    networks_free(n);
}

static void good_logins_are_found_by_address_and_by_network(void **state)
{
    struct addr a = addr_of("203.0.113.5"), b = addr_of("203.0.113.6"), c = addr_of("198.51.100.1"), found;
    struct prefix net = net_of("203.0.113.0/24"), other = net_of("203.0.112.0/24");
    struct guests *l;
    (void)state;

    assert_int_equal(guests_new(64, &l), 0);
    assert_int_equal(guests_last(l, &a), 0);
    assert_false(guests_within(l, &net, 0, &found));
    guests_add(l, &a, T0 + S(5));
    guests_add(l, &a, T0); // older
    guests_add(l, &b, T0 + S(2));
    guests_add(l, &c, T0 + S(9));
    assert_int_equal(guests_last(l, &a), T0 + S(5));
    assert_true(guests_within(l, &net, T0, &found) && addr_eq(&found, &a)); // the newest
    assert_true(guests_within(l, &net, T0 + S(5), &found));
    assert_false(guests_within(l, &net, T0 + S(6), &found));
    assert_false(guests_within(l, &other, 0, &found));
    guests_free(l);
}

static void guests_are_bounded_and_the_longest_silent_goes(void **state)
{
    struct addr a = addr_of("203.0.113.5"), b;
    struct guests *l;
    unsigned known = 0;
    (void)state;

    assert_int_equal(guests_new(64, &l), 0);
    guests_add(l, &a, T0 + S(86400));
    for (unsigned i = 0; i < 5000; i++) {
        b = (struct addr){{[10] = 0xff, 0xff, 10, (uint8_t)(i / 250), (uint8_t)(i % 250), 1}};
        guests_add(l, &b, T0 + i);
    }
    for (unsigned i = 0; i < 5000; i++) {
        b = (struct addr){{[10] = 0xff, 0xff, 10, (uint8_t)(i / 250), (uint8_t)(i % 250), 1}};
        known += guests_last(l, &b) != 0;
    }
    assert_int_equal(known, 63);
    assert_int_equal(guests_overflow(l), 5001 - 64);
    assert_int_equal(guests_last(l, &a), T0 + S(86400));
    guests_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(different_addresses_of_one_network_within_the_time),
        cmocka_unit_test(an_offender_that_comes_late_counts_from_its_newest_ban),
        cmocka_unit_test(prefixes_are_of_choice_and_an_address_is_no_network),
        cmocka_unit_test(of_ipv6_a_customer_is_one_offender),
        cmocka_unit_test(who_led_to_a_ban_leads_to_no_other),
        cmocka_unit_test(who_kept_it_from_a_ban_is_known),
        cmocka_unit_test(whoever_is_forgiven_is_no_offender),
        cmocka_unit_test(at_the_bound_a_network_with_offenders_stays),
        cmocka_unit_test(good_logins_are_found_by_address_and_by_network),
        cmocka_unit_test(guests_are_bounded_and_the_longest_silent_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
