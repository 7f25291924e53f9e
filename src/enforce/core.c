// SPDX-License-Identifier: GPL-2.0-or-later
// The enforcer without sockets and clock.
#include "enforce/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLACK      2 // seconds by which kernel and list may differ
#define QUIET      (10 * USEC_SEC) // after so long without a repair nobody fights over the hook
#define RETRY      (5 * USEC_SEC)
#define SAY_AGAIN  (60 * USEC_SEC)
#define PATIENCE   5 // repairs in a row that come at once
#define CUT_PERIOD (50 * USEC_MSEC) // one look at the sockets serves all bans of so long a time

static uint32_t now_seconds(const struct enforcer *e)
{
    return (uint32_t)(e->monotonic() / USEC_SEC);
}

static void tell(struct enforcer *e, enum msg_what what, usec_t missing)
{
    struct msg_event ev = {.what = what, .pid = e->status.culprit_pid, .missing = missing};

    memcpy(ev.program, e->status.culprit, sizeof(ev.program));
    e->event(e->userdata, &ev);
}

static void set_problem(struct enforcer *e)
{
    int worst = e->backend.hook_error[V4] ? e->backend.hook_error[V4] : e->backend.hook_error[V6];

    e->status.problem = e->backend.ops == &backend_none ? PROBLEM_OBSERVING
                        : worst == 0                    ? PROBLEM_NONE
                        : worst == EEXIST               ? PROBLEM_FOREIGN_SET
                        : worst == EPROTONOSUPPORT || worst == EOPNOTSUPP ? PROBLEM_NO_KERNEL : PROBLEM_HOOK;
    e->status.problem_error = worst;
    e->status.hooked = e->status.problem == PROBLEM_NONE;
}

static void take_listed(void *userdata, const struct element_state *s)
{
    struct enforcer *e = userdata;
    struct held_entry *h = held_add(&e->held, &s->net);

    if (!h) // more than the limits allow, from an earlier run: they end by themselves
        return;
    if (h->kernel_until == 0)
        h->until = s->left == UINT32_MAX ? USEC_FOREVER : e->realtime() + s->left * USEC_SEC;
    h->kernel_until = s->left > LIMITS_MAX_TIMEOUT ? UINT32_MAX : now_seconds(e) + s->left;
    h->listed = true;
}

// Adds what the kernel has to the list and marks it.
static int mark_listed(struct enforcer *e)
{
    int r = -EINTR;

    for (uint32_t i = 0; i < e->held.n; i++)
        e->held.v[i].listed = false;
    for (int i = 0; r == -EINTR && i < 10; i++) // a change meanwhile interrupts a listing
        r = e->backend.ops->list(&e->backend, NULL, take_listed, e);
    return r;
}

// Sends the batch; what the kernel refused leaves the list again.
static void send_batch(struct enforcer *e, bool adding, struct msg_verdict *verdicts, uint32_t *n_verdicts)
{
    (adding ? e->backend.ops->add : e->backend.ops->del)(&e->backend, e->batch, e->n_batch);
    for (uint32_t i = 0; i < e->n_batch; i++) {
        struct element *el = &e->batch[i];
        struct held_entry *h = held_find(&e->held, &el->net);
        if (h)
            h->queued = false;
        if (adding && el->error == ENOENT)
            continue; // somebody took the set away this moment: the repair brings it, with what is held
        if (adding ? el->error && !el->known : !el->error || el->error == ENOENT)
            if (h)
                held_remove(&e->held, h);
        e->cut_due |= adding && !el->error && !el->known;
        bool missing = !adding && (el->error == ENOENT || (!h && !el->error));
        if (el->error == 0 && !missing)
            (*(adding ? &e->status.bans : &e->status.unbans))++;
        else if (!missing)
            e->status.failed++;
        if (verdicts && (el->error || missing)) {
            struct msg_verdict v = {.reason = missing ? REASON_NOT_THERE : REASON_KERNEL, .error = el->error};
            memcpy(v.net.addr, el->net.addr.b, sizeof(v.net.addr));
            v.net.len = el->net.len;
            verdicts[(*n_verdicts)++] = v;
        }
        if (el->error == ENOSPC && (!e->full_said || e->monotonic() - e->full_said > SAY_AGAIN)) {
            e->full_said = e->monotonic();
            tell(e, WHAT_FULL, 0);
        }
    }
    e->n_batch = 0;
}

static void queue_add(struct enforcer *e, struct held_entry *h, const char *jail, bool known)
{
    usec_t left = h->until == USEC_FOREVER ? USEC_FOREVER : (h->until - e->realtime() + USEC_SEC - 1) / USEC_SEC;
    uint32_t timeout = left > e->limits.max_timeout ? e->limits.max_timeout : left < 1 ? 1 : (uint32_t)left;

    h->kernel_until = now_seconds(e) + timeout;
    h->queued = true;
    e->batch[e->n_batch++] = (struct element){
        .net = h->net, .timeout = timeout, .count = h->count, .jail = jail, .known = known};
}

static enum msg_reason take_ban(struct enforcer *e, const struct msg_entry *m, bool sync)
{
    struct prefix net;

    if (judge_net(&m->net, &net) < 0 || !judge_jail(m->jail))
        return REASON_MALFORMED;
    enum msg_reason reason = judge_ban(&e->limits, &e->own, &e->held, &net);
    if (reason != REASON_DONE || m->until <= e->realtime()) // one that is over already needs no kernel
        return reason;

    struct held_entry *h = held_add(&e->held, &net);
    bool known = h->kernel_until != 0;
    usec_t left = m->until == USEC_FOREVER ? USEC_FOREVER : (m->until - e->realtime()) / USEC_SEC;
    int64_t wanted = left > e->limits.max_timeout ? e->limits.max_timeout : left;
    int64_t difference = (int64_t)h->kernel_until - now_seconds(e) - wanted;
    h->listed = true;
    h->count = m->count;
    if (known && !sync && h->until >= m->until) // never shorter by a second request
        return REASON_DONE;
    h->until = m->until;
    if (h->queued) // named twice: what the first one comes to, both do; the time is made good by a renewal
        return REASON_DONE;
    if (!known || difference > SLACK || difference < -SLACK)
        queue_add(e, h, m->jail, known);
    return REASON_DONE;
}

static void answer_bans(struct enforcer *e, const struct msg_entry *m, uint32_t n, bool sync, struct msg_verdict *v,
                        uint32_t *n_v)
{
    for (uint32_t i = 0; i < n; i++) {
        enum msg_reason reason = take_ban(e, &m[i], sync);
        if (reason == REASON_DONE)
            continue;
        e->status.refused++;
        e->status.reasons[reason]++;
        v[(*n_v)++] = (struct msg_verdict){.net = m[i].net, .reason = reason};
    }
    send_batch(e, true, v, n_v);
}

static void answer_unbans(struct enforcer *e, const struct msg_net *m, uint32_t n, struct msg_verdict *v, uint32_t *n_v)
{
    struct prefix net;

    for (uint32_t i = 0; i < n; i++)
        if (judge_net(&m[i], &net) == 0)
            e->batch[e->n_batch++] = (struct element){.net = net};
        else
            v[(*n_v)++] = (struct msg_verdict){.net = m[i], .reason = REASON_MALFORMED};
    send_batch(e, false, v, n_v);
}

// Takes out of the kernel every entry for which wanted() is false.
static void remove_unless(struct enforcer *e, bool (*wanted)(const struct enforcer *, const struct held_entry *))
{
    for (uint32_t i = e->held.n; i-- > 0;) {
        if (!wanted(e, &e->held.v[i]))
            e->batch[e->n_batch++] = (struct element){.net = e->held.v[i].net};
        if (e->n_batch == MSG_MAX_ENTRIES || i == 0)
            send_batch(e, false, NULL, NULL); // removes at or behind i only: what is to come stays in its place
    }
}

static bool is_listed(const struct enforcer *e, const struct held_entry *h)
{
    (void)e;
    return h->listed;
}

static bool is_permitted(const struct enforcer *e, const struct held_entry *h)
{
    return !judge_forbidden(&e->limits, &e->own, &h->net);
}

void enforcer_sweep(struct enforcer *e)
{
    remove_unless(e, is_permitted);
}

// A fight is told once a minute, single repairs are told in peace only; the status has the last in any case.
static void tell_repair(struct enforcer *e, enum msg_what what, usec_t missing)
{
    struct msg_status *s = &e->status;

    s->repairs++;
    s->repair_time = e->realtime();
    s->repair_missing = missing;
    s->repair_what = what;
    s->repair_pid = s->culprit_pid;
    memcpy(s->repair_program, s->culprit, sizeof(s->repair_program));
    tell(e, e->streak <= PATIENCE ? what : WHAT_REPAIRED, missing);
}

// Puts back what the list has and the kernel has not.
static void restore(struct enforcer *e)
{
    uint32_t restored = 0, now = now_seconds(e);

    if (mark_listed(e) < 0)
        return;
    for (uint32_t i = e->held.n; i-- > 0;) {
        struct held_entry *h = &e->held.v[i];
        if (!h->listed && h->kernel_until > now && h->until > e->realtime()) {
            queue_add(e, h, "restored", false);
            restored++;
        }
        if (e->n_batch == MSG_MAX_ENTRIES || i == 0)
            send_batch(e, true, NULL, NULL);
    }
    if (restored > 0)
        tell_repair(e, WHAT_SET_LOST, 0);
}

static int put_hook(struct enforcer *e)
{
    int r = e->backend.ops->hook(&e->backend);

    if (r < 0 || e->backend.ops->footprint(&e->backend, &e->footprint) < 0)
        e->footprint = 0;
    return r;
}

// The hook first: bans count for nothing without it.
static void repair(struct enforcer *e)
{
    usec_t now = e->monotonic(), missing = 0;
    uint32_t before = e->status.problem;
    bool hook = e->hook_lost;

    e->repair_at = 0;
    e->streak = now - e->last_repair > QUIET ? 1 : e->streak + 1;
    e->last_repair = now;
    e->elements_lost |= hook && put_hook(e) > 0;
    set_problem(e);
    if (e->status.hooked && e->lost_since) {
        missing = e->monotonic() - e->lost_since;
        e->lost_since = 0;
        e->status.hook_missing += missing;
    }
    if (e->elements_lost && (e->status.hooked || e->status.problem == PROBLEM_FOREIGN_SET)) { // of the other family
        e->elements_lost = false;
        restore(e);
    }
    if (!e->status.hooked) {
        e->repair_at = now + RETRY;
        if (e->status.problem != before) // said once, tried for ever
            tell(e, e->status.problem == PROBLEM_FOREIGN_SET ? WHAT_FOREIGN_SET : WHAT_HOOK_STUCK, now - e->lost_since);
        return;
    }
    e->hook_lost = false;
    if (hook)
        tell_repair(e, WHAT_HOOK_LOST, missing);
}

// Somebody fights: ever slower, up to 3.2 s, and for ever.
static usec_t patience(const struct enforcer *e, usec_t now)
{
    if (e->streak < PATIENCE || now - e->last_repair > QUIET)
        return 0;
    return (100 * USEC_MSEC) << (e->streak < PATIENCE + 5 ? e->streak - PATIENCE : 5);
}

static void lost(struct enforcer *e, usec_t since, bool hook, bool elements)
{
    usec_t now = e->monotonic(), delay = patience(e, now);

    if (e->backend.ops == &backend_none)
        return; // nothing to lose
    e->hook_lost |= hook;
    e->elements_lost |= elements;
    if (hook && !e->lost_since)
        e->lost_since = since;
    if (!e->repair_at && delay == 0) {
        repair(e);
        return;
    }
    if (!e->repair_at) {
        e->repair_at = now + delay;
        e->status.problem = PROBLEM_FIGHT;
        e->status.put_off++;
    }
    if (e->status.problem != PROBLEM_FIGHT)
        return; // it is tried again for another reason
    e->status.hooked = !e->hook_lost;
    if (!e->fight_said || now - e->fight_said > SAY_AGAIN) {
        e->fight_said = now;
        tell(e, WHAT_FIGHT, e->lost_since ? now - e->lost_since : 0);
    }
}

void enforcer_news(struct enforcer *e, const struct guard_news *news)
{
    if (!news->hook && !news->elements)
        return;
    e->status.culprit_pid = news->who.pid;
    memcpy(e->status.culprit, news->who.program, sizeof(e->status.culprit));
    lost(e, e->monotonic(), news->hook, news->elements);
}

void enforcer_look(struct enforcer *e)
{
    uint64_t footprint;

    if (e->repair_at || e->backend.ops == &backend_none)
        return; // somebody fights, or something does not work: it is tried again by itself
    if (e->backend.ops->footprint(&e->backend, &footprint) == 0 && footprint == e->footprint) {
        restore(e);
        return;
    }
    e->status.culprit_pid = 0;
    memset(e->status.culprit, 0, sizeof(e->status.culprit));
    lost(e, e->monotonic(), true, true);
}

void enforcer_start(struct enforcer *e)
{
    (void)mark_listed(e); // first: a set of another size is made anew
    int r = put_hook(e);
    set_problem(e);
    if (r > 0)
        restore(e);
    if (e->status.problem == PROBLEM_FOREIGN_SET || e->status.problem == PROBLEM_HOOK ||
        e->status.problem == PROBLEM_NO_KERNEL) {
        e->lost_since = e->monotonic();
        e->repair_at = e->lost_since + RETRY;
        e->hook_lost = e->elements_lost = true;
        tell(e, e->status.problem == PROBLEM_FOREIGN_SET ? WHAT_FOREIGN_SET : WHAT_HOOK_STUCK, 0);
    }
}

// Every entry once: those that the kernel has dropped leave the list, long ones are renewed; what must be in the
// kernel is counted.
static void walk(struct enforcer *e, uint32_t expected[FAMILIES])
{
    uint32_t seconds = now_seconds(e);
    usec_t real = e->realtime();

    for (uint32_t i = e->held.n; i-- > 0;) {
        struct held_entry *h = &e->held.v[i];
        bool longer = h->kernel_until != UINT32_MAX && (h->until == USEC_FOREVER ||
                      h->until - real > ((usec_t)h->kernel_until - seconds + 60) * USEC_SEC);
        if (longer && h->kernel_until < seconds + e->limits.max_timeout / 2)
            queue_add(e, h, "renewed", h->kernel_until > seconds);
        else if (h->kernel_until <= seconds)
            held_remove(&e->held, h);
        else if (h->kernel_until > seconds + SLACK)
            expected[family_of(&h->net)]++;
        if (e->n_batch == MSG_MAX_ENTRIES || i == 0)
            send_batch(e, true, NULL, NULL);
    }
}

bool enforcer_holds(const struct enforcer *e, const struct addr *a)
{
    unsigned widest = addr_is_v4(a) ? 97 : 1;

    for (unsigned len = 128; len >= widest; len--) {
        struct prefix net = prefix_of(a, (uint8_t)len);
        const struct held_entry *h = held_find(&e->held, &net);
        if (h && h->kernel_until > now_seconds(e) && h->until > e->realtime())
            return true;
    }
    return false;
}

// After a batch has been answered: whoever waits for a ban does not wait for this.
static usec_t cut(struct enforcer *e, usec_t now)
{
    if (!e->cut_due || !e->cut)
        return USEC_FOREVER;
    if (e->last_cut && now < e->last_cut + CUT_PERIOD)
        return e->last_cut + CUT_PERIOD;
    e->cut_due = false;
    e->cut(e->userdata);
    e->last_cut = e->monotonic();
    return e->cut_due ? e->last_cut + CUT_PERIOD : USEC_FOREVER;
}

usec_t enforcer_tick(struct enforcer *e)
{
    usec_t now = e->monotonic(), cut_at = cut(e, now), period = e->backend.ops->tick_ms * USEC_MSEC;
    uint32_t expected[FAMILIES] = {0};

    if (e->repair_at && now >= e->repair_at)
        repair(e);
    if (e->next_walk && now >= e->next_walk) {
        walk(e, expected);
        int r = e->held.n > 0 && !e->repair_at ? e->backend.ops->check(&e->backend, expected) : 0;
        if (r > 0) { // nobody announced it, so nobody can be named
            e->status.culprit_pid = 0;
            memset(e->status.culprit, 0, sizeof(e->status.culprit));
            lost(e, now - period, r == 1, true);
        }
        e->next_walk = 0;
    }
    if (e->next_walk == 0 && e->held.n > 0)
        e->next_walk = now + period;
    usec_t next = e->next_walk ? e->next_walk : USEC_FOREVER; // no bans: no wake-ups
    next = cut_at < next ? cut_at : next;
    return e->repair_at && e->repair_at < next ? e->repair_at : next;
}

void enforcer_disconnected(struct enforcer *e)
{
    e->syncing = false; // half a list removes nothing
}

struct search {
    struct prefix net;
    struct msg_state *state;
};

static void take_if_found(void *userdata, const struct element_state *s)
{
    struct search *q = userdata;

    if (!prefix_eq(&s->net, &q->net))
        return;
    q->state->present = 1;
    q->state->left = s->left == UINT32_MAX ? USEC_FOREVER : s->left * USEC_SEC;
    q->state->packets = s->packets;
    q->state->bytes = s->bytes;
}

static size_t element_size(uint16_t type)
{
    return type == MSG_BAN || type == MSG_SYNC_ENTRIES ? sizeof(struct msg_entry)
           : type == MSG_UNBAN || type == MSG_QUERY    ? sizeof(struct msg_net)
           : type >= MSG_HELLO && type <= MSG_GET_STATUS ? 0 : SIZE_MAX;
}

int enforcer_message(struct enforcer *e, const void *packet, size_t size, void *reply, size_t *ret_size)
{
    const struct msg_header *m = packet;
    const void *body = m + 1;
    struct msg_header *answer = reply;
    void *out = answer + 1;
    uint32_t n_verdicts = 0;
    struct search search;
    bool fresh;

    *ret_size = 0;
    if (size < sizeof(*m) || m->magic != MSG_MAGIC || m->version != MSG_VERSION || m->n > MSG_MAX_ENTRIES ||
        element_size(m->type) == SIZE_MAX || size != sizeof(*m) + m->n * element_size(m->type) ||
        (element_size(m->type) == 0 && m->n != 0) || (m->type == MSG_QUERY && m->n != 1) ||
        ((m->type == MSG_SYNC_ENTRIES || m->type == MSG_SYNC_END) && !e->syncing)) {
        e->status.malformed++;
        return -EBADMSG;
    }
    *answer = (struct msg_header){.magic = MSG_MAGIC, .version = MSG_VERSION, .type = MSG_RESULT, .seq = m->seq};
    *ret_size = sizeof(*answer);
    switch (m->type) {
    case MSG_BAN:
    case MSG_SYNC_ENTRIES:
        answer_bans(e, body, m->n, m->type == MSG_SYNC_ENTRIES, out, &n_verdicts);
        break;
    case MSG_UNBAN:
        answer_unbans(e, body, m->n, out, &n_verdicts);
        break;
    case MSG_SYNC_BEGIN: // level-triggered: start from what the kernel really has, where it tells
        fresh = !e->backend.ops->announced && mark_listed(e) == 0;
        for (uint32_t i = e->held.n; i-- > 0;) {
            if (fresh && !e->held.v[i].listed)
                held_remove(&e->held, &e->held.v[i]);
            else
                e->held.v[i].listed = false;
        }
        e->syncing = true;
        *ret_size = 0;
        return 0;
    case MSG_SYNC_END:
        e->syncing = false;
        remove_unless(e, is_listed);
        if (e->leftover) { // all its bans are in the new one now
            struct backend old = {.nfnl = e->backend.nfnl, .limits = &e->limits, .ops = e->leftover};
            old.ops->retire(&old);
            old.ops->close(&old);
            e->leftover = NULL;
        }
        break;
    case MSG_QUERY:
        memset(out, 0, sizeof(struct msg_state));
        search.state = out;
        search.state->net = *(const struct msg_net *)body;
        search.state->error = judge_net(body, &search.net) < 0
                                  ? EINVAL : -e->backend.ops->list(&e->backend, &search.net, take_if_found, &search);
        answer->type = MSG_STATE;
        answer->n = 1;
        *ret_size += sizeof(struct msg_state);
        return 0;
    default:
        e->status.entries = e->held.n;
        memcpy(out, &e->status, sizeof(e->status));
        answer->type = MSG_STATUS;
        answer->n = 1;
        *ret_size += sizeof(e->status);
        return 0;
    }
    answer->n = n_verdicts;
    *ret_size += n_verdicts * sizeof(struct msg_verdict);
    return 0;
}
