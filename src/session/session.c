// SPDX-License-Identifier: GPL-2.0-or-later
// What each role does to the life it is about, and what becomes of failures: told, waiting, or unattributed.
// Takes every time from the record; asks /proc only through the hook.
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>

#include "session/bind.h"
#include "session/lives.h"

const char *const origin_names[ORIGIN_MAX] = {"cmdline", "line", "proc", "link", "elimination"};

// A pending link names a process that has said nothing yet. One for each caller that hangs up faster than its child
// speaks; more than this at once are forgotten (elimination may still find them).
enum { LINKS_MAX = 256 };

struct sessions {
    struct session_options options;
    struct lives lives;
    struct session_counters counters;
    uint32_t links[LINKS_MAX]; // lives whose link waits
    unsigned n_links;
    unsigned fatherless; // bound lives whose caller's address is not known either
    const struct record *record; // the one at hand, NULL between records
};

int sessions_new(const struct session_options *options, struct sessions **ret)
{
    struct sessions *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->options = *options;
    int r = lives_init(&s->lives, options->max_lives);
    if (r < 0) {
        free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void sessions_free(struct sessions *s)
{
    if (!s)
        return;
    lives_done(&s->lives);
    free(s);
}

static struct position position_now(const struct sessions *s)
{
    return s->record ? s->record->position : (struct position){0};
}

static void trace(const struct sessions *s, enum session_step step, const struct life *l, const struct life *other,
                  enum outcome_origin origin, usec_t now)
{
    if (!s->options.trace)
        return;
    const struct session_trace t = {
        .step = step,
        .origin = origin,
        .life = lives_index(&s->lives, l),
        .other = other ? lives_index(&s->lives, other) : LIFE_NONE,
        .has_addr = l->has_addr,
        .addr = l->addr,
        .time = now,
        .record = s->record,
    };
    s->options.trace(s->options.userdata, &t);
}

// When the life, or the one that told its address, began.
static usec_t first_begin(const struct sessions *s, const struct life *l)
{
    const struct life *owner = l->bound ? &s->lives.v[l->owner] : NULL;
    bool still = owner && owner->used && owner->begin_seq == l->owner_seq;

    return still && owner->begin < l->begin ? owner->begin : l->begin;
}

static void tell_failure(struct sessions *s, struct life *l, usec_t now)
{
    struct outcome o = {
        .kind = l->has_addr ? OUTCOME_FAILURE : OUTCOME_UNATTRIBUTED,
        .class = l->class,
        .origin = l->origin,
        .has_addr = l->has_addr,
        .addr = l->addr,
        .time = l->failure_time,
        .begin = first_begin(s, l),
        .settled = now,
        .host = {l->host, l->host_len},
        .user = {l->user, l->user_len},
        .evidence = {l->evidence, l->evidence_len},
        .position = l->failure_position,
        .decided = position_now(s),
    };

    if (l->failure == FAILURE_WAITS)
        s->counters.waiting--;
    l->failure = FAILURE_TOLD;
    if (o.kind == OUTCOME_UNATTRIBUTED) {
        s->counters.unattributed++;
    } else {
        s->counters.failures++;
        s->counters.by_origin[l->origin]++;
        s->counters.faulted += l->class == CLASS_FAULT;
    }
    trace(s, STEP_SETTLED, l, NULL, l->origin, now);
    s->options.outcome(s->options.userdata, &o);
}

static void tell_success(struct sessions *s, struct life *l)
{
    const struct record *r = s->record;
    struct outcome o = {
        .kind = OUTCOME_SUCCESS,
        .origin = l->origin,
        .has_addr = true,
        .addr = l->addr,
        .time = r->time,
        .begin = first_begin(s, l),
        .settled = r->time,
        .host = {l->host, l->host_len},
        .user = {l->user, l->user_len},
        .evidence = r->line,
        .position = r->position,
        .decided = r->position,
    };

    l->success_told = true;
    s->counters.successes++;
    trace(s, STEP_SUCCESS, l, NULL, l->origin, r->time);
    s->options.outcome(s->options.userdata, &o);
}

static void failure_is_due(struct sessions *s, struct life *l, usec_t now)
{
    if (l->has_addr) {
        tell_failure(s, l, now);
        return;
    }
    l->failure = FAILURE_WAITS;
    s->counters.waiting++;
    trace(s, STEP_WAITS, l, NULL, 0, now);
}

static void set_address(struct sessions *s, struct life *l, const struct addr *a, enum outcome_origin origin,
                        usec_t now)
{
    bool better = !l->has_addr || origin < l->origin;

    if (l->has_addr && !addr_eq(&l->addr, a))
        s->counters.address_conflicts++;
    if (!better)
        return;
    bool known = l->has_addr;
    l->addr = *a;
    l->origin = (uint8_t)origin;
    l->has_addr = true;
    trace(s, STEP_ADDRESS, l, NULL, origin, now);
    if (known)
        return;
    s->fatherless -= l->bound;
    lives_unlist(&s->lives, LIFE_NAMELESS, l);
    if (origin < ORIGIN_LINK)
        bind_by_address(&s->lives, l);
    if (l->failure == FAILURE_WAITS)
        tell_failure(s, l, now);
    if (l->success && !l->success_told && s->record)
        tell_success(s, l);
}

// Tells child whose it is; where the caller's own address is not known yet, it follows with set_caller_address().
static void adopt(struct sessions *s, struct life *child, struct life *caller, enum outcome_origin origin, usec_t now)
{
    if (!child->bound) {
        bind_child(&s->lives, child, caller);
        trace(s, STEP_BIND, child, caller, origin, now);
        s->fatherless += !child->has_addr;
    }
    if (caller->has_addr)
        set_address(s, child, &caller->addr, origin, now);
}

static void set_caller_address(struct sessions *s, struct life *caller, usec_t now)
{
    uint32_t index = lives_index(&s->lives, caller);

    for (struct life *l = s->fatherless ? lives_first(&s->lives, LIFE_BY_LINE) : NULL; l;
         l = lives_next(&s->lives, LIFE_BY_LINE, l)) {
        if (l->bound && !l->has_addr && l->owner == index && l->owner_seq == caller->begin_seq)
            set_address(s, l, &caller->addr, ORIGIN_LINK, now);
    }
}

// Tries to settle the ended lives of a host that have no caller yet: each one that finds its caller leaves one
// candidate less for the others, so hope is given up only when nothing moves any more. At most SETTLE_MAX tries, so
// that a flood of nameless ones costs a bounded time a line.
enum { SETTLE_MAX = 32 };

static void settle(struct sessions *s, uint64_t host, usec_t now)
{
    unsigned tries = 0;
    bool again = true;

    while (again && tries < SETTLE_MAX) {
        struct life *hopeless = NULL;
        again = false;
        for (struct life *l = lives_first(&s->lives, LIFE_NAMELESS), *next; l && tries < SETTLE_MAX; l = next) {
            struct life *caller;
            next = lives_next(&s->lives, LIFE_NAMELESS, l);
            if (l->key.host != host || !l->end_seq || l->failure == FAILURE_TOLD)
                continue;
            tries++;
            switch (bind_eliminate(&s->lives, l, false, &caller)) {
            case ELIMINATION_FOUND:
                adopt(s, l, caller, ORIGIN_ELIMINATION, now);
                again = true;
                break;
            case ELIMINATION_HOPELESS:
                if (l->failure == FAILURE_WAITS && !hopeless)
                    hopeless = l;
                break;
            case ELIMINATION_OPEN:
                break;
            }
        }
        if (!again && hopeless) {
            tell_failure(s, hopeless, now);
            again = true;
        }
    }
}

// over: it is gone, as its own last line or the next life of its pid tell. Otherwise it is no longer followed, and
// what it would have come to is not known: an attempt may still have succeeded.
static void end_life(struct sessions *s, struct life *l, bool over, usec_t now)
{
    if (l->end_seq)
        return;
    l->end_seq = ++s->lives.seq;
    l->link_waits = false;
    l->last = now;
    trace(s, STEP_END, l, NULL, 0, now);
    lives_list(&s->lives, LIFE_ENDED, l);
    if (over && l->failure == FAILURE_ATTEMPT && !l->success && !l->other)
        failure_is_due(s, l, now);
    settle(s, l->key.host, now);
}

// A caller is forgotten whose children are not all known: who may be one of them is settled while it is still
// remembered, and is never charged to somebody else because it is not.
static void forget_caller(struct sessions *s, struct life *caller, usec_t now)
{
    struct life *next, *found;

    if (!bind_is_open(caller))
        return;
    for (struct life *l = lives_first(&s->lives, LIFE_NAMELESS); l; l = next) {
        next = lives_next(&s->lives, LIFE_NAMELESS, l);
        if (l == caller || l->bound || !bind_possible(caller, l))
            continue;
        if (l->failure == FAILURE_WAITS && bind_eliminate(&s->lives, l, true, &found) == ELIMINATION_FOUND) {
            adopt(s, l, found, ORIGIN_ELIMINATION, now);
            next = lives_first(&s->lives, LIFE_NAMELESS); // l is in this list no more, and others may have gone too
            continue;
        }
        l->uncertain = true;
    }
    struct life_host *h = lives_host(&s->lives, caller->key.host);
    usec_t call = caller->n_slots ? caller->slot[caller->n_slots - 1].time : caller->last;
    if (call > h->forgotten)
        h->forgotten = call;
}

// Takes l out of the table; what waits in it is settled as well as it can be now.
static void drop_life(struct sessions *s, struct life *l, usec_t now)
{
    struct life *caller;

    if (!l->end_seq)
        end_life(s, l, false, now);
    if (l->failure == FAILURE_WAITS && !l->bound &&
        bind_eliminate(&s->lives, l, true, &caller) == ELIMINATION_FOUND)
        adopt(s, l, caller, ORIGIN_ELIMINATION, now);
    if (l->failure == FAILURE_WAITS)
        tell_failure(s, l, now);
    s->fatherless -= l->bound && !l->has_addr;
    forget_caller(s, l, now);
    trace(s, STEP_FORGET, l, NULL, 0, now);
    lives_remove(&s->lives, l);
}

// Drops what has been over for long enough by its own host's clock, clock_of(host). A silent host's lives are passed
// by, at most PASS_MAX a call.
static void expire(struct sessions *s, bool live, usec_t now)
{
    enum { PASS_MAX = 4 };
    unsigned passed = 0;

    for (struct life *l; passed < PASS_MAX && (l = lives_first(&s->lives, LIFE_ENDED));) {
        const struct life_host *h = lives_host(&s->lives, l->key.host);
        usec_t clock = live && h->compared ? now - h->behind : h->newest;
        if (clock - l->last >= s->options.wait) {
            drop_life(s, l, clock);
        } else {
            if (!lives_next(&s->lives, LIFE_ENDED, l))
                break;
            lives_list(&s->lives, LIFE_ENDED, l);
            passed++;
        }
    }
}

void sessions_advance(struct sessions *s, usec_t now)
{
    for (unsigned k = 0; k < HOSTS_MAX; k++) {
        struct life_host *h = &s->lives.hosts[k];
        if (h->host && !h->compared) {
            h->behind = now - h->newest;
            h->compared = true;
        }
    }
    expire(s, true, now);
}

usec_t sessions_deadline(const struct sessions *s)
{
    usec_t deadline = USEC_FOREVER;

    if (s->counters.waiting == 0)
        return deadline;
    for (const struct life *l = lives_first(&s->lives, LIFE_ENDED); l; l = lives_next(&s->lives, LIFE_ENDED, l)) {
        if (l->failure != FAILURE_WAITS)
            continue;
        const struct life_host *h = lives_host((struct lives *)&s->lives, l->key.host);
        usec_t t = l->last + s->options.wait + (h->compared ? h->behind : 0);
        if (t < deadline)
            deadline = t;
    }
    return deadline;
}

// Those who were let in stay (unless all is over): what they do later in their sessions is still no guess. So do those
// who are still trying: their own end tells what came of it.
static void clear_host(struct sessions *s, uint64_t host, bool over, usec_t now)
{
    // first end them all, so that elimination sees who can no longer be meant
    for (struct life *l = lives_first(&s->lives, LIFE_BY_LINE); l; l = lives_next(&s->lives, LIFE_BY_LINE, l))
        if (l->key.host == host && (over || (!l->success && l->failure != FAILURE_ATTEMPT)))
            end_life(s, l, false, now);
    for (int all = 0; all < 2; all++) { // those that wait first, while their callers are there
        for (struct life *l = lives_first(&s->lives, LIFE_BY_LINE), *next; l; l = next) {
            next = lives_next(&s->lives, LIFE_BY_LINE, l);
            if (l->key.host == host && l->end_seq && (all || l->failure == FAILURE_WAITS))
                drop_life(s, l, now);
        }
    }
}

void sessions_finish(struct sessions *s)
{
    s->record = NULL;
    for (struct life *l; (l = lives_first(&s->lives, LIFE_BY_LINE));)
        clear_host(s, l->key.host, true, l->last);
}

static void forget_link(struct sessions *s, unsigned k)
{
    s->links[k] = s->links[--s->n_links];
}

// A life has begun: was it named before it spoke?
static void take_waiting_link(struct sessions *s, struct life *child, usec_t now)
{
    for (unsigned k = 0; k < s->n_links;) {
        struct life *caller = &s->lives.v[s->links[k]];
        if (!caller->used || !caller->link_waits) {
            forget_link(s, k);
            continue;
        }
        if (life_key_eq(&caller->link, &child->key)) {
            caller->link_waits = false;
            forget_link(s, k);
            adopt(s, child, caller, ORIGIN_LINK, now);
            return;
        }
        k++;
    }
}

// The table is full: who may go? Somebody who is gone and settled, so that a flood of connections does not make us forget
// those who are logged in; else somebody who is gone; else the longest silent.
static struct life *least_needed(struct sessions *s)
{
    enum { LOOK_MAX = 16 };
    struct life *first = lives_first(&s->lives, LIFE_ENDED), *l = first;

    for (unsigned n = 0; l && n < LOOK_MAX; n++, l = lives_next(&s->lives, LIFE_ENDED, l))
        if (l->failure != FAILURE_WAITS && !bind_is_open(l))
            return l;
    return first ? first : lives_first(&s->lives, LIFE_BY_LINE);
}

static struct life *new_life(struct sessions *s, const struct life_key *key, const struct record *r, bool begun)
{
    struct life *l;

    while (!(l = lives_add(&s->lives, key))) {
        s->counters.overflow++;
        drop_life(s, least_needed(s), r->time);
    }
    s->counters.lives++;
    l->begin = l->last = r->time;
    l->begun = begun;
    l->uncertain = r->time - lives_host(&s->lives, key->host)->forgotten <= BIND_SOON;
    l->host_len = (uint8_t)(r->host.n < LIFE_HOST_MAX ? r->host.n : LIFE_HOST_MAX);
    memcpy(l->host, r->host.p, l->host_len);
    trace(s, STEP_LIFE, l, NULL, 0, r->time);
    return l;
}

// A new process spoke for the first time: whose is it?
static void first_line(struct sessions *s, struct life *l, const struct record *r, const struct addr *cmdline_addr)
{
    struct addr a;

    take_waiting_link(s, l, r->time);
    if (!cmdline_addr && !l->has_addr && (r->flags & RECORD_LOCAL) && s->options.proc &&
        s->options.proc(s->options.userdata, r, &a))
        set_address(s, l, &a, ORIGIN_PROC, r->time);
}

// Does this begin line belong to a process that has spoken before? A begin that was printed already, or that
// comes before one printed already, does not.
static bool continues(const struct life *l, const struct event *e)
{
    if (!l || l->end_seq)
        return false;
    if (l->announced && !l->begun)
        return true;
    return l->begun && !l->begun_last && e->order >= l->begin_order && l->failure == FAILURE_NONE && !l->success;
}

static struct life *begin_life(struct sessions *s, struct life *l, const struct life_key *key,
                               const struct record *r, const struct event *e, const struct addr *cmdline_addr)
{
    if (!continues(l, e)) {
        if (l)
            end_life(s, l, true, r->time); // its pid is used again: it is gone
        l = new_life(s, key, r, true);
        first_line(s, l, r, cmdline_addr);
    } else if (!l->begun) {
        l->begun = true;
        l->begin_seq = ++s->lives.seq;
    }
    l->begin_order = e->order;
    l->begun_last = e->last;
    return l;
}

static void keep_text(struct life *l, const struct record *r, const struct event *e)
{
    l->failure_time = r->time;
    l->failure_position = r->position;
    l->evidence_len = (uint16_t)(r->line.n < sizeof(l->evidence) ? r->line.n : sizeof(l->evidence));
    memcpy(l->evidence, r->line.p, l->evidence_len);
    l->user_len = 0;
    if (e->has_user) {
        l->user_len = (uint16_t)(e->user.n < sizeof(l->user) ? e->user.n : sizeof(l->user));
        memcpy(l->user, e->user.p, l->user_len);
    }
}

static void on_failure(struct sessions *s, struct life *l, const struct record *r, const struct event *e)
{
    // One a life; and a failed re-challenge of a session that was let in is no guess.
    if (l->other || l->success || l->failure == FAILURE_WAITS || l->failure == FAILURE_TOLD)
        return;
    keep_text(l, r, e);
    l->class = (uint8_t)(l->faulted ? CLASS_FAULT : e->class);
    if (e->role == ROLE_ATTEMPT)
        l->failure = FAILURE_ATTEMPT;
    else
        failure_is_due(s, l, r->time);
}

static void on_success(struct sessions *s, struct life *l, const struct event *e)
{
    if (l->other)
        return;
    if (e->has_user && !l->success_told) {
        l->user_len = (uint16_t)(e->user.n < sizeof(l->user) ? e->user.n : sizeof(l->user));
        memcpy(l->user, e->user.p, l->user_len);
    } else if (!l->success && l->failure != FAILURE_ATTEMPT) {
        l->user_len = 0;
    }
    l->success = true;
    if (l->has_addr && !l->success_told)
        tell_success(s, l);
}

static void on_link(struct sessions *s, struct life *caller, const struct record *r, const struct event *e)
{
    struct life_key key = lives_key(&s->lives, r->host, e->link_ident, e->link_pid);
    struct life *child = lives_find(&s->lives, &key);

    // The pid is its last child's, which has not been waited for: whoever has it now is meant. Only one that
    // began before the last call is an older process whose successor has said nothing yet.
    bool taken = child && child->bound && child->origin == ORIGIN_LINK &&
                 child->owner != lives_index(&s->lives, caller);
    if (child && child != caller && !taken && (!child->begun || child->begin_seq > caller->last_call_seq) &&
        (!caller->begun || child->begin_seq > caller->begin_seq)) {
        adopt(s, child, caller, ORIGIN_LINK, r->time);
        settle(s, caller->key.host, r->time); // one candidate less for the others
        return;
    }
    caller->link = key;
    if (!caller->link_waits && s->n_links < LINKS_MAX) {
        caller->link_waits = true;
        s->links[s->n_links++] = lives_index(&s->lives, caller);
    }
}

static void on_other(struct sessions *s, struct life *l, const struct record *r, const struct event *e)
{
    if (!e->link_pid) {
        l->other = true;
        lives_unlist(&s->lives, LIFE_NAMELESS, l);
        return;
    }
    struct life_key key = lives_key(&s->lives, r->host, e->link_ident, e->link_pid);
    struct life *child = lives_find(&s->lives, &key);
    if (!child || child->end_seq) {
        child = new_life(s, &key, r, false);
        child->announced = true;
    }
    child->other = true;
    lives_unlist(&s->lives, LIFE_NAMELESS, child);
}

// Another address on the trusted command line under the same pid: the pid was used again and we missed it.
static bool is_someone_else(const struct life *l, const struct addr *cmdline_addr)
{
    return cmdline_addr && l->has_addr && l->origin == ORIGIN_CMDLINE && !addr_eq(&l->addr, cmdline_addr);
}

// What names the life: its pid, or a text that stands in its lines. No pid is as large as these.
static struct life_key key_of(const struct sessions *s, const struct record *r, const struct event *e)
{
    struct life_key key = lives_key(&s->lives, r->host, r->ident, r->pid);

    if (e->key.n)
        key.pid = hash_bytes(&s->lives.hash, e->key.p, e->key.n) | UINT64_C(1) << 63;
    return key;
}

void sessions_event(struct sessions *s, const struct record *r, const struct event *e, const struct addr *cmdline_addr)
{
    struct life_key key = key_of(s, r, e);
    struct life_host *h = lives_host(&s->lives, key.host);

    s->record = r;
    if (r->time > h->newest)
        h->newest = r->time;
    h->compared = false;
    expire(s, false, 0);
    if (e->role == ROLE_CLEAR) {
        clear_host(s, key.host, false, r->time);
        s->record = NULL;
        return;
    }

    struct life *l = lives_find(&s->lives, &key);
    if (e->role == ROLE_END && !l) { // of something that began before we looked
        s->record = NULL;
        return;
    }
    // a name that nothing began ends nowhere: it is over after each of its lines, and goes on with the next
    bool loose = e->key.n && !(l && l->begun) && e->role != ROLE_BEGIN;
    if (e->role == ROLE_BEGIN || (e->role == ROLE_OTHER && e->begins)) {
        l = begin_life(s, l, &key, r, e, cmdline_addr);
    } else if (!l || (l->end_seq && !loose && e->role != ROLE_LINK && e->role != ROLE_END) ||
               is_someone_else(l, cmdline_addr)) {
        if (l)
            end_life(s, l, true, r->time);
        l = new_life(s, &key, r, false);
        first_line(s, l, r, cmdline_addr);
    }
    lives_list(&s->lives, LIFE_BY_LINE, l);
    trace(s, STEP_LINE, l, NULL, 0, r->time);
    if (!l->end_seq)
        l->last = r->time;

    bool knew = l->has_addr;
    if (cmdline_addr)
        set_address(s, l, cmdline_addr, ORIGIN_CMDLINE, r->time);
    if (e->has_addr)
        set_address(s, l, &e->addr, ORIGIN_LINE, r->time);
    if (!knew && l->has_addr)
        set_caller_address(s, l, r->time);

    switch (e->role) {
    case ROLE_CALL:
        bind_call(&s->lives, l, r->time);
        settle(s, key.host, r->time); // an earlier child can no longer be named
        break;
    case ROLE_LINK:
        on_link(s, l, r, e);
        break;
    case ROLE_OTHER:
        on_other(s, l, r, e);
        break;
    case ROLE_FAULT:
        l->faulted = true;
        if (l->failure == FAILURE_ATTEMPT)
            l->class = CLASS_FAULT;
        break;
    case ROLE_ATTEMPT:
    case ROLE_FAILURE:
        on_failure(s, l, r, e);
        break;
    case ROLE_SUCCESS:
        on_success(s, l, e);
        break;
    case ROLE_END:
        l->end_told = true;
        end_life(s, l, true, r->time);
        break;
    case ROLE_BEGIN:
    case ROLE_ADDRESS:
    case ROLE_CLEAR:
    case ROLE_MAX:
        break;
    }
    if (loose && l->end_seq) {
        l->last = r->time;
        lives_list(&s->lives, LIFE_ENDED, l);
    } else if (loose) {
        end_life(s, l, false, r->time);
    }
    s->counters.active = s->lives.active;
    s->record = NULL;
}

bool sessions_lacks_address(const struct sessions *s, const struct record *r)
{
    struct life_key key = lives_key(&s->lives, r->host, r->ident, r->pid);
    const struct life *l = lives_find(&s->lives, &key);

    return l && !l->end_seq && !l->has_addr;
}

void sessions_address(struct sessions *s, const struct record *r, const struct addr *cmdline_addr)
{
    struct life_key key = lives_key(&s->lives, r->host, r->ident, r->pid);
    struct life *l = lives_find(&s->lives, &key);

    if (!l || l->end_seq)
        return;
    s->record = r;
    set_address(s, l, cmdline_addr, ORIGIN_CMDLINE, r->time);
    s->record = NULL;
}

usec_t sessions_oldest(const struct sessions *s, usec_t not_before)
{
    usec_t oldest = USEC_FOREVER;

    for (const struct life *l = lives_first(&s->lives, LIFE_BY_LINE); l; l = lives_next(&s->lives, LIFE_BY_LINE, l)) {
        if ((l->end_seq == 0 || l->failure == FAILURE_WAITS) && l->begin >= not_before && l->begin < oldest)
            oldest = l->begin;
    }
    return oldest;
}

const struct session_counters *sessions_counters(const struct sessions *s)
{
    return &s->counters;
}
