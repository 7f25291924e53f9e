// SPDX-License-Identifier: GPL-2.0-or-later
// The events that wait for one action: when the next message is due, which events go with it, when a failed one is tried
// again. Virtual time; delivers nothing. A flood becomes one message: what does not fit is counted.
#ifndef PB_ACTION_QUEUE_H
#define PB_ACTION_QUEUE_H

#include "action/action.h"

enum { QUEUE_EVENTS_MAX = 256, QUEUE_ROOM = 2 * QUEUE_EVENTS_MAX }; // of a message; and as many wait behind one under way

#define QUEUE_RETRY_FIRST (10 * USEC_SEC) // doubled for each further one

struct queue {
    const struct action *action;
    struct action_event *v; // QUEUE_ROOM
    size_t n;
    uint64_t more;          // that found no room, or were not sent
    usec_t first;           // when the oldest of them came, monotonic
    bool under_way;         // the first n_sending of them are being delivered
    size_t n_sending;
    uint64_t more_sending;
    unsigned failures;      // of this message, one after the other
    usec_t not_before;      // of the next try
    double tokens;          // messages that the rate allows now
    usec_t counted;         // when tokens were
    uint64_t sent, failed, given_up, dropped; // messages; events
};

int queue_init(struct queue *q, const struct action *a, usec_t now); // -ENOMEM
void queue_clear(struct queue *q);

void queue_add(struct queue *q, const struct action_event *e, usec_t now);

// The actions were read anew, and this is the same one's: what waits with from waits here, which may have another rate. from may
// be cleared afterwards; nothing of it may be under way.
void queue_take_over(struct queue *q, struct queue *from);

// When something is to be sent; USEC_FOREVER: nothing waits, or a message is under way.
usec_t queue_due(struct queue *q, usec_t now);

// The message is being delivered: the events are q->v[0..n_sending), and more_sending that are not there.
void queue_begin(struct queue *q, usec_t now);

// It arrived, or it did not. True: it is given up, and so are its events.
bool queue_end(struct queue *q, bool good, usec_t now);

#endif
