// SPDX-License-Identifier: GPL-2.0-or-later
// What the service tells people and programs of: one table of kinds, from which notify actions have their names, the journal
// its message ids, and manual and catalog are checked. Tells nobody anything by itself.
#ifndef PB_BASE_NEWS_H
#define PB_BASE_NEWS_H

#include <stdbool.h>

#include "base/str.h"

// A new kind: a line here, one in the table, one in pptpban-notify(8), an entry in etc/pptpban.catalog.
enum news_kind {
    NEWS_BAN,
    NEWS_UNBAN,
    NEWS_WOULD_BAN,    // a jail, or a service, that only observes
    NEWS_GUESSED,      // somebody got in as an account that he had failed as before
    NEWS_SPRAYED,      // one account is tried from many addresses
    NEWS_HOOK,         // others took hook or entries out of the kernel; they are back, or not
    NEWS_RULESET,      // others took rules out of the base ruleset
    NEWS_RULESET_BACK, // which stands again
    NEWS_FULL,         // a set is full: new bans fail
    NEWS_SOURCE,       // a log cannot be read
    NEWS_SOURCE_BACK,
    NEWS_DEGRADED,     // a part of the service does not work; the others do
    NEWS_DEGRADED_OVER,
    NEWS_SURGE,        // far more than this server is used to
    NEWS_SURGE_OVER,
    NEWS_TEST,
    NEWS_LIST,   // to pptpban-notify alone: all bans in force follow, as NEWS_HELD, for those who keep a list of them
    NEWS_HELD,
    NEWS_LISTED, // those were all
    NEWS_KINDS,
    NEWS_CHOICES = NEWS_TEST // those before it an action may want to be told of
};

struct news_entry {
    const char *name;  // of a notify action's events, and of PPTPBAN_EVENT
    const char *id;    // MESSAGE_ID: 32 hexadecimal digits, never changed once released; NULL: never in the journal
    const char *about; // for people, behind "is told of"
};

extern const struct news_entry news_table[NEWS_KINDS];

bool news_find(struct str name, enum news_kind *ret);

#endif
