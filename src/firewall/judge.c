// SPDX-License-Identifier: GPL-2.0-or-later
// Sends one packet through the model, rule by rule, as renderers promise that a kernel does.
#include "firewall/judge.h"

#include <string.h>

static bool of_interfaces(const struct strlist *l, const char *name)
{
    for (size_t i = 0; name && i < l->n; i++) {
        size_t n = strlen(l->v[i]);
        if (strcmp(l->v[i], name) == 0 || (l->v[i][n - 1] == '+' && strncmp(l->v[i], name, n - 1) == 0))
            return true;
    }
    return false;
}

static bool in_set(const struct fw_model *m, const char *name, const struct addr *a, const char *runtime)
{
    const struct fw_set *set = fw_model_set(m, name);

    if (!set || set->kind != FW_SET_NETWORKS)
        return set && runtime && strcmp(runtime, name) == 0;
    for (size_t i = 0; i < set->n; i++)
        if (prefix_contains(&set->v[i], a))
            return true;
    return false;
}

static bool to_port(const struct fw_match *m, const struct fw_packet *k)
{
    for (size_t i = 0; i < m->n_ports; i++)
        if (m->port[i].protocol == k->protocol && k->port >= m->port[i].first && k->port <= m->port[i].last)
            return true;
    return m->n_ports == 0;
}

static bool of_family(enum fw_family family, const struct addr *a)
{
    return family == FW_ANY_FAMILY || (family == FW_IPV4) == addr_is_v4(a);
}

static bool matches(const struct fw_model *model, const struct fw_match *m, const struct fw_packet *k)
{
    return of_family(m->family, &k->from) && (!m->in || of_interfaces(m->in, k->in)) &&
           (!m->out || of_interfaces(m->out, k->out)) && (!m->protocol || m->protocol == k->protocol) && to_port(m, k) &&
           (!m->syn || k->syn) && (!m->state || (m->state & k->state)) &&
           (!m->source || in_set(model, m->source, &k->from, k->runtime) != m->not_source) &&
           (!m->dest || in_set(model, m->dest, &k->to, k->runtime) != m->not_dest) &&
           (!m->windows || k->open != m->not_windows) && (!m->reverse_path_fails || k->no_way_back) &&
           ((m->over.n == 0 && m->more_than == 0) || k->often);
}

const struct fw_rule *fw_judge(const struct fw_model *m, const struct fw_packet *packet)
{
    for (size_t i = 0; i < m->n_rules; i++) {
        const struct fw_rule *r = &m->rules[i];
        if (r->hook == packet->hook && (r->action == FW_ACCEPT || r->action == FW_DROP) && matches(m, &r->match, packet))
            return r;
    }
    return NULL;
}
