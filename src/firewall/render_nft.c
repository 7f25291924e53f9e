// SPDX-License-Identifier: GPL-2.0-or-later
// The model as one atomic script for nft: a table of our own, whose chains and known sets are filled anew and whose
// run-time sets stay. Never mentions a foreign table and never deletes our own.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "firewall/render_text.h"
#include "firewall/renderers.h"

const char FW_NFT_TABLE[] = "pptpban_fw";
#define TABLE "pptpban_fw"

static const char TIMES[] = "times"; // the set of the spans of time that are open

// Accepting in one of our chains ends that chain alone: other tables' chains of the same hook are asked as well.
static const struct {
    const char *name, *base;
} chains[FW_HOOKS] = {
    [FW_PRE] = {"pre", "type filter hook prerouting priority -300"},
    [FW_HELPER] = {"helper", "type filter hook prerouting priority -150"},
    [FW_INPUT] = {"input", "type filter hook input priority -10"},
    [FW_FORWARD] = {"forward", "type filter hook forward priority -10"},
    [FW_MSS] = {"mss", "type filter hook forward priority -150"},
    [FW_NAT] = {"nat", "type nat hook postrouting priority 100"},
    [FW_OUTPUT] = {"output", "type filter hook output priority -10"},
};

static const enum fw_family families[] = {FW_IPV4, FW_IPV6};

static int digit(enum fw_family f)
{
    return f == FW_IPV4 ? 4 : 6;
}

static const char *ip(enum fw_family f)
{
    return f == FW_IPV4 ? "ip" : "ip6";
}

// --- sets

static const struct fw_windows *windows_of(const struct fw_model *m)
{
    for (size_t i = 0; i < m->n_rules; i++)
        if (m->rules[i].match.windows)
            return m->rules[i].match.windows;
    return NULL;
}

static void put_frame_of_set(const struct fw_set *s, enum fw_family f, FILE *out)
{
    fprintf(out, "add set inet " TABLE " %s%d { type ipv%d_addr; ", s->name, digit(f), digit(f));
    if (s->kind == FW_SET_NETWORKS)
        fputs("flags interval;", out);
    else if (s->kind == FW_SET_RUNTIME) // an interval is two elements of the kernel's
        fprintf(out, "size %" PRIu32 "; flags interval,timeout;", 2 * s->size + 1);
    else
        fprintf(out, "size %" PRIu32 "; flags dynamic,timeout; timeout %" PRIu32 "s;", s->size, s->timeout);
    fputs(" }\n", out);
}

static void put_frame_of_meter(const struct fw_match *a, enum fw_family f, FILE *out)
{
    fprintf(out, "add set inet " TABLE " %s%d { type ipv%d_addr; size %d; flags dynamic%s; }\n", a->meter, digit(f), digit(f),
            FW_METER_SIZE, a->over.n > 0 ? ",timeout" : "");
}

int fw_render_nftables_frame(const struct fw_model *m, FILE *out)
{
    int r = fw_render_check(m);

    if (r < 0)
        return r;
    fputs("add table inet " TABLE "\n", out);
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < m->n_sets; i++)
            put_frame_of_set(&m->sets[i], families[k], out);
        for (size_t i = 0; i < m->n_rules; i++)
            if (fw_first_meter(m, i))
                put_frame_of_meter(&m->rules[i].match, families[k], out);
    }
    if (windows_of(m))
        fprintf(out, "add set inet " TABLE " %s { typeof meta time; flags interval; }\n", TIMES);
    return ferror(out) ? -EIO : 0;
}

struct elements {
    FILE *out;
    size_t n;
};

static void put_element(void *userdata, const char *network)
{
    struct elements *e = userdata;

    fprintf(e->out, "%s%s", e->n++ > 0 ? ",\n    " : "    ", network);
}

static void put_networks(const struct fw_set *s, enum fw_family f, FILE *out)
{
    struct elements e = {.out = out};

    fprintf(out, "flush set inet " TABLE " %s%d\n", s->name, digit(f));
    if (fw_set_count(s, f) == 0)
        return;
    fprintf(out, "add element inet " TABLE " %s%d {\n", s->name, digit(f));
    fw_set_each(s, f, put_element, &e);
    fputs("\n}\n", out);
}

// The kernel compares nanoseconds since 1970, whatever the time zone of anybody is; nft takes whole seconds and a span's
// last one belongs to it, so each is a nanosecond too long.
static int put_times(const struct fw_windows *w, FILE *out)
{
    struct fw_span *v = NULL;
    size_t n = 0;
    char begin[32], end[32];
    struct tm tm;

    fprintf(out, "flush set inet " TABLE " %s\n", TIMES);
    int r = fw_windows_spans(w, &v, &n);
    if (r < 0)
        return r;
    if (n > 0)
        fprintf(out, "add element inet " TABLE " %s {\n", TIMES);
    for (size_t i = 0; i < n; i++) {
        strftime(begin, sizeof(begin), "%a %Y-%m-%d %H:%M:%S", gmtime_r(&v[i].from, &tm));
        strftime(end, sizeof(end), "%H:%M:%S UTC", gmtime_r(&v[i].to, &tm));
        fprintf(out, "    %lld-%lld%s # %s to %s\n", (long long)v[i].from, (long long)v[i].to, i + 1 < n ? "," : "", begin, end);
    }
    if (n > 0)
        fputs("}\n", out);
    free(v);
    return 0;
}

static int put_sets(const struct fw_model *m, FILE *out)
{
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < m->n_sets; i++)
            if (m->sets[i].kind == FW_SET_NETWORKS)
                put_networks(&m->sets[i], families[k], out);
        for (size_t i = 0; i < m->n_rules; i++) // an element keeps the limit that it was made with
            if (fw_first_meter(m, i))
                fprintf(out, "flush set inet " TABLE " %s%d\n", m->rules[i].match.meter, digit(families[k]));
    }
    return windows_of(m) ? put_times(windows_of(m), out) : 0;
}

// --- rules

static void put_interfaces(const char *key, const struct strlist *l, FILE *out)
{
    if (!l || l->n == 0)
        return;
    fprintf(out, "%s %s", key, l->n > 1 ? "{ " : "");
    for (size_t i = 0; i < l->n; i++) {
        const char *s = l->v[i];
        size_t n = strlen(s);
        bool any = s[n - 1] == '+';
        fprintf(out, "\"%.*s%s\"%s", (int)(any ? n - 1 : n), s, any ? "*" : "", i + 1 < l->n ? ", " : "");
    }
    fputs(l->n > 1 ? " } " : " ", out);
}

static void put_port(const struct fw_port *p, FILE *out)
{
    if (p->first == p->last)
        fprintf(out, "%u", p->first);
    else
        fprintf(out, "%u-%u", p->first, p->last);
}

static void put_ports(const struct fw_match *a, FILE *out)
{
    bool mixed = false;

    if (a->n_ports == 0)
        return;
    for (size_t i = 1; i < a->n_ports; i++)
        mixed |= a->port[i].protocol != a->port[0].protocol;
    const char *protocol = a->port[0].protocol == FW_TCP ? "tcp" : "udp";
    fprintf(out, "%s ", mixed ? "meta l4proto . th dport" : protocol[0] == 't' ? "tcp dport" : "udp dport");
    fputs(a->n_ports > 1 ? "{ " : "", out);
    for (size_t i = 0; i < a->n_ports; i++) {
        if (mixed)
            fprintf(out, "%s . ", a->port[i].protocol == FW_TCP ? "tcp" : "udp");
        put_port(&a->port[i], out);
        fputs(i + 1 < a->n_ports ? ", " : "", out);
    }
    fputs(a->n_ports > 1 ? " } " : " ", out);
}

static void put_protocol(const struct fw_match *a, FILE *out)
{
    if (a->n_ports > 0 || a->protocol == 0)
        return;
    switch (a->protocol) {
    case FW_TCP: fputs("meta l4proto tcp ", out); break;
    case FW_UDP: fputs("meta l4proto udp ", out); break;
    case FW_ICMP: fputs("meta l4proto icmp ", out); break;
    case FW_ICMP6: fputs("meta l4proto ipv6-icmp ", out); break;
    default: fprintf(out, "meta l4proto %u ", a->protocol);
    }
}

static void put_state(unsigned state, FILE *out)
{
    static const char *const names[] = {"new", "established", "related", "invalid"};
    const char *comma = "ct state ";

    for (size_t i = 0; i < 4; i++)
        if (state & 1u << i) {
            fprintf(out, "%s%s", comma, names[i]);
            comma = ",";
        }
    fputs(state ? " " : "", out);
}

static void put_sets_of_rule(const struct fw_match *a, enum fw_family f, FILE *out)
{
    if (a->source)
        fprintf(out, "%s saddr %s@%s%d ", ip(f), a->not_source ? "!= " : "", a->source, digit(f));
    if (a->dest)
        fprintf(out, "%s daddr %s@%s%d ", ip(f), a->not_dest ? "!= " : "", a->dest, digit(f));
    if (a->reverse_path_fails)
        fprintf(out, "%s saddr != %s fib saddr . iif oif missing ", ip(f), f == FW_IPV4 ? "0.0.0.0" : "{ ::, fe80::/10 }");
}

// An IPv6 customer owns a /64 at least, so that counts as one source.
static void put_meter(const struct fw_match *a, enum fw_family f, FILE *out)
{
    const char *key = f == FW_IPV4 ? "ip saddr" : "ip6 saddr & ffff:ffff:ffff:ffff::";

    if (a->over.n > 0)
        fprintf(out, "update @%s%d { %s timeout %us limit rate over %u/%s burst %u packets } ", a->meter, digit(f), key,
                fw_rate_memory(&a->over), a->over.n, fw_rate_unit(&a->over), a->over.burst);
    if (a->more_than > 0)
        fprintf(out, "add @%s%d { %s ct count over %u } ", a->meter, digit(f), key, a->more_than);
}

static void put_log(const struct fw_rule *r, FILE *out)
{
    fprintf(out, "limit rate %u/%s burst %u packets ", r->log.n, fw_rate_unit(&r->log), r->log.burst);
    if (r->action == FW_LOG)
        fputs("counter ", out);
    fprintf(out, "log prefix \"%s\" level info", r->prefix);
}

static void put_action(const struct fw_model *m, const struct fw_rule *r, enum fw_family f, FILE *out)
{
    char name[FW_LOG_NAME_MAX];

    if (r->action != FW_LOG)
        fputs("counter", out);
    switch (r->action) {
    case FW_COUNT: break;
    case FW_ACCEPT: fputs(" accept", out); break;
    case FW_DROP:
        if (r->prefix)
            fprintf(out, " goto log_%s", fw_log_name(r->prefix, name));
        else
            fputs(" drop", out);
        break;
    case FW_LOG: put_log(r, out); break;
    case FW_ADD:
        fprintf(out, " update @%s%d { %s saddr timeout %" PRIu32 "s }", r->set, digit(f), ip(f), fw_model_set(m, r->set)->timeout);
        break;
    case FW_ASSIGN: fputs(" ct helper set \"pptp\"", out); break;
    case FW_CLAMP: fputs(" tcp option maxseg size set rt mtu", out); break;
    case FW_MASQUERADE: fputs(" masquerade", out); break;
    }
}

// f: FW_ANY_FAMILY in rules that look at no address.
static void put_rule(const struct fw_model *m, const struct fw_rule *r, enum fw_family f, FILE *out)
{
    const struct fw_match *a = &r->match;

    fprintf(out, "        # %s\n        ", r->why);
    if (f != FW_ANY_FAMILY && !a->source && !a->dest && !a->reverse_path_fails)
        fprintf(out, "meta nfproto ipv%d ", digit(f));
    put_interfaces("iifname", a->in, out);
    put_interfaces("oifname", a->out, out);
    put_sets_of_rule(a, f, out);
    if (a->local)
        fputs("fib daddr type local ", out);
    put_protocol(a, out);
    put_ports(a, out);
    if (r->action == FW_CLAMP) // also what answers a SYN
        fputs("tcp flags & (syn|rst) == syn ", out);
    else if (a->syn)
        fputs("tcp flags & (fin|syn|rst|ack) == syn ", out);
    put_state(a->state, out);
    if (a->windows)
        fprintf(out, "meta time %s@%s ", a->not_windows ? "!= " : "", TIMES);
    put_meter(a, f, out);
    put_action(m, r, f, out);
    fprintf(out, " comment \"%s\"\n", r->id);
}

static bool looks_at_addresses(const struct fw_rule *r)
{
    const struct fw_match *a = &r->match;

    return a->source || a->dest || a->reverse_path_fails || a->over.n > 0 || a->more_than > 0 || a->family != FW_ANY_FAMILY ||
           r->action == FW_ADD || r->action == FW_ASSIGN;
}

static void put_chain(const struct fw_model *m, enum fw_hook hook, FILE *out)
{
    fprintf(out, "    chain %s {\n", chains[hook].name);
    for (size_t i = 0; i < m->n_rules; i++) {
        const struct fw_rule *r = &m->rules[i];
        if (r->hook != hook)
            continue;
        if (!looks_at_addresses(r))
            put_rule(m, r, FW_ANY_FAMILY, out);
        for (size_t k = 0; k < 2 && looks_at_addresses(r); k++)
            if (fw_rule_of_family(r, families[k]))
                put_rule(m, r, families[k], out);
    }
    fputs("    }\n", out);
}

// Packets that are dropped and told of go to a chain of their prefix, so that the limit of the log is no limit of the
// dropping and a meter is asked once.
static void put_log_chain(const struct fw_rule *r, FILE *out)
{
    char name[FW_LOG_NAME_MAX];

    fprintf(out, "    chain log_%s {\n        ", fw_log_name(r->prefix, name));
    put_log(r, out);
    fputs("\n        drop\n    }\n", out);
}

static bool has_rules(const struct fw_model *m, enum fw_hook hook)
{
    for (size_t i = 0; i < m->n_rules; i++)
        if (m->rules[i].hook == hook)
            return true;
    return false;
}

static bool assigns(const struct fw_model *m)
{
    for (size_t i = 0; i < m->n_rules; i++)
        if (m->rules[i].action == FW_ASSIGN)
            return true;
    return false;
}

static void put_empty_chains(const struct fw_model *m, FILE *out)
{
    char name[FW_LOG_NAME_MAX];

    for (int h = 0; h < FW_HOOKS; h++)
        fprintf(out, "add chain inet " TABLE " %s { %s; policy accept; }\nflush chain inet " TABLE " %s\n", chains[h].name,
                chains[h].base, chains[h].name);
    for (size_t i = 0; i < m->n_rules; i++)
        if (fw_first_log(m, i)) {
            fw_log_name(m->rules[i].prefix, name);
            fprintf(out, "add chain inet " TABLE " log_%s\nflush chain inet " TABLE " log_%s\n", name, name);
        }
    for (int h = 0; h < FW_HOOKS; h++) // an older ruleset may have had it
        if (!has_rules(m, h))
            fprintf(out, "delete chain inet " TABLE " %s\n", chains[h].name);
}

int fw_render_nftables(const struct fw_model *m, FILE *out)
{
    int r = fw_render_check(m);

    if (r < 0)
        return r;
    fputs("#!/usr/sbin/nft -f\n# The base ruleset of pptpban: one transaction, other tables stay as they are.\n", out);
    r = fw_render_nftables_frame(m, out);
    if (r == 0)
        r = put_sets(m, out);
    if (r < 0)
        return r;
    put_empty_chains(m, out);
    fputs("\ntable inet " TABLE " {\n", out);
    if (assigns(m))
        fputs("    ct helper pptp {\n        type \"pptp\" protocol tcp\n        l3proto ip\n    }\n", out);
    for (size_t i = 0; i < m->n_rules; i++)
        if (fw_first_log(m, i))
            put_log_chain(&m->rules[i], out);
    for (int h = 0; h < FW_HOOKS; h++)
        if (has_rules(m, h))
            put_chain(m, h, out);
    fputs("}\n", out);
    return ferror(out) ? -EIO : 0;
}
