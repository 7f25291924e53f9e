// SPDX-License-Identifier: GPL-2.0-or-later
// Works through a log the way fail2ban does with its filters: cuts the date out, keeps the last lines for patterns
// that span several, matches prefregex and then the failregexes, and joins lines that name the same session. Holds
// bounded state; allocates when it is made only.
#ifndef PB_FILTER_FOREIGN_H
#define PB_FILTER_FOREIGN_H

#include "filter/date.h"
#include "filter/pattern.h"

enum {
    FOREIGN_LINES = 100,    // maxlines at most
    FOREIGN_TEXT = 131072,  // bytes of those lines
    FOREIGN_SESSIONS = 100, // open at the same time; the oldest makes room
    FOREIGN_USERS = 8,      // remembered in one session; more count as the last
    FOREIGN_VALUE = 256,    // bytes remembered of a captured value
};

#define FOREIGN_SESSION_AGE (5 * 60 * USEC_SEC)
#define FOREIGN_DATE_AGE (60 * USEC_SEC) // a line without a date has the last one, if it is no older

struct foreign_parts { // borrowed from the filter
    struct matcher *matcher;
    const struct pattern *prefix; // prefregex; NULL: none
    const struct pattern *fail, *ignore;
    size_t n_fail, n_ignore;
    struct date_detector *dates; // NULL: lines have no date, their time is known
    bool carry_dates;            // a line without a date has that of the one before
    unsigned max_lines;
};

// What is remembered of a captured value.
struct value {
    bool set;
    uint16_t n;
    char text[FOREIGN_VALUE];
};

struct finding {
    unsigned pattern; // which failregex
    bool pending;     // a failure whose address is not known yet
    bool nofail;      // no failure
    bool gained;      // a success
    usec_t time;
    struct value value[GROUP_MAX]; // of the groups that tell addresses and users
    struct value users[FOREIGN_USERS];
    unsigned n_users, lines; // lines that led to it
};

struct foreign;

int foreign_new(const struct foreign_parts *parts, struct foreign **ret);
void foreign_free(struct foreign *x);
uint64_t foreign_sessions_dropped(const struct foreign *x); // for want of room

// One record. date: the part of its line that is the date, at its time; empty: to be found (or not there, without a
// detector). True when a failregex matched: *ret says what came of it, valid until the next call.
bool foreign_feed(struct foreign *x, const struct record *r, struct str date, const struct finding **ret);

// The failing address or other id as captured: F-ID, else ip4, ip6, dns. Empty when pending.
struct str finding_id(const struct finding *f);

// For filters without [Session]: foreign_feed() with one record, more than filter_match() tells.
bool filter_feed(struct filter *f, const struct record *r, const struct finding **ret);
size_t filter_count_failregex(const struct filter *f);
const char *filter_failregex(const struct filter *f, size_t i); // as expanded, in PCRE2's language

static inline struct str value_str(const struct value *v)
{
    return (struct str){v->text, v->set ? v->n : 0};
}

#endif
