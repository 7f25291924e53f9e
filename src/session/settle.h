// SPDX-License-Identifier: GPL-2.0-or-later
// The inside of sessions, for the file that says what lines mean (session.c) and the one that says what becomes of them
// (settle.c). now is always record time.
#ifndef PB_SESSION_SETTLE_H
#define PB_SESSION_SETTLE_H

#include "session/lives.h"
#include "session/session.h"

// A pending link names a process that has said nothing yet. One for each caller that hangs up faster than its child
// speaks; more than this at once are forgotten (elimination may still find them).
enum { LINKS_MAX = 256 };

struct sessions {
    struct session_options options;
    struct lives lives;
    struct session_counters counters;
    uint32_t links[LINKS_MAX]; // lives whose link waits
    unsigned n_links;
    unsigned fatherless; // bound lives whose caller's address is not known either
    const struct record *record; // the one at hand, NULL between records
};

// Tells who looks on, if anybody does.
void settle_trace(const struct sessions *s, enum session_step step, const struct life *l, const struct life *other,
                  enum outcome_origin origin, usec_t now);

// l has failed: tells it, or lets it wait for an address.
void settle_failure(struct sessions *s, struct life *l, usec_t now);

// Clients could write lines of this host's log lately: what its lines say of addresses may be theirs.
bool settle_is_distrusted(const struct sessions *s, const struct life *l, usec_t now);

// l has logged in from its address; needs s->record.
void settle_success(struct sessions *s, struct life *l);

// l has this address, says origin: a better one overrides. What waited for it is told.
void settle_address(struct sessions *s, struct life *l, const struct addr *a, enum outcome_origin origin, usec_t now);

// Tells child whose it is; where the caller's own address is not known yet, it follows with settle_caller_address().
void settle_adopt(struct sessions *s, struct life *child, struct life *caller, enum outcome_origin origin, usec_t now);
void settle_caller_address(struct sessions *s, struct life *caller, usec_t now);

// Tries to settle the ended lives of a host that have no caller yet.
void settle_host(struct sessions *s, uint64_t host, usec_t now);

// l has ended. over: it is gone; else it is no longer followed, and what it would have come to is not known.
void settle_end(struct sessions *s, struct life *l, bool over, usec_t now);

// Takes l out of the table; what waits in it is settled as well as it can be now.
void settle_drop(struct sessions *s, struct life *l, usec_t now);

// Drops what has been over for long enough. live: the real clock says now; else each host's records tell its time.
void settle_expire(struct sessions *s, bool live, usec_t now);

// The service of this host is started anew; over: so is everything else.
void settle_clear(struct sessions *s, uint64_t host, bool over, usec_t now);

#endif
