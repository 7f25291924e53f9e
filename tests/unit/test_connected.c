// SPDX-License-Identifier: GPL-2.0-or-later
// connected: what becomes of the service's rows on a machine whose processes, interfaces and flows are made up here.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/connected.h"

#define BEGAN 1795000000 // when the session of pppd 100 began

static struct addr at(const char *text)
{
    struct addr a;

    assert_int_equal(addr_parse(str_of(text), &a), 0);
    return a;
}

static struct host_pppd pppd(uint32_t pid, double began, const char *outer, const char *inner)
{
    struct host_pppd p = {
        .pid = pid, .ticks = pid * 7, .started = (usec_t)(began * (double)USEC_SEC), .server = "pptpctrl"};

    if (outer) {
        p.tunnel.has_outer = true;
        p.tunnel.outer = at(outer);
    }
    if (inner) {
        p.tunnel.has_inner = true;
        p.tunnel.inner = at(inner);
    }
    return p;
}

static struct host_interface interface(const char *name, uint32_t pid, const char *peer, uint64_t received, uint64_t sent)
{
    struct host_interface i = {.pid = pid, .has_peer = peer != NULL, .has_counts = true, .received = received, .sent = sent};

    strcpy(i.name, name);
    if (peer)
        i.peer = at(peer);
    return i;
}

static struct connected_flow flow(const char *outer, uint64_t in, uint64_t out)
{
    return (struct connected_flow){at(outer), true, in, out};
}

// "account addr inner interface in/out counted pid; " of each row
static void show(json_t *const *rows, size_t n, char *buf)
{
    static const char *const keys[] = {"account", "addr", "inner", "interface", "in", "out", "counted", "pid", "host"};

    *buf = '\0';
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
            const json_t *v = json_object_get(rows[i], keys[k]);
            assert_non_null(v); // each is there, unknown or not
            if (json_is_integer(v))
                buf += sprintf(buf, "%s%lld", k ? " " : "", (long long)json_integer_value(v));
            else
                buf += sprintf(buf, "%s%s", k ? " " : "", json_is_string(v) ? json_string_value(v) : "-");
        }
        buf += sprintf(buf, "; ");
    }
}

static void joins(const char *what, const struct connected_facts *f, const char *told, const char *wanted)
{
    json_t *list = json_loads(told, 0, NULL), **rows;
    size_t n = json_array_size(list);
    char got[2000];

    assert_non_null(list);
    rows = calloc(n + 1, sizeof(*rows));
    for (size_t i = 0; i < n; i++)
        rows[i] = json_incref(json_array_get(list, i));
    json_decref(list);
    assert_int_equal(connected_join(f, &rows, &n), 0);
    show(rows, n, got);
    if (strcmp(got, wanted) != 0)
        fail_msg("%s: wanted \"%s\", got \"%s\"", what, wanted, got);
    for (size_t i = 0; i < n; i++)
        json_decref(rows[i]);
    free(rows);
}

// as the service tells it
#define ROW(account, addr, pid, began, interface, inner)                                                                      \
    "{\"account\":" account ",\"addr\":" addr ",\"origin\":\"link\",\"host\":\"vpn\",\"here\":true,\"pid\":" pid               \
    ",\"begin\":" began ",\"since\":1795000002,\"interface\":" interface ",\"inner\":" inner "}"
#define ALICE ROW("\"alice\"", "\"203.0.113.5\"", "100", "1795000000.25", "\"ppp0\"", "\"10.0.0.7\"")

static void facts_are_joined(void **state)
{
    struct host_pppd one[] = {pppd(100, BEGAN + 0.3, "203.0.113.5", "10.0.0.100")};
    struct host_interface mine[] = {interface("ppp0", 0, "10.0.0.7", 1000, 2000)};
    struct connected_facts f = {one, mine, NULL, 1, 1, 0, true, true};

    (void)state;
    joins("all is known", &f, "[" ALICE "]", "alice 203.0.113.5 10.0.0.7 ppp0 1000 2000 interface 100 -; ");
    joins("nobody", &(struct connected_facts){.sees_processes = true}, "[]", "");
    joins("the same from two filters", &f, "[" ALICE "," ALICE "]", "alice 203.0.113.5 10.0.0.7 ppp0 1000 2000 interface 100 -; ");
    strcpy(one[0].user, "al\033ice");
    joins("who pppd says it is, where the log does not; fit to be shown", &f,
          "[" ROW("null", "\"203.0.113.5\"", "100", "1795000000", "\"ppp0\"", "null") "]",
          "al\\x1bice 203.0.113.5 10.0.0.7 ppp0 1000 2000 interface 100 -; ");
    joins("the log's name is the better one", &f, "[" ALICE "]", "alice 203.0.113.5 10.0.0.7 ppp0 1000 2000 interface 100 -; ");
    *one[0].user = '\0';
    joins("what only the process tells", &f, "[" ROW("null", "null", "100", "1795000000", "\"ppp0\"", "null") "]",
          "- 203.0.113.5 10.0.0.7 ppp0 1000 2000 interface 100 -; ");
    mine[0].pid = 100;
    joins("the interface that pppd says is its own, whatever the log says", &f,
          "[" ROW("\"alice\"", "\"203.0.113.5\"", "100", "1795000000", "\"ppp7\"", "null") "]",
          "alice 203.0.113.5 10.0.0.7 ppp0 1000 2000 interface 100 -; ");
    mine[0].pid = 99;
    joins("one that another pppd says is its own is not", &f, "[" ALICE "]", "alice 203.0.113.5 10.0.0.7 - - - - 100 -; ");
    mine[0] = interface("ppp3", 0, "10.0.0.100", 5, 6);
    joins("the one that leads to the address that pptpd proposed", &f,
          "[" ROW("\"alice\"", "\"203.0.113.5\"", "100", "1795000000", "null", "null") "]",
          "alice 203.0.113.5 10.0.0.100 ppp3 5 6 interface 100 -; ");
    joins("an interface that is not there any more is not told", &f,
          "[" ROW("\"alice\"", "\"203.0.113.5\"", "100", "1795000000", "\"ppp9\"", "\"10.0.0.7\"") "]",
          "alice 203.0.113.5 10.0.0.100 ppp3 5 6 interface 100 -; ");
    mine[0].has_counts = false;
    joins("counts that nobody has", &f, "[" ALICE "]", "alice 203.0.113.5 10.0.0.100 ppp3 - - - 100 -; ");
}

static void a_pid_is_not_enough(void **state)
{
    struct host_pppd one[] = {pppd(100, BEGAN + 0.3, "203.0.113.5", NULL)};
    struct connected_facts f = {one, NULL, NULL, 1, 0, 0, true, true};

    (void)state;
    joins("a stamp of whole seconds is up to a second early", &f, "[" ROW("\"a\"", "null", "100", "1794999999.3", "null", "null") "]",
          "a 203.0.113.5 - - - - - 100 -; ");
    joins("a process that began after the session is another one: this one is over", &f,
          "[" ROW("\"a\"", "null", "100", "1794999999.1", "null", "null") "]", "");
    joins("so is one that another client called for", &f,
          "[" ROW("\"a\"", "\"203.0.113.6\"", "100", "1795000000", "null", "null") "]", "");
    joins("and a pid that nobody has", &f, "[" ROW("\"a\"", "\"203.0.113.5\"", "101", "1795000000", "null", "null") "]", "");
    joins("a beginning that cannot be", &f, "[" ROW("\"a\"", "null", "100", "1e300", "null", "null") "]", "");
    f.sees_processes = false;
    f.n_pppds = 0;
    joins("unless processes cannot be seen", &f, "[" ALICE "]", "alice 203.0.113.5 10.0.0.7 - - - - 100 -; ");
    f.sees_interfaces = false;
    joins("nor interfaces", &f, "[" ALICE "]", "alice 203.0.113.5 10.0.0.7 ppp0 - - - 100 -; ");
}

static void servers_without_pppd(void **state)
{
    struct host_interface mine[] = {interface("ppp0", 0, "10.0.0.9", 11, 22)};
    struct connected_facts f = {NULL, mine, NULL, 0, 1, 0, true, true};

    (void)state;
    joins("a name in place of a pid", &f, "[" ROW("\"bob\"", "\"203.0.113.8\"", "null", "1795000000", "\"ppp0\"", "null") "]",
          "bob 203.0.113.8 10.0.0.9 ppp0 11 22 interface - -; ");
    joins("its interface is gone, and so is it", &f, "[" ROW("\"bob\"", "\"203.0.113.8\"", "null", "1795000000", "\"ppp1\"", "null") "]", "");
    joins("a session on another machine is as its log says, whatever there is here", &f,
          "[{\"account\":\"eve\",\"addr\":null,\"origin\":\"\",\"host\":\"vpn2\",\"here\":false,\"pid\":100,\"begin\":1795000000,"
          "\"since\":1795000000,\"interface\":\"ppp0\",\"inner\":\"10.1.0.2\"}]",
          "eve - 10.1.0.2 ppp0 - - - 100 vpn2; ");
}

static void tunnels_that_no_log_told_of(void **state)
{
    struct host_pppd two[] = {pppd(100, BEGAN, "203.0.113.5", NULL), pppd(200, BEGAN, "203.0.113.6", "10.0.0.8")};
    struct host_interface mine[] = {interface("ppp0", 100, "10.0.0.7", 1, 2), interface("ppp1", 200, "10.0.0.8", 3, 4)};
    struct connected_facts f = {two, mine, NULL, 2, 2, 0, true, true};

    (void)state;
    joins("nobody knows who he is", &f, "[" ALICE "]",
          "alice 203.0.113.5 10.0.0.7 ppp0 1 2 interface 100 -; - 203.0.113.6 10.0.0.8 ppp1 3 4 interface 200 -; ");
    mine[1].has_peer = false;
    joins("one without an address inside is not in yet", &f, "[" ALICE "]", "alice 203.0.113.5 10.0.0.7 ppp0 1 2 interface 100 -; ");
    mine[1] = interface("ppp1", 200, "10.0.0.8", 3, 4);
    two[1].server = NULL;
    joins("one of no server is an uplink, or anything", &f, "[" ALICE "]", "alice 203.0.113.5 10.0.0.7 ppp0 1 2 interface 100 -; ");
    two[1].server = "pptpctrl";
    mine[0] = interface("ppp0", 0, "10.0.0.8", 3, 4);
    mine[1].pid = 0;
    joins("two interfaces that may be its: neither is said to be", &f, "[]", "");
}

static void flows_count_where_no_interface_does(void **state)
{
    struct host_pppd two[] = {pppd(100, BEGAN, "203.0.113.5", NULL), pppd(101, BEGAN, "203.0.113.5", NULL)};
    struct connected_flow flows[] = {flow("203.0.113.5", 100, 50), flow("203.0.113.5", 1, 2), flow("203.0.113.9", 7, 7)};
    struct connected_facts f = {two, NULL, flows, 1, 0, 3, true, true};
    const char *second = "[" ALICE "," ROW("\"bob\"", "\"203.0.113.5\"", "101", "1795000000", "null", "null") "]";

    (void)state;
    joins("all of that address, and no other", &f, "[" ALICE "]", "alice 203.0.113.5 10.0.0.7 - 101 52 flow 100 -; ");
    f.n_pppds = 2;
    joins("two behind one address: nobody knows whose it is", &f, second,
          "alice 203.0.113.5 10.0.0.7 - - - - 100 -; bob 203.0.113.5 - - - - - 101 -; ");
    f.n_pppds = 1;
    joins("when one of them is over, all is the other's", &f, second, "alice 203.0.113.5 10.0.0.7 - 101 52 flow 100 -; ");
    flows[1].has_bytes = false;
    joins("a flow that nobody counts", &f, "[" ALICE "]", "alice 203.0.113.5 10.0.0.7 - - - - 100 -; ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_joined),
        cmocka_unit_test(a_pid_is_not_enough),
        cmocka_unit_test(servers_without_pppd),
        cmocka_unit_test(tunnels_that_no_log_told_of),
        cmocka_unit_test(flows_count_where_no_interface_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
