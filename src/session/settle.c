// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of failures and good logins: told, waiting, or unattributed; when lives end, are given up and forgotten.
// Takes every time from the record. What a line means is session.c's matter.
#include "session/settle.h"

#include "session/bind.h"

static struct position position_now(const struct sessions *s)
{
    return s->record ? s->record->position : (struct position){0};
}

void settle_trace(const struct sessions *s, enum session_step step, const struct life *l, const struct life *other,
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

bool settle_is_distrusted(const struct sessions *s, const struct life *l, usec_t now)
{
    return now - lives_host((struct lives *)&s->lives, l->key.host)->distrusted <= 3600 * USEC_SEC;
}

static void tell_failure(struct sessions *s, struct life *l, usec_t now)
{
    bool known = l->has_addr && !settle_is_distrusted(s, l, now);
    struct outcome o = {
        .kind = known ? OUTCOME_FAILURE : OUTCOME_UNATTRIBUTED,
        .class = l->class,
        .origin = l->origin,
        .has_addr = known,
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
    settle_trace(s, STEP_SETTLED, l, NULL, l->origin, now);
    s->options.outcome(s->options.userdata, &o);
}

void settle_success(struct sessions *s, struct life *l)
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
    if (settle_is_distrusted(s, l, r->time))
        return;
    s->counters.successes++;
    settle_trace(s, STEP_SUCCESS, l, NULL, l->origin, r->time);
    s->options.outcome(s->options.userdata, &o);
}

void settle_failure(struct sessions *s, struct life *l, usec_t now)
{
    if (l->has_addr) {
        tell_failure(s, l, now);
        return;
    }
    l->failure = FAILURE_WAITS;
    s->counters.waiting++;
    settle_trace(s, STEP_WAITS, l, NULL, 0, now);
}

void settle_address(struct sessions *s, struct life *l, const struct addr *a, enum outcome_origin origin, usec_t now)
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
    settle_trace(s, STEP_ADDRESS, l, NULL, origin, now);
    if (known)
        return;
    s->fatherless -= l->bound;
    lives_unlist(&s->lives, LIFE_NAMELESS, l);
    if (origin < ORIGIN_LINK)
        bind_by_address(&s->lives, l);
    if (l->failure == FAILURE_WAITS)
        tell_failure(s, l, now);
    if (l->success && !l->success_told && s->record)
        settle_success(s, l);
}

// Tells child whose it is; where the caller's own address is not known yet, it follows with settle_caller_address().
void settle_adopt(struct sessions *s, struct life *child, struct life *caller, enum outcome_origin origin, usec_t now)
{
    if (!child->bound) {
        bind_child(&s->lives, child, caller);
        settle_trace(s, STEP_BIND, child, caller, origin, now);
        s->fatherless += !child->has_addr;
    }
    if (caller->has_addr)
        settle_address(s, child, &caller->addr, origin, now);
}

void settle_caller_address(struct sessions *s, struct life *caller, usec_t now)
{
    uint32_t index = lives_index(&s->lives, caller);

    for (struct life *l = s->fatherless ? lives_first(&s->lives, LIFE_BY_LINE) : NULL; l;
         l = lives_next(&s->lives, LIFE_BY_LINE, l)) {
        if (l->bound && !l->has_addr && l->owner == index && l->owner_seq == caller->begin_seq)
            settle_address(s, l, &caller->addr, ORIGIN_LINK, now);
    }
}

// Tries to settle the ended lives of a host that have no caller yet: each one that finds its caller leaves one
// candidate less for the others, so hope is given up only when nothing moves any more. At most SETTLE_MAX tries, so
// that a flood of nameless ones costs a bounded time a line.
enum { SETTLE_MAX = 32 };

void settle_host(struct sessions *s, uint64_t host, usec_t now)
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
                settle_adopt(s, l, caller, ORIGIN_ELIMINATION, now);
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
void settle_end(struct sessions *s, struct life *l, bool over, usec_t now)
{
    if (l->end_seq)
        return;
    l->end_seq = ++s->lives.seq;
    l->link_waits = false;
    l->last = now;
    settle_trace(s, STEP_END, l, NULL, 0, now);
    lives_list(&s->lives, LIFE_ENDED, l);
    if (over && l->failure == FAILURE_ATTEMPT && !l->success && !l->other)
        settle_failure(s, l, now);
    settle_host(s, l->key.host, now);
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
            settle_adopt(s, l, found, ORIGIN_ELIMINATION, now);
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
void settle_drop(struct sessions *s, struct life *l, usec_t now)
{
    struct life *caller;

    if (!l->end_seq)
        settle_end(s, l, false, now);
    if (l->failure == FAILURE_WAITS && !l->bound &&
        bind_eliminate(&s->lives, l, true, &caller) == ELIMINATION_FOUND)
        settle_adopt(s, l, caller, ORIGIN_ELIMINATION, now);
    if (l->failure == FAILURE_WAITS)
        tell_failure(s, l, now);
    s->fatherless -= l->bound && !l->has_addr;
    forget_caller(s, l, now);
    settle_trace(s, STEP_FORGET, l, NULL, 0, now);
    lives_remove(&s->lives, l);
    s->counters.active = s->lives.active;
}

// Drops what has been over for long enough by its own host's clock, clock_of(host). A silent host's lives are passed
// by, at most PASS_MAX a call.
void settle_expire(struct sessions *s, bool live, usec_t now)
{
    enum { PASS_MAX = 4 };
    unsigned passed = 0;

    for (struct life *l; passed < PASS_MAX && (l = lives_first(&s->lives, LIFE_ENDED));) {
        const struct life_host *h = lives_host(&s->lives, l->key.host);
        usec_t clock = live && h->compared ? now - h->behind : h->newest;
        if (clock - l->last >= s->options.wait) {
            settle_drop(s, l, clock);
        } else {
            if (!lives_next(&s->lives, LIFE_ENDED, l))
                break;
            lives_list(&s->lives, LIFE_ENDED, l);
            passed++;
        }
    }
}

void sessions_clock_set(struct sessions *s, usec_t now)
{
    for (unsigned k = 0; k < HOSTS_MAX; k++) {
        struct life_host *h = &s->lives.hosts[k];
        if (!h->host)
            continue;
        settle_clear(s, h->host, false, h->newest);
        h->newest = now;
        h->forgotten = h->distrusted = INT64_MIN / 2;
        h->next_seq = 0;
        h->compared = false;
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
    settle_expire(s, true, now);
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
void settle_clear(struct sessions *s, uint64_t host, bool over, usec_t now)
{
    // first end them all, so that elimination sees who can no longer be meant
    for (struct life *l = lives_first(&s->lives, LIFE_BY_LINE); l; l = lives_next(&s->lives, LIFE_BY_LINE, l))
        if (l->key.host == host && (over || (!l->success && l->failure != FAILURE_ATTEMPT)))
            settle_end(s, l, false, now);
    for (int all = 0; all < 2; all++) { // those that wait first, while their callers are there
        for (struct life *l = lives_first(&s->lives, LIFE_BY_LINE), *next; l; l = next) {
            next = lives_next(&s->lives, LIFE_BY_LINE, l);
            if (l->key.host == host && l->end_seq && (all || l->failure == FAILURE_WAITS))
                settle_drop(s, l, now);
        }
    }
}

void sessions_finish(struct sessions *s)
{
    s->record = NULL;
    for (struct life *l; (l = lives_first(&s->lives, LIFE_BY_LINE));)
        settle_clear(s, l->key.host, true, l->last);
}
