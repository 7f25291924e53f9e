// SPDX-License-Identifier: GPL-2.0-or-later
// Which entries a network ACL and a security group get. Asks no cloud.
#include "firewall/aws.h"

#include <errno.h>
#include <stdlib.h>

enum { EPHEMERAL = 1024 }; // the first port that clients of some system use

static const enum fw_family families[] = {FW_IPV4, FW_IPV6};
static const struct prefix everybody[] = {{.addr = {{[10] = 0xff, [11] = 0xff}}, .len = 96}, {.len = 0}};

static const struct prefix *all_of(enum fw_family family)
{
    return &everybody[family == FW_IPV6];
}

static bool is_v4(const struct prefix *p)
{
    return p->len >= 96 && addr_is_v4(&p->addr);
}

static int add(struct aws_entries *l, struct aws_entry e, const struct prefix *p)
{
    char text[ADDR_STRLEN];

    if ((l->n & (l->n - 1)) == 0) { // a power of two is full
        struct aws_entry *v = reallocarray(l->v, l->n ? 2 * l->n : 1, sizeof(*v));
        if (!v)
            return -ENOMEM;
        l->v = v;
    }
    e.family = is_v4(p) ? FW_IPV4 : FW_IPV6;
    snprintf(e.network, sizeof(e.network), "%s/%u", addr_format(&p->addr, text), prefix_family_len(p));
    l->v[l->n++] = e;
    return 0;
}

// One for each family that the protocol and the server have.
static int add_for_all(struct aws_entries *l, const struct front *f, struct aws_entry e)
{
    int r = 0;

    for (size_t k = 0; k < 2 && r == 0; k++)
        if (front_has_family(f, families[k]) && !(e.protocol == FW_ICMP && families[k] == FW_IPV6) &&
            !(e.protocol == FW_ICMP6 && families[k] == FW_IPV4))
            r = add(l, e, all_of(families[k]));
    return r;
}

static bool is_dhcp(uint8_t protocol, uint16_t port)
{
    return protocol == FW_UDP && (port == 67 || port == 68 || port == 546 || port == 547);
}

static int add_term(struct aws_entries *l, const struct front *f, const struct front_class *c, const struct front_term *t)
{
    const struct aws_entry e = {.id = t->rule->id, .allow = t->accept, .protocol = c->protocol, .first = c->first, .last = c->last};
    int r = 0;

    if (!t->set)
        return add_for_all(l, f, e);
    for (size_t i = 0; i < t->n && r == 0; i++)
        if (front_has_family(f, is_v4(&t->v[i]) ? FW_IPV4 : FW_IPV6))
            r = add(l, e, &t->v[i]);
    return r;
}

// What the server may begin by itself.
static int add_outbound(struct aws_entries *l, const struct fw_model *m, const struct front *f)
{
    int r = 0;

    for (size_t i = 0; i < m->n_rules && r == 0; i++) {
        const struct fw_rule *rule = &m->rules[i];
        const struct fw_match *a = &rule->match;
        if (rule->hook != FW_OUTPUT || rule->action != FW_ACCEPT || a->out || a->state || a->dest)
            continue;
        if (a->n_ports == 0)
            r = add_for_all(l, f, (struct aws_entry){.id = rule->id, .egress = true, .allow = true, .protocol = a->protocol});
        for (size_t k = 0; k < a->n_ports && r == 0; k++)
            r = is_dhcp(a->port[k].protocol, a->port[k].first) ? 0 : add_for_all(l, f, (struct aws_entry){.id = rule->id, .egress = true, .allow = true, .protocol = a->port[k].protocol,
                                                     .first = a->port[k].first, .last = a->port[k].last});
    }
    return r;
}

static bool is_closed(const struct front *f)
{
    const struct front_class *rest = &f->v[f->n - 1];

    return rest->n > 0 && !rest->term[rest->n - 1].set && !rest->term[rest->n - 1].accept;
}

static int add_answers(struct aws_entries *l, const struct front *f, const char *id, bool egress, bool udp)
{
    struct aws_entry e = {.id = id, .egress = egress, .allow = true, .protocol = FW_TCP, .first = EPHEMERAL, .last = 65535};
    int r = add_for_all(l, f, e);

    e.protocol = FW_UDP;
    return r < 0 || !udp ? r : add_for_all(l, f, e);
}

static bool has_udp(const struct front *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].protocol == FW_UDP)
            return true;
    return false;
}

// In order: the first entry that matches decides. What enters is asked again when it is an answer, so those to what the
// server began come back to ports from 1024 on, after all that decides about these ports.
// AWS's own last entry refuses whatever is left.
static int add_ingress(struct aws_entries *l, const struct front *f, bool spoofed)
{
    const struct front_class everything = {.name = "refused"};
    const struct front_class *rest = &f->v[f->n - 1];
    int r = 0;

    for (size_t i = 0; i < f->n_refused && r == 0 && spoofed; i++)
        r = add_term(l, f, &everything, &f->refused[i]);
    for (size_t i = 0; i + 1 < f->n && r == 0; i++)
        for (size_t k = 0; k < f->v[i].n && r == 0 && !is_dhcp(f->v[i].protocol, f->v[i].first); k++)
            r = add_term(l, f, &f->v[i], &f->v[i].term[k]);
    if (r == 0 && is_closed(f))
        r = add_answers(l, f, "default-established", false, true);
    for (size_t k = 0; k + is_closed(f) < rest->n && r == 0; k++)
        r = add_term(l, f, rest, &rest->term[k]);
    if (r == 0 && !is_closed(f))
        r = add_for_all(l, f, (struct aws_entry){.id = "rest", .allow = true});
    return r;
}

static int add_egress(struct aws_entries *l, const struct fw_model *m, const struct front *f)
{
    const struct aws_entry gre = {.id = "gre-return", .egress = true, .allow = true, .protocol = FW_GRE};

    int r = add_answers(l, f, "control-return", true, has_udp(f));
    if (r == 0)
        r = add_for_all(l, f, gre);
    if (r < 0)
        return r;
    return f->outbound ? add_outbound(l, m, f)
                       : add_for_all(l, f, (struct aws_entry){.id = "rest", .egress = true, .allow = true});
}

// Room between the numbers for entries of others, as long as there is any.
static int give_numbers(struct aws_entries *l)
{
    size_t most = 0;

    for (int egress = 0; egress <= 1; egress++) {
        size_t n = aws_entries_count(l, egress, FW_ANY_FAMILY);
        most = n > most ? n : most;
    }
    if (most > AWS_NUMBER_MAX)
        return -E2BIG;
    unsigned step = most <= 300 ? 100 : most <= 3000 ? 10 : 1, next[2] = {0, 0};
    for (size_t i = 0; i < l->n; i++)
        l->v[i].number = next[l->v[i].egress] += step;
    return 0;
}

static int acl_entries(const struct fw_model *m, const struct front *f, bool spoofed, struct aws_entries *l)
{
    *l = (struct aws_entries){.spoofed = spoofed};
    int r = add_ingress(l, f, spoofed);
    return r < 0 ? r : add_egress(l, m, f);
}

// An ACL that is over its quota lacks its last entries, and those are the ones that let in: rather no spoofed ones.
int aws_acl_entries(const struct fw_model *m, const struct front *f, struct aws_entries *ret)
{
    struct aws_entries l;

    int r = acl_entries(m, f, true, &l);
    if (r == 0 && f->n_refused > 0 &&
        (aws_entries_count(&l, false, FW_IPV4) >= AWS_ACL_QUOTA || aws_entries_count(&l, false, FW_IPV6) >= AWS_ACL_QUOTA)) {
        aws_entries_free(&l);
        r = acl_entries(m, f, false, &l);
    }
    if (r == 0)
        r = give_numbers(&l);
    if (r < 0)
        aws_entries_free(&l);
    else
        *ret = l;
    return r;
}

// A security group only lets in, in no order: what is refused before is taken out of what is let in after it, which
// would be some 40 ranges a class for the spoofed sources alone.
static int add_class(struct aws_entries *l, const struct front *f, const struct front_class *c)
{
    const struct aws_entry e = {.id = c->name, .allow = true, .protocol = c->protocol, .first = c->first, .last = c->last};
    int r = 0;

    for (size_t k = 0; k < 2 && r == 0; k++) {
        struct fw_networks in = {0};
        if (!front_has_family(f, families[k]) || (c->family != FW_ANY_FAMILY && c->family != families[k]))
            continue;
        r = front_accepted(c, families[k], &in);
        for (size_t i = 0; i < in.n && r == 0; i++)
            r = add(l, e, &in.v[i]);
        free(in.v);
    }
    return r;
}

int aws_group_entries(const struct fw_model *m, const struct front *f, struct aws_entries *ret)
{
    struct aws_entries l = {0};
    int r = 0;

    for (size_t i = 0; i < f->n && r == 0; i++)
        r = is_dhcp(f->v[i].protocol, f->v[i].first) ? 0 : add_class(&l, f, &f->v[i]);
    if (r == 0 && f->outbound)
        r = add_outbound(&l, m, f);
    if (r < 0)
        aws_entries_free(&l);
    else
        *ret = l;
    return r;
}

void aws_entries_free(struct aws_entries *l)
{
    free(l->v);
    *l = (struct aws_entries){0};
}

void aws_put_absences(const struct aws_entries *l, const char *before, const char *after, FILE *out)
{
    fprintf(out, "%sdefault-dhcp, out-dhcp: AWS filters no DHCP%s", before, after);
    if (!l->spoofed)
        fprintf(out, "%sspoof: the quota has no room for them: the server refuses these sources%s", before, after);
}

size_t aws_entries_count(const struct aws_entries *l, bool egress, enum fw_family family)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++)
        n += l->v[i].egress == egress && (family == FW_ANY_FAMILY || l->v[i].family == family);
    return n;
}
