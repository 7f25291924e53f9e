// SPDX-License-Identifier: GPL-2.0-or-later
// pptpban top: who is banned, a small row each, so that a hundred thousand are a few megabytes. The service's list comes in
// line by line and replaces the one before when it is complete. Sorted and filtered; ends bans by itself when their time is over.
#ifndef PB_TOP_BANS_H
#define PB_TOP_BANS_H

#include <jansson.h>

#include "base/addr.h"
#include "policy/bans.h"

enum {
    TOP_BANS_MAX = 262144, // what the service lists beyond is counted alone
    TOP_JAILS_MAX = 255,   // names of jails; any further one is shown as "?"
    TOP_FILTER_MAX = 63,   // bytes
};

struct top_ban {
    struct prefix net;
    uint8_t jail; // its number among the names
    uint32_t count;
    int64_t since, until; // unix seconds; INT64_MAX: no end
};

enum top_bans_sort { TOP_BY_SINCE, TOP_BY_END, TOP_BY_COUNT, TOP_BY_ADDRESS, TOP_BY_JAIL, TOP_BANS_SORTS };
extern const char *const top_bans_sort_names[TOP_BANS_SORTS];

struct top_bans;

int top_bans_new(struct top_bans **ret);
void top_bans_free(struct top_bans *b);

// A new list begins; one line of it; it is complete, or was broken off and is forgotten. -EINVAL: the line is no ban;
// -ENOMEM.
void top_bans_begin(struct top_bans *b);
int top_bans_add(struct top_bans *b, const json_t *line);
int top_bans_end(struct top_bans *b);
void top_bans_abort(struct top_bans *b);

// Takes out whose time is over. True when somebody was.
bool top_bans_expire(struct top_bans *b, int64_t now);

// How they are ordered, and which are shown: those whose address or jail has this text in it, or who are inside this network.
void top_bans_sort(struct top_bans *b, enum top_bans_sort by);
void top_bans_filter(struct top_bans *b, const char *text);

// All; those that are shown; those beyond TOP_BANS_MAX.
size_t top_bans_count(const struct top_bans *b);
size_t top_bans_shown(const struct top_bans *b);
size_t top_bans_beyond(const struct top_bans *b);

// Number i of those that are shown, in their order. Valid until the next change.
const struct top_ban *top_bans_at(const struct top_bans *b, size_t i);
const char *top_bans_jail(const struct top_bans *b, const struct top_ban *ban);

// Where this one stands among those that are shown; false when it does not.
bool top_bans_find(const struct top_bans *b, const struct prefix *net, size_t *ret);

// Whether a ban, shown or not, covers this address.
bool top_bans_has(const struct top_bans *b, const struct addr *a);

// The newest n of all, newest first; returns how many.
size_t top_bans_latest(const struct top_bans *b, struct top_ban *v, size_t n);

#endif
