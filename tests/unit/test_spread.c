// SPDX-License-Identifier: GPL-2.0-or-later
// engine: those who spread over many addresses. Networks that are banned as a whole, accounts that many try, whom neither
// ever meets, and what a restart must not forget; with the shipped filter and whole log lines.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"

#define T0 (INT64_C(1795374835) * USEC_SEC)
#define S(n) ((n) * USEC_SEC)

struct world {
    struct config *config;
    struct engine *engine;
    char told[8192]; // bans, and networks that were kept from one
    size_t n;
    char path[64];
    uint64_t offset;
    unsigned pid;
    const char *spared; // as long as this is set
    uint64_t muted;     // outcomes up to here went into decisions of before
    const char *keep; // an address that the service spares
};

static void note(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct world *w, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    w->n += (size_t)vsnprintf(w->told + w->n, sizeof(w->told) - w->n, fmt, ap);
    va_end(ap);
    assert_true(w->n < sizeof(w->told));
}

static void on_ban(void *userdata, const struct ban *ban, const struct position *decided, bool observe)
{
    char net[PREFIX_STRLEN];

    assert_true(decided->offset > 0);
    note(userdata, "%s %s %s %u x%u; ", ban->jail, observe ? "OBSERVE" : "BAN", prefix_format(&ban->net, net), ban->count,
         ban->times);
}

static const char *on_keep(void *userdata, const struct ban *would, struct addr *ret)
{
    struct world *w = userdata;

    if (!w->keep || addr_parse(str_of(w->keep), ret) < 0 || !prefix_contains(&would->net, ret))
        return NULL;
    return "an administrator";
}

static void on_kept(void *userdata, const struct ban *would, const struct addr *for_whom, const char *reason)
{
    char net[PREFIX_STRLEN], addr[ADDR_STRLEN];

    note(userdata, "KEPT %s %u for %s: %s; ", prefix_format(&would->net, net), would->count, addr_format(for_whom, addr), reason);
}

static void on_sprayed(void *userdata, const struct jail_config *jail, const struct account *a, unsigned addresses)
{
    note(userdata, "%s SPRAYED %s %u; ", jail->name, a->name, addresses);
}

static bool decided(void *userdata, const char *jail, const struct outcome *o)
{
    const struct world *w = userdata;

    return w->muted && strcmp(jail, "spray") == 0 && o->decided.offset <= w->muted;
}

static bool spare(void *userdata, const struct ban *would, const struct outcome *o)
{
    const struct world *w = userdata;
    char net[PREFIX_STRLEN];

    (void)o;
    return w->spared && strcmp(prefix_format(&would->net, net), w->spared) == 0;
}

static void make_engine(struct world *w)
{
    struct config_report report = {0};
    struct engine_options o = {.config = w->config,
                               .mode = ENGINE_REPLAY_FILES,
                               .callbacks = {.ban = on_ban, .keep = on_keep, .kept = on_kept, .sprayed = on_sprayed,
                                             .decided = decided, .spare = spare, .userdata = w}};
    int r = engine_new(&o, &report, &w->engine);

    for (size_t i = 0; i < report.n; i++)
        print_error("%s\n", report.v[i].text);
    assert_int_equal(r, 0);
    config_report_free(&report);
}

static void begin(struct world *w, const char *config)
{
    struct config_report report = {0};
    char dirs[512], *top = realpath(getenv("srcdir") ? getenv("srcdir") : ".", NULL);

    strcpy(w->path, "/tmp/pptpban-spread-XXXXXX");
    int fd = mkstemp(w->path), n = snprintf(dirs, sizeof(dirs), "[pptpban]\nfilter_dirs = %s/filters\n", top);
    free(top);
    assert_true(fd >= 0 && write(fd, dirs, (size_t)n) == n);
    assert_int_equal(write(fd, config, strlen(config)), strlen(config));
    close(fd);
    int r = config_load(w->path, &w->config, &report);
    for (size_t i = 0; i < report.n; i++)
        print_error("%s\n", report.v[i].text);
    assert_int_equal(r, 0);
    config_report_free(&report);
    w->offset = 1;
    w->pid = 100;
    make_engine(w);
}

static void finish(struct world *w)
{
    engine_free(w->engine);
    config_free(w->config);
    unlink(w->path);
}

static void feed(struct world *w, usec_t t, const char *ident, unsigned pid, const char *message)
{
    char line[600];
    int n = snprintf(line, sizeof(line), "lab %s[%u]: %s", ident, pid, message);
    struct record r = {
        .time = t,
        .host = STR("lab"),
        .ident = str_of(ident),
        .pid = pid,
        .message = str_of(message),
        .line = {line, (size_t)n},
        .position = {.offset = w->offset++},
        .filters = engine_filters_for(w->engine, "auto"),
    };
    assert_int_equal(engine_feed(w->engine, &r), 0);
}

// One call, as pptpd and pppd log it.
static void call(struct world *w, usec_t t, const char *addr, const char *outcome)
{
    char text[300];
    unsigned pid = w->pid += 2;

    snprintf(text, sizeof(text), "CTRL: Client %s control connection started", addr);
    feed(w, t, "pptpd", pid, text);
    feed(w, t, "pptpd", pid, "CTRL: Starting call (launching pppd, opening GRE)");
    feed(w, t, "pppd", pid + 1, "pppd 2.4.9 started by root, uid 0");
    feed(w, t, "pppd", pid + 1, outcome);
    feed(w, t, "pppd", pid + 1, "Exit.");
    snprintf(text, sizeof(text), "CTRL: Reaping child PPP[%u]", pid + 1);
    feed(w, t, "pptpd", pid, text);
    snprintf(text, sizeof(text), "CTRL: Client %s control connection finished", addr);
    feed(w, t, "pptpd", pid, text);
}

static void guess(struct world *w, usec_t t, const char *addr, const char *user)
{
    char text[200];

    snprintf(text, sizeof(text), "Peer %s failed CHAP authentication", user);
    call(w, t, addr, text);
}

static void login(struct world *w, usec_t t, const char *addr, const char *user)
{
    char text[200];

    snprintf(text, sizeof(text), "Peer %s authenticated with CHAP", user);
    call(w, t, addr, text);
}

// What was told since the last time.
static const char *told(struct world *w)
{
    static char last[sizeof(w->told)];

    memcpy(last, w->told, w->n + 1);
    w->n = 0;
    w->told[0] = '\0';
    return last;
}

#define ONE "[DEFAULT]\nmaxretry = 1\nbantime = 1h\nbantime.increment = no\naggregate = 3\naggregate.bantime = 2d\n"

static void a_network_with_enough_offenders_is_banned_as_a_whole(void **state)
{
    struct world w = {0};
    struct engine_counters c;
    struct addr neighbour;
    unsigned count;
    (void)state;

    begin(&w, ONE);
    guess(&w, T0, "203.0.113.5", "a");
    guess(&w, T0 + S(10), "203.0.113.6", "a");
    guess(&w, T0 + S(20), "198.51.100.7", "a");
    assert_string_equal(told(&w), "pptpd BAN 203.0.113.5 1 x1; pptpd BAN 203.0.113.6 1 x1; pptpd BAN 198.51.100.7 1 x1; ");
    guess(&w, T0 + S(30), "203.0.113.7", "a");
    assert_string_equal(told(&w), "pptpd BAN 203.0.113.7 1 x1; pptpd BAN 203.0.113.0/24 3 x1; ");
    guess(&w, T0 + S(40), "203.0.113.99", "a"); // who is in it is banned already
    assert_string_equal(told(&w), "");
    assert_int_equal(addr_parse(STR("203.0.113.99"), &neighbour), 0);
    assert_int_equal(bans_covering(engine_bans(w.engine), &neighbour)->until, T0 + S(30 + 2 * 86400));
    const struct network *n = engine_network(w.engine, "pptpd", &neighbour, T0 + S(40), &count);
    assert_true(n && n->n == 3 && count == 0 && n->banned == T0 + S(30));
    engine_read_counters(w.engine, &c);
    assert_true(c.networks == 1 && c.bans == 5);
    // when that is over, it takes as many new ones again
    guess(&w, T0 + S(2 * 86400 + 100), "203.0.113.5", "a");
    guess(&w, T0 + S(2 * 86400 + 110), "203.0.113.6", "a");
    assert_null(strstr(told(&w), "/24"));
    guess(&w, T0 + S(2 * 86400 + 120), "203.0.113.7", "a");
    assert_non_null(strstr(told(&w), "pptpd BAN 203.0.113.0/24 3 x1; "));
    finish(&w);
}

static void of_old_it_is_off_and_ipv6_goes_by_its_64(void **state)
{
    struct world w = {0};
    (void)state;

    begin(&w, "[DEFAULT]\nmaxretry = 1\n");
    for (unsigned i = 1; i < 200; i++) {
        char addr[32];
        snprintf(addr, sizeof(addr), "203.0.113.%u", i);
        guess(&w, T0 + i, addr, "a");
    }
    assert_null(strstr(told(&w), "/24"));
    finish(&w);
    w = (struct world){0};
    begin(&w, ONE);
    for (unsigned i = 1; i < 5; i++) {
        char addr[40];
        snprintf(addr, sizeof(addr), "2001:db8:0:1::%u", i);
        guess(&w, T0 + S(i), addr, "a");
    }
    assert_non_null(strstr(told(&w), "pptpd BAN 2001:db8:0:1::/64 3 x1; "));
    finish(&w);
}

static void repeated_bans_of_a_network_get_longer_and_observing_bans_nobody(void **state)
{
    struct world w = {0};
    struct prefix net;
    (void)state;

    begin(&w, "[DEFAULT]\nmaxretry = 1\nbantime = 1m\naggregate = 2\naggregate.bantime = 1h\nbantime.maximum = 4w\n");
    for (unsigned i = 0; i < 3; i++) {
        guess(&w, T0 + S(i * 86400), "203.0.113.5", "a");
        guess(&w, T0 + S(i * 86400 + 10), "203.0.113.6", "a");
    }
    assert_int_equal(prefix_parse(STR("203.0.113.0/24"), &net), 0);
    assert_int_equal(bans_find(engine_bans(w.engine), &net)->until, T0 + S(2 * 86400 + 10 + 4 * 3600));
    assert_non_null(strstr(told(&w), "203.0.113.0/24 2 x3"));
    finish(&w);
    w = (struct world){0};
    begin(&w, ONE "mode = observe\n");
    guess(&w, T0, "203.0.113.5", "a");
    guess(&w, T0, "203.0.113.6", "a");
    guess(&w, T0, "203.0.113.7", "a");
    assert_non_null(strstr(told(&w), "pptpd OBSERVE 203.0.113.0/24 3 x1; "));
    assert_int_equal(bans_count(engine_bans(w.engine)), 0);
    finish(&w);
}

static void three_offenders(struct world *w, usec_t t)
{
    guess(w, t, "203.0.113.5", "a");
    guess(w, t, "203.0.113.6", "a");
    guess(w, t, "203.0.113.7", "a");
}

static void a_network_with_somebody_of_ours_in_it_is_not_banned(void **state)
{
    static const struct {
        const char *config, *guest, *keep, *kept;
    } cases[] = {
        {"ignoreip = 203.0.113.80\n", NULL, NULL, "KEPT 203.0.113.0/24 3 for 203.0.113.80: it is on the allowlist; "},
        {"ignoreip = 203.0.113.128/25\n", NULL, NULL, "KEPT 203.0.113.0/24 3 for 203.0.113.128: it is on the allowlist; "},
        {"[probe]\nenabled = yes\nignoreip = 203.0.113.80\n", NULL, NULL, // of any jail
         "KEPT 203.0.113.0/24 3 for 203.0.113.80: it is on the allowlist; "},
        {"", "203.0.113.80", NULL, "KEPT 203.0.113.0/24 3 for 203.0.113.80: somebody logged in well from there; "},
        {"", NULL, "203.0.113.80", "KEPT 203.0.113.0/24 3 for 203.0.113.80: an administrator; "},
    };
    struct engine_counters c;
    char config[512];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w = {.keep = cases[i].keep};
        snprintf(config, sizeof(config), "%s%s", ONE, cases[i].config);
        begin(&w, config);
        if (cases[i].guest)
            login(&w, T0 - S(80000), cases[i].guest, "anna");
        three_offenders(&w, T0);
        const char *said = told(&w);
        assert_null(strstr(said, "BAN 203.0.113.0/24"));
        assert_non_null(strstr(said, cases[i].kept));
        guess(&w, T0 + S(10), "203.0.113.8", "a"); // single bans go on, and it is said once
        assert_string_equal(told(&w), "pptpd BAN 203.0.113.8 1 x1; ");
        engine_read_counters(w.engine, &c);
        assert_true(c.networks == 0 && c.networks_kept == 2);
        // when the reason is over, the next offender bans it
        w.keep = NULL;
        if (cases[i].keep) {
            guess(&w, T0 + S(20), "203.0.113.9", "a");
            assert_non_null(strstr(told(&w), "pptpd BAN 203.0.113.0/24 3 x1; "));
        }
        finish(&w);
    }
}

static void a_good_login_of_long_ago_or_of_elsewhere_keeps_nothing(void **state)
{
    struct world w = {0};
    (void)state;

    begin(&w, ONE);
    login(&w, T0 - S(86401), "203.0.113.80", "anna");
    login(&w, T0, "203.0.112.80", "anna");
    three_offenders(&w, T0);
    assert_non_null(strstr(told(&w), "pptpd BAN 203.0.113.0/24 3 x1; "));
    finish(&w);
}

// As the service does it from its database: bans with their times, who was forgiven, who had logged in.
static void restart(struct world *w)
{
    engine_free(w->engine);
    make_engine(w);
}

static void restore(struct world *w, const char *net, usec_t since, usec_t until)
{
    struct ban ban = {.since = since, .until = until, .count = 1, .jail = "pptpd"};

    assert_int_equal(prefix_parse(str_of(net), &ban.net), 0);
    engine_restore_offender(w->engine, &ban);
}

static void a_restart_wins_nobody_an_offender_less(void **state)
{
    struct world w = {0};
    struct addr guest;
    struct prefix net;
    (void)state;

    begin(&w, ONE);
    restore(&w, "203.0.113.5", T0 - S(80000), T0 - S(76400)); // over, and still an offender
    restore(&w, "203.0.113.6", T0 - S(10), T0 + S(3590));
    guess(&w, T0, "203.0.113.7", "a");
    assert_string_equal(told(&w), "pptpd BAN 203.0.113.7 1 x1; pptpd BAN 203.0.113.0/24 3 x1; ");

    restart(&w); // what has led to a ban as a whole leads to no other; rows come in the order of their networks
    restore(&w, "203.0.113.0/24", T0 - S(10), T0 - S(5));
    restore(&w, "203.0.113.5", T0 - S(80000), T0 - S(76400));
    restore(&w, "203.0.113.6", T0 - S(10), T0 + S(3590));
    guess(&w, T0, "203.0.113.7", "a");
    assert_string_equal(told(&w), "pptpd BAN 203.0.113.7 1 x1; ");
    finish(&w);

    w = (struct world){0};
    begin(&w, ONE);
    restore(&w, "203.0.113.5", T0 - S(80000), T0 - S(76400));
    restore(&w, "203.0.113.6", T0 - S(10), T0 + S(3590));
    assert_int_equal(prefix_parse(STR("203.0.113.6"), &net), 0);
    engine_forget_offenders(w.engine, &net, T0 - S(1)); // somebody had unbanned him
    guess(&w, T0, "203.0.113.7", "a");
    assert_string_equal(told(&w), "pptpd BAN 203.0.113.7 1 x1; ");
    assert_int_equal(addr_parse(STR("203.0.113.80"), &guest), 0);
    engine_restore_guest(w.engine, &guest, T0 - S(10));
    guess(&w, T0, "203.0.113.8", "a");
    assert_non_null(strstr(told(&w), "KEPT 203.0.113.0/24 3 for 203.0.113.80: somebody logged in well from there; "));
    finish(&w);
}

static void what_is_unbanned_by_hand_counts_no_more(void **state)
{
    struct world w = {0};
    struct prefix net;
    struct ban old;
    (void)state;

    begin(&w, ONE);
    guess(&w, T0, "203.0.113.5", "a");
    guess(&w, T0, "203.0.113.6", "a");
    assert_int_equal(prefix_parse(STR("203.0.113.6"), &net), 0);
    assert_true(engine_unban(w.engine, &net, &old));
    guess(&w, T0 + S(1), "203.0.113.7", "a");
    assert_null(strstr(told(&w), "/24"));
    guess(&w, T0 + S(2), "203.0.113.8", "a");
    assert_non_null(strstr(told(&w), "/24"));
    finish(&w);
}

#define SPRAY "[DEFAULT]\nmaxretry = 5\nbantime.increment = no\n[spray]\nenabled = yes\nmaxretry = 4\nbantime = 2h\n"

// So many addresses try her once each, beginning with this one, a second apart.
static void spray(struct world *w, usec_t t, const char *account, unsigned from, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char addr[32];
        snprintf(addr, sizeof(addr), "198.18.%u.1", from + i);
        guess(w, t + S(i), addr, account);
    }
}

static void those_who_try_one_account_from_many_addresses_are_banned(void **state)
{
    struct world w = {0};
    struct spray_look look[SPRAY_TRIES_MAX];
    struct engine_window windows[8];
    struct addr a;
    (void)state;

    begin(&w, SPRAY);
    spray(&w, T0, "anna", 0, 3);
    guess(&w, T0 + S(10), "198.18.1.1", "anna"); // twice, and nobody knows yet that she is sprayed
    assert_string_equal(told(&w), "");
    guess(&w, T0 + S(20), "203.0.113.9", "anna"); // her owner mistypes, from wherever he is: one typo
    assert_string_equal(told(&w), "spray SPRAYED anna 4; spray BAN 198.18.1.1 2 x1; ");
    spray(&w, T0 + S(30), "anna", 3, 20);
    assert_string_equal(told(&w), "");
    guess(&w, T0 + S(60), "198.18.7.1", "anna");
    guess(&w, T0 + S(61), "198.18.7.1", "anna"); // its ban is on its way
    assert_string_equal(told(&w), "spray BAN 198.18.7.1 2 x1; ");
    assert_int_equal(addr_parse(STR("198.18.7.1"), &a), 0);
    assert_int_equal(bans_covering(engine_bans(w.engine), &a)->until, T0 + S(60 + 7200));
    assert_int_equal(engine_spray(w.engine, "spray", &a, T0 + S(61), look), 1);
    assert_true(strcmp(look[0].account->name, "anna") == 0 && look[0].addresses == 24 && look[0].mine == 2);
    // how far from a ban another one is
    assert_int_equal(addr_parse(STR("198.18.8.1"), &a), 0);
    size_t n = engine_why(w.engine, &a, T0 + S(61), windows, 8), k = 0;
    while (k < n && !windows[k].by_account)
        k++;
    assert_true(k < n && windows[k].seen.count == 1 && windows[k].holds.total.max == 2 && windows[k].more == 1);
    finish(&w);
}

static void spray_is_off_unless_it_is_wanted(void **state)
{
    struct world w = {0};
    (void)state;

    begin(&w, "[DEFAULT]\nmaxretry = 5\n");
    spray(&w, T0, "anna", 0, 100);
    spray(&w, T0 + S(200), "anna", 0, 100);
    assert_string_equal(told(&w), "");
    finish(&w);
}

static void who_logged_in_well_is_not_banned_for_what_others_try(void **state)
{
    struct world w = {.spared = "203.0.113.77"};
    struct engine_counters c;
    (void)state;

    begin(&w, SPRAY "ignoreip = 203.0.113.66\n");
    login(&w, T0 - S(29 * 86400), "203.0.113.9", "bert"); // an office: he did once, she mistypes
    login(&w, T0 - S(31 * 86400), "203.0.113.10", "bert"); // too long ago
    spray(&w, T0, "anna", 0, 10);
    (void)told(&w);
    for (unsigned i = 0; i < 3; i++)
        guess(&w, T0 + S(20 + i), "203.0.113.9", "anna");
    guess(&w, T0 + S(30), "203.0.113.66", "anna");
    guess(&w, T0 + S(31), "203.0.113.66", "anna"); // the allowlist
    guess(&w, T0 + S(32), "203.0.113.77", "anna");
    guess(&w, T0 + S(33), "203.0.113.77", "anna"); // whom the service spares
    assert_string_equal(told(&w), "");
    engine_read_counters(w.engine, &c);
    assert_true(c.spared == 3 && c.ignored == 2);
    guess(&w, T0 + S(40), "203.0.113.10", "anna");
    guess(&w, T0 + S(41), "203.0.113.10", "anna");
    assert_string_equal(told(&w), "spray BAN 203.0.113.10 2 x1; ");
    w.spared = NULL; // spared no more: the next one bans
    guess(&w, T0 + S(50), "203.0.113.77", "anna");
    assert_string_equal(told(&w), "spray BAN 203.0.113.77 3 x1; ");
    finish(&w);
}

static void a_restart_reads_again_what_spraying_rests_on(void **state)
{
    struct world w = {0};
    usec_t oldest;
    (void)state;

    begin(&w, SPRAY);
    spray(&w, T0, "anna", 0, 5);
    guess(&w, T0 + S(10), "198.18.1.1", "anna");
    assert_string_equal(told(&w), "spray SPRAYED anna 4; spray BAN 198.18.1.1 2 x1; ");
    oldest = engine_oldest_needed(w.engine, T0 + S(3000), S(3600));
    assert_true(oldest <= T0);
    restart(&w); // these lines again; the ban itself comes back from the state, what went into it is muted
    w.muted = w.offset - 1;
    w.offset = 1;
    w.pid = 100;
    spray(&w, T0, "anna", 0, 5);
    guess(&w, T0 + S(10), "198.18.1.1", "anna");
    assert_string_equal(told(&w), "");
    guess(&w, T0 + S(20), "203.0.113.9", "anna");
    guess(&w, T0 + S(21), "203.0.113.9", "anna"); // she is sprayed as before
    assert_string_equal(told(&w), "spray SPRAYED anna 6; spray BAN 203.0.113.9 2 x1; ");
    finish(&w);
}

static void who_sprays_from_one_network_takes_it_along(void **state)
{
    struct world w = {0};
    (void)state;

    begin(&w, SPRAY "aggregate = 3\n");
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 1; i < 6; i++) {
            char addr[32];
            snprintf(addr, sizeof(addr), "203.0.113.%u", i);
            guess(&w, T0 + S(100 * round + i), addr, "anna");
        }
    assert_string_equal(told(&w), "spray SPRAYED anna 4; spray BAN 203.0.113.1 2 x1; spray BAN 203.0.113.2 2 x1; "
                                  "spray BAN 203.0.113.3 2 x1; spray BAN 203.0.113.0/24 3 x1; ");
    finish(&w);
}

static void who_is_unbanned_by_hand_begins_anew(void **state)
{
    struct world w = {0};
    struct prefix net;
    struct ban old;
    (void)state;

    begin(&w, SPRAY);
    spray(&w, T0, "anna", 0, 5);
    guess(&w, T0 + S(10), "198.18.1.1", "anna");
    (void)told(&w);
    assert_int_equal(prefix_parse(STR("198.18.1.1"), &net), 0);
    assert_true(engine_unban(w.engine, &net, &old));
    guess(&w, T0 + S(20), "198.18.1.1", "anna");
    assert_string_equal(told(&w), "");
    guess(&w, T0 + S(21), "198.18.1.1", "anna");
    assert_string_equal(told(&w), "spray BAN 198.18.1.1 2 x1; ");
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_with_enough_offenders_is_banned_as_a_whole),
        cmocka_unit_test(of_old_it_is_off_and_ipv6_goes_by_its_64),
        cmocka_unit_test(repeated_bans_of_a_network_get_longer_and_observing_bans_nobody),
        cmocka_unit_test(a_network_with_somebody_of_ours_in_it_is_not_banned),
        cmocka_unit_test(a_good_login_of_long_ago_or_of_elsewhere_keeps_nothing),
        cmocka_unit_test(a_restart_wins_nobody_an_offender_less),
        cmocka_unit_test(what_is_unbanned_by_hand_counts_no_more),
        cmocka_unit_test(those_who_try_one_account_from_many_addresses_are_banned),
        cmocka_unit_test(spray_is_off_unless_it_is_wanted),
        cmocka_unit_test(who_logged_in_well_is_not_banned_for_what_others_try),
        cmocka_unit_test(a_restart_reads_again_what_spraying_rests_on),
        cmocka_unit_test(who_sprays_from_one_network_takes_it_along),
        cmocka_unit_test(who_is_unbanned_by_hand_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
