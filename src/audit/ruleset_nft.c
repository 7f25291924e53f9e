// SPDX-License-Identifier: GPL-2.0-or-later
// nftables' JSON into the plain form. What it does not know is a maybe.
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "audit/ruleset.h"

static const char *text_of(const json_t *o, const char *key)
{
    const char *t = json_string_value(json_object_get(o, key));

    return t ? t : "";
}

static enum rs_hook hook_named(const char *name)
{
    static const char *const names[] = {"", "prerouting", "input", "forward", "output", "postrouting"};

    for (unsigned i = 0; i < 6; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum rs_hook)i;
    return RS_OTHER_HOOK;
}

// A chain that iptables-nft made: its base chains bear the old names.
static bool is_iptables(const json_t *chain)
{
    static const char *const names[] = {"INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"};
    const char *family = text_of(chain, "family"), *name = text_of(chain, "name");

    if ((strcmp(family, "ip") != 0 && strcmp(family, "ip6") != 0) || !json_object_get(chain, "hook"))
        return false;
    for (unsigned i = 0; i < 5; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static const struct rs_chain *find(const struct ruleset *rs, const char *family, const char *table, const char *name)
{
    for (size_t i = 0; i < rs->n_chains; i++) {
        const struct rs_chain *c = &rs->chains[i];
        if (c->origin == RS_NFT && strcmp(c->name, name) == 0 && strcmp(c->table, table) == 0 &&
            strcmp(c->family_name, family) == 0)
            return c;
    }
    return NULL;
}

// The values of a match's right side, one at a time: a scalar, {"set": [...]}, [...].
static size_t n_values(const json_t *right)
{
    const json_t *set = json_object_get(right, "set");

    return json_is_array(set) ? json_array_size(set) : json_is_array(right) ? json_array_size(right) : 1;
}

static const json_t *value_at(const json_t *right, size_t i)
{
    const json_t *set = json_object_get(right, "set");

    return json_is_array(set) ? json_array_get(set, i) : json_is_array(right) ? json_array_get(right, i) : right;
}

static unsigned protocol_of(const json_t *v)
{
    return json_is_integer(v)  ? (unsigned)json_integer_value(v)
           : json_is_string(v) ? rs_protocol_named(json_string_value(v))
                               : 0;
}

static bool ports_of(const json_t *v, unsigned long *ret_first, unsigned long *ret_last)
{
    const json_t *range = json_object_get(v, "range");
    const json_t *first = range ? json_array_get(range, 0) : v, *last = range ? json_array_get(range, 1) : v;

    if (!json_is_integer(first) || !json_is_integer(last) || json_integer_value(first) < 0 ||
        json_integer_value(last) < 0)
        return false;
    *ret_first = (unsigned long)json_integer_value(first);
    *ret_last = (unsigned long)json_integer_value(last);
    return true;
}

static void require_protocol(struct rs_rule *r, unsigned protocol)
{
    if (r->n_protocols == 0)
        rs_rule_protocol(r, protocol);
    else if (r->n_protocols != 1 || r->protocols[0] != protocol)
        r->maybe |= r->n_protocols > 1;
}

static void match_protocols(struct rs_rule *r, const json_t *right, bool no)
{
    if (r->n_protocols) {
        r->maybe = true;
        return;
    }
    r->not_protocol = no;
    for (size_t i = 0; i < n_values(right); i++)
        rs_rule_protocol(r, protocol_of(value_at(right, i)));
}

static void match_ports(struct rs_rule *r, const json_t *right, const char *op)
{
    unsigned long first, last;

    if (r->n_ports || (strcmp(op, "==") != 0 && strcmp(op, "!=") != 0)) {
        r->maybe = true;
        return;
    }
    r->not_port = strcmp(op, "!=") == 0;
    for (size_t i = 0; i < n_values(right); i++) {
        if (ports_of(value_at(right, i), &first, &last))
            rs_rule_ports(r, first, last);
        else
            r->maybe = true;
    }
}

static void match_states(struct rs_rule *r, const json_t *right, bool no)
{
    if (r->states)
        r->maybe = true;
    r->not_state = no;
    for (size_t i = 0; i < n_values(right); i++) {
        const char *name = json_string_value(value_at(right, i));
        unsigned bit = name ? rs_state_named(name) : 0;
        r->states |= bit;
        r->maybe |= !bit;
    }
}

static void match_meta(struct rs_rule *r, const char *key, const json_t *right, bool no)
{
    const char *value = json_string_value(right);

    if (strcmp(key, "l4proto") == 0) {
        match_protocols(r, right, no);
    } else if (strcmp(key, "nfproto") == 0 && value && !no) {
        r->family = strcmp(value, "ipv4") == 0 ? 4 : 6;
    } else if ((strcmp(key, "iifname") == 0 || strcmp(key, "iif") == 0) && value && strcmp(value, "lo") == 0) {
        r->loopback = !no;
        r->not_loopback = no;
    } else {
        r->maybe = true;
    }
}

static void match_payload(struct rs_rule *r, const json_t *payload, const json_t *right, const char *op)
{
    const char *protocol = text_of(payload, "protocol"), *field = text_of(payload, "field");
    bool no = strcmp(op, "!=") == 0;

    if (strcmp(protocol, "ip") == 0 || strcmp(protocol, "ip6") == 0)
        r->family = strcmp(protocol, "ip") == 0 ? 4 : 6;
    if ((strcmp(protocol, "ip") == 0 && strcmp(field, "protocol") == 0) ||
        (strcmp(protocol, "ip6") == 0 && strcmp(field, "nexthdr") == 0)) {
        match_protocols(r, right, no);
        return;
    }
    if (strcmp(protocol, "ip") != 0 && strcmp(protocol, "ip6") != 0 && strcmp(protocol, "th") != 0 &&
        rs_protocol_named(protocol))
        require_protocol(r, rs_protocol_named(protocol));
    if (strcmp(field, "saddr") == 0 && (no || strcmp(op, "==") == 0))
        r->named_source |= !no; // a set with a name was seen before
    else if (strcmp(field, "dport") == 0)
        match_ports(r, right, op);
    else if (strcmp(protocol, "tcp") == 0 && strcmp(field, "flags") == 0)
        r->maybe |= no || strcmp(json_string_value(right) ? json_string_value(right) : "", "syn") != 0;
    else
        r->maybe = true;
}

static void match(struct rs_rule *r, const json_t *m)
{
    const json_t *left = json_object_get(m, "left"), *right = json_object_get(m, "right");
    const json_t *payload = json_object_get(left, "payload"), *meta = json_object_get(left, "meta");
    const json_t *ct = json_object_get(left, "ct"), *fib = json_object_get(left, "fib");
    const char *op = text_of(m, "op");
    bool no = strcmp(op, "!=") == 0;

    if (json_is_string(right) && json_string_value(right)[0] == '@') {
        r->maybe = true;
        r->does |= strcmp(json_string_value(right), "@gre4") == 0 ? RS_LOOKUP | RS_PEERS : RS_LOOKUP;
    } else if (payload) {
        match_payload(r, payload, right, op);
    } else if (meta) {
        match_meta(r, text_of(meta, "key"), right, no);
    } else if (ct && strcmp(text_of(ct, "key"), "state") == 0) {
        match_states(r, right, no);
    } else if (fib && strcmp(text_of(fib, "result"), "type") == 0 && json_is_string(right) && !no &&
               strcmp(json_string_value(right), "local") == 0) {
        ; // the packets asked about are for this machine
    } else {
        r->maybe = true;
    }
}

// Whether that asks our own set of the VPN server's addresses.
static bool match_server(const struct rs_chain *c, struct rs_rule *r, const json_t *m)
{
    const char *set = text_of(m, "right"), *family = strcmp(set, "@server6") == 0 ? "ip6" : "ip";
    const json_t *payload = json_object_get(json_object_get(m, "left"), "payload");

    if (!rs_is_ours(c) || (strcmp(set, "@server4") != 0 && strcmp(set, "@server6") != 0) ||
        strcmp(text_of(m, "op"), "==") != 0 || strcmp(text_of(payload, "field"), "daddr") != 0 ||
        strcmp(text_of(payload, "protocol"), family) != 0)
        return false;
    r->family = family[2] ? 6 : 4;
    r->does |= RS_LOOKUP;
    r->at_server = true;
    return true;
}

static bool verdict(struct rs_rule *r, const json_t *e)
{
    static const struct {
        const char *key;
        enum rs_verdict verdict;
    } all[] = {{"accept", RS_ACCEPT}, {"drop", RS_DROP}, {"reject", RS_DROP}, {"return", RS_RETURN},
               {"jump", RS_JUMP},     {"goto", RS_GOTO}, {"continue", RS_ON}};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const json_t *v = json_object_get(e, all[i].key);
        if (!v)
            continue;
        r->verdict = all[i].verdict;
        snprintf(r->target, sizeof(r->target), "%s", text_of(v, "target"));
        return true;
    }
    return false;
}

// A map of verdicts is one rule for each of its elements.
static int add_map(struct ruleset *rs, const struct rs_chain *c, const struct rs_rule *so_far, const json_t *map)
{
    const json_t *key = json_object_get(map, "key"), *set = json_object_get(json_object_get(map, "data"), "set");
    size_t i;
    const json_t *element;

    if (!json_is_array(set)) { // a named one: anything may come of it
        for (unsigned drop = 0; drop < 2; drop++) {
            struct rs_rule *r = ruleset_rule(rs, c);
            if (!r)
                return -E2BIG;
            unsigned sequence = r->sequence;
            *r = *so_far;
            r->sequence = sequence;
            r->maybe = true;
            r->verdict = drop ? RS_DROP : RS_ACCEPT;
        }
        return 0;
    }
    json_array_foreach((json_t *)set, i, element)
    {
        json_t *m = json_pack("{s:s, s:O, s:O}", "op", "==", "left", key, "right", json_array_get(element, 0));
        struct rs_rule *r = m ? ruleset_rule(rs, c) : NULL;
        if (!r) {
            json_decref(m);
            return -E2BIG;
        }
        unsigned sequence = r->sequence;
        *r = *so_far;
        r->sequence = sequence;
        match(r, m);
        verdict(r, json_array_get(element, 1));
        json_decref(m);
    }
    return 0;
}

static bool is_pptp_helper(const json_t *all, const struct rs_chain *c, const char *name)
{
    size_t i;
    const json_t *o;

    json_array_foreach((json_t *)all, i, o)
    {
        const json_t *h = json_object_get(o, "ct helper");
        if (h && strcmp(text_of(h, "name"), name) == 0 && strcmp(text_of(h, "table"), c->table) == 0 &&
            strcmp(text_of(h, "family"), c->family_name) == 0)
            return strcmp(text_of(h, "type"), "pptp") == 0;
    }
    return false;
}

static void statement(const json_t *all, const struct rs_chain *c, struct rs_rule *r, const json_t *e)
{
    const json_t *helper = json_object_get(e, "ct helper"), *mangle = json_object_get(e, "mangle");
    const json_t *option = json_object_get(json_object_get(mangle, "key"), "tcp option"),
                 *set = json_object_get(e, "set");
    size_t i;
    const json_t *inner;

    if (json_is_string(helper) && is_pptp_helper(all, c, json_string_value(helper)))
        r->does |= RS_HELPER;
    if (option && strcmp(text_of(option, "name"), "maxseg") == 0)
        r->does |= RS_CLAMP;
    if (json_object_get(e, "counter"))
        r->does |= RS_COUNT;
    if (json_object_get(e, "limit") || json_object_get(e, "ct count")) {
        r->does |= RS_LIMIT;
        r->maybe = true;
    }
    if (json_object_get(e, "masquerade") || json_object_get(e, "snat") || json_object_get(e, "dnat"))
        r->does |= RS_TRANSLATE;
    if (json_object_get(e, "queue") || json_object_get(e, "xt") || json_object_get(e, "meter"))
        r->maybe = true;
    if (json_object_get(e, "meter"))
        r->does |= RS_LIMIT;
    json_array_foreach(json_object_get(set, "stmt"), i, inner) statement(all, c, r, inner);
}

static int add_rule(struct ruleset *rs, const json_t *all, const json_t *rule)
{
    const struct rs_chain *c = find(rs, text_of(rule, "family"), text_of(rule, "table"), text_of(rule, "chain"));
    struct rs_rule *r = c ? ruleset_rule(rs, c) : NULL;
    size_t i;
    const json_t *e;

    if (!r)
        return c ? -E2BIG : 0; // of a table that is left out
    size_t at = (size_t)(r - rs->rules);
    r->handle = (unsigned long)json_integer_value(json_object_get(rule, "handle"));
    json_array_foreach(json_object_get(rule, "expr"), i, e)
    {
        r = &rs->rules[at]; // a map may have moved them
        const json_t *m = json_object_get(e, "match"), *map = json_object_get(e, "vmap");
        if (m) {
            if (!match_server(c, r, m))
                match(r, m);
        } else if (map) {
            struct rs_rule so_far = *r;
            int status = add_map(rs, c, &so_far, map);
            if (status < 0)
                return status;
        } else if (!verdict(r, e)) {
            statement(all, c, r, e);
        }
    }
    return 0;
}

static bool leave_out(const json_t *all, const json_t *o, bool with_iptables)
{
    size_t i;
    const json_t *other;

    if (with_iptables)
        return false;
    json_array_foreach((json_t *)all, i, other)
    {
        const json_t *c = json_object_get(other, "chain");
        if (c && is_iptables(c) && strcmp(text_of(c, "table"), text_of(o, "table")) == 0 &&
            strcmp(text_of(c, "family"), text_of(o, "family")) == 0)
            return true;
    }
    return false;
}

int ruleset_add_nft(struct ruleset *rs, const char *json, bool with_iptables, bool *ret_has_iptables)
{
    json_t *top = json_loads(json, 0, NULL), *all = json_object_get(top, "nftables"), *o, *part;
    bool has = false;
    int r = json_is_array(all) ? 0 : -EINVAL;
    size_t i;

    if (r < 0) {
        json_decref(top);
        return r;
    }
    json_array_foreach(all, i, o)
    {
        if (!(part = json_object_get(o, "chain")))
            continue;
        has |= is_iptables(part);
        if (leave_out(all, part, with_iptables))
            continue;
        struct rs_chain *c =
            ruleset_chain(rs, RS_NFT, text_of(part, "family"), text_of(part, "table"), text_of(part, "name"));
        if (!c)
            break;
        c->hook = hook_named(text_of(part, "hook"));
        c->priority = (long)json_integer_value(json_object_get(part, "prio"));
        c->drop = strcmp(text_of(part, "policy"), "drop") == 0;
    }
    json_array_foreach(all, i, o)
    {
        part = json_object_get(o, "rule");
        if (part && add_rule(rs, all, part) < 0)
            break; // too_much is set
    }
    json_decref(top);
    *ret_has_iptables = has;
    return 0;
}
