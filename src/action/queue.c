// SPDX-License-Identifier: GPL-2.0-or-later
// A token bucket for the rate, a delay for the digest, a growing pause for what failed.
#include "action/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int queue_init(struct queue *q, const struct action *a, usec_t now)
{
    *q = (struct queue){.action = a, .tokens = a->rate, .counted = now};
    q->v = calloc(QUEUE_ROOM, sizeof(*q->v));
    return q->v ? 0 : -ENOMEM;
}

void queue_clear(struct queue *q)
{
    free(q->v);
    q->v = NULL;
}

void queue_add(struct queue *q, const struct action_event *e, usec_t now)
{
    size_t waiting = q->n - (q->under_way ? q->n_sending : 0);

    if (waiting == 0)
        q->first = now;
    if (waiting < QUEUE_EVENTS_MAX)
        q->v[q->n++] = *e;
    else
        q->more++;
}

void queue_take_over(struct queue *q, struct queue *from)
{
    struct action_event *empty = q->v;
    double used = from->action->rate - from->tokens; // since their time is not over

    q->v = from->v;
    from->v = empty;
    q->n = from->n;
    q->more = from->more;
    q->first = from->first;
    q->failures = from->failures;
    q->not_before = from->not_before;
    q->tokens = used < q->action->rate ? q->action->rate - used : 0;
    q->counted = from->counted;
    q->sent = from->sent;
    q->failed = from->failed;
    q->given_up = from->given_up;
    q->dropped = from->dropped;
}

static void refill(struct queue *q, usec_t now)
{
    const struct action *a = q->action;

    q->tokens += (double)(now - q->counted) * a->rate / (double)a->rate_time;
    if (q->tokens > a->rate)
        q->tokens = a->rate;
    q->counted = now;
}

usec_t queue_due(struct queue *q, usec_t now)
{
    const struct action *a = q->action;

    if (q->under_way || q->n == 0)
        return USEC_FOREVER;
    usec_t due = q->failures ? q->not_before : q->first + a->digest;
    refill(q, now);
    if (q->tokens < 1) {
        usec_t allowed = now + (usec_t)((1 - q->tokens) * (double)a->rate_time / a->rate) + 1;
        due = allowed > due ? allowed : due;
    }
    return due;
}

void queue_begin(struct queue *q, usec_t now)
{
    refill(q, now);
    q->tokens -= 1;
    q->under_way = true;
    q->n_sending = q->n < QUEUE_EVENTS_MAX ? q->n : QUEUE_EVENTS_MAX; // more after a try that failed
    q->more_sending = q->more;
}

static void forget_sent(struct queue *q, usec_t now)
{
    memmove(q->v, q->v + q->n_sending, (q->n - q->n_sending) * sizeof(*q->v));
    q->n -= q->n_sending;
    q->more -= q->more_sending;
    q->failures = 0;
    if (q->n > 0 && q->first > now)
        q->first = now;
}

bool queue_end(struct queue *q, bool good, usec_t now)
{
    bool given_up = !good && q->failures >= q->action->retries;

    q->under_way = false;
    if (good) {
        q->sent++;
    } else {
        q->failed++;
        q->not_before = now + (QUEUE_RETRY_FIRST << (q->failures < 8 ? q->failures : 8));
        q->failures++;
    }
    if (given_up) {
        q->given_up++;
        q->dropped += q->n_sending + q->more_sending;
    }
    if (good || given_up)
        forget_sent(q, now);
    return given_up;
}
