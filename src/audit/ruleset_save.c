// SPDX-License-Identifier: GPL-2.0-or-later
// iptables-save's text into the plain form. What it does not know is a maybe.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/ruleset.h"
#include "audit/view.h"

enum { WORDS_MAX = 256, LINE_MAX_ = 4096 };

struct line {
    char buf[LINE_MAX_];
    char *v[WORDS_MAX];
    size_t n;
    bool cut;
};

// Words of a line: blanks separate, "..." holds together, a backslash in it takes the next as it is.
static void split(struct str s, struct line *l)
{
    size_t at = 0;

    l->n = 0;
    l->cut = false;
    while (s.n > 0) {
        while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
            s = str_skip(s, 1);
        if (s.n == 0)
            break;
        if (l->n == WORDS_MAX || at + 2 > sizeof(l->buf)) {
            l->cut = true;
            break;
        }
        l->v[l->n++] = l->buf + at;
        bool quoted = false;
        for (; s.n > 0 && (quoted || s.p[0] != ' '); s = str_skip(s, 1)) {
            if (s.p[0] == '"') {
                quoted = !quoted;
                continue;
            }
            if (quoted && s.p[0] == '\\' && s.n > 1)
                s = str_skip(s, 1);
            if (at + 2 > sizeof(l->buf)) {
                l->cut = true;
                continue;
            }
            l->buf[at++] = s.p[0];
        }
        l->buf[at++] = '\0';
    }
}

static void set_hook(struct rs_chain *c)
{
    static const struct {
        const char *name;
        enum rs_hook hook;
    } hooks[] = {{"PREROUTING", RS_PREROUTING},
                 {"INPUT", RS_INPUT},
                 {"FORWARD", RS_FORWARD},
                 {"OUTPUT", RS_OUTPUT},
                 {"POSTROUTING", RS_POSTROUTING}};
    static const struct {
        const char *name;
        long priority;
    } tables[] = {{"raw", -300}, {"mangle", -150}, {"nat", -100}, {"filter", 0}, {"security", 50}};

    for (size_t i = 0; i < 5; i++)
        if (strcmp(c->name, hooks[i].name) == 0)
            c->hook = hooks[i].hook;
    for (size_t i = 0; i < 5; i++)
        if (strcmp(c->table, tables[i].name) == 0)
            c->priority = tables[i].priority;
}

// Whether that asks our own set of the VPN server's addresses.
static bool is_server(const struct rs_chain *c, char **v, size_t n)
{
    return rs_is_ours(c) && strncmp(v[1], "pptpban-server", 14) == 0 && n > 2 && strcmp(v[2], "dst") == 0;
}

static const struct rs_chain *find(const struct ruleset *rs, enum rs_origin origin, const char *family,
                                   const char *table, const char *name)
{
    for (size_t i = rs->n_chains; i > 0; i--) {
        const struct rs_chain *c = &rs->chains[i - 1];
        if (c->origin == origin && strcmp(c->name, name) == 0 && strcmp(c->table, table) == 0 &&
            strcmp(c->family_name, family) == 0)
            return c;
    }
    return NULL;
}

static void add_ports(struct rs_rule *r, const char *list, bool no)
{
    char *end;

    if (r->n_ports)
        r->maybe = true;
    r->not_port = no;
    while (*list) {
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (*end == ':')
            last = strtoul(end + 1, &end, 10);
        rs_rule_ports(r, first, last);
        if (*end != ',')
            break;
        list = end + 1;
    }
}

static void add_states(struct rs_rule *r, char *list, bool no)
{
    char *rest, *name = strtok_r(list, ",", &rest);

    if (r->states)
        r->maybe = true;
    r->not_state = no;
    for (; name; name = strtok_r(NULL, ",", &rest)) {
        unsigned bit = rs_state_named(name);
        r->states |= bit;
        r->maybe |= !bit;
    }
}

static bool is_in(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

static void target(struct ruleset *rs, const struct rs_chain *c, struct rs_rule *r, const char *name, bool go)
{
    static const char *const going_on[] = {
        "LOG",  "NFLOG", "MARK",     "CONNMARK", "CT",    "TCPMSS",  "NOTRACK",     "SET",         "TRACE", "CLASSIFY",
        "DSCP", "TOS",   "CHECKSUM", "ULOG",     "AUDIT", "SECMARK", "CONNSECMARK", "TCPOPTSTRIP", NULL};
    static const char *const changing[] = {"MASQUERADE", "SNAT", "DNAT", "NETMAP", "REDIRECT", NULL};

    if (strcmp(name, "ACCEPT") == 0) {
        r->verdict = RS_ACCEPT;
    } else if (strcmp(name, "DROP") == 0 || strcmp(name, "REJECT") == 0 || strcmp(name, "TARPIT") == 0) {
        r->verdict = RS_DROP;
    } else if (strcmp(name, "RETURN") == 0) {
        r->verdict = RS_RETURN;
    } else if (is_in(name, changing)) {
        r->verdict = RS_ACCEPT;
        r->does |= RS_TRANSLATE;
    } else if (find(rs, c->origin, c->family_name, c->table, name)) {
        r->verdict = go ? RS_GOTO : RS_JUMP;
        snprintf(r->target, sizeof(r->target), "%s", name);
    } else if (!is_in(name, going_on)) { // a target that is not known may do anything
        r->verdict = RS_DROP;
        r->maybe = true;
    }
    if (strcmp(name, "TCPMSS") == 0)
        r->does |= RS_CLAMP;
}

// One option with its value; returns how many words it took, 0 when it is not known.
static size_t option(struct ruleset *rs, const struct rs_chain *c, struct rs_rule *r, char **v, size_t n, bool no)
{
    static const char *const modules[] = {"tcp", "udp", "conntrack", "state", "comment", "multiport", "addrtype",
                                         "set", NULL}; // its option says what it asks
    static const char *const limits[] = {"limit", "hashlimit", "connlimit", "recent", NULL};
    const char *o = v[0];
    char *value = n > 1 ? v[1] : NULL;

    if (strcmp(o, "--syn") == 0)
        return r->maybe |= no, 1;
    if (!value)
        return 0;
    if (strcmp(o, "-p") == 0) {
        r->not_protocol = no;
        if (strcmp(value, "all") != 0)
            rs_rule_protocol(r, rs_protocol_named(value));
    } else if (strcmp(o, "--dport") == 0 || strcmp(o, "--dports") == 0 || strcmp(o, "--destination-port") == 0) {
        add_ports(r, value, no);
    } else if (strcmp(o, "--ctstate") == 0 || strcmp(o, "--state") == 0) {
        add_states(r, value, no);
    } else if (strcmp(o, "-i") == 0 && strcmp(value, "lo") == 0) {
        *(no ? &r->not_loopback : &r->loopback) = true;
    } else if (strcmp(o, "--match-set") == 0) {
        r->does |= strcmp(value, "pptpban-gre4") == 0 ? RS_PEERS : 0;
        *(is_server(c, v, n) && !no ? &r->at_server : &r->maybe) = true;
    } else if (strcmp(o, "-s") == 0) {
        r->named_source |= !no && strcmp(value, "0.0.0.0/0") != 0 && strcmp(value, "::/0") != 0;
    } else if (strcmp(o, "-m") == 0) {
        r->maybe |= !is_in(value, modules);
        r->does |= is_in(value, limits) ? RS_LIMIT : strcmp(value, "set") == 0 ? RS_LOOKUP : 0;
    } else if (strcmp(o, "--dst-type") == 0) {
        r->maybe |= no || strcmp(value, "LOCAL") != 0;
    } else if (strcmp(o, "--helper") == 0) {
        r->does |= strcmp(value, "pptp") == 0 ? RS_HELPER : 0;
    } else if (strcmp(o, "-j") == 0 || strcmp(o, "-g") == 0) {
        target(rs, c, r, value, o[1] == 'g');
    } else if (strcmp(o, "--tcp-flags") == 0 && n > 2) {
        r->maybe |= no || strcmp(v[2], "SYN") != 0;
        return 3;
    } else if (strcmp(o, "--comment") != 0 && strcmp(o, "--log-prefix") != 0 && strcmp(o, "--reject-with") != 0) {
        return 0;
    }
    return 2;
}

static void add_rule(struct ruleset *rs, const struct rs_chain *c, struct line *l)
{
    struct rs_rule *r = ruleset_rule(rs, c);
    bool no = false, targeted = false;

    if (!r)
        return;
    r->does = RS_COUNT; // iptables counts always
    r->maybe = l->cut;
    for (size_t i = 2; i < l->n;) {
        if (strcmp(l->v[i], "!") == 0) {
            no = true;
            i++;
            continue;
        }
        size_t took = option(rs, c, r, l->v + i, l->n - i, no);
        // options behind the target are the target's, unknown ones before it are conditions
        if (took == 0 && !targeted && l->v[i][0] == '-')
            r->maybe = true;
        targeted |= strcmp(l->v[i], "-j") == 0 || strcmp(l->v[i], "-g") == 0;
        i += took ? took : 1;
        no = false;
    }
}

int ruleset_add_save(struct ruleset *rs, struct str text, enum rs_origin origin, unsigned family)
{
    const char *family_name = family == 6 ? "ip6" : "ip";
    struct line *l = malloc(sizeof(*l));
    char table[RS_NAME_MAX + 1] = "";
    struct str line;

    if (!l)
        return -ENOMEM;
    while (view_cut_line(&text, &line)) {
        if (line.n > 1 && line.p[0] == '*') {
            snprintf(table, sizeof(table), "%.*s", (int)line.n - 1, line.p + 1);
            continue;
        }
        if (line.n < 2 || (line.p[0] != ':' && line.p[0] != '-'))
            continue;
        split(line.p[0] == ':' ? str_skip(line, 1) : line, l);
        if (line.p[0] == ':' && l->n >= 2) {
            struct rs_chain *c = ruleset_chain(rs, origin, family_name, table, l->v[0]);
            if (!c)
                break;
            set_hook(c);
            c->drop = strcmp(l->v[1], "DROP") == 0;
        } else if (l->n >= 2 && strcmp(l->v[0], "-A") == 0) {
            const struct rs_chain *c = find(rs, origin, family_name, table, l->v[1]);
            if (c)
                add_rule(rs, c, l);
        }
    }
    free(l);
    return 0;
}
