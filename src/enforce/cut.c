// SPDX-License-Identifier: GPL-2.0-or-later
// The networks wait in a table, so that many bans and many sockets meet without being multiplied.
#include "enforce/cut.h"

#include <string.h>

#include "base/log.h"

#define PERIOD (50 * USEC_MSEC)

enum { AT_ONCE = 4096 }; // of each family; more bans in so short a time: several looks

int cut_open(struct cut *c)
{
    int r = sockets_open(&c->sockets);

    return r < 0 ? r : held_new(AT_ONCE, &c->due);
}

static bool is_due(const struct cut *c, const struct addr *a)
{
    unsigned widest = addr_is_v4(a) ? 97 : 1;

    for (unsigned len = 128; len >= widest; len--) {
        struct prefix net = prefix_of(a, (uint8_t)len);
        if (held_find(&c->due, &net))
            return true;
    }
    return false;
}

static void collect(void *userdata, const struct sockets_entry *s)
{
    struct cut *c = userdata;

    if (c->n_victims < sizeof(c->victims) / sizeof(c->victims[0]) && is_due(c, &s->peer))
        c->victims[c->n_victims++] = *s;
}

static void look(struct cut *c, uint16_t port)
{
    unsigned ended = 0, found;

    do {
        found = c->n_victims = 0;
        if (sockets_walk(&c->sockets, port, SOCKETS_LIVING, collect, c) < 0)
            break;
        for (unsigned i = 0; i < c->n_victims; i++)
            found += sockets_end(&c->sockets, &c->victims[i]) == 0;
        ended += found;
    } while (found == sizeof(c->victims) / sizeof(c->victims[0])); // there may be more
    while (c->due.n > 0) // not by memset: that would touch all of the index
        held_remove(&c->due, &c->due.v[c->due.n - 1]);
    if (ended > 0)
        log_info("ended %u open control connection%s of banned addresses", ended, ended == 1 ? "" : "s");
}

void cut_add(struct cut *c, const struct pair_cut *m, uint16_t port, usec_t now)
{
    struct prefix net;

    for (uint32_t i = 0; c->sockets.nl && i < m->n; i++)
        if (judge_net(&m->nets[i], &net) == 0 && !held_add(&c->due, &net)) {
            look(c, port);
            (void)held_add(&c->due, &net);
        }
    (void)cut_tick(c, port, now);
}

usec_t cut_tick(struct cut *c, uint16_t port, usec_t now)
{
    if (c->due.n == 0)
        return USEC_FOREVER;
    if (c->last && now < c->last + PERIOD)
        return c->last + PERIOD;
    look(c, port);
    c->last = now;
    return USEC_FOREVER;
}
