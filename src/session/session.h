// SPDX-License-Identifier: GPL-2.0-or-later
// Ties lines of several processes together: the only place that knows that lines belong together. Works on
// events and record times alone, so a replay sees what the live service saw. Knows no program by name.
#ifndef PB_SESSION_SESSION_H
#define PB_SESSION_SESSION_H

#include <stdint.h>

#include "filter/event.h"
#include "source/record.h"

enum outcome_kind {
    OUTCOME_FAILURE,      // addr failed
    OUTCOME_SUCCESS,      // addr (if known) logged in
    OUTCOME_UNATTRIBUTED, // somebody failed, and nobody can say from which address
};

// How the address came to be known, best first: a better one overrides.
enum outcome_origin {
    ORIGIN_CMDLINE,     // the journal's trusted command line
    ORIGIN_LINE,        // the line itself, or another line of the same process (pppd's dump)
    ORIGIN_PROC,        // /proc while the process lived
    ORIGIN_LINK,        // a link line joined it to the process that has the address
    ORIGIN_ELIMINATION, // nobody else can have been it
    ORIGIN_MAX,
};

extern const char *const origin_names[ORIGIN_MAX];

struct outcome {
    enum outcome_kind kind;
    enum outcome_class class;
    enum outcome_origin origin;
    bool has_addr; // always for a failure, never for unattributed
    struct addr addr;
    usec_t time;              // of the failing (succeeding) line
    usec_t begin;             // of the first line that this rests on
    usec_t settled;           // record time at which it became known
    struct str host, user;    // views, valid until the handler returns
    struct str evidence;      // the failing line, cut to SESSION_EVIDENCE_MAX
    struct position position; // of the failing line
    struct position decided;  // of the line that settled it
};

enum { SESSION_EVIDENCE_MAX = 480, SESSION_USER_MAX = 544 }; // pppd: at most 512 bytes of name, escaped

typedef void (*outcome_fn)(void *userdata, const struct outcome *o);

// Reads the address of a living local process: /proc/PID/cmdline through the filter, given the record's time so
// that a younger process with the same pid is refused. False when unknown. NULL hook: never asked.
typedef bool (*address_hook)(void *userdata, const struct record *r, struct addr *ret);

// What happens to lives, for somebody who looks on (pptpban test). A life is known by the number of its place, which
// the next life takes after STEP_FORGET.
enum session_step {
    STEP_LIFE,    // a new life
    STEP_LINE,    // the record at hand is a line of it
    STEP_BIND,    // other is the one that called it; origin says how that is known
    STEP_ADDRESS, // its address is known now, or better than before; origin says how
    STEP_WAITS,   // it has failed and its address is not known yet
    STEP_SETTLED, // its failure was told, with or without an address
    STEP_SUCCESS, // its success was told
    STEP_END,     // it is over
    STEP_FORGET,
};

struct session_trace {
    enum session_step step;
    enum outcome_origin origin;
    uint32_t life, other;
    bool has_addr;
    struct addr addr;
    usec_t time;
    const struct record *record; // at hand; NULL between records
};

typedef void (*trace_fn)(void *userdata, const struct session_trace *t);

struct session_options {
    unsigned max_lives;  // processes remembered; the longest silent is dropped first and counted
    usec_t wait;         // how long an ended life may wait for its address, in record time (design: 120 s)
    outcome_fn outcome;
    address_hook proc;
    trace_fn trace; // NULL: nobody looks on
    void *userdata;
};

struct session_counters {
    uint64_t lives, failures, successes, unattributed, faulted, overflow, address_conflicts;
    uint64_t by_origin[ORIGIN_MAX];
    uint32_t active;  // lives in the table now
    uint32_t waiting; // of these, with a failure that has no address yet
};

struct sessions;

int sessions_new(const struct session_options *options, struct sessions **ret);
void sessions_free(struct sessions *s);

// One event of one record, in the order of the log. cmdline_addr: the address in the record's own trusted
// command line, or NULL.
void sessions_event(struct sessions *s, const struct record *r, const struct event *e,
                    const struct addr *cmdline_addr);

// A record that says nothing, of a process whose address is not known yet, may still have a trusted command line.
bool sessions_lacks_address(const struct sessions *s, const struct record *r);
void sessions_address(struct sessions *s, const struct record *r, const struct addr *cmdline_addr);

// Record time has come to now: settles what has waited long enough.
void sessions_advance(struct sessions *s, usec_t now);

// The clock was set to now: what waits is settled as it stands, for times before and after do not compare.
void sessions_clock_set(struct sessions *s, usec_t now);

// End of a replay: settles everything that waits.
void sessions_finish(struct sessions *s);

// Somebody who is logged in, as far as the log tells.
struct session_view {
    struct str host, user; // views, valid until the next change; user "" when no line tells it
    const char *interface; // "" when no line tells it
    bool has_addr, has_inner;
    struct addr addr, inner; // inner: within the tunnel
    enum outcome_origin origin; // of addr
    uint32_t pid; // 0: something else names it
    usec_t begin, login; // record times
};

// Those that are logged in, in no order: *place is 0 at first. False behind the last. Changes meanwhile do no harm but that
// one may be missing or come twice.
bool sessions_next(const struct sessions *s, uint32_t *place, struct session_view *ret);

// The earliest record time at which sessions_advance() would settle something; USEC_FOREVER when nothing waits.
usec_t sessions_deadline(const struct sessions *s);

// The time of the oldest line that a life which is not over yet, and began at or after not_before, rests on;
// USEC_FOREVER when there is none.
usec_t sessions_oldest(const struct sessions *s, usec_t not_before);

const struct session_counters *sessions_counters(const struct sessions *s);

#endif
