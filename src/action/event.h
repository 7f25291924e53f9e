// SPDX-License-Identifier: GPL-2.0-or-later
// What the service tells of, one datagram of JSON each: read with distrust, since the sender reads what attackers write.
#ifndef PB_ACTION_EVENT_H
#define PB_ACTION_EVENT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/news.h"

enum { EVENT_MAX = 4096, EVENT_TEXT_MAX = 511, EVENT_NAME_MAX = 63, EVENT_USER_MAX = 127 }; // bytes

struct action_event {
    enum news_kind kind;
    usec_t time;
    bool has_net;
    struct prefix net;
    usec_t until;   // of a ban; USEC_FOREVER possible; 0: not said
    uint32_t count; // failures
    char jail[EVENT_NAME_MAX + 1]; // "" when it is no jail's
    char user[EVENT_USER_MAX + 1]; // last one tried, fit to be shown
    char text[EVENT_TEXT_MAX + 1]; // one sentence, fit to be shown
};

// -EINVAL for what the service never sends: characters that text_show() does not show as they are, unknown kinds, numbers
// out of range.
int action_event_parse(const char *p, size_t n, struct action_event *ret);

// {"event":"ban","time":...,...}; the caller's reference. NULL without memory.
json_t *action_event_json(const struct action_event *e);

#endif
