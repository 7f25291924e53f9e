// SPDX-License-Identifier: GPL-2.0-or-later
// The model as an anchor for pf(4) on a router in front of the server: tables, and rules that each end the search.
// pf remembers connections, so only their first packets meet these rules.
#include <errno.h>
#include <inttypes.h>

#include "firewall/front.h"
#include "firewall/render_text.h"
#include "firewall/renderers.h"

enum { CAN = FRONT_RATE | FRONT_CONNECTIONS | FRONT_PATH | FRONT_STATE };

static const char *const head =
    "# pptpban: what a router with pf(4) in front of the PPTP server lets through to it.\n"
    "# unvalidated: held against the grammar of pf.conf(5), never read by a pfctl. Look at it with pfctl -nf FILE.\n"
    "#\n"
    "# As an anchor, in pf.conf where rules for what comes in are; OpenBSD and FreeBSD:\n"
    "#   anchor \"pptpban\"\n"
    "#   load anchor \"pptpban\" from \"/etc/pf.pptpban\"\n"
    "# Many networks want: set limit table-entries N\n"
    "\n"
    "# The outside interface: OpenBSD's group egress, elsewhere its name.\n"
    "pptpban_if = \"egress\"\n\n";

static void put_network(void *userdata, const char *network)
{
    fprintf(userdata, "    %s\n", network);
}

static void put_table(const char *name, const struct prefix *v, size_t n, FILE *out)
{
    const struct fw_set set = {.v = v, .n = n};

    fprintf(out, "table <pptpban_%s> const {\n", name);
    fw_set_each(&set, FW_IPV4, put_network, out);
    fw_set_each(&set, FW_IPV6, put_network, out);
    fputs("}\n", out);
}

static void put_tables_of(const struct front *f, const struct front_term *v, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++)
        if (v[i].set && front_is_first(f, &v[i]))
            put_table(v[i].set, v[i].v, v[i].n, out);
}

static void put_tables(const struct front *f, FILE *out)
{
    fputs("# Who was too fast or too many. pf forgets nobody by itself: pfctl -a pptpban -t pptpban_offenders -T expire 3600\n"
          "table <pptpban_offenders> persist\n", out);
    if (f->n_server > 0)
        put_table("server", f->server, f->n_server, out);
    else
        fputs("# address of [firewall] is empty: write the server's in here. Nothing is filtered before that.\n"
              "table <pptpban_server> persist\n", out);
    put_tables_of(f, f->refused, f->n_refused, out);
    for (size_t i = 0; i < f->n; i++)
        put_tables_of(f, f->v[i].term, f->v[i].n, out);
    fputc('\n', out);
}

static void put_protocol(const struct front_class *c, FILE *out)
{
    switch (c->protocol) {
    case 0: break;
    case FW_TCP: fputs(" proto tcp", out); break;
    case FW_UDP: fputs(" proto udp", out); break;
    case FW_GRE: fputs(" proto gre", out); break;
    case FW_ICMP: fputs(" inet proto icmp", out); break;
    case FW_ICMP6: fputs(" inet6 proto icmp6", out); break;
    default: fprintf(out, " proto %u", c->protocol);
    }
}

// pf knows no burst: what a burst and the rate let through in the time is let through in the time. It counts
// connections that were made, and who is above it is in the table.
static void put_limits(const struct front_class *c, FILE *out)
{
    if (!c->rate && !c->connections)
        return;
    fputs(" (", out);
    if (c->connections)
        fprintf(out, "max-src-conn %" PRIu32 ", ", c->connections->match.more_than);
    if (c->rate)
        fprintf(out, "max-src-conn-rate %" PRIu64 "/%" PRIu32 ", ", (uint64_t)c->rate->match.over.n + c->rate->match.over.burst,
                c->rate->match.over.seconds);
    fputs("overload <pptpban_offenders>)", out);
}

// The limits are asked of those whom the model's last rule of the control channel lets in.
static bool is_spared(const struct front_term *t)
{
    return t->rule->match.source;
}

static void put_term(const struct front_class *c, const struct front_term *t, FILE *out)
{
    fprintf(out, "# %s: %s\n%s in%s quick on $pptpban_if", t->rule->id, t->rule->why, t->accept ? "pass" : "block",
            t->rule->prefix ? " log" : "");
    put_protocol(c, out);
    if (t->set)
        fprintf(out, " from <pptpban_%s>", t->set);
    else
        fputs(" from any", out);
    fputs(" to <pptpban_server>", out);
    if (c->first > 0 && c->first == c->last)
        fprintf(out, " port %u", c->first);
    else if (c->first > 0)
        fprintf(out, " port %u:%u", c->first, c->last);
    if (t->accept) {
        fputs(c->protocol == FW_TCP ? " flags S/SA keep state" : " keep state", out);
        if (!is_spared(t))
            put_limits(c, out);
    }
    fputc('\n', out);
}

// What everything else is refused by comes behind the allowlist, which precedes everything.
static size_t put_leading(const struct front_class *c, FILE *out)
{
    size_t n = 0;

    while (n < c->n && c->term[n].accept && is_spared(&c->term[n]))
        put_term(c, &c->term[n++], out);
    return n;
}

static const struct fw_rule *find_path(const struct fw_model *m)
{
    for (size_t i = 0; i < m->n_rules; i++)
        if (m->rules[i].match.reverse_path_fails && !front_absence(&m->rules[i], FRONT_PATH))
            return &m->rules[i];
    return NULL;
}

int fw_render_pf(const struct fw_model *m, FILE *out)
{
    const struct front_class everything = {.name = "refused"};
    struct front f;
    size_t done[FRONT_CLASSES_MAX];
    int r = fw_render_check(m);

    if (r == 0)
        r = front_build(m, &f);
    if (r < 0)
        return r;
    fputs(head, out);
    front_put_absences(m, CAN, "# not here: ", "\n", out);
    fputc('\n', out);
    put_tables(&f, out);
    for (size_t i = 0; i < f.n_refused; i++)
        put_term(&everything, &f.refused[i], out);
    for (size_t i = 0; i < f.n; i++)
        done[i] = put_leading(&f.v[i], out);
    fputs("# offenders: who was above the limits below\n"
          "block in quick on $pptpban_if from <pptpban_offenders> to <pptpban_server>\n", out);
    const struct fw_rule *path = find_path(m);
    if (path)
        fprintf(out, "# %s: %s\nblock in%s quick on $pptpban_if from urpf-failed to <pptpban_server>\n", path->id, path->why,
                path->prefix ? " log" : "");
    for (size_t i = 0; i < f.n; i++)
        for (size_t k = done[i]; k < f.v[i].n; k++)
            put_term(&f.v[i], &f.v[i].term[k], out);
    front_free(&f);
    return ferror(out) ? -EIO : 0;
}
