// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: what to ask the service next, and when; puts answers into the model. One question at a time, first those of
// whoever sits at the keyboard. Long lists are asked for when they may have changed, and the rarer the longer they take.
#ifndef PB_TOP_ASK_H
#define PB_TOP_ASK_H

#include "top/link.h"
#include "top/model.h"
#include "top/ui.h"

struct top_ask;

// m is borrowed. -ENOMEM.
int top_ask_new(const struct sockaddr_un *where, struct top_model *m, struct top_ask **ret);
void top_ask_free(struct top_ask *a);

int top_ask_fd(const struct top_ask *a);

// To be done for whoever sits there: TOP_WANT_WHY, TOP_WANT_BAN, TOP_WANT_UNBAN. -EBUSY while the one before is under way.
int top_ask_wish(struct top_ask *a, const struct top_wish *wish);

// What a step brought.
struct top_news {
    bool changed; // the model
    bool said;    // there is a message
    bool bad;     // which is an error
    char message[TOP_MESSAGE_MAX + 1];
    json_t *why; // the answer to TOP_WANT_WHY, to be released
};

// Reads what has come and asks what is due. now: of the monotonic clock; real: the clock. near: addresses near a ban are
// looked at. quiet: nothing but wishes is asked. Returns when it is to be called again at the latest (monotonic).
usec_t top_ask_step(struct top_ask *a, usec_t now, usec_t real, bool near, bool quiet, struct top_news *ret);

#endif
