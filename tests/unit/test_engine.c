// SPDX-License-Identifier: GPL-2.0-or-later
// engine: the shipped filter, the built-in jails and whole log lines, from record to ban.
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/engine.h"
#include "engine/procfs.h"

#define T0 (INT64_C(1795374835) * USEC_SEC)

struct world {
    struct config *config;
    struct engine *engine;
    char told[8192];
    size_t n;
    char path[64];
    const char *spared; // who is, when it is not NULL
    struct login accounts[8]; // that were told
    uint64_t muted_before; // outcomes decided at or before this offset are said to be decided
};

static void on_event(void *userdata, const struct engine_event *e)
{
    static const char *const kinds[] = {"failure", "success", "unattributed"};
    struct world *w = userdata;
    char a[ADDR_STRLEN] = "-";
    if (e->outcome->has_addr)
        addr_format(&e->outcome->addr, a);
    w->n += (size_t)snprintf(w->told + w->n, sizeof(w->told) - w->n, "%s %s %s %.*s; ", e->jail,
                             kinds[e->outcome->kind], a, STR_FMT(e->outcome->user));
}

static void on_ban(void *userdata, const struct ban *ban, const struct position *decided, bool observe)
{
    struct world *w = userdata;
    char a[PREFIX_STRLEN];
    assert_true(decided->offset > 0);
    w->n += (size_t)snprintf(w->told + w->n, sizeof(w->told) - w->n, "%s %s %s x%u; ", ban->jail,
                             observe ? "OBSERVE" : "BAN", prefix_format(&ban->net, a), ban->times);
}

static bool decided(void *userdata, const char *jail, const struct outcome *o)
{
    (void)jail;
    return o->decided.offset <= ((struct world *)userdata)->muted_before;
}

static bool spare(void *userdata, const struct ban *would, const struct outcome *o)
{
    struct world *w = userdata;
    char a[PREFIX_STRLEN];
    assert_true(o->decided.offset > 0);
    if (strcmp(prefix_format(&would->net, a), w->spared) != 0)
        return false;
    w->n += (size_t)snprintf(w->told + w->n, sizeof(w->told) - w->n, "%s SPARED %s %u; ", would->jail, a, would->count);
    return true;
}

static void on_login(void *userdata, const struct logins_change *change)
{
    struct world *w = userdata;
    unsigned i = 0;
    while (w->accounts[i].last && w->accounts[i].id != change->now.id)
        i++;
    assert_true(i < 8 && !change->has_gone);
    w->accounts[i] = change->now;
}

static void begin(struct world *w, const char *config)
{
    struct config_report report = {0};
    strcpy(w->path, "/tmp/pptpban-engine-XXXXXX");
    int fd = mkstemp(w->path);
    char dirs[512], *top = realpath(getenv("srcdir") ? getenv("srcdir") : ".", NULL); // make gives it relative to here
    assert_non_null(top);
    int n = snprintf(dirs, sizeof(dirs), "[pptpban]\nfilter_dirs = %s/filters\n", top);
    free(top);
    assert_true(fd >= 0 && write(fd, dirs, (size_t)n) == n);
    assert_int_equal(write(fd, config, strlen(config)), strlen(config));
    close(fd);
    w->config = NULL;
    int r = config_load(w->path, &w->config, &report);
    for (size_t i = 0; i < report.n; i++)
        print_error("%s\n", report.v[i].text);
    assert_int_equal(r, 0);
    struct engine_options o = {.config = w->config,
                               .mode = ENGINE_REPLAY_FILES,
                               .callbacks = {.event = on_event, .ban = on_ban, .decided = decided,
                                             .spare = w->spared ? spare : NULL, .login = on_login, .userdata = w}};
    r = engine_new(&o, &report, &w->engine);
    for (size_t i = 0; i < report.n; i++)
        print_error("%s\n", report.v[i].text);
    assert_int_equal(r, 0);
    config_report_free(&report);
    w->n = 0;
    w->told[0] = '\0';
}

static void finish(struct world *w)
{
    engine_free(w->engine);
    config_free(w->config);
    unlink(w->path);
}

static void feed(struct world *w, usec_t t, uint64_t offset, const char *ident, unsigned pid, const char *message)
{
    char line[1500];
    int n = snprintf(line, sizeof(line), "lab %s[%u]: %s", ident, pid, message);
    struct record r = {
        .time = t,
        .host = STR("lab"),
        .ident = str_of(ident),
        .pid = pid,
        .message = str_of(message),
        .line = {line, (size_t)n},
        .position = {.offset = offset},
        .filters = engine_filters_for(w->engine, "auto"),
    };
    assert_int_equal(engine_feed(w->engine, &r), 0);
}

// One refused login, as pptpd and pppd log it; five lines, offsets from offset on.
static void refused_login(struct world *w, usec_t t, uint64_t offset, unsigned pid, const char *addr, const char *user)
{
    char text[300];
    snprintf(text, sizeof(text), "CTRL: Client %s control connection started", addr);
    feed(w, t, offset, "pptpd", pid, text);
    feed(w, t, offset + 1, "pptpd", pid, "CTRL: Starting call (launching pppd, opening GRE)");
    feed(w, t, offset + 2, "pppd", pid + 1, "pppd 2.4.9 started by root, uid 0");
    snprintf(text, sizeof(text), "Peer %s failed CHAP authentication", user);
    feed(w, t, offset + 3, "pppd", pid + 1, text);
    feed(w, t, offset + 4, "pppd", pid + 1, "Exit.");
    snprintf(text, sizeof(text), "CTRL: Reaping child PPP[%u]", pid + 1);
    feed(w, t, offset + 5, "pptpd", pid, text);
}

static void maxretry_failures_ban_and_the_ban_covers_what_follows(void **state)
{
    struct world w = {0};
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 3\nbantime = 10m\nbantime.increment = no\n");
    for (unsigned i = 0; i < 5; i++)
        refused_login(&w, T0 + i * USEC_SEC, 10 + i * 10, 100 + 2 * i, "203.0.113.5", "alice");
    assert_string_equal(w.told, "pptpd failure 203.0.113.5 alice; pptpd failure 203.0.113.5 alice; "
                                "pptpd failure 203.0.113.5 alice; pptpd BAN 203.0.113.5 x1; "
                                "pptpd failure 203.0.113.5 alice; pptpd failure 203.0.113.5 alice; ");
    // virtual time goes on: it may be banned anew, and needs three for that
    w.n = 0;
    for (unsigned i = 0; i < 3; i++)
        refused_login(&w, T0 + (700 + i) * USEC_SEC, 100 + i * 10, 300 + 2 * i, "203.0.113.5", "alice");
    assert_non_null(strstr(w.told, "BAN 203.0.113.5 x1; "));
    finish(&w);
}

static void who_is_spared_is_counted_and_banned_by_the_next_failure_after_that(void **state)
{
    struct world w = {.spared = "203.0.113.5"};
    struct engine_counters c;
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 3\nbantime = 10m\n");
    for (unsigned i = 0; i < 4; i++)
        refused_login(&w, T0 + i * USEC_SEC, 10 + i * 10, 100 + 2 * i, "203.0.113.5", "alice");
    assert_string_equal(w.told, "pptpd failure 203.0.113.5 alice; pptpd failure 203.0.113.5 alice; "
                                "pptpd SPARED 203.0.113.5 3; pptpd failure 203.0.113.5 alice; "
                                "pptpd SPARED 203.0.113.5 3; pptpd failure 203.0.113.5 alice; ");
    engine_read_counters(w.engine, &c);
    assert_true(c.spared == 2 && c.bans == 0 && c.failures == 4);
    // another one is not meant; and the first is spared no more
    w.n = 0;
    for (unsigned i = 4; i < 7; i++)
        refused_login(&w, T0 + i * USEC_SEC, 10 + i * 10, 100 + 2 * i, "203.0.113.6", "bob");
    w.spared = "";
    refused_login(&w, T0 + 8 * USEC_SEC, 100, 120, "203.0.113.5", "alice");
    assert_string_equal(w.told, "pptpd failure 203.0.113.6 bob; pptpd failure 203.0.113.6 bob; "
                                "pptpd failure 203.0.113.6 bob; pptpd BAN 203.0.113.6 x1; "
                                "pptpd failure 203.0.113.5 alice; pptpd BAN 203.0.113.5 x1; ");
    finish(&w);
}

static void increment_counts_earlier_bans_and_decay_forgets_them(void **state)
{
    struct world w = {0};
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 1\nbantime = 10m\nbantime.increment = yes\nbantime.factor = 2\n"
              "bantime.maximum = 1d\nbantime.decay = 1h\n");
    refused_login(&w, T0, 10, 100, "203.0.113.5", "a");
    refused_login(&w, T0 + 700 * USEC_SEC, 20, 110, "203.0.113.5", "a");
    refused_login(&w, T0 + 700 * USEC_SEC + 1300 * USEC_SEC, 30, 120, "203.0.113.5", "a");
    refused_login(&w, T0 + 100000 * USEC_SEC, 40, 130, "203.0.113.5", "a");
    assert_string_equal(w.told, "pptpd failure 203.0.113.5 a; pptpd BAN 203.0.113.5 x1; "
                                "pptpd failure 203.0.113.5 a; pptpd BAN 203.0.113.5 x2; "
                                "pptpd failure 203.0.113.5 a; pptpd BAN 203.0.113.5 x3; "
                                "pptpd failure 203.0.113.5 a; pptpd BAN 203.0.113.5 x1; ");
    finish(&w);
}

static void what_was_decided_before_a_restart_is_muted(void **state)
{
    struct world w = {.muted_before = 35};
    usec_t oldest;
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 3\n");
    for (unsigned i = 0; i < 3; i++) // the last of them is settled at 35
        refused_login(&w, T0 + i * USEC_SEC, 10 + i * 10, 100 + 2 * i, "203.0.113.5", "alice");
    assert_string_equal(w.told, "");
    struct engine_counters c;
    engine_read_counters(w.engine, &c);
    assert_int_equal(c.muted, 3);
    // a window opens: what must be read again begins with its session, not with its failure
    feed(&w, T0 + 100 * USEC_SEC, 50, "pptpd", 300, "CTRL: Client 203.0.113.9 control connection started");
    feed(&w, T0 + 160 * USEC_SEC, 51, "pptpd", 300, "CTRL: Starting call (launching pppd, opening GRE)");
    feed(&w, T0 + 160 * USEC_SEC, 52, "pppd", 301, "pppd 2.4.9 started by root, uid 0");
    feed(&w, T0 + 161 * USEC_SEC, 53, "pppd", 301, "Peer x failed CHAP authentication");
    feed(&w, T0 + 161 * USEC_SEC, 54, "pppd", 301, "Exit.");
    feed(&w, T0 + 161 * USEC_SEC, 55, "pptpd", 300, "CTRL: Reaping child PPP[301]");
    feed(&w, T0 + 161 * USEC_SEC, 56, "pptpd", 300, "CTRL: Client 203.0.113.9 control connection finished");
    assert_string_equal(w.told, "pptpd failure 203.0.113.9 x; ");
    oldest = engine_oldest_needed(w.engine, T0 + 200 * USEC_SEC, 3600 * USEC_SEC);
    assert_true(oldest <= T0 + 100 * USEC_SEC);
    finish(&w);
}

static void those_who_are_banned_again_get_a_longer_ban(void **state)
{
    struct world w = {0};
    struct addr a;
    (void)state;
    begin(&w, "[pptpd]\nmaxretry = 1\nbantime = 1h\nbantime.increment = no\n[recidive]\nenabled = yes\n"
              "maxretry = 2\nfindtime = 1d\nbantime = 1w\n");
    // its own ban line comes while the address is banned
    for (unsigned i = 0; i < 2; i++) {
        usec_t t = T0 + i * 7200 * USEC_SEC;
        refused_login(&w, t, 10 + i * 10, 100 + 2 * i, "203.0.113.5", "alice");
        feed(&w, t, 18 + i * 10, "pptpband", 812, "ban 203.0.113.5 for 1h by pptpd: 1 failure in 0s, last user \"x\"");
    }
    feed(&w, T0 + 7201 * USEC_SEC, 30, "pptpband", 812, "ban 203.0.113.5 for 1w by recidive: 2 failures in 2h");
    refused_login(&w, T0 + 7202 * USEC_SEC, 40, 120, "203.0.113.5", "alice"); // the longer ban covers it
    assert_string_equal(w.told, "pptpd failure 203.0.113.5 alice; pptpd BAN 203.0.113.5 x1; recidive failure 203.0.113.5 ; "
                                "pptpd failure 203.0.113.5 alice; pptpd BAN 203.0.113.5 x1; recidive failure 203.0.113.5 ; "
                                "recidive BAN 203.0.113.5 x2; pptpd failure 203.0.113.5 alice; ");
    assert_int_equal(addr_parse(STR("203.0.113.5"), &a), 0);
    assert_int_equal(bans_covering(engine_bans(w.engine), &a)->until, T0 + (7200 + 7 * 86400) * USEC_SEC);
    finish(&w);
}

static void lives_named_by_a_text_and_lines_that_stand_alone(void **state)
{
    struct world w = {0};
    (void)state;
    begin(&w, "[pptpd]\nenabled = no\n[freeradius]\nenabled = yes\nmaxretry = 3\n");
    for (unsigned i = 0; i < 2; i++) { // one request, then the number again
        feed(&w, T0, 10, "radiusd", 5, "(0) Invalid user (x): [a b] (from client n port 0 cli 203.0.113.5)");
        feed(&w, T0, 11, "radiusd", 5, "(0) Login incorrect (x): [a b] (from client n port 0 cli 203.0.113.5)");
    }
    for (unsigned i = 0; i < 2; i++) // version 2: no number
        feed(&w, T0, 12, "radiusd", 5, "Login incorrect: [bob] (from client n port 0 cli 203.0.113.6)");
    feed(&w, T0, 13, "radiusd", 5, "Login OK: [bob] (from client n port 0 cli 203.0.113.6)");
    feed(&w, T0, 14, "radiusd", 5, "Login incorrect: [bob] (from client n port 0 cli 203.0.113.6)");
    assert_string_equal(w.told, "freeradius failure 203.0.113.5 a b; freeradius failure 203.0.113.6 bob; "
                                "freeradius failure 203.0.113.6 bob; freeradius success 203.0.113.6 bob; "
                                "freeradius failure 203.0.113.6 bob; ");
    finish(&w);
}

static void jails_of_one_filter_weigh_its_classes(void **state)
{
    struct world w = {0};
    (void)state;
    begin(&w, "[pptpd]\nmaxretry = 2\n[probe]\nenabled = yes\nmaxretry = 2\nmode = observe\n");
    for (unsigned i = 0; i < 2; i++) {
        feed(&w, T0, 10, "pptpd", 100 + i, "CTRL: Client 203.0.113.7 control connection started");
        feed(&w, T0, 11, "pptpd", 100 + i, "CTRL: Reaping child PPP[0]");
        feed(&w, T0, 12, "pptpd", 100 + i, "CTRL: Client 203.0.113.7 control connection finished");
    }
    assert_string_equal(w.told, "probe failure 203.0.113.7 ; probe failure 203.0.113.7 ; probe OBSERVE 203.0.113.7 x1; ");
    assert_int_equal(bans_count(engine_bans(w.engine)), 0);
    // the server's own trouble counts as a probe only
    w.n = 0;
    w.told[0] = '\0';
    feed(&w, T0, 20, "pptpd", 200, "CTRL: Client 203.0.113.8 control connection started");
    feed(&w, T0, 21, "pptpd", 200, "CTRL: Starting call (launching pppd, opening GRE)");
    feed(&w, T0, 22, "pppd", 201, "pppd 2.4.9 started by root, uid 0");
    feed(&w, T0, 23, "pppd", 201, "rc_send_server: no reply from RADIUS server localhost:1812");
    feed(&w, T0, 24, "pppd", 201, "Peer alice failed CHAP authentication");
    feed(&w, T0, 25, "pppd", 201, "Exit.");
    feed(&w, T0, 26, "pptpd", 200, "CTRL: Reaping child PPP[201]");
    assert_string_equal(w.told, "probe failure 203.0.113.8 alice; ");
    finish(&w);
}

static void what_counts_nowhere_is_remembered_all_the_same(void **state)
{
    struct world w = {0};
    struct addr a;
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 1\n");
    feed(&w, T0, 20, "pptpd", 200, "CTRL: Client 203.0.113.8 control connection started");
    feed(&w, T0, 21, "pptpd", 200, "CTRL: Starting call (launching pppd, opening GRE)");
    feed(&w, T0, 22, "pppd", 201, "pppd 2.4.9 started by root, uid 0");
    feed(&w, T0, 23, "pppd", 201, "rc_send_server: no reply from RADIUS server localhost:1812");
    feed(&w, T0, 24, "pppd", 201, "Peer alice failed CHAP authentication");
    feed(&w, T0, 25, "pptpd", 200, "CTRL: Reaping child PPP[201]");
    assert_string_equal(w.told, "");
    assert_int_equal(addr_parse(STR("203.0.113.8"), &a), 0);
    assert_int_equal(engine_uncounted(w.engine, &a)->count[CLASS_FAULT], 1);
    assert_int_equal(addr_parse(STR("203.0.113.9"), &a), 0);
    assert_null(engine_uncounted(w.engine, &a));
    finish(&w);
}

static void allowlisted_and_own_addresses_are_told_and_spared(void **state)
{
    struct world w = {0};
    struct prefix own;
    struct engine_window window[4];
    struct addr a;
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 1\nignoreip = 198.51.100.0/24\n");
    refused_login(&w, T0, 10, 100, "198.51.100.9", "a");
    assert_string_equal(w.told, "pptpd failure 198.51.100.9 a; ");
    assert_int_equal(prefix_parse(STR("203.0.113.5"), &own), 0);
    assert_int_equal(engine_set_own(w.engine, &own, 1), 0);
    refused_login(&w, T0, 20, 110, "203.0.113.5", "b");
    assert_null(strstr(w.told, "BAN"));
    assert_int_equal(engine_set_own(w.engine, NULL, 0), 0);
    refused_login(&w, T0, 30, 120, "203.0.113.5", "c");
    assert_non_null(strstr(w.told, "BAN 203.0.113.5"));
    assert_int_equal(addr_parse(STR("198.51.100.9"), &a), 0);
    assert_int_equal(engine_why(w.engine, &a, T0, window, 4), 1);
    assert_true(window[0].ignored);
    finish(&w);
}

static void a_process_younger_than_its_line_is_refused(void **state)
{
    char buf[PROCFS_CMDLINE_MAX];
    struct str text;
    usec_t now = clock_realtime();
    (void)state;
    assert_int_equal(procfs_cmdline((uint32_t)getpid(), now, buf, &text), 0);
    assert_non_null(memmem(text.p, text.n, "test_engine", 11));
    // a line from before this process began is of another one that had the pid
    assert_int_equal(procfs_cmdline((uint32_t)getpid(), now - 86400 * USEC_SEC, buf, &text), -ESTALE);
    assert_int_equal(procfs_cmdline(UINT32_MAX, now, buf, &text), -ESRCH);
}

static void evidence_is_bounded_and_newest_first(void **state)
{
    struct evidence *e;
    struct evidence_item items[8];
    char line[100];
    struct outcome o = {.kind = OUTCOME_FAILURE, .has_addr = true};
    struct addr other;
    (void)state;
    assert_int_equal(evidence_new(0, &e), 0);
    assert_int_equal(addr_parse(STR("203.0.113.5"), &o.addr), 0);
    assert_int_equal(addr_parse(STR("203.0.113.6"), &other), 0);
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "line %d", i);
        o.evidence = str_of(line);
        o.time = i;
        evidence_add(e, &o, "pptpd");
    }
    assert_int_equal(evidence_find(e, &o.addr, items, 8), 8);
    assert_true(str_eq(items[0].line, STR("line 999")) && str_eq(items[7].line, STR("line 992")));
    assert_int_equal(evidence_find(e, &other, items, 8), 0);
    struct addr victim = o.addr;
    o.addr = other;
    for (int i = 0; i < 1000; i++)
        evidence_add(e, &o, "pptpd");
    assert_int_equal(evidence_find(e, &victim, items, 8), 0); // pushed out
    evidence_free(e);
}

// The number of messages for a jail that reads the journal with this filter.
static size_t said_of(const char *dirs, const char *filter, char text[static 512])
{
    struct config_report report = {0};
    struct config *config = NULL;
    struct engine *engine = NULL;
    char path[] = "/tmp/pptpban-engine-XXXXXX", conf[1024];
    int fd = mkstemp(path);
    int n = snprintf(conf, sizeof(conf), "[pptpban]\nfilter_dirs = %s\n[pptpd]\nenabled = no\n[it]\nenabled = yes\n"
                                         "filter = %s\nsource = journal\n", dirs, filter);

    assert_true(fd >= 0 && write(fd, conf, (size_t)n) == n);
    close(fd);
    assert_int_equal(config_load(path, &config, &report), 0);
    unlink(path);
    const struct engine_options o = {.config = config, .mode = ENGINE_LIVE, .journal_available = true};
    assert_int_equal(engine_new(&o, &report, &engine), 0);
    snprintf(text, 512, "%s", report.n ? report.v[0].text : "");
    size_t said = report.n - report.errors;
    assert_int_equal(report.errors, 0);
    config_report_free(&report);
    engine_free(engine);
    config_free(config);
    return said;
}

static void who_believes_everybody_is_told(void **state)
{
    static const struct {
        const char *match;
        size_t said;
    } cases[] = {
        {"", 1},
        {"SYSLOG_IDENTIFIER=food", 1},
        {"_COMM=food", 1}, // every process names itself
        {"_TRANSPORT=syslog", 1},
        {"SYSLOG_IDENTIFIER=food _UID=0", 0},
        {"_SYSTEMD_UNIT=food.service + _COMM=food", 1},
        {"_COMM=food + _SYSTEMD_UNIT=food.service", 1},
        {"_SYSTEMD_UNIT=food.service + SYSLOG_IDENTIFIER=food _EXE=/usr/sbin/food", 0},
        {"_TRANSPORT=kernel", 0},
    };
    char text[512], dirs[512], name[600], *top = realpath(getenv("srcdir") ? getenv("srcdir") : ".", NULL);
    char dir[] = "/tmp/pptpban-filters-XXXXXX";
    glob_t shipped;

    (void)state;
    assert_non_null(top);
    snprintf(dirs, sizeof(dirs), "%s/filters", top);
    free(top);
    snprintf(name, sizeof(name), "%s/*.conf", dirs);
    assert_int_equal(glob(name, 0, NULL, &shipped), 0);
    assert_true(shipped.gl_pathc >= 11);
    for (size_t i = 0; i < shipped.gl_pathc; i++) {
        char *file = strrchr(shipped.gl_pathv[i], '/') + 1;
        *strrchr(file, '.') = '\0';
        assert_int_equal(said_of(dirs, file, text), 0);
    }
    globfree(&shipped);
    assert_non_null(mkdtemp(dir));
    snprintf(name, sizeof(name), "%s/food.conf", dir);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FILE *f = fopen(name, "w");
        assert_non_null(f);
        fprintf(f, "[Definition]\nfailregex = ^no food for <ADDR>$\njournalmatch = %s\n", cases[i].match);
        fclose(f);
        assert_int_equal(said_of(dir, "food", text), cases[i].said);
        assert_int_equal(strstr(text, "[it]: filter food takes journal entries that any user") != NULL, cases[i].said);
    }
    unlink(name);
    rmdir(dir);
}

static void other_machines_have_pids_of_their_own(void **state)
{
    (void)state;
    assert_true(procfs_is_here(STR("vpn"), "vpn") && procfs_is_here(STR("VPN"), "vpn.example.org"));
    assert_true(procfs_is_here(STR("vpn.example.org"), "vpn") && procfs_is_here(STR(""), "vpn"));
    assert_false(procfs_is_here(STR("vpn2"), "vpn") || procfs_is_here(STR("vp"), "vpn") || procfs_is_here(STR("192.0.2.1"), "vpn"));
}

// One good login: pppd 2.5 names the account, 2.4.9 with CHAP does not.
static void good_login(struct world *w, usec_t t, uint64_t offset, unsigned pid, const char *addr, const char *user)
{
    char text[300];
    snprintf(text, sizeof(text), "CTRL: Client %s control connection started", addr);
    feed(w, t, offset, "pptpd", pid, text);
    feed(w, t, offset + 1, "pptpd", pid, "CTRL: Starting call (launching pppd, opening GRE)");
    feed(w, t, offset + 2, "pppd", pid + 1, "pppd 2.5.0 started by root, uid 0");
    snprintf(text, sizeof(text), "Peer %s authenticated with CHAP", user);
    if (*user)
        feed(w, t, offset + 3, "pppd", pid + 1, text);
    snprintf(text, sizeof(text), "peer from calling number %s authorized", addr);
    feed(w, t, offset + 4, "pppd", pid + 1, text);
    feed(w, t + USEC_SEC, offset + 5, "pppd", pid + 1, "Exit.");
    snprintf(text, sizeof(text), "CTRL: Reaping child PPP[%u]", pid + 1);
    feed(w, t + USEC_SEC, offset + 6, "pptpd", pid, text);
}

#define HOURS(x) ((usec_t)(x) * 3600 * USEC_SEC)
#define DAYS(x) HOURS((x) * 24)

// After how many it is banned; user "nobody": another name each time.
static unsigned guesses_until_banned(struct world *w, usec_t t, const char *addr, const char *user, unsigned most)
{
    static uint64_t offset = 1000;
    char name[64], banned[64];
    snprintf(banned, sizeof(banned), "BAN %s ", addr);
    w->n = 0;
    w->told[0] = '\0';
    for (unsigned i = 1; i <= most; i++, offset += 10) {
        int n = snprintf(name, sizeof(name), "%s", user);
        if (strcmp(user, "nobody") == 0)
            snprintf(name + n, sizeof(name) - (size_t)n, "%u", i);
        refused_login(w, t + i * USEC_SEC, offset, 1000 + 2 * (unsigned)(offset % 10000), addr, name);
        if (strstr(w->told, banned))
            return i;
    }
    return 0;
}

static void guesses_at_unknown_accounts_reach_their_own_threshold(void **state)
{
    struct world w = {0};
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 6\nmaxretry.unknown = 3\nbantime.increment = no\n");
    // nobody is known, and the rule sleeps
    assert_int_equal(guesses_until_banned(&w, T0, "203.0.113.1", "nobody", 10), 6);
    good_login(&w, T0 + HOURS(1), 100, 100, "198.51.100.1", "alice");
    assert_int_equal(guesses_until_banned(&w, T0 + HOURS(2), "203.0.113.2", "nobody", 10), 6); // learning
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(7) + HOURS(2), "203.0.113.3", "nobody", 10), 3);
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(7) + HOURS(3), "203.0.113.4", "alice", 10), 6); // known: her typos
    // one of each: whichever is reached first
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(8), "203.0.113.5", "alice", 4), 0);
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(8) + 10 * USEC_SEC, "203.0.113.5", "nobody", 10), 2);
    // one typo of a new user bans nobody, nor does a second
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(9), "203.0.113.6", "bob", 2), 0);
    good_login(&w, T0 + DAYS(9) + HOURS(1), 200, 200, "203.0.113.6", "bob");
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(9) + HOURS(2), "203.0.113.6", "bob", 10), 6);
    // after 90 days alice is forgotten; bob is the one who keeps the rule awake
    good_login(&w, T0 + DAYS(92), 300, 300, "203.0.113.6", "bob");
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(93), "203.0.113.7", "alice", 10), 3);
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(93) + HOURS(1), "203.0.113.8", "bob", 10), 6);
    // and when nobody has logged in for that long, it sleeps again
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(200), "203.0.113.9", "nobody", 10), 6);
    finish(&w);
}

static void a_login_that_names_nobody_teaches_nothing(void **state)
{
    struct world w = {0};
    struct engine_window windows[4];
    struct addr a;
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 6\nmaxretry.unknown = 3\nlearn_for = 0\n");
    good_login(&w, T0, 100, 100, "198.51.100.1", ""); // pppd 2.4.9 with CHAP
    assert_non_null(strstr(w.told, "pptpd success 198.51.100.1 ; "));
    assert_int_equal(guesses_until_banned(&w, T0 + HOURS(1), "203.0.113.1", "nobody", 10), 6);
    addr_parse(STR("203.0.113.2"), &a);
    assert_int_equal(engine_why(w.engine, &a, T0 + HOURS(2), windows, 4), 1);
    assert_true(windows[0].learning && windows[0].holds.unknown.max == 0);
    good_login(&w, T0 + HOURS(2), 200, 200, "198.51.100.1", "alice");
    assert_int_equal(guesses_until_banned(&w, T0 + HOURS(3), "203.0.113.2", "nobody", 10), 3);
    finish(&w);
}

static void an_address_with_a_good_login_is_trusted_for_a_while(void **state)
{
    struct world w = {0};
    struct engine_window windows[4];
    struct addr a;
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 3\ntrust = 30d\ntrust.maxretry = 7\nbantime.increment = no\n");
    assert_int_equal(guesses_until_banned(&w, T0, "203.0.113.1", "a", 10), 3);
    good_login(&w, T0 + HOURS(2), 100, 100, "203.0.113.1", "mallory");
    addr_parse(STR("203.0.113.1"), &a);
    assert_int_equal(engine_why(w.engine, &a, T0 + HOURS(3), windows, 4), 1);
    assert_true(windows[0].holds.trusted_until == T0 + HOURS(2) + DAYS(30) && windows[0].more == 7 && windows[0].leaves == 0);
    // whoever owns an account has as many guesses, never more, also when he logs in before each of them
    assert_int_equal(guesses_until_banned(&w, T0 + HOURS(3), "203.0.113.1", "a", 20), 7);
    unsigned guesses = 0;
    w.told[w.n = 0] = '\0';
    for (unsigned i = 0; i < 20 && !strstr(w.told, "BAN 203.0.113.1 "); i++, guesses++) {
        usec_t t = T0 + HOURS(6) + i * 20 * USEC_SEC;
        good_login(&w, t, 5000 + i * 20, 5000 + 4 * i, "203.0.113.1", "mallory");
        refused_login(&w, t + 10 * USEC_SEC, 5010 + i * 20, 5002 + 4 * i, "203.0.113.1", "alice");
    }
    assert_int_equal(guesses, 7);
    assert_int_equal(guesses_until_banned(&w, T0 + HOURS(8), "203.0.113.2", "a", 20), 3); // nobody else gains by it
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(30) + HOURS(7), "203.0.113.1", "a", 20), 3); // it is over
    finish(&w);
}

// A line from the future teaches nothing for longer than one of now: its login, and what was restored of it.
static void a_login_from_the_future_is_one_of_now(void **state)
{
    struct world w = {0};
    struct engine_window windows[4];
    struct addr a;
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 3\nmaxretry.unknown = 2\nlearn_for = 0\nknown_for = 1d\ntrust = 1d\ntrust.maxretry = 7\n");
    addr_parse(STR("203.0.113.1"), &a);
    engine_set_bound(w.engine, T0);
    good_login(&w, T0 + DAYS(300), 100, 100, "203.0.113.1", "alice");
    assert_true(w.accounts[0].last == T0);
    assert_int_equal(engine_why(w.engine, &a, T0, windows, 4), 1);
    assert_true(windows[0].holds.trusted_until == T0 + DAYS(1));
    finish(&w);
}

static void schedules_hold_by_the_time_of_the_record(void **state)
{
    struct world w = {0};
    struct addr a;
    struct engine_window windows[4];
    (void)state;
    // T0 is Sunday, 20:13 in Berlin; a week later winter goes on, in July it is 21:13 then
    begin(&w, "[firewall]\ntimezone = Europe/Berlin\n[DEFAULT]\nmaxretry = 5\nbantime = 10m\nbantime.increment = no\n[pptpd]\n"
              "[pptpd@late]\nwhen = Sun 21:00-23:00\nmaxretry = 2\nbantime = 2h\n[pptpd@off]\nwhen = Mon 08:00-09:00\nmode = observe\n");
    assert_int_equal(guesses_until_banned(&w, T0, "203.0.113.1", "a", 10), 5);
    assert_int_equal(guesses_until_banned(&w, T0 + HOURS(1), "203.0.113.2", "a", 10), 2);
    addr_parse(STR("203.0.113.2"), &a);
    assert_true(bans_covering(engine_bans(w.engine), &a)->until == T0 + HOURS(3) + 2 * USEC_SEC);
    assert_string_equal(bans_covering(engine_bans(w.engine), &a)->reason.schedule, "late");
    assert_int_equal(guesses_until_banned(&w, T0 + HOURS(3), "203.0.113.3", "a", 10), 5);
    assert_int_equal(guesses_until_banned(&w, T0 + HOURS(12), "203.0.113.5", "a", 10), 0);
    assert_non_null(strstr(w.told, "pptpd OBSERVE 203.0.113.5 "));
    assert_true(engine_observes(w.engine, "pptpd", T0 + HOURS(12)) && !engine_observes(w.engine, "pptpd", T0));
    assert_int_equal(engine_why(w.engine, &a, T0 + DAYS(7) + HOURS(1), windows, 4), 1);
    assert_true(windows[0].holds.total.max == 2 && strcmp(windows[0].holds.total.schedule, "late") == 0);
    assert_int_equal(guesses_until_banned(&w, T0 + DAYS(32 * 7), "203.0.113.4", "a", 10), 2); // summer time
    finish(&w);
}

static void why_tells_how_far_from_a_ban(void **state)
{
    struct world w = {0};
    struct engine_window windows[4];
    struct addr a;
    (void)state;
    begin(&w, "[DEFAULT]\nmaxretry = 6\nfindtime = 10m\nmaxretry.unknown = 3\nlearn_for = 0\n");
    addr_parse(STR("203.0.113.1"), &a);
    good_login(&w, T0, 100, 100, "198.51.100.1", "alice");
    refused_login(&w, T0 + HOURS(1), 200, 200, "203.0.113.1", "alice");
    refused_login(&w, T0 + HOURS(1) + 60 * USEC_SEC, 300, 300, "203.0.113.1", "nemo");
    assert_int_equal(engine_why(w.engine, &a, T0 + HOURS(1) + 180 * USEC_SEC, windows, 4), 1);
    const struct engine_window *v = &windows[0];
    assert_true(v->seen.count == 2 && v->seen.unknown == 1 && v->holds.total.max == 6 && v->holds.total.rule == RULE_MAXRETRY);
    assert_true(v->holds.unknown.max == 3 && v->more == 2); // two more names that nobody has
    assert_true(v->nearest == RULE_UNKNOWN && v->seen.oldest == T0 + HOURS(1) && v->leaves == T0 + HOURS(1) + 660 * USEC_SEC);
    assert_int_equal(engine_why(w.engine, &a, T0 + HOURS(1) + 601 * USEC_SEC, windows, 4), 1);
    assert_true(v->seen.count == 1 && v->seen.unknown == 1 && v->seen.oldest == T0 + HOURS(1) + 60 * USEC_SEC);
    for (unsigned i = 0; i < 4; i++) // alice's typos: those of anybody are nearer now
        refused_login(&w, T0 + HOURS(1) + (610 + i) * USEC_SEC, 400 + 10 * i, 400 + 2 * i, "203.0.113.1", "alice");
    assert_int_equal(engine_why(w.engine, &a, T0 + HOURS(1) + 620 * USEC_SEC, windows, 4), 1);
    assert_true(v->seen.count == 5 && v->nearest == RULE_MAXRETRY && v->more == 1 && v->leaves == T0 + HOURS(1) + 660 * USEC_SEC);
    assert_int_equal(engine_why(w.engine, &a, T0 + HOURS(2), windows, 4), 1);
    assert_true(v->seen.count == 0 && v->seen.oldest == 0 && v->leaves == 0 && v->more == 3);
    finish(&w);
}

// A restart: another engine, with another key of its own until it is given the one that was kept.
static void what_was_learned_is_told_and_can_be_restored(void **state)
{
    static const char config[] = "[DEFAULT]\nmaxretry = 6\nmaxretry.unknown = 3\nlearn_for = 1d\ntrust = 2d\ntrust.maxretry = 9\n";
    struct world w = {0}, next = {0}, blank = {0};
    struct addr a;
    (void)state;
    addr_parse(STR("198.51.100.1"), &a);
    begin(&w, config);
    good_login(&w, T0, 100, 100, "198.51.100.1", "alice");
    assert_true(w.accounts[1].last == T0 && !w.accounts[2].last); // and everybody
    begin(&next, config);
    engine_set_login_key(next.engine, engine_login_key(w.engine));
    for (unsigned i = 0; i < 2; i++)
        logins_restore(engine_logins(next.engine), &w.accounts[i]);
    engine_restore_guest(next.engine, &a, T0);
    begin(&blank, config);
    assert_int_equal(guesses_until_banned(&blank, T0 + DAYS(1) + HOURS(1), "203.0.113.1", "nobody", 10), 6);
    assert_int_equal(guesses_until_banned(&next, T0 + DAYS(1) + HOURS(1), "203.0.113.1", "nobody", 10), 3);
    assert_int_equal(guesses_until_banned(&next, T0 + DAYS(1) + HOURS(1), "203.0.113.2", "alice", 10), 6);
    assert_int_equal(guesses_until_banned(&next, T0 + DAYS(1) + HOURS(1), "198.51.100.1", "nobody", 10), 9);
    finish(&w);
    finish(&next);
    finish(&blank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_machines_have_pids_of_their_own),
        cmocka_unit_test(who_believes_everybody_is_told),
        cmocka_unit_test(maxretry_failures_ban_and_the_ban_covers_what_follows),
        cmocka_unit_test(who_is_spared_is_counted_and_banned_by_the_next_failure_after_that),
        cmocka_unit_test(increment_counts_earlier_bans_and_decay_forgets_them),
        cmocka_unit_test(what_was_decided_before_a_restart_is_muted),
        cmocka_unit_test(those_who_are_banned_again_get_a_longer_ban),
        cmocka_unit_test(lives_named_by_a_text_and_lines_that_stand_alone),
        cmocka_unit_test(jails_of_one_filter_weigh_its_classes),
        cmocka_unit_test(what_counts_nowhere_is_remembered_all_the_same),
        cmocka_unit_test(allowlisted_and_own_addresses_are_told_and_spared),
        cmocka_unit_test(a_process_younger_than_its_line_is_refused),
        cmocka_unit_test(evidence_is_bounded_and_newest_first),
        cmocka_unit_test(guesses_at_unknown_accounts_reach_their_own_threshold),
        cmocka_unit_test(a_login_that_names_nobody_teaches_nothing),
        cmocka_unit_test(an_address_with_a_good_login_is_trusted_for_a_while),
        cmocka_unit_test(a_login_from_the_future_is_one_of_now),
        cmocka_unit_test(schedules_hold_by_the_time_of_the_record),
        cmocka_unit_test(why_tells_how_far_from_a_ban),
        cmocka_unit_test(what_was_learned_is_told_and_can_be_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
