// SPDX-License-Identifier: GPL-2.0-or-later
// The model as aliases and firewall rules in the configuration files of pfSense and OPNsense, which are pf(4) behind two
// dialects of one XML. Their rules of an interface are asked in order, for what comes in, and remember connections.
#include <errno.h>
#include <inttypes.h>

#include "firewall/front.h"
#include "firewall/render_text.h"
#include "firewall/renderers.h"

enum {
    CAN = FRONT_RATE | FRONT_CONNECTIONS | FRONT_STATE,
    TRACKER = 1723000000, // pfSense's number of a rule
};

enum dialect { PFSENSE, OPNSENSE };

struct writer {
    FILE *out;
    enum dialect dialect;
    unsigned rules, aliases;
};

static void put_text(const char *s, FILE *out)
{
    for (; *s; s++)
        switch (*s) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        default: fputc(*s, out);
        }
}

// --- aliases

struct list {
    FILE *out;
    const char *between, *next;
};

static void put_network(void *userdata, const char *network)
{
    struct list *l = userdata;

    fprintf(l->out, "%s%s", l->next, network);
    if (!strchr(network, '/'))
        fputs(strchr(network, ':') ? "/128" : "/32", l->out);
    l->next = l->between;
}

static void put_networks(const struct writer *w, const struct prefix *v, size_t n)
{
    const struct fw_set set = {.v = v, .n = n};
    struct list l = {w->out, w->dialect == PFSENSE ? " " : "\n", ""};

    fw_set_each(&set, FW_IPV4, put_network, &l);
    fw_set_each(&set, FW_IPV6, put_network, &l);
}

static void put_alias(struct writer *w, const char *name, const char *why, const struct prefix *v, size_t n)
{
    w->aliases++;
    if (w->dialect == PFSENSE) {
        fprintf(w->out, "    <alias>\n      <name>pptpban_%s</name>\n      <type>network</type>\n      <address>", name);
        put_networks(w, v, n);
        fputs("</address>\n      <descr>pptpban: ", w->out);
        put_text(why, w->out);
        fputs("</descr>\n      <detail></detail>\n    </alias>\n", w->out);
    } else {
        fprintf(w->out,
                "          <alias uuid=\"70707470-6261-4e00-8000-%012x\">\n            <enabled>1</enabled>\n"
                "            <name>pptpban_%s</name>\n            <type>network</type>\n            <content>",
                w->aliases, name);
        put_networks(w, v, n);
        fputs("</content>\n            <description>pptpban: ", w->out);
        put_text(why, w->out);
        fputs("</description>\n          </alias>\n", w->out);
    }
}

static void put_aliases_of(struct writer *w, const struct front *f, const struct front_term *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (v[i].set && front_is_first(f, &v[i]))
            put_alias(w, v[i].set, v[i].rule->why, v[i].v, v[i].n);
}

static void put_aliases(struct writer *w, const struct front *f)
{
    fputs(w->dialect == PFSENSE ? "  <aliases>\n" : "  <OPNsense>\n    <Firewall>\n      <Alias>\n        <aliases>\n", w->out);
    if (f->n_server == 0)
        fputs("<!-- address of [firewall] is empty: write the server's into this alias. Nothing is filtered before that. -->\n", w->out);
    put_alias(w, "server", "the PPTP server", f->server, f->n_server);
    put_aliases_of(w, f, f->refused, f->n_refused);
    for (size_t i = 0; i < f->n; i++)
        put_aliases_of(w, f, f->v[i].term, f->v[i].n);
    fputs(w->dialect == PFSENSE ? "  </aliases>\n" : "        </aliases>\n      </Alias>\n    </Firewall>\n  </OPNsense>\n", w->out);
}

// --- rules

static void put_protocol(const struct writer *w, const struct front_class *c)
{
    static const char *const families[] = {[FW_ANY_FAMILY] = "inet46", [FW_IPV4] = "inet", [FW_IPV6] = "inet6"};
    const char *name = NULL;

    switch (c->protocol) {
    case FW_TCP: name = "tcp"; break;
    case FW_UDP: name = "udp"; break;
    case FW_GRE: name = "gre"; break;
    case FW_ICMP: name = "icmp"; break;
    case FW_ICMP6: name = w->dialect == PFSENSE ? "icmp" : "ipv6-icmp"; break;
    default: break; // any
    }
    fprintf(w->out, "      <ipprotocol>%s</ipprotocol>\n", families[c->family]);
    if (name)
        fprintf(w->out, "      <protocol>%s</protocol>\n", name);
}

// As in pf, there is no burst, and who is above the limits is put into a table: here <virusprot>, by the system itself.
static void put_limits(const struct writer *w, const struct front_class *c)
{
    if (c->connections)
        fprintf(w->out, "      <max-src-conn>%" PRIu32 "</max-src-conn>\n", c->connections->match.more_than);
    if (c->rate)
        fprintf(w->out, "      <max-src-conn-rate>%" PRIu64 "</max-src-conn-rate>\n      <max-src-conn-rates>%" PRIu32 "</max-src-conn-rates>\n",
                (uint64_t)c->rate->match.over.n + c->rate->match.over.burst, c->rate->match.over.seconds);
}

static void put_rule(struct writer *w, const struct front_class *c, const struct front_term *t)
{
    const char *yes = w->dialect == PFSENSE ? "" : "1";

    if (w->dialect == PFSENSE)
        fprintf(w->out, "    <rule>\n      <id></id>\n      <tracker>%u</tracker>\n", TRACKER + ++w->rules);
    else
        fprintf(w->out, "    <rule uuid=\"70707470-6261-4e01-8000-%012x\">\n", ++w->rules);
    fprintf(w->out, "      <type>%s</type>\n      <interface>wan</interface>\n", t->accept ? "pass" : "block");
    put_protocol(w, c);
    if (w->dialect == OPNSENSE)
        fputs("      <direction>in</direction>\n      <quick>1</quick>\n", w->out);
    if (t->accept) {
        fputs("      <statetype>keep state</statetype>\n", w->out);
        if (!t->rule->match.source) // those whom a list of their own lets in the model does not count
            put_limits(w, c);
    }
    if (t->set)
        fprintf(w->out, "      <source><address>pptpban_%s</address></source>\n", t->set);
    else
        fprintf(w->out, "      <source><any>%s</any></source>\n", yes);
    fputs("      <destination><address>pptpban_server</address>", w->out);
    if (c->first > 0 && c->first == c->last)
        fprintf(w->out, "<port>%u</port>", c->first);
    else if (c->first > 0)
        fprintf(w->out, "<port>%u-%u</port>", c->first, c->last);
    fputs("</destination>\n", w->out);
    if (t->rule->prefix)
        fprintf(w->out, "      <log>%s</log>\n", yes);
    fprintf(w->out, "      <descr>pptpban %s: ", t->rule->id);
    put_text(t->rule->why, w->out);
    fputs("</descr>\n    </rule>\n", w->out);
}

static void put_head(const struct writer *w, const struct fw_model *m)
{
    bool pfsense = w->dialect == PFSENSE;

    fprintf(w->out,
            "<?xml version=\"1.0\"?>\n"
            "<!-- pptpban: aliases and rules of the interface wan for a PPTP server behind %s. -->\n"
            "<!-- unvalidated: of the shape of its configuration file, never imported. -->\n"
            "<!-- Restoring an area replaces all of it: %s, put these\n"
            "     aliases and rules into it, in this order and before rules that let more in, and restore that. -->\n"
            "<!-- Whoever is above the limits is put into the table virusprot and loses all connections, until the system\n"
            "     takes it out again; the server only refuses what is too much. -->\n",
            pfsense ? "pfSense" : "OPNsense",
            pfsense ? "back up the areas Aliases and Firewall Rules (Diagnostics, Backup and Restore)"
                    : "back up the configuration (System, Configuration, Backups)");
    front_put_absences(m, CAN, "<!-- not here: ", " -->\n", w->out);
}

static int render(const struct fw_model *m, enum dialect dialect, FILE *out)
{
    static const struct front_class everything = {.name = "refused"};
    struct writer w = {.out = out, .dialect = dialect};
    const char *root = dialect == PFSENSE ? "pfsense" : "opnsense";
    struct front f;
    int r = fw_render_check(m);

    if (r == 0)
        r = front_build(m, &f);
    if (r < 0)
        return r;
    put_head(&w, m);
    fprintf(out, "<%s>\n", root);
    put_aliases(&w, &f);
    fputs("  <filter>\n", out);
    for (size_t i = 0; i < f.n_refused; i++)
        put_rule(&w, &everything, &f.refused[i]);
    for (size_t i = 0; i < f.n; i++)
        for (size_t k = 0; k < f.v[i].n; k++)
            put_rule(&w, &f.v[i], &f.v[i].term[k]);
    fprintf(out, "  </filter>\n</%s>\n", root);
    front_free(&f);
    return ferror(out) ? -EIO : 0;
}

int fw_render_pfsense(const struct fw_model *m, FILE *out)
{
    return render(m, PFSENSE, out);
}

int fw_render_opnsense(const struct fw_model *m, FILE *out)
{
    return render(m, OPNSENSE, out);
}
