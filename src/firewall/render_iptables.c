// SPDX-License-Identifier: GPL-2.0-or-later
// The model for ipset, iptables and ip6tables: chains of our own and nothing else. What accepts only RETURNs, so that
// packets go on to the rules of others just as they do with nftables.
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "firewall/render_text.h"
#include "firewall/renderers.h"

enum {
    NETWORKS_MAX = 1 << 20,  // one and the same for ever: a set of another size could not be swapped for it
    HASHLIMIT_MAX = 1 << 18, // unlike nft, hashlimit drops everybody when its table is full
    MULTIPORT_MAX = 15,      // ports in one rule; a range counts as two
    LINE_SIZE = 1024,
    CHAIN_ID_MAX = 20,       // "PPTPBAN-" and this are the 28 letters that a chain may have
};

static const struct {
    const char *table, *chain;
} places[FW_HOOKS] = {
    [FW_PRE] = {"raw", "PPTPBAN-RAW"},      [FW_HELPER] = {"raw", "PPTPBAN-CT"}, [FW_INPUT] = {"filter", "PPTPBAN-IN"},
    [FW_FORWARD] = {"filter", "PPTPBAN-FWD"}, [FW_MSS] = {"mangle", "PPTPBAN-MSS"}, [FW_NAT] = {"nat", "PPTPBAN-NAT"},
    [FW_OUTPUT] = {"filter", "PPTPBAN-OUT"},
};

static const char *const tables[] = {"raw", "mangle", "nat", "filter"};

const struct fw_jump fw_jumps[] = {
    {"raw", "PREROUTING", "PPTPBAN-CT"},  {"raw", "PREROUTING", "PPTPBAN-RAW"}, {"mangle", "FORWARD", "PPTPBAN-MSS"},
    {"nat", "POSTROUTING", "PPTPBAN-NAT"}, {"filter", "INPUT", "PPTPBAN-IN"},   {"filter", "FORWARD", "PPTPBAN-FWD"},
    {"filter", "OUTPUT", "PPTPBAN-OUT"},   {NULL, NULL, NULL},
};

// --- sets

static const enum fw_family families[] = {FW_IPV4, FW_IPV6};

static int digit(enum fw_family f)
{
    return f == FW_IPV4 ? 4 : 6;
}

static const char *inet(enum fw_family f)
{
    return f == FW_IPV4 ? "inet" : "inet6";
}

struct filling {
    FILE *out;
    const char *name;
    int digit;
};

static void put_network(void *userdata, const char *network)
{
    const struct filling *f = userdata;

    fprintf(f->out, "add pptpban-%s%dt %s\n", f->name, f->digit, network);
}

// Filled beside and then swapped: at every moment there is the old set or the new one.
static void put_networks(const struct fw_set *s, enum fw_family f, FILE *out)
{
    struct filling filling = {out, s->name, digit(f)};
    size_t n = fw_set_count(s, f), buckets = 1024;

    while (buckets < n && buckets < NETWORKS_MAX)
        buckets *= 2;
    fprintf(out, "create pptpban-%s%d hash:net family %s maxelem %d -exist\n", s->name, digit(f), inet(f), NETWORKS_MAX);
    fprintf(out, "create pptpban-%s%dt hash:net family %s hashsize %zu maxelem %d -exist\n", s->name, digit(f), inet(f), buckets,
            NETWORKS_MAX);
    fprintf(out, "flush pptpban-%s%dt\n", s->name, digit(f));
    fw_set_each(s, f, put_network, &filling);
    fprintf(out, "swap pptpban-%s%dt pptpban-%s%d\ndestroy pptpban-%s%dt\n", s->name, digit(f), s->name, digit(f), s->name,
            digit(f));
}

static int put_sets(const struct fw_model *m, FILE *out)
{
    for (size_t i = 0; i < m->n_sets; i++) {
        const struct fw_set *s = &m->sets[i];
        for (size_t k = 0; k < 2; k++) {
            if (fw_set_count(s, families[k]) > NETWORKS_MAX)
                return -E2BIG;
            if (s->kind == FW_SET_NETWORKS)
                put_networks(s, families[k], out);
            else if (s->kind == FW_SET_RUNTIME) // timeout 0: each entry brings its own
                fprintf(out, "create pptpban-%s%d hash:net family %s maxelem %" PRIu32 " timeout 0 -exist\n", s->name,
                        digit(families[k]), inet(families[k]), s->size);
            else
                fprintf(out, "create pptpban-%s%d hash:ip family %s maxelem %" PRIu32 " timeout %" PRIu32 " -exist\n", s->name,
                        digit(families[k]), inet(families[k]), s->size, s->timeout);
        }
    }
    return 0;
}

// --- rules

struct line { // the matches of a rule, growing
    char s[LINE_SIZE];
    size_t n;
};

__attribute__((format(printf, 2, 3))) static void say(struct line *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(l->s + l->n, sizeof(l->s) - l->n, fmt, ap);
    va_end(ap);
    l->n = n < 0 || (size_t)n >= sizeof(l->s) - l->n ? sizeof(l->s) - 1 : l->n + (size_t)n;
}

// The ports from the given one on, as many as one rule takes, all of one protocol; the first that is left.
static size_t say_ports(struct line *l, const struct fw_match *a, size_t from)
{
    uint8_t protocol = a->port[from].protocol;
    size_t end = from, slots = 0;

    for (; end < a->n_ports && a->port[end].protocol == protocol; end++) {
        slots += a->port[end].first == a->port[end].last ? 1 : 2;
        if (slots > MULTIPORT_MAX)
            break;
    }
    say(l, " -p %s %s ", protocol == FW_TCP ? "tcp" : "udp", end - from > 1 ? "-m multiport --dports" : "--dport");
    for (size_t i = from; i < end; i++) {
        say(l, "%s%u", i > from ? "," : "", a->port[i].first);
        if (a->port[i].first != a->port[i].last)
            say(l, ":%u", a->port[i].last);
    }
    return end;
}

static void say_protocol(struct line *l, const struct fw_match *a, enum fw_family f)
{
    switch (a->n_ports > 0 ? 0 : a->protocol) {
    case 0: break;
    case FW_TCP: say(l, " -p tcp"); break;
    case FW_UDP: say(l, " -p udp"); break;
    case FW_ICMP: case FW_ICMP6: say(l, " -p %s", f == FW_IPV4 ? "icmp" : "ipv6-icmp"); break;
    default: say(l, " -p %u", a->protocol);
    }
}

static void say_states(struct line *l, unsigned state)
{
    static const char *const names[] = {"NEW", "ESTABLISHED", "RELATED", "INVALID"};
    const char *comma = " -m conntrack --ctstate ";

    for (size_t i = 0; i < 4; i++)
        if (state & 1u << i) {
            say(l, "%s%s", comma, names[i]);
            comma = ",";
        }
}

static void say_sets(struct line *l, const struct fw_match *a, enum fw_family f)
{
    if (a->source)
        say(l, " -m set%s --match-set pptpban-%s%d src", a->not_source ? " !" : "", a->source, digit(f));
    if (a->dest)
        say(l, " -m set%s --match-set pptpban-%s%d dst", a->not_dest ? " !" : "", a->dest, digit(f));
    if (a->local)
        say(l, " -m addrtype --dst-type LOCAL");
    if (a->reverse_path_fails) // the match lets the unspecified address of IPv6 pass by itself
        say(l, " ! -s %s -m rpfilter --invert", f == FW_IPV4 ? "0.0.0.0/32" : "fe80::/10");
}

// All that is not alternatives; those come before it.
static void say_matches(struct line *l, const struct fw_rule *r, enum fw_family f)
{
    const struct fw_match *a = &r->match;

    if (r->action == FW_CLAMP) // also what answers a SYN
        say(l, " --tcp-flags SYN,RST SYN");
    else if (a->syn)
        say(l, " --syn");
    say_sets(l, a, f);
    say_states(l, a->state);
}

// The name holds the limits: a table of hashlimit keeps the ones with which it was made as long as a rule uses it.
static void say_meter(struct line *l, const struct fw_match *a, enum fw_family f)
{
    if (a->over.n > 0)
        say(l,
            " -m hashlimit --hashlimit-above %u/%s --hashlimit-burst %u --hashlimit-mode srcip --hashlimit-srcmask %d"
            " --hashlimit-name pptpban-%s-%u-%u-%u --hashlimit-htable-max %d --hashlimit-htable-expire %u",
            a->over.n, fw_rate_unit(&a->over), a->over.burst, f == FW_IPV4 ? 32 : 64, a->meter, a->over.n, a->over.seconds,
            a->over.burst, HASHLIMIT_MAX, fw_rate_memory(&a->over) * 1000);
    if (a->more_than > 0)
        say(l, " -m connlimit --connlimit-above %u --connlimit-mask %d --connlimit-saddr", a->more_than, f == FW_IPV4 ? 32 : 64);
}

static void say_limit(struct line *l, const struct fw_rule *r)
{
    say(l, " -m limit --limit %u/%s --limit-burst %u", r->log.n, fw_rate_unit(&r->log), r->log.burst);
}

static void say_action(struct line *l, const struct fw_model *m, const struct fw_rule *r, enum fw_family f)
{
    char name[FW_LOG_NAME_MAX];

    if (r->action == FW_LOG)
        say_limit(l, r);
    say(l, " -m comment --comment \"%s\"", r->id);
    switch (r->action) {
    case FW_COUNT: break;
    case FW_ACCEPT: say(l, " -j RETURN"); break;
    case FW_DROP:
        if (r->prefix)
            say(l, " -g PPTPBAN-log-%s", fw_log_name(r->prefix, name));
        else
            say(l, " -j DROP");
        break;
    case FW_LOG: say(l, " -j LOG --log-prefix \"%s\" --log-level info", r->prefix); break;
    case FW_ADD:
        say(l, " -j SET --add-set pptpban-%s%d src --exist --timeout %" PRIu32, r->set, digit(f), fw_model_set(m, r->set)->timeout);
        break;
    case FW_ASSIGN: say(l, " -j CT --helper pptp"); break;
    case FW_CLAMP: say(l, " -j TCPMSS --clamp-mss-to-pmtu"); break;
    case FW_MASQUERADE: say(l, " -j MASQUERADE"); break;
    }
}

// xt_time's bounds are both inclusive, in UTC unless told otherwise, and end in January 2038.
static void say_window(struct line *l, const struct fw_window *w)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const time_t last = 0x7fffffff;
    char from[24], to[24];
    struct tm tm;
    time_t begin = w->from < last ? w->from : last, end = w->to - 1 < last ? w->to - 1 : last;
    const char *comma = "";

    strftime(from, sizeof(from), "%Y-%m-%dT%H:%M:%S", gmtime_r(&begin, &tm));
    strftime(to, sizeof(to), "%Y-%m-%dT%H:%M:%S", gmtime_r(&end, &tm));
    say(l, " -m time --datestart %s --datestop %s --timestart %02u:%02u:%02u --timestop %02u:%02u:%02u --weekdays ", from, to,
        w->begin / 3600, w->begin / 60 % 60, w->begin % 60, (w->end - 1) / 3600, (w->end - 1) / 60 % 60, (w->end - 1) % 60);
    for (size_t i = 0; i < 7; i++)
        if (w->days & 1u << i) {
            say(l, "%s%s", comma, days[i]);
            comma = ",";
        }
}

// What iptables cannot say in one rule, since a rule knows no "or", becomes several: one for each combination of
// interfaces, ports and windows. tail is what they have in common.
static int put_combinations(const char *chain, const struct fw_rule *r, enum fw_family f, const char *tail, FILE *out)
{
    const struct fw_match *a = &r->match;
    size_t ins = a->in && a->in->n > 0 ? a->in->n : 1, outs = a->out && a->out->n > 0 ? a->out->n : 1;
    size_t windows = a->windows && !a->not_windows ? a->windows->n : 1;

    for (size_t i = 0; i < ins; i++)
        for (size_t o = 0; o < outs; o++)
            for (size_t p = 0, next = 0; p == 0 || p < a->n_ports; p = next)
                for (size_t w = 0; w < windows; w++) {
                    struct line l = {.n = 0};
                    if (a->in && a->in->n > 0)
                        say(&l, " -i %s", a->in->v[i]);
                    if (a->out && a->out->n > 0)
                        say(&l, " -o %s", a->out->v[o]);
                    say_protocol(&l, a, f);
                    next = a->n_ports > 0 ? say_ports(&l, a, p) : 1;
                    if (a->windows && !a->not_windows)
                        say_window(&l, &a->windows->v[w]);
                    say(&l, "%s", tail);
                    if (l.n >= sizeof(l.s) - 1)
                        return -E2BIG;
                    fprintf(out, "-A %s%s\n", chain, l.s);
                }
    return 0;
}

// "None of these windows", and meters that several rules would have to share, need a chain of the rule's own.
static bool needs_chain(const struct fw_rule *r)
{
    const struct fw_match *a = &r->match;
    bool several = (a->in && a->in->n > 1) || (a->out && a->out->n > 1) || a->n_ports > 1;

    return (a->windows && a->not_windows) || (several && (a->more_than > 0 || r->action == FW_LOG));
}

static int put_rule(const struct fw_model *m, const struct fw_rule *r, enum fw_family f, FILE *out)
{
    struct line head = {.n = 0}, tail = {.n = 0};
    const char *chain = places[r->hook].chain;

    if (!fw_rule_of_family(r, f)) {
        if (r->action == FW_ASSIGN)
            fprintf(out, "# %s: left out, the kernel's PPTP helper knows IPv4 alone\n", r->id);
        return 0;
    }
    fprintf(out, "# %s\n", r->why);
    say_matches(&head, r, f);
    if (!needs_chain(r)) {
        say_meter(&head, &r->match, f);
        say_action(&head, m, r, f);
        return head.n >= sizeof(head.s) - 1 ? -E2BIG : put_combinations(chain, r, f, head.s, out);
    }
    say(&head, " -j PPTPBAN-%s", r->id);
    int e = put_combinations(chain, r, f, head.s, out);
    for (size_t i = 0; e == 0 && r->match.not_windows && i < r->match.windows->n; i++) {
        struct line l = {.n = 0};
        say_window(&l, &r->match.windows->v[i]);
        fprintf(out, "-A PPTPBAN-%s%s -j RETURN\n", r->id, l.s);
    }
    say_meter(&tail, &r->match, f);
    say_action(&tail, m, r, f);
    fprintf(out, "-A PPTPBAN-%s%s\n", r->id, tail.s);
    return e;
}

// Packets that are dropped and told of go to a chain of their prefix, so that the limit of the log is no limit of the
// dropping and a meter is asked once.
static void put_log_chain(const struct fw_rule *r, FILE *out)
{
    char name[FW_LOG_NAME_MAX];
    struct line l = {.n = 0};

    fw_log_name(r->prefix, name);
    say_limit(&l, r);
    fprintf(out, "-A PPTPBAN-log-%s%s -j LOG --log-prefix \"%s\" --log-level info\n", name, l.s, r->prefix);
    fprintf(out, "-A PPTPBAN-log-%s -j DROP\n", name);
}

static bool in_table(const struct fw_rule *r, const char *table)
{
    return strcmp(places[r->hook].table, table) == 0;
}

// The first rule of this table with its prefix.
static bool begins_log(const struct fw_model *m, size_t rule, const char *table)
{
    const struct fw_rule *r = &m->rules[rule];

    if (!in_table(r, table) || r->action != FW_DROP || !r->prefix)
        return false;
    for (size_t i = 0; i < rule; i++)
        if (in_table(&m->rules[i], table) && m->rules[i].action == FW_DROP && m->rules[i].prefix &&
            strcmp(m->rules[i].prefix, r->prefix) == 0)
            return false;
    return true;
}

// A chain that is named this way is made, or emptied if it is there.
static int put_chains(const struct fw_model *m, const char *table, enum fw_family f, FILE *out)
{
    char name[FW_LOG_NAME_MAX];

    for (size_t h = 0; h < FW_HOOKS; h++)
        if (strcmp(places[h].table, table) == 0)
            fprintf(out, ":%s - [0:0]\n", places[h].chain);
    for (size_t i = 0; i < m->n_rules; i++) {
        const struct fw_rule *r = &m->rules[i];
        if (begins_log(m, i, table))
            fprintf(out, ":PPTPBAN-log-%s - [0:0]\n", fw_log_name(r->prefix, name));
        if (!in_table(r, table) || !needs_chain(r) || !fw_rule_of_family(r, f))
            continue;
        if (strlen(r->id) > CHAIN_ID_MAX)
            return -EINVAL;
        fprintf(out, ":PPTPBAN-%s - [0:0]\n", r->id);
    }
    return 0;
}

static int put_table(const struct fw_model *m, const char *table, enum fw_family f, FILE *out)
{
    fprintf(out, "*%s\n", table);
    int e = put_chains(m, table, f, out);
    for (size_t i = 0; e == 0 && i < m->n_rules; i++)
        if (in_table(&m->rules[i], table))
            e = put_rule(m, &m->rules[i], f, out);
    for (size_t i = 0; e == 0 && i < m->n_rules; i++)
        if (begins_log(m, i, table))
            put_log_chain(&m->rules[i], out);
    fputs("COMMIT\n", out);
    return e;
}

int fw_render_iptables_part(const struct fw_model *m, enum fw_iptables_part part, FILE *out)
{
    int e = fw_render_check(m);

    if (e == 0 && part == FW_IPT_SETS)
        e = put_sets(m, out);
    for (size_t i = 0; e == 0 && part != FW_IPT_SETS && i < sizeof(tables) / sizeof(tables[0]); i++)
        e = put_table(m, tables[i], part == FW_IPT_V4 ? FW_IPV4 : FW_IPV6, out);
    return e < 0 ? e : ferror(out) ? -EIO : 0;
}

// --- all of it, for a shell

int fw_render_iptables(const struct fw_model *m, FILE *out)
{
    static const struct {
        enum fw_iptables_part part;
        const char *program;
    } parts[] = {
        {FW_IPT_SETS, "ipset restore"},
        {FW_IPT_V4, "\"${IPTABLES:-iptables}-restore\" --wait --noflush"},
        {FW_IPT_V6, "\"${IP6TABLES:-ip6tables}-restore\" --wait --noflush"},
    };

    int status = fw_render_check(m);
    if (status < 0)
        return status;
    fputs("#!/bin/sh\n# The base ruleset of pptpban: chains and sets of its own, those of others stay as they are.\n"
          "# IPTABLES=iptables-legacy IP6TABLES=ip6tables-legacy choose other programs.\nset -e\n",
          out);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        fprintf(out, "\n%s <<'END'\n", parts[i].program);
        int e = fw_render_iptables_part(m, parts[i].part, out);
        if (e < 0)
            return e;
        fputs("END\n", out);
    }
    fputs("\nfor program in \"${IPTABLES:-iptables}\" \"${IP6TABLES:-ip6tables}\"; do\n"
          "    while read -r table hook chain; do\n"
          "        \"$program\" --wait -t \"$table\" -C \"$hook\" -j \"$chain\" 2>/dev/null ||\n"
          "            \"$program\" --wait -t \"$table\" -I \"$hook\" 1 -j \"$chain\"\n"
          "    done <<'END'\n",
          out);
    for (const struct fw_jump *j = fw_jumps; j->table; j++)
        fprintf(out, "%s %s %s\n", j->table, j->hook, j->chain);
    fputs("END\ndone\n", out);
    return ferror(out) ? -EIO : 0;
}
