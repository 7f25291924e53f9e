// SPDX-License-Identifier: GPL-2.0-or-later
// The policy: which rules a PPTP server's base ruleset has, in which order, and why. Renders nothing.
#include "firewall/model.h"

#include <errno.h>
#include <stdlib.h>

const char FW_SET_ADMIN[] = "admin", FW_SET_TUNNELS[] = "tunnels", FW_SET_GRE[] = "gre", FW_SET_OVERRIDE[] = "override";
const char FW_LOG_NEW[] = "pptpban-new: ", FW_LOG_REFUSED[] = "pptpban-refused: ", FW_LOG_GRE[] = "pptpban-gre: ",
           FW_LOG_SPOOF[] = "pptpban-spoof: ", FW_LOG_OUTBOUND[] = "pptpban-outbound: ";

enum {
    RULES_MAX = 96, SETS_MAX = 16,
    PEERS_MAX = 65536,   // addresses in a set that packets fill
    ADMINS_MAX = 256,    // sessions of administrators
    PEER_TIMEOUT = 600,  // pptpd's and the clients' echo requests come each minute (RFC 2637, 2.5)
};

// Sets that only this file names.
static const char ALLOW[] = "allow", DENY[] = "deny", COUNTRIES[] = "countries", SPOOFED[] = "spoofed", SERVER[] = "server",
                  MANAGERS[] = "managers", POOL[] = "pool", SUBNETS[] = "subnets";

static char lo[] = "lo";
static char *lo_list[] = {lo};
static const struct strlist loopback = {lo_list, 1};
static const struct fw_port dns[] = {{FW_UDP, 53, 53}, {FW_TCP, 53, 53}};
static const struct fw_port dhcp_client[] = {{FW_UDP, 68, 68}, {FW_UDP, 546, 546}};
static const struct fw_port dhcp_server[] = {{FW_UDP, 67, 67}, {FW_UDP, 547, 547}};

struct builder {
    const struct firewall_config *c;
    const struct fw_facts *facts;
    struct fw_model m;
    const char *server; // set of the VPN addresses; NULL: all of this machine
    bool helper;
    int error;
};

static void add_set(struct builder *b, const char *name, enum fw_set_kind kind, uint32_t size)
{
    b->m.sets[b->m.n_sets++] =
        (struct fw_set){.name = name, .kind = kind, .size = size, .timeout = kind == FW_SET_ADDRESSES ? PEER_TIMEOUT : 0};
}

// A set of known networks, of both lists; false when there are none: then there is no set.
static bool add_networks(struct builder *b, const char *name, const struct prefix_list *list, const struct prefix *more,
                         size_t n_more)
{
    struct fw_networks *own = &b->m.own[b->m.n_sets];

    if (list->n + n_more == 0 || b->error)
        return false;
    b->error = fw_networks_add(own, list->v, list->n);
    if (!b->error)
        b->error = fw_networks_add(own, more, n_more);
    if (b->error)
        return false;
    own->n = fw_aggregate(own->v, own->n);
    b->m.sets[b->m.n_sets++] = (struct fw_set){.name = name, .kind = FW_SET_NETWORKS, .v = own->v, .n = own->n};
    return true;
}

static struct fw_rule *add_rule(struct builder *b, enum fw_hook hook, enum fw_action action, const char *id, const char *why,
                                struct fw_match match)
{
    struct fw_rule *r = &b->m.rules[b->m.n_rules++];

    *r = (struct fw_rule){.hook = hook, .id = id, .why = why, .match = match, .action = action};
    return r;
}

// The rule's packets are told in the log as well.
static void tell(struct builder *b, struct fw_rule *r, const char *prefix)
{
    if (!b->c->log || b->c->log_rate.n == 0)
        return;
    r->prefix = prefix;
    r->log = b->c->log_rate;
}

// --- before connection tracking

static void add_pre(struct builder *b)
{
    const struct strlist *in = &b->c->interface;

    add_rule(b, FW_PRE, FW_ACCEPT, "pre-admin", "the administrator, while a change waits", (struct fw_match){.source = FW_SET_ADMIN});
    if (fw_model_set(&b->m, ALLOW))
        add_rule(b, FW_PRE, FW_ACCEPT, "pre-allow", "the allowlist precedes everything", (struct fw_match){.source = ALLOW});
    if (fw_model_set(&b->m, SPOOFED)) {
        struct fw_match spoofed = {.in = in, .source = SPOOFED};
        tell(b, add_rule(b, FW_PRE, FW_DROP, "spoof", "sources that the Internet does not carry", spoofed), FW_LOG_SPOOF);
    }
    if (in->n > 0 && b->c->reverse_path) {
        struct fw_match astray = {.in = in, .reverse_path_fails = true};
        tell(b, add_rule(b, FW_PRE, FW_DROP, "path", "sources to which no route leads back", astray), FW_LOG_SPOOF);
    }
    if (b->c->pool.n > 0)
        add_rule(b, FW_PRE, FW_DROP, "tunnel-source", "a client uses the address that it got, no other",
                 (struct fw_match){.in = &b->c->tunnels, .reverse_path_fails = true});
    if (b->helper)
        add_rule(b, FW_HELPER, FW_ASSIGN, "helper", "so that the kernel knows which GRE belongs to whom",
                 (struct fw_match){.local = !b->server, .dest = b->server, .protocol = FW_TCP, .port = b->m.control,
                                   .n_ports = 1});
}

// --- the control channel and its GRE

static struct fw_match control(const struct builder *b, unsigned state)
{
    return (struct fw_match){.local = !b->server, .dest = b->server, .protocol = FW_TCP, .port = b->m.control,
                             .n_ports = 1, .state = state};
}

static struct fw_match gre(const struct builder *b, unsigned state)
{
    return (struct fw_match){.local = !b->server, .dest = b->server, .protocol = FW_GRE, .state = state};
}

static void refuse(struct builder *b, const char *id, const char *why, struct fw_match match)
{
    tell(b, add_rule(b, FW_INPUT, FW_DROP, id, why, match), FW_LOG_REFUSED);
}

// Tunnels end when the time is over, unless somebody holds the door.
static void add_closing_time(struct builder *b)
{
    struct fw_match m = control(b, FW_ESTABLISHED);

    m.windows = b->facts->windows;
    m.not_windows = true;
    m.source = FW_SET_OVERRIDE;
    m.not_source = true;
    add_rule(b, FW_INPUT, FW_DROP, "control-end", "the time is over", m);
    m = gre(b, 0); // that of older tunnels, and without a helper all of it, is new for ever
    m.windows = b->facts->windows;
    m.not_windows = true;
    m.source = FW_SET_OVERRIDE;
    m.not_source = true;
    add_rule(b, FW_INPUT, FW_DROP, "gre-end", "the time is over", m);
}

static void add_gre(struct builder *b)
{
    struct fw_match m = gre(b, 0);

    m.source = FW_SET_TUNNELS;
    add_rule(b, FW_INPUT, FW_ADD, "tunnels-young", "as long as they carry something", m)->set = FW_SET_TUNNELS;
    add_rule(b, FW_INPUT, FW_ACCEPT, "gre-tunnels", "tunnels older than this ruleset", m);
    if (b->helper) {
        add_rule(b, FW_INPUT, FW_ACCEPT, "gre-related", "GRE of a control connection",
                 gre(b, FW_ESTABLISHED | FW_RELATED));
    } else {
        m.source = FW_SET_GRE;
        add_rule(b, FW_INPUT, FW_ACCEPT, "gre-peers", "GRE of those whose control connection lives", m);
    }
    tell(b, add_rule(b, FW_INPUT, FW_DROP, "gre-unsolicited", "GRE that belongs to no control connection", gre(b, 0)),
         FW_LOG_GRE);
}

static void add_control(struct builder *b)
{
    const struct firewall_config *c = b->c;
    struct fw_match m, begin = control(b, FW_NEW);

    m = begin;
    m.source = FW_SET_TUNNELS;
    add_rule(b, FW_INPUT, FW_ACCEPT, "control-tunnels", "tunnels older than this ruleset", m);
    if (fw_model_set(&b->m, DENY)) {
        m.source = DENY;
        refuse(b, "control-deny", "deny_from", m);
    }
    if (b->facts->windows) {
        m = begin;
        m.windows = b->facts->windows;
        m.not_windows = true;
        m.source = FW_SET_OVERRIDE;
        m.not_source = true;
        refuse(b, "control-closed", "outside of the times that are open", m);
    }
    const char *countries = fw_model_set(&b->m, COUNTRIES) ? COUNTRIES : NULL;
    m = begin;
    m.source = countries;
    if (countries && c->deny_countries.n > 0)
        refuse(b, "control-country", "deny_countries", m);
    m.source = c->allow_countries.n > 0 ? countries : NULL;
    m.not_source = m.source;
    if (c->allow_from.n > 0 || c->allow_countries.n > 0)
        refuse(b, "control-others", "neither allow_from nor allow_countries", m);
    if (c->connections > 0) {
        m = begin;
        m.syn = true;
        m.more_than = c->connections;
        m.meter = "connections";
        refuse(b, "control-many", "more connections at once than one address needs", m);
    }
    if (c->rate.n > 0) {
        m = begin;
        m.syn = true;
        m.over = c->rate;
        m.meter = "rate";
        refuse(b, "control-flood", "more new connections than one address needs", m);
    }
    if (c->log && c->log_rate.n > 0)
        tell(b, add_rule(b, FW_INPUT, FW_LOG, "control-log", "who comes", begin), FW_LOG_NEW);
    add_rule(b, FW_INPUT, FW_ACCEPT, "control-new", "whoever is left", begin);
}

static void add_vpn(struct builder *b)
{
    struct fw_match m;

    if (fw_model_set(&b->m, ALLOW)) {
        m = control(b, 0);
        m.source = ALLOW;
        add_rule(b, FW_INPUT, FW_ACCEPT, "control-allow", "the allowlist precedes everything", m);
    }
    if (b->facts->windows && b->c->outside_end)
        add_closing_time(b);
    if (!b->helper)
        add_rule(b, FW_INPUT, FW_ADD, "control-alive", "its GRE may come", control(b, FW_ESTABLISHED))->set = FW_SET_GRE;
    add_rule(b, FW_INPUT, FW_ACCEPT, "control-established", "connections that were let in", control(b, FW_ESTABLISHED));
    add_gre(b);
    add_control(b);
}

// --- the rest of the machine

static void add_management(struct builder *b)
{
    struct fw_match m = {.port = b->c->management.v, .n_ports = b->c->management.n};

    if (m.n_ports == 0)
        return;
    m.state = FW_ESTABLISHED;
    add_rule(b, FW_INPUT, FW_ACCEPT, "management-established", "sessions that are open stay", m);
    m.state = 0;
    m.source = MANAGERS;
    add_rule(b, FW_INPUT, FW_ACCEPT, "management-admins", "admin_from", m);
    m.source = NULL;
    refuse(b, "management", "nobody else manages this machine", m);
}

static void add_default(struct builder *b)
{
    struct fw_match m = {.state = FW_ESTABLISHED | FW_RELATED};

    if (!b->c->default_drop)
        return;
    add_rule(b, FW_INPUT, FW_ACCEPT, "default-established", "answers", m);
    add_rule(b, FW_INPUT, FW_ACCEPT, "default-icmp", "path MTU, and who wants to see that it is there",
             (struct fw_match){.protocol = FW_ICMP});
    add_rule(b, FW_INPUT, FW_ACCEPT, "default-icmp6", "without it there is no IPv6", (struct fw_match){.protocol = FW_ICMP6});
    add_rule(b, FW_INPUT, FW_ACCEPT, "default-dhcp", "the machine's own lease",
             (struct fw_match){.protocol = FW_UDP, .port = dhcp_client, .n_ports = 2});
    if (b->c->interface.n == 0)
        add_rule(b, FW_INPUT, FW_ACCEPT, "default-tunnels", "clients that are inside",
                 (struct fw_match){.in = &b->c->tunnels});
    m = (struct fw_match){.in = b->c->interface.n > 0 ? &b->c->interface : NULL, .local = !b->server, .dest = b->server};
    refuse(b, "default", "default = drop", m);
}

// --- through the machine, and out

static void add_forward(struct builder *b)
{
    const struct firewall_config *c = b->c;
    const struct strlist *tunnels = &c->tunnels;
    const char *subnets = c->forward_to.n > 0 ? SUBNETS : NULL;

    if (!c->client_to_client)
        add_rule(b, FW_FORWARD, FW_DROP, "forward-clients", "clients do not reach each other",
                 (struct fw_match){.in = tunnels, .out = tunnels});
    if (c->pool.n > 0)
        add_rule(b, FW_FORWARD, FW_DROP, "forward-source", "not an address of a client",
                 (struct fw_match){.in = tunnels, .source = POOL, .not_source = true});
    if (subnets) {
        // clients that may reach each other are no subnet
        if (c->client_to_client)
            add_rule(b, FW_FORWARD, FW_ACCEPT, "forward-among", "clients reach each other",
                     (struct fw_match){.in = tunnels, .out = tunnels});
        add_rule(b, FW_FORWARD, FW_ACCEPT, "forward-established", "answers",
                 (struct fw_match){.out = tunnels, .state = FW_ESTABLISHED | FW_RELATED});
        add_rule(b, FW_FORWARD, FW_DROP, "forward-elsewhere", "not one of forward_to",
                 (struct fw_match){.in = tunnels, .dest = subnets, .not_dest = true});
        add_rule(b, FW_FORWARD, FW_DROP, "forward-from", "not one of forward_to",
                 (struct fw_match){.out = tunnels, .source = subnets, .not_source = true});
    }
    if (c->mss) {
        add_rule(b, FW_MSS, FW_CLAMP, "mss-in", "tunnels carry less than Ethernet",
                 (struct fw_match){.in = tunnels, .protocol = FW_TCP, .syn = true});
        add_rule(b, FW_MSS, FW_CLAMP, "mss-out", "tunnels carry less than Ethernet",
                 (struct fw_match){.out = tunnels, .protocol = FW_TCP, .syn = true});
    }
    if (c->masquerade)
        add_rule(b, FW_NAT, FW_MASQUERADE, "masquerade", "clients leave with this machine's address",
                 (struct fw_match){.source = POOL, .dest = POOL, .not_dest = true});
}

static void add_outbound(struct builder *b)
{
    struct fw_match m = {.out = &loopback};

    if (!b->c->outbound_drop)
        return;
    add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-loopback", "this machine itself", m);
    add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-tunnels", "to the clients", (struct fw_match){.out = &b->c->tunnels});
    add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-admin", "the administrator, while a change waits",
             (struct fw_match){.dest = FW_SET_ADMIN});
    add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-established", "answers", (struct fw_match){.state = FW_ESTABLISHED | FW_RELATED});
    add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-gre-tunnels", "tunnels older than this ruleset",
             (struct fw_match){.protocol = FW_GRE, .dest = FW_SET_TUNNELS});
    if (!b->helper)
        add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-gre", "GRE to those whose control connection lives",
                 (struct fw_match){.protocol = FW_GRE, .dest = FW_SET_GRE});
    add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-icmp", "errors and questions", (struct fw_match){.protocol = FW_ICMP});
    add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-icmp6", "without it there is no IPv6", (struct fw_match){.protocol = FW_ICMP6});
    add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-dns", "names", (struct fw_match){.port = dns, .n_ports = 2});
    add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-dhcp", "the machine's own lease", (struct fw_match){.port = dhcp_server, .n_ports = 2});
    if (b->c->outbound.n > 0)
        add_rule(b, FW_OUTPUT, FW_ACCEPT, "out-ports", "outbound_ports",
                 (struct fw_match){.port = b->c->outbound.v, .n_ports = b->c->outbound.n});
    tell(b, add_rule(b, FW_OUTPUT, FW_DROP, "out", "outbound = drop", (struct fw_match){.port = NULL}), FW_LOG_OUTBOUND);
}

static void add_sets(struct builder *b)
{
    static const struct prefix_list none = {NULL, 0};
    const struct firewall_config *c = b->c;

    add_set(b, FW_SET_ADMIN, FW_SET_RUNTIME, ADMINS_MAX);
    add_set(b, FW_SET_TUNNELS, FW_SET_ADDRESSES, PEERS_MAX);
    if (!b->helper)
        add_set(b, FW_SET_GRE, FW_SET_ADDRESSES, PEERS_MAX);
    if (b->facts->windows)
        add_set(b, FW_SET_OVERRIDE, FW_SET_RUNTIME, ADMINS_MAX);
    if (add_networks(b, SERVER, &c->address, NULL, 0))
        b->server = SERVER;
    add_networks(b, ALLOW, &c->allow_from, b->facts->allowlist, b->facts->n_allowlist);
    add_networks(b, DENY, &c->deny_from, NULL, 0);
    add_networks(b, COUNTRIES, &none, b->facts->countries, b->facts->n_countries);
    if (c->interface.n > 0)
        add_networks(b, SPOOFED, &c->spoofed, NULL, 0);
    add_networks(b, MANAGERS, &c->admin_from, NULL, 0);
    add_networks(b, POOL, &c->pool, NULL, 0);
    add_networks(b, SUBNETS, &c->forward_to, NULL, 0);
}

int fw_model_build(const struct firewall_config *config, const struct fw_facts *facts, struct fw_model *ret)
{
    struct builder b = {.c = config, .facts = facts};

    b.m.sets = calloc(SETS_MAX, sizeof(*b.m.sets));
    b.m.rules = calloc(RULES_MAX, sizeof(*b.m.rules));
    b.m.own = calloc(SETS_MAX, sizeof(*b.m.own));
    b.m.control = calloc(1, sizeof(*b.m.control));
    if (!b.m.sets || !b.m.rules || !b.m.own || !b.m.control)
        b.error = -ENOMEM;
    if (!b.error) {
        *b.m.control = (struct fw_port){FW_TCP, (uint16_t)config->port, (uint16_t)config->port};
        b.helper = config->gre == FW_GRE_HELPER || (config->gre == FW_GRE_AUTO && facts->helper);
        add_sets(&b);
    }
    if (b.error) {
        fw_model_free(&b.m);
        return b.error;
    }
    add_pre(&b);
    add_rule(&b, FW_INPUT, FW_ACCEPT, "loopback", "this machine itself", (struct fw_match){.in = &loopback});
    add_rule(&b, FW_INPUT, FW_ACCEPT, "admin", "the administrator, while a change waits",
             (struct fw_match){.source = FW_SET_ADMIN});
    add_vpn(&b);
    add_management(&b);
    add_default(&b);
    add_forward(&b);
    add_outbound(&b);
    *ret = b.m;
    return 0;
}

void fw_model_free(struct fw_model *m)
{
    for (size_t i = 0; m->own && i < m->n_sets; i++)
        free(m->own[i].v);
    free(m->own);
    free(m->control);
    free(m->sets);
    free(m->rules);
    *m = (struct fw_model){0};
}

const struct fw_set *fw_model_set(const struct fw_model *m, const char *name)
{
    for (size_t i = 0; i < m->n_sets; i++)
        if (strcmp(m->sets[i].name, name) == 0)
            return &m->sets[i];
    return NULL;
}
