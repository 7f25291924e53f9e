// SPDX-License-Identifier: GPL-2.0-or-later
// The pipeline from record to verdict. Wires the rooms together and owns their bounds; decides nothing that jails,
// sessions and filters do not say.
#include "engine/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/history.h"
#include "engine/procfs.h"
#include "engine/units.h"

enum {
    UNCOUNTED_MAX = 4096, // addresses, 48 bytes each
    ACCOUNTS_MAX = 4096,  // 700 bytes each, when they are tried
};

struct engine {
    struct engine_options options;
    struct units units;
    struct jail **jails; // [config->n_jails], NULL where disabled or left out
    struct literals *literals;
    struct evidence *evidence;
    struct tally *uncounted;
    struct accounts *accounts;
    struct bans *bans, *observed;
    struct history *history; // replay only
    struct engine_counters counters;
    char here[65]; // this machine's name
    // How long before a failure its session may have begun: the longest in this findtime and in the one before.
    struct span {
        usec_t since, longest, before;
    } span;
    struct unit_context {
        struct engine *engine;
        unsigned unit;
    } context[UNITS_MAX];
};

static const struct config *config_of(const struct engine *e)
{
    return e->options.config;
}

static bool is_replay(const struct engine *e)
{
    return e->options.mode != ENGINE_LIVE;
}

static void tell(struct engine *e, const char *jail, const struct outcome *o, const struct verdict *v)
{
    struct engine_event event = {.outcome = o, .jail = jail, .verdict = v};

    if (e->options.callbacks.event)
        e->options.callbacks.event(e->options.callbacks.userdata, &event);
}

static unsigned previous_bans(const struct engine *e, const struct jail_config *c, const struct prefix *net, usec_t t)
{
    if (!c->increment)
        return 0;
    if (e->options.callbacks.previous)
        return e->options.callbacks.previous(e->options.callbacks.userdata, net, t, c->decay);
    return e->history ? history_count(e->history, net, t, c->decay) : 0;
}

// Is there nothing left to do for this jail? A ban of another jail that is shorter than its own leaves it something: a
// jail for those who come again hears of them when they have just been banned.
static bool is_banned(const struct engine *e, const struct jail_config *c, const struct addr *a, usec_t t)
{
    const struct ban *ban = bans_covering(c->observe ? e->observed : e->bans, a);

    if (!ban || ban->until <= t || ban->since > t)
        return false;
    return strcmp(ban->jail, c->name) == 0 || ban->until == USEC_FOREVER ||
           (c->bantime != USEC_FOREVER && ban->until - t >= c->bantime);
}

static struct ban ban_of(const struct jail_config *c, const struct outcome *o, const struct verdict *v)
{
    struct ban ban = {
        .net = prefix_of(&v->addr, 128),
        .since = o->time,
        .until = v->until,
        .count = v->count,
        .times = v->previous + 1,
    };

    strncpy(ban.jail, c->name, JAIL_NAME_MAX);
    return ban;
}

static void decide(struct engine *e, unsigned k, const struct outcome *o, const struct ban *ban)
{
    const struct jail_config *c = &config_of(e)->jails[k];

    jail_forget(e->jails[k], &o->addr); // counted from nothing when the ban is over
    if (bans_add(c->observe ? e->observed : e->bans, ban, false) < 0) {
        e->counters.bans_refused++;
        return;
    }
    e->counters.bans++;
    if (e->history)
        history_add(e->history, &ban->net, ban->until, ban->times);
    if (e->options.callbacks.ban)
        e->options.callbacks.ban(e->options.callbacks.userdata, ban, &o->decided, c->observe);
}

static void judge(struct engine *e, unsigned k, const struct outcome *o)
{
    const struct engine_callbacks *to = &e->options.callbacks;
    const struct jail_config *c = &config_of(e)->jails[k];
    struct verdict v = {.kind = VERDICT_BANNED, .addr = o->addr};
    struct prefix net = prefix_of(&o->addr, 128);

    if (to->decided && to->decided(to->userdata, c->name, o)) {
        e->counters.muted++;
        return;
    }
    if (!is_banned(e, c, &o->addr, o->time))
        v = jail_failure(e->jails[k], &o->addr, o->user, o->time, c->weight[o->class],
                         previous_bans(e, c, &net, o->time));
    e->counters.ignored += v.kind == VERDICT_IGNORED;
    struct ban ban = ban_of(c, o, &v);
    if (v.kind == VERDICT_BAN && to->spare && to->spare(to->userdata, &ban, o)) {
        v.kind = VERDICT_SPARED;
        e->counters.spared++;
    }
    evidence_add(e->evidence, o, c->name);
    tell(e, c->name, o, &v);
    if (v.kind == VERDICT_BAN)
        decide(e, k, o, &ban);
}

static usec_t longest_findtime(const struct engine *e)
{
    usec_t longest = 0;

    for (size_t k = 0; k < config_of(e)->n_jails; k++)
        if (e->jails[k] && config_of(e)->jails[k].findtime > longest)
            longest = config_of(e)->jails[k].findtime;
    return longest;
}

// What a window rests on is older than its failures: the lines that told their address came before them.
static void note_span(struct engine *e, const struct outcome *o)
{
    if (o->time - e->span.since > longest_findtime(e)) {
        e->span.before = e->span.longest;
        e->span.longest = 0;
        e->span.since = o->time;
    }
    if (o->time - o->begin > e->span.longest)
        e->span.longest = o->time - o->begin;
}

// Names are tried where passwords are checked; the rest says nothing of an account.
static void note_account(struct engine *e, const struct outcome *o)
{
    const struct engine_callbacks *to = &e->options.callbacks;
    const struct addr *from = o->has_addr ? &o->addr : NULL;
    const struct account *guessed = NULL;

    if (o->kind == OUTCOME_SUCCESS)
        guessed = accounts_succeed(e->accounts, o->user, from, o->time);
    else if (o->class == CLASS_AUTH)
        accounts_fail(e->accounts, o->user, from, o->time);
    if (guessed && to->guessed)
        to->guessed(to->userdata, guessed);
}

static void on_outcome(void *userdata, const struct outcome *o)
{
    const struct unit_context *context = userdata;
    struct engine *e = context->engine;
    const struct unit *u = &e->units.v[context->unit];
    bool told = false, counted = false;

    if (o->kind == OUTCOME_FAILURE)
        note_span(e, o);
    for (unsigned n = 0; n < u->n_jails; n++) {
        unsigned k = u->jails[n];
        const struct jail_config *c = &config_of(e)->jails[k];
        switch (o->kind) {
        case OUTCOME_FAILURE:
            if (c->weight[o->class] > 0) {
                judge(e, k, o);
                counted = true;
            }
            break;
        case OUTCOME_SUCCESS:
            jail_success(e->jails[k], &o->addr, o->user, o->time);
            if (!told)
                tell(e, c->name, o, NULL);
            told = true;
            break;
        case OUTCOME_UNATTRIBUTED:
            if (c->weight[o->class] > 0 && !told) {
                tell(e, c->name, o, NULL);
                told = true;
            }
            break;
        }
    }
    note_account(e, o);
    if (o->kind == OUTCOME_FAILURE && !counted)
        tally_add(e->uncounted, &o->addr, o->class, o->time);
}

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
    on_outcome(&e->context[i], &o);
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
    const struct config *c = config_of(e);

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
            .findtime = j->findtime,
            .bantime = j->bantime,
            .increment = j->increment,
            .factor = j->factor,
            .maximum = j->maximum,
            .decay = j->decay,
            .ignore = list,
            .n_ignore = n,
            .max_addresses = j->max_addresses,
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
            .max_lives = config_of(e)->max_lives,
            .wait = 120 * USEC_SEC,
            .outcome = on_outcome,
            .proc = is_replay(e) ? NULL : proc_address,
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
        r = bans_new(c->max_bans, &e->bans);
    if (r == 0)
        r = bans_new(c->max_bans, &e->observed);
    if (r == 0 && is_replay(e))
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
    for (size_t k = 0; e->jails && k < config_of(e)->n_jails; k++)
        jail_free(e->jails[k]);
    free(e->jails);
    literals_free(e->literals);
    evidence_free(e->evidence);
    tally_free(e->uncounted);
    accounts_free(e->accounts);
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
    return k < config_of(e)->n_jails ? e->units.left_out[k] : NULL;
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
    return units_mask(&e->units, is_replay(e) ? NULL : source, e->options.journal_available);
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
    while (is_replay(e) && bans_expire(e->bans, t, &ended))
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
    for (size_t k = 0; k < config_of(e)->n_jails; k++)
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
    for (size_t k = 0; net->len == 128 && k < config_of(e)->n_jails; k++)
        if (e->jails[k])
            jail_forget(e->jails[k], &net->addr);
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

size_t engine_why(const struct engine *e, const struct addr *a, usec_t t, struct engine_window *ret, size_t max)
{
    size_t n = 0;

    for (size_t k = 0; k < config_of(e)->n_jails; k++) {
        const struct jail_config *c = &config_of(e)->jails[k];
        if (!e->jails[k])
            continue;
        if (n < max) {
            ret[n] = (struct engine_window){
                .jail = c->name,
                .maxretry = c->maxretry,
                .findtime = c->findtime,
                .ignored = jail_ignores(e->jails[k], a),
            };
            ret[n].count = jail_count(e->jails[k], a, t, &ret[n].oldest);
        }
        n++;
    }
    return n;
}

const struct accounts *engine_accounts(const struct engine *e)
{
    return e->accounts;
}

const struct tally_entry *engine_uncounted(const struct engine *e, const struct addr *a)
{
    return tally_find(e->uncounted, a);
}

void engine_read_counters(const struct engine *e, struct engine_counters *ret)
{
    *ret = e->counters;
    for (unsigned i = 0; i < e->units.n; i++) {
        const struct unit *u = &e->units.v[i];
        ret->failures += u->direct.failures;
        ret->successes += u->direct.successes;
        ret->unattributed += u->direct.unattributed;
        ret->by_origin[ORIGIN_LINE] += u->direct.failures;
        ret->limit_hits += filter_counters(u->filter)->limit_hits;
        ret->sessions_dropped += filter_counters(u->filter)->sessions_dropped;
        if (!u->sessions)
            continue;
        const struct session_counters *s = sessions_counters(u->sessions);
        ret->failures += s->failures;
        ret->successes += s->successes;
        ret->unattributed += s->unattributed;
        ret->faulted += s->faulted;
        ret->session_overflow += s->overflow;
        ret->lives += s->active;
        ret->waiting += s->waiting;
        for (unsigned k = 0; k < ORIGIN_MAX; k++)
            ret->by_origin[k] += s->by_origin[k];
    }
    for (size_t k = 0; k < config_of(e)->n_jails; k++) {
        if (!e->jails[k])
            continue;
        ret->window_overflow += jail_counters(e->jails[k])->overflow;
        ret->addresses += jail_counters(e->jails[k])->addresses;
    }
}

usec_t engine_oldest_needed(const struct engine *e, usec_t now, usec_t max_age)
{
    usec_t oldest = now, t;
    usec_t span = e->span.longest > e->span.before ? e->span.longest : e->span.before;

    if (span > max_age)
        span = max_age;
    for (size_t k = 0; k < config_of(e)->n_jails; k++)
        if (e->jails[k] && jail_oldest(e->jails[k], now, &t) && t - span < oldest)
            oldest = t - span;
    for (unsigned i = 0; i < e->units.n; i++) {
        if (!e->units.v[i].sessions)
            continue;
        t = sessions_oldest(e->units.v[i].sessions, now - max_age);
        if (t < oldest)
            oldest = t;
    }
    return oldest;
}
