// SPDX-License-Identifier: GPL-2.0-or-later
// Walks the model with one packet of each kind from outside and notes which sources decide its fate. Asks no kernel.
#include "firewall/front.h"

#include <errno.h>
#include <stdlib.h>

#include "firewall/render_text.h"

enum {
    OWN_MAX = 2 * FRONT_CLASSES_MAX,
    RULES_MAX = 128,
};

static const struct prefix everybody4 = {.addr = {{[10] = 0xff, [11] = 0xff}}, .len = 96};
static const struct prefix everybody6 = {.len = 0};
static const struct prefix loopback[] = {
    {.addr = {{[10] = 0xff, [11] = 0xff, [12] = 127}}, .len = 104},
    {.addr = {{[15] = 1}}, .len = 128},
};

static bool is_v4(const struct prefix *p)
{
    return p->len >= 96 && addr_is_v4(&p->addr);
}

static bool overlaps(const struct prefix *p, const struct prefix *q)
{
    return is_v4(p) == is_v4(q) && prefix_overlaps(p, q); // ::/0 holds no IPv4
}

// --- networks without networks

// Appends what is left of p when v is taken away, by halves. All of v lie in p, or one holds it.
static int cut(const struct prefix *p, const struct prefix *v, size_t n, struct fw_networks *ret)
{
    if (n == 0)
        return fw_networks_add(ret, p, 1);
    if (v[0].len <= p->len)
        return 0;
    struct prefix half = *p;
    half.len++;
    size_t n_low = 0;
    while (n_low < n && prefix_contains(&half, &v[n_low].addr))
        n_low++;
    int r = cut(&half, v, n_low, ret);
    half.addr.b[p->len / 8] |= (uint8_t)(0x80u >> p->len % 8);
    return r < 0 ? r : cut(&half, v + n_low, n - n_low, ret);
}

static bool is_before(const struct prefix *p, const struct prefix *q)
{
    return is_v4(p) != is_v4(q) ? is_v4(p) : memcmp(p->addr.b, q->addr.b, sizeof(p->addr.b)) < 0;
}

// Both lists are sorted, as fw_aggregate leaves them.
static int subtract(const struct prefix *a, size_t n_a, const struct prefix *b, size_t n_b, struct fw_networks *ret)
{
    int r = 0;

    for (size_t i = 0, from = 0; i < n_a && r == 0; i++) {
        while (from < n_b && !overlaps(&a[i], &b[from]) && is_before(&b[from], &a[i]))
            from++;
        size_t end = from;
        while (end < n_b && overlaps(&a[i], &b[end]))
            end++;
        r = cut(&a[i], b + from, end - from, ret);
    }
    if (r == 0)
        ret->n = fw_aggregate(ret->v, ret->n);
    return r;
}

// --- the walk

struct walk {
    const struct fw_model *m;
    struct front *f;
};

static bool is_runtime(const struct fw_model *m, const char *name)
{
    const struct fw_set *s = name ? fw_model_set(m, name) : NULL;

    return s && s->kind != FW_SET_NETWORKS;
}

// Whether the rule decides about a new packet of the class that comes from outside, as far as this can be said in front.
static bool concerns(const struct fw_model *m, const struct fw_rule *r, const struct front_class *c)
{
    const struct fw_match *a = &r->match;
    bool port = a->n_ports == 0;

    if (r->hook != FW_INPUT || (r->action != FW_ACCEPT && r->action != FW_DROP))
        return false;
    if (is_runtime(m, a->source) || a->windows || a->reverse_path_fails || a->over.n > 0 || a->more_than > 0)
        return false;
    if (a->in && r->action == FW_ACCEPT) // loopback, tunnels: not outside
        return false;
    for (size_t i = 0; i < a->n_ports; i++)
        port |= a->port[i].protocol == c->protocol && a->port[i].first <= c->first && a->port[i].last >= c->last;
    return port && (!a->state || (a->state & FW_NEW)) && (!a->protocol || a->protocol == c->protocol);
}

// The term's networks become a list of their own, without those.
static int own(struct walk *w, const struct prefix *less, size_t n_less, struct front_term *term)
{
    if (w->f->n_own == OWN_MAX)
        return -EOPNOTSUPP;
    struct fw_networks *l = &w->f->own[w->f->n_own++];
    int r = subtract(term->v, term->n, less, n_less, l);
    term->v = l->v;
    term->n = l->n;
    return r;
}

static bool holds_any(const struct fw_set *s, const struct prefix *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < s->n; k++)
            if (overlaps(&s->v[k], &v[i]))
                return true;
    return false;
}

static int add_term(struct walk *w, struct front_class *c, const struct fw_rule *r, const char *set, bool accept)
{
    struct front_term *t = &c->term[c->n];
    const struct fw_set *s = set ? fw_model_set(w->m, set) : NULL;

    if (c->n == FRONT_TERMS_MAX)
        return -EOPNOTSUPP;
    *t = (struct front_term){.rule = r, .set = set, .accept = accept, .v = s ? s->v : NULL, .n = s ? s->n : 0};
    int status = s && accept && holds_any(s, loopback, 2) ? own(w, loopback, 2, t) : 0;
    if (!s || t->n > 0)
        c->n++;
    return status;
}

// "Refuse whoever is not in set; let in whoever is left" is "let in set, refuse everybody".
static int add_others(struct walk *w, struct front_class *c, size_t at)
{
    const struct fw_rule *refuse = &w->m->rules[at];

    for (size_t i = at + 1; i < w->m->n_rules; i++) {
        const struct fw_rule *r = &w->m->rules[i];
        if (!concerns(w->m, r, c))
            continue;
        if (r->action != FW_ACCEPT || r->match.source)
            return -EOPNOTSUPP;
        int status = add_term(w, c, r, refuse->match.source, true);
        return status < 0 ? status : add_term(w, c, refuse, NULL, false);
    }
    return -EOPNOTSUPP;
}

static int walk(struct walk *w, struct front_class *c)
{
    for (size_t i = 0; i < w->m->n_rules; i++) {
        const struct fw_rule *r = &w->m->rules[i];
        int status = 0;
        if (!concerns(w->m, r, c))
            continue;
        if (r->match.source && r->match.not_source)
            return r->action == FW_DROP ? add_others(w, c, i) : -EOPNOTSUPP;
        status = add_term(w, c, r, r->match.source, r->action == FW_ACCEPT);
        if (status < 0 || !r->match.source)
            return status;
    }
    return 0;
}

static void find_limits(const struct fw_model *m, struct front_class *c)
{
    for (size_t i = 0; i < m->n_rules; i++) {
        const struct fw_rule *r = &m->rules[i];
        if (r->match.n_ports != 1 || r->match.port[0].protocol != c->protocol || r->match.port[0].first != c->first)
            continue;
        if (r->match.over.n > 0)
            c->rate = r;
        if (r->match.more_than > 0)
            c->connections = r;
    }
}

static struct front_class *begin(struct front *f, const char *name, uint8_t protocol, const struct fw_port *port)
{
    if (f->n == FRONT_CLASSES_MAX)
        return NULL;
    f->v[f->n] = (struct front_class){.name = name, .protocol = protocol, .first = port ? port->first : 0,
                                      .last = port ? port->last : 0};
    f->v[f->n].family = protocol == FW_ICMP ? FW_IPV4 : protocol == FW_ICMP6 ? FW_IPV6 : FW_ANY_FAMILY;
    return &f->v[f->n++];
}

static int add_class(struct walk *w, const char *name, uint8_t protocol, const struct fw_port *port)
{
    struct front_class *c = begin(w->f, name, protocol, port);

    if (!c)
        return -EOPNOTSUPP;
    find_limits(w->m, c);
    return walk(w, c);
}

static bool is_known(const struct front *f, uint8_t protocol, const struct fw_port *port)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].protocol == protocol && f->v[i].first == (port ? port->first : 0) && f->v[i].last == (port ? port->last : 0))
            return true;
    return false;
}

// Before connection tracking all protocols are alike, and who is accepted there is spared what follows there.
static int add_refused(struct walk *w)
{
    const struct fw_set *spared = NULL;
    int status = 0;

    for (size_t i = 0; i < w->m->n_rules && status == 0; i++) {
        const struct fw_rule *r = &w->m->rules[i];
        const struct fw_set *s = r->match.source ? fw_model_set(w->m, r->match.source) : NULL;
        if (r->hook != FW_PRE || !s || s->kind != FW_SET_NETWORKS)
            continue;
        if (r->action == FW_ACCEPT && !spared) {
            spared = s;
            continue;
        }
        if (r->action != FW_DROP || w->f->n_refused == FRONT_TERMS_MAX)
            return -EOPNOTSUPP;
        struct front_term *t = &w->f->refused[w->f->n_refused++];
        *t = (struct front_term){.rule = r, .set = s->name, .v = s->v, .n = s->n};
        status = spared ? own(w, spared->v, spared->n, t) : 0;
    }
    return status;
}

// A class for each protocol and port that a rule of the server's own traffic names.
static int add_classes(struct walk *w)
{
    for (size_t i = 0; i < w->m->n_rules; i++) {
        const struct fw_rule *r = &w->m->rules[i];
        const struct fw_match *a = &r->match;
        if (r->hook != FW_INPUT || a->in || a->protocol == FW_GRE || (a->state && !(a->state & FW_NEW)))
            continue;
        const char *name = r->id;
        for (size_t k = i + 1; k < w->m->n_rules && a->port; k++) // the last one of these ports has the plainest name
            name = w->m->rules[k].match.port == a->port ? w->m->rules[k].id : name;
        int status = 0;
        if (a->n_ports == 0 && a->protocol && !is_known(w->f, a->protocol, NULL))
            status = add_class(w, name, a->protocol, NULL);
        for (size_t k = 0; k < a->n_ports && status == 0; k++)
            if (!is_known(w->f, a->port[k].protocol, &a->port[k]))
                status = add_class(w, name, a->port[k].protocol, &a->port[k]);
        if (status < 0)
            return status;
    }
    return 0;
}

// No platform in front knows which GRE belongs to which control connection: it comes from whoever may open one.
static int add_gre(struct walk *w)
{
    struct front_class *gre = begin(w->f, "gre", FW_GRE, NULL);

    if (!gre)
        return -EOPNOTSUPP;
    for (size_t i = 0; i + 1 < w->f->n; i++)
        if (strcmp(w->f->v[i].name, "control") == 0) {
            memcpy(gre->term, w->f->v[i].term, sizeof(gre->term));
            gre->n = w->f->v[i].n;
        }
    return 0;
}

int front_build(const struct fw_model *m, struct front *ret)
{
    struct front *f = calloc(1, sizeof(*f));
    struct walk w = {.m = m, .f = f};
    int r = -ENOMEM;

    if (f && (f->own = calloc(OWN_MAX, sizeof(*f->own))))
        r = add_refused(&w);
    if (r == 0)
        r = add_class(&w, "control", m->control->protocol, m->control);
    if (r == 0)
        r = add_gre(&w);
    if (r == 0)
        r = add_classes(&w);
    if (r == 0)
        r = add_class(&w, "rest", 0, NULL);
    if (r == 0) {
        const struct fw_set *server = fw_model_set(m, "server");
        f->server = server ? server->v : NULL;
        f->n_server = server ? server->n : 0;
        for (size_t i = 0; i < m->n_rules; i++)
            f->outbound |= m->rules[i].hook == FW_OUTPUT;
        *ret = *f;
    } else if (f)
        front_free(f);
    free(f);
    return r;
}

void front_free(struct front *f)
{
    for (size_t i = 0; f->own && i < f->n_own; i++)
        free(f->own[i].v);
    free(f->own);
    *f = (struct front){0};
}

// --- answers

bool front_has_family(const struct front *f, enum fw_family family)
{
    for (size_t i = 0; i < f->n_server; i++)
        if (is_v4(&f->server[i]) == (family == FW_IPV4))
            return true;
    return f->n_server == 0;
}

static bool holds(const struct front_term *t, const struct prefix *p)
{
    for (size_t i = 0; i < t->n; i++)
        if (overlaps(&t->v[i], p))
            return true;
    return !t->set;
}

int front_verdict(const struct front *f, const struct front_class *c, const struct addr *from)
{
    const struct prefix p = prefix_of(from, 128);

    for (size_t i = 0; i < f->n_refused; i++)
        if (holds(&f->refused[i], &p))
            return 0;
    for (size_t i = 0; i < c->n; i++)
        if (holds(&c->term[i], &p))
            return c->term[i].accept;
    return -1;
}

// What was accepted by the terms after t becomes what is by t and these.
static int precede(const struct front_term *t, const struct prefix *all, struct fw_networks *in)
{
    const struct prefix *v = t->set ? t->v : all;
    size_t n = t->set ? t->n : 1;
    struct fw_networks next = {0};
    int r = 0;

    if (t->accept) {
        r = fw_networks_add(&next, in->v, in->n);
        for (size_t k = 0; k < n && r == 0; k++)
            if (is_v4(&v[k]) == is_v4(all))
                r = fw_networks_add(&next, &v[k], 1);
        next.n = fw_aggregate(next.v, next.n);
    } else
        r = subtract(in->v, in->n, v, n, &next);
    free(in->v);
    *in = next;
    return r;
}

int front_accepted(const struct front_class *c, enum fw_family family, struct fw_networks *ret)
{
    const struct prefix *all = family == FW_IPV4 ? &everybody4 : &everybody6;
    struct fw_networks in = {0};
    int r = 0;

    for (size_t i = c->n; i-- > 0 && r == 0;)
        r = precede(&c->term[i], all, &in);
    if (r == 0)
        r = fw_networks_add(ret, in.v, in.n);
    free(in.v);
    return r;
}

bool front_is_first(const struct front *f, const struct front_term *t)
{
    for (size_t i = 0; i < f->n_refused; i++)
        if (strcmp(f->refused[i].set, t->set) == 0)
            return &f->refused[i] == t;
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->v[i].n; k++)
            if (f->v[i].term[k].set && strcmp(f->v[i].term[k].set, t->set) == 0)
                return &f->v[i].term[k] == t;
    return false;
}

const char *front_absence(const struct fw_rule *r, unsigned can)
{
    const struct fw_match *a = &r->match;

    if (r->hook != FW_PRE && r->hook != FW_INPUT && r->hook != FW_HELPER)
        return "the server's own traffic: it does this itself";
    if (a->windows)
        return "the time is asked by the server alone";
    if (r->hook == FW_HELPER || r->action == FW_ADD || a->protocol == FW_GRE)
        return "which GRE belongs to which control connection only the server knows";
    if (a->source && (strcmp(a->source, FW_SET_ADMIN) == 0 || strcmp(a->source, FW_SET_TUNNELS) == 0))
        return "known to the server alone, and only while it runs";
    if (a->in && r->action == FW_ACCEPT)
        return "not from outside: the server does this itself";
    if (a->reverse_path_fails)
        return can & FRONT_PATH && r->prefix ? NULL : "routes are asked by the server alone";
    if (a->over.n > 0)
        return can & FRONT_RATE ? NULL : "no rates here: the server counts";
    if (a->more_than > 0)
        return can & FRONT_CONNECTIONS ? NULL : "no counts here: the server counts";
    if (r->action == FW_LOG)
        return "told by the server, in a form that its filter reads";
    if (a->state && !(a->state & FW_NEW))
        return can & FRONT_STATE ? NULL : "without memory of connections: see the rules for answers";
    return NULL;
}

void front_put_absences(const struct fw_model *m, unsigned can, const char *before, const char *after, FILE *out)
{
    bool told[RULES_MAX] = {false};

    for (size_t i = 0; i < m->n_rules && i < RULES_MAX; i++) {
        const char *reason = front_absence(&m->rules[i], can), *comma = before;
        if (!reason || told[i])
            continue;
        for (size_t k = i; k < m->n_rules && k < RULES_MAX; k++) {
            const char *other = front_absence(&m->rules[k], can);
            if (other && strcmp(other, reason) == 0) {
                fprintf(out, "%s%s", comma, m->rules[k].id);
                comma = ", ";
                told[k] = true;
            }
        }
        fprintf(out, ": %s%s", reason, after);
    }
}
