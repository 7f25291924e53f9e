// SPDX-License-Identifier: GPL-2.0-or-later
// Suricata rules for the control channel of PPTP: what no client sends, and who should not come. They alert and drop
// nothing: whoever runs Suricata inline may turn alert into drop.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "firewall/front.h"
#include "firewall/render_text.h"
#include "firewall/renderers.h"

enum {
    CAN = FRONT_RATE | FRONT_STATE,
    SID = 1723000,      // of the range for local rules, 1000000 to 1999999
    SID_CLASS = 100,    // SID + this + place of the class
    NETWORKS_MAX = 500, // in one rule: each is compared when the rules are loaded
};

// RFC 2637: length, message type (1), magic cookie, control message type, reserved, then the message's own. dsize makes
// Suricata look at each packet once, in its order; the reassembled stream it looks at when answers have been.
#define COOKIE "dsize:>0; content:\"|1a 2b 3c 4d|\"; offset:4; depth:4; "
#define TYPE(op, n) "byte_test:2," op "," #n ",8; "

static const struct {
    unsigned sid;
    const char *header; // from and to, with %s for the server
    const char *msg, *options, *class;
} rules[] = {
    // what others ask: bits of a connection, and of a pair of addresses
    {1, "tcp any any -> %s %u", "PPTP control message", "flow:established,to_server; " COOKIE
     "xbits:set,pptpban.peer,track ip_pair,expire 180; flowbits:set,pptpban.cookie; noalert; ", NULL},
    {2, "tcp any any -> %s %u", "PPTP Start-Control-Connection-Request", "flow:established,to_server; " COOKIE TYPE("=", 1)
     "flowbits:set,pptpban.started; noalert; ", NULL},
    {3, "tcp %s %u -> any any", "PPTP Start-Control-Connection-Reply", "flow:established,to_client; " COOKIE TYPE("=", 2)
     "flowbits:set,pptpban.answered; noalert; ", NULL},
    // what no client sends
    {10, "tcp any any -> %s %u", "PPTP begins without the magic cookie",
     "flow:established,to_server; dsize:>0; content:!\"|1a 2b 3c 4d|\"; offset:4; depth:4; flowbits:isnotset,pptpban.cookie; "
     "threshold:type limit,track by_src,count 1,seconds 60; ", "bad-unknown"},
    {11, "tcp any any -> %s %u", "PPTP message that is no control message", "flow:established,to_server; " COOKIE
     "byte_test:2,!=,1,2; ", "protocol-command-decode"},
    {12, "tcp any any -> %s %u", "PPTP control message of a type that does not exist", "flow:established,to_server; " COOKIE
     TYPE(">", 15), "protocol-command-decode"},
    {13, "tcp any any -> %s %u", "PPTP control message of type 0", "flow:established,to_server; " COOKIE TYPE("=", 0),
     "protocol-command-decode"},
    {14, "tcp any any -> %s %u", "PPTP message before Start-Control-Connection-Request", "flow:established,to_server; " COOKIE
     TYPE("!=", 1) "flowbits:isnotset,pptpban.started; ", "protocol-command-decode"},
    {15, "tcp any any -> %s %u", "PPTP Start-Control-Connection-Request for a second time", "flow:established,to_server; " COOKIE
     TYPE("=", 1) "flowbits:isset,pptpban.answered; ", "protocol-command-decode"},
    {16, "tcp any any -> %s %u", "PPTP Start-Control-Connection-Request of a wrong length", "flow:established,to_server; " COOKIE
     TYPE("=", 1) "byte_test:2,!=,156,0; ", "protocol-command-decode"},
    {17, "tcp any any -> %s %u", "PPTP Start-Control-Connection-Request of another version", "flow:established,to_server; " COOKIE
     TYPE("=", 1) "byte_test:2,!=,256,12; ", "protocol-command-decode"},
    {18, "tcp any any -> %s %u", "PPTP client sends Start-Control-Connection-Reply", "flow:established,to_server; " COOKIE
     TYPE("=", 2), "protocol-command-decode"},
    {19, "tcp any any -> %s %u", "PPTP client sends Outgoing-Call-Reply", "flow:established,to_server; " COOKIE TYPE("=", 8),
     "protocol-command-decode"},
};

static const char reference[] = "reference:url,www.rfc-editor.org/rfc/rfc2637; ";

static void put_end(const char *options, const char *class, unsigned sid, FILE *out)
{
    fprintf(out, "%s%s", options, reference);
    if (class)
        fprintf(out, "classtype:%s; ", class);
    fprintf(out, "sid:%u; rev:1;)\n", SID + sid);
}

struct list {
    FILE *out;
    const char *comma;
};

static void put_network(void *userdata, const char *network)
{
    struct list *l = userdata;

    fprintf(l->out, "%s%s", l->comma, network);
    l->comma = ",";
}

static void put_networks(const struct prefix *v, size_t n, FILE *out)
{
    const struct fw_set set = {.v = v, .n = n};
    struct list l = {out, "["};

    fw_set_each(&set, FW_IPV4, put_network, &l);
    fw_set_each(&set, FW_IPV6, put_network, &l);
    fputc(']', out);
}

static void put_server(const struct front *f, FILE *out)
{
    if (f->n_server > 0)
        put_networks(f->server, f->n_server, out);
    else
        fputs("$HOME_NET", out);
}

static void put_header(const char *header, const struct front *f, unsigned port, FILE *out)
{
    fputs("alert ", out);
    for (const char *s = header; *s; s++)
        if (s[0] == '%' && s[1] == 's') {
            put_server(f, out);
            s++;
        } else if (s[0] == '%' && s[1] == 'u') {
            fprintf(out, "%u", port);
            s++;
        } else
            fputc(*s, out);
}

static void put_protocol(const struct front *f, unsigned port, FILE *out)
{
    fputs("\n# What no client sends. The first three only remember.\n", out);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        put_header(rules[i].header, f, port, out);
        fprintf(out, " (msg:\"pptpban: %s\"; ", rules[i].msg);
        put_end(rules[i].options, rules[i].class, rules[i].sid, out);
    }
}

// As with pf: what a burst and the rate let through in the time, and one more.
static void put_rate(const struct front *f, const struct fw_rule *rate, unsigned port, FILE *out)
{
    char options[256];

    if (!rate)
        return;
    snprintf(options, sizeof(options),
             "flow:established,to_server; " COOKIE TYPE("=", 1) "threshold:type both,track by_src,count %" PRIu64 ",seconds %" PRIu32 "; ",
             (uint64_t)rate->match.over.n + rate->match.over.burst + 1, rate->match.over.seconds);
    fprintf(out, "\n# %s: %s\n", rate->id, rate->why);
    put_header("tcp any any -> %s %u", f, port, out);
    fputs(" (msg:\"pptpban: PPTP Start-Control-Connection-Request too often\"; ", out);
    put_end(options, "attempted-dos", 30, out);
}

static void put_gre(const struct front *f, FILE *out)
{
    fputs("\n# GRE of a pair of addresses that said nothing on the control channel for three minutes, which asks for echo\n"
          "# each minute. Tunnels that were up before Suricata was alert until their next echo.\n",
          out);
    put_header("ip any any -> %s any", f, 0, out);
    fputs(" (msg:\"pptpban: GRE without a PPTP control connection\"; ", out);
    put_end("ip_proto:47; xbits:isnotset,pptpban.peer,track ip_pair; threshold:type limit,track by_src,count 1,seconds 60; ",
            "bad-unknown", 40, out);
}

static void put_refused(const struct front *f, FILE *out)
{
    for (size_t i = 0; i < f->n_refused; i++) {
        const struct front_term *t = &f->refused[i];
        fprintf(out, "\n# %s: %s\n", t->rule->id, t->rule->why);
        if (t->n > NETWORKS_MAX) {
            fprintf(out, "# not here: %zu networks are too many for one rule: the server refuses them\n", t->n);
            continue;
        }
        fputs("alert ip ", out);
        put_networks(t->v, t->n, out);
        fputs(" any -> ", out);
        put_server(f, out);
        fputs(" any (msg:\"pptpban: source that cannot be there\"; ", out);
        put_end("threshold:type limit,track by_src,count 1,seconds 60; ", "bad-unknown", 50 + (unsigned)i, out);
    }
}

// New connections of whoever the policy does not let in.
static int put_class(const struct front *f, size_t at, FILE *out)
{
    const struct front_class *c = &f->v[at];
    struct fw_networks in = {0};
    int r = 0;

    if (c->first == 0 || c->n == 0 || c->term[c->n - 1].set)
        return 0;
    for (enum fw_family family = FW_IPV4; family <= FW_IPV6 && r == 0; family++)
        r = front_accepted(c, family, &in);
    if (r == 0 && !(in.n == 2 && in.v[0].len == 96 && in.v[1].len == 0)) { // not everybody
        fprintf(out, "\n# %s:", c->name);
        for (size_t i = 0; i < c->n; i++)
            fprintf(out, "%s %s", i > 0 ? "," : "", c->term[i].rule->id);
        fputc('\n', out);
        if (in.n > NETWORKS_MAX) {
            fprintf(out, "# not here: %zu networks are too many for one rule: the server refuses all others\n", in.n);
        } else {
            fprintf(out, "alert %s ", c->protocol == FW_TCP ? "tcp" : "udp");
            if (in.n > 0) {
                fputc('!', out);
                put_networks(in.v, in.n, out);
            } else
                fputs("any", out);
            fputs(" any -> ", out);
            put_server(f, out);
            fprintf(out, " %u", c->first);
            if (c->last != c->first)
                fprintf(out, ":%u", c->last);
            fprintf(out, " (msg:\"pptpban: %s from where the policy lets nobody in\"; ", c->name);
            put_end(c->protocol == FW_TCP ? "flow:to_server; flags:S,12; threshold:type limit,track by_src,count 1,seconds 60; "
                                          : "threshold:type limit,track by_src,count 1,seconds 60; ",
                    "policy-violation", SID_CLASS + (unsigned)at, out);
        }
    }
    free(in.v);
    return r;
}

int fw_render_suricata(const struct fw_model *m, FILE *out)
{
    struct front f;
    int r = fw_render_check(m);

    if (r == 0)
        r = front_build(m, &f);
    if (r < 0)
        return r;
    fputs("# pptpban: Suricata rules for a PPTP server. They alert; nothing is dropped unless that word is changed.\n", out);
    if (f.n_server == 0)
        fputs("# address of [firewall] is empty: $HOME_NET stands for the server.\n", out);
    front_put_absences(m, CAN, "# not here: ", "\n", out);
    put_protocol(&f, m->control->first, out);
    put_rate(&f, f.v[0].rate, m->control->first, out);
    put_gre(&f, out);
    put_refused(&f, out);
    for (size_t i = 0; i < f.n && r == 0; i++)
        r = put_class(&f, i, out);
    if (f.v[f.n - 1].n > 0)
        fputs("\n# not here: default: there would be an alert for each packet of every scan of the whole Internet\n", out);
    front_free(&f);
    return r == 0 && ferror(out) ? -EIO : r;
}
