// SPDX-License-Identifier: GPL-2.0-or-later
// host: what utmp, resolv.conf and pppd's command line tell, and what they do not.
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/country.h"
#include "host/nameservers.h"
#include "host/pppd.h"
#include "host/sessions.h"
#include "host/tunnels.h"

static void is_addr(const struct addr *a, const char *wanted)
{
    char text[ADDR_STRLEN];
    assert_string_equal(addr_format(a, text), wanted);
}

static struct utmpx login(short type, const char *line, const char *host, const char *addr)
{
    struct utmpx u = {.ut_type = type};
    memcpy(u.ut_line, line, strlen(line));
    memcpy(u.ut_host, host, strlen(host));
    if (addr)
        assert_int_equal(inet_pton(strchr(addr, ':') ? AF_INET6 : AF_INET, addr, u.ut_addr_v6), 1);
    return u;
}

static void utmp_tells_who_logged_in_on_a_pseudo_terminal(void **state)
{
    struct utmpx u = login(USER_PROCESS, "pts/0", "client.example", "203.0.113.5");
    struct addr a;
    (void)state;
    assert_true(host_utmp_peer(&u, &a));
    is_addr(&a, "203.0.113.5");
    u = login(USER_PROCESS, "pts/1", "x", "2001:db8::5");
    assert_true(host_utmp_peer(&u, &a));
    is_addr(&a, "2001:db8::5");
    u = login(USER_PROCESS, "pts/1", "203.0.113.6", NULL); // no number, but the host is one
    assert_true(host_utmp_peer(&u, &a));
    is_addr(&a, "203.0.113.6");
    memset(u.ut_host, '1', sizeof(u.ut_host)); // without its NUL
    assert_false(host_utmp_peer(&u, &a));
    static const struct {
        short type;
        const char *line, *host;
    } not[] = {
        {DEAD_PROCESS, "pts/0", "203.0.113.7"}, {LOGIN_PROCESS, "pts/0", "203.0.113.7"},
        {USER_PROCESS, "ppp0", "203.0.113.7"},  {USER_PROCESS, "tty1", "203.0.113.7"},
        {USER_PROCESS, "ftpd812", "203.0.113.7"}, {USER_PROCESS, "pts/2", ":pts/0:S.0"}, {USER_PROCESS, "pts/2", ""},
    };
    for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++) {
        u = login(not[i].type, not[i].line, not[i].host, NULL);
        assert_false(host_utmp_peer(&u, &a));
    }
}

static void resolv_conf_names_servers(void **state)
{
    struct addr v[HOST_NAMESERVERS_MAX];
    char many[HOST_NAMESERVERS_MAX * 2 * 32] = "";
    (void)state;
    size_t n = host_nameservers(STR("# nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver 192.0.2.3\n"
                                    "nameserver\t2001:db8::3 # one\n  nameserver fe80::1%eth0\nnameserver\n"
                                    "nameserver example.org\nsearch 192.0.2.4\noptions nameserver 192.0.2.5\n"
                                    "nameserver 127.0.0.53\nnameserver 192.0.2.3\nnameserver 192.0.2.6"),
                                v, 0);
    assert_int_equal(n, 4);
    is_addr(&v[0], "192.0.2.3");
    is_addr(&v[1], "2001:db8::3");
    is_addr(&v[2], "fe80::1");
    is_addr(&v[3], "192.0.2.6"); // without an end of its line
    assert_int_equal(host_nameservers(STR("nameserver 192.0.2.3\nnameserver 192.0.2.7\n"), v, n), 5);
    assert_int_equal(host_nameservers(STR(""), v, 5), 5);
    for (int i = 0; i < HOST_NAMESERVERS_MAX * 2; i++)
        sprintf(many + strlen(many), "nameserver 192.0.2.%d\n", i + 1);
    assert_int_equal(host_nameservers(str_of(many), v, 0), HOST_NAMESERVERS_MAX);
}

static void a_pppd_tells_inside_and_outside(void **state)
{
    static const char args[] = "/usr/sbin/pppd\0local\0file\0/etc/ppp/pptpd-options\0" "115200\0" "10.99.0.1:10.99.0.100\0"
                               "ipparam\0" "203.0.113.5\0remotenumber\0" "203.0.113.6";
    static const char none[] = "/usr/sbin/pppd\0call\0provider\0remotenumber";
    struct host_tunnel t;
    (void)state;
    host_tunnel_parse(args, sizeof(args), &t);
    assert_true(t.has_inner && t.has_outer);
    is_addr(&t.inner, "10.99.0.100");
    is_addr(&t.outer, "203.0.113.6");
    host_tunnel_parse(none, sizeof(none), &t);
    assert_false(t.has_inner || t.has_outer);
}

static void countries_need_a_database(void **state)
{
    char error[COUNTRY_ERROR_MAX], code[COUNTRY_CODE] = "XX";
    struct country_db *db = NULL;
    struct addr a;
    (void)state;
    assert_int_equal(country_open("/nonexistent.mmdb", &db, error), -EINVAL);
    assert_non_null(strstr(error, "/nonexistent.mmdb: "));
    assert_null(db);
    assert_int_equal(country_open("/dev/null", &db, error), -EINVAL);
    assert_int_equal(addr_parse(STR("192.0.2.1"), &a), 0);
    assert_string_equal(country_of(NULL, &a, code), "");
    country_close(NULL);
}

static void proc_net_dev_counts_bytes(void **state)
{
    static const char text[] =
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
        "    lo: 1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n"
        "  ppp1:18446744073709551615 12 0 0 0 0 0 0 4294967296 9 0 0 0 0 0 0\n"
        " ppp10: 30 1 0 0 0 0 0 0 40 1 0 0 0 0 0 0\n"
        " ppp11: 30 1\n";
    uint64_t in = 0, out = 0;
    (void)state;
    assert_true(host_interface_counts(text, "ppp1", &in, &out));
    assert_true(in == UINT64_MAX && out == UINT64_C(1) << 32);
    assert_true(host_interface_counts(text, "ppp10", &in, &out));
    assert_true(in == 30 && out == 40);
    assert_false(host_interface_counts(text, "ppp", &in, &out));
    assert_false(host_interface_counts(text, "ppp11", &in, &out)); // cut
    assert_false(host_interface_counts("", "ppp1", &in, &out));
}

static void pppd_tells_utmp_who_it_is(void **state)
{
    struct host_pppd p = {.pid = 312, .started = INT64_C(1795000000) * USEC_SEC + 500000};
    struct utmpx u = login(USER_PROCESS, "ppp0", "198.51.100.11", NULL);
    (void)state;
    strcpy(u.ut_user, "alice");
    u.ut_pid = 312;
    u.ut_tv.tv_sec = 1795000000;
    assert_true(host_pppd_login(&p, &u));
    assert_string_equal(p.user, "alice");
    *p.user = '\0';
    u.ut_tv.tv_sec = 1794999999; // of a process that had this pid before
    assert_false(host_pppd_login(&p, &u));
    u.ut_tv.tv_sec = 1795000003;
    u.ut_pid = 313;
    assert_false(host_pppd_login(&p, &u));
    u.ut_pid = 312;
    u.ut_type = DEAD_PROCESS;
    assert_false(host_pppd_login(&p, &u));
    u.ut_type = USER_PROCESS;
    strcpy(u.ut_line, "pts/0");
    assert_false(host_pppd_login(&p, &u));
    strcpy(u.ut_line, "ppp0");
    memset(u.ut_user, 'a', sizeof(u.ut_user)); // may have been cut
    assert_false(host_pppd_login(&p, &u));
    assert_string_equal(p.user, "");
    memset(u.ut_user, 0, sizeof(u.ut_user)); // logged out
    assert_false(host_pppd_login(&p, &u));
}

static void nobody_here_is_pppd(void **state)
{
    struct host_pppd p;
    (void)state;
    assert_int_equal(host_pppd_read((uint32_t)getpid(), &p), -ESRCH);
    assert_int_equal(host_pppd_read(0, &p), -ESRCH);
    assert_int_equal(host_pppd_read(INT32_MAX, &p), -ESRCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(countries_need_a_database),
        cmocka_unit_test(proc_net_dev_counts_bytes),
        cmocka_unit_test(pppd_tells_utmp_who_it_is),
        cmocka_unit_test(nobody_here_is_pppd),
        cmocka_unit_test(utmp_tells_who_logged_in_on_a_pseudo_terminal),
        cmocka_unit_test(resolv_conf_names_servers),
        cmocka_unit_test(a_pppd_tells_inside_and_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
