// SPDX-License-Identifier: GPL-2.0-or-later
// What a packet filter in front of the server is told, against the model's own verdict on the same packets. With a
// configuration as argument it is the judge of tests/unit/exports.py: "PROTOCOL PORT SOURCE" a line, a verdict a line.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include <errno.h>

#include "config/config.h"
#include "firewall/facts.h"
#include "firewall/front.h"
#include "firewall/judge.h"
#include "firewall/render.h"

enum { NOW = 1795392000 }; // November 2026

struct place {
    struct config *config;
    struct fw_gathered gathered;
    struct fw_model model;
    struct front front;
};

static int load(struct place *p, const char *path, bool helper)
{
    struct config_report report = {0};
    struct fw_error error;

    int r = config_load(path, &p->config, &report);
    for (size_t i = 0; r < 0 && i < report.n; i++)
        fprintf(stderr, "%s\n", report.v[i].text);
    config_report_free(&report);
    if (r == 0)
        r = fw_facts_gather(p->config, NOW, &p->gathered, &error);
    p->gathered.facts.helper = helper;
    if (r == 0)
        r = fw_model_build(&p->config->firewall, &p->gathered.facts, &p->model);
    return r == 0 ? front_build(&p->model, &p->front) : r;
}

static void unload(struct place *p)
{
    front_free(&p->front);
    fw_model_free(&p->model);
    fw_facts_free(&p->gathered);
    config_free(p->config);
}

// 1 accepted, 0 dropped, -1 left to others, of a new connection through eth0.
static int judge(const struct fw_model *m, uint8_t protocol, uint16_t port, const struct addr *from)
{
    const struct fw_set *server = fw_model_set(m, "server");
    struct fw_packet k = {.hook = FW_PRE, .from = *from, .in = "eth0", .protocol = protocol, .port = port, .state = FW_NEW,
                          .syn = protocol == FW_TCP, .open = true};

    for (size_t i = 0; server && i < server->n; i++)
        if (addr_is_v4(&server->v[i].addr) == addr_is_v4(from))
            k.to = server->v[i].addr;
    const struct fw_rule *r = fw_judge(m, &k);
    if (r && r->action == FW_DROP)
        return 0;
    k.hook = FW_INPUT;
    r = fw_judge(m, &k);
    return r ? r->action == FW_ACCEPT : -1;
}

static int judge_lines(const char *path)
{
    struct place p = {0};
    unsigned protocol, port;
    char text[64];
    struct addr from;

    if (load(&p, path, true) < 0)
        return 1;
    while (scanf("%u %u %63s", &protocol, &port, text) == 3) {
        if (addr_parse(str_of(text), &from) < 0)
            return 1;
        printf("%d\n", judge(&p.model, (uint8_t)protocol, (uint16_t)port, &from));
    }
    unload(&p);
    return 0;
}

// --- units

static void load_text(struct place *p, const char *text, bool helper)
{
    char path[] = "/tmp/pptpban-front-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    *p = (struct place){0};
    int r = load(p, path, helper);
    unlink(path);
    assert_int_equal(r, 0);
}

static const char *const policies[] = {
    "[firewall]\n",
    "[firewall]\ninterface = eth0\naddress = 11.1.0.1 2a00:1::1\n",
    "[firewall]\ninterface = eth0\naddress = 11.1.0.1\nallow_from = 11.2.0.0/16 10.5.0.0/16 2a00:2::/32\n",
    "[firewall]\ninterface = eth0\ndeny_from = 11.3.0.0/24 12.0.0.0/7 2a00:3::/32\nspoofed = 10.0.0.0/8\n",
    "[firewall]\ndeny_from = 0.0.0.0/0 ::/0\nmanagement = 22/tcp 53/udp 6000-6100/tcp\nadmin_from = 11.4.0.0/24\n",
    "[firewall]\ninterface = eth0\naddress = 11.1.0.1\nallow_from = 11.2.0.0/16\ndeny_from = 11.2.3.0/24\n"
    "open = Mon-Fri 08:00-18:00\ntimezone = UTC\nmanagement = 22/tcp 161/udp\nadmin_from = 11.4.0.0/24\ndefault = drop\n",
};

static const char *const sources[] = {
    "11.1.0.1", "11.2.0.1",     "11.2.3.4",     "11.3.0.0",    "11.3.0.255", "11.3.1.0",  "11.4.0.9",
    "11.4.1.0", "12.0.0.0",     "13.255.255.255", "14.0.0.0",  "10.4.255.255", "10.5.1.1", "10.6.0.0",
    "192.0.2.1", "223.255.255.1", "224.0.0.1",    "0.0.0.1",   "2a00:2::1",  "2a00:3::1", "2a00:4::1",
    "fe80::1",  "2001:db8::1",  "ff02::1",      "::2",         "1.1.1.1",    "203.0.114.1",
};

static const struct {
    uint8_t protocol;
    uint16_t port;
} traffic[] = {{FW_TCP, 1723}, {FW_TCP, 22}, {FW_UDP, 53}, {FW_UDP, 161}, {FW_TCP, 6000}, {FW_TCP, 6100},
               {FW_TCP, 6101}, {FW_ICMP, 0}, {FW_ICMP6, 0}, {FW_UDP, 68}, {FW_TCP, 1722}, {50, 0}};

static const struct front_class *class_of(const struct front *f, uint8_t protocol, uint16_t port)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].protocol == 0 || (f->v[i].protocol == protocol && (f->v[i].first == 0 || (port >= f->v[i].first && port <= f->v[i].last))))
            return &f->v[i];
    fail();
    return NULL;
}

static bool accepted(const struct front_class *c, const struct addr *from)
{
    struct fw_networks in = {0};
    bool held = false;

    assert_int_equal(front_accepted(c, addr_is_v4(from) ? FW_IPV4 : FW_IPV6, &in), 0);
    for (size_t i = 0; i < in.n; i++)
        held |= prefix_contains(&in.v[i], from);
    free(in.v);
    return held;
}

static bool refused(const struct front *f, const struct addr *from)
{
    static const struct front_class everything;

    return front_verdict(f, &everything, from) == 0;
}

static void test_like_the_model(void **state)
{
    size_t of[3] = {0};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(policies) / sizeof(policies[0]); i++) {
        struct place p;
        load_text(&p, policies[i / 2], i % 2);
        for (size_t k = 0; k < sizeof(sources) / sizeof(sources[0]); k++) {
            struct addr from;
            assert_int_equal(addr_parse(str_of(sources[k]), &from), 0);
            if (!front_has_family(&p.front, addr_is_v4(&from) ? FW_IPV4 : FW_IPV6))
                continue;
            for (size_t t = 0; t < sizeof(traffic) / sizeof(traffic[0]); t++) {
                const struct front_class *c = class_of(&p.front, traffic[t].protocol, traffic[t].port);
                int wanted = judge(&p.model, traffic[t].protocol, traffic[t].port, &from);
                if (wanted != front_verdict(&p.front, c, &from))
                    fail_msg("policy %zu, %s, protocol %u port %u: the model says %d", i / 2, sources[k], traffic[t].protocol,
                             traffic[t].port, wanted);
                assert_int_equal(accepted(c, &from) && !refused(&p.front, &from), wanted == 1);
                of[wanted + 1]++;
            }
            const struct front_class *gre = class_of(&p.front, FW_GRE, 0); // with the control channel
            int wanted = judge(&p.model, FW_TCP, 1723, &from);
            assert_int_equal(front_verdict(&p.front, gre, &from), wanted);
        }
        unload(&p);
    }
    for (int i = 0; i < 3; i++)
        assert_true(of[i] > 100);
}

// What is let in is told in as few networks as there can be, each once.
static void test_networks_are_few(void **state)
{
    struct place p;
    struct fw_networks in = {0};
    char text[PREFIX_STRLEN];

    (void)state;
    load_text(&p, "[firewall]\ndeny_from = 1.2.3.4\n", true);
    assert_int_equal(front_accepted(&p.front.v[0], FW_IPV4, &in), 0);
    assert_int_equal(in.n, 32); // one for each bit
    assert_string_equal(prefix_format(&in.v[0], text), "0.0.0.0/8");
    assert_string_equal(prefix_format(&in.v[31], text), "128.0.0.0/1");
    free(in.v);
    in = (struct fw_networks){0};
    assert_int_equal(front_accepted(&p.front.v[0], FW_IPV6, &in), 0);
    assert_int_equal(in.n, 1);
    assert_string_equal(prefix_format(&in.v[0], text), "::/0");
    free(in.v);
    unload(&p);
}

// Each rule is either in what a front is told, or it is said why not.
static void test_nothing_is_lost(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof(policies) / sizeof(policies[0]); i++) {
        struct place p;
        load_text(&p, policies[i / 2], i % 2);
        for (size_t k = 0; k < p.model.n_rules; k++) {
            const struct fw_rule *r = &p.model.rules[k];
            bool there = strcmp(r->id, "pre-allow") == 0 || // in the networks of the rules that it spares
                         (r->action == FW_ACCEPT && r->match.protocol != FW_GRE && r->match.state && !(r->match.state & FW_NEW)); // FRONT_STATE
            for (size_t t = 0; t < p.front.n_refused; t++)
                there |= p.front.refused[t].rule == r;
            for (size_t c = 0; c < p.front.n; c++) {
                there |= p.front.v[c].rate == r || p.front.v[c].connections == r;
                for (size_t t = 0; t < p.front.v[c].n; t++)
                    there |= p.front.v[c].term[t].rule == r;
            }
            if (strcmp(r->id, "control-new") == 0) // nobody is left when there are "others"
                there |= p.front.v[0].n > 0 && !p.front.v[0].term[p.front.v[0].n - 1].accept;
            if (there == (front_absence(r, FRONT_RATE | FRONT_CONNECTIONS | FRONT_STATE) != NULL))
                fail_msg("policy %zu: %s", i / 2, r->id);
        }
        unload(&p);
    }
}

// Configuration refuses such names; no renderer relies on it, and none writes half of something.
static void test_nothing_breaks_out(void **state)
{
    static const char *const hostile[] = {"x\" y", "x -->", "x\ny", "${x}", "x*/", ""};

    (void)state;
    for (const struct fw_format *format = fw_formats; format->name; format++)
        for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
            struct place p;
            char *text = NULL;
            size_t n = 0;
            load_text(&p, policies[5], true);
            FILE *f = open_memstream(&text, &n);
            assert_non_null(f);
            p.model.rules[2].id = hostile[i];
            assert_int_equal(format->render(&p.model, f), -EINVAL);
            p.model.rules[2].id = "x";
            p.model.rules[3].why = hostile[i];
            assert_int_equal(format->render(&p.model, f), -EINVAL);
            fclose(f);
            assert_int_equal(n, 0);
            free(text);
            unload(&p);
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_the_model),
        cmocka_unit_test(test_networks_are_few),
        cmocka_unit_test(test_nothing_is_lost),
        cmocka_unit_test(test_nothing_breaks_out),
    };

    return argc > 1 ? judge_lines(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
