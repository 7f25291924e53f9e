// SPDX-License-Identifier: GPL-2.0-or-later
// The renderings for nftables and iptables: what each rule becomes, and what no rendering may ever contain. Whether the
// kernel takes and obeys them shows tests/system/firewall.sh.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include <ctype.h>
#include <errno.h>

#include "config/config.h"
#include "firewall/facts.h"
#include "firewall/render.h"
#include "firewall/render_text.h"

static const char everything[] = "[firewall]\n"
                                 "enabled = yes\n"
                                 "interface = eth0 wan+\n"
                                 "address = 11.1.0.1 2a00:1::1\n"
                                 "allow_from = 11.2.0.0/16\n"
                                 "deny_from = 11.3.0.0/24 2a00:3::/32 12.0.0.0/24\n"
                                 "open = Mon-Fri 08:00-18:00 Sat 23:00-02:00\n"
                                 "timezone = Europe/Berlin\n"
                                 "outside = end\n"
                                 "management = 22/tcp 443/tcp 161/udp 6000-6100/tcp\n"
                                 "admin_from = 11.4.0.0/24\n"
                                 "pool = 10.9.0.0/24\n"
                                 "forward_to = 10.20.0.0/24\n"
                                 "masquerade = yes\n"
                                 "default = drop\n"
                                 "outbound = drop\n"
                                 "outbound_ports = 80/tcp 123/udp\n";

enum { NOW = 1795392000 }; // November 2026

struct place {
    struct config *config;
    struct fw_gathered gathered;
    struct fw_model model;
    char *text[4]; // nftables, sets, v4, v6
};

enum { NFT, SETS, V4, V6 };

static char *render(const struct fw_model *m, int which)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    assert_non_null(f);
    assert_int_equal(which == NFT ? fw_render_nftables(m, f) : fw_render_iptables_part(m, which - SETS + FW_IPT_SETS, f), 0);
    fclose(f);
    return text;
}

static void load(struct place *p, const char *text, bool helper)
{
    char path[] = "/tmp/pptpban-render-XXXXXX";
    struct config_report report = {0};
    struct fw_error error;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    int r = config_load(path, &p->config, &report);
    for (size_t i = 0; r < 0 && i < report.n; i++)
        print_error("%s\n", report.v[i].text);
    unlink(path);
    config_report_free(&report);
    assert_int_equal(r, 0);
    assert_int_equal(fw_facts_gather(p->config, NOW, &p->gathered, &error), 0);
    p->gathered.facts.helper = helper;
    assert_int_equal(fw_model_build(&p->config->firewall, &p->gathered.facts, &p->model), 0);
    for (int i = NFT; i <= V6; i++)
        p->text[i] = render(&p->model, i);
}

static void unload(struct place *p)
{
    for (int i = NFT; i <= V6; i++)
        free(p->text[i]);
    fw_model_free(&p->model);
    fw_facts_free(&p->gathered);
    config_free(p->config);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (const char *s = text; (s = strstr(s, what)); s += strlen(what))
        n++;
    return n;
}

static bool next_line(const char **text, char *buf, size_t size)
{
    size_t n = strcspn(*text, "\n");

    if (!**text)
        return false;
    snprintf(buf, size, "%.*s", (int)n, *text);
    *text += n + ((*text)[n] == '\n');
    return true;
}

// --- single rules

static const char *line_with(const char *text, const char *id, int nth, char *buf, size_t size)
{
    char key[64];

    snprintf(key, sizeof(key), "\"%s\"", id);
    while (next_line(&text, buf, size))
        if (strstr(buf, key) && nth-- == 0)
            return buf + strspn(buf, " ");
    return "";
}

struct golden {
    const char *id;
    int which, nth;
    const char *line;
};

static void test_rules(void **state)
{
    static const struct golden golden[] = {
        {"gre-related", NFT, 0,
         "ip daddr @server4 meta l4proto 47 ct state established,related counter accept comment \"gre-related\""},
        {"gre-unsolicited", NFT, 1,
         "ip6 daddr @server6 meta l4proto 47 counter goto log_gre comment \"gre-unsolicited\""},
        {"spoof", NFT, 0,
         "iifname { \"eth0\", \"wan*\" } ip saddr @spoofed4 counter goto log_spoof comment \"spoof\""},
        {"path", NFT, 1,
         "iifname { \"eth0\", \"wan*\" } ip6 saddr != { ::, fe80::/10 } fib saddr . iif oif missing counter goto log_spoof comment \"path\""},
        {"helper", NFT, 0,
         "ip daddr @server4 tcp dport 1723 counter ct helper set \"pptp\" comment \"helper\""},
        {"helper", NFT, 1, ""}, // the helper is IPv4's alone
        {"out-ports", NFT, 0,
         "meta l4proto . th dport { tcp . 80, udp . 123 } counter accept comment \"out-ports\""},
        {"mss-out", NFT, 0,
         "oifname \"ppp*\" meta l4proto tcp tcp flags & (syn|rst) == syn counter tcp option maxseg size set rt mtu comment \"mss-out\""},
        {"control-flood", NFT, 0,
         "ip daddr @server4 tcp dport 1723 tcp flags & (fin|syn|rst|ack) == syn ct state new update @rate4 { ip saddr timeout 31s limit rate over 10/minute burst 5 packets } counter goto log_refused comment \"control-flood\""},
        {"helper", V4, 0,
         "-A PPTPBAN-CT -p tcp --dport 1723 -m set --match-set pptpban-server4 dst -m comment --comment \"helper\" -j CT --helper pptp"},
        {"helper", V6, 0, ""},
        {"spoof", V6, 1,
         "-A PPTPBAN-RAW -i wan+ -m set --match-set pptpban-spoofed6 src -m comment --comment \"spoof\" -g PPTPBAN-log-spoof"},
        {"path", V4, 0,
         "-A PPTPBAN-RAW -i eth0 ! -s 0.0.0.0/32 -m rpfilter --invert -m comment --comment \"path\" -g PPTPBAN-log-spoof"},
        {"path", V6, 0,
         "-A PPTPBAN-RAW -i eth0 ! -s fe80::/10 -m rpfilter --invert -m comment --comment \"path\" -g PPTPBAN-log-spoof"},
        {"gre-related", V4, 0,
         "-A PPTPBAN-IN -p 47 -m set --match-set pptpban-server4 dst -m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment \"gre-related\" -j RETURN"},
        {"management", V4, 0,
         "-A PPTPBAN-IN -p tcp -m multiport --dports 22,443 -m comment --comment \"management\" -g PPTPBAN-log-refused"},
        {"management", V4, 2,
         "-A PPTPBAN-IN -p tcp --dport 6000:6100 -m comment --comment \"management\" -g PPTPBAN-log-refused"},
        {"gre-end", V4, 0, "-A PPTPBAN-gre-end -m comment --comment \"gre-end\" -j DROP"},
        {"out-icmp6", V4, 0, ""},
        {"out-icmp6", V6, 0, "-A PPTPBAN-OUT -p ipv6-icmp -m comment --comment \"out-icmp6\" -j RETURN"},
    };
    struct place p;
    char buf[1024];

    (void)state;
    load(&p, everything, true);
    for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
        assert_string_equal(line_with(p.text[golden[i].which], golden[i].id, golden[i].nth, buf, sizeof(buf)), golden[i].line);
    unload(&p);
}

// Once, or once a family where the rule looks at addresses; in iptables once for each combination, in the right chain.
static void test_every_rule_is_there(void **state)
{
    static const char *const chains[FW_HOOKS] = {"RAW", "CT", "IN", "FWD", "MSS", "NAT", "OUT"};

    (void)state;
    for (int helper = 0; helper <= 1; helper++) {
        struct place p;
        load(&p, everything, helper);
        for (size_t i = 0; i < p.model.n_rules; i++) {
            const struct fw_rule *r = &p.model.rules[i];
            char key[64], buf[1024], chain[64];
            snprintf(key, sizeof(key), "comment \"%s\"", r->id);
            size_t n = count(p.text[NFT], key);
            if (n == 2) {
                assert_non_null(strstr(line_with(p.text[NFT], r->id, 0, buf, sizeof(buf)), "ip "));
                assert_non_null(strstr(line_with(p.text[NFT], r->id, 1, buf, sizeof(buf)), "ip6 "));
            } else
                assert_int_equal(n, 1);
            snprintf(key, sizeof(key), "--comment \"%s\"", r->id);
            size_t wanted = (r->match.in && r->match.in->n > 1) ? r->match.in->n : 1;
            bool own = r->match.windows;
            snprintf(chain, sizeof(chain), "-A PPTPBAN-%s ", own ? r->id : chains[r->hook]);
            for (int f = V4; f <= V6; f++) {
                if (r->match.n_ports <= 1 && fw_rule_of_family(r, f == V4 ? FW_IPV4 : FW_IPV6))
                    assert_int_equal(count(p.text[f], key), wanted);
                const char *line = line_with(p.text[f], r->id, 0, buf, sizeof(buf));
                assert_true(!*line || strncmp(line, chain, strlen(chain)) == 0);
            }
        }
        unload(&p);
    }
}

// --- what holds for all of it

static void test_same_bytes(void **state)
{
    struct place a, b;

    (void)state;
    setenv("TZ", "America/New_York", 1);
    load(&a, everything, true);
    setenv("TZ", "Asia/Kathmandu", 1);
    load(&b, everything, true);
    for (int i = NFT; i <= V6; i++)
        assert_string_equal(a.text[i], b.text[i]);
    unload(&a);
    unload(&b);
    unsetenv("TZ");
}

static void test_only_what_is_ours(void **state)
{
    static const char *const kept[] = {"admin", "tunnels", "gre", "override"};
    struct place p;
    char line[1024], key[80];

    (void)state;
    load(&p, everything, false);
    assert_null(strstr(p.text[NFT], "delete table"));
    assert_null(strstr(p.text[NFT], "flush table"));
    assert_null(strstr(p.text[NFT], "flush ruleset"));
    for (size_t i = 0; i < 4; i++)
        for (int digit = 4; digit <= 6; digit += 2) {
            snprintf(key, sizeof(key), "add set inet pptpban_fw %s%d ", kept[i], digit);
            assert_int_equal(count(p.text[NFT], key), 1);
            snprintf(key, sizeof(key), "set inet pptpban_fw %s%d\n", kept[i], digit); // flush set, delete set
            assert_null(strstr(p.text[NFT], key));
            snprintf(key, sizeof(key), "pptpban-%s%d", kept[i], digit);
            assert_int_equal(count(p.text[SETS], key), 1); // created, not flushed, swapped or destroyed
        }
    for (const char *s = p.text[NFT]; next_line(&s, line, sizeof(line));)
        if (isalpha((unsigned char)line[0]))
            assert_true(strstr(line, " inet pptpban_fw"));
    for (int f = V4; f <= V6; f++)
        for (const char *s = p.text[f]; next_line(&s, line, sizeof(line));) {
            assert_true(line[0] == '*' || line[0] == '#' || strcmp(line, "COMMIT") == 0 || strncmp(line, ":PPTPBAN-", 9) == 0 ||
                        strncmp(line, "-A PPTPBAN-", 11) == 0);
            assert_null(strstr(line, "-j ACCEPT")); // others are asked as well
        }
    for (const char *s = p.text[SETS]; next_line(&s, line, sizeof(line));)
        assert_true(strstr(line, " pptpban-") != NULL);
    unload(&p);
}

// Sets and chains are there before they are named.
static void test_nothing_dangles(void **state)
{
    struct place p;
    char line[1024], name[64], key[96];

    (void)state;
    load(&p, everything, false);
    for (const char *s = p.text[NFT]; (s = strchr(s, '@')); s++) {
        snprintf(name, sizeof(name), "%.*s", (int)strspn(s + 1, "abcdefghijklmnopqrstuvwxyz0123456789_"), s + 1);
        snprintf(key, sizeof(key), "add set inet pptpban_fw %s {", name);
        const char *made = strstr(p.text[NFT], key);
        assert_true(made && made < s);
    }
    for (int f = V4; f <= V6; f++) {
        for (const char *s = p.text[f]; (s = strstr(s, "-set pptpban-")); s++) {
            snprintf(key, sizeof(key), "create %.*s ", (int)strcspn(s + 5, " "), s + 5);
            assert_true(strstr(p.text[SETS], key) != NULL);
            assert_true(s[5 + strcspn(s + 5, " ") - 1] == (f == V4 ? '4' : '6'));
        }
        const char *table = p.text[f];
        for (const char *s = p.text[f]; next_line(&s, line, sizeof(line));) {
            if (line[0] == '*')
                table = s;
            const char *to = strstr(line, " PPTPBAN-");
            for (; to; to = strstr(to + 1, " PPTPBAN-")) {
                snprintf(key, sizeof(key), ":%.*s - ", (int)strcspn(to + 1, " "), to + 1);
                const char *made = strstr(table, key);
                assert_true(made && made < s);
            }
            if (line[0] == ':')
                assert_true(strcspn(line + 1, " ") <= 28);
        }
    }
    unload(&p);
}

static void test_frame_is_the_beginning(void **state)
{
    struct place p;
    char *frame = NULL;
    size_t n = 0;

    (void)state;
    load(&p, everything, true);
    FILE *f = open_memstream(&frame, &n);
    assert_int_equal(fw_render_nftables_frame(&p.model, f), 0);
    fclose(f);
    const char *in = strstr(p.text[NFT], frame);
    assert_non_null(in);
    assert_null(strstr(in + n, "add set "));
    assert_null(strstr(frame, "chain"));
    free(frame);
    unload(&p);
}

// --- windows of time, as the kernel compares them

enum { WINDOWS_MAX = 4096 };

struct nft_window {
    long long from, to;
};

struct xt_window {
    time_t from, to;
    long begin, end; // of a day, in seconds
    char days[32];
};

static size_t nft_windows(const char *text, struct nft_window *w)
{
    const char *s = strstr(text, "add element inet pptpban_fw times {\n");
    char line[256];
    size_t n = 0;

    assert_non_null(s);
    next_line(&s, line, sizeof(line));
    for (; next_line(&s, line, sizeof(line)) && line[0] != '}'; n++) {
        assert_true(n < WINDOWS_MAX);
        assert_int_equal(sscanf(line, " %lld-%lld", &w[n].from, &w[n].to), 2);
    }
    return n;
}

static size_t xt_windows(const char *text, struct xt_window *w)
{
    char line[1024];
    size_t n = 0;

    for (const char *s = text; next_line(&s, line, sizeof(line));) {
        struct tm from = {0}, to = {0};
        unsigned a[3], b[3];
        if (strncmp(line, "-A PPTPBAN-control-closed -m time ", 34) != 0)
            continue;
        assert_true(n < WINDOWS_MAX);
        const char *rest = strptime(line + 34, "--datestart %Y-%m-%dT%H:%M:%S --datestop ", &from);
        rest = rest ? strptime(rest, "%Y-%m-%dT%H:%M:%S", &to) : NULL;
        assert_non_null(rest);
        assert_int_equal(sscanf(rest, " --timestart %u:%u:%u --timestop %u:%u:%u --weekdays %31s", &a[0], &a[1], &a[2], &b[0],
                                &b[1], &b[2], w[n].days), 7);
        w[n].from = timegm(&from);
        w[n].to = timegm(&to);
        w[n].begin = a[0] * 3600 + a[1] * 60 + a[2];
        w[n++].end = b[0] * 3600 + b[1] * 60 + b[2];
    }
    return n;
}

static bool nft_open(const struct nft_window *w, size_t n, long long t)
{
    for (size_t i = 0; i < n; i++)
        if (t >= w[i].from && t < w[i].to) // nanoseconds: the end belongs to it, and nothing behind it
            return true;
    return false;
}

static bool xt_time_open(const struct xt_window *w, size_t n, time_t t)
{
    struct tm tm;
    char day[4];

    gmtime_r(&t, &tm);
    strftime(day, sizeof(day), "%a", &tm);
    for (size_t i = 0; i < n; i++)
        if (t >= w[i].from && t <= w[i].to && t % 86400 >= w[i].begin && t % 86400 <= w[i].end && strstr(w[i].days, day))
            return true;
    return false;
}

static void test_times(void **state)
{
    static struct nft_window nft[WINDOWS_MAX];
    static struct xt_window v4[WINDOWS_MAX], v6[WINDOWS_MAX];
    const time_t year = 1767225600; // 2026
    struct place p;
    size_t open = 0;

    (void)state;
    load(&p, everything, true);
    size_t n = nft_windows(p.text[NFT], nft), n4 = xt_windows(p.text[V4], v4), n6 = xt_windows(p.text[V6], v6);
    for (time_t t = year; t < year + 460 * 86400; t += 5399) { // drifts through all seconds of the hour
        bool wanted = fw_windows_open(&p.gathered.windows, t, NULL);
        assert_int_equal(nft_open(nft, n, t), wanted);
        assert_int_equal(xt_time_open(v4, n4, t), wanted);
        open += wanted;
    }
    assert_true(open > 2000);
    static const long edges[] = {1795417199, 1795417200, 1795453199, 1795453200}; // Monday 08:00 and 18:00, CET
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(nft_open(nft, n, edges[i]), i == 1 || i == 2);
        assert_int_equal(xt_time_open(v6, n6, edges[i]), i == 1 || i == 2);
    }
    unload(&p);
}

// --- bounds

static void test_everybody_in_a_set(void **state)
{
    struct place p;

    (void)state;
    load(&p, "[firewall]\ndeny_from = 0.0.0.0/0 ::/0\n", true);
    assert_non_null(strstr(p.text[NFT], "deny4 {\n    0.0.0.0/1,\n    128.0.0.0/1\n}"));
    assert_non_null(strstr(p.text[NFT], "deny6 {\n    ::/1,\n    8000::/1\n}"));
    assert_non_null(strstr(p.text[SETS], "add pptpban-deny4t 128.0.0.0/1\n")); // ipset refuses /0
    assert_non_null(strstr(p.text[SETS], "add pptpban-deny6t 8000::/1\n"));
    unload(&p);
}

static void test_many_ports(void **state)
{
    struct fw_port ports[FIREWALL_PORTS_MAX];
    struct fw_rule rule = {.hook = FW_INPUT, .id = "x", .why = "y", .match = {.port = ports, .n_ports = FIREWALL_PORTS_MAX},
                           .action = FW_DROP};
    struct fw_model m = {.rules = &rule, .n_rules = 1};
    char line[1024];
    size_t rules = 0, commas = 0;

    (void)state;
    for (size_t i = 0; i < FIREWALL_PORTS_MAX; i++)
        ports[i] = (struct fw_port){i < 20 ? FW_TCP : FW_UDP, (uint16_t)(65000 + 2 * i), (uint16_t)(65000 + 2 * i + i % 2)};
    char *text = render(&m, V4);
    for (const char *s = text; next_line(&s, line, sizeof(line));) {
        size_t slots = 1;
        if (strncmp(line, "-A ", 3) != 0)
            continue;
        for (const char *c = strstr(line, "port"); c && *c && strncmp(c, " -m comment", 11) != 0; c++) {
            slots += *c == ',' || *c == ':';
            commas += *c == ',';
        }
        assert_true(slots <= 15);
        rules++;
    }
    assert_int_equal(commas + rules, FIREWALL_PORTS_MAX);
    free(text);
}

// Configuration refuses such names; a renderer does not rely on it.
static void test_nothing_breaks_out(void **state)
{
    static char hostile[][20] = {"eth0\" accept", "a b",      "-j",    "eth+0",   "",
                                "sixteen-letters-", "eth0\n", "e;reboot", "$(id)", "\xc3\xa9"};
    char *v[1];
    struct strlist in = {v, 1};
    struct fw_set set = {.name = "known", .kind = FW_SET_RUNTIME, .size = 1};
    const struct fw_rule good = {.hook = FW_INPUT, .id = "x", .why = "y", .action = FW_DROP};
    struct fw_rule rule = good;
    struct fw_model m = {.rules = &rule, .n_rules = 1, .sets = &set, .n_sets = 1};

    (void)state;
    assert_int_equal(fw_render_check(&m), 0);
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        v[0] = hostile[i];
        rule = good;
        rule.match.in = &in;
        assert_int_equal(fw_render_check(&m), -EINVAL);
        rule.match.in = NULL;
        rule.match.out = &in;
        assert_int_equal(fw_render_nftables(&m, stderr), -EINVAL);
        assert_int_equal(fw_render_iptables_part(&m, FW_IPT_V4, stderr), -EINVAL);
        if (i != 2) { // a rule may have a minus, but not in front
            rule = good;
            rule.id = hostile[i];
            assert_int_equal(fw_render_check(&m), i == 5 ? 0 : -EINVAL);
        }
    }
    rule = good;
    rule.why = "quote \" accept";
    assert_int_equal(fw_render_check(&m), -EINVAL);
    rule = good;
    rule.prefix = "pptpban-a\" accept: ";
    rule.log = (struct fw_rate){1, 1, 1};
    assert_int_equal(fw_render_check(&m), -EINVAL);
    rule.prefix = "pptpban-a: ";
    assert_int_equal(fw_render_check(&m), 0);
    rule = good;
    rule.match.source = "unknown";
    assert_int_equal(fw_render_check(&m), -EINVAL);
    rule.match.source = "known";
    assert_int_equal(fw_render_check(&m), 0);
    set.name = "a-name-that-is-too-long";
    assert_int_equal(fw_render_check(&m), -EINVAL);
}

static void test_formats(void **state)
{
    (void)state;
    assert_non_null(fw_format_find("nftables"));
    assert_non_null(fw_format_find("iptables"));
    assert_null(fw_format_find("ipchains"));
    assert_null(fw_format_find(""));
    for (const struct fw_format *f = fw_formats; f->name; f++) {
        assert_ptr_equal(fw_format_find(f->name), f);
        assert_true(f->what && *f->what && f->render);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_every_rule_is_there),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_only_what_is_ours),
        cmocka_unit_test(test_nothing_dangles),
        cmocka_unit_test(test_frame_is_the_beginning),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_everybody_in_a_set),
        cmocka_unit_test(test_many_ports),
        cmocka_unit_test(test_nothing_breaks_out),
        cmocka_unit_test(test_formats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
