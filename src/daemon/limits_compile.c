// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration's bounds and allowlists as the enforcer's limits.
#include "daemon/limits_compile.h"

#include <errno.h>
#include <stdio.h>

static bool ignored_by(const struct jail_config *j, const struct prefix *p)
{
    for (size_t i = 0; i < j->ignoreip.n; i++)
        if (j->ignoreip.v[i].len <= p->len && prefix_contains(&j->ignoreip.v[i], &p->addr))
            return true;
    return false;
}

static bool ignored_by_all(const struct config *c, const struct prefix *p)
{
    for (size_t k = 0; k < c->n_jails; k++)
        if (c->jails[k].enabled && !ignored_by(&c->jails[k], p))
            return false;
    return true;
}

static bool listed(const struct limits *l, const struct prefix *p)
{
    for (uint32_t i = 0; i < l->n_allow; i++)
        if (prefix_eq(&l->allow[i], p))
            return true;
    return false;
}

int limits_compile(const struct config *c, uid_t watcher, struct limits *ret)
{
    static const enum limits_backend backends[BACKEND_MAX] = {
        [BACKEND_AUTO] = LIMITS_AUTO,
        [BACKEND_IPSET] = LIMITS_IPSET,
        [BACKEND_NFTABLES] = LIMITS_NFTABLES,
        [BACKEND_NONE] = LIMITS_NONE,
    };

    limits_defaults(ret);
    ret->watcher_uid = watcher;
    ret->backend = backends[c->backend];
    ret->max_entries = c->max_bans;
    ret->widest4 = c->widest4;
    ret->widest6 = c->widest6;
    ret->ban_new = ret->keep_open = c->firewall.ban_new;
    ret->spare_own = c->spare >> SPARE_OWN & 1;
    ret->spare_gateway = c->spare >> SPARE_GATEWAY & 1;
    ret->silent_ms = (uint32_t)(c->silent_timeout / USEC_MSEC);
    ret->control_port = (uint16_t)c->firewall.port;
    for (size_t k = 0; k < c->n_jails; k++) {
        const struct jail_config *j = &c->jails[k];
        for (size_t i = 0; j->enabled && i < j->ignoreip.n; i++) {
            const struct prefix *p = &j->ignoreip.v[i];
            if (!ignored_by_all(c, p) || listed(ret, p))
                continue;
            if (ret->n_allow == LIMITS_MAX_ALLOW)
                return -E2BIG;
            ret->allow[ret->n_allow++] = *p;
        }
    }
    return limits_check(ret);
}

int limits_directory(const char *runtime_dir, char *buf, size_t size)
{
    int n = snprintf(buf, size, "%s-enforcer", runtime_dir);

    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
