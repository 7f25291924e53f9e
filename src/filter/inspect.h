// SPDX-License-Identifier: GPL-2.0-or-later
// What the workbench (pptpban test) wants to know of a loaded filter, and its place to look on
// while it works. The service has no use for it.
#ifndef PB_FILTER_INSPECT_H
#define PB_FILTER_INSPECT_H

#include "filter/date.h"
#include "filter/filter.h"
#include "filter/pattern.h"

enum filter_list {
    FILTER_PATTERNS_ALL, // failregex and the roles of [Session], in the order in which they are
                         // asked
    FILTER_IGNORE,
    FILTER_PREFIX,
    FILTER_CMDLINE,
    FILTER_LISTS,
};

extern const char *const filter_list_names[FILTER_LISTS]; // the keys in the file

// The patterns of a list, in order.
const struct pattern *filter_patterns(const struct filter *f, enum filter_list list, size_t *ret_n);

// Which list p is in, and its number there from 0. False when it is none of this filter's.
bool filter_locate(const struct filter *f, const struct pattern *p, enum filter_list *ret_list,
                   size_t *ret_i);

// True for a file without [Session], which is read in fail2ban's manner: filter_feed() instead of
// filter_match().
bool filter_is_foreign(const struct filter *f);

// Where lines carry dates that the filter has to find; else NULL. own: it finds them even where the
// source has.
const struct date_detector *filter_dates(const struct filter *f, bool *ret_own);

unsigned filter_max_lines(const struct filter *f);

// The files it was read from.
size_t filter_files(const struct filter *f, const char *const **ret);

// Tells each named group that took part when p matches subject, in the order of their names. Asks p
// once more, by m.
void pattern_tell_groups(const struct pattern *p, struct matcher *m, struct str subject,
                         void (*each)(void *userdata, const char *name, struct str value),
                         void *userdata);

// Lets probe (borrowed) look on from now on; NULL ends it.
void filter_set_probe(struct filter *f, const struct pattern_probe *probe);

#endif
