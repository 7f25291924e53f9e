// SPDX-License-Identifier: GPL-2.0-or-later
// The pipeline from record to outcome. Wires the rooms together and owns their bounds; decides nothing that jails,
// sessions and filters do not say.
#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/private.h"
#include "engine/procfs.h"

enum {
    UNCOUNTED_MAX = 4096, // addresses, 48 bytes each
    ACCOUNTS_MAX = 4096,  // 1200 bytes each, when they are tried
    GUESTS_MAX = 16384,   // addresses, 24 bytes each
};

// A filter without sessions: the failing line itself has the address.
static void direct_outcome(struct engine *e, unsigned i, const struct record *r, const struct event *event)
{
    struct outcome o = {
        .kind = event->has_addr ? OUTCOME_FAILURE : OUTCOME_UNATTRIBUTED,
        .class = event->class,
        .origin = ORIGIN_LINE,
        .has_addr = event->has_addr,
        .addr = event->addr,
        .time = event->time,
        .begin = event->time,
        .settled = r->time,
        .host = r->host,
        .user = event->user,
        .evidence = {r->line.p, r->line.n < SESSION_EVIDENCE_MAX ? r->line.n : SESSION_EVIDENCE_MAX},
        .position = r->position,
        .decided = r->position,
    };
    struct unit_counts *c = &e->units.v[i].direct;

    if (event->role == ROLE_SUCCESS && event->has_addr) {
        o.kind = OUTCOME_SUCCESS;
        c->successes++;
    } else if (event->role != ROLE_FAILURE) {
        return;
    } else if (event->has_addr) {
        c->failures++;
    } else {
        c->unattributed++;
    }
    engine_outcome(&e->context[i], &o);
}

static bool proc_address(void *userdata, const struct record *r, struct addr *ret)
{
    const struct unit_context *context = userdata;
    char cmdline[PROCFS_CMDLINE_MAX];
    struct str text;

    return procfs_is_here(r->host, context->engine->here) && procfs_cmdline(r->pid, r->time, cmdline, &text) == 0 &&
           filter_cmdline_address(context->engine->units.v[context->unit].filter, r->ident, text, ret);
}

static int make_jails(struct engine *e, const struct prefix *own, size_t n_own, bool create)
{
    const struct config *c = engine_config(e);

    for (size_t k = 0; k < c->n_jails; k++) {
        const struct jail_config *j = &c->jails[k];
        size_t n = j->ignoreip.n + (j->ignoreself ? n_own : 0);
        if (!j->enabled || (!create && !e->jails[k]))
            continue;
        struct prefix *list = malloc((n ? n : 1) * sizeof(*list));
        if (!list)
            return -ENOMEM;
        if (j->ignoreip.n)
            memcpy(list, j->ignoreip.v, j->ignoreip.n * sizeof(*list));
        if (j->ignoreself && n_own)
            memcpy(list + j->ignoreip.n, own, n_own * sizeof(*list));
        struct jail_policy policy = {
            .maxretry = j->maxretry,
            .room = threshold_room(standing_policy(e->standing, k)),
            .findtime = j->findtime,
            .bantime = j->bantime,
            .increment = j->increment,
            .factor = j->factor,
            .maximum = j->maximum,
            .decay = j->decay,
            .ignore = list,
            .n_ignore = n,
            .max_addresses = j->by_account ? 1 : j->max_addresses, // by account: for its allowlist alone
        };
        int r = create ? jail_new(&policy, &e->jails[k]) : jail_set_ignore(e->jails[k], list, n);
        free(list);
        if (r < 0)
            return r;
    }
    return 0;
}

int engine_set_own(struct engine *e, const struct prefix *own, size_t n)
{
    return make_jails(e, own, n, false);
}

static int make_sessions(struct engine *e)
{
    for (unsigned i = 0; i < e->units.n; i++) {
        e->context[i] = (struct unit_context){.engine = e, .unit = i};
        struct session_options options = {
            .max_lives = engine_config(e)->max_lives,
            .wait = 120 * USEC_SEC,
            .outcome = engine_outcome,
            .proc = engine_is_replay(e) ? NULL : proc_address,
            .userdata = &e->context[i],
        };
        if (!filter_has_session(e->units.v[i].filter))
            continue;
        int r = sessions_new(&options, &e->units.v[i].sessions);
        if (r < 0)
            return r;
    }
    return 0;
}

int engine_new(const struct engine_options *options, struct config_report *report, struct engine **ret)
{
    const struct config *c = options->config;
    struct engine *e = calloc(1, sizeof(*e));

    if (!e)
        return -ENOMEM;
    e->options = *options;
    (void)gethostname(e->here, sizeof(e->here) - 1);
    e->options.own = NULL; // was borrowed for this call
    int r = units_load(&e->units, options, report);
    if (r == 0)
        r = (e->jails = calloc(c->n_jails ? c->n_jails : 1, sizeof(struct jail *))) ? 0 : -ENOMEM;
    if (r == 0)
        r = guests_new(GUESTS_MAX, &e->guests);
    if (r == 0)
        r = standing_new(c, e->guests, report, &e->standing);
    if (r == 0)
        r = make_jails(e, options->own, options->n_own, true);
    if (r == 0)
        r = make_sessions(e);
    if (r == 0 && !options->no_gate)
        r = units_gate(&e->units, &e->literals);
    if (r == 0)
        r = evidence_new((size_t)c->evidence_kib * 1024, &e->evidence);
    if (r == 0)
        r = tally_new(UNCOUNTED_MAX, &e->uncounted);
    if (r == 0)
        r = accounts_new(ACCOUNTS_MAX, &e->accounts);
    if (r == 0)
        r = engine_networks_new(e);
    if (r == 0)
        r = engine_sprays_new(e);
    if (r == 0)
        r = bans_new(c->max_bans, &e->bans);
    if (r == 0)
        r = bans_new(c->max_bans, &e->observed);
    if (r == 0 && engine_is_replay(e))
        r = history_new(c->max_bans, &e->history);
    if (r < 0) {
        engine_free(e);
        return r;
    }
    *ret = e;
    return 0;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    units_free(&e->units);
    for (size_t k = 0; e->jails && k < engine_config(e)->n_jails; k++)
        jail_free(e->jails[k]);
    free(e->jails);
    literals_free(e->literals);
    evidence_free(e->evidence);
    tally_free(e->uncounted);
    accounts_free(e->accounts);
    guests_free(e->guests);
    engine_networks_free(e);
    engine_sprays_free(e);
    standing_free(e->standing);
    bans_free(e->bans);
    bans_free(e->observed);
    history_free(e->history);
    free(e);
}

const struct literals *engine_literals(const struct engine *e)
{
    return e->literals;
}

const char *engine_left_out(const struct engine *e, size_t k)
{
    return k < engine_config(e)->n_jails ? e->units.left_out[k] : NULL;
}

uint64_t engine_ungated(const struct engine *e)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < e->units.n; i++)
        mask |= (uint64_t)(e->units.v[i].ungated != NULL) << i;
    return mask;
}

bool engine_filter(const struct engine *e, unsigned i, struct engine_filter *ret)
{
    if (i >= e->units.n)
        return false;
    const struct unit *u = &e->units.v[i];
    *ret = (struct engine_filter){
        .spec = u->spec,
        .journal = u->journal,
        .literals = filter_count_literals(u->filter),
        .ungated = u->ungated,
        .interpreted = filter_count_interpreted(u->filter),
        .counters = filter_counters(u->filter),
    };
    return true;
}

uint64_t engine_filters_for(const struct engine *e, const char *source)
{
    return units_mask(&e->units, engine_is_replay(e) ? NULL : source, e->options.journal_available);
}

const char *engine_journalmatch(const struct engine *e, unsigned i)
{
    return i < e->units.n ? filter_journalmatch(e->units.v[i].filter) : "";
}

static void expire_observed(struct engine *e, usec_t t)
{
    struct ban ended;

    while (bans_expire(e->observed, t, &ended))
        ;
    while (engine_is_replay(e) && bans_expire(e->bans, t, &ended))
        ;
}

// Under load journald loses the metadata of some entries: any entry of a process may be the one that has it.
static void learn_address(const struct unit *u, const struct record *r)
{
    struct addr addr;

    if (r->cmdline.n && u->sessions && sessions_lacks_address(u->sessions, r) &&
        filter_cmdline_address(u->filter, r->ident, r->cmdline, &addr))
        sessions_address(u->sessions, r, &addr);
}

int engine_feed(struct engine *e, const struct record *r)
{
    e->counters.records++;
    for (uint64_t left = r->filters; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        struct event event;
        struct addr addr;

        if (i >= e->units.n)
            continue;
        if (!filter_match(e->units.v[i].filter, r, &event)) {
            learn_address(&e->units.v[i], r);
            continue;
        }
        e->counters.begun += event.role == ROLE_BEGIN && event.has_addr;
        // a filter may have found a date where the source knew none
        if (e->counters.matches++ == 0 || event.time < e->counters.oldest)
            e->counters.oldest = event.time;
        if (event.time > e->counters.newest)
            e->counters.newest = event.time;
        expire_observed(e, event.time);
        if (!e->units.v[i].sessions || event.alone) {
            direct_outcome(e, i, r, &event);
            continue;
        }
        bool known = r->cmdline.n &&
                     filter_cmdline_address(e->units.v[i].filter, r->ident, r->cmdline, &addr);
        sessions_event(e->units.v[i].sessions, r, &event, known ? &addr : NULL);
    }
    return 0;
}

void engine_set_bound(struct engine *e, usec_t now)
{
    standing_set_bound(e->standing, now);
    for (size_t k = 0; k < engine_config(e)->n_jails; k++)
        if (e->jails[k])
            jail_set_bound(e->jails[k], now);
}

void engine_clock_set(struct engine *e, usec_t now)
{
    for (unsigned i = 0; i < e->units.n; i++)
        if (e->units.v[i].sessions)
            sessions_clock_set(e->units.v[i].sessions, now);
}

void engine_advance(struct engine *e, usec_t now)
{
    for (unsigned i = 0; i < e->units.n; i++)
        if (e->units.v[i].sessions)
            sessions_advance(e->units.v[i].sessions, now);
}

usec_t engine_deadline(const struct engine *e)
{
    usec_t first = USEC_FOREVER;

    for (unsigned i = 0; i < e->units.n; i++) {
        usec_t t = e->units.v[i].sessions ? sessions_deadline(e->units.v[i].sessions) : USEC_FOREVER;
        if (t < first)
            first = t;
    }
    return first;
}

void engine_finish(struct engine *e)
{
    for (unsigned i = 0; i < e->units.n; i++)
        if (e->units.v[i].sessions)
            sessions_finish(e->units.v[i].sessions);
}

int engine_ban(struct engine *e, const struct ban *ban, bool replace)
{
    return bans_add(e->bans, ban, replace);
}

bool engine_unban(struct engine *e, const struct prefix *net, struct ban *ret_old)
{
    for (size_t k = 0; net->len == 128 && k < engine_config(e)->n_jails; k++)
        if (e->jails[k])
            jail_forget(e->jails[k], &net->addr);
    if (net->len == 128)
        engine_sprays_forget(e, &net->addr);
    engine_forget_offenders(e, net, USEC_FOREVER);
    return bans_remove(e->bans, net, ret_old);
}

bool engine_expire(struct engine *e, usec_t t, struct ban *ret)
{
    return bans_expire(e->bans, t, ret);
}

struct bans *engine_bans(struct engine *e)
{
    return e->bans;
}

struct evidence *engine_evidence(struct engine *e)
{
    return e->evidence;
}
