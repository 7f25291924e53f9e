// SPDX-License-Identifier: GPL-2.0-or-later
// source: headers of syslog lines and their time stamps.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "source/header.h"

#define T0 (INT64_C(1795374812) * USEC_SEC) // 2026-11-22 19:13:32 UTC

static void set_zone(const char *tz)
{
    setenv("TZ", tz, 1);
    tzset();
}

static struct stamp_clock clock_at(usec_t bound)
{
    struct stamp_clock c;
    stamp_clock_init(&c, bound);
    return c;
}

static void assert_str(struct str got, const char *want, const char *line)
{
    if (!str_eq(got, str_of(want)))
        fail_msg("\"%.*s\" instead of \"%s\" in: %s", STR_FMT(got), want, line);
}

static void forms(void **state)
{
    static const struct {
        const char *line, *host, *ident;
        uint32_t pid;
        const char *message, *date;
        usec_t time;
    } cases[] = {
        // traditional
        {"Nov 22 19:13:32 lab pppd[363]: msg", "lab", "pppd", 363, "msg", "Nov 22 19:13:32", T0},
        {"<148>Nov 22 19:13:32 lab pppd[363]: msg", "lab", "pppd", 363, "msg", "Nov 22 19:13:32", T0},
        {"Nov  2 19:13:32 lab pppd: msg", "lab", "pppd", 0, "msg", "Nov  2 19:13:32", T0 - 20 * 86400 * USEC_SEC},
        {"Nov 2 19:13:32 lab pppd: msg", "lab", "pppd", 0, "msg", "Nov 2 19:13:32", T0 - 20 * 86400 * USEC_SEC},
        {"Nov 22 2026 19:13:32 lab pppd[363]: msg", "lab", "pppd", 363, "msg", "Nov 22 2026 19:13:32", T0},
        {"Nov 22 19:13:32 2026 lab pppd[363]: msg", "lab", "pppd", 363, "msg", "Nov 22 19:13:32 2026", T0},
        {"Nov 22 19:13:32.25 lab pppd[1]: m", "lab", "pppd", 1, "m", "Nov 22 19:13:32.25", T0 + 250000},
        {"Nov 22 19:13:32 lab postfix/smtpd[12]: m", "lab", "postfix/smtpd", 12, "m", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab /usr/sbin/cron[12]: m", "lab", "/usr/sbin/cron", 12, "m", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab (sd-pam): m", "lab", "(sd-pam)", 0, "m", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab kernel: [    0.1] m", "lab", "kernel", 0, "[    0.1] m", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab pppd[12] m", "lab", "pppd", 12, "m", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab docker[abc]: m", "lab", "docker", 0, "m", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 pppd[363]: msg", "", "pppd", 363, "msg", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 10.0.0.1 pppd[363]: msg", "10.0.0.1", "pppd", 363, "msg", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 fe80::1 pppd[363]: msg", "fe80::1", "pppd", 363, "msg", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab last message repeated 2 times", "lab", "", 0, "last message repeated 2 times",
         "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab pppd[363]:   two more blanks", "lab", "pppd", 363, "  two more blanks",
         "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab pppd[363]:", "lab", "pppd", 363, "", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab pppd[363]: ", "lab", "pppd", 363, "", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab", "lab", "", 0, "", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 lab pppd[4294967296]: m", "lab", "pppd", 0, "m", "Nov 22 19:13:32", T0},
        // ISO 8601
        {"2026-11-22T19:13:32.932649+00:00 lab pppd[363]: msg", "lab", "pppd", 363, "msg",
         "2026-11-22T19:13:32.932649+00:00", T0 + 932649},
        {"2026-11-22T19:13:32Z lab pppd[363]: msg", "lab", "pppd", 363, "msg", "2026-11-22T19:13:32Z", T0},
        {"2026-11-22T19:13:32 lab pppd[363]: msg", "lab", "pppd", 363, "msg", "2026-11-22T19:13:32", T0},
        {"2026-11-22 20:13:32,5+01:00 lab pppd[363]: msg", "lab", "pppd", 363, "msg", "2026-11-22 20:13:32,5+01:00",
         T0 + 500000},
        {"2026-11-22 20:13:32 +0100 lab pppd[363]: msg", "lab", "pppd", 363, "msg", "2026-11-22 20:13:32 +0100", T0},
        {"2026-11-22T13:43:32-0530 lab pppd[363]: msg", "lab", "pppd", 363, "msg", "2026-11-22T13:43:32-0530", T0},
        {"2026-11-22T21:13:32+02 lab pppd[363]: msg", "lab", "pppd", 363, "msg", "2026-11-22T21:13:32+02", T0},
        {"2026-11-22T19:13:32.123456789Z lab pppd: m", "lab", "pppd", 0, "m", "2026-11-22T19:13:32.123456789Z",
         T0 + 123456},
        // Suricata's logs
        {"11/22/2026-19:13:32.932649  [**] [1:1:1] x [**] [Priority: 3] {TCP} 192.0.2.1:1 -> 192.0.2.2:1723", "", "",
         0, " [**] [1:1:1] x [**] [Priority: 3] {TCP} 192.0.2.1:1 -> 192.0.2.2:1723", "11/22/2026-19:13:32.932649",
         T0 + 932649},
        {"{\"timestamp\":\"2026-11-22T20:13:32.932649+0100\",\"flow_id\":1}", "", "", 0,
         "{\"timestamp\":\"2026-11-22T20:13:32.932649+0100\",\"flow_id\":1}", "2026-11-22T20:13:32.932649+0100",
         T0 + 932649},
        {"{\"timestamp\": \"2026-11-22T19:13:32Z\"}", "", "", 0, "{\"timestamp\": \"2026-11-22T19:13:32Z\"}",
         "2026-11-22T19:13:32Z", T0},
        // RFC 5424
        {"<148>1 2026-11-22T19:13:32.858207+00:00 lab pppd 377 - -  Peer alice", "lab", "pppd", 377, "Peer alice",
         "2026-11-22T19:13:32.858207+00:00", T0 + 858207},
        {"<148>1 2026-11-22T19:13:32Z lab pppd 377 - - Peer", "lab", "pppd", 377, "Peer", "2026-11-22T19:13:32Z", T0},
        {"<148>1 2026-11-22T19:13:32Z lab pppd 377 - -   Peer", "lab", "pppd", 377, " Peer", "2026-11-22T19:13:32Z",
         T0},
        {"<6>1 2026-11-22T19:13:32Z - - - - -", "", "", 0, "", "2026-11-22T19:13:32Z", T0},
        {"<6>1 2026-11-22T19:13:32Z - app x1 ID7 - m", "", "app", 0, "m", "2026-11-22T19:13:32Z", T0},
        {"<6>1 2026-11-22T19:13:32Z h a 1 - [x@1 a=\"] [\\\"\\]\\\\\" b=\"\"][y] m", "h", "a", 1, "m",
         "2026-11-22T19:13:32Z", T0},
        {"<6>1 2026-11-22T19:13:32Z h a 1 - - \xef\xbb\xbfm", "h", "a", 1, "m", "2026-11-22T19:13:32Z", T0},
        // OpenWrt, busybox, programs with a log of their own
        {"Sun Nov 22 19:13:32 2026 daemon.info pptpd[28444]: CTRL: Client 192.0.2.1 control connection started", "",
         "pptpd", 28444, "CTRL: Client 192.0.2.1 control connection started", "Sun Nov 22 19:13:32 2026", T0},
        {"Sun Nov 22 19:13:32 2026 local2.warn pppd[9]: m", "", "pppd", 9, "m", "Sun Nov 22 19:13:32 2026", T0},
        {"Sun Nov 22 19:13:32 2026 : Info: Debug", "", "", 0, ": Info: Debug", "Sun Nov 22 19:13:32 2026", T0},
        {"Sun Nov 22 19:13:32 lab pppd[9]: m", "lab", "pppd", 9, "m", "Sun Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 box daemon.warn pppd[9]: m", "box", "pppd", 9, "m", "Nov 22 19:13:32", T0},
        {"Nov 22 19:13:32 daemon.warn pppd[9]: m", "", "pppd", 9, "m", "Nov 22 19:13:32", T0},
        {"[2026-11-22 19:13:32]:  info: ppp0: connect", "", "", 0, "info: ppp0: connect", "2026-11-22 19:13:32", T0},
        // what looks like a header behind the header is text
        {"Nov 22 19:13:32 lab pppd[3]: Nov 22 19:13:33 lab pptpd[4]: CTRL: x", "lab", "pppd", 3,
         "Nov 22 19:13:33 lab pptpd[4]: CTRL: x", "Nov 22 19:13:32", T0},
        {"2026-11-22T19:13:32Z lab pppd[3]: pptpd[4]: <6>1 x", "lab", "pppd", 3, "pptpd[4]: <6>1 x",
         "2026-11-22T19:13:32Z", T0},
        {"Nov 22 19:13:32 lab no tag pptpd[4]: x", "lab", "", 0, "no tag pptpd[4]: x", "Nov 22 19:13:32", T0},
        {"<6>1 2026-11-22T19:13:32Z h pppd 1 - - lab pptpd[4]: x", "h", "pppd", 1, "lab pptpd[4]: x",
         "2026-11-22T19:13:32Z", T0},
    };

    (void)state;
    set_zone("UTC");
    struct stamp_clock c = clock_at(T0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct header h;
        const char *line = cases[i].line;
        if (!header_parse(&c, str_of(line), &h))
            fail_msg("no header: %s", line);
        assert_true(h.has_time);
        if (h.time != cases[i].time)
            fail_msg("time %lld instead of %lld: %s", (long long)h.time, (long long)cases[i].time, line);
        assert_str(h.host, cases[i].host, line);
        assert_str(h.ident, cases[i].ident, line);
        assert_int_equal(h.pid, cases[i].pid);
        assert_str(h.message, cases[i].message, line);
        assert_str(h.date, cases[i].date, line);
    }
}

static void what_is_no_header(void **state)
{
    static const char *const lines[] = {
        "", " ", "x", "Peer alice failed CHAP authentication", "pppd[1]: m", "Nov 22 19:13", "Nov 22 19:13:3",
        "Nov 31 19:13:32 lab pppd[1]: m", "Nov 22 24:00:00 lab pppd[1]: m", "Nov 22 19:60:00 lab pppd[1]: m",
        "Nov 22 19:00:61 lab pppd[1]: m", "Foo 22 19:13:32 lab pppd[1]: m", "Nov 00 19:13:32 lab pppd[1]: m",
        "Nov 22 19:13:32lab pppd[1]: m", "2026-02-29T19:13:32Z lab pppd[1]: m", "2026-13-01T19:13:32Z lab pppd[1]: m",
        "2026-11-22T19:13:32Zlab pppd[1]: m", "2026-11-22X19:13:32 lab pppd[1]: m", "<>Nov 22 19:13:32 lab pppd[1]: m",
        "<1234>Nov 22 19:13:32 lab pppd[1]: m", "<6>1 2026-11-22 19:13:32Z h a 1 - - m",
        "<6>1 2026-11-22T19:13:32Z h a 1 - [x a=\"]\" m", "<6>1 2026-11-22T19:13:32Z h a 1 - [x a=\"\\",
        "<6>1 2026-11-22T19:13:32Z h a 1 - text", "<6>1 2026-11-22T19:13:32Z h a", "[2026-11-22 19:13:32 x",
        "13/22/2026-19:13:32.9  [**]", "11/22/26-19:13:32.9  [**]", "11/22/2026 19:13:32.9  [**]", "11/22/2026-19:13:32x",
        "{\"timestamp\"", "{\"timestamp\":", "{\"timestamp\":\"", "{\"timestamp\":\"2026-11-22T19:13:32Z",
        "{\"timestamp\":\"2026-11-22T19:13:32Z x\"}", "{\"timestamp\":  \"2026-11-22T19:13:32Z\"}",
        "{\"timestamp\":\"2026-11-22T19:13:32.0000000000000000000000000000Z\"}",
        "{\"x\":1,\"timestamp\":\"2026-11-22T19:13:32Z\"}",
        " Nov 22 19:13:32 lab pppd[1]: m", "2026-11-22T19:13:32] lab pppd[1]: m",
    };

    (void)state;
    set_zone("UTC");
    struct stamp_clock c = clock_at(T0);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct header h;
        if (header_parse(&c, str_of(lines[i]), &h))
            fail_msg("a header was read from: %s", lines[i]);
        assert_false(h.has_time);
        assert_str(h.message, lines[i], lines[i]);
        assert_int_equal(h.ident.n + h.host.n + h.date.n + h.pid, 0);
    }
    struct header h;
    assert_true(header_parse(&c, str_of("<6>1 - h a 1 - - m"), &h)); // a nil stamp
    assert_false(h.has_time);
    assert_str(h.ident, "a", "nil stamp");
    assert_str(h.message, "m", "nil stamp");
}

// Every truncation and every single changed byte of real lines: memory checkers watch the bounds, and what is
// reported lies within the line.
static void hostile_bytes(void **state)
{
    static const char *const lines[] = {
        "<148>Nov 22 19:13:32 lab pppd[363]: msg", "2026-11-22T19:13:32.932649+00:00 lab pppd[363]: msg",
        "<148>1 2026-11-22T19:13:32.858207+00:00 lab pppd 377 - [x a=\"\\\"\"]  Peer alice",
        "Sun Nov 22 19:13:32 2026 daemon.info pptpd[28444]: CTRL", "[2026-11-22 19:13:32]:  info: ppp0: connect",
    };

    (void)state;
    set_zone("UTC");
    struct stamp_clock c = clock_at(T0);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        size_t n = strlen(lines[i]);
        for (size_t cut = 0; cut <= n; cut++) {
            char *copy = malloc(cut ? cut : 1); // exactly as long as it says
            assert_non_null(copy);
            for (int byte = -1; byte < 256; byte += byte < 0 ? 1 : 5) {
                for (size_t at = 0; at < (byte < 0 ? 1 : cut); at++) {
                    struct header h;
                    memcpy(copy, lines[i], cut);
                    if (byte >= 0)
                        copy[at] = (char)byte;
                    header_parse(&c, (struct str){copy, cut}, &h);
                    assert_true(h.message.n <= cut && h.host.n <= cut && h.ident.n <= cut && h.date.n <= cut);
                    if (h.message.n)
                        assert_true(h.message.p >= copy && h.message.p + h.message.n == copy + cut);
                }
                if (cut != n)
                    break;
            }
            free(copy);
        }
    }
    struct header h;
    static const char nul[] = "Nov 22 19:13:32 lab pppd[1]: a\0b";
    assert_true(header_parse(&c, (struct str){nul, sizeof(nul) - 1}, &h));
    assert_int_equal(h.message.n, 3);
}

static usec_t time_of(struct stamp_clock *c, const char *text)
{
    struct stamp s;
    if (!stamp_parse(c, str_of(text), &s))
        fail_msg("no stamp: %s", text);
    return s.time / USEC_SEC;
}

static void years(void **state)
{
    (void)state;
    set_zone("UTC");
    struct stamp_clock c = clock_at(T0);
    assert_int_equal(time_of(&c, "Nov 23 19:13:32"), 1795374812 + 86400); // exactly a day ahead
    assert_int_equal(time_of(&c, "Nov 23 19:13:33"), 1795374813 + 86400 - 365 * 86400);
    assert_int_equal(time_of(&c, "Dec 31 00:00:00"), 1767139200); // 2025
    assert_int_equal(time_of(&c, "Jan  1 00:00:00"), 1767225600); // 2026
    assert_int_equal(time_of(&c, "Feb 29 00:00:00"), 1709164800); // 2024
    c = clock_at(INT64_C(1767225602) * USEC_SEC);                 // 2026-01-01 00:00:02
    assert_int_equal(time_of(&c, "Dec 31 23:59:59"), 1767225599);
    assert_int_equal(time_of(&c, "Jan  1 00:00:03"), 1767225603);

    // an old log: it stands in December 2024 and goes on from there, although 2026 is over
    c = clock_at(T0);
    c.anchor = INT64_C(1735600000) * USEC_SEC;
    assert_int_equal(time_of(&c, "Dec 30 23:06:40"), 1735600000);
    assert_int_equal(time_of(&c, "Dec 28 23:06:40"), 1735600000 - 2 * 86400);
    assert_int_equal(time_of(&c, "Jan  1 00:00:00"), 1735689600); // 2025
    assert_int_equal(time_of(&c, "Nov 30 00:00:00"), 1764460800); // 2025, eleven months of silence
    c.anchor = INT64_C(1735689610) * USEC_SEC;                    // 2025-01-01 00:00:10, a late line of last year
    assert_int_equal(time_of(&c, "Dec 31 23:59:59"), 1735689599);
    // a machine that starts without a clock in January and learns the time later
    c.anchor = T0;
    assert_int_equal(time_of(&c, "Jan  1 00:00:05"), 1767225605);
    c.anchor = INT64_C(1767225605) * USEC_SEC;
    assert_int_equal(time_of(&c, "Nov 22 19:13:32"), 1795374812);
    // leap second
    assert_int_equal(time_of(&c, "2016-12-31T23:59:60Z"), 1483228800);
    assert_int_equal(time_of(&c, "1970-01-01T00:00:00Z"), 0);
    assert_int_equal(time_of(&c, "2000-03-01T00:00:00Z"), 951868800);
}

static void zones(void **state)
{
    struct stamp_clock c;
    struct stamp s;

    (void)state;
    set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    c = clock_at(T0);
    assert_int_equal(time_of(&c, "Nov 22 20:13:32"), 1795374812);
    assert_int_equal(time_of(&c, "2026-11-22T20:13:32"), 1795374812);
    assert_int_equal(time_of(&c, "2026-07-01T12:00:00"), 1782900000);
    assert_int_equal(time_of(&c, "2026-07-01T12:00:00Z"), 1782907200);
    // clocks go forward at 01:00 UTC on 2026-03-29; 02:30 is never shown
    assert_int_equal(time_of(&c, "2026-03-29T01:59:59"), 1774745999);
    assert_int_equal(time_of(&c, "2026-03-29T03:00:00"), 1774746000);
    assert_int_equal(time_of(&c, "2026-03-29T02:30:00"), 1774747800);
    // and back at 01:00 UTC on 2026-10-25: 02:00 to 02:59:59 comes twice
    assert_true(stamp_parse(&c, str_of("2026-10-25T02:30:00"), &s));
    assert_int_equal(s.time / USEC_SEC, 1792888200);
    assert_int_equal(s.later / USEC_SEC, 1792891800);
    assert_true(stamp_parse(&c, str_of("2026-10-25T01:59:59"), &s));
    assert_int_equal(s.time / USEC_SEC, 1792886399);
    assert_true(s.time == s.later);
    assert_true(stamp_parse(&c, str_of("2026-10-25T03:00:00"), &s));
    assert_int_equal(s.time / USEC_SEC, 1792893600);
    assert_true(s.time == s.later);

    // half an hour of difference, within the hour
    set_zone("LHST-10:30LHDT-11,M10.1.0,M4.1.0");
    c = clock_at(T0);
    assert_true(stamp_parse(&c, str_of("2026-04-05T01:29:59"), &s));
    assert_true(s.time == s.later);
    assert_true(stamp_parse(&c, str_of("2026-04-05T01:30:00"), &s));
    assert_int_equal((s.later - s.time) / USEC_SEC, 1800);
    set_zone("UTC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms), cmocka_unit_test(what_is_no_header), cmocka_unit_test(hostile_bytes),
        cmocka_unit_test(years), cmocka_unit_test(zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
