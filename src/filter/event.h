// SPDX-License-Identifier: GPL-2.0-or-later
// What a filter made of one record: the role of the line and what it captured. Views into the record.
#ifndef PB_FILTER_EVENT_H
#define PB_FILTER_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/class.h"
#include "base/clock.h"
#include "base/str.h"

// The roles of a line; [Session] of a filter file has one key for each (see pptpban-filters(5)).
enum role {
    ROLE_OTHER,   // other: this life (or the linked one) belongs to another service; nothing of it counts
    ROLE_BEGIN,   // begin: a new life of this process
    ROLE_CALL,    // call: this process starts a child now, whose pid it does not tell
    ROLE_NEXT,    // next: this process starts a child now; it is the next one of this host to begin, or of the pid named
    ROLE_ADDRESS, // address: tells the address of this process (any other role may capture one too)
    ROLE_LINK,    // link: names a process whose session is ours; its ident and pid are captured
    ROLE_FAULT,   // fault: the server's own trouble; failures of this life do not count
    ROLE_ATTEMPT, // attempt: somebody tries to log in; a life that ends after it without success has failed
    ROLE_FAILURE, // failure, failregex; failure.CLASS for the classes other than auth
    ROLE_SUCCESS, // success: a good login
    ROLE_END,     // end: the last line of a life
    ROLE_CLEAR,   // clear: the service started anew; all sessions of this host are over
    ROLE_DISTRUST, // distrust: clients can write whole lines into this log; nobody is charged for what stands there
    ROLE_TELLS,    // tells: what the session is called here, its interface or inner address; changes nothing else
    ROLE_MAX,
};

extern const char *const role_names[ROLE_MAX];

struct event {
    enum role role;
    enum outcome_class class; // for ROLE_FAILURE and ROLE_ATTEMPT
    uint8_t order;            // which pattern of its role, from 0
    bool last;                // the last pattern of its role (a begin that never repeats in one life)
    bool begins;              // ROLE_OTHER without a link: a begin pattern holds for this line too (a new life, and
                              // that of another service); order and last are then those of the begin pattern
    usec_t time;              // of the line; a filter with a datepattern of its own may know better than the source
    bool has_addr;
    bool has_user;
    bool alone;           // belongs to no life: a failure or success of a filter without begin that names none, a failure
                          // with its address of a program that no line begins, or any line (but clear) of a program
                          // whose key patterns find no name in it
    uint8_t key_kind;     // where key is from: 0 the line's own pattern, k + 1 the filter's k-th key pattern; each
                          // is as a program of its own
    struct str key;       // <F-MLFID>: what names its life instead of the pid; "" when nothing does
    uint32_t link_pid;    // ROLE_LINK, ROLE_NEXT, ROLE_OTHER: the pid named, 0 when none was
    struct str link_ident; // and the identifier it runs under (owned by the filter)
    struct addr addr;
    struct str user; // as logged, escapes and all
    struct str interface, inner; // <F-INTERFACE>, <F-INNER>: for people to see; "" when the line tells none
};

#endif
