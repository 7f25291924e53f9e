// SPDX-License-Identifier: GPL-2.0-or-later
// policy: which threshold holds, in all combinations of the rules; schedules by the wall clock; windows that count unknown
// accounts apart; what is remembered of good logins, and its bounds.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/jail.h"
#include "policy/logins.h"
#include "policy/threshold.h"

#define T0 (INT64_C(1795374835) * USEC_SEC) // Sunday, 2026-11-22 19:13:55 UTC
#define S(x) ((usec_t)((x) * USEC_SEC))
#define DAYS(x) S((x) * 86400)

static struct country_max by_day[] = {{"RU", 2}, {"DE", 20}};
static struct country_max by_night[] = {{"RU", 3}, {"", 6}};
static const struct week_part night[] = {{0x7f, 22 * 60, 6 * 60}};
static struct threshold_schedule schedules[] = {
    {"night", night, 1, {4, 2, 8, {by_night, 2}, S(600), false}},
};

static struct threshold_policy policy_of(const struct zone *zone)
{
    return (struct threshold_policy){.values = {5, 3, 10, {by_day, 2}, S(3600), false},
                                     .trust = DAYS(30), .schedules = schedules, .n_schedules = 1, .zone = zone};
}

static struct zone *zone_named(const char *name)
{
    struct zone *z = NULL;
    assert_int_equal(zone_new(name, &z), 0);
    return z;
}

enum who { LEARNING, KNOWN, STRANGER };

// All there are: schedule, country (named in both, named by day alone, nobody knows), trust, what is known of the account.
static const struct {
    bool night;
    const char *country;
    bool trusted;
    enum who who;
    unsigned total;
    enum threshold_rule rule;
    unsigned unknown;
} combinations[] = {
    {false, "RU", false, LEARNING, 2, RULE_COUNTRY, 0},  {false, "RU", false, KNOWN, 2, RULE_COUNTRY, 3},
    {false, "RU", false, STRANGER, 2, RULE_COUNTRY, 3},  {false, "RU", true, LEARNING, 10, RULE_TRUST, 0},
    {false, "RU", true, KNOWN, 10, RULE_TRUST, 0},       {false, "RU", true, STRANGER, 10, RULE_TRUST, 0},
    {false, "DE", false, LEARNING, 20, RULE_COUNTRY, 0}, {false, "DE", false, KNOWN, 20, RULE_COUNTRY, 3},
    {false, "DE", false, STRANGER, 20, RULE_COUNTRY, 3}, {false, "DE", true, LEARNING, 20, RULE_COUNTRY, 0},
    {false, "DE", true, KNOWN, 20, RULE_COUNTRY, 0},     {false, "DE", true, STRANGER, 20, RULE_COUNTRY, 0},
    {false, "", false, LEARNING, 5, RULE_MAXRETRY, 0},   {false, "", false, KNOWN, 5, RULE_MAXRETRY, 3},
    {false, "", false, STRANGER, 5, RULE_MAXRETRY, 3},   {false, "", true, LEARNING, 10, RULE_TRUST, 0},
    {false, "", true, KNOWN, 10, RULE_TRUST, 0},         {false, "", true, STRANGER, 10, RULE_TRUST, 0},
    {true, "RU", false, LEARNING, 3, RULE_COUNTRY, 0},   {true, "RU", false, KNOWN, 3, RULE_COUNTRY, 2},
    {true, "RU", false, STRANGER, 3, RULE_COUNTRY, 2},   {true, "RU", true, LEARNING, 8, RULE_TRUST, 0},
    {true, "RU", true, KNOWN, 8, RULE_TRUST, 0},         {true, "RU", true, STRANGER, 8, RULE_TRUST, 0},
    {true, "DE", false, LEARNING, 6, RULE_COUNTRY, 0},   {true, "DE", false, KNOWN, 6, RULE_COUNTRY, 2},
    {true, "DE", false, STRANGER, 6, RULE_COUNTRY, 2},   {true, "DE", true, LEARNING, 8, RULE_TRUST, 0},
    {true, "DE", true, KNOWN, 8, RULE_TRUST, 0},         {true, "DE", true, STRANGER, 8, RULE_TRUST, 0},
    {true, "", false, LEARNING, 6, RULE_COUNTRY, 0},     {true, "", false, KNOWN, 6, RULE_COUNTRY, 2},
    {true, "", false, STRANGER, 6, RULE_COUNTRY, 2},     {true, "", true, LEARNING, 8, RULE_TRUST, 0},
    {true, "", true, KNOWN, 8, RULE_TRUST, 0},           {true, "", true, STRANGER, 8, RULE_TRUST, 0},
};

static void every_combination_has_its_threshold(void **state)
{
    struct zone *berlin = zone_named("Europe/Berlin"); // 20:13 there
    struct threshold_policy p = policy_of(berlin);
    (void)state;
    assert_int_equal(sizeof(combinations) / sizeof(combinations[0]), 2 * 3 * 2 * 3);
    for (size_t i = 0; i < sizeof(combinations) / sizeof(combinations[0]); i++) {
        usec_t t = T0 + (combinations[i].night ? S(2 * 3600) : 0);
        struct threshold_case c = {.time = t,
                                   .login = combinations[i].trusted ? t - DAYS(1) : 0,
                                   .country = combinations[i].country,
                                   .learned = combinations[i].who != LEARNING,
                                   .stranger = combinations[i].who == STRANGER};
        struct threshold h = threshold_of(&p, &c);
        char text[REASON_STRLEN];
        if (h.total.max != combinations[i].total || h.total.rule != combinations[i].rule || h.unknown.max != combinations[i].unknown)
            print_error("combination %zu: %s, unknown %u\n", i, threshold_format(&h.total, text), h.unknown.max);
        assert_int_equal(h.total.max, combinations[i].total);
        assert_int_equal(h.total.rule, combinations[i].rule);
        assert_int_equal(h.unknown.max, combinations[i].unknown);
        assert_int_equal(h.stranger, combinations[i].unknown > 0 && combinations[i].who == STRANGER);
        assert_string_equal(h.total.schedule, combinations[i].night ? "night" : "");
        assert_string_equal(h.total.country, combinations[i].rule == RULE_COUNTRY ? combinations[i].country : "");
        assert_true(h.bantime == (combinations[i].night ? S(600) : S(3600)));
        assert_true(h.trusted_until == (combinations[i].trusted ? t + DAYS(29) : 0));
    }
    zone_free(berlin);
}

static void rules_that_are_off_change_nothing(void **state)
{
    struct threshold_policy p = {.values = {.maxretry = 5, .trusted = 9, .bantime = S(1)}};
    struct threshold_case c = {.time = T0, .login = T0, .country = "RU", .learned = true, .stranger = true};
    struct threshold h = threshold_of(&p, &c);
    (void)state;
    assert_true(h.total.max == 5 && h.total.rule == RULE_MAXRETRY && h.unknown.max == 0 && !h.stranger && h.trusted_until == 0);
}

static void trust_lasts_exactly_so_long(void **state)
{
    struct threshold_policy p = {.values = {.maxretry = 5, .trusted = 9}, .trust = DAYS(30)};
    struct threshold_case c = {.time = T0, .country = "", .login = T0 - DAYS(30)};
    (void)state;
    assert_int_equal(threshold_of(&p, &c).total.max, 9);
    c.login--;
    assert_int_equal(threshold_of(&p, &c).total.max, 5);
    c.login = T0 + DAYS(1); // a line from before, read again after a restart
    assert_int_equal(threshold_of(&p, &c).total.max, 9);
    c.login = 0;
    assert_int_equal(threshold_of(&p, &c).total.max, 5);
}

static void the_last_written_schedule_holds(void **state)
{
    static const struct week_part daily[] = {{0x7f, 0, 1440}};
    struct threshold_schedule v[] = {{"a", daily, 1, {.maxretry = 2}}, {"b", night, 1, {.maxretry = 3, .observe = true}}};
    struct zone *utc = zone_named("UTC");
    struct threshold_policy p = {.values = {.maxretry = 5}, .schedules = v, .n_schedules = 2, .zone = utc};
    struct threshold_case c = {.time = T0, .country = ""};
    (void)state;
    assert_string_equal(threshold_of(&p, &c).total.schedule, "a");
    assert_false(threshold_of(&p, &c).observe);
    c.time += S(3 * 3600);
    assert_string_equal(threshold_of(&p, &c).total.schedule, "b");
    assert_true(threshold_of(&p, &c).observe);
    assert_int_equal(threshold_room(&p), 5);
    v[0].values.trusted = 7;
    assert_int_equal(threshold_room(&p), 7);
    v[1].values.countries = (struct country_list){by_day, 2};
    assert_int_equal(threshold_room(&p), 20);
    zone_free(utc);
}

static void it_is_said_in_words(void **state)
{
    char buf[REASON_STRLEN];
    (void)state;
    assert_string_equal(threshold_format(&(struct threshold_reason){0}, buf), "");
    assert_string_equal(threshold_format(&(struct threshold_reason){5, RULE_MAXRETRY, "", ""}, buf), "maxretry = 5");
    assert_string_equal(threshold_format(&(struct threshold_reason){2, RULE_COUNTRY, "RU", "night"}, buf),
                        "maxretry.country = RU:2, schedule night");
    assert_string_equal(threshold_format(&(struct threshold_reason){2, RULE_COUNTRY, "", ""}, buf), "maxretry.country = other:2");
    assert_string_equal(threshold_remark(&(struct threshold_reason){5, RULE_MAXRETRY, "", ""}, buf), "");
    assert_string_equal(threshold_remark(&(struct threshold_reason){5, RULE_MAXRETRY, "", "n"}, buf), " (maxretry = 5, schedule n)");
    assert_string_equal(threshold_remark(&(struct threshold_reason){3, RULE_UNKNOWN, "", ""}, buf), " (maxretry.unknown = 3)");
    struct threshold_reason longest = {1000, RULE_COUNTRY, "", "abcdefghijklmno"};
    assert_int_equal(strlen(threshold_remark(&longest, buf)), strlen(" (maxretry.country = other:1000, schedule abcdefghijklmno)"));
}

// --- the wall clock ------------------------------------------------------------------------------------------

// What the words mean, asked of the zone itself.
static bool wall_clock_holds(const struct week_part *parts, size_t n, time_t t)
{
    struct tm tm;

    localtime_r(&t, &tm);
    int day = (tm.tm_wday + 6) % 7, minute = tm.tm_hour * 60 + tm.tm_min;
    for (size_t i = 0; i < n; i++) {
        bool today = parts[i].days & (1 << day), yesterday = parts[i].days & (1 << (day + 6) % 7);
        if (parts[i].to > parts[i].from ? today && minute >= parts[i].from && minute < parts[i].to
                                        : (today && minute >= parts[i].from) || (yesterday && minute < parts[i].to))
            return true;
    }
    return false;
}

static void schedules_follow_the_wall_clock(void **state)
{
    static const struct week_part office[] = {{0x1f, 8 * 60, 18 * 60}, {0x20, 600, 720}};
    static const struct week_part end[] = {{0x10, 20 * 60, 24 * 60}, {0x60, 0, 24 * 60}};
    static const struct week_part odd[] = {{0x40, 23 * 60 + 59, 1}, {0x01, 90, 210}}; // across the hour that is skipped, or twice
    static const struct {
        const struct week_part *parts;
        size_t n;
    } lists[] = {{office, 2}, {night, 1}, {end, 2}, {odd, 2}};
    static const char *const zones[] = {"Europe/Berlin", "UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe",
                                        "Africa/Casablanca", "Pacific/Apia"};
    (void)state;
    for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
        struct zone *zone = zone_named(zones[z]);
        char *kept = zone_enter(zones[z]);
        unsigned seen[2] = {0, 0};
        // two years by 23 minutes, with the changes of both, and far away by days
        for (time_t t = 1293840000; t < 4000000000; t += t < 1356998400 ? 23 * 60 : 86400 - 600)
            for (size_t i = 0; i < 4; i++) {
                bool wanted = wall_clock_holds(lists[i].parts, lists[i].n, t);
                if (week_holds(lists[i].parts, lists[i].n, t + zone_offset(zone, t)) != wanted) {
                    zone_leave(zones[z], kept);
                    fail_msg("%s, list %zu, %lld", zones[z], i, (long long)t);
                }
                seen[wanted]++;
            }
        zone_leave(zones[z], kept);
        zone_free(zone);
        assert_true(seen[0] > 1000 && seen[1] > 1000);
    }
}

static void the_edges_of_zones(void **state)
{
    static const struct week_part sunday[] = {{0x40, 1200, 1440}};
    struct zone *z = NULL;
    (void)state;
    assert_int_equal(zone_new("Europe/Nowhere", &z), -ENOENT);
    z = zone_named("Europe/Berlin");
    assert_true(zone_offset(z, INT64_MIN) == zone_offset(z, 631152000) && zone_offset(z, INT64_MAX) == 3600);
    // the second at which summer time begins and ends
    assert_true(zone_offset(z, 1774745999) == 3600 && zone_offset(z, 1774746000) == 7200);
    assert_true(zone_offset(z, 1792889999) == 7200 && zone_offset(z, 1792890000) == 3600);
    zone_free(z);
    int64_t t = T0 / USEC_SEC / 86400 * 86400; // Sunday, by UTC
    assert_false(week_holds(sunday, 1, t + 1200 * 60 - 1));
    assert_true(week_holds(sunday, 1, t + 1200 * 60));
    assert_true(week_holds(sunday, 1, t + 86399));
    assert_false(week_holds(sunday, 1, t + 86400));
    assert_true(week_holds(&(struct week_part){0x08, 0, 1440}, 1, 0)); // 1970 began on a Thursday
    assert_true(week_holds(&(struct week_part){0x04, 1439, 1440}, 1, -1));
}

// --- windows -------------------------------------------------------------------------------------------------

static struct addr address(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(str_of(text), &a), 0);
    return a;
}

static struct jail *new_jail(unsigned maxretry, unsigned room)
{
    struct jail_policy p = {.maxretry = maxretry, .room = room, .findtime = S(600), .bantime = S(3600), .factor = 2, .max_addresses = 16};
    struct jail *j;
    assert_int_equal(jail_new(&p, &j), 0);
    return j;
}

static struct threshold holding(unsigned total, enum threshold_rule rule, unsigned unknown, bool stranger)
{
    return (struct threshold){.total = {.max = (uint16_t)total, .rule = (uint8_t)rule},
                              .unknown = {.max = (uint16_t)unknown, .rule = RULE_UNKNOWN},
                              .stranger = stranger,
                              .bantime = S(60)};
}

static struct verdict fail_as(struct jail *j, const char *user, usec_t t, struct threshold holds)
{
    struct addr a = address("203.0.113.1");
    struct jail_attempt f = {.addr = &a, .user = str_of(user), .time = t, .weight = 1};
    return jail_judge(j, &f, &holds);
}

static void unknown_accounts_are_counted_apart(void **state)
{
    struct jail *j = new_jail(5, 0);
    struct addr a = address("203.0.113.1");
    (void)state;
    assert_int_equal(fail_as(j, "nobody", T0, holding(5, RULE_MAXRETRY, 2, true)).kind, VERDICT_NOTHING);
    assert_int_equal(fail_as(j, "alice", T0 + S(1), holding(5, RULE_MAXRETRY, 2, false)).kind, VERDICT_NOTHING);
    assert_int_equal(fail_as(j, "", T0 + S(2), holding(5, RULE_MAXRETRY, 2, true)).kind, VERDICT_NOTHING); // no name, no stranger
    struct jail_window w = jail_look(j, &a, T0 + S(3));
    assert_true(w.count == 3 && w.unknown == 1 && w.oldest == T0 && w.oldest_unknown == T0);
    struct verdict v = fail_as(j, "nemo", T0 + S(3), holding(5, RULE_MAXRETRY, 2, true));
    assert_true(v.kind == VERDICT_BAN && v.reason.rule == RULE_UNKNOWN && v.reason.max == 2 && v.count == 4);
    assert_true(v.until == T0 + S(63));
    // what is older than findtime is not counted, and of five both rules say the first that is written
    jail_forget(j, &a);
    assert_int_equal(fail_as(j, "nobody", T0, holding(2, RULE_COUNTRY, 2, true)).kind, VERDICT_NOTHING);
    assert_int_equal(fail_as(j, "nemo", T0 + S(601), holding(2, RULE_COUNTRY, 2, true)).kind, VERDICT_NOTHING);
    assert_int_equal(fail_as(j, "nemo", T0 + S(602), holding(2, RULE_COUNTRY, 2, true)).reason.rule, RULE_COUNTRY);
    jail_free(j);
}

static void a_first_login_with_typos_is_forgiven(void **state)
{
    struct jail *j = new_jail(5, 0);
    struct addr a = address("203.0.113.1");
    (void)state;
    for (int day = 0; day < 20; day++) { // another new account each time, one typo, then in
        char user[16];
        snprintf(user, sizeof(user), "new%d", day);
        assert_int_equal(fail_as(j, user, T0 + S(700 * day), holding(5, RULE_MAXRETRY, 2, true)).kind, VERDICT_NOTHING);
        jail_success(j, &a, str_of(user), T0 + S(700 * day + 5));
        assert_int_equal(jail_look(j, &a, T0 + S(700 * day + 5)).unknown, 0);
    }
    jail_free(j);
}

static void one_valid_account_buys_few_guesses(void **state)
{
    enum { MAXRETRY = 5, TRUSTED = 12 };
    (void)state;
    // he logs in as his own account before every guess at another's; findtime is 600 s
    for (int trusted = 0; trusted <= 1; trusted++) {
        struct jail *j = new_jail(MAXRETRY, TRUSTED);
        struct addr a = address("203.0.113.1");
        unsigned guesses = 0;
        for (int i = 0; i < 100; i++) {
            struct threshold h = trusted ? holding(TRUSTED, RULE_TRUST, 0, false) : holding(MAXRETRY, RULE_MAXRETRY, 0, false);
            jail_success(j, &a, STR("mallory"), T0 + S(2 * i));
            guesses++;
            struct verdict v = fail_as(j, "alice", T0 + S(2 * i + 1), h);
            if (v.kind == VERDICT_BAN) {
                assert_int_equal(v.reason.rule, trusted ? RULE_TRUST : RULE_MAXRETRY);
                break;
            }
        }
        assert_int_equal(guesses, trusted ? TRUSTED : MAXRETRY);
        jail_free(j);
    }
}

static void a_threshold_that_falls_meets_what_is_there(void **state)
{
    struct jail *j = new_jail(5, 12);
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(fail_as(j, "a", T0 + S(i), holding(12, RULE_TRUST, 0, false)).kind, VERDICT_NOTHING);
    struct verdict v = fail_as(j, "a", T0 + S(8), holding(5, RULE_MAXRETRY, 0, false)); // trust is over
    assert_true(v.kind == VERDICT_BAN && v.count == 9);
    jail_free(j);
}

// --- good logins ---------------------------------------------------------------------------------------------

static const struct hash_key key = {{1, 2}};

static void logins_are_told_apart_and_coarsely(void **state)
{
    struct logins *l;
    uint64_t alice = login_id(&key, STR("pptpd"), STR("alice"));
    (void)state;
    assert_int_not_equal(alice, login_id(&key, STR("sshd"), STR("alice")));
    assert_int_not_equal(alice, login_id(&key, STR("pptpd"), STR("Alice")));
    assert_int_not_equal(alice, login_id(&key, STR("pptpda"), STR("lice")));
    assert_true((int64_t)alice > 0);
    assert_int_equal(logins_new(64, &l), 0);
    assert_null(logins_find(l, alice));
    usec_t hour = T0 / LOGINS_COARSE * LOGINS_COARSE;
    assert_true(logins_note(l, alice, hour, DAYS(90)).told);
    assert_false(logins_note(l, alice, hour + S(3599), DAYS(90)).told);
    assert_false(logins_note(l, alice, hour - S(7200), DAYS(90)).told); // an older one says nothing new
    assert_true(logins_note(l, alice, hour + S(3600), DAYS(90)).told);
    const struct login *e = logins_find(l, alice);
    assert_true(e->first == hour && e->last == hour + S(3600));
    struct logins_change c = logins_note(l, alice, hour + S(3600) + DAYS(90) + 1, DAYS(90)); // silent for longer: anew
    assert_true(c.told && c.now.first == c.now.last && !c.has_gone);
    logins_free(l);
}

static void logins_are_bounded_and_the_silent_go(void **state)
{
    struct logins *l;
    unsigned n = 0, gone = 0, at = 0;
    (void)state;
    assert_int_equal(logins_new(64, &l), 0);
    for (int i = 0; i < 10000; i++) {
        char user[16];
        int m = snprintf(user, sizeof(user), "u%d", i);
        // alice goes on logging in: nobody takes her place
        logins_note(l, login_id(&key, STR("f"), STR("alice")), T0 + S(i), DAYS(90));
        struct logins_change c = logins_note(l, login_id(&key, STR("f"), (struct str){user, (size_t)m}), T0 + S(i), DAYS(90));
        if (c.has_gone) {
            assert_null(logins_find(l, c.gone));
            gone++;
        }
    }
    while (logins_next(l, &at))
        n++;
    assert_int_equal(n, 64);
    assert_int_equal(n + gone, 10001);
    assert_int_equal(logins_count(l), 64);
    assert_int_equal(logins_overflow(l), gone);
    assert_non_null(logins_find(l, login_id(&key, STR("f"), STR("alice"))));
    logins_free(l);
}

static void restored_logins_do_not_push_out_later_ones(void **state)
{
    struct logins *l;
    (void)state;
    assert_int_equal(logins_new(4, &l), 0); // one set
    for (uint64_t i = 1; i <= 4; i++)
        logins_restore(l, &(struct login){.id = i, .first = T0, .last = T0 + S(i)});
    logins_restore(l, &(struct login){.id = 5, .first = T0, .last = T0});
    assert_null(logins_find(l, 5));
    logins_restore(l, &(struct login){.id = 6, .first = T0, .last = T0 + S(9)});
    assert_null(logins_find(l, 1));
    assert_non_null(logins_find(l, 6));
    logins_restore(l, &(struct login){.id = 6, .first = T0, .last = T0});
    assert_true(logins_find(l, 6)->last == T0 + S(9));
    assert_true(logins_count(l) == 4 && logins_overflow(l) == 1);
    logins_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_has_its_threshold),
        cmocka_unit_test(rules_that_are_off_change_nothing),
        cmocka_unit_test(trust_lasts_exactly_so_long),
        cmocka_unit_test(the_last_written_schedule_holds),
        cmocka_unit_test(it_is_said_in_words),
        cmocka_unit_test(schedules_follow_the_wall_clock),
        cmocka_unit_test(the_edges_of_zones),
        cmocka_unit_test(unknown_accounts_are_counted_apart),
        cmocka_unit_test(a_first_login_with_typos_is_forgiven),
        cmocka_unit_test(one_valid_account_buys_few_guesses),
        cmocka_unit_test(a_threshold_that_falls_meets_what_is_there),
        cmocka_unit_test(logins_are_told_apart_and_coarsely),
        cmocka_unit_test(logins_are_bounded_and_the_silent_go),
        cmocka_unit_test(restored_logins_do_not_push_out_later_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
