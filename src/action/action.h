// SPDX-License-Identifier: GPL-2.0-or-later
// Notify actions: what an administrator wants to be told, how, and how often at most. One file each, NAME.conf with a
// section [Action], whose keys the same file in a later directory overrides. Reads these files; delivers nothing.
#ifndef PB_ACTION_ACTION_H
#define PB_ACTION_ACTION_H

#include <stdbool.h>
#include <stdio.h>

#include "action/event.h"
#include "config/lists.h"

enum action_type { ACTION_EXEC, ACTION_MAIL, ACTION_WEBHOOK, ACTION_SYSLOG, ACTION_ABUSEIPDB, ACTION_FEED, ACTION_TYPES };

extern const char *const action_type_names[ACTION_TYPES];

enum { ACTIONS_MAX = 32, ACTION_NAME_MAX = 31, ACTION_WORDS_MAX = 32 };

struct action {
    char name[ACTION_NAME_MAX + 1];
    bool enabled;
    enum action_type type;
    unsigned events;      // bits of enum news_kind
    struct strlist jails; // none: every jail
    usec_t timeout;       // of one delivery, then it is killed
    unsigned rate;        // messages ...
    usec_t rate_time;     // ... in so long; what comes faster waits and goes out together
    usec_t digest;        // how long to wait for more after the first event
    unsigned retries;     // of a delivery that failed
    struct strlist command;     // exec: words, never a shell's
    struct strlist to;          // mail
    char *from, *user;          // mail; user: to log in at its server
    char *url;                  // webhook, abuseipdb; mail: of its server
    char *secret_file;          // webhook: sent as bearer; abuseipdb: the key; mail: the password
    char *categories;           // abuseipdb
    char *file;                 // feed
};

struct action_set {
    struct action v[ACTIONS_MAX];
    size_t n;
};

// Told of each problem: "FILE:LINE: KEY = VALUE: what is wrong; what would be accepted". The action of a bad file is left out, the
// others go on.
typedef void (*action_problem_fn)(void *userdata, const char *text);

// dirs: each later one overrides; those that are not there are no problem. -ENOMEM. Freed with action_set_free.
int action_set_load(const char *const *dirs, size_t n, action_problem_fn problem, void *userdata, struct action_set **ret);
void action_set_free(struct action_set *s);

// What its type cannot do without and it does not have, in words; NULL when it has all. One that is enabled lacks nothing.
const char *action_lacks(const struct action *a);

// Whether this action is to be told of it.
bool action_wants(const struct action *a, const struct action_event *e);

// One line for each keyword, for the manual and its test.
void action_print_keywords(FILE *out);

#endif
