// SPDX-License-Identifier: GPL-2.0-or-later
// Wakes us when somebody speaks to the control port, so that nobody need look while nobody does: one rule in an nftables
// table of our own that logs to a netlink group, a few packets a second at most, and drops nothing. Keeps the rule in
// place whoever flushes it.
#ifndef PB_CONNGUARD_TRIPWIRE_H
#define PB_CONNGUARD_TRIPWIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "enforce/nfnl.h"

// The rule lets through so many packets a second; one that it holds back comes at most TRIPWIRE_PERIOD after one that
// it did not. A look after that has seen what the rule did not say.
enum { TRIPWIRE_RATE = 2, TRIPWIRE_BURST = 5 };
#define TRIPWIRE_PERIOD (USEC_SEC / TRIPWIRE_RATE)

struct tripwire {
    struct nfnl nfnl;
    struct mnl_socket *packets, *changes;
    uint16_t port, group;
    bool armed;
    int error;                      // why there is no rule; 0: it is in, or not wanted
    usec_t check_at, last_mend;     // monotonic
    unsigned streak;                // mendings in quick succession
    uint64_t mended;
    uint32_t culprit_pid;           // who last changed the ruleset
    char culprit[32];
};

// Opens the sockets; no rule yet. -errno.
int tripwire_open(struct tripwire *t);
void tripwire_close(struct tripwire *t); // and takes the rule away

// Puts the rule in; port 0: takes it away. The error is in t->error too.
int tripwire_set(struct tripwire *t, uint16_t port);

int tripwire_packets_fd(const struct tripwire *t);
int tripwire_changes_fd(const struct tripwire *t);

// Reads what has come; true when a packet was among it.
bool tripwire_read_packets(struct tripwire *t);
void tripwire_read_changes(struct tripwire *t, usec_t now);

// Stops hearing of changes; hears again, and has the rule looked at. -errno.
int tripwire_leave(struct tripwire *t);
int tripwire_join(struct tripwire *t, usec_t now);

// Sees to the rule when that is due. When to call again, monotonic; USEC_FOREVER: after the next change.
usec_t tripwire_tick(struct tripwire *t, usec_t now);

#endif
