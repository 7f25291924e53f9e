// SPDX-License-Identifier: GPL-2.0-or-later
// cli: pptpban top without a terminal: rates, lists, keys, what is drawn, and how a service is asked that is slow, gone,
// hostile or restarted.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <locale.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wctype.h>
#include <cmocka.h>

#include "top/ask.h"
#include "top/screens.h"
#include "top/view.h"

#define T0 (INT64_C(1795374878) * USEC_SEC) // the clock
#define M0 (INT64_C(100000) * USEC_SEC)     // the monotonic one

static const char status_line[] =
    "{\"ok\":true,\"version\":1,\"program\":\"9.9\",\"pid\":%d,\"since\":1795374000,\"mode\":\"ban\",\"bans\":%d,"
    "\"enforcer\":{\"connected\":true,\"backend\":\"ipset\",\"hooked\":true,\"entries\":%d,\"bans\":%d,\"unbans\":0,\"problem\":\"\"},"
    "\"connguard\":{\"running\":true,\"mode\":\"ends\",\"timeout\":1.0,\"ended\":4,\"problem\":\"\"},"
    "\"jails\":[{\"name\":\"pptpd\",\"problem\":\"\"}],"
    "\"sources\":[{\"name\":\"/var/log/syslog\",\"lines\":12,\"last\":1795374870,\"behind\":%d,\"behind_seconds\":%d,\"problem\":\"\"}],"
    "\"engine\":{\"failures\":%d,\"successes\":2,\"bans\":%d},\"state\":\"\"}";

static json_t *status_of(int pid, int bans, int behind, int failures)
{
    char text[2048];

    snprintf(text, sizeof(text), status_line, pid, bans, bans, bans, behind, behind / 10, failures, bans);
    return json_loads(text, 0, NULL);
}

static void add_ban(struct top_bans *b, const char *addr, const char *jail, int64_t since, int64_t until, int count)
{
    json_t *o = json_pack("{s:s,s:s,s:I,s:I,s:i}", "addr", addr, "jail", jail, "since", (json_int_t)since, "until",
                          (json_int_t)until, "count", count);

    if (until == 0)
        json_object_set_new(o, "until", json_null());
    assert_int_equal(top_bans_add(b, o), 0);
    json_decref(o);
}

static void three_bans(struct top_model *m)
{
    top_bans_begin(m->bans);
    add_ban(m->bans, "203.0.113.9", "pptpd", 1795374800, 1795378400, 5);
    add_ban(m->bans, "198.51.100.0/24", "manual", 1795374870, 0, 0);
    add_ban(m->bans, "2001:db8::1", "recidive", 1795374700, 1795374900, 50);
    assert_int_equal(top_model_take_bans(m), 0);
}

static void add_account(struct top_model *m, const char *name, int failures, int last, const char *from, bool guessed)
{
    json_t *o = json_pack("{s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:[s]}", "account", name, "failures", failures, "addresses", 1, "banned", 0,
                          "first", 1795374000, "last", last, "logins", 0, "latest", from);

    if (guessed)
        json_object_set_new(o, "guessed", json_pack("{s:i,s:s,s:i}", "time", 1795374500, "addr", "192.0.2.70", "failures", 4));
    assert_int_equal(top_model_accounts_add(m, o), 0);
    json_decref(o);
}

static void three_accounts(struct top_model *m)
{
    top_model_accounts_begin(m);
    add_account(m, "bob", 9, 1795374860, "192.0.2.1", false);
    add_account(m, "carol", 4, 1795374850, "192.0.2.70", true);
    add_account(m, "alice", 7, 1795374870, "192.0.2.2", false);
    top_model_accounts_end(m);
}

static struct top_model *model(void)
{
    struct top_model *m;
    json_t *s = status_of(1, 3, 0, 20);

    assert_int_equal(top_model_new(&m), 0);
    top_model_take_status(m, s, M0);
    json_decref(s);
    three_bans(m);
    three_accounts(m);
    return m;
}

// --- rates ---------------------------------------------------------------------------------------------------

static void a_counter_becomes_a_rate(void **state)
{
    struct top_rate r;

    (void)state;
    top_rate_init(&r);
    assert_true(top_rate_at(&r, 0) == TOP_UNKNOWN);
    top_rate_take(&r, 1000, M0, false); // what was before is not of now
    assert_int_equal(top_rate_minute(&r), 0);
    top_rate_take(&r, 1003, M0 + USEC_SEC, false);
    assert_int_equal(top_rate_at(&r, 0), 3);
    top_rate_take(&r, 1005, M0 + 6 * USEC_SEC, false);
    assert_int_equal(top_rate_at(&r, 0), 2);
    assert_int_equal(top_rate_at(&r, 1), 3);
    assert_int_equal(top_rate_minute(&r), 5);
    assert_int_equal(top_rate_peak(&r, 12), 3);
    top_rate_pass(&r, M0 + 70 * USEC_SEC);
    assert_int_equal(top_rate_minute(&r), 0);
    assert_true(top_rate_at(&r, 0) == TOP_UNKNOWN); // nobody was asked
    top_rate_pass(&r, M0 + 86400 * USEC_SEC);
    for (unsigned i = 0; i <= TOP_BUCKETS; i++)
        assert_true(top_rate_at(&r, i) == TOP_UNKNOWN);
}

static void a_gap_is_no_peak(void **state)
{
    struct top_rate r;

    (void)state;
    top_rate_init(&r);
    top_rate_take(&r, 10, M0, false);
    top_rate_take(&r, 5000, M0 + 60 * USEC_SEC, false); // paused for a minute
    assert_int_equal(top_rate_minute(&r), 0);
    top_rate_take(&r, 7, M0 + 61 * USEC_SEC, false); // it counts from nothing again
    assert_int_equal(top_rate_minute(&r), 0);
    top_rate_take(&r, 9, M0 + 62 * USEC_SEC, true); // another one, which has counted further already
    assert_int_equal(top_rate_minute(&r), 0);
    top_rate_take(&r, 11, M0 + 63 * USEC_SEC, false);
    assert_int_equal(top_rate_minute(&r), 2);
}

// --- bans ----------------------------------------------------------------------------------------------------

static const char *shown(const struct top_bans *b, size_t i)
{
    static char net[PREFIX_STRLEN];

    return prefix_format(&top_bans_at(b, i)->net, net);
}

static void bans_are_sorted_and_filtered(void **state)
{
    static const struct {
        enum top_bans_sort by;
        const char *first, *last;
    } orders[] = {
        {TOP_BY_SINCE, "198.51.100.0/24", "2001:db8::1"}, {TOP_BY_END, "2001:db8::1", "198.51.100.0/24"},
        {TOP_BY_COUNT, "2001:db8::1", "198.51.100.0/24"}, {TOP_BY_ADDRESS, "198.51.100.0/24", "2001:db8::1"},
        {TOP_BY_JAIL, "198.51.100.0/24", "2001:db8::1"},
    };
    static const struct {
        const char *text;
        size_t n;
    } filters[] = {{"203.0.113", 1}, {"RECID", 1}, {"198.51.100.7", 1}, {"2001:db8::/32", 1}, {"0.0.0.0/0", 2}, {"nobody", 0}, {"", 3}};
    struct top_model *m = model();
    struct prefix net;
    size_t at;

    (void)state;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        top_bans_sort(m->bans, orders[i].by);
        assert_string_equal(shown(m->bans, 0), orders[i].first);
        assert_string_equal(shown(m->bans, 2), orders[i].last);
    }
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        top_bans_filter(m->bans, filters[i].text);
        assert_int_equal(top_bans_shown(m->bans), filters[i].n);
        assert_int_equal(top_bans_count(m->bans), 3);
    }
    assert_int_equal(prefix_parse(STR("203.0.113.9"), &net), 0);
    assert_true(top_bans_find(m->bans, &net, &at) && at == 1);
    assert_true(top_bans_has(m->bans, &net.addr));
    assert_int_equal(prefix_parse(STR("198.51.100.77"), &net), 0);
    assert_true(top_bans_has(m->bans, &net.addr) && !top_bans_find(m->bans, &net, &at));
    top_model_free(m);
}

static void bans_end_by_themselves(void **state)
{
    struct top_model *m = model();

    (void)state;
    top_bans_filter(m->bans, "2001");
    top_model_pass(m, M0, INT64_C(1795374899) * USEC_SEC);
    assert_int_equal(top_bans_count(m->bans), 3);
    top_model_pass(m, M0, INT64_C(1795374900) * USEC_SEC);
    assert_int_equal(top_bans_count(m->bans), 2);
    assert_int_equal(top_bans_shown(m->bans), 0);
    assert_int_equal(m->n_latest, 2);
    top_bans_filter(m->bans, "");
    assert_string_equal(shown(m->bans, 0), "198.51.100.0/24");
    assert_string_equal(shown(m->bans, 1), "203.0.113.9");
    top_model_pass(m, M0, INT64_C(9999999999) * USEC_SEC);
    assert_int_equal(top_bans_count(m->bans), 1); // the one without an end
    top_model_free(m);
}

static void a_list_replaces_the_one_before_when_it_is_whole(void **state)
{
    struct top_model *m = model();

    (void)state;
    top_bans_begin(m->bans);
    add_ban(m->bans, "192.0.2.1", "pptpd", 1795374800, 0, 5);
    assert_int_equal(top_bans_count(m->bans), 3);
    top_bans_abort(m->bans);
    assert_int_equal(top_model_take_bans(m), 0); // an empty one
    assert_int_equal(top_bans_count(m->bans), 0);
    assert_int_equal(m->n_latest, 0);
    top_model_free(m);
}

static void no_line_of_a_ban(void **state)
{
    static const char *const lines[] = {"{}", "{\"addr\":\"x\",\"jail\":\"pptpd\"}", "{\"addr\":\"192.0.2.1\",\"jail\":\"a\\u001b[31m\"}",
                                        "{\"addr\":\"192.0.2.1\"}", "{\"addr\":7,\"jail\":\"pptpd\"}"};
    struct top_model *m = model();

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        json_t *o = json_loads(lines[i], 0, NULL);
        assert_int_equal(top_bans_add(m->bans, o), -EINVAL);
        json_decref(o);
    }
    top_model_free(m);
}

// At the bounds: what is more is counted, and names of jails run out.
static void there_are_bounds(void **state)
{
    struct top_model *m = model();
    json_t *o = json_pack("{s:s,s:s,s:i,s:n,s:i}", "addr", "192.0.2.1", "jail", "pptpd", "since", 1795374800, "until", "count", 1);
    char text[40];

    (void)state;
    top_bans_begin(m->bans);
    for (int i = 0; i < TOP_BANS_MAX + 2; i++) {
        if (i < 1000) {
            snprintf(text, sizeof(text), "jail%d", i);
            json_object_set_new(o, "jail", json_string(text));
        }
        assert_int_equal(top_bans_add(m->bans, o), 0);
    }
    json_decref(o);
    assert_int_equal(top_model_take_bans(m), 0);
    assert_int_equal(top_bans_count(m->bans), TOP_BANS_MAX);
    assert_int_equal(top_bans_beyond(m->bans), 2);
    assert_int_equal(m->n_latest, TOP_LATEST);
    top_bans_filter(m->bans, "jail253"); // manual, pptpd and recidive had names before
    assert_int_equal(top_bans_shown(m->bans), 0);
    top_bans_filter(m->bans, "jail251");
    assert_int_equal(top_bans_shown(m->bans), 1);

    top_model_accounts_begin(m);
    for (int i = 0; i < 5 * TOP_ACCOUNTS_MAX; i++) {
        snprintf(text, sizeof(text), "account%d", i);
        add_account(m, text, i, 1795374000 + i, "192.0.2.1", i == 3);
    }
    top_model_accounts_end(m);
    assert_int_equal(m->n_accounts, TOP_ACCOUNTS_MAX);
    assert_int_equal(m->all_accounts, 5 * TOP_ACCOUNTS_MAX);
    assert_string_equal(m->accounts[m->shown[0]].name, "account3"); // the guessed one
    assert_string_equal(m->accounts[m->shown[1]].name, "account2559");
    top_model_free(m);
}

// --- near a ban ----------------------------------------------------------------------------------------------

static void take_near(struct top_model *m, const char *addr, int count, int maxretry, bool ignored)
{
    json_t *o = json_pack("{s:n,s:[{s:s,s:i,s:i,s:b},{s:s,s:i,s:i,s:b}]}", "ban", "windows", "jail", "slow", "count", 1, "maxretry", 100,
                          "ignored", 0, "jail", "pptpd", "count", count, "maxretry", maxretry, "ignored", (int)ignored);
    struct addr a;

    assert_int_equal(addr_parse(str_of(addr), &a), 0);
    top_model_take_near(m, &a, o);
    json_decref(o);
}

static void who_is_near_a_ban(void **state)
{
    struct top_model *m = model();

    (void)state;
    assert_int_equal(m->n_near, 3); // the accounts' addresses
    assert_int_equal(m->n_near_shown, 0);
    take_near(m, "192.0.2.1", 2, 5, false);
    take_near(m, "192.0.2.2", 4, 5, false);
    take_near(m, "192.0.2.99", 4, 5, false); // nobody asked
    assert_int_equal(m->n_near_shown, 2);
    assert_int_equal(m->near[0].count, 4);
    assert_string_equal(m->near[0].jail, "pptpd"); // where least is missing
    json_t *o = json_loads("{\"windows\":[{\"jail\":\"told\",\"count\":4,\"maxretry\":5,\"mode\":\"observe\"},"
                           "{\"jail\":\"pptpd\",\"count\":2,\"maxretry\":5,\"more\":1,\"mode\":\"ban\"}]}", 0, NULL);
    top_model_take_near(m, &m->near[0].addr, o); // accounts that nobody knows: one more is enough
    json_decref(o);
    assert_int_equal(m->near[0].maxretry, 3);
    assert_string_equal(m->near[0].jail, "pptpd");
    take_near(m, "192.0.2.2", 4, 5, true);         // on the allowlist
    assert_int_equal(m->n_near_shown, 1);
    assert_int_equal(m->near[0].count, 2);
    top_bans_begin(m->bans);
    add_ban(m->bans, "192.0.2.0/24", "pptpd", 1795374800, 0, 5);
    assert_int_equal(top_model_take_bans(m), 0);
    for (unsigned i = 0; i < m->n_accounts; i++)
        m->accounts[i].banned = 1;
    top_model_accounts_begin(m);
    o = json_pack("{s:s,s:i,s:i,s:[ss]}", "account", "dave", "banned", 1, "last", 1795374870, "latest", "192.0.2.5", "198.51.100.1");
    assert_int_equal(top_model_accounts_add(m, o), 0);
    json_decref(o);
    top_model_accounts_end(m);
    assert_int_equal(m->n_near, 1); // who is banned is not near it
    top_model_free(m);
}

// --- what is drawn -------------------------------------------------------------------------------------------

static const char *row_with(const struct top_canvas *c, const char *text)
{
    static char buf[4096];

    for (int y = 0; y < c->h; y++)
        if (strstr(top_row_text(c, y, buf, sizeof(buf)), text))
            return buf;
    return NULL;
}

static struct top_canvas *drawn(struct top_model *m, struct top_ui *ui, int w, int h)
{
    struct top_canvas *c;

    assert_int_equal(top_canvas_new(w, h, true, &c), 0);
    top_view_draw(c, m, ui, "vpn.example", T0);
    return c;
}

static void sees(struct top_model *m, struct top_ui *ui, int w, int h, const char *const *texts)
{
    struct top_canvas *c = drawn(m, ui, w, h);
    char buf[4096];

    for (; *texts; texts++)
        if (!row_with(c, *texts)) {
            for (int y = 0; y < c->h; y++)
                print_message("|%s\n", top_row_text(c, y, buf, sizeof(buf)));
            fail_msg("not shown at %dx%d: %s", w, h, *texts);
        }
    top_canvas_free(c);
}

#define SEES(w, h, ...) sees(m, &ui, w, h, (const char *const[]){__VA_ARGS__, NULL})

static void an_old_terminal_shows_all_that_matters(void **state)
{
    struct top_model *m = model();
    struct top_ui ui;

    (void)state;
    take_near(m, "192.0.2.2", 4, 5, false);
    top_ui_init(&ui);
    SEES(80, 24, "[1 Overview]", "2 Bans 3", "3 Accounts 3", "ipset, hooked, 3 in the kernel", "ends who says nothing for 1 s: 4 ended",
         "/var/log/syslog: no lag, 12 lines", "0/min", "LATEST BANS", "198.51.100.0/24  manual", "hand", "never", "NEAR A BAN",
         "4 of 5", "ACCOUNTS UNDER ATTACK", "! carol", "q quit");
    SEES(200, 50, "2026-11-22 ", "LOGINS", "vpn.example");
    ui.screen = TOP_BANS;
    SEES(80, 24, "3 banned, newest first", "203.0.113.9", "2001:db8::1", "recidive", "58m 42s");
    SEES(40, 10, "203.0.113.9", "58m 42s"); // who and how long are left when there is no room
    ui.screen = TOP_ACCOUNTS;
    SEES(80, 24, "3 accounts under attack, most failures", "from 192.0.2.70", "guessed? 192.0.2.70 logged in as it");
    top_model_free(m);
}

static void what_is_wrong_is_seen(void **state)
{
    struct top_model *m = model();
    struct top_ui ui;
    json_t *s = status_of(1, 3, 4096, 20);

    (void)state;
    top_ui_init(&ui);
    json_object_set_new(s, "state", json_string("the disk is full"));
    json_object_set_new(json_object_get(s, "enforcer"), "hooked", json_false());
    top_model_take_status(m, s, M0);
    json_decref(s);
    SEES(80, 24, "not hooked", "4096 bytes or 409.0 s behind", "problem    state: the disk is full");
    m->status.guard_good = false;
    SEES(60, 12, "connguard", "LATEST BANS"); // what is right has to give way first
    m->status.guard_good = true;
    top_model_silent(m, T0, "it hung up");
    top_model_silent(m, T0 + 9 * USEC_SEC, "it does not run");
    ui.screen = TOP_BANS;
    SEES(80, 24, "the service does not answer, since 2026-", "203.0.113.9"); // since the first time; what was known stays
    SEES(120, 24, ": it does not run");
    assert_int_equal(m->silent_since, T0);
    top_model_free(m);
}

// Any size: nothing is written outside, every row is as wide as its cells say.
static void any_size_can_be_drawn(void **state)
{
    struct top_model *m = model();
    struct top_ui ui;

    (void)state;
    top_ui_init(&ui);
    for (int w = 1; w < 140; w += w < 30 ? 1 : 13)
        for (int h = 1; h < 40; h++)
            for (unsigned screen = 0; screen < TOP_SCREENS; screen++)
                for (unsigned what = 0; what < 4; what++) {
                    ui.screen = screen;
                    ui.pane = what == 1 ? TOP_HELP : TOP_NO_PANE;
                    ui.prompt = what == 2 ? TOP_ASK_FOR : TOP_NO_PROMPT;
                    snprintf(ui.input, sizeof(ui.input), "%s", "1d 12h");
                    m->silent_since = what == 3 ? T0 : 0;
                    top_canvas_free(drawn(m, &ui, w, h));
                }
    top_model_free(m);
}

static void text_is_cut_and_marked(void **state)
{
    static const struct {
        const char *text;
        int width;
        const char *shown;
    } cases[] = {
        {"abc", 3, "abc"},         {"abcd", 3, "ab\u2026"},          {"\u6f22\u5b57", 4, "\u6f22\u5b57"}, {"\u6f22\u5b57x", 4, "\u6f22\u2026"},
        {"a\x1b[31m", 20, "a\\x1b[31m"}, {"\u202ecod", 20, "\\xe2\\x80\\xaecod"}, {"e\u0301", 20, "e\\xcc\\x81"}, {"\xff\xc0\xaf", 20, "\\xff\\xc0\\xaf"},
        {"", 3, ""},               {"x", 0, ""},
    };
    char buf[200];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct top_canvas *c;
        assert_int_equal(top_canvas_new(30, 1, true, &c), 0);
        top_put(c, 0, 0, cases[i].width, TOP_PLAIN, cases[i].text);
        assert_string_equal(top_row_text(c, 0, buf, sizeof(buf)), cases[i].shown);
        top_canvas_free(c);
    }
}

static void nothing_is_written_outside(void **state)
{
    struct top_canvas *c;
    char buf[100];

    (void)state;
    assert_int_equal(top_canvas_new(4, 3, true, &c), 0);
    for (int y = -1; y < 5; y++)
        for (int x = -1; x < 9; x++) {
            if (y == 1 && x >= 0 && x < 4)
                continue;
            if (y != 0 && y != 1)
                top_put(c, y == 2 ? 3 : y, x, 9, TOP_PLAIN, "abc\u6f22");
            if (x < 0 || x > 3)
                top_put_level(c, 0, x, TOP_PLAIN, 8);
            top_paint(c, y == 1 ? 5 : y, x, 9, TOP_BAR);
        }
    assert_int_equal(top_put(c, 0, 2, 9, TOP_PLAIN, "xyz"), 2);
    for (int y = 1; y < 3; y++)
        assert_string_equal(top_row_text(c, y, buf, sizeof(buf)), "");
    assert_string_equal(top_row_text(c, 0, buf, sizeof(buf)), "  x\u2026");
    top_canvas_free(c);
}

static bool fit_to_be_shown(wchar_t c, bool unicode)
{
    bool turns = c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
                 c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff);

    return !turns && wcwidth(c) > 0 && (unicode || c < 0x7f);
}

// Every character there is, and noise: only what a terminal prints in as many columns as it was measured gets into a cell.
static void nothing_reaches_the_terminal_raw(void **state)
{
    uint32_t seed = 9;

    (void)state;
    for (int unicode = 0; unicode < 2; unicode++) {
        struct top_canvas *c;
        assert_int_equal(top_canvas_new(64, 2, unicode, &c), 0);
        for (uint32_t code = 1; code < 0x110000; code += code < (unicode ? 0x11000u : 0x800u) ? 1 : 61) {
            char text[8] = {(char)code};
            if (code >= 0x80) {
                int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
                text[0] = (char)((0xf00 >> more & 0xff) | code >> 6 * more);
                for (int i = 1; i <= more; i++)
                    text[i] = (char)(0x80 | (code >> 6 * (more - i) & 0x3f));
            }
            for (int x = 0; x < 20; x++)
                c->cells[x].c = L' ';
            int n = top_put(c, 0, 0, 20, TOP_PLAIN, text);
            if (n < 1 || n > 16)
                fail_msg("U+%x: %d columns", code, n);
            for (int x = 0; x < n; x++)
                if (c->cells[x].c ? !fit_to_be_shown(c->cells[x].c, unicode) : x == 0)
                    fail_msg("U+%x becomes U+%x", code, (unsigned)c->cells[x].c);
        }
        for (unsigned k = 0; k < 20000; k++) {
            char text[40] = "";
            for (size_t i = 0; i < sizeof(text) - 1; i++) {
                seed = seed * 1664525 + 1013904223;
                text[i] = (char)(seed >> 24 ? seed >> 24 : 1);
            }
            int n = top_put(c, 0, 0, 64, TOP_PLAIN, text), m = top_put(c, 1, 0, 7, TOP_PLAIN, text);
            assert_true(n <= 64 && m <= 7);
            for (int x = 0; x < 64; x++)
                assert_true(c->cells[x].c ? fit_to_be_shown(c->cells[x].c, unicode) || c->cells[x].c == 0x2026 : x > 0);
        }
        top_canvas_free(c);
    }
}

// --- keys ----------------------------------------------------------------------------------------------------

static struct top_wish keys(struct top_ui *ui, struct top_model *m, const char *typed)
{
    struct top_wish w = {.kind = TOP_NO_WISH};

    for (; *typed; typed++)
        top_ui_key(ui, m, *typed, M0, &w);
    return w;
}

static const char *net_of(const struct top_wish *w)
{
    static char net[PREFIX_STRLEN];

    return prefix_format(&w->net, net);
}

static void keys_become_wishes(void **state)
{
    struct top_model *m = model();
    struct top_ui ui;
    struct top_wish w;

    (void)state;
    top_ui_init(&ui);
    top_ui_settle(&ui, m);
    w = keys(&ui, m, "w");
    assert_true(w.kind == TOP_WANT_WHY);
    assert_string_equal(net_of(&w), "198.51.100.0/24");
    w = keys(&ui, m, "2jju");
    assert_true(w.kind == TOP_NO_WISH && ui.prompt == TOP_ASK_UNBAN); // first it asks
    w = keys(&ui, m, "n");
    assert_true(w.kind == TOP_NO_WISH && ui.prompt == TOP_NO_PROMPT);
    w = keys(&ui, m, "u\n");
    assert_true(w.kind == TOP_NO_WISH); // Enter is no yes
    w = keys(&ui, m, "uy");
    assert_true(w.kind == TOP_WANT_UNBAN && !*w.user);
    assert_string_equal(net_of(&w), "2001:db8::1");
    w = keys(&ui, m, "3uy");
    assert_true(w.kind == TOP_WANT_UNBAN);
    assert_string_equal(w.user, "carol");
    w = keys(&ui, m, "2b192.0.2.0/24\n2h\n");
    assert_true(w.kind == TOP_WANT_BAN && w.has_for && w.duration == 7200 * USEC_SEC);
    assert_string_equal(net_of(&w), "192.0.2.0/24");
    w = keys(&ui, m, "b2001:db8::9\n\n");
    assert_true(w.kind == TOP_WANT_BAN && !w.has_for);
    w = keys(&ui, m, "bnonsense\n");
    assert_true(w.kind == TOP_NO_WISH && ui.prompt == TOP_ASK_BAN && strstr(ui.wrong, "192.0.2.1"));
    w = keys(&ui, m, "\x15"
                     "192.0.2.7\nsoon\n");
    assert_true(w.kind == TOP_NO_WISH && ui.prompt == TOP_ASK_FOR && strstr(ui.wrong, "forever"));
    w = keys(&ui, m, "\b\b\b\bforever\n");
    assert_true(w.kind == TOP_WANT_BAN && w.duration == USEC_FOREVER);
    w = keys(&ui, m, "b\x1bq");
    assert_true(w.kind == TOP_QUIT);
    w = keys(&ui, m, "1b");
    assert_string_equal(ui.input, ""); // who is banned already is no proposal
    keys(&ui, m, "\x1b");
    w = keys(&ui, m, "3b");
    assert_string_equal(ui.input, "192.0.2.70");
    w = keys(&ui, m, "\x03\x03");
    assert_true(w.kind == TOP_QUIT); // the first one left the question
    top_model_free(m);
}

static void nothing_is_selected_where_there_is_nothing(void **state)
{
    struct top_model *m;
    struct top_ui ui;

    (void)state;
    assert_int_equal(top_model_new(&m), 0);
    top_ui_init(&ui);
    for (const char *screen = "123"; *screen; screen++) {
        const char typed[] = {*screen, 'j', 'k', 'w', 'u', 'y', '\0'};
        assert_true(keys(&ui, m, typed).kind == TOP_NO_WISH);
        struct top_wish w;
        for (int key = TOP_KEY_UP; key <= TOP_KEY_BACKTAB; key++)
            top_ui_key(&ui, m, key, M0, &w);
        top_canvas_free(drawn(m, &ui, 80, 24));
    }
    top_model_free(m);
}

static void the_cursor_stays_on_what_it_was_on(void **state)
{
    struct top_model *m = model();
    struct top_ui ui;

    (void)state;
    top_ui_init(&ui);
    keys(&ui, m, "2j"); // 203.0.113.9
    assert_int_equal(ui.cursor[TOP_BANS], 1);
    top_bans_begin(m->bans);
    add_ban(m->bans, "192.0.2.7", "pptpd", 1795374875, 0, 5);
    add_ban(m->bans, "203.0.113.9", "pptpd", 1795374800, 1795378400, 5);
    add_ban(m->bans, "198.51.100.0/24", "manual", 1795374870, 0, 0);
    assert_int_equal(top_model_take_bans(m), 0);
    top_ui_settle(&ui, m);
    assert_int_equal(ui.cursor[TOP_BANS], 2);
    struct top_wish w = keys(&ui, m, "uy");
    assert_string_equal(net_of(&w), "203.0.113.9");
    top_bans_begin(m->bans); // all gone
    assert_int_equal(top_model_take_bans(m), 0);
    top_ui_settle(&ui, m);
    assert_int_equal(ui.cursor[TOP_BANS], 0);
    keys(&ui, m, "3");
    top_model_accounts_arrange(m, TOP_BY_NAME, "");
    top_ui_settle(&ui, m);
    assert_string_equal(m->accounts[m->shown[ui.cursor[TOP_ACCOUNTS]]].name, "carol");
    top_model_free(m);
}

static void filters_and_orders_by_keys(void **state)
{
    struct top_model *m = model();
    struct top_ui ui;

    (void)state;
    top_ui_init(&ui);
    keys(&ui, m, "2/203.0.113.0/24\n");
    assert_int_equal(top_bans_shown(m->bans), 1);
    SEES(80, 24, "1 of 3 banned, newest first, only \"203.0.113.0/24\"");
    keys(&ui, m, "/\x15nobody\n");
    SEES(80, 24, "/ and Enter shows all");
    keys(&ui, m, "/\x15\n");
    assert_int_equal(top_bans_shown(m->bans), 3);
    keys(&ui, m, "s");
    SEES(80, 24, "3 banned, ending soonest");
    keys(&ui, m, "3/AL\n");
    assert_int_equal(m->n_shown, 1);
    keys(&ui, m, "1s"); // there is no room for that in the overview
    assert_int_equal(ui.screen, TOP_BANS);
    keys(&ui, m, "\t\t");
    assert_int_equal(ui.screen, TOP_OVERVIEW);
    keys(&ui, m, "p");
    SEES(80, 24, "PAUSED");
    keys(&ui, m, "/");
    for (int i = 0; i < 300; i++)
        keys(&ui, m, "9");
    assert_int_equal(strlen(ui.input), TOP_INPUT_MAX);
    keys(&ui, m, "\b\b\bend");
    SEES(40, 10, "999end"); // where somebody types is seen
    top_model_free(m);
}

static void a_long_text_is_scrolled(void **state)
{
    struct top_model *m = model();
    struct top_ui ui;
    char *text = malloc(8000);
    size_t n = 0;

    (void)state;
    assert_non_null(text);
    top_ui_init(&ui);
    for (int i = 0; i < 100; i++)
        n += (size_t)sprintf(text + n, "line %d\n", i);
    top_ui_show(&ui, text);
    SEES(80, 24, "line 0", "line 18");
    struct top_wish w;
    top_ui_key(&ui, m, TOP_KEY_END, M0, &w);
    SEES(80, 24, "line 99");
    top_ui_key(&ui, m, TOP_KEY_DOWN, M0, &w);
    SEES(80, 24, "line 99");
    keys(&ui, m, "x");
    assert_true(ui.pane == TOP_NO_PANE);
    SEES(80, 24, "LATEST BANS");
    top_model_free(m);
}

static void lists_scroll(void **state)
{
    (void)state;
    assert_int_equal(top_scroll(0, 0, 100, 10), 0);
    assert_int_equal(top_scroll(0, 10, 100, 10), 1);
    assert_int_equal(top_scroll(50, 20, 100, 10), 20);
    assert_int_equal(top_scroll(50, 55, 100, 10), 50);
    assert_int_equal(top_scroll(95, 99, 100, 10), 90); // no empty rows at the end
    assert_int_equal(top_scroll(50, 2, 3, 10), 0);
    assert_int_equal(top_scroll(5, 5, 100, 0), 0);
}

// --- asking --------------------------------------------------------------------------------------------------

// A service in this very process: its listening socket, and the end of the connection that was made.
struct fake {
    char dir[64];
    struct sockaddr_un where;
    int listener, peer;
    struct top_model *m;
    struct top_ask *ask;
    struct top_news news;
    usec_t now;
};

static void fake_listen(struct fake *f)
{
    unlink(f->where.sun_path);
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&f->where, sizeof(f->where)), 0);
    assert_int_equal(listen(f->listener, 4), 0);
}

static void fake_open(struct fake *f)
{
    *f = (struct fake){.dir = "/tmp/pptpban-top-XXXXXX", .where = {.sun_family = AF_UNIX}, .peer = -1, .now = M0};
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->where.sun_path, sizeof(f->where.sun_path), "%s/control.sock", f->dir);
    fake_listen(f);
    assert_int_equal(top_model_new(&f->m), 0);
    assert_int_equal(top_ask_new(&f->where, f->m, &f->ask), 0);
}

static void fake_close(struct fake *f)
{
    top_ask_free(f->ask);
    top_model_free(f->m);
    close(f->peer);
    close(f->listener);
    unlink(f->where.sun_path);
    rmdir(f->dir);
}

static usec_t step(struct fake *f)
{
    json_decref(f->news.why);
    return top_ask_step(f->ask, f->now, T0 + f->now - M0, true, false, &f->news);
}

// What was asked, without its newline; "" when nothing was.
static const char *asked(struct fake *f)
{
    static char buf[5000];

    if (f->peer < 0)
        f->peer = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK);
    ssize_t n = f->peer < 0 ? -1 : recv(f->peer, buf, sizeof(buf) - 1, MSG_DONTWAIT);
    buf[n > 0 ? n - 1 : 0] = '\0';
    return buf;
}

static void answer(struct fake *f, const char *text)
{
    assert_int_equal(send(f->peer, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    assert_int_equal(send(f->peer, "\n", 1, MSG_NOSIGNAL), 1);
    step(f);
}

static void answer_status(struct fake *f, int pid, int bans, int failures)
{
    json_t *s = status_of(pid, bans, 0, failures);
    char *text = json_dumps(s, JSON_COMPACT);

    answer(f, text);
    free(text);
    json_decref(s);
}

static const char list_answer[] = "{\"ok\":true}\n{\"addr\":\"192.0.2.1\",\"jail\":\"pptpd\",\"since\":1795374800,\"until\":null,\"count\":5}\n{\"end\":true}";
static const char users_answer[] =
    "{\"ok\":true}\n{\"account\":\"alice\",\"failures\":2,\"addresses\":1,\"banned\":0,\"last\":1795374800,\"latest\":[\"192.0.2.5\"]}\n{\"end\":true}";
static const char why_answer[] = "{\"ok\":true,\"addr\":\"192.0.2.5\",\"ban\":null,\"windows\":[{\"jail\":\"pptpd\",\"count\":2,\"maxretry\":5}],\"evidence\":[]}";

// All of the first round.
static void begin(struct fake *f)
{
    fake_open(f);
    step(f);
    assert_string_equal(asked(f), "{\"verb\":\"status\"}");
    answer_status(f, 1, 1, 2);
    assert_string_equal(asked(f), "{\"verb\":\"list\"}");
    answer(f, list_answer);
    assert_string_equal(asked(f), "{\"verb\":\"users\"}");
    answer(f, users_answer);
    assert_string_equal(asked(f), "{\"verb\":\"why\",\"net\":\"192.0.2.5\"}");
    answer(f, why_answer);
    assert_string_equal(asked(f), "");
}

static void only_what_may_have_changed_is_asked(void **state)
{
    struct fake f;

    (void)state;
    begin(&f);
    assert_int_equal(top_bans_count(f.m->bans), 1);
    assert_int_equal(f.m->n_near_shown, 1);
    assert_int_equal(f.m->near[0].count, 2);
    for (int i = 0; i < 10; i++) { // nothing happens: nothing but the status
        f.now += USEC_SEC;
        step(&f);
        assert_string_equal(asked(&f), "{\"verb\":\"status\"}");
        answer_status(&f, 1, 1, 2);
        assert_string_equal(asked(&f), "");
    }
    f.now += USEC_SEC;
    step(&f);
    asked(&f);
    answer_status(&f, 1, 2, 5); // another ban
    assert_string_equal(asked(&f), "{\"verb\":\"list\"}");
    answer(&f, list_answer);
    assert_string_equal(asked(&f), "{\"verb\":\"users\"}");
    fake_close(&f);
}

static void a_list_that_takes_long_is_asked_for_rarely(void **state)
{
    struct fake f;
    unsigned lists = 0;

    (void)state;
    begin(&f);
    for (int i = 0; i < 60; i++) { // it changes all the time, and each list takes two seconds
        f.now += USEC_SEC;
        step(&f);
        const char *what = asked(&f);
        while (*what) {
            if (strstr(what, "list")) {
                lists++;
                f.now += 2 * USEC_SEC;
                answer(&f, list_answer);
            } else if (strstr(what, "status")) {
                answer_status(&f, 1, 10 + i, 2);
            } else {
                answer(&f, strstr(what, "users") ? users_answer : why_answer);
            }
            what = asked(&f);
        }
    }
    assert_in_range(lists, 2, 6); // not 60
    fake_close(&f);
}

static void wishes_come_first_and_are_answered(void **state)
{
    struct top_wish w = {.kind = TOP_WANT_BAN, .has_for = true, .duration = 3600 * USEC_SEC};
    struct fake f;

    (void)state;
    begin(&f);
    assert_int_equal(prefix_parse(STR("192.0.2.7"), &w.net), 0);
    assert_int_equal(top_ask_wish(f.ask, &w), 0);
    assert_int_equal(top_ask_wish(f.ask, &w), -EBUSY);
    step(&f);
    assert_string_equal(asked(&f), "{\"verb\":\"ban\",\"net\":\"192.0.2.7\",\"for\":3600}");
    answer(&f, "{\"ok\":true,\"addr\":\"192.0.2.7\",\"jail\":\"manual\",\"until\":1795378478,\"for\":3600}");
    assert_true(f.news.said && !f.news.bad);
    assert_string_equal(f.news.message, "192.0.2.7 is banned for 1h");
    assert_string_equal(asked(&f), "{\"verb\":\"list\"}"); // at once, not when the status tells
    answer(&f, list_answer);
    asked(&f);
    answer(&f, users_answer);

    w = (struct top_wish){.kind = TOP_WANT_UNBAN, .user = "a\\x1b\"b"};
    assert_int_equal(top_ask_wish(f.ask, &w), 0);
    step(&f);
    const char *request = asked(&f);
    if (strstr(request, "why")) { // it was under way
        answer(&f, why_answer);
        request = asked(&f);
    }
    assert_string_equal(request, "{\"verb\":\"unban\",\"user\":\"a\\\\x1b\\\"b\"}");
    answer(&f, "{\"ok\":false,\"exit\":3,\"error\":\"nobody \\u001b[31m is banned\"}");
    assert_true(f.news.said && f.news.bad);
    assert_string_equal(f.news.message, "nobody \\x1b[31m is banned");
    assert_int_equal(f.m->silent_since, 0); // that is no silence

    w = (struct top_wish){.kind = TOP_WANT_WHY, .net = w.net};
    assert_int_equal(prefix_parse(STR("192.0.2.5"), &w.net), 0);
    assert_int_equal(top_ask_wish(f.ask, &w), 0);
    step(&f);
    asked(&f);
    answer(&f, why_answer);
    assert_non_null(f.news.why);
    json_decref(f.news.why);
    f.news.why = NULL;
    fake_close(&f);
}

static void a_service_that_is_gone_comes_back(void **state)
{
    struct top_wish w = {.kind = TOP_WANT_BAN};
    struct fake f;

    (void)state;
    begin(&f);
    f.now += USEC_SEC;
    step(&f);
    asked(&f);
    close(f.peer); // in the midst of an answer
    f.peer = -1;
    close(f.listener);
    usec_t next = step(&f);
    assert_true(next > f.now && next <= f.now + USEC_SEC);
    assert_string_equal(f.m->silent_why, "it hung up");
    usec_t since = f.m->silent_since;
    for (int i = 0; i < 5; i++) {
        f.now += USEC_SEC;
        next = step(&f);
        assert_true(next > f.now);
    }
    assert_string_equal(f.m->silent_why, "it does not run");
    assert_int_equal(f.m->silent_since, since);
    assert_int_equal(top_bans_count(f.m->bans), 1); // what was known stays
    assert_int_equal(prefix_parse(STR("192.0.2.7"), &w.net), 0);
    assert_int_equal(top_ask_wish(f.ask, &w), 0);
    step(&f);
    assert_string_equal(f.news.message, "that was not done: the service does not answer");
    assert_true(f.news.bad);
    fake_listen(&f);
    f.now += USEC_SEC;
    step(&f);
    assert_string_equal(asked(&f), "{\"verb\":\"status\"}");
    answer_status(&f, 2, 7, 99999); // another process, which has read everything again
    assert_int_equal(f.m->silent_since, 0);
    assert_int_equal(top_rate_minute(&f.m->rates[TOP_FAILURES]), 0);
    assert_string_equal(asked(&f), "{\"verb\":\"list\"}");
    fake_close(&f);
}

static void a_service_that_is_slow_is_said(void **state)
{
    struct fake f;

    (void)state;
    begin(&f);
    f.now += USEC_SEC;
    step(&f);
    asked(&f);
    usec_t asked_at = f.now;
    f.now += 2 * USEC_SEC;
    step(&f);
    assert_int_equal(f.m->silent_since, 0);
    f.now += 2 * USEC_SEC;
    usec_t next = step(&f);
    assert_int_equal(f.m->silent_since, T0 + asked_at - M0); // since the question
    assert_true(next > f.now);
    answer_status(&f, 1, 1, 2);
    assert_int_equal(f.m->silent_since, 0);
    f.now += USEC_SEC;
    step(&f);
    asked(&f);
    f.now += 61 * USEC_SEC; // another connection is tried
    step(&f);
    assert_int_equal(recv(f.peer, &next, 1, MSG_DONTWAIT), 0);
    fake_close(&f);
}

static void one_who_was_hung_up_on_asks_again(void **state)
{
    struct fake f;

    (void)state;
    begin(&f);
    close(f.peer); // paused for too long: no question is under way
    f.peer = -1;
    step(&f);
    assert_int_equal(f.m->silent_since, 0);
    assert_int_equal(top_ask_fd(f.ask), -1);
    f.now += USEC_SEC;
    step(&f);
    assert_string_equal(asked(&f), "{\"verb\":\"status\"}");
    fake_close(&f);
}

static void nonsense_is_survived(void **state)
{
    static const char *const answers[] = {
        "nonsense", "[]", "7", "{}", "{\"ok\":false}", "{\"ok\":false,\"error\":\"you may not ask\"}", "{\"ok\":true,\"engine\":7,\"sources\":{\"a\":[]},\"jails\":[1,null]}",
        "\xff\xfe", "{\"ok\":true,\"pid\":1e99,\"since\":-5,\"sources\":[{},{\"name\":7}]}",
    };
    struct top_ui ui;

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct fake f;
        fake_open(&f);
        step(&f);
        asked(&f);
        answer(&f, answers[i]);
        top_ui_init(&ui);
        top_canvas_free(drawn(f.m, &ui, 80, 24));
        if (i < 6)
            assert_true(f.m->silent_since);
        fake_close(&f);
    }
    // in the midst of a list
    struct fake f;
    begin(&f);
    f.now += 61 * USEC_SEC;
    step(&f);
    asked(&f);
    answer_status(&f, 1, 1, 2);
    assert_string_equal(asked(&f), "{\"verb\":\"list\"}");
    answer(&f, "{\"ok\":true}\n{\"addr\":\"192.0.2.300\",\"jail\":\"pptpd\"}");
    assert_true(strstr(f.m->silent_why, "not understood"));
    assert_int_equal(top_bans_count(f.m->bans), 1);
    close(f.peer);
    f.peer = -1;
    f.now += USEC_SEC;
    step(&f);
    assert_string_equal(asked(&f), "{\"verb\":\"status\"}");
    answer_status(&f, 1, 1, 2);
    assert_string_equal(asked(&f), "{\"verb\":\"list\"}"); // that one was none
    answer(&f, "{\"ok\":false,\"error\":\"no \\u001b[31m list\"}");
    assert_string_equal(f.m->silent_why, "no \\x1b[31m list");
    fake_close(&f);
}

static void an_answer_without_end_is_cut_off(void **state)
{
    static char piece[1 << 16];
    struct fake f;
    size_t sent = 0;

    (void)state;
    memset(piece, 'x', sizeof(piece));
    fake_open(&f);
    step(&f);
    asked(&f);
    while (!f.m->silent_since && sent < 4u * TOP_LINE_MAX) {
        ssize_t n = send(f.peer, piece, sizeof(piece), MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        step(&f);
    }
    assert_string_equal(f.m->silent_why, "it answers without end");
    assert_in_range(sent, 1, TOP_LINE_MAX + (1 << 20));
    fake_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_becomes_a_rate),
        cmocka_unit_test(a_gap_is_no_peak),
        cmocka_unit_test(bans_are_sorted_and_filtered),
        cmocka_unit_test(bans_end_by_themselves),
        cmocka_unit_test(a_list_replaces_the_one_before_when_it_is_whole),
        cmocka_unit_test(no_line_of_a_ban),
        cmocka_unit_test(there_are_bounds),
        cmocka_unit_test(who_is_near_a_ban),
        cmocka_unit_test(an_old_terminal_shows_all_that_matters),
        cmocka_unit_test(what_is_wrong_is_seen),
        cmocka_unit_test(any_size_can_be_drawn),
        cmocka_unit_test(text_is_cut_and_marked),
        cmocka_unit_test(nothing_is_written_outside),
        cmocka_unit_test(nothing_reaches_the_terminal_raw),
        cmocka_unit_test(keys_become_wishes),
        cmocka_unit_test(nothing_is_selected_where_there_is_nothing),
        cmocka_unit_test(the_cursor_stays_on_what_it_was_on),
        cmocka_unit_test(filters_and_orders_by_keys),
        cmocka_unit_test(a_long_text_is_scrolled),
        cmocka_unit_test(lists_scroll),
        cmocka_unit_test(only_what_may_have_changed_is_asked),
        cmocka_unit_test(a_list_that_takes_long_is_asked_for_rarely),
        cmocka_unit_test(wishes_come_first_and_are_answered),
        cmocka_unit_test(a_service_that_is_gone_comes_back),
        cmocka_unit_test(a_service_that_is_slow_is_said),
        cmocka_unit_test(one_who_was_hung_up_on_asks_again),
        cmocka_unit_test(nonsense_is_survived),
        cmocka_unit_test(an_answer_without_end_is_cut_off),
    };

    setenv("TZ", "UTC", 1);
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 77; // widths of characters are the locale's
    return cmocka_run_group_tests(tests, NULL, NULL);
}
