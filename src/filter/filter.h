// SPDX-License-Identifier: GPL-2.0-or-later
// One compiled filter: a file in fail2ban's filter.d dialect (plus [Session]) made into PCRE2 programs and the
// literals that gate them. Reads files and compiles; matching allocates nothing. Filters without a [Session] are
// fail2ban's and work as they do there: they keep the last lines, the last date and their sessions, all bounded.
#ifndef PB_FILTER_FILTER_H
#define PB_FILTER_FILTER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/literals.h"
#include "filter/event.h"
#include "source/record.h"

struct filter;

// What was wrong, in words for the administrator: "FILE:LINE: what was seen; what would be accepted".
struct filter_error {
    char text[1024];
};

struct filter_param { // name = value of a jail's filter = NAME[name=value, ...]
    struct str name, value;
};

struct filter_options {
    const char *const *dirs; // searched in order, NULL at the end; later ones override (.local, .d as in fail2ban)
    const struct filter_param *params;
    size_t n_params;
    bool journal; // logtype=journal instead of file
};

// Loads and compiles filter NAME ("pptpd"); NULL: there is no file, the parameters say it all. On failure *error says where and why and -EINVAL, -ENOENT or -ENOMEM
// is returned. Freed with filter_free (NULL is fine).
int filter_load(const char *name, const struct filter_options *options, struct filter **ret,
                struct filter_error *error);
void filter_free(struct filter *f);

const char *filter_name(const struct filter *f);

// The file's journalmatch ("" when it has none), e.g. "SYSLOG_IDENTIFIER=pppd _UID=0 + SYSLOG_IDENTIFIER=pptpd".
const char *filter_journalmatch(const struct filter *f);

// True when the file has a [Session] section with a begin or with <F-MLFID>: its lines belong to lives. Otherwise each
// failure stands for itself, with the address in its own line.
bool filter_has_session(const struct filter *f);

// Adds the literals one of which every matching line contains to the list. Returns false, and adds none, when the
// filter must see every line, be it for want of room; why (may be NULL) then says so in words.
bool filter_gate(const struct filter *f, struct str *literals, size_t max, size_t *n, struct filter_error *why);

// Tells the filter which literals the compiled set has that the sources use, so that it knows its bits in record.mask.
// A filter that must see every line uses what there is of its own.
void filter_set_gate(struct filter *f, const struct str *literals, size_t n);

// How many of those literals serve it, and how many of its patterns run without JIT.
unsigned filter_count_literals(const struct filter *f);
unsigned filter_count_interpreted(const struct filter *f);

struct filter_counters {
    uint64_t limit_hits; // patterns given up at the match, depth or heap limit (counted as no match)
    uint64_t sessions_dropped; // without [Session]: <F-MLFID> sessions that made room for others before their time
};

// Looks at one record. True: *ret says what it is. First hit wins, in the order of enum role, then of the file.
bool filter_match(struct filter *f, const struct record *r, struct event *ret);

const struct filter_counters *filter_counters(const struct filter *f);

// The address that a trusted command line names, by the filter's [Session] cmdline patterns: the last pattern
// occurrence wins; two patterns that disagree give none. False when there is none.
bool filter_cmdline_address(struct filter *f, struct str ident, struct str cmdline, struct addr *ret);

#endif
