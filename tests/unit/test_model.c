// SPDX-License-Identifier: GPL-2.0-or-later
// The model of the base ruleset, judged by the packets that it lets through.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "config/config.h"
#include "firewall/judge.h"

struct packet {
    enum fw_hook hook;
    const char *from, *to, *in, *out;
    uint8_t protocol;
    uint16_t port;
    unsigned state;
    bool syn, closed, no_way_back, often;
    const char *in_set; // a set that is filled at run time and holds the source
};

struct place {
    char path[64];
    struct config *config;
    struct fw_facts facts;
    struct fw_model model;
};

static struct fw_windows some_windows;

static int place_new(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    strcpy(p->path, "/tmp/pptpban-model-XXXXXX");
    int fd = mkstemp(p->path);
    *state = p;
    return fd < 0 ? -1 : close(fd);
}

static void forget(struct place *p)
{
    fw_model_free(&p->model);
    config_free(p->config);
    p->config = NULL;
}

static int place_free(void **state)
{
    struct place *p = *state;

    forget(p);
    unlink(p->path);
    free(p);
    return 0;
}

static void build(struct place *p, const char *text)
{
    struct config_report report = {0};
    FILE *f = fopen(p->path, "w");

    forget(p);
    assert_non_null(f);
    fprintf(f, "[firewall]\n%s", text);
    assert_int_equal(fclose(f), 0);
    int r = config_load(p->path, &p->config, &report);
    for (size_t i = 0; r < 0 && i < report.n; i++)
        print_error("%s\n", report.v[i].text);
    assert_int_equal(r, 0);
    config_report_free(&report);
    p->facts.windows = p->config->firewall.open.n > 0 ? &some_windows : NULL;
    assert_int_equal(fw_model_build(&p->config->firewall, &p->facts, &p->model), 0);
}

// What becomes of it: the id of the rule that ended its way, or "end" of the hook.
static const char *sent(const struct place *p, struct packet k)
{
    struct fw_packet packet = {.hook = k.hook, .in = k.in ? k.in : "eth0", .out = k.out ? k.out : "eth0", .protocol = k.protocol,
                               .port = k.port, .state = k.state, .syn = k.syn, .open = !k.closed,
                               .no_way_back = k.no_way_back, .often = k.often, .runtime = k.in_set};

    assert_int_equal(addr_parse(str_of(k.from), &packet.from), 0);
    assert_int_equal(addr_parse(str_of(k.to ? k.to : "192.0.2.1"), &packet.to), 0);
    const struct fw_rule *r = fw_judge(&p->model, &packet);
    return r ? r->id : "end";
}

static const struct fw_rule *rule(const struct place *p, const char *id)
{
    for (size_t i = 0; i < p->model.n_rules; i++)
        if (strcmp(p->model.rules[i].id, id) == 0)
            return &p->model.rules[i];
    return NULL;
}

#define CALL .hook = FW_INPUT, .protocol = FW_TCP, .port = 1723
#define NEW_CALL CALL, .syn = true, .state = FW_NEW
#define SENT(...) sent(p, (struct packet){__VA_ARGS__})

static void by_default(void **state)
{
    struct place *p = *state;

    p->facts.helper = true;
    build(p, "");
    assert_string_equal(SENT(NEW_CALL, .from = "198.51.100.1"), "control-new");
    assert_string_equal(SENT(CALL, .state = FW_ESTABLISHED, .from = "198.51.100.1"), "control-established");
    assert_string_equal(SENT(NEW_CALL, .from = "198.51.100.1", .often = true), "control-many");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_GRE, .state = FW_RELATED, .from = "198.51.100.1"), "gre-related");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_GRE, .state = FW_NEW, .from = "198.51.100.1"), "gre-unsolicited");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_GRE, .state = FW_NEW, .from = "198.51.100.1", .in_set = "tunnels"),
                        "gre-tunnels");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_TCP, .port = 22, .state = FW_NEW, .from = "198.51.100.1"), "end");
    assert_string_equal(SENT(.hook = FW_FORWARD, .in = "ppp0", .out = "ppp1", .from = "10.0.0.2"), "forward-clients");
    assert_string_equal(SENT(.hook = FW_FORWARD, .in = "eth0", .out = "eth1", .from = "10.0.0.2"), "end");
    assert_string_equal(SENT(.hook = FW_OUTPUT, .protocol = FW_TCP, .port = 25, .from = "192.0.2.1"), "end");
    assert_string_equal(SENT(.hook = FW_PRE, .from = "10.0.0.1"), "end"); // which interface is public nobody said
    assert_true(rule(p, "helper")->action == FW_ASSIGN && !rule(p, "gre-peers"));
}

static void without_a_helper(void **state)
{
    struct place *p = *state;

    p->facts.helper = false;
    build(p, "");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_GRE, .state = FW_ESTABLISHED, .from = "198.51.100.1"),
                        "gre-unsolicited");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_GRE, .from = "198.51.100.1", .in_set = "gre"), "gre-peers");
    assert_true(rule(p, "control-alive")->action == FW_ADD && !rule(p, "helper") && !rule(p, "gre-related"));
    build(p, "gre = helper\n");
    assert_non_null(rule(p, "helper"));
}

static void who_may_connect(void **state)
{
    static struct prefix country, allowed;
    struct place *p = *state;

    assert_int_equal(prefix_parse(STR("198.51.100.0/24"), &country), 0);
    assert_int_equal(prefix_parse(STR("203.0.113.9"), &allowed), 0);
    p->facts = (struct fw_facts){.allowlist = &allowed, .n_allowlist = 1};
    build(p, "allow_from = 192.0.2.0/25\ndeny_from = 192.0.2.128/25\n");
    assert_string_equal(SENT(NEW_CALL, .from = "192.0.2.3", .often = true), "control-allow");
    assert_string_equal(SENT(NEW_CALL, .from = "203.0.113.9", .often = true), "control-allow");
    assert_string_equal(SENT(NEW_CALL, .from = "192.0.2.200"), "control-deny");
    assert_string_equal(SENT(NEW_CALL, .from = "198.51.100.1"), "control-others");
    p->facts.countries = &country;
    p->facts.n_countries = 1;
    build(p, "allow_countries = DE\n");
    assert_string_equal(SENT(NEW_CALL, .from = "198.51.100.1"), "control-new");
    assert_string_equal(SENT(NEW_CALL, .from = "192.0.2.3"), "control-others");
    assert_string_equal(SENT(NEW_CALL, .from = "203.0.113.9"), "control-allow");
    build(p, "deny_countries = DE\n");
    assert_string_equal(SENT(NEW_CALL, .from = "198.51.100.1"), "control-country");
    assert_string_equal(SENT(NEW_CALL, .from = "192.0.2.3"), "control-new");
    build(p, "deny_countries = DE\nallow_from = 192.0.2.3\n");
    assert_string_equal(SENT(NEW_CALL, .from = "198.51.100.1"), "control-country");
    assert_string_equal(SENT(NEW_CALL, .from = "192.0.2.4"), "control-others");
    // a database that knows no network of the country lets nobody in, rather than everybody
    p->facts.n_countries = 0;
    build(p, "allow_countries = DE\n");
    assert_string_equal(SENT(NEW_CALL, .from = "198.51.100.1"), "control-others");
    build(p, "address = 192.0.2.1\n");
    assert_string_equal(SENT(NEW_CALL, .from = "198.51.100.1", .to = "192.0.2.2"), "end");
    assert_string_equal(SENT(NEW_CALL, .from = "198.51.100.1", .to = "192.0.2.1"), "control-new");
    build(p, "port = 1724\n");
    assert_string_equal(SENT(NEW_CALL, .from = "198.51.100.1"), "end");
}

static void spoofed_sources(void **state)
{
    struct place *p = *state;

    build(p, "interface = eth0\n");
    assert_string_equal(SENT(.hook = FW_PRE, .from = "10.1.2.3"), "spoof");
    assert_string_equal(SENT(.hook = FW_PRE, .from = "10.1.2.3", .in = "eth1"), "end");
    assert_string_equal(SENT(.hook = FW_PRE, .from = "10.1.2.3", .in_set = "admin"), "pre-admin");
    assert_string_equal(SENT(.hook = FW_PRE, .from = "8.8.8.8", .no_way_back = true), "path");
    assert_string_equal(SENT(.hook = FW_PRE, .from = "8.8.8.8"), "end");
    assert_string_equal(rule(p, "spoof")->prefix, FW_LOG_SPOOF);
    build(p, "interface = eth0\nspoofed =\nreverse_path = no\n");
    assert_string_equal(SENT(.hook = FW_PRE, .from = "10.1.2.3", .no_way_back = true), "end");
    build(p, "pool = 10.9.0.0/24\n");
    assert_string_equal(SENT(.hook = FW_PRE, .from = "10.9.0.9", .in = "ppp3", .no_way_back = true), "tunnel-source");
    assert_string_equal(SENT(.hook = FW_FORWARD, .from = "10.1.2.3", .in = "ppp3", .out = "eth0"), "forward-source");
}

static void times(void **state)
{
    struct place *p = *state;

    p->facts = (struct fw_facts){.helper = true};
    build(p, "open = daily 08:00-18:00\ntimezone = UTC\nallow_from = 192.0.2.3 198.51.100.0/24\n");
    assert_string_equal(SENT(NEW_CALL, .from = "203.0.113.1", .closed = true), "control-closed");
    assert_string_equal(SENT(NEW_CALL, .from = "203.0.113.1", .closed = true, .in_set = "override"), "control-others");
    assert_string_equal(SENT(CALL, .state = FW_ESTABLISHED, .from = "203.0.113.1", .closed = true), "control-established");
    build(p, "open = daily 08:00-18:00\ntimezone = UTC\noutside = end\n");
    assert_string_equal(SENT(CALL, .state = FW_ESTABLISHED, .from = "203.0.113.1", .closed = true), "control-end");
    assert_string_equal(SENT(CALL, .state = FW_ESTABLISHED, .from = "203.0.113.1"), "control-established");
    assert_string_equal(SENT(CALL, .state = FW_ESTABLISHED, .from = "203.0.113.1", .closed = true, .in_set = "override"),
                        "control-established");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_GRE, .state = FW_ESTABLISHED, .from = "203.0.113.1", .closed = true),
                        "gre-end");
}

static void the_rest_of_the_machine(void **state)
{
    struct place *p = *state;

    build(p, "management = 22/tcp 161/udp\nadmin_from = 192.0.2.0/24\ndefault = drop\noutbound = drop\n"
             "outbound_ports = 443/tcp\npool = 10.9.0.0/24\nforward_to = 10.8.0.0/16\nmasquerade = yes\n");
    struct packet ssh = {.hook = FW_INPUT, .protocol = FW_TCP, .port = 22, .state = FW_NEW, .from = "192.0.2.3"};
    assert_string_equal(sent(p, ssh), "management-admins");
    ssh.from = "198.51.100.1";
    assert_string_equal(sent(p, ssh), "management");
    ssh.in_set = "admin";
    assert_string_equal(sent(p, ssh), "admin");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_UDP, .port = 161, .from = "198.51.100.1"), "management");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_TCP, .port = 80, .state = FW_NEW, .from = "192.0.2.3"), "default");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_TCP, .port = 80, .state = FW_ESTABLISHED, .from = "192.0.2.3"),
                        "default-established");
    assert_string_equal(SENT(.hook = FW_INPUT, .protocol = FW_ICMP6, .from = "fe80::1"), "default-icmp6");
    assert_string_equal(SENT(.hook = FW_INPUT, .in = "lo", .protocol = FW_TCP, .port = 80, .from = "127.0.0.1"), "loopback");
    assert_string_equal(SENT(.hook = FW_OUTPUT, .protocol = FW_TCP, .port = 443, .from = "192.0.2.1"), "out-ports");
    assert_string_equal(SENT(.hook = FW_OUTPUT, .protocol = FW_TCP, .port = 25, .from = "192.0.2.1"), "out");
    assert_string_equal(SENT(.hook = FW_OUTPUT, .protocol = FW_UDP, .port = 53, .from = "192.0.2.1"), "out-dns");
    struct packet through = {.hook = FW_FORWARD, .in = "ppp0", .out = "eth1", .from = "10.9.0.2", .to = "10.8.1.1"};
    assert_string_equal(sent(p, through), "end");
    through.to = "10.7.1.1";
    assert_string_equal(sent(p, through), "forward-elsewhere");
    assert_string_equal(SENT(.hook = FW_FORWARD, .in = "eth1", .out = "ppp0", .from = "10.7.0.2", .state = FW_NEW), "forward-from");
    assert_string_equal(SENT(.hook = FW_FORWARD, .in = "eth1", .out = "ppp0", .from = "10.7.0.2", .state = FW_ESTABLISHED),
                        "forward-established");
    assert_true(rule(p, "masquerade")->hook == FW_NAT && rule(p, "mss-in") && rule(p, "mss-out"));
}

static void ids_are_unique_and_hooks_in_order(void **state)
{
    struct place *p = *state;

    build(p, "interface = eth0\nmanagement = 22/tcp\nadmin_from = 192.0.2.0/24\ndefault = drop\noutbound = drop\n"
             "open = daily 08:00-18:00\noutside = end\ndeny_from = 192.0.2.9\nallow_from = 192.0.2.10\npool = 10.9.0.0/24\n"
             "forward_to = 10.8.0.0/16\nclient_to_client = yes\nmasquerade = yes\n");
    for (size_t i = 0; i < p->model.n_rules; i++) {
        const struct fw_rule *r = &p->model.rules[i];
        assert_true(rule(p, r->id) == r);
        assert_true(strlen(r->id) <= 24 && r->why && strpbrk(r->why, "\"\\\n") == NULL);
        assert_true((r->action == FW_ADD) == (r->set != NULL) && (r->action == FW_LOG) <= (r->prefix != NULL));
        if (r->prefix)
            assert_true(strlen(r->prefix) <= 29); // xt_LOG's limit
        assert_true(!r->match.source || fw_model_set(&p->model, r->match.source));
        assert_true(!r->match.dest || fw_model_set(&p->model, r->match.dest));
        assert_true(!r->set || fw_model_set(&p->model, r->set));
    }
    for (size_t i = 0; i < p->model.n_sets; i++)
        assert_true(fw_model_set(&p->model, p->model.sets[i].name) == &p->model.sets[i]);
}

static const char *join(const struct prefix *v, size_t n, char out[static 256])
{
    char one[PREFIX_STRLEN];

    out[0] = '\0';
    for (size_t k = 0; k < n; k++) {
        strcat(out, k ? " " : "");
        strcat(out, prefix_format(&v[k], one));
    }
    return out;
}

static void aggregates(void **state)
{
    static const struct {
        const char *in, *out, *unique; // unique NULL: not tried
    } cases[] = {
        {"", "", ""},
        {"10.0.0.0/9 10.128.0.0/9", "10.0.0.0/8", NULL},
        {"10.0.0.1 10.0.0.0/8 10.0.0.1", "10.0.0.0/8", "10.0.0.0/8 10.0.0.1"},
        {"10.0.0.3 10.0.0.2 10.0.0.3 10.0.0.1 10.0.0.0", "10.0.0.0/30", "10.0.0.0 10.0.0.1 10.0.0.2 10.0.0.3"},
        {"10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.2"},
        {"0.0.0.0/1 128.0.0.0/1", "0.0.0.0/0", NULL},
        {"0.0.0.0/1 128.0.0.0/1 ::fffe:0:0/96", "0.0.0.0/0 ::fffe:0:0/96", NULL},
        {"0.0.0.0/0 ::/0", "0.0.0.0/0 ::/0", NULL}, // no network holds addresses of both families
        {"192.0.2.1 ::/0 2001:db8::1", "192.0.2.1 ::/0", NULL},
        {"2001:db8::/33 2001:db8:8000::/33 192.0.2.1", "192.0.2.1 2001:db8::/32", NULL},
        {"::/1 8000::/1", "::/0", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct prefix v[8], w[8];
        struct str rest = str_of(cases[i].in), word;
        char out[256];
        size_t n = 0;
        while ((word = str_word(&rest)).n > 0)
            assert_int_equal(prefix_parse(word, &v[n++]), 0);
        memcpy(w, v, sizeof(w));
        assert_string_equal(join(v, fw_aggregate(v, n), out), cases[i].out);
        if (cases[i].unique)
            assert_string_equal(join(w, fw_unique(w, n), out), cases[i].unique);
    }
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_new, place_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(by_default),
        IN_PLACE(without_a_helper),
        IN_PLACE(who_may_connect),
        IN_PLACE(spoofed_sources),
        IN_PLACE(times),
        IN_PLACE(the_rest_of_the_machine),
        IN_PLACE(ids_are_unique_and_hooks_in_order),
        cmocka_unit_test(aggregates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
