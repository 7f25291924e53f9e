// SPDX-License-Identifier: GPL-2.0-or-later
// filter: what the shipped filter for pptpd and pppd makes of every line that matters, hostile names included.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "filter/filter.h"

enum { NONE = ROLE_MAX };

static struct filter *load(const char *name)
{
    static const char *const dirs[] = {FILTERS, NULL};
    struct filter_options options = {.dirs = dirs};
    struct filter_error error;
    struct filter *f = NULL;

    if (filter_load(name, &options, &f, &error) < 0)
        fail_msg("%s", error.text);
    return f;
}

static struct record record_of(const char *ident, struct str message, char *line, size_t size)
{
    int n = snprintf(line, size, "2026-11-22T18:58:00.893877+00:00 lab %s[363]: ", ident);

    memcpy(line + n, message.p, message.n);
    return (struct record){
        .host = STR("lab"),
        .ident = str_of(ident),
        .pid = 363,
        .message = {line + n, message.n},
        .line = {line, (size_t)n + message.n},
        .date = {line, 32},
    };
}

static bool match(struct filter *f, const char *ident, struct str message, struct event *e)
{
    static char line[8192];
    struct record r = record_of(ident, message, line, sizeof(line));

    return filter_match(f, &r, e);
}

static const char *addr_of(const struct event *e)
{
    static char buf[ADDR_STRLEN];
    return e->has_addr ? addr_format(&e->addr, buf) : "";
}

struct line_case {
    const char *ident, *message;
    unsigned role; // NONE: of no interest
    const char *user, *addr;
    enum outcome_class class;
    unsigned link;
};

static const struct line_case lines[] = {
    {"pppd", "Peer alice failed CHAP authentication", ROLE_FAILURE, "alice", "", CLASS_AUTH, 0},
    {"pppd", "PAP peer authentication failed for bob", ROLE_FAILURE, "bob", "", CLASS_AUTH, 0},
    {"pppd", "PAP peer authentication failed for ", ROLE_FAILURE, "", "", CLASS_AUTH, 0},
    {"pppd", "PAP peer authentication failed for", ROLE_FAILURE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "EAP: MSCHAPv2 failure for peer carol", ROLE_FAILURE, "carol", "", CLASS_AUTH, 0},
    {"pppd", "EAP-TLS: Cannot get secret/password for client \"x\", server \"pptpd\"", ROLE_FAILURE, "x", "",
     CLASS_AUTH, 0},
    {"pppd", "peer refused to authenticate: terminating link", ROLE_FAILURE, NULL, "", CLASS_REFUSED, 0},
    {"pptpd", "CTRL: Reaping child PPP[0]", ROLE_FAILURE, NULL, "", CLASS_PROBE, 0},
    {"pptpd", "CTRL: Reaping child PPP[363]", ROLE_LINK, NULL, "", CLASS_AUTH, 363},
    {"pptpd", "CTRL: Reaping child PPP[2147483647]", ROLE_LINK, NULL, "", CLASS_AUTH, 2147483647},
    {"pptpd", "CTRL: Reaping child PPP[2147483648]", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "CTRL: Reaping child PPP[99999999999]", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "CTRL: Reaping child PPP[012]", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "CTRL: Client 203.0.113.5 control connection started", ROLE_BEGIN, NULL, "203.0.113.5", CLASS_AUTH, 0},
    {"pptpd", "CTRL: Client 203.0.113.5 control connection finished", ROLE_END, NULL, "203.0.113.5", CLASS_AUTH, 0},
    {"pptpd", "CTRL: Starting call (launching pppd, opening GRE)", ROLE_CALL, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "MGR: Manager process started", ROLE_CLEAR, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Plugin /usr/lib/pptpd/pptpd-logwtmp.so loaded.", ROLE_BEGIN, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Plugin pppol2tp.so loaded.", ROLE_OTHER, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Plugin /usr/lib/pppd/2.5.2/pppoe.so loaded.", ROLE_OTHER, NULL, "", CLASS_AUTH, 0},
    {"xl2tpd", "Call established with 203.0.113.9, PID: 77, Local: 1, Remote: 2, Serial: 3", ROLE_OTHER, NULL, "",
     CLASS_AUTH, 77},
    {"pppd", "pppd options in effect:", ROLE_BEGIN, NULL, "", CLASS_AUTH, 0},
    {"pppd", "pppd 2.4.9 started by root, uid 0", ROLE_BEGIN, NULL, "", CLASS_AUTH, 0},
    {"pppd", "remotenumber 203.0.113.5\t\t# (from command line)", ROLE_ADDRESS, NULL, "203.0.113.5", CLASS_AUTH, 0},
    {"pppd", "remotenumber 203.0.113.5#011#011# (from command line)", ROLE_ADDRESS, NULL, "203.0.113.5", CLASS_AUTH, 0},
    {"pppd", "remotenumber 203.0.113.5", ROLE_ADDRESS, NULL, "203.0.113.5", CLASS_AUTH, 0},
    {"pppd", "remotenumber 999.0.113.5 ", ROLE_ADDRESS, NULL, "", CLASS_AUTH, 0},
    {"pppd", "rc_send_server: no reply from RADIUS server 127.0.0.1:1812", ROLE_FAULT, NULL, "", CLASS_AUTH, 0},
    {"pppd", "rc_find_server: couldn't find RADIUS server a in b", ROLE_FAULT, NULL, "", CLASS_AUTH, 0},
    {"pppd", "rc_read_config: can't open /etc/radiusclient/radiusclient.conf: No such file or directory", ROLE_FAULT,
     NULL, "", CLASS_AUTH, 0},
    {"pppd", "RADIUS: Can't read config file /etc/radiusclient/radiusclient.conf", ROLE_FAULT, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Can't open chap secret file /etc/ppp/chap-secrets: Permission denied", ROLE_FAULT, NULL, "", CLASS_AUTH,
     0},
    {"pppd", "EAP: unauthenticated peer name \"dave\"", ROLE_ATTEMPT, "dave", "", CLASS_AUTH, 0},
    {"pppd", "peer from calling number 203.0.113.6 authorized", ROLE_SUCCESS, NULL, "203.0.113.6", CLASS_AUTH, 0},
    {"pppd", "Peer alice authenticated with CHAP", ROLE_SUCCESS, "alice", "", CLASS_AUTH, 0},
    {"pppd", "PAP peer authentication succeeded for alice", ROLE_SUCCESS, "alice", "", CLASS_AUTH, 0},
    {"pppd", "EAP: MSCHAPv2 success for peer alice", ROLE_SUCCESS, "alice", "", CLASS_AUTH, 0},
    {"pppd", "Exit.", ROLE_END, NULL, "", CLASS_AUTH, 0},
    // never counted
    {"pppd", "No CHAP secret found for authenticating alice", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "no PAP secret found for alice", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Peer alice failed CHAP Session verification", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Peer alice failed PAP Session verification", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Peer is not authorized to use remote address 10.99.0.9", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "ipparam 203.0.113.5\t\t# (from command line)", ROLE_ADDRESS, NULL, "203.0.113.5", CLASS_AUTH, 0},
    {"pppd", "pptpd-original-ip 203.0.113.5#011#011# (from command line)", ROLE_ADDRESS, NULL, "203.0.113.5", CLASS_AUTH, 0},
    {"pppd", "ipparam 203.0.113.5\t\t# (from /etc/ppp/peers/isp)", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "EAP: MSCHAPv2 failure for peer", ROLE_FAILURE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "MPPE required but peer refused", ROLE_SUCCESS, NULL, "", CLASS_AUTH, 0},
    {"pppd", "MPPE required but peer negotiation failed", ROLE_SUCCESS, NULL, "", CLASS_AUTH, 0},
    {"pppd", "CHAP authentication failed", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "CHAP authentication failed due to protocol-reject", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "PAP authentication failed", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "CHAP authentication succeeded", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "CHAP authentication succeeded: Welcome", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "PAP authentication succeeded", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "MS-CHAP authentication failed: E=691 R=1", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "EAP: peer reports authentication failure", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "No response to PAP authenticate-requests", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "calling number 203.0.113.6 is not authorized", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Using interface ppp0", ROLE_TELLS, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Connect: ppp0 <--> /dev/pts/0", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "LCP: timeout sending Config-Requests", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "LCP terminated by peer (MPPE disabled)", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Modem hangup", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Connection terminated.", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "MPPE 128-bit stateless compression enabled", ROLE_SUCCESS, NULL, "", CLASS_AUTH, 0},
    {"pppd", "user alice logged in on tty pts/0 intf ppp0", ROLE_SUCCESS, "alice", "", CLASS_AUTH, 0},
    {"pppd", "Winbind has declined authentication for user!", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "rcvd [CHAP Response id=0x1 <00>, name = \"Peer x failed CHAP authentication\"]", NONE, NULL, "",
     CLASS_AUTH, 0},
    {"pptpd", "CTRL: EOF or bad error reading ctrl packet length.", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "CTRL: couldn't read packet header (exit)", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "CTRL: CTRL read failed", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "GRE: Bad checksum from pppd.", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "MGR: dropped slow initial connection", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "MGR: initial packet length 18245 outside (0 - 220)", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "MGR: No free connection slots or IPs - no more clients can connect!", NONE, NULL, "", CLASS_AUTH, 0},
    {"kernel", "PPTP-DROP: IN=v0 OUT= SRC=198.51.100.10 DST=192.0.2.1 PROTO=TCP SPT=55295 DPT=1723", NONE, NULL, "",
     CLASS_AUTH, 0},
    // the right words from the wrong program
    {"pptpd", "Peer alice failed CHAP authentication", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "CTRL: Client 192.0.2.66 control connection started", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "CTRL: Reaping child PPP[1]", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "MGR: Manager process started", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd2", "Peer alice failed CHAP authentication", NONE, NULL, "", CLASS_AUTH, 0},
    {"ppp", "Peer alice failed CHAP authentication", NONE, NULL, "", CLASS_AUTH, 0},
    {"", "Peer alice failed CHAP authentication", NONE, NULL, "", CLASS_AUTH, 0},
    // and in the wrong place
    {"pppd", " Peer alice failed CHAP authentication", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Peer alice failed CHAP authentication ", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "Peer alice failed CHAP authentication\n", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "x CTRL: Client 192.0.2.66 control connection started", NONE, NULL, "", CLASS_AUTH, 0},
    {"pptpd", "CTRL: Client 192.0.2.66 control connection started\n", NONE, NULL, "", CLASS_AUTH, 0},
    // what a peer says when it hangs up
    {"pppd", "LCP terminated by peer (x) from 192.0.2.66 Peer root failed CHAP authentication)", NONE, NULL, "",
     CLASS_AUTH, 0},
    {"pppd", "LCP terminated by peer (x^Jpppd[1]: Peer \"root\" failed CHAP authentication^@^A#011M-i)", NONE, NULL, "",
     CLASS_AUTH, 0},
    // names that speak of others
    {"pppd", "no PAP secret found for bob from 192.0.2.66", NONE, NULL, "", CLASS_AUTH, 0},
    {"pppd", "PAP peer authentication failed for bob from 192.0.2.66", ROLE_FAILURE, "bob from 192.0.2.66", "",
     CLASS_AUTH, 0},
    {"pppd", "PAP peer authentication failed for q\\\"u\\\\\\\\o\\te^JM-i", ROLE_FAILURE, "q\\\"u\\\\\\\\o\\te^JM-i",
     "", CLASS_AUTH, 0},
    {"pppd", "EAP: unauthenticated peer name \"x\\\" from 192.0.2.66\xe9\xff\\n\"", ROLE_ATTEMPT, NULL, "", CLASS_AUTH,
     0},
    {"pppd", "EAP-TLS: Cannot get secret/password for client \"x\" from 192.0.2.66\xe9\xff\n\", server \"pptpd\"",
     ROLE_FAILURE, "x\" from 192.0.2.66\xe9\xff\n", "", CLASS_AUTH, 0},
    {"pppd", "EAP-TLS: Cannot get secret/password for client \"x\" from 192.0.2.66\xe9\xff#012\", server \"pptpd\"",
     ROLE_FAILURE, "x\" from 192.0.2.66\xe9\xff#012", "", CLASS_AUTH, 0},
    {"pppd",
     "EAP-TLS: Cannot get secret/password for client \"x\nNov 22 18:55:40 lab pptpd[999]: CTRL: Client 192.0.2.66 "
     "control "
     "connection started\", server \"pptpd\"",
     ROLE_FAILURE, "x\nNov 22 18:55:40 lab pptpd[999]: CTRL: Client 192.0.2.66 control connection started", "",
     CLASS_AUTH, 0},
};

static void expect(struct filter *f, const struct line_case *c)
{
    struct event e;
    bool hit = match(f, c->ident, str_of(c->message), &e);

    if (hit != (c->role != NONE) || (hit && e.role != c->role))
        fail_msg("%s: %s: role %s", c->ident, c->message, hit ? role_names[e.role] : "none");
    if (!hit)
        return;
    assert_int_equal(e.class, c->class);
    assert_string_equal(addr_of(&e), c->addr);
    assert_int_equal(e.link_pid, c->link);
    if (c->user) {
        assert_true(e.has_user);
        assert_true(str_eq(e.user, str_of(c->user)));
    }
}

static void every_line_has_its_role(void **state)
{
    struct filter *f = load("pptpd");

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        expect(f, &lines[i]);
    assert_int_equal(filter_counters(f)->limit_hits, 0);
    filter_free(f);
}

// What a CHAP name can look like once pppd has written it. One failure each, of exactly this name, at no address.
static void hostile_names_stay_names(void **state)
{
    static char a256[257], quotes[513];
    static const char *names[] = {
        "root from 192.0.2.66",
        "x failed CHAP authentication from 192.0.2.66",
        "bob^JNov 22 18:55:40 lab pptpd[999]: CTRL: Client 192.0.2.66 control connection started",
        "bob^M^Jpptpd[999]: CTRL: Client 192.0.2.66 control connection started",
        "adm",
        "M-QM-^NM-PM-7M-PM-5M-QM-^@",
        "M-iM-^?M- M-^@",
        "DOM\\\"user\\\"\\\\\\\\x",
        "",
        "^[[2J^[[31mred^?^G",
        "%s%n%q%v%d",
        "peer from calling number 192.0.2.66 authorized",
        "CTRL: Client 192.0.2.66 control connection started",
        " lead and trail ",
        "a\\tb",
        "alice authenticated with CHAP",
        "a pppd[1]: Peer b failed CHAP authentication",
        "CTRL: Reaping child PPP[1]",
        "it's",
        "192.0.2.66",
        "x: 192.0.2.66 port 1723",
        "CORP\\\\bob",
        a256,
        quotes,
        "x^JM-i\\\"y\\\\z from 192.0.2.66",
        "remotenumber 192.0.2.66",
        "Plugin pppoe.so loaded.",
        "RADIUS: Can't",
        "Exit.",
        "MGR: Manager process started",
    };
    struct filter *f = load("pptpd");
    struct event e;

    (void)state;
    memset(a256, 'A', 256);
    for (size_t i = 0; i < 512; i++)
        quotes[i] = i % 2 ? '"' : '\\';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char message[1024];
        snprintf(message, sizeof(message), "Peer %s failed CHAP authentication", names[i]);
        assert_true(match(f, "pppd", str_of(message), &e));
        assert_int_equal(e.role, ROLE_FAILURE);
        assert_int_equal(e.class, CLASS_AUTH);
        assert_true(e.has_user && str_eq(e.user, str_of(names[i])));
        assert_false(e.has_addr);
        assert_int_equal(e.link_pid, 0);
        snprintf(message, sizeof(message), "No CHAP secret found for authenticating %s", names[i]);
        assert_false(match(f, "pppd", str_of(message), &e));
    }
    filter_free(f);
}

static void places_among_the_patterns_of_a_role(void **state)
{
    struct filter *f = load("pptpd");
    struct event e;

    (void)state;
    assert_true(match(f, "pppd", STR("Plugin x.so loaded."), &e));
    assert_true(e.order == 0 && !e.last && !e.begins);
    assert_true(match(f, "pppd", STR("pppd options in effect:"), &e));
    assert_true(e.order == 1 && !e.last);
    assert_true(match(f, "pppd", STR("pppd 2.4.9 started by root, uid 0"), &e));
    assert_true(e.order == 2 && e.last);
    assert_true(match(f, "pptpd", STR("CTRL: Client 203.0.113.5 control connection started"), &e));
    assert_true(e.order == 0 && e.last);
    // disowned with its first line
    assert_true(match(f, "pppd", STR("Plugin pppol2tp.so loaded."), &e));
    assert_true(e.role == ROLE_OTHER && e.begins && e.order == 0 && !e.last);
    assert_true(match(f, "xl2tpd", STR("Call established with 203.0.113.9, PID: 77, x"), &e));
    assert_true(e.role == ROLE_OTHER && !e.begins && str_eq(e.link_ident, STR("pppd")));
    assert_true(match(f, "pptpd", STR("CTRL: Reaping child PPP[363]"), &e));
    assert_true(str_eq(e.link_ident, STR("pppd")));
    filter_free(f);
}

static void addresses_from_a_command_line(void **state)
{
    static const struct {
        const char *ident, *cmdline, *addr; // addr NULL: none
    } cases[] = {
        {"pppd",
         "/usr/sbin/pppd local file /etc/ppp/pptpd-options 115200 10.99.0.1:10.99.0.100 ipparam 203.0.113.5 plugin "
         "/usr/lib/pptpd/pptpd-logwtmp.so pptpd-original-ip 203.0.113.5 remotenumber 203.0.113.5",
         "203.0.113.5"},
        {"pppd",
         "/usr/sbin/pppd local file /etc/ppp/pptpd-options 115200 10.99.0.1:10.99.0.100 remotenumber 198.51.100.8",
         "198.51.100.8"},
        {"pppd", "/usr/sbin/pppd local ipparam 203.0.113.5", "203.0.113.5"},
        {"pppd", "/usr/sbin/pppd passive nodetach 10.0.0.1:10.0.0.2 ipparam 203.0.113.5", NULL},
        {"pppd", "/usr/sbin/pppd remotenumber 192.0.2.66 remotenumber 203.0.113.5", "203.0.113.5"},
        {"pppd", "/usr/sbin/pppd local remotenumber 203.0.113.5 ipparam 192.0.2.66", NULL},
        {"pppd", "/usr/sbin/pppd local ipparam 203.0.113.5 pptpd-original-ip 192.0.2.66", NULL},
        {"pppd", "/usr/sbin/pppd remotenumber 203.0.113.5x", NULL},
        {"pppd", "/usr/sbin/pppd xremotenumber 203.0.113.5", NULL},
        {"pppd", "/usr/sbin/pppd remotenumber 203.0.113.256", NULL},
        {"pppd", "/usr/sbin/pppd", NULL},
        {"pppd", "", NULL},
        {"pptpd", "pptpd remotenumber 203.0.113.5", NULL},
    };
    struct filter *f = load("pptpd");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct addr a;
        char buf[ADDR_STRLEN];
        bool found = filter_cmdline_address(f, str_of(cases[i].ident), str_of(cases[i].cmdline), &a);
        if (found != (cases[i].addr != NULL))
            fail_msg("%s", cases[i].cmdline);
        if (found)
            assert_string_equal(addr_format(&a, buf), cases[i].addr);
    }
    filter_free(f);
}

static void what_a_session_is_called(void **state)
{
    static const struct {
        const char *filter, *ident, *message;
        enum role role;
        const char *interface, *inner;
    } cases[] = {
        {"pptpd", "pppd", "Using interface ppp0", ROLE_TELLS, "ppp0", ""},
        {"pptpd", "pptp", "Using interface ppp12", ROLE_TELLS, "ppp12", ""},
        {"pptpd", "pppd", "remote IP address 10.99.0.100", ROLE_SUCCESS, "", "10.99.0.100"},
        {"pptpd", "pppd", "Peer Using interface ppp0 authenticated with CHAP", ROLE_SUCCESS, "", ""},
        {"xl2tpd", "pppd", "Using interface ppp1", ROLE_TELLS, "ppp1", ""},
        {"xl2tpd", "pppd", "remote IP address 10.98.0.2", ROLE_SUCCESS, "", "10.98.0.2"},
        {"accel-ppp", "accel-pppd", "ppp7:: connect: ppp7 <--> pptp(203.0.113.5)", ROLE_BEGIN, "ppp7", ""},
        {"accel-ppp", "accel-pppd", "ppp7:alice: alice: authentication succeeded", ROLE_SUCCESS, "", ""},
    };
    struct filter *f = NULL;
    struct event e;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (i == 0 || strcmp(cases[i].filter, cases[i - 1].filter) != 0) {
            filter_free(f);
            f = load(cases[i].filter);
        }
        if (!match(f, cases[i].ident, str_of(cases[i].message), &e) || e.role != cases[i].role ||
            !str_eq(e.interface, str_of(cases[i].interface)) || !str_eq(e.inner, str_of(cases[i].inner)))
            fail_msg("%s: \"%.*s\", \"%.*s\"", cases[i].message, STR_FMT(e.interface), STR_FMT(e.inner));
    }
    assert_false(match(f, "pppd", STR("Using interface ppp0 or not"), &e));
    filter_free(f);
}

static void the_gate_changes_nothing(void **state)
{
    struct filter *f = load("pptpd");
    struct str literals[LITERALS_MAX];
    struct literals *l;
    size_t n = 0, passed = 0;

    (void)state;
    assert_true(filter_gate(f, literals, LITERALS_MAX, &n, NULL));
    assert_int_equal(literals_new(literals, n, &l), 0);
    filter_set_gate(f, literals, n);
    for (size_t i = 0; i < n; i++)
        if (getenv("SHOW_LITERALS"))
            fprintf(stderr, "[%.*s]\n", STR_FMT(literals[i]));
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char line[1024];
        struct event e;
        struct record r = record_of(lines[i].ident, str_of(lines[i].message), line, sizeof(line));
        r.mask = literals_mask(l, r.line);
        r.flags = RECORD_HAS_MASK;
        passed += r.mask != 0;
        bool hit = filter_match(f, &r, &e);
        if (hit != (lines[i].role != NONE))
            fail_msg("%s: %s", lines[i].ident, lines[i].message);
        if (hit)
            assert_int_equal(e.role, lines[i].role);
    }
    assert_true(passed < sizeof(lines) / sizeof(lines[0])); // or it were no gate
    literals_free(l);
    filter_free(f);
}

// A list with too little room: a string may be stood for by one that it contains, else there is no gate.
static void a_full_list_of_literals_is_no_harm(void **state)
{
    struct str literals[LITERALS_MAX] = {STR("CTRL: "), STR("pppd"), STR("e")}, all[LITERALS_MAX];
    struct filter *f = load("pptpd");
    struct literals *l;
    size_t n = 3, needed = 0;

    (void)state;
    assert_true(filter_gate(f, all, LITERALS_MAX, &needed, NULL));
    for (size_t max = 0; max < needed; max++) {
        n = 0;
        assert_false(filter_gate(f, all, max, &n, NULL));
        assert_true(n <= max);
    }
    n = 3;
    assert_false(filter_gate(f, literals, 3, &n, NULL)); // "Exit." has none of them
    static const char *const some[] = {"CTRL: ", "pppd", "i", "R", " ", "_"};
    for (n = 0; n < 6; n++)
        literals[n] = str_of(some[n]);
    assert_true(filter_gate(f, literals, 6, &n, NULL));
    assert_int_equal(n, 6);
    assert_int_equal(literals_new(literals, n, &l), 0);
    filter_set_gate(f, literals, n);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char line[1024];
        struct event e = {.role = ROLE_MAX};
        struct record r = record_of(lines[i].ident, str_of(lines[i].message), line, sizeof(line));
        r.mask = literals_mask(l, r.line);
        r.flags = RECORD_HAS_MASK;
        filter_match(f, &r, &e);
        assert_int_equal(e.role, lines[i].role);
    }
    // a set in which some strings are missing: their patterns always run
    filter_set_gate(f, literals, 1);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char line[1024];
        struct event e = {.role = ROLE_MAX};
        struct record r = record_of(lines[i].ident, str_of(lines[i].message), line, sizeof(line));
        r.mask = literals_mask(l, r.line) & 1;
        r.flags = RECORD_HAS_MASK;
        filter_match(f, &r, &e);
        assert_int_equal(e.role, lines[i].role);
    }
    literals_free(l);
    filter_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_has_its_role),
        cmocka_unit_test(hostile_names_stay_names),
        cmocka_unit_test(places_among_the_patterns_of_a_role),
        cmocka_unit_test(addresses_from_a_command_line),
        cmocka_unit_test(what_a_session_is_called),
        cmocka_unit_test(the_gate_changes_nothing),
        cmocka_unit_test(a_full_list_of_literals_is_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
