// SPDX-License-Identifier: GPL-2.0-or-later
// A packet's way through the rules, with three answers to each question: yes, no, maybe.
#include "audit/ruleset.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct ruleset *ruleset_new(void)
{
    return calloc(1, sizeof(struct ruleset));
}

void ruleset_free(struct ruleset *rs)
{
    if (!rs)
        return;
    free(rs->chains);
    free(rs->rules);
    free(rs);
}

static bool grow(void **v, size_t n, size_t size, size_t max)
{
    if (n >= max)
        return false;
    if (n & (n - 1) || (n > 0 && n < 16)) // room is a power of two from 16 on
        return true;
    void *grown = reallocarray(*v, n ? n * 2 : 16, size);
    if (!grown)
        return false;
    *v = grown;
    return true;
}

struct rs_chain *ruleset_chain(struct ruleset *rs, enum rs_origin origin, const char *family, const char *table,
                               const char *name)
{
    if (!grow((void **)&rs->chains, rs->n_chains, sizeof(*rs->chains), RS_CHAINS_MAX)) {
        rs->too_much = true;
        return NULL;
    }
    struct rs_chain *c = &rs->chains[rs->n_chains++];
    *c = (struct rs_chain){.origin = origin};
    c->family = strcmp(family, "ip") == 0 ? 4 : strcmp(family, "ip6") == 0 ? 6 : 0;
    snprintf(c->family_name, sizeof(c->family_name), "%s", family);
    snprintf(c->table, sizeof(c->table), "%s", table);
    snprintf(c->name, sizeof(c->name), "%s", name);
    return c;
}

struct rs_rule *ruleset_rule(struct ruleset *rs, const struct rs_chain *chain)
{
    if (!grow((void **)&rs->rules, rs->n_rules, sizeof(*rs->rules), RS_RULES_MAX)) {
        rs->too_much = true;
        return NULL;
    }
    struct rs_rule *r = &rs->rules[rs->n_rules];
    *r = (struct rs_rule){.chain = (unsigned)(chain - rs->chains), .sequence = (unsigned)rs->n_rules++};
    return r;
}

void rs_rule_protocol(struct rs_rule *r, unsigned protocol)
{
    if (r->n_protocols == RS_PROTOCOLS_MAX || protocol == 0)
        r->maybe = true;
    else
        r->protocols[r->n_protocols++] = (uint8_t)protocol;
}

void rs_rule_ports(struct rs_rule *r, unsigned long first, unsigned long last)
{
    if (r->n_ports == RS_PORTS_MAX || last > UINT16_MAX || first > last)
        r->maybe = true;
    else
        r->ports[r->n_ports++] = (struct rs_ports){(uint16_t)first, (uint16_t)last};
}

unsigned rs_state_named(const char *name)
{
    static const char *const names[] = {"new", "established", "related", "invalid", "untracked"};

    for (unsigned i = 0; i < 5; i++)
        if (strcasecmp(name, names[i]) == 0)
            return 1u << i;
    return 0;
}

unsigned rs_protocol_named(const char *name)
{
    static const struct {
        const char *name;
        unsigned number;
    } known[] = {{"icmp", 1},  {"tcp", 6},        {"udp", 17},    {"gre", 47},   {"esp", 50},
                 {"ah", 51},   {"ipv6-icmp", 58}, {"icmpv6", 58}, {"sctp", 132}, {"udplite", 136},
                 {"dccp", 33}, {"igmp", 2},       {"ipip", 4},    {"ipv6", 41}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcasecmp(name, known[i].name) == 0)
            return known[i].number;
    unsigned long number = isdigit((unsigned char)name[0]) ? strtoul(name, NULL, 10) : 0;
    return number < 256 ? (unsigned)number : 0;
}

bool rs_is_ours(const struct rs_chain *c)
{
    return c->origin == RS_NFT ? strcmp(c->table, "pptpban") == 0 || strcmp(c->table, "pptpban_fw") == 0
                               : strncmp(c->name, "PPTPBAN-", 8) == 0;
}

static int by_chain(const void *a, const void *b)
{
    const struct rs_rule *x = a, *y = b;

    if (x->chain != y->chain)
        return x->chain < y->chain ? -1 : 1;
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

void ruleset_sort(struct ruleset *rs)
{
    if (rs->n_rules)
        qsort(rs->rules, rs->n_rules, sizeof(*rs->rules), by_chain);
    for (size_t i = 0; i < rs->n_rules; i++) {
        struct rs_chain *c = &rs->chains[rs->rules[i].chain];
        if (c->n++ == 0)
            c->first = i;
        if (c->origin != RS_NFT)
            rs->rules[i].handle = c->n;
    }
}

enum answer { NO, MAYBE, YES };

static enum answer both(enum answer a, enum answer b)
{
    return a < b ? a : b;
}

static enum answer yes_if(bool b)
{
    return b ? YES : NO;
}

static enum answer matches(const struct rs_rule *r, const struct rs_packet *p)
{
    enum answer a = r->maybe ? MAYBE : YES;
    bool found;

    if (r->family)
        a = both(a, yes_if(r->family == p->family));
    if (r->n_protocols) {
        found = false;
        for (unsigned i = 0; i < r->n_protocols; i++)
            found |= r->protocols[i] == p->protocol;
        a = both(a, yes_if(found != r->not_protocol));
    }
    if (r->n_ports) {
        found = false;
        for (unsigned i = 0; i < r->n_ports; i++)
            found |= r->ports[i].first <= p->port && p->port <= r->ports[i].last;
        a = both(a, yes_if(p->protocol != RS_GRE && found != r->not_port));
    }
    if (r->states)
        a = both(a, yes_if(((r->states & p->state) != 0) != r->not_state));
    if (r->loopback || r->named_source)
        a = NO;
    if (r->at_server) // GRE is asked about where tunnels end, anything else at the whole machine
        a = both(a, p->protocol == RS_GRE ? YES : MAYBE);
    return a;
}

struct walk {
    const struct ruleset *rs;
    const struct rs_packet *p;
    const struct rs_rule *by; // the rule that decided
    bool maybe_accept, maybe_drop;
    unsigned steps;
    bool welcome;
};

static const struct rs_chain *find_chain(const struct ruleset *rs, const struct rs_chain *from, const char *name)
{
    for (size_t i = 0; i < rs->n_chains; i++) {
        const struct rs_chain *c = &rs->chains[i];
        if (c->origin == from->origin && strcmp(c->name, name) == 0 && strcmp(c->table, from->table) == 0 &&
            strcmp(c->family_name, from->family_name) == 0)
            return c;
    }
    return NULL;
}

static enum rs_verdict walk(struct walk *w, const struct rs_chain *c, size_t n, bool certain, unsigned depth);

// A verdict that may not be meant for this packet is only remembered.
static enum rs_verdict settle(struct walk *w, enum rs_verdict verdict, const struct rs_rule *by, bool certain)
{
    if (verdict == RS_ON)
        return RS_ON;
    if (certain) {
        w->by = by ? by : w->by;
        return verdict;
    }
    w->maybe_accept |= verdict == RS_ACCEPT;
    w->maybe_drop |= verdict == RS_DROP;
    return RS_ON;
}

static enum rs_verdict follow(struct walk *w, const struct rs_chain *c, const struct rs_rule *r, bool certain,
                              unsigned depth)
{
    const struct rs_chain *to = depth < RS_DEPTH_MAX ? find_chain(w->rs, c, r->target) : NULL;

    if (!to) { // not understood: anything may come of it
        w->maybe_accept = w->maybe_drop = true;
        return RS_ON;
    }
    return walk(w, to, to->n, certain, depth + 1);
}

static enum rs_verdict walk(struct walk *w, const struct rs_chain *c, size_t n, bool certain, unsigned depth)
{
    bool ours = rs_is_ours(c);

    for (size_t i = c->first; i < c->first + n; i++) {
        const struct rs_rule *r = &w->rs->rules[i];
        enum answer a = matches(r, w->p);
        if (++w->steps > RS_STEPS_MAX) {
            w->maybe_accept = w->maybe_drop = true;
            return RS_ON;
        }
        // Our own rules ask sets and limits: whoever is welcome is in the sets that let in, a stranger in none, and
        // neither of them is too quick.
        if (ours && a == MAYBE)
            a = w->welcome && (r->verdict == RS_ACCEPT || r->verdict == RS_RETURN) ? YES : NO;
        if (a == NO || r->verdict == RS_ON)
            continue;
        bool sure = certain && a == YES;
        enum rs_verdict v = r->verdict;
        if (v == RS_RETURN) {
            if (sure || a == YES)
                return RS_ON;
            certain = false; // the rest of this chain is seen by some packets only
            continue;
        }
        v = v == RS_JUMP || v == RS_GOTO ? follow(w, c, r, sure, depth) : settle(w, v, r, sure);
        if (v != RS_ON || (r->verdict == RS_GOTO && a == YES))
            return v;
        if (r->verdict == RS_GOTO)
            certain = false;
    }
    return RS_ON;
}

static struct rs_fate fate_of(struct walk *w, const struct rs_chain *base, enum rs_verdict v)
{
    struct rs_fate f = {.verdict = v, .base = base, .rule = w->by};

    f.sure = v == RS_DROP ? !w->maybe_accept : !w->maybe_drop;
    return f;
}

static int by_way(const void *a, const void *b)
{
    const struct rs_chain *const *x = a, *const *y = b;

    if ((*x)->hook != (*y)->hook)
        return (*x)->hook < (*y)->hook ? -1 : 1;
    return (*x)->priority < (*y)->priority ? -1 : (*x)->priority > (*y)->priority;
}

static bool is_on_the_way(const struct rs_chain *c, const struct rs_packet *p)
{
    return (c->hook == RS_PREROUTING || c->hook == RS_INPUT) && (!c->family || c->family == p->family) &&
           strcmp(c->family_name, "bridge") != 0 && strcmp(c->family_name, "arp") != 0 &&
           strcmp(c->family_name, "netdev") != 0;
}

struct rs_fate ruleset_judge(const struct ruleset *rs, const struct rs_packet *p, bool welcome)
{
    const struct rs_chain **way = calloc(rs->n_chains ? rs->n_chains : 1, sizeof(const struct rs_chain *));
    struct rs_fate fate = {.verdict = RS_ACCEPT, .sure = way != NULL};
    size_t n = 0;

    for (size_t i = 0; way && i < rs->n_chains; i++)
        if (is_on_the_way(&rs->chains[i], p))
            way[n++] = &rs->chains[i];
    if (n)
        qsort(way, n, sizeof(*way), by_way);
    for (size_t i = 0; i < n; i++) {
        struct walk w = {.rs = rs, .p = p, .welcome = welcome};
        enum rs_verdict v = walk(&w, way[i], way[i]->n, true, 0);
        if (v == RS_ON && way[i]->drop)
            v = RS_DROP;
        struct rs_fate f = fate_of(&w, way[i], v == RS_DROP ? RS_DROP : RS_ACCEPT);
        if (f.verdict == RS_DROP) {
            if (f.sure || fate.verdict != RS_DROP)
                fate = f;
            if (f.sure)
                break;
        } else if (fate.verdict == RS_ACCEPT) {
            fate.sure &= f.sure;
        }
    }
    free(way);
    return fate;
}

struct rs_fate ruleset_judge_until(const struct ruleset *rs, const struct rs_chain *base, const char *stop,
                                   const struct rs_packet *p)
{
    struct walk w = {.rs = rs, .p = p};
    size_t n = 0;

    while (n < base->n && strcmp(rs->rules[base->first + n].target, stop) != 0)
        n++;
    enum rs_verdict v = walk(&w, base, n, true, 0);
    if (v == RS_ON && w.maybe_accept)
        return (struct rs_fate){.verdict = RS_ACCEPT, .sure = false, .base = base};
    return fate_of(&w, base, v);
}
