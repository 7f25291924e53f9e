// SPDX-License-Identifier: GPL-2.0-or-later
// What the renderers share: checks and words. Writes no ruleset.
#include "firewall/render_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Letters, digits and some more; never a quote, a blank, or what begins an option.
static bool is_plain(const char *s, size_t most, const char *more)
{
    size_t n = s ? strlen(s) : 0;

    if (n == 0 || n > most || !(isalnum((unsigned char)s[0]) || s[0] == '_'))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isascii((unsigned char)s[i]) || (!isalnum((unsigned char)s[i]) && !strchr(more, s[i])))
            return false;
    return true;
}

static bool are_interfaces(const struct strlist *l)
{
    for (size_t i = 0; l && i < l->n; i++) {
        const char *plus = l->v[i] ? strchr(l->v[i], '+') : NULL;
        if (!is_plain(l->v[i], 15, "_.:-@+") || (plus && plus[1]))
            return false;
    }
    return true;
}

static bool is_rate(const struct fw_rate *r)
{
    return r->n == 0 || (r->burst > 0 && fw_rate_unit(r));
}

static bool is_log(const struct fw_rule *r)
{
    size_t n = r->prefix ? strlen(r->prefix) : 0;

    if (!r->prefix)
        return r->action != FW_LOG;
    return n > 10 && n < 28 && strncmp(r->prefix, "pptpban-", 8) == 0 && strcmp(r->prefix + n - 2, ": ") == 0 &&
           strspn(r->prefix + 8, "abcdefghijklmnopqrstuvwxyz") == n - 10 && r->log.n > 0 &&
           (r->action == FW_LOG || r->action == FW_DROP);
}

static bool is_set(const struct fw_model *m, const char *name)
{
    return !name || fw_model_set(m, name);
}

static bool is_match(const struct fw_model *m, const struct fw_match *a)
{
    if (!are_interfaces(a->in) || !are_interfaces(a->out) || !is_set(m, a->source) || !is_set(m, a->dest))
        return false;
    for (size_t i = 0; i < a->n_ports; i++)
        if ((a->port[i].protocol != FW_TCP && a->port[i].protocol != FW_UDP) || a->port[i].first > a->port[i].last ||
            (a->protocol != 0 && a->protocol != a->port[i].protocol))
            return false;
    if ((a->over.n > 0 && a->more_than > 0) || (a->syn && a->protocol != FW_TCP))
        return false;
    return is_rate(&a->over) && ((a->over.n == 0 && a->more_than == 0) || is_plain(a->meter, 15, "_"));
}

static bool is_rule(const struct fw_model *m, const struct fw_rule *r)
{
    bool metered = r->match.over.n > 0 || r->match.more_than > 0;

    return r->hook < FW_HOOKS && is_plain(r->id, FW_ID_MAX, "-") && is_plain(r->why, 80, " -_,.=;()'/:") &&
           is_match(m, &r->match) && is_log(r) && is_rate(&r->log) &&
           (r->action != FW_CLAMP || r->match.protocol == FW_TCP) && (r->action != FW_ADD || (r->set && is_set(m, r->set))) &&
           !(r->action == FW_ACCEPT && (metered || (r->match.windows && r->match.not_windows)));
}

int fw_render_check(const struct fw_model *m)
{
    const struct fw_windows *windows = NULL;

    for (size_t i = 0; i < m->n_sets; i++)
        if (!is_plain(m->sets[i].name, 20, "_"))
            return -EINVAL;
    for (size_t i = 0; i < m->n_rules; i++) {
        const struct fw_rule *r = &m->rules[i];
        if (!is_rule(m, r) || (i > 0 && r->hook < m->rules[i - 1].hook))
            return -EINVAL;
        if (r->match.windows && windows && r->match.windows != windows)
            return -EINVAL; // one [firewall] has one
        windows = r->match.windows ? r->match.windows : windows;
    }
    return 0;
}

const char *fw_rate_unit(const struct fw_rate *r)
{
    switch (r->seconds) {
    case 1: return "second";
    case 60: return "minute";
    case 3600: return "hour";
    case 86400: return "day";
    default: return NULL;
    }
}

uint32_t fw_rate_memory(const struct fw_rate *r)
{
    uint64_t s = r->n > 0 ? ((uint64_t)r->seconds * r->burst + r->n - 1) / r->n + 1 : 1;

    return s < 10 ? 10 : s > 86400 ? 86400 : (uint32_t)s;
}

const char *fw_log_name(const char *prefix, char buf[static FW_LOG_NAME_MAX])
{
    snprintf(buf, FW_LOG_NAME_MAX, "%.*s", (int)strcspn(prefix + 8, ":"), prefix + 8);
    return buf;
}

bool fw_rule_of_family(const struct fw_rule *r, enum fw_family family)
{
    const struct fw_match *a = &r->match;

    if (a->family != FW_ANY_FAMILY && a->family != family)
        return false;
    if ((family == FW_IPV6 && a->protocol == FW_ICMP) || (family == FW_IPV4 && a->protocol == FW_ICMP6))
        return false;
    return family == FW_IPV4 || r->action != FW_ASSIGN; // the kernel's PPTP helper knows IPv4 alone
}

bool fw_first_meter(const struct fw_model *m, size_t rule)
{
    const struct fw_match *a = &m->rules[rule].match;

    if (a->over.n == 0 && a->more_than == 0)
        return false;
    for (size_t i = 0; i < rule; i++) {
        const struct fw_match *b = &m->rules[i].match;
        if ((b->over.n > 0 || b->more_than > 0) && strcmp(a->meter, b->meter) == 0)
            return false;
    }
    return true;
}

bool fw_first_log(const struct fw_model *m, size_t rule)
{
    const struct fw_rule *r = &m->rules[rule];

    if (!r->prefix || r->action != FW_DROP)
        return false;
    for (size_t i = 0; i < rule; i++) {
        const struct fw_rule *b = &m->rules[i];
        if (b->prefix && b->action == FW_DROP && strcmp(b->prefix, r->prefix) == 0)
            return false;
    }
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct fw_span *x = a, *y = b;

    return x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->to > y->to) - (x->to < y->to);
}

// Calls for the part of each day on which w holds; returns how many there are. out may be NULL.
static size_t days_of(const struct fw_window *w, struct fw_span *out)
{
    size_t n = 0;

    for (time_t day = w->from - w->from % 86400; day < w->to; day += 86400) {
        unsigned weekday = (unsigned)((day / 86400 + 3) % 7); // 1970 began on a Thursday; Monday is 0
        struct fw_span s = {day + w->begin, day + w->end};
        s.from = s.from < w->from ? w->from : s.from;
        s.to = s.to > w->to ? w->to : s.to;
        if (!(w->days & 1u << weekday) || s.from >= s.to)
            continue;
        if (out)
            out[n] = s;
        n++;
    }
    return n;
}

int fw_windows_spans(const struct fw_windows *w, struct fw_span **ret, size_t *ret_n)
{
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < w->n; i++)
        n += days_of(&w->v[i], NULL);
    struct fw_span *v = calloc(n + 1, sizeof(*v));
    if (!v)
        return -ENOMEM;
    n = 0;
    for (size_t i = 0; i < w->n; i++)
        n += days_of(&w->v[i], v + n);
    qsort(v, n, sizeof(*v), by_time);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && v[i].from <= v[kept - 1].to) {
            if (v[i].to > v[kept - 1].to)
                v[kept - 1].to = v[i].to;
        } else
            v[kept++] = v[i];
    }
    *ret = v;
    *ret_n = kept;
    return 0;
}

static bool of_family(const struct prefix *p, enum fw_family family)
{
    return (addr_is_v4(&p->addr) && p->len >= 96) == (family == FW_IPV4);
}

size_t fw_set_count(const struct fw_set *s, enum fw_family family)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += of_family(&s->v[i], family);
    return n;
}

void fw_set_each(const struct fw_set *s, enum fw_family family, fw_network_fn *fn, void *userdata)
{
    char text[PREFIX_STRLEN];

    for (size_t i = 0; i < s->n; i++) {
        if (!of_family(&s->v[i], family))
            continue;
        if (prefix_family_len(&s->v[i]) > 0)
            fn(userdata, prefix_format(&s->v[i], text));
        else {
            fn(userdata, family == FW_IPV4 ? "0.0.0.0/1" : "::/1");
            fn(userdata, family == FW_IPV4 ? "128.0.0.0/1" : "8000::/1");
        }
    }
}
