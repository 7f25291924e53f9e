// SPDX-License-Identifier: GPL-2.0-or-later
// The enforcer, the guard of silent connections and, where wanted, the runner of notify actions, as children of the launcher, when that was started as root without
// a service manager: starts them, starts them again when they die, ends them.
#ifndef PB_DAEMON_HELPER_H
#define PB_DAEMON_HELPER_H

#include <limits.h>
#include <sys/types.h>

#include "base/clock.h"

enum helper_kind { HELPER_ENFORCER, HELPER_CONNGUARD, HELPER_NOTIFY, HELPER_KINDS };

struct helper {
    enum helper_kind kind;
    const char *program;  // its binary; NULL: never wanted
    char dir[PATH_MAX];   // the enforcer's, with limits, socket and the guard's figures; "" while none is wanted
    char netns[64];       // name of the network namespace that it runs in; "" : ours
    pid_t pid;            // 0: does not run
    usec_t started, again; // monotonic; again: when to start it, USEC_FOREVER never
    unsigned failures;    // in a row
};

void helper_init(struct helper *h, enum helper_kind kind, const char *program);

// It shall run on this directory, in this network namespace, and take the limits there as they are now.
void helper_want(struct helper *h, const char *dir, const char *netns);

// Starts it if it is time. Returns when to call next (monotonic), USEC_FOREVER: not needed.
usec_t helper_tick(struct helper *h);

// Its process has ended with this wait status.
void helper_ended(struct helper *h, int status);

void helper_stop(struct helper *h);

// How long to wait before the next start after so many failures in a row.
usec_t helper_backoff(unsigned failures);

// "ended with code 1", "was killed by signal 9".
enum { HELPER_END_MAX = 64 };
const char *helper_describe_end(int status, char buf[static HELPER_END_MAX]);

#endif
