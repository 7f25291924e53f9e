// SPDX-License-Identifier: GPL-2.0-or-later
// The enforcer without sockets and clock.
#include "enforce/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLACK     2 // seconds by which kernel and list may differ
#define SAY_AGAIN (60 * USEC_SEC)

static uint32_t now_seconds(const struct enforcer *e)
{
    return (uint32_t)(e->monotonic() / USEC_SEC);
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
        r = e->list(e->userdata, NULL, take_listed, e);
    return r;
}

static void put_net(const struct prefix *net, struct msg_net *ret)
{
    *ret = (struct msg_net){.len = net->len};
    memcpy(ret->addr, net->addr.b, sizeof(ret->addr));
}

// The hook drops what a banned address sends, and the server would go on waiting for it: the guard ends its connections.
static void send_cut(struct enforcer *e)
{
    e->cut.type = PAIR_CUT;
    if (e->cut.n > 0 && e->tell(e->userdata, &e->cut, PAIR_CUT_SIZE(e->cut.n)) >= 0)
        e->cut.n = 0;
}

static void queue_cut(struct enforcer *e, const struct prefix *net)
{
    if (e->limits.keep_open || !e->sets.ops)
        return;
    if (e->cut.n == MSG_MAX_ENTRIES)
        send_cut(e);
    if (e->cut.n < MSG_MAX_ENTRIES) // else the guard is stuck: they fall silent, as the hook sees to
        put_net(net, &e->cut.nets[e->cut.n++]);
}

// Sends the batch; what the kernel refused leaves the list again.
static void send_batch(struct enforcer *e, bool adding, struct msg_verdict *verdicts, uint32_t *n_verdicts)
{
    sets_change(&e->sets, adding, e->batch, e->n_batch);
    for (uint32_t i = 0; i < e->n_batch; i++) {
        struct element *el = &e->batch[i];
        struct held_entry *h = held_find(&e->held, &el->net);
        if (h)
            h->queued = false;
        if (adding && el->error == ENOENT)
            continue; // somebody took the set away this moment: the repair brings it, with what is held
        if (adding && el->error && h)
            h->kernel_until = el->was; // it keeps the time it had
        if (adding ? el->error && !el->known : !el->error || el->error == ENOENT)
            if (h)
                held_remove(&e->held, h);
        if (adding && !el->error && !el->known)
            queue_cut(e, &el->net);
        bool missing = !adding && (el->error == ENOENT || (!h && !el->error));
        if (el->error == 0 && !missing)
            (*(adding ? &e->status.bans : &e->status.unbans))++;
        else if (!missing)
            e->status.failed++;
        if (verdicts && (el->error || missing)) {
            struct msg_verdict v = {.reason = missing ? REASON_NOT_THERE : REASON_KERNEL, .error = el->error};
            put_net(&el->net, &v.net);
            verdicts[(*n_verdicts)++] = v;
        }
        if (el->error == ENOSPC && (!e->full_said || e->monotonic() - e->full_said > SAY_AGAIN)) {
            e->full_said = e->monotonic();
            e->event(e->userdata, &(struct msg_event){.what = WHAT_FULL});
        }
    }
    e->n_batch = 0;
}

static void queue_add(struct enforcer *e, struct held_entry *h, const char *jail, bool known)
{
    usec_t left = h->until == USEC_FOREVER ? USEC_FOREVER : (h->until - e->realtime() + USEC_SEC - 1) / USEC_SEC;
    uint32_t timeout = left > e->limits.max_timeout ? e->limits.max_timeout : left < 1 ? 1 : (uint32_t)left;

    e->batch[e->n_batch++] = (struct element){
        .net = h->net, .timeout = timeout, .was = h->kernel_until, .count = h->count, .jail = jail, .known = known};
    h->kernel_until = now_seconds(e) + timeout;
    h->queued = true;
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
        (void)e->tell(e->userdata, &(struct pair_look){.type = PAIR_RESTORED}, sizeof(struct pair_look));
}

void enforcer_hook(struct enforcer *e, const struct pair_hook *m)
{
    e->status.hook = m->state;
    for (enum family f = V4; f < FAMILIES; f++)
        e->sets.foreign[f] = m->foreign[f];
    e->period = m->tick_ms * USEC_MSEC;
    if (m->elements)
        restore(e);
    if (m->event.what)
        e->event(e->userdata, &m->event);
}

void enforcer_start(struct enforcer *e)
{
    e->leftover = e->sets.ops;
    (void)mark_listed(e); // now: the guard makes a set of another size anew
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

usec_t enforcer_tick(struct enforcer *e)
{
    struct pair_look look = {.type = PAIR_LOOK};
    usec_t now = e->monotonic();

    send_cut(e);
    if (e->next_walk && now >= e->next_walk) {
        walk(e, look.expected);
        if (e->held.n > 0)
            (void)e->tell(e->userdata, &look, sizeof(look));
        e->next_walk = 0;
    }
    if (e->held.n == 0)
        return USEC_FOREVER; // no bans: no wake-ups
    if (e->next_walk == 0 || e->next_walk > now + e->period)
        e->next_walk = now + e->period;
    return e->next_walk;
}

void enforcer_disconnected(struct enforcer *e)
{
    e->syncing = false; // half a list removes nothing
}

static void take_state(void *userdata, const struct element_state *s)
{
    struct msg_state *state = userdata;

    state->present = 1;
    state->left = s->left == UINT32_MAX ? USEC_FOREVER : s->left * USEC_SEC;
    state->packets = s->packets;
    state->bytes = s->bytes;
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
    struct msg_state *state = out;
    struct prefix net;
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
        fresh = e->sets.ops && !e->sets.ops->announced && mark_listed(e) == 0;
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
        if (e->leftover) // all its bans are in the new one now
            e->leftover = e->tell(e->userdata, &(struct pair_look){.type = PAIR_RETIRE}, sizeof(struct pair_look)) < 0;
        break;
    case MSG_QUERY:
        *state = (struct msg_state){.net = *(const struct msg_net *)body};
        state->error = judge_net(body, &net) < 0 ? EINVAL : -e->list(e->userdata, &net, take_state, state);
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
