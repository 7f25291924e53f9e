// SPDX-License-Identifier: GPL-2.0-or-later
// What each role does to the life it is about. Takes every time from the record; asks /proc only through the hook; what
// becomes of failures is settle.c's matter.
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>

#include "session/bind.h"
#include "session/settle.h"

const char *const origin_names[ORIGIN_MAX] = {"cmdline", "line", "proc", "link", "elimination"};

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
            settle_adopt(s, child, caller, ORIGIN_LINK, now);
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
        settle_drop(s, least_needed(s), r->time);
    }
    s->counters.lives++;
    s->counters.active = s->lives.active;
    l->begin = l->last = r->time;
    l->begun = begun;
    l->uncertain = r->time - lives_host(&s->lives, key->host)->forgotten <= BIND_SOON;
    l->host_len = (uint8_t)(r->host.n < LIFE_HOST_MAX ? r->host.n : LIFE_HOST_MAX);
    if (l->host_len)
        memcpy(l->host, r->host.p, l->host_len);
    settle_trace(s, STEP_LIFE, l, NULL, 0, r->time);
    return l;
}

// A child begins soon after its caller said so; stamps may be of whole seconds, and lines of two programs change places.
static bool soon(usec_t a, usec_t b)
{
    return a - b <= 2 * USEC_SEC && b - a <= 2 * USEC_SEC;
}

// Somebody said that its child is the next to begin, and this one has begun.
static void take_next(struct sessions *s, struct life *child, usec_t now)
{
    struct life_host *h = lives_host(&s->lives, child->key.host);
    struct life *caller = h->next_seq ? &s->lives.v[h->next] : NULL;

    if (!caller || caller->key.ident == child->key.ident)
        return;
    // one that was named by its pid before is that caller's, known address or not
    if (caller->used && caller->begin_seq == h->next_seq && caller->key.host == child->key.host && !child->bound &&
        soon(now, h->next_time))
        settle_adopt(s, child, caller, ORIGIN_LINK, now);
    h->next_seq = 0;
}

// The child will begin with this key.
static void wait_for(struct sessions *s, struct life *caller, const struct life_key *key)
{
    caller->link = *key;
    if (!caller->link_waits && s->n_links < LINKS_MAX) {
        caller->link_waits = true;
        s->links[s->n_links++] = lives_index(&s->lives, caller);
    }
}

static void on_next(struct sessions *s, struct life *caller, const struct record *r, const struct event *e)
{
    struct life_host *h = lives_host(&s->lives, caller->key.host);

    if (!e->link_pid) {
        h->next = lives_index(&s->lives, caller);
        h->next_seq = caller->begin_seq;
        h->next_time = r->time;
        return;
    }
    struct life_key key = lives_key(&s->lives, r->host, e->link_ident, e->link_pid);
    struct life *child = lives_find(&s->lives, &key);
    if (e->key_kind && !caller->begun)
        settle_end(s, caller, false, r->time); // there was nothing else to say
    if (child && child != caller && !child->bound && soon(child->begin, r->time))
        settle_adopt(s, child, caller, ORIGIN_LINK, r->time);
    else
        wait_for(s, caller, &key);
}

// A new process spoke for the first time: whose is it?
static void first_line(struct sessions *s, struct life *l, const struct record *r, const struct addr *cmdline_addr)
{
    struct addr a;

    take_waiting_link(s, l, r->time);
    if (!cmdline_addr && !l->has_addr && (r->flags & RECORD_LOCAL) && s->options.proc &&
        s->options.proc(s->options.userdata, r, &a))
        settle_address(s, l, &a, ORIGIN_PROC, r->time);
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
        // A name may be used again before the last line about the older one, unlike a pid. One that never began has no
        // last line: it may be a name in somebody's text.
        bool late = l && e->key_kind && l->begun && !l->end_told;
        uint8_t stale = late ? (uint8_t)(l->stale_ends + (l->stale_ends < UINT8_MAX)) : 0;
        if (l)
            settle_end(s, l, true, r->time); // its pid is used again: it is gone
        l = new_life(s, key, r, true);
        l->stale_ends = stale;
        first_line(s, l, r, cmdline_addr);
        take_next(s, l, r->time);
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
    if (l->failure != FAILURE_ATTEMPT) // who tried it is who failed, if the failure does not say
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
        settle_failure(s, l, r->time);
}

static void on_success(struct sessions *s, struct life *l, const struct record *r, const struct event *e)
{
    if (l->other)
        return;
    if (!l->success)
        l->login = r->time;
    if (e->has_user && (!l->success_told || l->user_len == 0)) {
        l->user_len = (uint16_t)(e->user.n < sizeof(l->user) ? e->user.n : sizeof(l->user));
        memcpy(l->user, e->user.p, l->user_len);
    } else if (!l->success && l->failure != FAILURE_ATTEMPT) {
        l->user_len = 0;
    }
    l->success = true;
    if (l->has_addr && !l->success_told)
        settle_success(s, l);
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
        settle_adopt(s, child, caller, ORIGIN_LINK, r->time);
        settle_host(s, caller->key.host, r->time); // one candidate less for the others
        return;
    }
    wait_for(s, caller, &key);
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
    key.ident ^= e->key_kind * UINT64_C(0x9e3779b97f4a7c15); // another sort of name is another program's
    return key;
}

static void on_fault(struct life *l)
{
    l->faulted = true;
    if (l->failure == FAILURE_ATTEMPT)
        l->class = CLASS_FAULT;
}

static void on_end(struct sessions *s, struct life *l, const struct record *r)
{
    if (l->stale_ends) {
        l->stale_ends--;
        return;
    }
    l->end_told = true;
    settle_end(s, l, true, r->time);
}

static void follow_role(struct sessions *s, struct life *l, const struct record *r, const struct event *e)
{
    switch (e->role) {
    case ROLE_CALL:
        bind_call(&s->lives, l, r->time);
        settle_host(s, l->key.host, r->time); // an earlier child can no longer be named
        break;
    case ROLE_NEXT:
        on_next(s, l, r, e);
        break;
    case ROLE_LINK:
        on_link(s, l, r, e);
        break;
    case ROLE_OTHER:
        on_other(s, l, r, e);
        break;
    case ROLE_FAULT:
        on_fault(l);
        break;
    case ROLE_ATTEMPT:
    case ROLE_FAILURE:
        on_failure(s, l, r, e);
        break;
    case ROLE_SUCCESS:
        on_success(s, l, r, e);
        break;
    case ROLE_END:
        on_end(s, l, r);
        break;
    case ROLE_BEGIN:
    case ROLE_ADDRESS:
    case ROLE_CLEAR:
    case ROLE_DISTRUST:
    case ROLE_TELLS:
    case ROLE_MAX:
        break;
    }
}

static void learn_address(struct sessions *s, struct life *l, const struct record *r, const struct event *e,
                          const struct addr *cmdline_addr)
{
    bool knew = l->has_addr;

    if (cmdline_addr)
        settle_address(s, l, cmdline_addr, ORIGIN_CMDLINE, r->time);
    if (e->has_addr)
        settle_address(s, l, &e->addr, ORIGIN_LINE, r->time);
    if (!knew && l->has_addr)
        settle_caller_address(s, l, r->time);
}

// What it is called here, for those who want to see who is connected.
static void learn_more(struct life *l, const struct event *e)
{
    struct addr inner;

    if (e->interface.n > 0 && e->interface.n <= LIFE_INTERFACE_MAX) {
        memcpy(l->interface, e->interface.p, e->interface.n);
        l->interface[e->interface.n] = '\0';
    }
    if (e->inner.n > 0 && addr_parse(e->inner, &inner) == 0) {
        l->inner = inner;
        l->has_inner = true;
    }
}

static void event_of_life(struct sessions *s, const struct life_key *key, const struct record *r, const struct event *e,
                          const struct addr *cmdline_addr)
{
    struct life *l = lives_find(&s->lives, key);

    if (e->role == ROLE_END && !l) // of something that began before we looked
        return;
    if (e->role == ROLE_TELLS && (!l || l->end_seq))
        return;
    // a name that nothing began ends nowhere: it is over after each of its lines, and goes on with the next
    bool loose = e->key.n && !e->key_kind && !(l && l->begun) && e->role != ROLE_BEGIN;
    if (e->role == ROLE_BEGIN || (e->role == ROLE_OTHER && e->begins)) {
        l = begin_life(s, l, key, r, e, cmdline_addr);
    } else if (!l || (l->end_seq && !loose && e->role != ROLE_LINK && e->role != ROLE_END) ||
               is_someone_else(l, cmdline_addr)) {
        if (l)
            settle_end(s, l, true, r->time);
        l = new_life(s, key, r, false);
        first_line(s, l, r, cmdline_addr);
    }
    lives_list(&s->lives, LIFE_BY_LINE, l);
    settle_trace(s, STEP_LINE, l, NULL, 0, r->time);
    if (!l->end_seq)
        l->last = r->time;
    learn_address(s, l, r, e, cmdline_addr);
    learn_more(l, e);
    follow_role(s, l, r, e);
    if (loose && l->end_seq) {
        l->last = r->time;
        lives_list(&s->lives, LIFE_ENDED, l);
    } else if (loose) {
        settle_end(s, l, false, r->time);
    }
}

void sessions_event(struct sessions *s, const struct record *r, const struct event *e, const struct addr *cmdline_addr)
{
    struct life_key key = key_of(s, r, e);
    struct life_host *h = lives_host(&s->lives, key.host);

    s->record = r;
    if (r->time > h->newest)
        h->newest = r->time;
    h->compared = false;
    settle_expire(s, false, 0);
    if (e->role == ROLE_DISTRUST)
        h->distrusted = r->time;
    else if (e->role == ROLE_CLEAR)
        settle_clear(s, key.host, false, r->time);
    else
        event_of_life(s, &key, r, e, cmdline_addr);
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
    settle_address(s, l, cmdline_addr, ORIGIN_CMDLINE, r->time);
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

bool sessions_next(const struct sessions *s, uint32_t *place, struct session_view *ret)
{
    while (*place < s->lives.never_used) {
        const struct life *l = &s->lives.v[(*place)++];
        if (!l->used || l->end_seq || !l->success || l->other)
            continue;
        *ret = (struct session_view){
            .host = {l->host, l->host_len},
            .user = {l->user, l->user_len},
            .interface = l->interface,
            .has_addr = l->has_addr && !settle_is_distrusted(s, l, l->login),
            .has_inner = l->has_inner,
            .addr = l->addr,
            .inner = l->inner,
            .origin = l->origin,
            .pid = l->key.pid <= INT32_MAX ? (uint32_t)l->key.pid : 0,
            .begin = l->begin,
            .login = l->login,
        };
        return true;
    }
    return false;
}

const struct session_counters *sessions_counters(const struct sessions *s)
{
    return &s->counters;
}
