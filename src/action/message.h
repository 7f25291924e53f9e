// SPDX-License-Identifier: GPL-2.0-or-later
// One message of any number of events, in the forms that deliveries need. Everything in it is fit to be shown.
#ifndef PB_ACTION_MESSAGE_H
#define PB_ACTION_MESSAGE_H

#include "action/action.h"

struct feed;

struct message {
    const struct action *action;
    const char *host;
    const struct action_event *v;
    size_t n;      // at least one
    uint64_t more; // events of which nothing is known any more
    struct feed *feed; // of an action of that type; NULL: as it stands in its file
};

enum { MESSAGE_TITLE_MAX = 700 };

// "vpn: ban 203.0.113.5 for 1h by pptpd: 5 failures in 4m, and 41 more"
const char *message_title(const struct message *m, char buf[static MESSAGE_TITLE_MAX]);

// A line with its time for each event.
void message_print_text(const struct message *m, FILE *out);

// {"version":1,"host":...,"action":...,"events":[...],"more":N}; the caller's, NULL without memory.
char *message_json(const struct message *m);

#endif
